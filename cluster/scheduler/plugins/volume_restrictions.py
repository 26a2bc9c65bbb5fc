"""VolumeRestrictions: disks that only one pod of a node may use, and claims that only one pod of the cluster may use.

pkg/scheduler/framework/plugins/volumerestrictions.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from cluster.objects.documents import Document, dig
from cluster.objects.kinds import persistentvolumeclaim as claims
from cluster.scheduler import events
from cluster.scheduler.events import ClusterEvent
from cluster.scheduler.framework import SKIP, SUCCESS, Code, CycleState, Plugin, PreFilterResult, Status
from cluster.scheduler.snapshot import NodeInfo, PodInfo, Snapshot

DISK = "node(s) had no available disk"
IN_USE = "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod"
ONE_POD = "ReadWriteOncePod"
DISKS = ("gcePersistentDisk", "awsElasticBlockStore", "rbd", "iscsi")


class _Exclusive(NamedTuple):
    """The pod's claims for one pod only, and how often placed pods use them."""

    claims: frozenset[str]
    used: int


class VolumeRestrictions(Plugin):
    name = "VolumeRestrictions"
    events = frozenset({
        (events.ASSIGNED_POD, events.DELETE), (events.NODE, events.ADD), (events.PERSISTENT_VOLUME_CLAIM, events.ADD),
    })

    def pre_filter(self, state: CycleState, pod: Document, snapshot: Snapshot) -> PreFilterResult:
        namespace = pod["metadata"].get("namespace", "")
        exclusive = set()
        for name in _claim_names(pod):
            claim = snapshot.lister.get("persistentvolumeclaims", namespace, name)
            if claim is None:
                reason = f'persistentvolumeclaim "{name}" not found'
                return PreFilterResult(Status(Code.UNRESOLVABLE, (reason,), {"claim": name}))
            if ONE_POD in claims.access_modes(claim):
                exclusive.add(name)
        used = _used(exclusive, namespace, snapshot)
        if not used and not any(_disks(pod)):
            return PreFilterResult(SKIP)
        state[self.name] = _Exclusive(frozenset(exclusive), len(used))
        return PreFilterResult()

    def filter(self, state: CycleState, pod: Document, node: NodeInfo) -> Status:
        for other in node.pods:
            if disks_conflict(pod, other.document):
                return Status(Code.UNSCHEDULABLE, (DISK,), {"pod": other.key})
        exclusive: _Exclusive = state[self.name]
        if exclusive.used > 0:
            return Status(Code.UNSCHEDULABLE, (IN_USE,), {"claims": sorted(exclusive.claims), "used": exclusive.used})
        return SUCCESS

    def add_pod(self, state: CycleState, pod: Document, other: PodInfo, node: NodeInfo) -> None:
        self._count(state, other, 1)

    def remove_pod(self, state: CycleState, pod: Document, other: PodInfo, node: NodeInfo) -> None:
        self._count(state, other, -1)

    def _count(self, state: CycleState, other: PodInfo, sign: int) -> None:
        """Like kube-scheduler this looks at names only, in whatever namespace the other pod is."""
        exclusive: _Exclusive = state[self.name]
        uses = sum(name in exclusive.claims for name in _claim_names(other.document))
        state[self.name] = exclusive._replace(used=exclusive.used + sign * uses)

    def worth_retrying(self, pod: Document, event: ClusterEvent) -> bool:
        """When a node came, a claim of the pod, or when a pod went that used one of its disks or claims."""
        if event.resource == events.NODE:
            return True
        about = event.new if event.resource == events.PERSISTENT_VOLUME_CLAIM else event.old
        if about is None or about["metadata"].get("namespace") != pod["metadata"].get("namespace"):
            return False
        if event.resource == events.PERSISTENT_VOLUME_CLAIM:
            return about["metadata"]["name"] in _claim_names(pod)
        return disks_conflict(pod, about) or not set(_claim_names(pod)).isdisjoint(_claim_names(about))


def disks_conflict(pod: Document, other: Document) -> bool:
    """Whether both use the same disk and one of them writes to it; some disks cannot even be shared by readers."""
    return any(
        _same_disk(kind, mine, theirs)
        for kind, mine in _disks(pod) for other_kind, theirs in _disks(other) if kind == other_kind
    )


def _disks(pod: Document) -> Iterable[tuple[str, Document]]:
    for volume in dig(pod, "spec", "volumes", default=[]):
        for kind in DISKS:
            if volume.get(kind) is not None:
                yield kind, volume[kind]


def _same_disk(kind: str, mine: Document, theirs: Document) -> bool:
    both_read = bool(mine.get("readOnly") and theirs.get("readOnly"))
    if kind == "gcePersistentDisk":
        return mine.get("pdName") == theirs.get("pdName") and not both_read
    if kind == "awsElasticBlockStore":
        return bool(mine.get("volumeID") == theirs.get("volumeID"))
    if kind == "iscsi":
        return mine.get("iqn") == theirs.get("iqn") and not both_read
    same_image = (mine.get("pool", "rbd"), mine.get("image")) == (theirs.get("pool", "rbd"), theirs.get("image"))
    shared = not set(mine.get("monitors") or ()).isdisjoint(theirs.get("monitors") or ())
    return same_image and shared and not both_read


def _claim_names(pod: Document) -> list[str]:
    return [name for name, ephemeral in claims.of_pod(pod) if not ephemeral]


def _used(names: set[str], namespace: str, snapshot: Snapshot) -> set[str]:
    """Those of the claims that placed pods of the namespace name themselves, not as volumes of their own."""
    if not names:
        return set()
    return {
        name for node in snapshot.nodes for other in node.pods
        if other.document["metadata"].get("namespace", "") == namespace
        for name in _claim_names(other.document) if name in names
    }
