"""A cluster of kubelets alone: Pods are created bound to their node."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from cluster.apiserver.state import World
from cluster.kubelet.kubelet import Kubelet
from cluster.machinery.event_recorder import EventRecorder
from cluster.machinery.settings import Settings
from cluster.objects import times
from cluster.objects.kinds import pod as pods
from cluster.simulation.simulation import Simulation
from cluster.simulation.step import Step

MACHINE = {
    "cpu": "4", "memory": "8Gi", "pods": "110", "ephemeral-storage": "100Gi", "labels": {}, "taints": [],
    "ip": "10.0.0.11", "extended": {},
}


class Nodes:
    """Machines with kubelets, the commands of a user, and short questions."""

    def __init__(self, settings: Settings, names: tuple[str, ...] = ("node-1",)) -> None:
        self.simulation = Simulation(World(), [Kubelet(), EventRecorder()], settings)
        self.user = self.simulation.user()
        for namespace in ("default", "kube-node-lease"):
            self.user.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        self.user.create(
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "default"}}
        )
        for number, name in enumerate(names, 1):
            self.add(name, number)

    def add(self, name: str, number: int, **changes: Any) -> None:
        """A machine with its network: the pod CIDR that node-ipam would give it."""
        self.user.write_row("create", "host/machines", (name,), {**MACHINE, "ip": f"10.0.0.{10 + number}", **changes})
        self.simulation.advance(5 * times.SECOND)
        self.user.patch("nodes", "", name, {"spec": {"podCIDR": f"10.244.{number}.0/24"}}, "merge")
        self.simulation.advance(5 * times.SECOND)
        node = self.user.read("nodes", "", name)
        self.user.update({**node, "spec": {k: v for k, v in node["spec"].items() if k != "taints"}})

    def create(self, name: str = "web", image: str = "nginx", *, node: str = "node-1", **spec: Any) -> dict[str, Any]:
        """A Pod with one container `c`; fields of the container by their own names, others are the Pod's."""
        own = ("command", "args", "ports", "readinessProbe", "livenessProbe", "startupProbe", "env", "envFrom",
               "imagePullPolicy", "resources", "lifecycle", "volumeMounts")
        container = {"name": "c", "image": image, **{field: spec.pop(field) for field in own if field in spec}}
        return self.user.create({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "default"},
            "spec": {"nodeName": node, "containers": [container], **spec},
        })

    def run(self, seconds: float) -> list[Step]:
        return self.simulation.advance(round(seconds * times.SECOND))

    def pod(self, name: str = "web") -> dict[str, Any]:
        return self.user.read("pods", "default", name)

    def text(self, name: str = "web") -> str:
        """READY, STATUS and RESTARTS as kubectl shows them."""
        pod = self.pod(name)
        restarts = pods.restarts_text(pod, self.simulation.now).partition(" ")[0]
        return f"{pods.ready_text(pod)} {pods.status_text(pod)} {restarts}"

    def container(self, name: str = "web") -> dict[str, Any]:
        return self.pod(name)["status"]["containerStatuses"][0]

    def exists(self, name: str = "web") -> bool:
        return self.user.get("pods", "default", name) is not None

    def delete(self, name: str = "web", **options: Any) -> None:
        self.user.delete("pods", "default", name, **options)

    def events(self, name: str = "web") -> list[tuple[str, str, str]]:
        """Type, reason and message of the events about an object, in the order in which they came."""
        found = [e for e in self.user.list("events") if e["involvedObject"]["name"] == name]
        found.sort(key=lambda event: event["metadata"]["name"].rsplit(".", 1)[1])
        return [(event["type"], event["reason"], event["message"]) for event in found]

    def reasons(self, name: str = "web") -> list[str]:
        return [reason for _, reason, _ in self.events(name)]

    def condition(self, kind: str, name: str = "web") -> dict[str, Any]:
        return next(c for c in self.pod(name)["status"]["conditions"] if c["type"] == kind)

    def says(self, steps: list[Step]) -> list[str]:
        return [step.say for step in steps if not step.say.startswith("event.")]


@pytest.fixture
def make() -> Callable[..., Nodes]:
    """Build a cluster with some settings changed; durations do not vary unless asked."""

    def build(names: tuple[str, ...] = ("node-1",), **changes: Any) -> Nodes:
        return Nodes(replace(Settings(jitter=0.0), **changes), names)

    return build


@pytest.fixture
def nodes(make: Callable[..., Nodes]) -> Nodes:
    return make()
