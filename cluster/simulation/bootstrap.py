"""A new cluster: the namespaces, the Service of the API server and the machines, brought up like any other work."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from cluster.apiserver.state import World
from cluster.controllers import kubernetes_service
from cluster.machinery.component import Component
from cluster.machinery.settings import Settings
from cluster.machinery.story import NORMAL, Story
from cluster.objects.documents import Document
from cluster.objects.kinds import kubeschedulerconfiguration, priorityclass
from cluster.simulation.components import all_components
from cluster.simulation.simulation import Simulation
from cluster.simulation.step import Step

NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
# Machines are switched on one after the other, so that they register, and get their podCIDR, in the order given (ms).
BETWEEN_MACHINES = 1000
CONTROL_PLANE = "node-role.kubernetes.io/control-plane"


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine that becomes a node. Quantities are spelt as in Kubernetes."""

    name: str
    ip: str
    cpu: str = "4"
    memory: str = "8Gi"
    pods: str = "110"
    storage: str = "100Gi"
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: Sequence[Mapping[str, str]] = ()
    extended: Mapping[str, str] = field(default_factory=dict)

    def row(self) -> Document:
        """The machine as the kubelet finds it in host/machines."""
        return {
            "cpu": self.cpu, "memory": self.memory, "pods": self.pods, "ephemeral-storage": self.storage,
            "labels": dict(self.labels), "taints": [dict(taint) for taint in self.taints], "ip": self.ip,
            "extended": dict(self.extended),
        }


def control_plane() -> Machine:
    """The machine that kubeadm init ran on: labelled and tainted as kubeadm does (mark-control-plane phase)."""
    return Machine(
        "control-plane", kubernetes_service.API_SERVER_IP, labels={CONTROL_PLANE: ""},
        taints=({"key": CONTROL_PLANE, "effect": "NoSchedule"},),
    )


def worker(number: int) -> Machine:
    """The n-th worker, `node-<n>` at 10.0.0.1n."""
    return Machine(f"node-{number}", f"10.0.0.{10 + number}")


def default_machines(workers: int = 3) -> list[Machine]:
    return [control_plane(), *(worker(number) for number in range(1, workers + 1))]


def machine_key(name: str) -> tuple[str, tuple[str]]:
    """Table and key of a machine's row."""
    return "host/machines", (name,)


def _namespace(name: str) -> Document:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def new_cluster(
    machines: Iterable[Machine] | None = None, *, seed: int = 0, settings: Settings | None = None,
    components: Iterable[Component] | None = None, on_step: Callable[[Step], None] = lambda step: None,
    storage_classes: Iterable[Document] = (),
) -> Simulation:
    """A cluster whose nodes are Ready and where nothing is going on any more.

    `storage_classes` are what it offers; kubeadm's clusters have none. `on_step` hears only of what happens after that.
    Equal arguments give equal clusters, revision by revision.
    """
    wanted = default_machines() if machines is None else list(machines)
    simulation = Simulation(World(random=seed), components or all_components(), settings)
    with simulation.act("kubeadm") as api:
        for name in NAMESPACES:
            api.create(_namespace(name))
        for document in (*priorityclass.system_classes(), kubeschedulerconfiguration.standard()):
            api.create(document)
        for document in storage_classes:
            api.create(document)
        for document in (kubernetes_service.service(), kubernetes_service.endpoints(), kubernetes_service.endpoint_slice()):
            api.create(document)
        for machine in wanted:
            api.tell(Story("machine.added", {"node": f"nodes//{machine.name}"}, NORMAL))
            api.write_row("create", *machine_key(machine.name), machine.row())
            simulation.advance(BETWEEN_MACHINES)
    simulation.until_quiet()
    simulation.on_step = on_step
    return simulation


def reseeded(world: World, seed: int) -> World:
    """The same moment of a cluster with other chances ahead of it."""
    return replace(world, random=seed)
