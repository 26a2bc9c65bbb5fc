"""Cluster events: which kinds of change may make a waiting pod schedulable, and what plugins are told about them.

pkg/scheduler/framework/events.go, pkg/scheduler/eventhandlers.go, staging/src/k8s.io/kube-scheduler/framework/types.go.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, NamedTuple

from cluster.objects.documents import Document, Key, dig
from cluster.objects.metadata import is_being_deleted
from cluster.scheduler import resources

# Resources of events.
NODE = "Node"
ASSIGNED_POD = "AssignedPod"
UNSCHEDULED_POD = "UnscheduledPod"
PERSISTENT_VOLUME = "PersistentVolume"
PERSISTENT_VOLUME_CLAIM = "PersistentVolumeClaim"
STORAGE_CLASS = "StorageClass"
CSI_NODE = "CSINode"
VOLUME_ATTACHMENT = "VolumeAttachment"

# Actions.
ADD = "Add"
DELETE = "Delete"
UPDATE = "Update"
"""A plugin that registers it hears of every Update… action of the resource."""
UPDATE_NODE_ALLOCATABLE = "UpdateNodeAllocatable"
UPDATE_NODE_LABEL = "UpdateNodeLabel"
UPDATE_NODE_TAINT = "UpdateNodeTaint"
UPDATE_NODE_CONDITION = "UpdateNodeCondition"
UPDATE_NODE_ANNOTATION = "UpdateNodeAnnotation"
UPDATE_POD_LABEL = "UpdatePodLabel"
UPDATE_POD_SCALE_DOWN = "UpdatePodScaleDown"
UPDATE_POD_GATES_ELIMINATED = "UpdatePodSchedulingGatesEliminated"
UPDATE_POD_TOLERATION = "UpdatePodToleration"

EVENT_KEY = "event"
_SEPARATORS = (",", ":")
_POD_SPEC = (
    "nodeName", "priority", "affinity", "topologySpreadConstraints", "tolerations", "volumes", "overhead", "resources",
)
_CONTAINER = ("name", "ports", "restartPolicy", "resources")


class ClusterEvent(NamedTuple):
    """`old` and `new` hold only what plugins ask about; an UNSCHEDULED_POD event is about the waiting pod itself."""

    resource: str
    action: str
    old: Document | None
    new: Document | None
    up_to: int | None = None
    """It concerns only pods of at most this priority; None means all."""

    @property
    def kind(self) -> tuple[str, str]:
        return self.resource, self.action

    def key(self, revision: int = 0) -> Key:
        """The event as a key of the scheduler's work: due work has no payload besides its key.

        `revision` is that of the change: who was tried later has seen it.
        """
        return EVENT_KEY, str(revision), json.dumps(self, sort_keys=True, separators=_SEPARATORS)

    @classmethod
    def of_key(cls, key: Key) -> ClusterEvent:
        return cls(*json.loads(key[2]))


def revision_of(key: Key) -> int:
    """The revision of the change behind an event's key."""
    return int(key[1])


def concerns(registered: Collection[tuple[str, str]], event: ClusterEvent) -> bool:
    """Whether who registered these (resource, action) is told of the event."""
    if event.kind in registered:
        return True
    return event.action.startswith(UPDATE) and (event.resource, UPDATE) in registered


def is_assigned(pod: Document) -> bool:
    return bool(dig(pod, "spec", "nodeName"))


def is_finished(pod: Document) -> bool:
    """Finished pods use nothing; the scheduler does not even watch them."""
    return dig(pod, "status", "phase") in ("Succeeded", "Failed")


# --- nodes ---------------------------------------------------------------------------------------------------------------


def node_events(old: Document | None, new: Document | None) -> Iterator[ClusterEvent]:
    """What a change of a node means for waiting pods."""
    before = None if old is None else _node_part(old)
    after = None if new is None else _node_part(new)
    if before is None or after is None:
        yield ClusterEvent(NODE, ADD if before is None else DELETE, before, after)
        return
    for action in _node_actions(before, after):
        yield ClusterEvent(NODE, action, before, after)


def _node_actions(before: Document, after: Document) -> Iterator[str]:
    # Uncordoning counts as a change of taints: there is no action of its own.
    if before["spec"]["taints"] != after["spec"]["taints"] or (
        before["spec"]["unschedulable"] and not after["spec"]["unschedulable"]
    ):
        yield UPDATE_NODE_TAINT
    if before["status"]["allocatable"] != after["status"]["allocatable"]:
        yield UPDATE_NODE_ALLOCATABLE
    if before["metadata"]["labels"] != after["metadata"]["labels"]:
        yield UPDATE_NODE_LABEL
    if _condition_statuses(before) != _condition_statuses(after):
        yield UPDATE_NODE_CONDITION
    if before["metadata"]["annotations"] != after["metadata"]["annotations"]:
        yield UPDATE_NODE_ANNOTATION


def _condition_statuses(part: Document) -> dict[str, str]:
    return {condition["type"]: condition["status"] for condition in part["status"]["conditions"]}


def _node_part(node: Document) -> Document:
    meta = node["metadata"]
    return {
        "metadata": {
            "name": meta["name"], "labels": meta.get("labels") or {}, "annotations": meta.get("annotations") or {},
        },
        "spec": {
            "taints": dig(node, "spec", "taints", default=[]),
            "unschedulable": dig(node, "spec", "unschedulable", default=False),
        },
        "status": {
            "allocatable": dig(node, "status", "allocatable", default={}),
            "conditions": [
                {"type": condition.get("type", ""), "status": condition.get("status", "")}
                for condition in dig(node, "status", "conditions", default=[])
            ],
        },
    }


# --- pods ----------------------------------------------------------------------------------------------------------------


def pod_events(old: Document | None, new: Document | None) -> Iterator[ClusterEvent]:
    """What a change of a pod means for waiting pods, itself included; a pod that finishes is as good as deleted."""
    before = old if old is not None and not is_finished(old) else None
    after = new if new is not None and not is_finished(new) else None
    held = before is not None and is_assigned(before)
    holds = after is not None and is_assigned(after)
    if holds and not held:
        yield ClusterEvent(ASSIGNED_POD, ADD, None, _pod_part(after))
    elif held and not holds:
        yield ClusterEvent(ASSIGNED_POD, DELETE, _pod_part(before), None)
    elif before is not None and after is not None:
        yield from _updates(ASSIGNED_POD if held else UNSCHEDULED_POD, before, after)
    if before is not None and not held:
        yield from _given_up_nomination(before, after)


def _updates(resource: str, before: Document, after: Document) -> Iterator[ClusterEvent]:
    for action in _pod_actions(before, after) or (UPDATE,):
        old, new = _pod_part(before), _pod_part(after)
        if action == UPDATE_POD_SCALE_DOWN:
            # What a pod takes while it is resized stands in its status.
            old, new = {**old, "status": before.get("status", {})}, {**new, "status": after.get("status", {})}
        yield ClusterEvent(resource, action, old, new)


def _pod_actions(before: Document, after: Document) -> list[str]:
    found = []
    if (before["metadata"].get("labels") or {}) != (after["metadata"].get("labels") or {}):
        found.append(UPDATE_POD_LABEL)
    if _scaled_down(before, after):
        found.append(UPDATE_POD_SCALE_DOWN)
    if before["spec"].get("schedulingGates") and not after["spec"].get("schedulingGates"):
        found.append(UPDATE_POD_GATES_ELIMINATED)
    # Tolerations can only be added, so their number tells whether they changed.
    if len(before["spec"].get("tolerations") or ()) != len(after["spec"].get("tolerations") or ()):
        found.append(UPDATE_POD_TOLERATION)
    return found


def _scaled_down(before: Document, after: Document) -> bool:
    now = resources.pod_requests(after)
    return any(name not in now or amount > now[name] for name, amount in resources.pod_requests(before).items())


def _given_up_nomination(before: Document, after: Document | None) -> Iterator[ClusterEvent]:
    """Room that was kept for a waiting pod is free for those that are not more important than it."""
    kept = dig(before, "status", "nominatedNodeName", default="")
    if not kept or (after is not None and is_assigned(after)):
        return
    if after is None or dig(after, "status", "nominatedNodeName", default="") != kept:
        priority = dig(before, "spec", "priority", default=0)
        yield ClusterEvent(ASSIGNED_POD, DELETE, _pod_part(before), None, priority)


def _pod_part(pod: Any) -> Document:
    spec, meta = pod["spec"], pod["metadata"]
    part: Document = {
        "metadata": {name: meta.get(name) for name in ("namespace", "name", "uid", "labels")},
        "spec": {name: spec[name] for name in _POD_SPEC if name in spec},
        "status": {"phase": dig(pod, "status", "phase", default="")},
    }
    if is_being_deleted(pod):
        part["metadata"]["deletionTimestamp"] = meta["deletionTimestamp"]
    for containers in ("containers", "initContainers"):
        part["spec"][containers] = [
            {name: container[name] for name in _CONTAINER if name in container}
            for container in spec.get(containers) or []
        ]
    return part


# --- everything else -----------------------------------------------------------------------------------------------------


def _events_of(resource: str) -> Callable[[Document | None, Document | None], Iterator[ClusterEvent]]:
    """Add, Update and Delete of a resource with the whole documents, for plugins that look at little else."""

    def found(old: Document | None, new: Document | None) -> Iterator[ClusterEvent]:
        action = ADD if old is None else DELETE if new is None else UPDATE
        yield ClusterEvent(resource, action, _without_managed_fields(old), _without_managed_fields(new))

    return found


def _without_managed_fields(document: Document | None) -> Document | None:
    if document is None or "managedFields" not in document["metadata"]:
        return document
    return {**document, "metadata": {k: v for k, v in document["metadata"].items() if k != "managedFields"}}


# What the scheduler watches: the table -> what a change of one of its rows means for waiting pods.
SOURCES: Mapping[str, Callable[[Document | None, Document | None], Iterator[ClusterEvent]]] = {
    "pods": pod_events,
    "nodes": node_events,
    "persistentvolumes": _events_of(PERSISTENT_VOLUME),
    "persistentvolumeclaims": _events_of(PERSISTENT_VOLUME_CLAIM),
    "storageclasses.storage.k8s.io": _events_of(STORAGE_CLASS),
    "csinodes.storage.k8s.io": _events_of(CSI_NODE),
    "volumeattachments.storage.k8s.io": _events_of(VOLUME_ATTACHMENT),
}
