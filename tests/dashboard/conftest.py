"""What the page tests share: a hub whose answers come from a real simulation, without a worker."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from cluster import board, kubectl
from cluster.apiserver.reader import Reader
from cluster.inspection import storage
from cluster.inspection.pod import inspect
from cluster.manifests import BUILT_IN
from cluster.simulation import bootstrap, journal
from cluster.simulation.step import Step
from dashboard.hub import CommandTimeout


class SimulatedHub:
    """Answers like the worker, for every cluster from the same simulation; remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.silent = False
        self.refusal = ""
        self.steps: list[Step] = []
        self.simulation = bootstrap.new_cluster(seed=7, on_step=self.steps.append)
        user = self.simulation.user()
        for document in yaml.safe_load_all(BUILT_IN["nginx-demo.yaml"]):
            user.create(document)
        self.simulation.until_quiet()

    async def command(self, cluster: str, command: dict[str, Any], viewer: str = "") -> dict[str, Any]:
        self.asked.append((cluster, command))
        if self.silent:
            raise CommandTimeout
        if self.refusal:
            return {"type": "error", "message": self.refusal}
        return getattr(self, command["type"])(command)

    def frame(self, command: dict[str, Any]) -> dict[str, Any]:
        log = [board.header(journal.encode_step(step)) for step in self.steps]
        return {"type": "frame", "revision": self.simulation.revision, "state": board.state(self.simulation.world), "log": log}

    def look(self, command: dict[str, Any]) -> dict[str, Any]:
        if "line" not in command:
            return {"type": "look", "state": board.state(self.simulation.world)}
        texts = {"stdout": "", "stderr": ""}
        run = kubectl.run(command["line"], kubectl.Shell(self.simulation, {}))
        while True:
            try:
                said = next(run)
            except StopIteration as end:
                return {"type": "look", "code": end.value or 0, **texts}
            assert not isinstance(said, kubectl.Wait)
            texts[said.stream] += said.text

    def why(self, command: dict[str, Any]) -> dict[str, Any]:
        for step in reversed(self.steps):
            if step.why is not None and step.objects[0] == command["ref"]:
                return {"type": "why", "why": step.why, "step": board.header(journal.encode_step(step))}
        return {"type": "why", "why": None, "step": None}

    def inspect(self, command: dict[str, Any]) -> dict[str, Any]:
        view = Reader(self.simulation.world)
        resource, namespace, name = command["ref"].split("/", 2)
        if resource in storage.RESOURCES:
            return {"type": "inspected", "storage": storage.inspect(view, resource, namespace, name)}
        pod = view.get("pods", namespace, name)
        if pod is None:
            return {"type": "error", "message": f"There is no Pod {command['ref'].partition('/')[2]} at this moment."}
        found = {"row": board.pod_row(view, pod), "pod": inspect(view, pod, {})}
        return {"type": "inspected", "ref": command["ref"], "revision": view.revision, "now": view.now, **found}

    def apply(self, command: dict[str, Any]) -> dict[str, Any]:
        errors = kubectl.errors_by_line(command["text"], self.simulation)
        told = [{"line": line, "message": message} for line, message in errors]
        return {"type": "applied", "errors": told, "output": "" if told else "applied\n"}

    @property
    def pod(self) -> str:
        """The reference of one of its Pods."""
        return f"pods/{'/'.join(min(board.state(self.simulation.world)['pods']).split('/'))}"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> SimulatedHub:
    """The hub that the views of this test ask."""
    simulated = SimulatedHub()
    monkeypatch.setattr("dashboard.views.asking.process_hub", lambda: simulated)
    return simulated
