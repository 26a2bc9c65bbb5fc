"""The status of a Deployment, and whether its rollout makes progress (pkg/controller/deployment/progress.go)."""

from __future__ import annotations

from cluster.controllers.deployment_conditions import (
    AVAILABLE,
    PAUSED,
    RESUMED,
    TIMED_OUT,
    UPDATED,
    condition,
    progressing,
    with_condition,
    without_condition,
)
from cluster.controllers.deployment_rollout import Rollout
from cluster.machinery.story import FOLDED, NORMAL, Story
from cluster.objects import metadata, times
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import deployment as deployments
from cluster.objects.kinds import replicaset as replicasets
from cluster.objects.kinds.deployment import count

REPLICA_FAILURE = "ReplicaFailure"


def note_pause(rollout: Rollout) -> None:
    """Say that the Deployment was paused or resumed, so that the pause does not count as lack of progress."""
    deployment, now = rollout.deployment, rollout.context.now
    present = deployments.condition(deployment, "Progressing") or {}
    if deployments.progress_deadline(deployment) is None or present.get("reason") == TIMED_OUT:
        return
    paused, noted = deployments.is_paused(deployment), present.get("reason") == PAUSED
    if paused == noted:
        return
    reason, message = (PAUSED, "Deployment is paused") if paused else (RESUMED, "Deployment is resumed")
    changed = with_condition(deployment, condition("Progressing", "Unknown", reason, message, now))
    story = Story("deployment.paused" if paused else "deployment.resumed", {"deployment": rollout.reference}, NORMAL)
    rollout.context.update(changed, subresource="status", story=story)


def sync_status(rollout: Rollout) -> None:
    """Report the numbers without an estimate of progress: while scaling, paused or being deleted."""
    _write(rollout, _reported(rollout))


def sync_rollout_status(rollout: Rollout) -> None:
    """Report the numbers and the progress; with nothing to report, come back when the deadline is over."""
    changed = _with_failure(_with_progress(_reported(rollout), rollout), rollout)
    _write(rollout, changed)
    if not rollout.context.wrote:
        _watch_deadline(rollout)


def _write(rollout: Rollout, changed: Document) -> None:
    if changed["status"] == rollout.status:
        return
    status = changed["status"]
    args = {
        "deployment": rollout.reference, "available": count(status, "availableReplicas"), "want": rollout.wanted,
        "updated": count(status, "updatedReplicas"),
    }
    rollout.context.update(changed, subresource="status", story=Story("deployment.status", args, FOLDED))


# --- numbers ----------------------------------------------------------------------------------------------------


def _reported(rollout: Rollout) -> Document:
    """The Deployment with its numbers and the condition Available (calculateStatus). Zeros are left out."""
    deployment = rollout.deployment
    available = sum(map(replicasets.available, rollout.all))
    numbers = {
        "observedGeneration": deployment["metadata"]["generation"],
        "replicas": sum(map(replicasets.current, rollout.all)),
        "updatedReplicas": 0 if rollout.new is None else replicasets.current(rollout.new),
        "readyReplicas": sum(map(replicasets.ready, rollout.all)),
        "availableReplicas": available,
        "unavailableReplicas": max(0, rollout.total - available),
    }
    status: Document = {field: number for field, number in numbers.items() if number}
    terminating = _terminating(rollout)
    if terminating is not None:
        status["terminatingReplicas"] = terminating
    for kept in ("conditions", "collisionCount"):
        if kept in rollout.status:
            status[kept] = rollout.status[kept]
    return with_condition({**deployment, "status": status}, _availability(rollout, available))


def _terminating(rollout: Rollout) -> int | None:
    """Pods that are going; None when a ReplicaSet does not say (GetTerminatingReplicaCountForReplicaSets)."""
    statuses = [replicaset.get("status") or {} for replicaset in rollout.all]
    if any(count(status, "observedGeneration") and "terminatingReplicas" not in status for status in statuses):
        return None
    return sum(count(status, "terminatingReplicas") for status in statuses)


def _availability(rollout: Rollout, available: int) -> Document:
    now = rollout.context.now
    if available >= rollout.least_available:
        message = "Deployment has minimum availability."
        return condition("Available", "True", "MinimumReplicasAvailable", message, now)
    message = "Deployment does not have minimum availability."
    return condition("Available", "False", "MinimumReplicasUnavailable", message, now)


# --- progress ---------------------------------------------------------------------------------------------------


def _with_progress(changed: Document, rollout: Rollout) -> Document:
    deployment, now = rollout.deployment, rollout.context.now
    if deployments.progress_deadline(deployment) is None:
        return without_condition(changed, "Progressing")
    present, status = deployments.condition(deployment, "Progressing"), changed["status"]
    all_updated = count(status, "replicas") == count(status, "updatedReplicas")
    if all_updated and present is not None and present["reason"] == AVAILABLE:
        return changed
    subject = f'Deployment "{metadata.name(deployment)}"'
    if rollout.new is not None:
        subject = f'ReplicaSet "{metadata.name(rollout.new)}"'
    if deployments.is_complete(deployment, status):
        return with_condition(changed, progressing(AVAILABLE, f"{subject} has successfully progressed.", now))
    if _made_progress(rollout.status, status):
        return _with_news(changed, progressing(UPDATED, f"{subject} is progressing.", now), present)
    if present is not None and _timed_out(deployment, present, now):
        late = condition("Progressing", "False", TIMED_OUT, f"{subject} has timed out progressing.", now)
        return with_condition(changed, late)
    return changed


def _made_progress(before: Document, after: Document) -> bool:
    """Whether Pods were updated or became ready or available, or old ones went (DeploymentProgressing)."""
    old_before = count(before, "replicas") - count(before, "updatedReplicas")
    old_after = count(after, "replicas") - count(after, "updatedReplicas")
    grown = ("updatedReplicas", "readyReplicas", "availableReplicas")
    return old_after < old_before or any(count(after, field) > count(before, field) for field in grown)


def _with_news(changed: Document, news: Document, present: Document | None) -> Document:
    """Progress is noted with its time even if the reason is the same: the deadline counts from here."""
    if present is not None and present["status"] == "True":
        news = {**news, "lastTransitionTime": present["lastTransitionTime"]}
    return with_condition(without_condition(changed, "Progressing"), news)


def deadline(deployment: Document, present: Document) -> int:
    """When the time without progress is over (virtual ms)."""
    seconds = deployments.progress_deadline(deployment)
    assert seconds is not None
    return times.parse(present["lastUpdateTime"]) + seconds * times.SECOND


def _timed_out(deployment: Document, present: Document, now: int) -> bool:
    if present["reason"] == AVAILABLE:
        return False
    return present["reason"] == TIMED_OUT or deadline(deployment, present) < now


def _watch_deadline(rollout: Rollout) -> None:
    """Come back after the deadline; a watchdog (requeueStuckDeployment)."""
    deployment, now = rollout.deployment, rollout.context.now
    present = deployments.condition(deployment, "Progressing")
    if present is None or deployments.progress_deadline(deployment) is None:
        return
    # A rollout that has succeeded once cannot time out, whatever becomes of its Pods.
    if present["reason"] in (TIMED_OUT, AVAILABLE):
        return
    if deployments.is_complete(deployment, rollout.status):
        return
    left = deadline(deployment, present) - now
    # With less than a second left the real one tries again at once, until the moment has come.
    rollout.context.again(left + (times.SECOND if left >= times.SECOND else 1), quiet=True)


# --- failures ---------------------------------------------------------------------------------------------------


def _with_failure(changed: Document, rollout: Rollout) -> Document:
    """A ReplicaSet that cannot make Pods tells through its Deployment; the new one's word goes first."""
    for replicaset in ([] if rollout.new is None else [rollout.new]) + rollout.old:
        found = replicasets.condition(replicaset, REPLICA_FAILURE)
        if found is not None:
            return with_condition(changed, _failure(found))
    return without_condition(changed, REPLICA_FAILURE)


def _failure(found: Document) -> Document:
    since = found["lastTransitionTime"]
    return {
        "type": found["type"], "status": found["status"], "lastUpdateTime": since, "lastTransitionTime": since,
        "reason": found["reason"], "message": dig(found, "message", default=""),
    }
