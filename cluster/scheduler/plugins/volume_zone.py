"""VolumeZone: bound volumes that are labelled with a zone or region keep their pod there.

pkg/scheduler/framework/plugins/volumezone.
"""

from __future__ import annotations

from typing import NamedTuple

from cluster.objects import metadata
from cluster.objects.documents import Document
from cluster.objects.kinds import persistentvolumeclaim as claims
from cluster.objects.kinds import storageclass as classes
from cluster.scheduler import events
from cluster.scheduler.events import ClusterEvent
from cluster.scheduler.framework import SKIP, SUCCESS, Code, CycleState, Plugin, PreFilterResult, Status
from cluster.scheduler.listers import Lister
from cluster.scheduler.snapshot import NodeInfo, Snapshot

REASON = "node(s) had no available volume zone"
# Old names of the labels and what they are called now.
TODAY = {
    "failure-domain.beta.kubernetes.io/zone": "topology.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region": "topology.kubernetes.io/region",
}
LABELS = (*TODAY, *TODAY.values())
BETWEEN_ZONES = "__"


class Place(NamedTuple):
    """Where a volume is: the label of its nodes and the values that will do."""

    volume: str
    key: str
    values: frozenset[str]


class VolumeZone(Plugin):
    name = "VolumeZone"
    events = frozenset({
        (events.STORAGE_CLASS, events.ADD), (events.NODE, events.ADD), (events.NODE, events.UPDATE_NODE_LABEL),
        (events.PERSISTENT_VOLUME_CLAIM, events.ADD), (events.PERSISTENT_VOLUME_CLAIM, events.UPDATE),
        (events.PERSISTENT_VOLUME, events.ADD), (events.PERSISTENT_VOLUME, events.UPDATE),
    })

    def pre_filter(self, state: CycleState, pod: Document, snapshot: Snapshot) -> PreFilterResult:
        found: list[Place] = []
        for name in _claim_names(pod):
            places = _places_of_claim(snapshot.lister, pod["metadata"].get("namespace", ""), name)
            if isinstance(places, Status):
                return PreFilterResult(places)
            found += places
        if not found:
            return PreFilterResult(SKIP)
        state[self.name] = tuple(found)
        return PreFilterResult()

    def filter(self, state: CycleState, pod: Document, node: NodeInfo) -> Status:
        """A node without any such label is taken for a part of a cluster with only one zone."""
        if not any(label in node.labels for label in LABELS):
            return SUCCESS
        for volume, key, values in state[self.name]:
            has = node.labels.get(key, node.labels.get(TODAY.get(key, key)))
            if has not in values:
                why = {"volume": volume, "label": key, "values": sorted(values), "node": has}
                return Status(Code.UNRESOLVABLE, (REASON,), why)
        return SUCCESS

    def worth_retrying(self, pod: Document, event: ClusterEvent) -> bool:
        """When a node came or changed, a class that waits, a claim of the pod, or a volume's place."""
        if event.resource == events.STORAGE_CLASS:
            return event.new is not None and classes.waits(event.new)
        if event.resource == events.PERSISTENT_VOLUME_CLAIM:
            meta = (event.new or {"metadata": {}})["metadata"]
            return meta.get("namespace") == pod["metadata"].get("namespace") and meta.get("name") in _claim_names(pod)
        if event.resource == events.PERSISTENT_VOLUME and event.old is not None and event.new is not None:
            return places_of(event.old) != places_of(event.new)
        return True


def places_of(volume: Document) -> list[Place]:
    """Where a volume is by its labels; a label of several zones separates them by `__`."""
    found = []
    for key in LABELS:
        text = metadata.labels(volume).get(key)
        if text is None:
            continue
        values = [part.strip() for part in text.split(BETWEEN_ZONES)]
        if all(values):
            found.append(Place(metadata.name(volume), key, frozenset(values)))
    return found


def _claim_names(pod: Document) -> list[str]:
    return [name for name, ephemeral in claims.of_pod(pod) if not ephemeral]


def _places_of_claim(lister: Lister, namespace: str, name: str) -> list[Place] | Status:
    if not name:
        return _impossible("PersistentVolumeClaim had no name")
    claim = lister.get("persistentvolumeclaims", namespace, name)
    if claim is None:
        return _impossible(f'persistentvolumeclaim "{name}" not found')
    bound = claims.volume_name(claim)
    if not bound:
        return _without_volume(lister, claims.storage_class(claim))
    volume = lister.get("persistentvolumes", "", bound)
    if volume is None:
        return _impossible(f'persistentvolume "{bound}" not found')
    return places_of(volume)


def _without_volume(lister: Lister, class_name: str) -> list[Place] | Status:
    """A claim may lack its volume only while it waits for the scheduler."""
    if not class_name:
        return _impossible("PersistentVolumeClaim had no pv name and storageClass name")
    storage_class = lister.get("storageclasses.storage.k8s.io", "", class_name)
    if storage_class is None:
        return _impossible(f'storageclass.storage.k8s.io "{class_name}" not found')
    return [] if classes.waits(storage_class) else _impossible("PersistentVolume had no name")


def _impossible(reason: str) -> Status:
    return Status(Code.UNRESOLVABLE, (reason,))
