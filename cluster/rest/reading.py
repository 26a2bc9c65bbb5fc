"""get and list (apiserver/pkg/endpoints/handlers/get.go)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cluster.apiserver import errors, paging, strategy
from cluster.apiserver.reader import Reader
from cluster.apiserver.state import World
from cluster.objects.documents import Document
from cluster.rest import tables
from cluster.rest.messages import Request, Response, answer
from cluster.rest.negotiation import Form, form_of
from cluster.rest.paths import Target, no_such_resource
from cluster.rest.selection import Selection, selection, too_large


@dataclass(frozen=True, slots=True)
class View:
    """What can be read: the newest World that may be shown, and past ones as far as they are kept."""

    reader: Reader
    world_at: Callable[[int], World | None]


def get(view: View, request: Request, target: Target) -> Response:
    """One object, or its scale or status."""
    reader, kind = view.reader, target.kind
    form = form_of(request.header("accept"))
    wanted = selection(request.parameters, target).version
    if wanted is not None and wanted > reader.revision:
        raise too_large(wanted, reader.revision)
    found = reader.get(kind.resource, target.namespace or "", target.name)
    if found is None:
        raise errors.not_found(kind, target.name)
    if target.subresource == "scale":
        return answer(strategy.scale_of(kind, found))
    if target.subresource not in ("", "status"):
        raise no_such_resource()
    if form == "table":
        meta = {"resourceVersion": found["metadata"]["resourceVersion"]}
        return answer(tables.table(target, [found], reader.now, request.parameters.text("includeObject"), meta))
    return answer(shaped(target, found, form))


def shaped(target: Target, document: Document, form: Form) -> Document:
    """An object as the client wants it."""
    return tables.partial(document) if form == "metadata" else target.served(document)


def select(view: View, request: Request, target: Target) -> Response:
    """A collection, whole or a page of it."""
    form = form_of(request.header("accept"))
    wanted = selection(request.parameters, target)
    found = page(view, target, wanted)
    kind, meta = target.kind, {"resourceVersion": str(found.revision)}
    if found.continue_token:
        meta["continue"] = found.continue_token
    more = {} if found.remaining is None else {"remainingItemCount": found.remaining}
    if form == "table":
        include = request.parameters.text("includeObject")
        return answer(tables.table(target, found.items, view.reader.now, include, {**meta, **more}))
    if form == "metadata":
        items = [tables.partial(document) for document in found.items]
        return answer({
            "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": {**meta, **more}, "items": items,
        })
    return answer({
        "kind": f"{kind.kind}List", "apiVersion": target.api_version, "metadata": {**meta, **more},
        "items": [_bare(target.served(document)) for document in found.items],
    })


def _bare(document: Document) -> Document:
    """Items of a list do not repeat their type."""
    return {field: value for field, value in document.items() if field not in ("kind", "apiVersion")}


def page(view: View, target: Target, wanted: Selection) -> paging.ListResult:
    """The objects that are selected, at the revision that is asked for."""
    reader = view.reader
    if wanted.version is not None and wanted.version > reader.revision:
        raise too_large(wanted.version, reader.revision)
    exact = wanted.match == "Exact" or (wanted.limit and wanted.version and not wanted.match and not wanted.token)
    if exact and wanted.version and wanted.version != reader.revision:
        world = view.world_at(wanted.version)
        if world is None:
            raise errors.expired(f"The resourceVersion for the provided list is too old: {wanted.version}")
        reader = Reader(world)
    return paging.select(
        reader, view.world_at, target.kind, target.namespace, wanted.labels, wanted.fields, wanted.limit, wanted.token
    )
