"""A cluster like those that were recorded: named machines whose Pods take a fixed time to run and to go."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cluster.machinery.settings import Settings
from cluster.objects import metadata, times
from cluster.objects.documents import Document
from cluster.simulation.bootstrap import Machine, new_cluster, worker
from cluster.simulation.simulation import Simulation
from cluster.simulation.step import Step
from tests.golden_replay.report import Report
from tests.golden_replay.transcript import Block, compare
from tests.support.console import Console, Result

# What a kubectl of the recordings took from its start to its first request (ms), and to end.
COMMAND_START = 200
COMMAND_END = 20
IMAGES = dict.fromkeys(("n", "b", "busybox:1", "nginx:1", "nginx:2", "nginx:3", "nginx:latest"), 1_000)  # bytes


@dataclass
class Stage:
    """A cluster, its console and everything that was written since the curtain rose."""

    simulation: Simulation
    steps: list[Step] = field(default_factory=list)

    @classmethod
    def set(
        cls, nodes: int = 3, *, cpu: str = "4", memory: str = "8Gi", pods: str = "110", delay: int = 300, term: int = 300,
        zones: tuple[str, ...] = (), seed: int = 1,
    ) -> Stage:
        """A fresh cluster; `delay` and `term` are the ms from start to Running and from deletion to gone."""
        settings = Settings(
            sandbox=0, container_start=delay, init_delay=0, image_manifest=0, image_pull_fixed=0, container_stop=term,
            sandbox_stop=0, node_start=100, node_ready=100, extra_images=IMAGES,
        )
        machines = []
        for number in range(1, nodes + 1):
            zone = {"topology.kubernetes.io/zone": zones[(number - 1) % len(zones)]} if zones else {}
            base = worker(number)
            machines.append(Machine(base.name, base.ip, cpu=cpu, memory=memory, pods=pods, labels=zone))
        stage = cls(new_cluster(machines, seed=seed, settings=settings))
        stage.simulation.on_step = stage.steps.append
        return stage

    def run(self, line: str, **files: str) -> Result:
        """A line of the scenario; `files` as in Console.run."""
        self.simulation.advance(COMMAND_START)
        result = Console(self.simulation).run(line, **files)
        self.simulation.advance(COMMAND_END)
        return result

    def apply(self, text: str, options: str = "") -> Result:
        """`kubectl apply -f -` of a text."""
        return self.run(f"apply -f stdin.yaml {options}".rstrip(), stdin_yaml=text)

    def sleep(self, seconds: float) -> None:
        self.simulation.advance(round(seconds * times.SECOND))

    def capture(self, report: Report, block: Block, line: str = "", **options: Any) -> None:
        """Run a recorded command and compare what it says."""
        compare(report, block, self.run(line or block.command), **options)

    def get(self, resource: str, name: str, namespace: str = "default") -> Document:
        found = self.simulation.api.get(resource, namespace, name)
        assert found is not None, f"{resource}/{name}"
        return found

    def written(self, table: str, since: int = 0) -> list[Document]:
        """Every version of the objects of a table that was written after revision `since`."""
        return [
            change.new for step in self.steps if step.revision > since
            for change in step.changes if change.table == table and change.new is not None
        ]

    def events(self, namespace: str = "default") -> list[Document]:
        """The Events of a namespace in the order of their last write."""
        found = self.simulation.api.list("events", namespace)
        return sorted(found, key=lambda event: int(event["metadata"]["resourceVersion"]))

    def named(self, resource: str, prefix: str, namespace: str = "default") -> list[Document]:
        return [one for one in self.simulation.api.list(resource, namespace) if metadata.name(one).startswith(prefix)]
