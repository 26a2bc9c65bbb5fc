"""What a large cluster is made of: zones, machines and the Deployments that fill it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from cluster.large.chance import Chance
from cluster.objects.documents import Document
from cluster.simulation.bootstrap import Machine

ZONES = ("zone-a", "zone-b", "zone-c", "zone-d", "zone-e")
ZONE_LABEL = "topology.kubernetes.io/zone"
GPU = "nvidia.com/gpu"
# Machines have names like c-node-0474: the letter of the zone and a number.
NAME_DIGITS = 4
# A /24 of Pod addresses for each node, from here on; nodes themselves are at 10.0.0.0 and up.
FIRST_POD_NETWORK = 128


@dataclass(frozen=True, slots=True)
class MachineType:
    """A kind of machine. `share` is how many of a hundred machines are of this kind."""

    name: str
    share: int
    cpu: str
    memory: str
    extended: Mapping[str, str] = field(default_factory=dict)
    taints: Sequence[Mapping[str, str]] = ()

    def machine(self) -> Machine:
        labels = {"node.kubernetes.io/instance-type": self.name}
        return Machine(
            "", "", cpu=self.cpu, memory=self.memory, labels=labels, taints=self.taints, extended=self.extended
        )


MACHINE_TYPES = (
    MachineType("standard-8", 50, "8", "32Gi"),
    MachineType("standard-16", 30, "16", "64Gi"),
    MachineType("large-32", 12, "32", "128Gi"),
    MachineType("memory-8", 6, "8", "64Gi"),
    MachineType(
        "gpu-32", 2, "32", "128Gi", {GPU: "4"}, ({"key": GPU, "value": "present", "effect": "NoSchedule"},)
    ),
)


@dataclass(frozen=True, slots=True)
class Planned:
    """One machine of the plan."""

    name: str
    zone: int
    kind: int
    address: str
    network: str


def machines(count: int, chance: Chance) -> Iterator[Planned]:
    """So many machines: zones take turns, kinds come by chance in their shares."""
    for number in range(count):
        zone = number % len(ZONES)
        name = f"{ZONES[zone][-1]}-node-{number // len(ZONES):0{NAME_DIGITS}d}"
        network = f"10.{FIRST_POD_NETWORK + number // 256}.{number % 256}.0/24"
        yield Planned(name, zone, _kind(chance), f"10.{number // 62_500}.{number // 250 % 250}.{number % 250 + 1}", network)


def _kind(chance: Chance) -> int:
    drawn = int(chance.random() * 100)
    for number, kind in enumerate(MACHINE_TYPES):
        drawn -= kind.share
        if drawn < 0:
            return number
    return 0


@dataclass(frozen=True, slots=True)
class App:
    """A Deployment of the plan. `share` is how many of a thousand Pods are its."""

    name: str
    share: int
    image: str
    cpu: str
    memory: str
    gpus: int = 0
    command: tuple[str, ...] = ()


APPS = (
    App("web", 298, "nginx:1.27", "100m", "256Mi"),
    App("api", 200, "traefik/whoami", "250m", "512Mi"),
    App("worker", 200, "busybox:1.37", "500m", "1Gi", command=("sleep", "infinity")),
    App("cache", 100, "redis:7", "200m", "2Gi"),
    App("checkout", 100, "ealen/echo-server", "250m", "512Mi"),
    App("search", 50, "memcached:1.6", "1", "4Gi"),
    App("sessions", 50, "valkey/valkey", "300m", "1Gi"),
    App("trainer", 2, "nats:2", "4", "16Gi", gpus=1),
)


def deployment(app: App, replicas: int) -> Document:
    """The manifest of an app."""
    requests = {"cpu": app.cpu, "memory": app.memory}
    spec: Document = {}
    resources: Document = {"requests": requests}
    if app.gpus:
        resources = {"requests": {**requests, GPU: str(app.gpus)}, "limits": {GPU: str(app.gpus)}}
        spec["tolerations"] = [{"key": GPU, "operator": "Exists", "effect": "NoSchedule"}]
    container: Document = {"name": app.name, "image": app.image, "resources": resources}
    if app.command:
        container["command"] = list(app.command)
    spec["containers"] = [container]
    labels = {"app": app.name}
    return {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": app.name, "labels": labels},
        "spec": {
            "replicas": replicas, "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    }


def shares(pods: int) -> dict[str, int]:
    """How many of so many Pods each app gets; the sum is exact."""
    found = {app.name: pods * app.share // 1000 for app in APPS}
    found[APPS[0].name] += pods - sum(found.values())
    return found
