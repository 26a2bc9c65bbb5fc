"""The Deployment controller (pkg/controller/deployment/deployment_controller.go).

Each reconcile works through the parts of a sync in their order and ends with the first write; the next one goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from cluster.controllers import pod_control
from cluster.controllers.deployment_progress import note_pause, sync_status
from cluster.controllers.deployment_revisions import JUST_CREATED, clean_up, sync_revision
from cluster.controllers.deployment_rolling import recreate, roll
from cluster.controllers.deployment_rollout import DEPLOYMENTS, REPLICASETS, Rollout
from cluster.controllers.deployment_scaling import SIZES, is_scaling_event, scale_all
from cluster.machinery.component import Change, Component, Context, Key, Reader
from cluster.machinery.story import NARRATED, Story, object_reference
from cluster.objects import metadata
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import deployment as deployments
from cluster.objects.selectors import LabelSelector


class DeploymentController(Component):
    name = "deployment-controller"
    watches = (DEPLOYMENTS, REPLICASETS, "pods")

    def keys_for(self, change: Change, view: Reader) -> Iterable[Key]:
        if change.table == DEPLOYMENTS:
            return [change.key]
        if change.table == REPLICASETS:
            return _keys_for_replicaset(change, view)
        return _keys_for_gone_pod(change, view)

    def reconcile(self, context: Context, key: Key) -> None:
        deployment = context.get(DEPLOYMENTS, *key)
        if deployment is None:
            for kind in (JUST_CREATED, SIZES):
                context.forget((kind, *key))
            return
        claim = pod_control.claim(context, deployment, REPLICASETS, selector(deployment))
        if claim.adopt or claim.release:
            _claim_one(context, deployment, claim)
            return
        rollout = Rollout(context, deployment, claim.owned)
        if metadata.is_being_deleted(deployment):
            _run(rollout, sync_revision, sync_status)
            return
        _run(rollout, note_pause, sync_revision)
        if not context.wrote:
            _sync(rollout)


def selector(deployment: Document) -> LabelSelector:
    return LabelSelector.from_document(dig(deployment, "spec", "selector"))


def _run(rollout: Rollout, *parts: Callable[[Rollout], None]) -> None:
    """Do the parts in order, up to the first write."""
    for part in parts:
        part(rollout)
        if rollout.context.wrote:
            return


def _sync(rollout: Rollout) -> None:
    if deployments.is_paused(rollout.deployment):
        _run(rollout, scale_all, clean_up, sync_status)
    elif is_scaling_event(rollout):
        _run(rollout, scale_all, sync_status)
    elif deployments.is_rolling(rollout.deployment):
        roll(rollout)
    else:
        recreate(rollout)


# --- waking up --------------------------------------------------------------------------------------------------


def _owner_key(document: Document | None) -> list[Key]:
    reference = metadata.controller_of(document) if document is not None else None
    if document is None or reference is None or reference["kind"] != "Deployment":
        return []
    return [(metadata.namespace(document), reference["name"])]


def _keys_for_replicaset(change: Change, view: Reader) -> Iterable[Key]:
    found = dict.fromkeys(_owner_key(change.old) + _owner_key(change.new))
    new = change.new
    if new is not None and metadata.controller_of(new) is None:
        found |= dict.fromkeys(
            (metadata.namespace(deployment), metadata.name(deployment))
            for deployment in view.list(DEPLOYMENTS, metadata.namespace(new))
            if selector(deployment).matches(metadata.labels(new))
        )
    return list(found)


def _keys_for_gone_pod(change: Change, view: Reader) -> Iterable[Key]:
    """Only Recreate waits for Pods, and only for their end (deletePod)."""
    if change.new is not None:
        return []
    reference = metadata.controller_of(change.old)
    if reference is None or reference["kind"] != "ReplicaSet":
        return []
    keys = _owner_key(view.get(REPLICASETS, change.key[0], reference["name"]))
    found = ((key, view.get(DEPLOYMENTS, *key)) for key in keys)
    return [key for key, deployment in found if deployment is not None and not deployments.is_rolling(deployment)]


# --- claiming ---------------------------------------------------------------------------------------------------


def _claim_one(context: Context, deployment: Document, claim: pod_control.Claim) -> None:
    reference = object_reference(DEPLOYMENTS, deployment)
    verb, replicaset = ("adopt", claim.adopt[0]) if claim.adopt else ("release", claim.release[0])
    change = pod_control.adopted if claim.adopt else pod_control.released
    args = {"deployment": reference, "replicaset": object_reference(REPLICASETS, replicaset)}
    context.update(change(replicaset, deployment), story=Story(f"deployment.{verb}", args, NARRATED, (reference,)))
