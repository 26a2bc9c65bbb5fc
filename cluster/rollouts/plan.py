"""What would happen with other numbers: a fork of the simulation, run by the real engine and thrown away."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cluster import kubectl
from cluster.apiserver.state import World
from cluster.machinery.component import Component
from cluster.machinery.settings import Settings
from cluster.objects import metadata
from cluster.objects.documents import Document
from cluster.rollouts import workload as workloads
from cluster.rollouts.trace import Trace
from cluster.rollouts.window import TAIL
from cluster.simulation.simulation import Simulation

# How far a plan looks (virtual ms) and how many writes it makes at most.
HORIZON = 300_000
MAX_STEPS = 3_000
# So much is shown of what does not come to an end, after the last count that changed.
AFTERMATH = 10_000
MAX_REPLICAS = 100
_PERCENT = re.compile(r"[0-9]{1,3}%")


class Unplannable(ValueError):
    """Changes that cannot be; the text is one sentence for the visitor."""


def fields(workload: Document) -> tuple[str, ...]:
    """The numbers of a workload that can be changed."""
    own = [name for name in ("maxSurge", "maxUnavailable", "partition") if name in workloads.strategy(workload)]
    return tuple(own) if workload["kind"] == "DaemonSet" else ("replicas", *own)


def checked(workload: Document, changes: Mapping[str, Any]) -> dict[str, int | str]:
    """Those that would change something, if each is one that this workload knows; raises Unplannable."""
    known = fields(workload)
    present = {"replicas": workloads.wanted(workload), **workloads.strategy(workload)}
    found: dict[str, int | str] = {}
    for name, value in changes.items():
        if name not in known:
            raise Unplannable(f"{name!r} is no field that can be planned: allowed are {', '.join(known)}.")
        percent = isinstance(value, str) and name.startswith("max") and _PERCENT.fullmatch(value) is not None
        number = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_REPLICAS
        if not percent and not number:
            more = ", or a percentage" if name.startswith("max") else ""
            raise Unplannable(f"{name} must be a whole number from 0 to {MAX_REPLICAS}{more}.")
        if value != present[name]:
            found[name] = value
    return found


def line(workload: Document, changes: Mapping[str, int | str]) -> str:
    """The kubectl line that makes the changes."""
    name = f"{workload['kind'].lower()}/{metadata.name(workload)}"
    if set(changes) == {"replicas"}:
        return _line(workload, "scale", name, f"--replicas={changes['replicas']}")
    spec: Document = {"replicas": changes["replicas"]} if "replicas" in changes else {}
    rolling = {key: value for key, value in changes.items() if key != "replicas"}
    if rolling:
        spec["strategy" if workload["kind"] == "Deployment" else "updateStrategy"] = {"rollingUpdate": rolling}
    return _line(workload, "patch", name, "--type=merge", "-p", json.dumps({"spec": spec}, separators=(",", ":")))


def rollout_line(workload: Document, verb: str, *more: str) -> str:
    """`kubectl rollout …` about a workload."""
    return _line(workload, "rollout", verb, f"{workload['kind'].lower()}/{metadata.name(workload)}", *more)


def _line(workload: Document, *words: str) -> str:
    namespace = metadata.namespace(workload)
    return shlex.join(["kubectl", *words, *(["-n", namespace] if namespace != "default" else [])])


class Plan:
    """One future of a workload. `trace` is a copy of what is known; `run` lets it go on."""

    def __init__(
        self, world: World, components: Iterable[Component], settings: Settings, trace: Trace,
        changes: Mapping[str, int | str],
    ) -> None:
        assert trace.workload is not None
        self.trace = trace.copy()
        self.began = world.now
        self.problem = ""
        self.restarts = workloads.is_settled(trace.workload) and not workloads.is_paused(trace.workload)
        self._simulation = Simulation(world, components, settings, on_step=lambda step: self.trace.see(
            step.at, [(change.table, change.key, change.new) for change in step.changes]
        ))
        self._lines = [line(trace.workload, changes)] if changes else []
        # A workload at rest has no rollout to foresee: it is asked for one.
        self._lines += [rollout_line(trace.workload, "restart")] if self.restarts else []

    def run(self) -> Iterator[None]:
        """Go on, one write at a time, until the workload is settled, the horizon is reached or something is refused."""
        for text in self._lines:
            self._console(text)
            if self.problem:
                return
        until = self.began + HORIZON
        for number, _ in enumerate(self._simulation.steps_until(until), 1):
            yield
            if number >= MAX_STEPS or self._is_over():
                return

    def _console(self, text: str) -> None:
        run = kubectl.run(text, kubectl.Shell(self._simulation, {}))
        said = ""
        try:
            while not isinstance(output := run.send(None), kubectl.Wait):
                said += output.text if isinstance(output, kubectl.Output) else ""
        except StopIteration as end:
            self.problem = said.strip() if end.value else ""
            return
        run.close()

    def _is_over(self) -> bool:
        return self.is_settled and not any(line.stretch == "terminating" for line in self.trace.lines.values())

    @property
    def is_settled(self) -> bool:
        """Whether every Pod is as it should be."""
        return self.trace.workload is not None and workloads.is_settled(self.trace.workload)

    @property
    def end(self) -> int:
        """How far the picture of it need go (virtual ms)."""
        if not self.trace.samples:
            return self._simulation.now
        if self.is_settled:
            return max(self._simulation.now, self.trace.samples[-1].at + TAIL)
        return min(self._simulation.now, max(self.began, self.trace.samples[-1].at) + AFTERMATH)

    def outcome(self) -> dict[str, Any]:
        """How long it took (ms), None when it did not come to an end; the most Pods that counted, the fewest available."""
        ahead = [sample for sample in self.trace.samples if sample.at >= self.began]
        done = [at for at, note in self.trace.notes if note == "settled" and at >= self.began]
        return {
            "takes": max([self.began, *done]) - self.began if self.is_settled else None,
            "most": max((sample.counted for sample in ahead), default=0),
            "fewest": min((sample.available for sample in ahead), default=0),
        }
