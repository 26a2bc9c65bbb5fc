"""The namespace controller: empties a namespace that is being deleted, then lets it go (pkg/controller/namespace)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from cluster.machinery.component import Change, Component, Context, Key, Reader
from cluster.machinery.story import FOLDED, NARRATED, NORMAL, Story, object_reference
from cluster.objects import metadata, times
from cluster.objects.documents import Document, dig, with_value
from cluster.objects.kinds import namespace as namespaces
from cluster.objects.kinds import pod as pods
from cluster.objects.registry import REGISTRY, Kind

# How long the real controller waits before it begins, so that every API server knows of the deletion.
GRACE = 5 * times.SECOND
# How long it supposes that finalizers take.
FINALIZER_ESTIMATE = 15
# How often it looks at a namespace whose content is overdue; the real one backs off from 5 ms to 1000 s.
RETRY = 10 * times.SECOND
# Finalizers that the cluster's own controllers take off.
OWN_FINALIZERS = {"kubernetes.io/pvc-protection", "batch.kubernetes.io/job-tracking", "foregroundDeletion", "orphan"}
# In memory: (LOOK, name) -> when the namespace is looked at again at the latest (ms)
LOOK = "look"
OK = {
    "NamespaceDeletionDiscoveryFailure": ("ResourcesDiscovered", "All resources successfully discovered"),
    "NamespaceDeletionGroupVersionParsingFailure": ("ParsedGroupVersions", "All legacy kube types successfully parsed"),
    "NamespaceDeletionContentFailure": (
        "ContentDeleted", "All content successfully deleted, may be waiting on finalization",
    ),
    "NamespaceContentRemaining": ("ContentRemoved", "All content successfully removed"),
    "NamespaceFinalizersRemaining": ("ContentHasNoFinalizers", "All content-preserving finalizers finished"),
}


class Remaining(NamedTuple):
    """What is still in the namespace after everything has been asked to go."""

    counts: dict[str, int]  # "pods." -> 2, "deployments.apps" -> 1
    finalizers: dict[str, int]
    estimate: int  # seconds until it may be gone


class NamespaceController(Component):
    """Keys: ("", name) of a namespace."""

    name = "namespace-controller"
    watches = ("namespaces",)

    def keys_for(self, change: Change, view: Reader) -> Iterable[Key]:
        if change.new is None or not metadata.is_being_deleted(change.new):
            return []
        return [change.key]

    def all_keys(self, view: Reader) -> Iterable[Key]:
        return [("", metadata.name(found)) for found in view.list("namespaces") if metadata.is_being_deleted(found)]

    def reconcile(self, context: Context, key: Key) -> None:
        namespace = context.get("namespaces", "", key[1])
        if namespace is None or not metadata.is_being_deleted(namespace):
            return
        if namespaces.FINALIZER not in dig(namespace, "spec", "finalizers", default=[]):
            return
        age = context.now - times.parse(namespace["metadata"]["deletionTimestamp"])
        if age < GRACE:
            context.again(GRACE - age)
            return
        if _delete_one(context, key[1]):
            return
        remaining = _remaining(context, namespace, age)
        told = _with_conditions(namespace, _conditions(key[1], remaining), context.now)
        if told != namespace:
            # The namespace itself has changed: it is looked at again as after any of its changes.
            context.remember((LOOK, key[1]), context.now + GRACE)
            story = Story("namespace.conditions", {"namespace": key[1]}, FOLDED)
            context.update(told, subresource="status", story=story)
        elif remaining.counts:
            _look_later(context, key[1], remaining)
        else:
            context.forget((LOOK, key[1]))
            _finalize(context, namespace)


def _look_later(context: Context, name: str, remaining: Remaining) -> None:
    """Wait about half as long as what is left may take. Foreign finalizers and dead kubelets may take for ever."""
    wait = (remaining.estimate // 2 + 1) * times.SECOND if remaining.estimate else RETRY
    look = context.memory((LOOK, name), 0)
    if look > context.now:
        wait = min(wait, look - context.now)
    context.again(wait, quiet=bool(remaining.finalizers.keys() - OWN_FINALIZERS) or not remaining.estimate)


def _kinds() -> list[Kind]:
    """Kinds in namespaces in the order in which they are emptied: Pods before everything that they may still need."""
    kinds = [kind for kind in REGISTRY if kind.namespaced]
    return sorted(kinds, key=lambda kind: (kind.resource != "pods", kind.resource))


def _delete_one(context: Context, namespace: str) -> bool:
    """Delete the next object that is not yet on its way; False when there is none, or Pods have to go first."""
    for kind in _kinds():
        found = context.list(kind.resource, namespace)
        for document in found:
            if not metadata.is_being_deleted(document):
                _delete(context, kind.resource, document)
                return True
        if found and kind.resource == "pods":
            return False
    return False


def _delete(context: Context, resource: str, document: Document) -> None:
    args = {"object": object_reference(resource, document), "namespace": metadata.namespace(document)}
    weight = FOLDED if resource == "events" else NORMAL
    context.delete(
        resource, metadata.namespace(document), metadata.name(document), propagation="Background",
        story=Story("namespace.delete-content", args, weight),
    )


def _finalize(context: Context, namespace: Document) -> None:
    left = [name for name in namespace["spec"]["finalizers"] if name != namespaces.FINALIZER]
    context.update(
        with_value(namespace, ("spec", "finalizers"), left), subresource="finalize",
        story=Story("namespace.finalize", {"namespace": metadata.name(namespace)}, NARRATED),
    )


def _remaining(context: Reader, namespace: Document, age: int) -> Remaining:
    counts: dict[str, int] = {}
    finalizers: Counter[str] = Counter()
    for kind in _kinds():
        found = context.list(kind.resource, metadata.name(namespace))
        if not found:
            continue
        counts[f"{kind.plural}.{kind.group}"] = len(found)
        finalizers.update(name for document in found for name in metadata.finalizers(document))
        if kind.resource == "pods":
            # The other kinds are not looked at before the Pods are gone.
            grace = _grace(found)
            estimate = 0 if age >= grace * times.SECOND else grace
            return Remaining(counts, dict(finalizers), estimate or (FINALIZER_ESTIMATE if finalizers else 0))
    return Remaining(counts, dict(finalizers), FINALIZER_ESTIMATE if finalizers else 0)


def _grace(found: list[Document]) -> int:
    """The longest grace period of Pods that have not ended, in seconds."""
    running = [pod for pod in found if not pods.is_terminal(pod)]
    return max((dig(pod, "spec", "terminationGracePeriodSeconds", default=0) for pod in running), default=0)


def _gvr(plural: str, _: str, group: str) -> str:
    """A resource as errors spell it: `/v1, Resource=pods`, `apps/v1, Resource=deployments`."""
    resource = f"{plural}.{group}" if group else plural
    return f"{group}/{REGISTRY[resource].version}, Resource={plural}"


def _conditions(name: str, remaining: Remaining) -> dict[str, tuple[str, str]]:
    """The conditions that are not all right: type -> (reason, message) (status_condition_utils.go)."""
    bad = {}
    if remaining.counts:
        texts = sorted(f"{resource} has {count} resource instances" for resource, count in remaining.counts.items())
        bad["NamespaceContentRemaining"] = ("SomeResourcesRemain", "Some resources are remaining: " + ", ".join(texts))
    if remaining.counts and not remaining.estimate:
        kinds = sorted(resource.partition(".") for resource in remaining.counts)
        texts = [f"unexpected items still remain in namespace: {name} for gvr: {_gvr(*kind)}" for kind in kinds]
        message = f"Failed to delete all resource types, {len(texts)} remaining: " + ", ".join(texts)
        bad["NamespaceDeletionContentFailure"] = ("ContentDeletionFailed", message)
    if remaining.finalizers:
        texts = sorted(f"{name} in {count} resource instances" for name, count in remaining.finalizers.items())
        message = "Some content in the namespace has finalizers remaining: " + ", ".join(texts)
        bad["NamespaceFinalizersRemaining"] = ("SomeFinalizersRemain", message)
    return bad


def _with_conditions(namespace: Document, bad: dict[str, tuple[str, str]], now: int) -> Document:
    present = {condition["type"]: condition for condition in dig(namespace, "status", "conditions", default=[])}
    conditions = []
    for type_, fine in OK.items():
        reason, message = bad.get(type_, fine)
        status = "True" if type_ in bad else "False"
        old = present.get(type_)
        since = old["lastTransitionTime"] if old and old["status"] == status else times.rfc3339(now)
        conditions.append({
            "type": type_, "status": status, "lastTransitionTime": since, "reason": reason, "message": message,
        })
    return with_value(namespace, ("status", "conditions"), conditions)
