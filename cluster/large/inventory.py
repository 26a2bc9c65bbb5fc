"""What the bulk components share: who is where, sums per node, and what is due when.

All of it follows from the World and could be counted from it again (tests do); it is kept because 150,000 Pods cannot be
counted at every moment.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cluster.large.chance import Chance
from cluster.large.plan import Planned
from cluster.large.samples import Life
from cluster.objects import metadata
from cluster.objects.documents import Document, Key, dig
from cluster.objects.kinds import pod as pods
from cluster.objects.kinds import replicaset as replicasets

# Everything happens on a grid of so many virtual milliseconds.
TICK = 100
PODS, REPLICASETS, NODES = "pods", "replicasets.apps", "nodes"
UNBOUND = -1
# `leaving` of a Pod that is gone.
GONE = 99


@dataclass(slots=True, eq=False, repr=False)
class PodRecord:
    """A Pod. `values` fill its moulds until it is ready; `stage` counts its writes, `leaving` those of its end."""

    workload: Workload
    name: str
    values: list[Any] | None
    stage: int = 0
    node: int = UNBOUND
    ready: bool = False
    leaving: int = 0
    address: int = 0  # the last byte

    @property
    def key(self) -> Key:
        return (self.workload.key[0], self.name)


@dataclass(slots=True, eq=False, repr=False)
class NodeRecord:
    """A node. Times are virtual ms."""

    index: int
    planned: Planned
    values: list[Any]
    stage: int = 0
    pods: dict[str, PodRecord] = field(default_factory=dict)
    images: dict[str, int] = field(default_factory=dict)  # image -> when it is, or was, there
    pulling_until: int = 0
    posted: int = 0  # its last status
    will_post: bool = False
    last_address: int = 1
    addresses: set[int] = field(default_factory=set)  # the last bytes of those that Pods have
    silent: bool = False
    was_silent: bool = False  # once: since then the node life cycle controller hears of each of its changes
    tainted: bool = False  # NoExecute
    ready: bool = False
    cordoned: bool = False
    held: list[PodRecord] = field(default_factory=list)  # Pods that its silent kubelet ought to stop

    @property
    def name(self) -> str:
        return self.planned.name


@dataclass(slots=True, eq=False, repr=False)
class Workload:
    """The Pods of one ReplicaSet."""

    key: Key
    uid: str
    owner: str  # the Deployment's name
    life: Life
    image: str
    cpu: int  # millicores that each Pod requests
    memory: int  # bytes
    number: int  # for colours
    wanted: int = 0
    active: dict[str, PodRecord] = field(default_factory=dict)
    terminating: int = 0
    ready: int = 0
    doomed: list[str] = field(default_factory=list)
    reported: int = -1_000_000  # last status (ms)
    stale: bool = True

    @classmethod
    def of(cls, replicaset: Document, life: Life, number: int) -> Workload:
        template = replicaset["spec"]["template"]
        container = template["spec"]["containers"][0]
        requests = pods.requests(template)
        reference = metadata.controller_of(replicaset)
        return cls(
            key=(metadata.namespace(replicaset), metadata.name(replicaset)), uid=metadata.uid(replicaset),
            owner=reference["name"] if reference else "", life=life, image=container["image"],
            cpu=requests.get("cpu", 0), memory=requests.get("memory", 0), number=number,
            wanted=replicasets.wanted(replicaset),
        )


class Inventory:
    """Nodes, Pods and workloads, with the sums that the map shows."""

    def __init__(self, seed: int, size: int) -> None:
        self.chance = Chance(seed)
        self.nodes: list[NodeRecord] = []
        self.node_of: dict[str, NodeRecord] = {}
        self.pods: dict[Key, PodRecord] = {}
        self.workloads: dict[Key, Workload] = {}
        # ms -> what is due then: (what to do, the Pod or the node it is about), in the order in which it was asked for.
        self.calendar: dict[int, list[tuple[str, Any]]] = {}
        self.cpu = np.zeros(size, np.int64)
        self.memory = np.zeros(size, np.int64)
        self.count = np.zeros(size, np.int32)
        self.churn = np.zeros(size, np.float32)
        self.cpu_capacity = np.ones(size, np.int64)
        self.memory_capacity = np.ones(size, np.int64)
        self.pod_capacity = np.ones(size, np.int32)
        self.changed: set[int] = set()
        self.ready_pods = 0
        self.bound_pods = 0
        self.evicted = 0

    def due(self, now: int, delay: float, what: str, whom: Any) -> None:
        """Ask for something after `delay` ms: at the next moment of the grid, never now."""
        at = max(now // TICK * TICK + TICK, -(-int(now + delay) // TICK) * TICK)
        self.calendar.setdefault(at, []).append((what, whom))

    def next_due(self) -> int | None:
        return min(self.calendar) if self.calendar else None

    # --- Pods come and go -------------------------------------------------------------------------------------------

    def place(self, record: PodRecord, node: NodeRecord) -> None:
        """The Pod is bound to the node."""
        record.node = node.index
        node.pods[record.name] = record
        self._count(node.index, record.workload, 1)
        self.bound_pods += 1

    def set_ready(self, record: PodRecord, ready: bool) -> None:
        if record.ready == ready:
            return
        change = 1 if ready else -1
        record.ready = ready
        self.ready_pods += change
        if not record.leaving:
            record.workload.ready += change
            record.workload.stale = True

    def leave(self, record: PodRecord) -> None:
        """Its deletion has begun: it counts no longer as its owner's."""
        workload = record.workload
        record.leaving = 1
        workload.active.pop(record.name, None)
        workload.terminating += 1
        workload.ready -= record.ready
        workload.stale = True

    def forget(self, record: PodRecord) -> None:
        """The Pod is gone."""
        self.pods.pop(record.key, None)
        if record.leaving:
            record.workload.terminating -= 1
        else:
            record.workload.active.pop(record.name, None)
            record.workload.ready -= record.ready
        record.workload.stale = True
        self.ready_pods -= record.ready
        record.ready = False
        record.leaving = GONE
        if record.node != UNBOUND:
            node = self.nodes[record.node]
            node.pods.pop(record.name, None)
            node.addresses.discard(record.address)
            self._count(node.index, record.workload, -1)
            self.bound_pods -= 1

    def _count(self, index: int, workload: Workload, sign: int) -> None:
        self.cpu[index] += sign * workload.cpu
        self.memory[index] += sign * workload.memory
        self.count[index] += sign
        self.churn[index] += 1
        self.changed.add(index)

    # --- nodes ------------------------------------------------------------------------------------------------------

    def capacity_of(self, record: NodeRecord, node: Document) -> None:
        """Take over what a new node offers."""
        offered = dig(node, "status", "allocatable")
        amounts = pods.container_requests({"resources": {"requests": offered}})
        self.cpu_capacity[record.index] = amounts["cpu"]
        self.memory_capacity[record.index] = amounts["memory"]
        self.pod_capacity[record.index] = amounts["pods"]
