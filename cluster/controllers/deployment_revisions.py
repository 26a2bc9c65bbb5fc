"""Revisions of a Deployment: its new ReplicaSet, their numbers, and how many old ones are kept.

pkg/controller/deployment/sync.go and util/deployment_util.go.
"""

from __future__ import annotations

from cluster.apiserver.errors import APIError
from cluster.controllers import pod_control
from cluster.controllers.deployment_conditions import (
    CREATE_FAILED,
    CREATED,
    FOUND,
    RESUMED,
    condition,
    progressing,
    with_condition,
)
from cluster.controllers.deployment_rollout import (
    REPLICASETS,
    Rollout,
    replica_annotations,
)
from cluster.machinery.story import FOLDED, NARRATED, NORMAL, Story, object_reference
from cluster.objects import metadata
from cluster.objects.documents import Document, dig, with_value
from cluster.objects.kinds import deployment as deployments
from cluster.objects.kinds import replicaset as replicasets
from cluster.objects.names import SUBDOMAIN_LENGTH
from cluster.objects.template_hash import template_hash

# The longest list of a ReplicaSet's earlier revisions, in characters (maxRevHistoryLengthInChars).
HISTORY_LENGTH = 2000
# Private note: the name of the ReplicaSet that was just created.
JUST_CREATED = "created"


def next_revision(rollout: Rollout) -> int:
    """One more than the highest revision of an old ReplicaSet."""
    return max(map(replicasets.revision, rollout.old), default=0) + 1


def sync_revision(rollout: Rollout) -> None:
    """Bring the annotations of the new ReplicaSet up to date, then the Deployment's revision with them."""
    if rollout.new is None:
        return
    _update_new(rollout, rollout.new)
    if not rollout.context.wrote:
        _update_deployment(rollout, rollout.new)


def _update_new(rollout: Rollout, new: Document) -> None:
    changed = metadata.with_annotations(new, _revision_annotations(rollout, new))
    delay = dig(rollout.deployment, "spec", "minReadySeconds", default=0)
    if delay != replicasets.min_ready_seconds(new):
        changed = with_value(changed, ("spec", "minReadySeconds"), delay)
    if changed["spec"] == new["spec"] and changed["metadata"]["annotations"] == metadata.annotations(new):
        return
    name = object_reference(REPLICASETS, new)
    args = {"deployment": rollout.reference, "replicaset": name, "revision": replicasets.revision(changed)}
    reused = replicasets.revision(changed) != replicasets.revision(new)
    key, weight = ("deployment.reuse-replicaset", NARRATED) if reused else ("deployment.update-replicaset", NORMAL)
    rollout.context.update(changed, story=Story(key, args, weight, (rollout.reference,)))


def _revision_annotations(rollout: Rollout, new: Document) -> dict[str, str]:
    """The Deployment's own annotations and the revision, which only grows (SetNewReplicaSetAnnotations)."""
    given = metadata.annotations(rollout.deployment)
    copied = {key: value for key, value in given.items() if key not in deployments.OWN_ANNOTATIONS}
    before, revision = replicasets.annotation(new, deployments.REVISION), next_revision(rollout)
    if before and not before.isdigit():
        return copied
    if int(before or 0) >= revision:
        return copied
    copied[deployments.REVISION] = str(revision)
    if before:
        copied |= _longer_history(replicasets.annotation(new, deployments.REVISION_HISTORY), before)
    return copied


def _longer_history(history: str, revision: str) -> dict[str, str]:
    """The revisions that a reused ReplicaSet had before; the oldest are dropped when the list gets too long."""
    revisions = [*filter(None, history.split(",")), revision]
    while len(",".join(revisions)) > HISTORY_LENGTH:
        revisions = revisions[1:]
    return {deployments.REVISION_HISTORY: ",".join(revisions)}


def _update_deployment(rollout: Rollout, new: Document) -> None:
    deployment, name = rollout.deployment, metadata.name(new)
    changed = metadata.with_annotations(deployment, {deployments.REVISION: str(replicasets.revision(new))})
    if deployments.progress_deadline(deployment) is not None:
        now, present = rollout.context.now, deployments.condition(deployment, "Progressing")
        created = rollout.context.memory(rollout.note(JUST_CREATED)) == name
        # A ReplicaSet that was created on resuming is not reported: the real controller's write of that conflicts
        # with its own note of the resumption (recorded).
        if created and (present is None or present["reason"] != RESUMED):
            changed = with_condition(changed, progressing(CREATED, f'Created new replica set "{name}"', now))
        elif present is None:
            changed = with_condition(changed, progressing(FOUND, f'Found new replica set "{name}"', now))
    rollout.context.forget(rollout.note(JUST_CREATED))
    if changed == deployment:
        return
    args = {"deployment": rollout.reference, "revision": replicasets.revision(new)}
    rollout.context.update(changed, subresource="status", story=Story("deployment.revision", args, FOLDED))


# --- creating ---------------------------------------------------------------------------------------------------


def ensure_new(rollout: Rollout, size: int, why: Document) -> None:
    """Create the ReplicaSet of the current template with `size` Pods, if there is none. May raise APIError."""
    if rollout.new is not None:
        return
    context, wanted = rollout.context, _new_replicaset(rollout, size)
    name = metadata.name(wanted)
    args = {"deployment": rollout.reference, "replicaset": object_reference(REPLICASETS, wanted), "replicas": size}
    story = Story("deployment.create-replicaset", args, NARRATED, (rollout.reference,))
    try:
        context.create(wanted, story=story, why=why)
    except APIError as error:
        _not_created(rollout, name, error)
        raise
    context.remember(rollout.note(JUST_CREATED), name)
    if size > 0:
        message = f"Scaled up replica set {name} from 0 to {size}"
        context.event(rollout.deployment, "Normal", "ScalingReplicaSet", message)


def _new_replicaset(rollout: Rollout, size: int) -> Document:
    deployment, spec = rollout.deployment, rollout.deployment["spec"]
    found = template_hash(spec["template"], rollout.status.get("collisionCount"))
    labels = {**dig(spec, "template", "metadata", "labels", default={}), replicasets.HASH_LABEL: found}
    selector = with_value(spec["selector"], ("matchLabels", replicasets.HASH_LABEL), found)
    new: Document = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": replicaset_name(metadata.name(deployment), found),
            "namespace": metadata.namespace(deployment),
            "labels": labels,
            "ownerReferences": [metadata.controller_reference(deployment)],
        },
        "spec": {
            "replicas": size,
            "selector": selector,
            "template": with_value(spec["template"], ("metadata", "labels"), labels),
        },
    }
    if spec.get("minReadySeconds"):
        new["spec"]["minReadySeconds"] = spec["minReadySeconds"]
    annotations = {**_revision_annotations(rollout, new), **replica_annotations(rollout)}
    return metadata.with_annotations(new, annotations)


def replicaset_name(deployment: str, template: str) -> str:
    """The Deployment's name, cut if it must be, and the hash of the template (generateReplicaSetName)."""
    return f"{deployment[:SUBDOMAIN_LENGTH - len(template) - 1]}-{template}"


def _not_created(rollout: Rollout, name: str, error: APIError) -> None:
    """Note why there is no new ReplicaSet: a collision of hashes counts up, anything else becomes a condition."""
    deployment, context = rollout.deployment, rollout.context
    if error.reason == "AlreadyExists":
        count = int(rollout.status.get("collisionCount", 0)) + 1
        namespace = metadata.namespace(deployment)
        args = {"deployment": rollout.reference, "replicaset": f"{REPLICASETS}/{namespace}/{name}", "count": count}
        changed = with_value(deployment, ("status", "collisionCount"), count)
        context.update(changed, subresource="status", story=Story("deployment.collision", args, NORMAL))
        return
    if pod_control.namespace_is_terminating(error):
        return
    message = f'Failed to create new replica set "{name}": {error.message}'
    if deployments.progress_deadline(deployment) is not None:
        failed = condition("Progressing", "False", CREATE_FAILED, message, context.now)
        story = Story("deployment.create-failed", {"deployment": rollout.reference, "message": error.message}, NORMAL)
        context.update(with_condition(deployment, failed), subresource="status", story=story)
    context.event(deployment, "Warning", CREATE_FAILED, message)


# --- cleaning up ------------------------------------------------------------------------------------------------


def clean_up(rollout: Rollout) -> None:
    """Delete the oldest empty ReplicaSet beyond the limit of the history (cleanupDeployment)."""
    limit = deployments.history_limit(rollout.deployment)
    if limit is None:
        return
    alive = [replicaset for replicaset in rollout.old if not metadata.is_being_deleted(replicaset)]
    alive.sort(key=lambda replicaset: (replicasets.revision(replicaset), *deployments.by_creation(replicaset)))
    for replicaset in alive[: max(0, len(alive) - limit)]:
        if _is_empty(replicaset):
            name = object_reference(REPLICASETS, replicaset)
            args = {"deployment": rollout.reference, "replicaset": name, "limit": limit}
            story = Story("deployment.delete-replicaset", args, NORMAL, (rollout.reference,))
            key = metadata.namespace(replicaset), metadata.name(replicaset)
            rollout.context.delete(REPLICASETS, *key, story=story)
            return


def _is_empty(replicaset: Document) -> bool:
    observed = dig(replicaset, "status", "observedGeneration", default=0)
    return (
        replicasets.wanted(replicaset) == 0
        and replicasets.current(replicaset) == 0
        and replicaset["metadata"]["generation"] <= observed
    )
