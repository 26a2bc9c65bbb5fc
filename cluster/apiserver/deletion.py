"""Deletion: grace periods, finalizers, propagation (apiserver/pkg/registry/rest/delete.go, .../generic/registry/store.go)."""

from __future__ import annotations

from cluster.apiserver import errors
from cluster.objects import metadata, times
from cluster.objects.documents import Document, dig, with_value
from cluster.objects.registry import Kind

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"
PROPAGATION_FINALIZER = {"Foreground": FOREGROUND, "Orphan": ORPHAN, "Background": None}
DEFAULT_POD_GRACE = 30


def check_preconditions(kind: Kind, stored: Document, uid: str, resource_version: str) -> None:
    """Raise Conflict unless the stored object is the one that the client means."""
    name = metadata.name(stored)
    if uid and uid != metadata.uid(stored):
        why = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {metadata.uid(stored)}"
        raise errors.conflict(kind, name, why)
    version = stored["metadata"]["resourceVersion"]
    if resource_version and resource_version != version:
        why = (
            f"Precondition failed: ResourceVersion in precondition: {resource_version}, "
            f"ResourceVersion in object meta: {version}"
        )
        raise errors.conflict(kind, name, why)


def is_finished(document: Document) -> bool:
    """Whether nothing holds the object any longer: it is marked, its grace is over, no finalizer is left."""
    if not metadata.is_being_deleted(document) or metadata.finalizers(document):
        return False
    if document["kind"] == "Namespace" and dig(document, "spec", "finalizers", default=[]):
        return False
    return document["metadata"].get("deletionGracePeriodSeconds", 0) == 0


def marked(kind: Kind, stored: Document, grace: int | None, propagation: str | None, now: int) -> Document:
    """The object with its deletion begun, or brought forward: a grace period can only shrink."""
    seconds = _grace_seconds(kind, stored, grace)
    document = _with_propagation(kind, stored, propagation)
    if metadata.is_being_deleted(stored) and seconds >= stored["metadata"].get("deletionGracePeriodSeconds", 0):
        return document
    meta = {**document["metadata"], "deletionTimestamp": times.rfc3339(now + seconds * times.SECOND)}
    if kind.resource == "namespaces":
        # Marked by a storage of their own, which knows no grace (pkg/registry/core/namespace/storage/storage.go).
        return with_value({**document, "metadata": meta}, ("status", "phase"), "Terminating")
    return {**document, "metadata": {**meta, "deletionGracePeriodSeconds": seconds}}


def _grace_seconds(kind: Kind, stored: Document, grace: int | None) -> int:
    """Only Pods have graceful deletion, and only while a kubelet has something to stop (pkg/registry/core/pod/strategy.go)."""
    if kind.resource != "pods":
        return 0
    if not dig(stored, "spec", "nodeName") or dig(stored, "status", "phase") in ("Succeeded", "Failed"):
        return 0
    if grace is not None:
        return max(0, grace)
    return int(dig(stored, "spec", "terminationGracePeriodSeconds", default=DEFAULT_POD_GRACE))


def _with_propagation(kind: Kind, stored: Document, propagation: str | None) -> Document:
    """A new policy replaces the finalizer of an earlier one; without a policy what stands stays."""
    present = metadata.finalizers(stored)
    if propagation is None:
        if metadata.is_being_deleted(stored) or kind.default_propagation == "Background":
            return stored
        propagation = kind.default_propagation
    if propagation not in PROPAGATION_FINALIZER:
        raise errors.bad_request(
            f'invalid propagationPolicy "{propagation}": allowed are Background, Foreground, Orphan'
        )
    finalizer = PROPAGATION_FINALIZER[propagation]
    wanted = [name for name in present if name not in (FOREGROUND, ORPHAN)]
    if finalizer:
        wanted.append(finalizer)
    return stored if wanted == present else metadata.with_finalizers(stored, wanted)
