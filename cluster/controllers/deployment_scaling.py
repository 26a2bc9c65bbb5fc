"""Scaling a Deployment outside its rollout: when `replicas` changed in the middle of one, or while it is paused.

pkg/controller/deployment/sync.go (scale, isScalingEvent) and util/deployment_util.go (GetReplicaSetProportion).
"""

from __future__ import annotations

from typing import Any

from cluster.controllers.deployment_rollout import REPLICASETS, Rollout, number_annotation, scale
from cluster.objects import metadata
from cluster.objects.documents import Document
from cluster.objects.kinds import deployment as deployments
from cluster.objects.kinds import replicaset as replicasets
from cluster.objects.kinds.deployment import count

# Private note: sizes that were worked out together and are written one by one, for one generation of the Deployment.
SIZES = "sizes"


def is_scaling_event(rollout: Rollout) -> bool:
    """Whether an active ReplicaSet was made for another number of replicas than the Deployment has now."""
    if _planned(rollout):
        return True
    noted = (number_annotation(replicaset, deployments.DESIRED_REPLICAS) for replicaset in rollout.active)
    return any(desired is not None and desired != rollout.wanted for desired in noted)


def scale_all(rollout: Rollout) -> None:
    """Write the next size. The only active ReplicaSet gets everything, several get their shares."""
    plan = _planned(rollout)
    if plan:
        _follow(rollout, plan)
        return
    only = _active_or_latest(rollout)
    if only is not None:
        scale(rollout, only, rollout.wanted, {"decision": "scale", "desired": rollout.wanted})
    elif _is_saturated(rollout):
        for old in rollout.active_old:
            scale(rollout, old, 0, {"decision": "saturated", "desired": rollout.wanted})
            return
    elif deployments.is_rolling(rollout.deployment) and rollout.active:
        _follow(rollout, [list(pair) for pair in proportional_sizes(rollout).items()])


def _planned(rollout: Rollout) -> list[list[Any]]:
    plan = rollout.context.memory(rollout.note(SIZES), {})
    if plan.get("generation") != rollout.deployment["metadata"]["generation"]:
        return []
    return plan["sizes"]


def _follow(rollout: Rollout, plan: list[list[Any]]) -> None:
    """Write the first planned size that is not yet so, and remember the others."""
    while plan and not rollout.context.wrote:
        (name, size), *plan = plan
        replicaset = rollout.context.get(REPLICASETS, metadata.namespace(rollout.deployment), name)
        if replicaset is not None:
            numbers = {"desired": rollout.wanted, "maxTotal": rollout.most, "total": rollout.total}
            scale(rollout, replicaset, size, {"decision": "proportional", **numbers}, force=True)
    generation = rollout.deployment["metadata"]["generation"]
    if plan:
        rollout.context.remember(rollout.note(SIZES), {"generation": generation, "sizes": plan})
    else:
        rollout.context.forget(rollout.note(SIZES))


def _active_or_latest(rollout: Rollout) -> Document | None:
    """The only active ReplicaSet, or the newest when none is active; None when several are (FindActiveOrLatest)."""
    active = rollout.active
    if len(active) == 1:
        return active[0]
    if active:
        return None
    return rollout.new if rollout.new is not None else (rollout.old[-1] if rollout.old else None)


def _is_saturated(rollout: Rollout) -> bool:
    new, wanted = rollout.new, rollout.wanted
    return (
        new is not None
        and replicasets.wanted(new) == wanted
        and number_annotation(new, deployments.DESIRED_REPLICAS) == wanted
        and replicasets.available(new) == wanted
    )


# --- shares -----------------------------------------------------------------------------------------------------


def proportional_sizes(rollout: Rollout) -> dict[str, int]:
    """The size that each active ReplicaSet gets by name, larger ones first; what is left over goes to the largest."""
    allowed = rollout.most if rollout.wanted > 0 else 0
    to_add = allowed - rollout.total
    # Among equals newer ones grow first, older ones shrink first.
    by_age = sorted(rollout.active, key=deployments.by_creation, reverse=to_add > 0)
    # Sorting keeps the order of equals, also in reverse.
    ordered = sorted(by_age, key=replicasets.wanted, reverse=True)
    sizes, added = {}, 0
    for replicaset in ordered:
        share = _share(rollout, replicaset, to_add, added)
        sizes[metadata.name(replicaset)] = replicasets.wanted(replicaset) + share
        added += share
    largest = metadata.name(ordered[0])
    sizes[largest] = max(0, sizes[largest] + to_add - added)
    return sizes


def _share(rollout: Rollout, replicaset: Document, to_add: int, added: int) -> int:
    """How much of `to_add` this ReplicaSet takes when others have taken `added` (GetReplicaSetProportion)."""
    if to_add == added:
        return 0
    share, left = _fraction(rollout, replicaset), to_add - added
    return min(share, left) if to_add > 0 else max(share, left)


def _fraction(rollout: Rollout, replicaset: Document) -> int:
    """How much its size has to change to stay the same part of the whole (getReplicaSetFraction)."""
    size = replicasets.wanted(replicaset)
    if rollout.wanted == 0:
        return -size
    before = number_annotation(replicaset, deployments.MAX_REPLICAS) or count(rollout.status, "replicas")
    if before == 0:
        return 0
    # Halves round away from zero; sizes are never negative.
    return (2 * size * rollout.most + before) // (2 * before) - size
