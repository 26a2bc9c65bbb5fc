"""The DaemonSet controller: one Pod on every node that may have one (pkg/controller/daemon/daemon_controller.go).

Which nodes those are stands in daemonset_nodes.py, the rolling update in daemonset_update.py, the revisions in
revision_history.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from cluster.apiserver.errors import APIError
from cluster.controllers import daemonset_update, pod_control, revision_history
from cluster.controllers.daemonset_nodes import Wish, pod_for, target_node, wish
from cluster.machinery.component import Change, Component, Context, Key, Reader
from cluster.machinery.story import FOLDED, NARRATED, Story, object_reference
from cluster.objects import metadata, times
from cluster.objects.documents import Document, with_value
from cluster.objects.kinds import controllerrevision as revisions
from cluster.objects.kinds import daemonset as daemonsets
from cluster.objects.kinds import node as nodes
from cluster.objects.kinds import pod as pods
from cluster.objects.template_hash import template_hash

RESOURCE = daemonsets.RESOURCE
# A failed Pod is deleted at once, the next one after a while that doubles (failedPodsBackoff).
FAILED_BACKOFF = 1 * times.SECOND
FAILED_BACKOFF_MAXIMUM = 15 * times.MINUTE
# In memory: (FAILED, namespace, name, node) -> {"generation", "since", "delay"}
FAILED = "failed"

ByNode = dict[str, list[Document]]


class Surplus(NamedTuple):
    """A Pod to delete and the rule that says why."""

    pod: Document
    rule: str


class DaemonSetController(Component):
    name = "daemonset-controller"
    watches = (RESOURCE, "pods", "nodes", revisions.RESOURCE)

    def keys_for(self, change: Change, view: Reader) -> Iterable[Key]:
        if change.table == RESOURCE:
            return [change.key]
        if change.table != "nodes":
            return pod_control.keys_for_owned(change, view, "DaemonSet", RESOURCE, daemonsets.selector)
        return self.all_keys(view) if _may_matter(change.old, change.new) else []

    def reconcile(self, context: Context, key: Key) -> None:
        daemonset = context.get(RESOURCE, *key)
        if daemonset is None:
            for note, _ in context.memories(FAILED, *key):
                context.forget(note)
            return
        selector = daemonsets.selector(daemonset)
        claim = pod_control.claim(context, daemonset, "pods", selector)
        if claim.adopt or claim.release:
            _claim_one(context, daemonset, claim)
            return
        if metadata.is_being_deleted(daemonset):
            return
        if revision_history.claim_one(context, daemonset, selector):
            return
        current = current_revision(context, daemonset)
        if current is None:
            return
        hash_ = metadata.labels(current)[daemonsets.HASH_LABEL]
        wishes = {metadata.name(node): wish(daemonset, node) for node in context.list("nodes")}
        placed = by_node(claim.owned)
        _manage(context, daemonset, placed, wishes, hash_)
        if not context.wrote:
            _forget_revision(context, daemonset, current, claim.owned)
        if not context.wrote:
            _report(context, daemonset, placed, wishes, hash_)
        if not context.wrote:
            _look_again_for_availability(context, daemonset, claim.owned)


def _may_matter(old: Document | None, new: Document | None) -> bool:
    """Whether a change of a node may change where daemons run; heartbeats do not (shouldIgnoreNodeUpdate)."""
    if old is None or new is None:
        return True
    return metadata.labels(old) != metadata.labels(new) or nodes.taints(old) != nodes.taints(new)


def by_node(owned: Iterable[Document]) -> ByNode:
    """The Pods by the node they are on or meant for. One that has ended and is being deleted is done with."""
    found: ByNode = {}
    for pod in owned:
        if not (pods.is_terminal(pod) and metadata.is_being_deleted(pod)) and target_node(pod):
            found.setdefault(target_node(pod), []).append(pod)
    return found


def _claim_one(context: Context, daemonset: Document, claim: pod_control.Claim) -> None:
    act, pod = pod_control.first_change(claim, daemonset)
    reference = object_reference(RESOURCE, daemonset)
    args = {"daemonset": reference, "pod": object_reference("pods", pod)}
    context.update(pod, story=Story(f"daemonset.{act}", args, NARRATED, (reference,)))


# --- revisions --------------------------------------------------------------------------------------------------


def current_revision(context: Context, daemonset: Document) -> Document | None:
    """The revision of the template; None after the write that made or renumbered it (constructHistory)."""
    data, known = revisions.kept_template(daemonset), revision_history.owned(context, daemonset)
    current = revision_history.equal_to(data, known)
    newest = max((revisions.number(one) for one in known if one not in current), default=0) + 1
    if not current:
        _keep_revision(context, daemonset, data, newest)
        return None
    if revisions.number(current[-1]) < newest:
        revision_history.renumber(context, daemonset, current[-1], newest)
        return None
    return current[-1]


def _keep_revision(context: Context, daemonset: Document, data: Document, number: int) -> None:
    hash_ = template_hash(daemonset["spec"]["template"], daemonset["status"].get("collisionCount"))
    meta = {
        "name": f"{metadata.name(daemonset)}-{hash_}",
        "namespace": metadata.namespace(daemonset),
        "labels": {**metadata.labels(daemonset["spec"]["template"]), daemonsets.HASH_LABEL: hash_},
        "annotations": metadata.annotations(daemonset),
        "ownerReferences": [metadata.controller_reference(daemonset)],
    }
    document = {"apiVersion": "apps/v1", "kind": "ControllerRevision", "metadata": meta, "data": data, "revision": number}
    try:
        revision_history.keep(context, daemonset, document)
    except APIError as error:
        if error.reason != "AlreadyExists":
            raise
        # Another template has the same hash: the next one is made with a count in it.
        collisions = (daemonset["status"].get("collisionCount") or 0) + 1
        story = Story("daemonset.collision", {"daemonset": object_reference(RESOURCE, daemonset)}, FOLDED)
        changed = with_value(daemonset, ("status", "collisionCount"), collisions)
        context.update(changed, subresource="status", story=story)


def _forget_revision(context: Context, daemonset: Document, current: Document, owned: Iterable[Document]) -> None:
    old = [one for one in revision_history.owned(context, daemonset) if one is not current]
    live = {metadata.labels(pod).get(daemonsets.HASH_LABEL, "") for pod in owned}
    revision_history.forget_one(context, daemonset, old, live, daemonsets.history_limit(daemonset))


# --- making and deleting Pods -----------------------------------------------------------------------------------


def _manage(
    context: Context, daemonset: Document, placed: ByNode, wishes: Mapping[str, Wish], hash_: str
) -> None:
    """Make or delete the first Pod that is missing or too many; when all is as it should be, go on with the update."""
    missing: list[str] = []
    surplus: list[Surplus] = []
    for name, wanted in wishes.items():
        more, less = _on_node(context, daemonset, name, wanted, placed.get(name), hash_)
        missing += more
        surplus += less
    surplus += [
        Surplus(pod, "node-gone") for name, found in placed.items() if name not in wishes
        for pod in found if not pods.node_name(pod)
    ]
    if not missing and not surplus and daemonsets.is_rolling(daemonset):
        plan = daemonset_update.plan(daemonset, placed, wishes, hash_, context.now)
        missing, surplus = plan.create, [Surplus(*entry) for entry in plan.delete]
    if missing:
        _create(context, daemonset, missing[0], hash_)
    elif surplus:
        _delete(context, daemonset, surplus[0])


def _on_node(
    context: Context, daemonset: Document, name: str, wanted: Wish, placed: list[Document] | None, hash_: str
) -> tuple[list[str], list[Surplus]]:
    """What a node lacks (itself, or nothing) and which Pods on it are too many (podsShouldBeOnNode)."""
    if wanted.run and placed is None:
        return [name], []
    alive = [pod for pod in placed or () if not metadata.is_being_deleted(pod)]
    if not wanted.stay:
        return [], [Surplus(pod, "unwanted-node") for pod in alive]
    ended = [pod for pod in alive if pods.is_terminal(pod)]
    running = sorted((pod for pod in alive if not pods.is_terminal(pod)), key=_by_age)
    surplus = [Surplus(pod, pods.phase(pod).lower()) for pod in ended if may_replace(context, daemonset, name, pod)]
    if not daemonsets.max_surge(daemonset, 1):
        return [], surplus + [Surplus(pod, "second") for pod in running[1:]]
    if not running and wanted.run:
        return [name], surplus
    return [], surplus + _surging_surplus(daemonset, running, hash_, context.now)


def _by_age(pod: Document) -> tuple[bool, str, str]:
    """Bound Pods first, then the oldest (podByCreationTimestampAndPhase)."""
    return not pods.node_name(pod), pod["metadata"]["creationTimestamp"], metadata.name(pod)


def may_replace(context: Context, daemonset: Document, node: str, pod: Document) -> bool:
    """Whether a Pod that ended may be deleted now: one that failed only after its back-off."""
    if pods.phase(pod) == "Succeeded":
        return True
    known = context.memory((FAILED, *_key(daemonset), node))
    if known is None or known["generation"] != daemonset["status"].get("observedGeneration"):
        return True
    left = known["since"] + known["delay"] - context.now
    if left > 0:
        context.again(left)
    return left <= 0


def _note_failure(context: Context, daemonset: Document, node: str) -> None:
    note = (FAILED, *_key(daemonset), node)
    known, generation = context.memory(note), daemonset["status"].get("observedGeneration")
    delay = FAILED_BACKOFF
    if known is not None and known["generation"] == generation:
        expired = context.now - known["since"] > 2 * FAILED_BACKOFF_MAXIMUM
        delay = FAILED_BACKOFF if expired else min(2 * known["delay"], FAILED_BACKOFF_MAXIMUM)
    context.remember(note, {"generation": generation, "since": context.now, "delay": delay})


def _surging_surplus(daemonset: Document, running: Sequence[Document], hash_: str, now: int) -> list[Surplus]:
    """With maxSurge a node may have two Pods: an old one that serves and a new one that does not yet."""
    if len(running) <= 1:
        return []
    new = [pod for pod in running if metadata.labels(pod).get(daemonsets.HASH_LABEL) == hash_]
    old = [pod for pod in running if pod not in new]
    surplus = [Surplus(pod, "second") for pod in [*new[1:], *old[1:]]]
    if new and old and not pods.is_ready(old[0]):
        surplus.append(Surplus(old[0], daemonset_update.OLD_UNAVAILABLE))
    elif new and old and pods.is_available(new[0], daemonsets.min_ready_seconds(daemonset), now):
        surplus.append(Surplus(old[0], daemonset_update.REPLACED))
    return surplus


def _create(context: Context, daemonset: Document, node: str, hash_: str) -> None:
    reference = object_reference(RESOURCE, daemonset)
    args = {"daemonset": reference, "pod": "", "node": node}
    story = Story("daemonset.create-pod", args, NARRATED, (reference, f"nodes//{node}"))
    try:
        pod = context.create(pod_for(daemonset, node, hash_), story=story)
    except APIError as error:
        if pod_control.namespace_is_terminating(error):
            return
        context.event(daemonset, "Warning", "FailedCreate", f"Error creating: {error.message}")
        raise
    # The server has only now made up the name.
    args["pod"] = object_reference("pods", pod)
    context.event(daemonset, "Normal", "SuccessfulCreate", f"Created pod: {metadata.name(pod)}")


def _delete(context: Context, daemonset: Document, surplus: Surplus) -> None:
    pod, node = surplus.pod, target_node(surplus.pod)
    reference, name = object_reference(RESOURCE, daemonset), metadata.name(pod)
    if surplus.rule == "failed":
        _note_failure(context, daemonset, node)
        note = f"Found failed daemon pod {metadata.namespace(pod)}/{name} on node {node}, will try to kill it"
        context.event(daemonset, "Warning", "FailedDaemonPod", note)
    elif surplus.rule == "succeeded":
        note = f"Found succeeded daemon pod {metadata.namespace(pod)}/{name} on node {node}, will try to delete it"
        context.event(daemonset, "Normal", "SucceededDaemonPod", note)
    args = {"daemonset": reference, "pod": object_reference("pods", pod), "node": node}
    why: dict[str, Any] = {"decision": "daemon", "rule": surplus.rule, "node": node}
    story = Story(f"daemonset.delete-{surplus.rule}", args, NARRATED, (reference,))
    try:
        context.delete("pods", *_key(pod), story=story, why=why)
    except APIError as error:
        context.event(daemonset, "Warning", "FailedDelete", f"Error deleting: {error.message}")
        raise
    context.event(daemonset, "Normal", "SuccessfulDelete", f"Deleted pod: {name}")


def _key(document: Document) -> tuple[str, str]:
    return metadata.namespace(document), metadata.name(document)


# --- status -----------------------------------------------------------------------------------------------------


def _report(
    context: Context, daemonset: Document, placed: ByNode, wishes: Mapping[str, Wish], hash_: str
) -> None:
    status = _status(daemonset, placed, wishes, hash_, context.now)
    if status == daemonset.get("status"):
        return
    args = {
        "daemonset": object_reference(RESOURCE, daemonset),
        "desired": status["desiredNumberScheduled"], "ready": status["numberReady"],
    }
    story = Story("daemonset.status", args, FOLDED)
    context.update({**daemonset, "status": status}, subresource="status", story=story)


def _status(daemonset: Document, placed: ByNode, wishes: Mapping[str, Wish], hash_: str, now: int) -> Document:
    """updateDaemonSetStatus; of several Pods on a node the oldest counts. Optional zeros are left out as the API does."""
    desired = {name for name, wanted in wishes.items() if wanted.run}
    first = {name: min(found, key=_by_age) for name, found in placed.items() if name in desired}
    ready = [pod for pod in first.values() if pods.is_ready(pod)]
    delay = daemonsets.min_ready_seconds(daemonset)
    available = sum(pods.is_available(pod, delay, now) for pod in ready)
    optional = {
        "updatedNumberScheduled": sum(daemonset_update.is_updated(daemonset, pod, hash_) for pod in first.values()),
        "numberAvailable": available,
        "numberUnavailable": len(desired) - available,
        "collisionCount": daemonset["status"].get("collisionCount"),
    }
    return {
        "currentNumberScheduled": len(first),
        "numberMisscheduled": sum(name in wishes and name not in desired for name in placed),
        "desiredNumberScheduled": len(desired),
        "numberReady": len(ready),
        "observedGeneration": daemonset["metadata"]["generation"],
        **{field: number for field, number in optional.items() if number},
    }


def _look_again_for_availability(context: Context, daemonset: Document, owned: Iterable[Document]) -> None:
    """Readiness becomes availability by time alone, and no write tells of that."""
    delay = daemonsets.min_ready_seconds(daemonset)
    waits = [pods.available_in(pod, delay, context.now) for pod in owned] if delay else []
    left = [wait for wait in waits if wait]
    if left:
        context.again(min(left))
