"""The StatefulSet controller: Pods with lasting names, one after another (pkg/controller/statefulset).

Each turn makes one write: a claim, a Pod, a deletion, or the status. With OrderedReady every Pod waits until those
before it are available, and an update goes from the highest ordinal down and never past a Pod that is not ready: that
is why a broken update stays broken even after it is undone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from cluster.apiserver.errors import APIError
from cluster.controllers import pod_control, revision_history, statefulset_claims
from cluster.controllers.statefulset_pods import (
    Members,
    Revisions,
    has_identity,
    is_member,
    is_running_and_ready,
    is_unavailable,
    members,
    new_pod,
    revision_of,
    with_identity,
)
from cluster.machinery.component import Change, Component, Context, Key, Reader
from cluster.machinery.story import FOLDED, NARRATED, Story, object_reference
from cluster.objects import metadata
from cluster.objects.documents import Document
from cluster.objects.kinds import controllerrevision as revisions
from cluster.objects.kinds import pod as pods
from cluster.objects.kinds import statefulset as statefulsets
from cluster.objects.template_hash import revision_hash

RESOURCE = statefulsets.RESOURCE
# In memory: (STATUS, namespace, name) -> the status of a turn that has made its write and has still to be reported.
STATUS = "status"
# What is compared before a status is written (inconsistentStatus).
COUNTS = ("replicas", "readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas")


class Blocked(Exception):
    """This turn can do nothing more. `why` is a record for a Pod that everything waits for, or None."""

    def __init__(self, why: dict[str, Any] | None = None) -> None:
        super().__init__()
        self.why = why


class StatefulSetController(Component):
    name = "statefulset-controller"
    # It is not told of its revisions: it looks at them when something else wakes it (NewStatefulSetController).
    watches = (RESOURCE, "pods", statefulset_claims.RESOURCE)

    def keys_for(self, change: Change, view: Reader) -> Iterable[Key]:
        if change.table == RESOURCE:
            return [change.key]
        if change.table == statefulset_claims.RESOURCE:
            return _keys_for_claim(view, change)
        return pod_control.keys_for_owned(change, view, "StatefulSet", RESOURCE, statefulsets.selector)

    def reconcile(self, context: Context, key: Key) -> None:
        statefulset = context.get(RESOURCE, *key)
        if statefulset is None:
            context.forget((STATUS, *key))
            return
        selector = statefulsets.selector(statefulset)
        claim = pod_control.claim(
            context, statefulset, "pods", selector, lambda pod: is_member(statefulset, pod) or _is_owned(pod, statefulset)
        )
        if claim.adopt or claim.release:
            _claim_one(context, statefulset, claim)
            return
        if not metadata.is_being_deleted(statefulset) and revision_history.claim_one(context, statefulset, selector):
            return
        found = revisions_of(context, statefulset)
        if found is not None:
            _sync(context, statefulset, found, claim.owned)


def _keys_for_claim(view: Reader, change: Change) -> list[Key]:
    """StatefulSets one of whose Pods uses the claim: a claim that goes away is made again."""
    claim = change.new or change.old
    if change.new is not None and not metadata.is_being_deleted(change.new):
        return []
    return [
        (metadata.namespace(one), metadata.name(one)) for one in view.list(RESOURCE, metadata.namespace(claim))
        if any(metadata.name(claim).startswith(f"{metadata.name(template)}-{metadata.name(one)}-")
               for template in statefulsets.claim_templates(one))
    ]


def _is_owned(pod: Document, statefulset: Document) -> bool:
    return metadata.is_controlled_by(pod, statefulset)


def _claim_one(context: Context, statefulset: Document, claim: pod_control.Claim) -> None:
    act, pod = pod_control.first_change(claim, statefulset)
    reference = object_reference(RESOURCE, statefulset)
    args = {"statefulset": reference, "pod": object_reference("pods", pod)}
    context.update(pod, story=Story(f"statefulset.{act}", args, NARRATED, (reference,)))


# --- revisions --------------------------------------------------------------------------------------------------


def revisions_of(context: Context, statefulset: Document) -> Revisions | None:
    """The current and the wanted revision; None after the write that made or renumbered one (getStatefulSetRevisions)."""
    data, known = revisions.kept_template(statefulset), revision_history.owned(context, statefulset)
    equal = revision_history.equal_to(data, known)
    if not equal and metadata.is_being_deleted(statefulset):
        # The garbage collector has taken it, and would take the next one too, turn by turn.
        return None
    if not equal:
        _keep_revision(context, statefulset, data, revisions.number(known[-1]) + 1 if known else 1)
        return None
    update = equal[-1]
    if update is not known[-1]:
        revision_history.renumber(context, statefulset, update, revisions.number(known[-1]) + 1)
        return None
    named = statefulset["status"].get("currentRevision")
    return Revisions(next((one for one in known if metadata.name(one) == named), update), update)


def _keep_revision(context: Context, statefulset: Document, data: Document, number: int) -> None:
    """Store the template; while its name is taken by another one, the number of collisions goes into the hash."""
    collisions = int(statefulset["status"].get("collisionCount") or 0)
    namespace, name = metadata.namespace(statefulset), ""
    while not name or context.get(revisions.RESOURCE, namespace, name) is not None:
        hash_ = revision_hash(data, collisions)
        name, collisions = f"{metadata.name(statefulset)[:223]}-{hash_}", collisions + 1
    meta = {
        "name": name,
        "namespace": namespace,
        "labels": {**metadata.labels(statefulset["spec"]["template"]), "controller.kubernetes.io/hash": hash_},
        "annotations": metadata.annotations(statefulset),
        "ownerReferences": [metadata.controller_reference(statefulset)],
    }
    document = {"apiVersion": "apps/v1", "kind": "ControllerRevision", "metadata": meta, "data": data, "revision": number}
    revision_history.keep(context, statefulset, document)


# --- one turn ---------------------------------------------------------------------------------------------------


def _sync(context: Context, statefulset: Document, found: Revisions, owned: list[Document]) -> None:
    placed, failure, why = members(statefulset, owned), None, None
    note = (STATUS, metadata.namespace(statefulset), metadata.name(statefulset))
    left = context.memory(note)
    if left is not None and not statefulsets.is_parallel(statefulset):
        # The turn before made its write and ends with the status as it saw it.
        context.forget(note)
        if _report(context, statefulset, left, None):
            return
    status = _status(statefulset, found, placed, context.now)
    try:
        if not metadata.is_being_deleted(statefulset):
            act(context, statefulset, found, placed)
    except Blocked as blocked:
        why = blocked.why
    except APIError as error:
        failure = error
    if context.wrote:
        if left is None:
            context.remember(note, status)
        return
    context.forget(note)
    if left is not None and _report(context, statefulset, left, None):
        return
    if not _report(context, statefulset, status, why) and failure is None:
        _forget_revision(context, statefulset, found, owned)
        if not context.wrote:
            _look_again_for_availability(context, statefulset, owned)
    if failure is not None:
        raise failure


def act(context: Context, statefulset: Document, found: Revisions, placed: Members) -> None:
    """Make the turn's write, if there is something to do (updateStatefulSet). Raises Blocked when it has to wait."""
    ordered = not statefulsets.is_parallel(statefulset)
    for number, pod in placed.replicas.items():
        _keep_replica(context, statefulset, found, number, pod, ordered)
        if context.wrote:
            return
    for pod in placed.condemned:
        if statefulset_claims.own_as_policy_says(context, statefulset, pod):
            return
    first = _first_unavailable(statefulset, placed, context.now)
    for pod in placed.condemned:
        _let_go(context, statefulset, pod, first, ordered)
        if context.wrote:
            return
    if statefulsets.is_rolling(statefulset):
        _update(context, statefulset, found, placed)


def _keep_replica(
    context: Context, statefulset: Document, found: Revisions, number: int, pod: Document | None, ordered: bool
) -> None:
    """See to one wanted Pod (processReplica)."""
    if pod is None:
        _create(context, statefulset, found, number)
        return
    if pods.is_terminal(pod):
        if not metadata.is_being_deleted(pod):
            _delete(context, statefulset, pod, "ended")
        elif ordered:
            raise Blocked
        return
    if pods.phase(pod) == "Pending":
        problem = statefulset_claims.make_missing(context, statefulset, number)
        if problem:
            raise APIError(500, "InternalError", problem)
        if context.wrote or statefulset_claims.own_as_policy_says(context, statefulset, pod):
            return
    if ordered and is_unavailable(pod, statefulsets.min_ready_seconds(statefulset), context.now):
        raise Blocked(_waits_for(pod, "ordered"))
    if metadata.is_being_deleted(pod):
        return
    if not has_identity(statefulset, pod):
        _restore_identity(context, statefulset, pod)
    else:
        statefulset_claims.own_as_policy_says(context, statefulset, pod)


def _first_unavailable(statefulset: Document, placed: Members, now: int) -> Document | None:
    """The first Pod that is not available: of those wanted, then of those condemned, each from the lowest ordinal up."""
    delay = statefulsets.min_ready_seconds(statefulset)
    candidates = [*placed.replicas.values(), *reversed(placed.condemned)]
    return next((pod for pod in candidates if is_unavailable(pod, delay, now)), None)


def _let_go(
    context: Context, statefulset: Document, pod: Document, first_unavailable: Document | None, ordered: bool
) -> None:
    """Delete a Pod beyond the wanted ones; in order, and not while a lower one is in trouble (processCondemned)."""
    if metadata.is_being_deleted(pod):
        if ordered:
            raise Blocked(_waits_for(pod, "scale-down"))
        return
    available = is_running_and_ready(pod) and not is_unavailable(
        pod, statefulsets.min_ready_seconds(statefulset), context.now
    )
    if ordered and not available and pod is not first_unavailable:
        raise Blocked(_waits_for(first_unavailable or pod, "scale-down"))
    _delete(context, statefulset, pod, "scale-down")


def _update(context: Context, statefulset: Document, found: Revisions, placed: Members) -> None:
    """Delete the highest Pod of another revision; never past one that is not available."""
    border = statefulsets.partition(statefulset) or 0
    targets: Sequence[Document | None] = list(placed.replicas.values())
    for index in range(len(targets) - 1, border - 1, -1):
        pod = targets[index]
        if pod is not None and revision_of(pod) != metadata.name(found.update) and not metadata.is_being_deleted(pod):
            _delete(context, statefulset, pod, "update")
            return
        if is_unavailable(pod, statefulsets.min_ready_seconds(statefulset), context.now):
            raise Blocked(_waits_for(pod, "update") if pod is not None else None)


def _waits_for(pod: Document, rule: str) -> dict[str, Any]:
    return {"decision": "stateful-wait", "rule": rule, "pod": object_reference("pods", pod)}


# --- writes -----------------------------------------------------------------------------------------------------


def _create(context: Context, statefulset: Document, found: Revisions, number: int) -> None:
    pod = new_pod(statefulset, found, number)
    if statefulset_claims.is_stale(context, statefulset, pod):
        raise Blocked
    problem = statefulset_claims.make_missing(context, statefulset, number)
    if context.wrote:
        return
    reference = object_reference(RESOURCE, statefulset)
    args = {"statefulset": reference, "pod": object_reference("pods", pod), "number": number}
    try:
        if problem:
            raise APIError(500, "InternalError", problem)
        context.create(pod, story=Story("statefulset.create-pod", args, NARRATED, (reference,)))
    except APIError as error:
        if error.reason != "AlreadyExists":
            _say(context, statefulset, "create", pod, error)
        raise
    _say(context, statefulset, "create", pod)


def _delete(context: Context, statefulset: Document, pod: Document, rule: str) -> None:
    reference = object_reference(RESOURCE, statefulset)
    args = {"statefulset": reference, "pod": object_reference("pods", pod)}
    why = {"decision": "stateful", "rule": rule, "ordinal": statefulsets.ordinal(pod)}
    story = Story(f"statefulset.delete-{rule}", args, NARRATED, (reference,))
    try:
        context.delete("pods", metadata.namespace(pod), metadata.name(pod), story=story, why=why)
    except APIError as error:
        _say(context, statefulset, "delete", pod, error)
        raise
    _say(context, statefulset, "delete", pod)


def _restore_identity(context: Context, statefulset: Document, pod: Document) -> None:
    """Labels can be put right; a Pod's volumes cannot be changed, so a wrong one is reported again and again."""
    reference = object_reference(RESOURCE, statefulset)
    args = {"statefulset": reference, "pod": object_reference("pods", pod)}
    restored = with_identity(statefulset, pod)
    if restored == pod:
        return
    try:
        context.update(restored, story=Story("statefulset.restore-identity", args, NARRATED, (reference,)))
    except APIError as error:
        _say(context, statefulset, "update", pod, error)
        raise
    _say(context, statefulset, "update", pod)


def _say(context: Context, statefulset: Document, verb: str, pod: Document, error: APIError | None = None) -> None:
    """recordPodEvent"""
    what = f"{verb.capitalize()} Pod {metadata.name(pod)} in StatefulSet {metadata.name(statefulset)}"
    if error is None:
        context.event(statefulset, "Normal", f"Successful{verb.capitalize()}", f"{what} successful")
    else:
        context.event(statefulset, "Warning", f"Failed{verb.capitalize()}", f"{what} failed error: {error.message}")


def _forget_revision(context: Context, statefulset: Document, found: Revisions, owned: Iterable[Document]) -> None:
    limit = statefulsets.history_limit(statefulset)
    if limit < 0:
        return
    live = {metadata.name(found.current), metadata.name(found.update), *map(revision_of, owned)}
    old = [one for one in revision_history.owned(context, statefulset) if metadata.name(one) not in live]
    revision_history.forget_one(context, statefulset, old, (), limit)


# --- status -----------------------------------------------------------------------------------------------------


def _status(statefulset: Document, found: Revisions, placed: Members, now: int) -> Document:
    """computeReplicaStatus and completeRollingUpdate; zeros are left out as the API does."""
    present = [*placed.present, *placed.condemned]
    delay = statefulsets.min_ready_seconds(statefulset)
    ready = [pod for pod in present if is_running_and_ready(pod)]
    counted = [revision_of(pod) for pod in present if not metadata.is_being_deleted(pod)]
    current, update = metadata.name(found.current), metadata.name(found.update)
    numbers = {
        "readyReplicas": len(ready), "currentReplicas": counted.count(current), "updatedReplicas": counted.count(update),
    }
    wanted = statefulsets.replicas(statefulset)
    if statefulsets.is_rolling(statefulset) and (
        numbers["updatedReplicas"] == numbers["readyReplicas"] == len(present) == wanted
    ):
        numbers["currentReplicas"], current = numbers["updatedReplicas"], update
    return {
        "observedGeneration": statefulset["metadata"]["generation"],
        "replicas": len(present),
        **{field: number for field, number in numbers.items() if number},
        "currentRevision": current,
        "updateRevision": update,
        "collisionCount": int(statefulset["status"].get("collisionCount") or 0),
        "availableReplicas": sum(pods.is_available(pod, delay, now) for pod in ready),
    }


def _report(context: Context, statefulset: Document, status: Document, why: dict[str, Any] | None) -> bool:
    """Write the status when a number or a revision in it changed; whether it did (inconsistentStatus)."""
    before = statefulset["status"]
    same = all((status.get(field) or 0) == (before.get(field) or 0) for field in COUNTS) and all(
        status.get(field) == before.get(field) for field in ("currentRevision", "updateRevision")
    )
    if same and status["observedGeneration"] <= before.get("observedGeneration", 0):
        return False
    args = {
        "statefulset": object_reference(RESOURCE, statefulset), "replicas": status["replicas"],
        "ready": status.get("readyReplicas", 0), "updated": status.get("updatedReplicas", 0),
    }
    story = Story("statefulset.status", args, FOLDED)
    context.update({**statefulset, "status": status}, subresource="status", story=story, why=why)
    return True


def _look_again_for_availability(context: Context, statefulset: Document, owned: Iterable[Document]) -> None:
    """Readiness becomes availability by time alone, and no write tells of that."""
    delay = statefulsets.min_ready_seconds(statefulset)
    waits = [pods.available_in(pod, delay, context.now) for pod in owned] if delay else []
    left = [wait for wait in waits if wait]
    if left:
        context.again(min(left))
