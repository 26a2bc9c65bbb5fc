"""Why a Deployment waits: the numbers that bound its rollout, and the Pods that it waits for."""

from __future__ import annotations

from collections.abc import Iterator

from cluster.apiserver.reader import Reader
from cluster.controllers import pod_control
from cluster.controllers.deployment import DeploymentController, selector
from cluster.controllers.deployment_progress import REPLICA_FAILURE, deadline
from cluster.controllers.deployment_rolling import arithmetic, new_size, old_pods_are_left, shrinkage
from cluster.controllers.deployment_rollout import REPLICASETS, Rollout
from cluster.controllers.deployment_scaling import is_scaling_event
from cluster.controllers.explanation.hindrance import hindrances
from cluster.controllers.explanation.words import MEND, NEXT, STATE, SUM, Explained, Word, seconds, word
from cluster.machinery.rehearsal import Stage
from cluster.objects import metadata
from cluster.objects.documents import Document
from cluster.objects.kinds import deployment as deployments
from cluster.objects.kinds import pod as pods
from cluster.objects.kinds import replicaset as replicasets


def explained(reader: Reader, deployment: Document) -> Explained:
    return Explained(waiting(reader, deployment), [])


def waiting(reader: Reader, deployment: Document) -> list[Word]:
    """What the Deployment's controller sees, counts and waits for at this moment."""
    return list(_words(rollout_of(reader, deployment)))


def rollout_of(reader: Reader, deployment: Document) -> Rollout:
    """The Deployment with its ReplicaSets, to be asked for numbers; what would be written goes nowhere."""
    key = (metadata.namespace(deployment), metadata.name(deployment))
    stage = Stage(reader.world, DeploymentController.name, key)
    return Rollout(stage, deployment, pod_control.claim(stage, deployment, REPLICASETS, selector(deployment)).owned)


def _words(rollout: Rollout) -> Iterator[Word]:
    deployment, status = rollout.deployment, rollout.status
    complete = deployments.is_complete(deployment, status)
    yield word(
        "deployment.complete" if complete else "deployment.state", STATE, name=metadata.name(deployment), want=rollout.wanted,
        updated=deployments.count(status, "updatedReplicas"), available=deployments.count(status, "availableReplicas"),
        total=deployments.count(status, "replicas"),
    )
    if complete or metadata.is_being_deleted(deployment):
        return
    if deployments.count(status, "observedGeneration") < deployment["metadata"].get("generation", 0):
        yield word("deployment.unobserved", NEXT)
    if deployments.is_paused(deployment):
        yield word("deployment.paused")
        yield word("deployment.paused-mend", MEND, name=metadata.name(deployment))
    elif is_scaling_event(rollout):
        yield word("deployment.scaling", NEXT, want=rollout.wanted)
    elif not deployments.is_rolling(deployment):
        yield from _recreating(rollout)
    elif rollout.new is None:
        yield word("deployment.no-replicaset", NEXT)
    else:
        yield from _rolling(rollout)
    yield from _failures(rollout)
    yield from _progress(rollout)


# --- rolling update ----------------------------------------------------------------------------------------------


def _rolling(rollout: Rollout) -> Iterator[Word]:
    numbers = arithmetic(rollout)
    yield word(
        "deployment.bounds", SUM, want=numbers["desired"], surge=numbers["maxSurge"], most=numbers["maxTotal"],
        unavailable=numbers["maxUnavailable"], least=numbers["minAvailable"],
    )
    size, shrinks = new_size(rollout), shrinkage(rollout)
    yield word(
        "deployment.room", SUM, total=numbers["total"], most=numbers["maxTotal"],
        room=max(0, numbers["maxTotal"] - numbers["total"]), lacking=numbers["desired"] - numbers["new"],
    )
    yield word(
        "deployment.removable", SUM, total=numbers["total"], least=numbers["minAvailable"], young=numbers["newUnavailable"],
        removable=shrinks.removable,
    )
    if shrinks.unhealthy and shrinks.old is not None:
        yield word(
            "deployment.unhealthy", NEXT, count=shrinks.unhealthy, replicaset=metadata.name(shrinks.old), fewer=shrinks.fewer,
        )
    if size > numbers["new"] or shrinks.old is not None:
        yield word("deployment.goes-on", NEXT, add=max(0, size - numbers["new"]), fewer=shrinks.fewer)
    elif not shrinks.removable and numbers["old"]:
        yield word("deployment.floor", available=numbers["available"], least=numbers["minAvailable"])
    yield from _new_pods(rollout)


def _new_pods(rollout: Rollout) -> Iterator[Word]:
    """The Pods of the new ReplicaSet that do not count yet."""
    if rollout.new is None:
        return
    lacking = replicasets.wanted(rollout.new) - replicasets.available(rollout.new)
    if lacking > 0:
        yield word("deployment.waits-new", count=lacking, replicaset=metadata.name(rollout.new))
    active = filter(pods.is_active, rollout.context.owned("pods", metadata.uid(rollout.new)))
    yield from hindrances(rollout.context, active, replicasets.min_ready_seconds(rollout.new))
    yield from _leaving(rollout)


def _leaving(rollout: Rollout) -> Iterator[Word]:
    """Old Pods on their way out; they no longer count, and nobody waits for them but the eye."""
    going = [
        metadata.name(pod) for old in rollout.old for pod in rollout.context.owned("pods", metadata.uid(old))
        if metadata.is_being_deleted(pod)
    ]
    if going:
        yield word("deployment.leaving", SUM, pods=going)


# --- recreate ----------------------------------------------------------------------------------------------------


def _recreating(rollout: Rollout) -> Iterator[Word]:
    yield word("deployment.recreate", SUM)
    if rollout.active_old:
        yield word("deployment.goes-on", NEXT, add=0, fewer=sum(map(replicasets.wanted, rollout.active_old)))
        return
    if not old_pods_are_left(rollout):
        yield from _new_pods(rollout)
        return
    left = [
        pod for old in rollout.old for pod in rollout.context.owned("pods", metadata.uid(old)) if not pods.is_terminal(pod)
    ]
    yield word("deployment.old-left", pods=[metadata.name(pod) for pod in left])
    yield from hindrances(rollout.context, (pod for pod in left if metadata.is_being_deleted(pod)))


# --- what is wrong -----------------------------------------------------------------------------------------------


def _failures(rollout: Rollout) -> Iterator[Word]:
    for replicaset in rollout.all:
        found = replicasets.condition(replicaset, REPLICA_FAILURE)
        if found is not None:
            name = metadata.name(replicaset)
            yield word("deployment.replica-failure", replicaset=name, message=found.get("message", ""))


def _progress(rollout: Rollout) -> Iterator[Word]:
    """How long it may go on without progress before it is called stuck."""
    present = deployments.condition(rollout.deployment, "Progressing")
    allowed = deployments.progress_deadline(rollout.deployment)
    if present is None or allowed is None or deployments.is_paused(rollout.deployment):
        return
    if present["reason"] == deployments.DEADLINE_EXCEEDED:
        yield word("deployment.timed-out", allowed=allowed)
        yield word("deployment.timed-out-mend", MEND, name=metadata.name(rollout.deployment))
    elif present["reason"] != "NewReplicaSetAvailable":
        left = deadline(rollout.deployment, present) - rollout.context.now
        yield word("deployment.deadline", NEXT, allowed=allowed, left=seconds(left))
