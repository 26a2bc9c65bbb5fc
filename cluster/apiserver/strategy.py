"""How an object is brought into the shape in which it is stored: which parts belong to whom.

Clients own the spec, controllers the status, the server parts of the metadata (apiserver/pkg/registry/rest).
"""

from __future__ import annotations

from collections.abc import Callable

from cluster.apiserver import allocators, errors
from cluster.apiserver.reader import Reader
from cluster.objects import metadata, times
from cluster.objects.documents import Document, dig, with_value, without
from cluster.objects.registry import FieldError, Kind
from cluster.objects.selectors import LabelSelector

# Metadata that no client can set or change.
SERVER_FIELDS = ("uid", "creationTimestamp", "resourceVersion", "generation", "selfLink",
                 "deletionTimestamp", "deletionGracePeriodSeconds")
# What no field of the metadata keeps: each of them is left out when it says nothing (ObjectMeta's omitempty).
EMPTY: tuple[object, ...] = (None, {}, [], "")


def for_create(kind: Kind, document: Document, now: int) -> Document:
    """A new object without what clients may not set, with what the server puts in."""
    meta = {name: value for name, value in document["metadata"].items() if name not in SERVER_FIELDS and value not in EMPTY}
    meta["creationTimestamp"] = times.rfc3339(now)
    if kind.counts_generation:
        meta["generation"] = 1
    fresh = {**document, "metadata": meta}
    if "status" in kind.subresources and kind.resource != "nodes":
        fresh = without(fresh, ("status",))
    return kind.prepare(fresh)


def for_update(kind: Kind, document: Document, stored: Document, subresource: str) -> Document:
    """What an update of this (sub)resource may change; everything else is as stored."""
    if subresource == "status":
        # A Deployment's revision is an annotation that its controller writes together with the status.
        noted = document["metadata"].get("annotations") or stored["metadata"].get("annotations")
        new = {**stored, "status": document.get("status", {})}
        return with_value(new, ("metadata", "annotations"), noted) if noted else new
    meta = {name: value for name, value in document["metadata"].items() if name not in SERVER_FIELDS and value not in EMPTY}
    server_side = {name: stored["metadata"][name] for name in SERVER_FIELDS if name in stored["metadata"]}
    new = {**document, "metadata": {**meta, **server_side}}
    if "status" in kind.subresources:
        new = without(new, ("status",))
        if "status" in stored:
            new["status"] = stored["status"]
    return new


def with_generation(kind: Kind, new: Document, stored: Document) -> Document:
    """`generation` grows when the desired state changes, and when deletion begins."""
    if not kind.counts_generation:
        return new
    begun = metadata.is_being_deleted(new) and not metadata.is_being_deleted(stored)
    noted = kind.annotations_count and metadata.annotations(new) != metadata.annotations(stored)
    if new.get("spec") == stored.get("spec") and not begun and not noted:
        return new
    return with_value(new, ("metadata", "generation"), stored["metadata"].get("generation", 0) + 1)


def allocate(
    kind: Kind, new: Document, stored: Document | None, reader: Reader, choose: Callable[[str], str]
) -> Document:
    """Addresses and ports that the server hands out (Services only); raises Invalid when they cannot be had."""
    if kind.resource != "services":
        return new
    return allocators.allocate_service(kind, new, stored, reader, choose)


def bound(pod: Document, node: str, now: int) -> Document:
    """The Pod with its node and the condition PodScheduled (pkg/registry/core/pod/storage/storage.go)."""
    from cluster.objects.registry import REGISTRY

    kind = REGISTRY["pods"]
    name = metadata.name(pod)
    if metadata.is_being_deleted(pod):
        raise errors.conflict(kind, name, f"pod {name} is being deleted, cannot be assigned to a host")
    current = dig(pod, "spec", "nodeName")
    if current:
        raise errors.conflict(kind, name, f'pod {name} is already assigned to node "{current}"')
    condition = {
        "type": "PodScheduled",
        "status": "True",
        "lastProbeTime": None,
        "lastTransitionTime": times.rfc3339(now),
    }
    others = [c for c in dig(pod, "status", "conditions", default=[]) if c["type"] != "PodScheduled"]
    pod = without(with_value(pod, ("spec", "nodeName"), node), ("status", "nominatedNodeName"))
    return with_value(pod, ("status", "conditions"), [*others, condition])


def scale_of(kind: Kind, document: Document) -> Document:
    """The `autoscaling/v1` Scale of an object (pkg/registry/apps/deployment/storage/storage.go)."""
    if "scale" not in kind.subresources:
        raise errors.APIError(404, "NotFound", "the server could not find the requested resource")
    meta = document["metadata"]
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    selector = dig(document, "spec", "selector", default={})
    text = str(LabelSelector.from_document(selector) if kind.group else LabelSelector.from_map(selector))
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {name: meta[name] for name in kept if name in meta},
        "spec": {"replicas": dig(document, "spec", "replicas", default=0)},
        "status": {"replicas": dig(document, "status", "replicas", default=0), "selector": text},
    }


def with_replicas(kind: Kind, stored: Document, scale: Document) -> Document:
    """The object with the replicas that a Scale asks for; raises Invalid for a negative number."""
    replicas = dig(scale, "spec", "replicas", default=0)
    if not isinstance(replicas, int) or replicas < 0:
        detail = f"Invalid value: {replicas}: must be greater than or equal to 0"
        raise errors.APIError(
            422, "Invalid",
            f'Scale.autoscaling "{metadata.name(stored)}" is invalid: '
            + str(FieldError("FieldValueInvalid", "spec.replicas", detail)),
        )
    return with_value(stored, ("spec", "replicas"), replicas)
