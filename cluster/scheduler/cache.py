"""What the scheduler knows of a cluster, kept up to date from the history of writes instead of read anew each cycle.

Derived state only: it can be dropped at any moment and is then built again from the World, with the same result. An
Etcd only goes forward, so a fork or a rewind, which has an Etcd of its own, has a cache of its own.
pkg/scheduler/backend/cache/cache.go.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Mapping

from immutables import Map

from cluster.apiserver.state import Change, Etcd, World
from cluster.objects.documents import Document, Key
from cluster.scheduler.events import is_assigned, is_finished
from cluster.scheduler.listers import Lister
from cluster.scheduler.snapshot import (
    ImageState,
    NodeInfo,
    PodInfo,
    Snapshot,
    image_states,
    interleaved,
    nominated_node,
    pod_key,
    zone_of,
)


class _Place:
    """A node's name with what is known of it; pods may name a node that is not (or no longer) there."""

    def __init__(self) -> None:
        self.pods: dict[Key, PodInfo] = {}
        self.keys: list[Key] = []
        self.info: NodeInfo | None = None

    def put(self, key: Key, pod: PodInfo) -> None:
        old = self.pods.get(key)
        self.pods[key] = pod
        if old is None:
            insort(self.keys, key)
        if self.info is None:
            return
        if old is None:
            # The sums of the node with the pod, but the pods in order.
            self.info = self.info.with_pods([pod]).in_order(self._ordered())
        elif _taken(old) == _taken(pod):
            self.info = self.info.in_order(self._ordered())
        else:
            self.stand_on(self.info.document)

    def remove(self, key: Key) -> None:
        del self.pods[key]
        self.keys.remove(key)
        if self.info is not None:
            self.stand_on(self.info.document)

    def stand_on(self, node: Document) -> None:
        """The node as it is now, with all sums taken anew."""
        self.info = NodeInfo.holding(node, self._ordered())

    def _ordered(self) -> tuple[PodInfo, ...]:
        return tuple(map(self.pods.__getitem__, self.keys))


class Cache:
    """Nodes with their pods, and the pods that have no node, of one Etcd; `follow` brings them up to date."""

    def __init__(self) -> None:
        self._revision: int | None = None
        self._touched: set[str] = set()
        self._clear()

    def _clear(self) -> None:
        # Pods without a node that have not finished, by "namespace/name".
        self.waiting: dict[str, Document] = {}
        self._places: dict[str, _Place] = {}
        self._located: dict[Key, str] = {}
        self._nominees: dict[Key, Document] = {}
        self._nodes: Map[str, NodeInfo] = Map()
        self._order: tuple[str, ...] = ()
        self._images: Mapping[str, ImageState] = {}
        self._stale: set[str] = set()
        self._reorder = self._count_images = True

    def follow(self, etcd: Etcd) -> None:
        """Take in all writes since the last time, or everything when there was none or it was too long ago."""
        changes = None if self._revision is None else etcd.since(self._revision)
        if changes is None:
            self._read(etcd.world)
        else:
            for _, change in changes:
                self._take(change)
        self._revision = etcd.world.revision

    def touched(self) -> set[str]:
        """Keys of the pods that began or ceased to wait, or changed while they did, since this was last asked."""
        found, self._touched = self._touched, set()
        return found

    def touch(self, keys: Iterable[str]) -> None:
        """Let these keys and those of all waiting pods count as touched: the queue has to be compared with them."""
        self._touched.update(keys, self.waiting)

    def snapshot(self, lister: Lister) -> Snapshot:
        """Nodes and pods as they are now; equal to `Snapshot.of` all documents."""
        self._settle()
        nominated: dict[str, tuple[PodInfo, ...]] = {}
        for _, pod in sorted(self._nominees.items()):
            node = nominated_node(pod)
            nominated[node] = (*nominated.get(node, ()), PodInfo.of(pod))
        return Snapshot(self._nodes, self._order, self._images, nominated, lister)

    # --- changes -----------------------------------------------------------------------------------------------------

    def _read(self, world: World) -> None:
        self._touched |= set(self.waiting)
        self._clear()
        # Pods first: the sums of a node are then taken once.
        for table in ("pods", "nodes"):
            for key, document in world.table(table).items():
                self._take(Change(table, key, None, document))

    def _take(self, change: Change) -> None:
        if change.table == "pods":
            self._take_pod(change.key, change.new)
        elif change.table == "nodes":
            self._take_node(change.key[-1], change.new)

    def _take_node(self, name: str, node: Document | None) -> None:
        place = self._place(name)
        before = place.info
        if node is None:
            place.info = None
        else:
            place.stand_on(node)
        after = place.info
        self._stale.add(name)
        if before is None or after is None or zone_of(before) != zone_of(after):
            self._reorder = True
        if before is None or after is None or before.images != after.images:
            self._count_images = True

    def _take_pod(self, key: Key, pod: Document | None) -> None:
        placed = pod is not None and is_assigned(pod) and not is_finished(pod)
        waits = pod is not None and not is_assigned(pod) and not is_finished(pod)
        where = self._located.get(key)
        target = pod["spec"]["nodeName"] if pod is not None and placed else None
        if where is not None and where != target:
            self._place(where).remove(key)
            self._stale.add(where)
            del self._located[key]
        if pod is not None and target is not None:
            self._place(target).put(key, PodInfo.of(pod))
            self._stale.add(target)
            self._located[key] = target
        self._take_waiting(key, pod if waits else None)

    def _take_waiting(self, key: Key, pod: Document | None) -> None:
        name = f"{key[0]}/{key[1]}"
        if pod is None and name not in self.waiting:
            return
        self._touched.add(name)
        self._nominees.pop(key, None)
        if pod is None:
            del self.waiting[name]
            return
        self.waiting[pod_key(pod)] = pod
        if nominated_node(pod):
            self._nominees[key] = pod

    def _place(self, name: str) -> _Place:
        place = self._places.get(name)
        if place is None:
            place = self._places[name] = _Place()
        return place

    def _settle(self) -> None:
        """Bring what is shared with snapshots up to date with the places that changed."""
        if not self._stale:
            return
        with self._nodes.mutate() as nodes:
            for name in self._stale:
                info = self._places[name].info
                if info is not None:
                    nodes[name] = info
                elif name in nodes:
                    del nodes[name]
            self._nodes = nodes.finish()
        self._stale = set()
        if not (self._reorder or self._count_images):
            return
        infos = [self._nodes[name] for name in sorted(self._nodes)]
        if self._reorder:
            self._order = interleaved(infos)
        if self._count_images:
            self._images = image_states(infos)
        self._reorder = self._count_images = False


def _taken(pod: PodInfo) -> tuple[object, ...]:
    return pod.requests, pod.non_zero_requests, pod.ports
