"""What the eviction manager looks at: how much memory and disk a node has left, and how much each Pod takes.

pkg/kubelet/eviction/helpers.go (makeSignalObservations), defaults_linux.go (DefaultEvictionHard).
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

from cluster.apiserver.reader import Reader
from cluster.kubelet import local_storage
from cluster.machinery import usage
from cluster.objects import quantity
from cluster.objects.documents import Document
from cluster.objects.kinds import pod as pods

MEMORY, STORAGE = "memory", local_storage.STORAGE
# memory.available<100Mi; of the disk, which images and Pods share, imagefs.available<15% is reached before nodefs' 10%.
MEMORY_THRESHOLD = 100 << 20
STORAGE_THRESHOLD = Fraction(15, 100)
CONDITIONS = {MEMORY: "MemoryPressure", STORAGE: "DiskPressure"}


class Signal(NamedTuple):
    """One resource of a node: what must stay free, and what is (bytes)."""

    resource: str
    threshold: int
    available: int

    @property
    def is_met(self) -> bool:
        """Whether too little is left."""
        return self.available < self.threshold

    @property
    def condition(self) -> str:
        return CONDITIONS[self.resource]


class Stats(NamedTuple):
    """What an active Pod takes (bytes), by container; `volumes` is what lies in its emptyDir volumes."""

    pod: Document
    memory: dict[str, int]
    storage: dict[str, int]
    volumes: dict[str, int]

    def used(self, resource: str) -> int:
        """All that the Pod takes of a resource."""
        if resource == MEMORY:
            return sum(self.memory.values())
        return sum(self.storage.values()) + sum(self.volumes.values())

    def used_by(self, container: str, resource: str) -> int:
        return (self.memory if resource == MEMORY else self.storage).get(container, 0)


def active(reader: Reader, node: str) -> list[Document]:
    """The Pods of a node that may have something running, by namespace and name."""
    return [pod for pod in reader.pods_on(node) if not pods.is_terminal(pod)]


def stats(reader: Reader, pod: Document) -> Stats:
    """What a Pod takes now."""
    memory = {one.container: one.memory for one in usage.details(reader, pod)}
    return Stats(pod, memory, local_storage.of_containers(reader, pod), local_storage.of_volumes(reader, pod))


def observe(reader: Reader, node: str, machine: dict[str, Any], taken: list[Stats]) -> list[Signal]:
    """How much of each resource is left on a node, memory first (byEvictionPriority)."""
    memory, storage = quantity.value(machine["memory"]), quantity.value(machine["ephemeral-storage"])
    used = usage.machine_memory(memory) + sum(each.used(MEMORY) for each in taken)
    on_disk = local_storage.of_machine(storage) + local_storage.of_images(reader, node)
    on_disk += sum(each.used(STORAGE) for each in taken)
    return [
        Signal(MEMORY, MEMORY_THRESHOLD, max(0, memory - used)),
        Signal(STORAGE, int(storage * STORAGE_THRESHOLD), max(0, storage - on_disk)),
    ]
