"""Conditions that the scheduler gives pods (pkg/scheduler/schedule_one.go, pkg/api/v1/pod/util.go)."""

from __future__ import annotations

from cluster.objects import times
from cluster.objects.documents import Document, dig, with_value, without

POD_SCHEDULED = "PodScheduled"
UNSCHEDULABLE = "Unschedulable"
SCHEDULER_ERROR = "SchedulerError"

DISRUPTION_TARGET = "DisruptionTarget"
PREEMPTED = "PreemptionByScheduler"


def not_scheduled(pod: Document, reason: str, message: str, now: int) -> Document:
    """The pod with PodScheduled=False; the same document when it says so already."""
    return _with_condition(pod, POD_SCHEDULED, "False", reason, message, now)


def preempted(pod: Document, scheduler: str, now: int) -> Document:
    """The pod with DisruptionTarget=True, as victims of preemption get; the same document when it says so already."""
    message = f"{scheduler}: preempting to accommodate a higher priority pod"
    return _with_condition(pod, DISRUPTION_TARGET, "True", PREEMPTED, message, now)


def with_nomination(pod: Document, node: str | None) -> Document:
    """The pod with this node nominated, with none for "", as it was for None."""
    if node is None or node == dig(pod, "status", "nominatedNodeName", default=""):
        return pod
    if node:
        return with_value(pod, ("status", "nominatedNodeName"), node)
    return without(pod, ("status", "nominatedNodeName"))


def _with_condition(pod: Document, type: str, status: str, reason: str, message: str, now: int) -> Document:
    conditions = dig(pod, "status", "conditions", default=[])
    old: Document = next((c for c in conditions if c["type"] == type), {})
    if (old.get("status"), old.get("reason"), old.get("message")) == (status, reason, message):
        return pod
    since = old["lastTransitionTime"] if old.get("status") == status else times.rfc3339(now)
    condition = {
        "type": type,
        "observedGeneration": pod["metadata"].get("generation", 1),
        "status": status,
        "lastProbeTime": None,
        "lastTransitionTime": since,
        "reason": reason,
        "message": message,
    }
    if not old:
        return with_value(pod, ("status", "conditions"), [*conditions, condition])
    return with_value(pod, ("status", "conditions"), [condition if c is old else c for c in conditions])
