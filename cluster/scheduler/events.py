"""Cluster events: which kinds of change may make a waiting pod schedulable, and what plugins are told about them.

pkg/scheduler/framework/events.go, pkg/scheduler/eventhandlers.go.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from cluster.objects.documents import Document, Key, dig

# Resources of events.
NODE = "Node"
ASSIGNED_POD = "AssignedPod"
UNSCHEDULED_POD = "UnscheduledPod"

# Actions.
ADD = "Add"
DELETE = "Delete"
UPDATE_NODE_ALLOCATABLE = "UpdateNodeAllocatable"
UPDATE_NODE_LABEL = "UpdateNodeLabel"
UPDATE_NODE_TAINT = "UpdateNodeTaint"
UPDATE_POD_TOLERATION = "UpdatePodToleration"

EVENT_KEY = "event"


class ClusterEvent(NamedTuple):
    """`old` and `new` hold only what plugins ask about; an UNSCHEDULED_POD event is about the waiting pod itself."""

    resource: str
    action: str
    old: Document | None
    new: Document | None

    @property
    def kind(self) -> tuple[str, str]:
        return self.resource, self.action

    def key(self) -> Key:
        """The event as a key of the scheduler's work: due work has no payload besides its key."""
        return EVENT_KEY, json.dumps(self, sort_keys=True, separators=(",", ":"))

    @classmethod
    def of_key(cls, key: Key) -> ClusterEvent:
        return cls(*json.loads(key[1]))


def is_assigned(pod: Document) -> bool:
    return bool(dig(pod, "spec", "nodeName"))


def is_finished(pod: Document) -> bool:
    """Finished pods use nothing; the scheduler does not even watch them."""
    return dig(pod, "status", "phase") in ("Succeeded", "Failed")


def node_events(old: Document | None, new: Document | None) -> Iterator[ClusterEvent]:
    """What a change of a node means for waiting pods."""
    before = None if old is None else _node_part(old)
    after = None if new is None else _node_part(new)
    if before is None or after is None:
        yield ClusterEvent(NODE, ADD if before is None else DELETE, before, after)
        return
    for action in _node_actions(before, after):
        yield ClusterEvent(NODE, action, before, after)


def assigned_pod_events(old: Document | None, new: Document | None) -> Iterator[ClusterEvent]:
    """What a change of a pod that has a node means for waiting pods; a pod that finishes is as good as deleted."""
    held = old is not None and is_assigned(old) and not is_finished(old)
    holds = new is not None and is_assigned(new) and not is_finished(new)
    if holds and not held:
        yield ClusterEvent(ASSIGNED_POD, ADD, None, _pod_part(new))
    if held and not holds:
        yield ClusterEvent(ASSIGNED_POD, DELETE, _pod_part(old), None)


def _node_actions(before: Document, after: Document) -> Iterator[str]:
    if before["status"] != after["status"]:
        yield UPDATE_NODE_ALLOCATABLE
    if before["metadata"] != after["metadata"]:
        yield UPDATE_NODE_LABEL
    # Uncordoning counts as a change of taints: there is no action of its own.
    if before["spec"]["taints"] != after["spec"]["taints"] or (
        before["spec"]["unschedulable"] and not after["spec"]["unschedulable"]
    ):
        yield UPDATE_NODE_TAINT


def _node_part(node: Document) -> Document:
    return {
        "metadata": {"name": node["metadata"]["name"], "labels": node["metadata"].get("labels") or {}},
        "spec": {
            "taints": dig(node, "spec", "taints", default=[]),
            "unschedulable": dig(node, "spec", "unschedulable", default=False),
        },
        "status": {"allocatable": dig(node, "status", "allocatable", default={})},
    }


def _pod_part(pod: Any) -> Document:
    spec = pod["spec"]
    return {
        "metadata": {name: pod["metadata"].get(name) for name in ("namespace", "name", "uid", "labels")},
        "spec": {
            "nodeName": spec["nodeName"],
            "containers": [_container_part(c) for c in spec.get("containers") or []],
            "initContainers": [_container_part(c) for c in spec.get("initContainers") or []],
        },
    }


def _container_part(container: Document) -> Document:
    return {name: container[name] for name in ("name", "ports", "restartPolicy") if name in container}
