"""The garbage collector: what nobody owns any longer goes (pkg/controller/garbagecollector).

The real one keeps a graph of all objects; here the server's index from owner to dependents is that graph.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from cluster.apiserver.deletion import FOREGROUND, ORPHAN
from cluster.machinery.component import Change, Component, Context, Key, Preconditions, Reader
from cluster.machinery.story import FOLDED, NORMAL, Story, object_reference
from cluster.objects import metadata
from cluster.objects.documents import Document
from cluster.objects.registry import REGISTRY

# Neither owns nor is owned, and there are many of them.
IGNORED = ("events",)

Reference = dict[str, Any]


class UnresolvableOwner(Exception):
    """An owner of a kind that does not exist here, or a namespaced owner of an object of cluster scope: left alone."""


class Owners(NamedTuple):
    """The owner references of an object by what has become of the owner (classifyReferences)."""

    solid: list[Reference]
    dangling: list[Reference]
    waiting: list[Reference]  # the owner is being deleted and waits for its dependents


class GarbageCollector(Component):
    """Keys: (resource, namespace, name) of an owner or a dependent."""

    name = "garbage-collector-controller"

    @property
    def watches(self) -> tuple[str, ...]:  # type: ignore[override]
        return tuple(kind.resource for kind in REGISTRY if kind.resource not in IGNORED)

    def keys_for(self, change: Change, view: Reader) -> Iterable[Key]:
        if change.new is None:
            return [*_dependents(view, change.old), *_waiting_owners(view, change.old)]
        keys: list[Key] = []
        if _waits(change.new) and (change.old is None or not _waits(change.old)):
            keys += [(change.table, *change.key), *_dependents(view, change.new)]
        if change.old is None or metadata.owner_references(change.old) != metadata.owner_references(change.new):
            keys += [(change.table, *change.key)] if _has_loose_owner(view, change.new) else []
            keys += _waiting_owners(view, change.old) if change.old is not None else []
        return keys

    def all_keys(self, view: Reader) -> Iterable[Key]:
        return [
            (table, metadata.namespace(document), metadata.name(document))
            for table in self.watches for document in view.list(table)
            if _waits(document) or _has_loose_owner(view, document)
        ]

    def reconcile(self, context: Context, key: Key) -> None:
        resource, namespace, name = key
        document = context.get(resource, namespace, name)
        if document is None:
            return
        if metadata.is_being_deleted(document):
            _finish_deletion(context, resource, document)
        elif metadata.owner_references(document):
            _collect(context, resource, document)


# --- what wakes the collector ----------------------------------------------------------------------------------------


def _waits(document: Document) -> bool:
    """Whether its deletion waits for this controller."""
    held = {FOREGROUND, ORPHAN} & set(metadata.finalizers(document))
    return bool(held) and metadata.is_being_deleted(document)


def _dependents(view: Reader, owner: Document) -> list[Key]:
    return [
        (table, metadata.namespace(found), metadata.name(found))
        for table, found in view.dependents(metadata.uid(owner))
    ]


def _waiting_owners(view: Reader, dependent: Document) -> list[Key]:
    """Owners that may go now that this dependent is gone or no longer theirs."""
    keys: list[Key] = []
    for reference in metadata.owner_references(dependent):
        place = owner_place(reference, dependent)
        owner = view.get(*place) if place else None
        if place and owner is not None and _waits(owner):
            keys.append(place)
    return keys


def _has_loose_owner(view: Reader, document: Document) -> bool:
    """Whether any owner of the object is gone, or going and waiting for it."""
    for reference in metadata.owner_references(document):
        place = owner_place(reference, document)
        owner = view.get(*place) if place else None
        if owner is None or metadata.uid(owner) != reference["uid"] or _waits(owner):
            return True
    return False


def owner_place(reference: Reference, dependent: Document) -> tuple[str, str, str] | None:
    """Where an owner is to be found: in the dependent's namespace or in none; None when there is no such place."""
    kind = REGISTRY.by_type(reference["apiVersion"], reference["kind"])
    namespace = metadata.namespace(dependent)
    if kind is None or (kind.namespaced and not namespace):
        return None
    return kind.resource, namespace if kind.namespaced else "", reference["name"]


# --- deletion that waits for the dependents --------------------------------------------------------------------------


def _finish_deletion(context: Context, resource: str, owner: Document) -> None:
    if ORPHAN in metadata.finalizers(owner):
        _orphan_dependents(context, resource, owner)
    elif FOREGROUND in metadata.finalizers(owner) and not blocking(context, owner):
        _drop_finalizer(context, resource, owner, FOREGROUND)


def blocking(context: Reader, owner: Document) -> list[Document]:
    """Dependents whose reference says that the owner must not go before them."""
    uid = metadata.uid(owner)
    return [
        found for _, found in context.dependents(uid)
        if any(r["uid"] == uid and r.get("blockOwnerDeletion") for r in metadata.owner_references(found))
    ]


def _orphan_dependents(context: Context, resource: str, owner: Document) -> None:
    for table, dependent in context.dependents(metadata.uid(owner)):
        freed = _without_owners(dependent, {metadata.uid(owner)})
        args = {"object": object_reference(table, dependent), "owner": object_reference(resource, owner)}
        context.update(freed, story=Story("gc.orphan", args, NORMAL, (args["owner"],)))
        return
    _drop_finalizer(context, resource, owner, ORPHAN)


def _drop_finalizer(context: Context, resource: str, owner: Document, finalizer: str) -> None:
    kept = [name for name in metadata.finalizers(owner) if name != finalizer]
    story = Story("gc.finish", {"object": object_reference(resource, owner), "finalizer": finalizer}, NORMAL)
    context.update(metadata.with_finalizers(owner, kept), story=story)


def _without_owners(document: Document, uids: set[str]) -> Document:
    left = [reference for reference in metadata.owner_references(document) if reference["uid"] not in uids]
    meta = {field: value for field, value in document["metadata"].items() if field != "ownerReferences"}
    return {**document, "metadata": {**meta, "ownerReferences": left} if left else meta}


# --- objects whose owners are gone -----------------------------------------------------------------------------------


def _classify(context: Reader, document: Document) -> Owners:
    owners = Owners([], [], [])
    for reference in metadata.owner_references(document):
        place = owner_place(reference, document)
        if place is None:
            raise UnresolvableOwner
        owner = context.get(*place)
        if owner is None or metadata.uid(owner) != reference["uid"]:
            owners.dangling.append(reference)
        elif metadata.is_being_deleted(owner) and FOREGROUND in metadata.finalizers(owner):
            owners.waiting.append(reference)
        else:
            owners.solid.append(reference)
    return owners


def _collect(context: Context, resource: str, document: Document) -> None:
    """Decide about an object with owners (attemptToDeleteItem)."""
    try:
        owners = _classify(context, document)
    except UnresolvableOwner:
        return
    if owners.solid:
        _drop_references(context, resource, document, [*owners.dangling, *owners.waiting])
    elif owners.waiting and context.dependents(metadata.uid(document)):
        if _is_circular(context, document):
            _unblock(context, resource, document)
            return
        _delete(context, resource, document, owners.waiting[0], "Foreground")
    else:
        for reference in owners.dangling:
            _report_other_namespace(context, document, reference)
        _delete(context, resource, document, (owners.waiting or owners.dangling)[0], _own_policy(document))


def _is_circular(context: Reader, document: Document) -> bool:
    """Whether a dependent may be waiting for this object while this object would wait for it."""
    blocks = any(reference.get("blockOwnerDeletion") for reference in metadata.owner_references(document))
    return blocks and any(_waits(found) for _, found in context.dependents(metadata.uid(document)))


def _unblock(context: Context, resource: str, document: Document) -> None:
    """Its owners need no longer wait for it: that opens the circle."""
    freed = [{**reference, "blockOwnerDeletion": False} for reference in metadata.owner_references(document)]
    opened = {**document, "metadata": {**document["metadata"], "ownerReferences": freed}}
    context.update(opened, story=Story("gc.unblock", {"object": object_reference(resource, document)}, FOLDED))


def _own_policy(document: Document) -> str:
    """A policy that the object already asks for by a finalizer is kept."""
    for policy, finalizer in (("Orphan", ORPHAN), ("Foreground", FOREGROUND)):
        if finalizer in metadata.finalizers(document):
            return policy
    return "Background"


def _drop_references(context: Context, resource: str, document: Document, useless: list[Reference]) -> None:
    if not useless:
        return
    freed = _without_owners(document, {reference["uid"] for reference in useless})
    args = {"object": object_reference(resource, document), "owner": useless[0]["name"]}
    context.update(freed, story=Story("gc.unlink", args, FOLDED))


def _report_other_namespace(context: Context, document: Document, reference: Reference) -> None:
    """Tell that an owner exists, but in another namespace, where it cannot own this object (graph_builder.go)."""
    place = owner_place(reference, document)
    if place is None or not REGISTRY[place[0]].namespaced:
        return
    if all(metadata.uid(found) != reference["uid"] for found in context.list(place[0])):
        return
    namespace = metadata.namespace(document)
    identity = (
        f"[{reference['apiVersion']}/{reference['kind']}, namespace: {namespace}, "
        f"name: {reference['name']}, uid: {reference['uid']}]"
    )
    message = f'ownerRef {identity} does not exist in namespace "{namespace}"'
    context.event(document, "Warning", "OwnerRefInvalidNamespace", message)


def _delete(context: Context, resource: str, document: Document, owner: Reference, policy: str) -> None:
    meta = document["metadata"]
    args = {"object": object_reference(resource, document), "owner": f"{owner['kind']} {owner['name']}"}
    context.delete(
        resource, meta.get("namespace", ""), meta["name"], propagation=policy,
        preconditions=Preconditions(meta["uid"], meta["resourceVersion"]),
        story=Story("gc.delete", args, NORMAL), why={"decision": "garbage", "owner": args["owner"], "policy": policy},
    )
