"""The condition PodScheduled of a pod that waits (pkg/scheduler/schedule_one.go, pkg/api/v1/pod/util.go)."""

from __future__ import annotations

from cluster.objects import times
from cluster.objects.documents import Document, dig, with_value

POD_SCHEDULED = "PodScheduled"
UNSCHEDULABLE = "Unschedulable"
SCHEDULING_GATED = "SchedulingGated"
GATED_MESSAGE = "Scheduling is blocked due to non-empty scheduling gates"


def not_scheduled(pod: Document, reason: str, message: str, now: int) -> Document:
    """The pod with PodScheduled=False; the same document when it says so already."""
    conditions = dig(pod, "status", "conditions", default=[])
    old: Document = next((c for c in conditions if c["type"] == POD_SCHEDULED), {})
    if (old.get("status"), old.get("reason"), old.get("message")) == ("False", reason, message):
        return pod
    since = old["lastTransitionTime"] if old.get("status") == "False" else times.rfc3339(now)
    condition = {
        "type": POD_SCHEDULED,
        "observedGeneration": pod["metadata"].get("generation", 1),
        "status": "False",
        "lastProbeTime": None,
        "lastTransitionTime": since,
        "reason": reason,
        "message": message,
    }
    if not old:
        return with_value(pod, ("status", "conditions"), [*conditions, condition])
    return with_value(pod, ("status", "conditions"), [condition if c is old else c for c in conditions])
