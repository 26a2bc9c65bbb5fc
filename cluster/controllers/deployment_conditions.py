"""Conditions of a Deployment: their reasons, and how one replaces another (pkg/controller/deployment/util)."""

from __future__ import annotations

from cluster.objects import times
from cluster.objects.documents import Document, dig, with_value, without
from cluster.objects.kinds import deployment as deployments

CREATED = "NewReplicaSetCreated"
FOUND = "FoundNewReplicaSet"
UPDATED = "ReplicaSetUpdated"
AVAILABLE = "NewReplicaSetAvailable"
CREATE_FAILED = "ReplicaSetCreateError"
TIMED_OUT = deployments.DEADLINE_EXCEEDED
PAUSED = "DeploymentPaused"
RESUMED = "DeploymentResumed"


def condition(kind: str, status: str, reason: str, message: str, now: int) -> Document:
    """A condition that begins now (virtual ms)."""
    moment = times.rfc3339(now)
    return {
        "type": kind, "status": status, "lastUpdateTime": moment, "lastTransitionTime": moment,
        "reason": reason, "message": message,
    }


def progressing(reason: str, message: str, now: int) -> Document:
    """The condition of a rollout that goes on or is done."""
    return condition("Progressing", "True", reason, message, now)


def with_condition(deployment: Document, wanted: Document) -> Document:
    """The Deployment with the condition, last in its list; nothing changes for an equal status and reason.

    The time of transition stays when the status does (SetDeploymentCondition).
    """
    present = deployments.condition(deployment, wanted["type"])
    if present is None:
        return with_value(deployment, ("status", "conditions"), [*_others(deployment, wanted["type"]), wanted])
    if present["status"] == wanted["status"] and present["reason"] == wanted["reason"]:
        return deployment
    if present["status"] == wanted["status"]:
        wanted = {**wanted, "lastTransitionTime": present["lastTransitionTime"]}
    return with_value(deployment, ("status", "conditions"), [*_others(deployment, wanted["type"]), wanted])


def without_condition(deployment: Document, kind: str) -> Document:
    """The Deployment without the condition of that type."""
    if deployments.condition(deployment, kind) is None:
        return deployment
    kept = _others(deployment, kind)
    if not kept:
        return without(deployment, ("status", "conditions"))
    return with_value(deployment, ("status", "conditions"), kept)


def _others(deployment: Document, kind: str) -> list[Document]:
    return [found for found in dig(deployment, "status", "conditions", default=[]) if found["type"] != kind]
