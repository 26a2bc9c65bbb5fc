"""The two strategies: how Pods of the new template replace those of the old.

pkg/controller/deployment/rolling.go and recreate.go.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from cluster.controllers.deployment_progress import sync_rollout_status
from cluster.controllers.deployment_revisions import clean_up, ensure_new
from cluster.controllers.deployment_rollout import Rollout, scale
from cluster.objects import metadata
from cluster.objects.documents import Document
from cluster.objects.kinds import deployment as deployments
from cluster.objects.kinds import pod as pods
from cluster.objects.kinds import replicaset as replicasets


class Shrinkage(NamedTuple):
    """What the old ReplicaSets may lose now: at most `removable` Pods, and of them `fewer` of `old` (None: of none).

    `unhealthy`: how many Pods of `old` are not available; those go first, nobody misses them.
    """

    removable: int
    old: Document | None = None
    fewer: int = 0
    unhealthy: int = 0


def roll(rollout: Rollout) -> None:
    """RollingUpdate: grow the new ReplicaSet as far as the surge allows, shrink the old as availability allows."""
    for part in (_ensure_new_rolling, _grow_new, _shrink_old, _clean_up_when_complete, sync_rollout_status):
        part(rollout)
        if rollout.context.wrote:
            return


def recreate(rollout: Rollout) -> None:
    """Recreate: all old Pods go first, and only when they are gone the new ones come."""
    for old in rollout.active_old:
        scale(rollout, old, 0, {"decision": "recreate", "oldPods": replicasets.wanted(old)})
        return
    if old_pods_are_left(rollout):
        sync_rollout_status(rollout)
        return
    for part in (_ensure_new_recreate, _grow_new_fully, _clean_up_when_complete, sync_rollout_status):
        part(rollout)
        if rollout.context.wrote:
            return


def _clean_up_when_complete(rollout: Rollout) -> None:
    if deployments.is_complete(rollout.deployment, rollout.status):
        clean_up(rollout)


# --- rolling update ---------------------------------------------------------------------------------------------


def arithmetic(rollout: Rollout) -> dict[str, Any]:
    """The numbers that a rolling update decides by, as its record of why."""
    new = rollout.new
    return {
        "decision": "rolling-update",
        "desired": rollout.wanted,
        "maxSurge": deployments.max_surge(rollout.deployment),
        "maxUnavailable": deployments.max_unavailable(rollout.deployment),
        "maxTotal": rollout.most,
        "minAvailable": rollout.least_available,
        "total": rollout.total,
        "available": sum(map(_lasting, rollout.all)),
        "new": 0 if new is None else replicasets.wanted(new),
        "newUnavailable": 0 if new is None else replicasets.wanted(new) - replicasets.available(new),
        "old": sum(map(replicasets.wanted, rollout.old)),
    }


def _lasting(replicaset: Document) -> int:
    """Available Pods that will stay: those above the wanted number are as good as gone, reported or not."""
    return min(replicasets.available(replicaset), replicasets.wanted(replicaset))


def new_size(rollout: Rollout) -> int:
    """The size that the new ReplicaSet may grow to now (NewRSNewReplicas)."""
    size = 0 if rollout.new is None else replicasets.wanted(rollout.new)
    room = max(0, rollout.most - rollout.total)
    return size + min(room, rollout.wanted - size)


def _ensure_new_rolling(rollout: Rollout) -> None:
    if rollout.new is None:
        size = new_size(rollout)
        ensure_new(rollout, size, {**arithmetic(rollout), "allowed": size})


def _grow_new(rollout: Rollout) -> None:
    new = rollout.new
    if new is None or replicasets.wanted(new) == rollout.wanted:
        return
    size = min(rollout.wanted, new_size(rollout))
    scale(rollout, new, size, {**arithmetic(rollout), "allowed": size - replicasets.wanted(new)})


def shrinkage(rollout: Rollout) -> Shrinkage:
    """Unhealthy Pods of the oldest ReplicaSets first, then as many as availability allows (reconcileOldReplicaSets)."""
    numbers = arithmetic(rollout)
    removable = numbers["total"] - numbers["minAvailable"] - numbers["newUnavailable"]
    if rollout.new is None or removable <= 0:
        return Shrinkage(max(0, removable))
    for old in rollout.active_old:
        unhealthy = replicasets.wanted(old) - replicasets.available(old)
        if unhealthy > 0:
            return Shrinkage(removable, old, min(removable, unhealthy), unhealthy)
    surplus = numbers["available"] - numbers["minAvailable"]
    if surplus <= 0 or not rollout.active_old:
        return Shrinkage(removable)
    oldest = rollout.active_old[0]
    return Shrinkage(removable, oldest, min(surplus, replicasets.wanted(oldest)))


def _shrink_old(rollout: Rollout) -> None:
    """Scale down one old ReplicaSet."""
    found = shrinkage(rollout)
    if found.old is None:
        return
    why = {**arithmetic(rollout), "removable": found.removable, "allowed": found.fewer}
    if found.unhealthy:
        why["unhealthy"] = found.unhealthy
    scale(rollout, found.old, replicasets.wanted(found.old) - found.fewer, why)


# --- recreate ---------------------------------------------------------------------------------------------------


def old_pods_are_left(rollout: Rollout) -> bool:
    """Whether an old Pod may still run: reported by a ReplicaSet, or there and not ended (oldPodsRunning)."""
    if any(map(replicasets.current, rollout.old)):
        return True
    return any(
        not pods.is_terminal(pod)
        for old in rollout.old for pod in rollout.context.owned("pods", metadata.uid(old))
    )


def _ensure_new_recreate(rollout: Rollout) -> None:
    ensure_new(rollout, rollout.wanted, {"decision": "recreate", "oldPods": 0})


def _grow_new_fully(rollout: Rollout) -> None:
    if rollout.new is not None:
        scale(rollout, rollout.new, rollout.wanted, {"decision": "recreate", "oldPods": 0})
