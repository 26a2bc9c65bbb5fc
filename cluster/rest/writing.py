"""create, update, patch, delete (apiserver/pkg/endpoints/handlers: create.go, update.go, patch.go, delete.go)."""

from __future__ import annotations

from collections.abc import Sequence

from cluster.apiserver import errors
from cluster.apiserver.errors import APIError
from cluster.apiserver.server import APIServer, FieldValidation, Preconditions
from cluster.objects import metadata, schema
from cluster.objects.documents import Document, dig
from cluster.objects.registry import REGISTRY, Kind
from cluster.rest import bodies, tables
from cluster.rest.messages import Parameters, Request, Response, answer
from cluster.rest.negotiation import form_of
from cluster.rest.paths import Target, no_such_resource
from cluster.rest.selection import selection

VALIDATIONS = ("", "Ignore", "Warn", "Strict")
# Kinds whose deletion answers with the object itself, though it is gone (ReturnDeletedObject in pkg/registry/core).
RETURNED = frozenset({
    "namespaces", "persistentvolumeclaims", "persistentvolumes", "pods", "podtemplates", "resourcequotas", "serviceaccounts",
    "services",
})


def create(server: APIServer, request: Request, target: Target) -> Response:
    """POST to a collection."""
    kind, parameters = target.kind, request.parameters
    form_of(request.header("accept"))
    document = _of_kind(target, bodies.document(request))
    if kind.namespaced and target.namespace is None:
        raise errors.bad_request("an empty namespace may not be set during creation")
    checked, warnings = _field_validation(kind, document, parameters)
    stored = server.create(document, target.namespace or "", dry_run=_dry_run(parameters), field_validation=checked)
    return _written(target, request, server, stored, 201, warnings)


def update(server: APIServer, request: Request, target: Target) -> Response:
    """PUT of an object, its status or its scale."""
    kind, parameters = target.kind, request.parameters
    document = bodies.document(request)
    _check_names(target, document)
    if target.subresource == "scale":
        return answer(server.update_scale(kind.resource, _placed(document, target), dry_run=_dry_run(parameters)))
    document = _placed(_of_kind(target, document), target)
    checked, warnings = _field_validation(kind, document, parameters)
    subresource = "status" if target.subresource == "status" else ""
    stored = server.update(
        document, subresource=subresource, dry_run=_dry_run(parameters), field_validation=checked,
    )
    return _written(target, request, server, stored, 200, warnings)


def patch(server: APIServer, request: Request, target: Target) -> Response:
    """PATCH of an object, its status or its scale."""
    kind = target.kind
    type_, changes = bodies.patch(request)
    stored = server.patch(
        kind.resource, target.namespace or "", target.name, changes, type_, subresource=target.subresource,
        dry_run=_dry_run(request.parameters), version=target.version,
    )
    if target.subresource == "scale":
        return answer(stored)
    return _written(target, request, server, stored, 200, ())


def delete(server: APIServer, request: Request, target: Target) -> Response:
    """DELETE of an object: the object while it is still there, else a Status."""
    kind, options = target.kind, _delete_options(request)
    before = server.read(kind.resource, target.namespace or "", target.name)
    left = server.delete(
        kind.resource, target.namespace or "", target.name, grace=options["grace"], propagation=options["propagation"],
        preconditions=options["preconditions"], dry_run=options["dry_run"],
    )
    if left is not None or kind.resource in RETURNED:
        return answer(target.served(before if left is None else left))
    details = {"name": target.name, "kind": kind.plural, "uid": metadata.uid(before)}
    if kind.group:
        details["group"] = kind.group
    return answer({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details})


def delete_collection(server: APIServer, request: Request, target: Target) -> Response:
    """DELETE of a collection: everything that the selectors select."""
    options, wanted, kind = _delete_options(request), selection(request.parameters, target), target.kind
    if options["dry_run"]:
        found = server.select(kind.resource, target.namespace, wanted.labels, wanted.fields).items
    else:
        found = server.delete_collection(
            kind.resource, target.namespace, wanted.labels, wanted.fields, grace=options["grace"],
            propagation=options["propagation"],
        )
    meta = {"resourceVersion": str(server.revision)}
    items = [target.served(one) for one in found]
    return answer({"kind": f"{kind.kind}List", "apiVersion": target.api_version, "metadata": meta, "items": items})


# --- subresources that are only created ------------------------------------------------------------------------------


def bind(server: APIServer, request: Request, target: Target) -> Response:
    """POST to pods/binding."""
    node = dig(bodies.document(request), "target", "name", default="")
    if not node:
        raise errors.bad_request("Binding.target.name: Required value")
    server.bind(target.namespace or "", target.name, node)
    return answer({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}, 201)


def evict(server: APIServer, request: Request, target: Target) -> Response:
    """POST to pods/eviction."""
    eviction = bodies.document(request)
    options = eviction.get("deleteOptions") or {}
    name = dig(eviction, "metadata", "name", default=target.name)
    if name != target.name:
        raise errors.bad_request("name in URL does not match name in Eviction object")
    dry_run = bool(options.get("dryRun")) or _dry_run(request.parameters)
    server.evict(target.namespace or "", target.name, grace=options.get("gracePeriodSeconds"), dry_run=dry_run)
    return answer({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}, 201)


def finalize(server: APIServer, request: Request, target: Target) -> Response:
    """PUT to namespaces/finalize: the finalizers in its spec, and nothing else."""
    document = bodies.document(request)
    _check_names(target, document)
    stored = server.read(target.kind.resource, "", target.name)
    finalizers = dig(document, "spec", "finalizers", default=[])
    return answer(server.update({**stored, "spec": {**stored.get("spec", {}), "finalizers": finalizers}}))


# --- what all of them ask ---------------------------------------------------------------------------------------------


def _written(
    target: Target, request: Request, server: APIServer, stored: Document, code: int, warnings: Sequence[str]
) -> Response:
    form = form_of(request.header("accept"))
    if form == "table":
        meta = {"resourceVersion": stored["metadata"].get("resourceVersion", "")}
        include = request.parameters.text("includeObject")
        return answer(tables.table(target, [stored], server.now, include, meta), code, warnings)
    return answer(tables.partial(stored) if form == "metadata" else target.served(stored), code, warnings)


def _of_kind(target: Target, document: Document) -> Document:
    """The document, if it is of the collection's kind; one that does not say its type is taken for it."""
    kind, expected = target.kind, target.api_version
    api_version, name = document.get("apiVersion") or expected, document.get("kind") or kind.kind
    if (api_version, name) == (expected, kind.kind):
        return {**document, "apiVersion": expected, "kind": kind.kind}
    if REGISTRY.by_type(api_version, name) is None and not document.get("kind"):
        raise errors.bad_request("Object 'Kind' is missing in body")
    group, _, version = api_version.rpartition("/")
    raise errors.bad_request(
        f"{name} in version \"{version}\" cannot be handled as a {kind.kind}: "
        f"no kind \"{name}\" is registered for version \"{api_version}\""
        if group != kind.group or name != kind.kind else
        f"the API version in the data ({api_version}) does not match the expected API version ({expected})"
    )


def _check_names(target: Target, document: Document) -> None:
    meta = document.get("metadata") or {}
    name = meta.get("name", "")
    if name and name != target.name:
        raise errors.bad_request(
            f"the name of the object ({name}) does not match the name on the URL ({target.name})"
        )
    namespace = meta.get("namespace") or target.namespace
    if target.kind.namespaced and namespace != target.namespace:
        raise errors.bad_request(
            f"the namespace of the object ({namespace}) does not match the namespace on the URL ({target.namespace})"
        )


def _placed(document: Document, target: Target) -> Document:
    meta = {**(document.get("metadata") or {}), "name": target.name}
    if target.kind.namespaced:
        meta["namespace"] = target.namespace
    return {**document, "metadata": meta}


def _dry_run(parameters: Parameters) -> bool:
    values = parameters.all("dryRun")
    if any(value != "All" for value in values):
        shown = " ".join(values)
        raise APIError(422, "Invalid", f'dryRun: Unsupported value: ["{shown}"]: supported values: "All"')
    return bool(values)


def _field_validation(kind: Kind, document: Document, parameters: Parameters) -> tuple[FieldValidation, list[str]]:
    """How strictly to decode, and what to warn of."""
    wanted = parameters.text("fieldValidation")
    if wanted not in VALIDATIONS:
        allowed = '"", "Ignore", "Strict", "Warn"'
        raise APIError(422, "Invalid", f'fieldValidation: Unsupported value: "{wanted}": supported values: {allowed}')
    if wanted == "Strict":
        return "Strict", []
    if wanted == "Ignore":
        return "Ignore", []
    return "Ignore", schema.unknown_fields(document["apiVersion"], kind.kind, document)


def _delete_options(request: Request) -> Document:
    """The options of a delete, from the body or from the address."""
    body, parameters = bodies.options(request), request.parameters
    grace = body.get("gracePeriodSeconds", parameters.number("gracePeriodSeconds"))
    if grace is not None and (not isinstance(grace, int) or isinstance(grace, bool)):
        raise errors.bad_request(f"gracePeriodSeconds: Invalid value: {grace!r}: must be a whole number of seconds")
    propagation = body.get("propagationPolicy") or parameters.text("propagationPolicy") or None
    orphans = body.get("orphanDependents", parameters.on("orphanDependents") if "orphanDependents" in parameters else None)
    if propagation is None and orphans is not None:
        propagation = "Orphan" if orphans else "Background"
    if propagation not in (None, "Background", "Foreground", "Orphan"):
        allowed = '"Background", "Foreground", "Orphan"'
        message = f'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Unsupported value: "{propagation}"'
        raise APIError(422, "Invalid", f"{message}: supported values: {allowed}")
    before = body.get("preconditions") or {}
    return {
        "grace": grace, "propagation": propagation, "dry_run": bool(body.get("dryRun")) or _dry_run(parameters),
        "preconditions": Preconditions(before.get("uid") or "", before.get("resourceVersion") or ""),
    }


def no_verb(target: Target) -> APIError:
    """405, or 404 for a subresource that there is not."""
    if target.subresource and target.subresource not in target.kind.subresources:
        return no_such_resource()
    message = "the server does not allow this method on the requested resource"
    return APIError(405, "MethodNotAllowed", message, {})
