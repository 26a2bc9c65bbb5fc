"""The ReplicaSet controller: as many active Pods as the spec asks for (pkg/controller/replicaset/replica_set.go).

The ReplicationController's is the same but for the selector and the words (pkg/controller/replication).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cluster.apiserver.errors import APIError
from cluster.controllers import pod_control
from cluster.controllers.replicaset_ranking import to_delete
from cluster.machinery.component import Change, Component, Context, Key, Reader
from cluster.machinery.story import FOLDED, NARRATED, Story, object_reference
from cluster.objects import metadata, times
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import pod as pods
from cluster.objects.kinds import replicaset as replicasets
from cluster.objects.kinds import replicationcontroller as controllers
from cluster.objects.registry import REGISTRY
from cluster.objects.selectors import LabelSelector

RESOURCE = "replicasets.apps"
# What the stories of a kind begin with.
STORIES = {"ReplicaSet": "replicaset", "ReplicationController": "replication"}
# At most so many Pods are made or deleted before the status is reported (BurstReplicas).
BURST = 500
FAILURE = "ReplicaFailure"

# Private notes.
CREATING = "creating"  # the batches of a slow start: {"batch", "left", "made", "failed"}
DELETING = "deleting"  # the Pods chosen to go: [[name, why], …]


class ReplicaSetController(Component):
    name = "replicaset-controller"
    resource, kind = RESOURCE, "ReplicaSet"
    watches = (RESOURCE, "pods")

    def keys_for(self, change: Change, view: Reader) -> Iterable[Key]:
        if change.table == self.resource:
            return [change.key]
        return pod_control.keys_for_owned(change, view, self.kind, self.resource, selector_of)

    def reconcile(self, context: Context, key: Key) -> None:
        replicaset = context.get(self.resource, *key)
        if replicaset is None:
            _forget(context, key)
            return
        claim = pod_control.claim(context, replicaset, "pods", selector_of(replicaset), pods.is_active)
        if claim.adopt or claim.release:
            _claim_one(context, replicaset, claim)
            return
        failure = None
        if not metadata.is_being_deleted(replicaset):
            failure = _manage(context, replicaset, claim.owned)
            if context.wrote:
                return
        _report(context, replicaset, claim, failure)
        if failure is not None:
            raise failure
        if not context.wrote:
            _look_again_for_availability(context, replicaset, claim.owned)


def selector_of(owner: Document) -> LabelSelector:
    """A ReplicationController's selector is a mere map."""
    return replicasets.selector(owner) if owner["kind"] == "ReplicaSet" else controllers.selector(owner)


def _reference(owner: Document) -> str:
    return object_reference(REGISTRY.of(owner).resource, owner)


def _story(owner: Document, act: str, args: dict[str, Any], weight: int = NARRATED) -> Story:
    """`args` gets the owner too; a status is about nothing else and names no further object."""
    reference = _reference(owner)
    objects = (reference,) if weight == NARRATED else ()
    return Story(f"{STORIES[owner['kind']]}.{act}", {"replicaset": reference, **args}, weight, objects)


# --- claiming ---------------------------------------------------------------------------------------------------


def _claim_one(context: Context, replicaset: Document, claim: pod_control.Claim) -> None:
    act, pod = pod_control.first_change(claim, replicaset)
    context.update(pod, story=_story(replicaset, act, {"pod": object_reference("pods", pod)}))


# --- making and deleting Pods -----------------------------------------------------------------------------------


def _note(kind: str, document: Document) -> Key:
    return (kind, metadata.namespace(document), metadata.name(document))


def _forget(context: Context, key: Key) -> None:
    for kind in (CREATING, DELETING):
        context.forget((kind, *key))


def _manage(context: Context, replicaset: Document, active: list[Document]) -> APIError | None:
    """Make or delete one Pod if there are too few or too many; the error when that failed for this time."""
    missing = replicasets.wanted(replicaset) - len(active)
    if missing <= 0:
        context.forget(_note(CREATING, replicaset))
    if missing >= 0:
        context.forget(_note(DELETING, replicaset))
    if missing > 0:
        return _create(context, replicaset, len(active))
    if missing < 0:
        return _delete(context, replicaset, active, -missing)
    return None


def _create(context: Context, replicaset: Document, have: int) -> APIError | None:
    """Make one Pod of the current batch. Batches double while all goes well and end with the first one that fails."""
    want, note = replicasets.wanted(replicaset), _note(CREATING, replicaset)
    plan: dict[str, Any] = context.memory(note) or {"batch": 1, "left": 1, "made": 0, "failed": None}
    if plan["left"] == 0 and plan["failed"] is None:
        size = min(2 * plan["batch"], want - have, BURST - plan["made"])
        plan = {**plan, "batch": size, "left": size}
    while plan["left"] > 0:
        plan = {**plan, "left": plan["left"] - 1}
        try:
            _create_one(context, replicaset, have, want)
        except APIError as error:
            if not pod_control.namespace_is_terminating(error):
                context.event(replicaset, "Warning", "FailedCreate", f"Error creating: {error.message}")
                plan = {**plan, "failed": [error.code, error.reason, error.message]}
            continue
        context.remember(note, {**plan, "made": plan["made"] + 1})
        return None
    context.forget(note)
    return APIError(*plan["failed"]) if plan["failed"] else None


def _create_one(context: Context, replicaset: Document, have: int, want: int) -> None:
    story = _story(replicaset, "create-pod", {"pod": "", "have": have, "want": want})
    pod = context.create(pod_control.pod_from_template(replicaset["spec"]["template"], replicaset), story=story)
    # The server has only now made up the name.
    story.args["pod"] = object_reference("pods", pod)
    context.event(replicaset, "Normal", "SuccessfulCreate", f"Created pod: {metadata.name(pod)}")


def _delete(context: Context, replicaset: Document, active: list[Document], surplus: int) -> APIError | None:
    """Delete the next of the Pods that were chosen when the surplus was found."""
    note = _note(DELETING, replicaset)
    alive = {metadata.name(pod) for pod in active}
    plan = [entry for entry in context.memory(note, []) if entry[0] in alive][:surplus]
    if not plan:
        related = related_pods(context, replicaset)
        plan = [[*doomed] for doomed in to_delete(active, related, min(surplus, BURST), context.now)]
    (name, why), rest = plan[0], plan[1:]
    namespace = metadata.namespace(replicaset)
    args = {"pod": f"pods/{namespace}/{name}", "have": len(active), "want": replicasets.wanted(replicaset)}
    context.remember(note, rest)
    try:
        story = _story(replicaset, _deletion(replicaset, why["rule"]), args)
        context.delete("pods", namespace, name, story=story, why={"decision": "scale-down", **why})
    except APIError as error:
        context.forget(note)
        context.event(replicaset, "Warning", "FailedDelete", f"Error deleting: {error.message}")
        return APIError(error.code, error.reason, f"unable to delete pods: {error.message}")
    context.event(replicaset, "Normal", "SuccessfulDelete", f"Deleted pod: {name}")
    return None


def _deletion(replicaset: Document, rule: str) -> str:
    """Which sentence tells of a deletion: a ReplicaSet's says by which rule the Pod was chosen."""
    return "delete-pod" if rule == "all" or replicaset["kind"] != "ReplicaSet" else f"delete-pod.{rule}"


def related_pods(context: Reader, replicaset: Document) -> list[Document]:
    """Pods of all ReplicaSets with the same owner; none for a ReplicaSet without one (getIndirectlyRelatedPods)."""
    owner = metadata.controller_of(replicaset)
    if owner is None:
        return []
    siblings = context.owned(REGISTRY.of(replicaset).resource, owner["uid"])
    return [pod for sibling in siblings for pod in context.owned("pods", metadata.uid(sibling))]


# --- status -----------------------------------------------------------------------------------------------------


def _report(context: Context, replicaset: Document, claim: pod_control.Claim, failure: APIError | None) -> None:
    status = _status(context, replicaset, claim, failure)
    if status == replicaset.get("status"):
        return
    args = {"replicas": status["replicas"], "ready": status.get("readyReplicas", 0)}
    story = _story(replicaset, "status", args, FOLDED)
    context.update({**replicaset, "status": status}, subresource="status", story=story)


def _status(context: Context, replicaset: Document, claim: pod_control.Claim, failure: APIError | None) -> Document:
    """calculateStatus in pkg/controller/replicaset/replica_set_utils.go; zeros are left out as the API does."""
    template = (dig(replicaset, "spec", "template", "metadata", "labels") or {}).items()
    delay, active = replicasets.min_ready_seconds(replicaset), claim.owned
    ready = [pod for pod in active if pods.is_ready(pod)]
    counts = {
        "fullyLabeledReplicas": sum(template <= metadata.labels(pod).items() for pod in active),
        "readyReplicas": len(ready),
        "availableReplicas": sum(pods.is_available(pod, delay, context.now) for pod in ready) if delay else len(ready),
    }
    status: Document = {
        "replicas": len(active),
        **{field: count for field, count in counts.items() if count},
        "observedGeneration": replicaset["metadata"]["generation"],
    }
    if replicaset["kind"] == "ReplicaSet":
        status["terminatingReplicas"] = len(_terminating(replicaset, claim.unwanted))
    conditions = _conditions(context, replicaset, len(active), failure)
    return {**status, "conditions": conditions} if conditions else status


def _terminating(replicaset: Document, inactive: list[Document]) -> list[Document]:
    selector = selector_of(replicaset)
    return [
        pod for pod in inactive
        if metadata.is_being_deleted(pod) and not pods.is_terminal(pod) and selector.matches(metadata.labels(pod))
    ]


def _conditions(context: Context, replicaset: Document, have: int, failure: APIError | None) -> list[Document]:
    present: list[Document] = dig(replicaset, "status", "conditions", default=[])
    if failure is None:
        return [condition for condition in present if condition["type"] != FAILURE]
    if replicasets.condition(replicaset, FAILURE) is not None:
        return present
    reason = "FailedCreate" if have < replicasets.wanted(replicaset) else "FailedDelete"
    condition = {
        "type": FAILURE, "status": "True", "lastTransitionTime": times.rfc3339(context.now),
        "reason": reason, "message": failure.message,
    }
    return [*present, condition]


def _look_again_for_availability(context: Context, replicaset: Document, active: list[Document]) -> None:
    """Readiness becomes availability by time alone, and no write tells of that."""
    delay = replicasets.min_ready_seconds(replicaset)
    if not delay:
        return
    waits = [pods.available_in(pod, delay, context.now) for pod in active]
    left = [wait for wait in waits if wait]
    if left:
        context.again(min(left))
