"""`/openapi/v3`: what can be asked, and the types of everything, made from the published schemas (kube-openapi/pkg/handler3).

`/openapi/v2` is answered with nothing at all: clients that know only that one then do without it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import orjson

from cluster.kubelet.node import VERSION
from cluster.objects import schema
from cluster.objects.documents import Document
from cluster.objects.registry import REGISTRY, Kind
from cluster.rest.messages import JSON, Request, Response, answer
from cluster.rest.paths import no_such_resource

ROOT = "/openapi/v3"
SCHEMAS = "#/components/schemas/"
GVK = "x-kubernetes-group-version-kind"
_BODIES = ("application/json", "application/yaml")
PATCHES = (
    "application/apply-patch+yaml", "application/json-patch+json", "application/merge-patch+json",
    "application/strategic-merge-patch+json",
)


def response(request: Request) -> Response:
    """The index, or the document of a group and version; raises NotFound for one that there is not."""
    path = request.path.rstrip("/")
    if path == "/openapi/v2":
        return Response(200, b"", "application/com.github.proto-openapi.spec.v2.v1.0+protobuf")
    if path == ROOT:
        return answer({"paths": {place: {"serverRelativeURL": f"{ROOT}/{place}?hash={_hash(place)}"} for place in _places()}})
    place = path.removeprefix(f"{ROOT}/")
    if not path.startswith(f"{ROOT}/") or place not in _places():
        raise no_such_resource()
    found = _document(place)
    caching = (("Cache-Control", "public, max-age=31536000, immutable"),) if "hash" in request.parameters else ()
    return Response(200, found, JSON, (*caching, ("Etag", f'"{_hash(place)}"')))


@cache
def _places() -> Mapping[str, str]:
    """apiVersion by place: "v1" at "api/v1", "apps/v1" at "apis/apps/v1"."""
    found = {f"apis/{api_version}" if "/" in api_version else f"api/{api_version}" for api_version in REGISTRY.api_versions}
    return {place: place.partition("/")[2] for place in sorted(found)}


@cache
def _hash(place: str) -> str:
    return hashlib.sha512(_document(place)).hexdigest()[:64].upper()


@cache
def _document(place: str) -> bytes:
    """Measured: 60 ms and 330 KB for "api/v1"; made when it is first asked for."""
    api_version = _places()[place]
    kinds = [kind for kind in REGISTRY if REGISTRY.by_type(api_version, kind.kind) is kind]
    paths = {path: item for kind in kinds for path, item in _paths(place, kind)}
    names = dict.fromkeys(name for kind in kinds for name in (schema.name_for(api_version, kind.kind),) if name)
    return orjson.dumps({
        "openapi": "3.0.0", "info": {"title": "Kubernetes", "version": VERSION}, "paths": paths,
        "components": {"schemas": _schemas([*names, schema.DELETE_OPTIONS])},
    }, option=orjson.OPT_SORT_KEYS)


# --- paths -----------------------------------------------------------------------------------------------------------


def _paths(place: str, kind: Kind) -> Iterator[tuple[str, Document]]:
    api_version = _places()[place]
    base = f"/{place}/namespaces/{{namespace}}/{kind.plural}" if kind.namespaced else f"/{place}/{kind.plural}"
    scope = [_in_path("namespace")] if kind.namespaced else []
    if kind.namespaced:
        yield f"/{place}/{kind.plural}", {"get": _operation(api_version, kind, "list")}
    yield base, {
        "parameters": scope, "get": _operation(api_version, kind, "list"), "post": _operation(api_version, kind, "post", _BODIES),
        "delete": _operation(api_version, kind, "deletecollection"),
    }
    item = {
        "parameters": [_in_path("name"), *scope], "get": _operation(api_version, kind, "get"),
        "put": _operation(api_version, kind, "put", _BODIES),
        "patch": _operation(api_version, kind, "patch", PATCHES), "delete": _operation(api_version, kind, "delete"),
    }
    yield f"{base}/{{name}}", item
    for name in sorted(kind.subresources & {"status", "scale"}):
        yield f"{base}/{{name}}/{name}", {field: item[field] for field in ("parameters", "get", "put", "patch")}


def _in_path(name: str) -> Document:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


_WRITING = [
    {"name": name, "in": "query", "schema": {"type": "string"}} for name in ("dryRun", "fieldManager", "fieldValidation")
]
_LISTING = [
    {"name": name, "in": "query", "schema": {"type": kind}}
    for name, kind in (("labelSelector", "string"), ("fieldSelector", "string"), ("limit", "integer"),
                       ("continue", "string"), ("resourceVersion", "string"), ("watch", "boolean"))
]


def _operation(api_version: str, kind: Kind, action: str, bodies: tuple[str, ...] = ()) -> Document:
    name = schema.name_for(api_version, kind.kind)
    group, _, version = api_version.rpartition("/")
    shape = {"$ref": SCHEMAS + name} if name else {"type": "object"}
    operation: Document = {
        GVK: {"group": group, "version": version, "kind": kind.kind}, "x-kubernetes-action": action,
        "operationId": f"{action}{group}{version}{kind.kind}",
        "responses": {"200": {"description": "OK", "content": {JSON: {"schema": shape}}}},
    }
    if bodies:
        content = {media: {"schema": shape if action != "patch" else {"type": "object"}} for media in bodies}
        operation |= {"parameters": _WRITING, "requestBody": {"content": content, "required": True}}
        if action == "patch":
            force = {"name": "force", "in": "query", "schema": {"type": "boolean"}}
            operation["parameters"] = [*_WRITING, force]
    elif action in ("list", "deletecollection"):
        operation["parameters"] = _LISTING
    return operation


# --- schemas ---------------------------------------------------------------------------------------------------------


def _schemas(names: list[str]) -> Document:
    """The definitions of these names and of everything that they refer to."""
    found: Document = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        definition = schema.definition(name)
        found[name] = {**_plain(definition), **_types(definition)}
        waiting += schema.references(definition)
    return found


def _types(definition: Document) -> Document:
    """Which kinds have this type."""
    properties = definition.get("properties") or {}
    kinds = (properties.get("kind") or {}).get("enum") or []
    versions = (properties.get("apiVersion") or {}).get("enum") or []
    found = []
    for kind in kinds:
        for api_version in versions:
            group, _, version = api_version.rpartition("/")
            found.append({"group": group, "version": version, "kind": kind})
    return {GVK: found} if found else {}


def _plain(value: Any) -> Any:
    """A schema as OpenAPI 3.0 spells it: no null types, no one-value enums, references with words beside them wrapped."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    found = {field: _plain_field(field, inner) for field, inner in value.items() if not _is_only_value(field, inner)}
    if isinstance(found.get("$ref"), str) and len(found) > 1:
        return {**{field: inner for field, inner in found.items() if field != "$ref"}, "allOf": [{"$ref": found["$ref"]}]}
    return found


def _is_only_value(field: str, value: Any) -> bool:
    return field == "enum" and isinstance(value, list) and len(value) == 1


def _plain_field(field: str, value: Any) -> Any:
    if field == "properties" and isinstance(value, dict):
        # Names of properties are no keywords, even where they look like them (JSONSchemaProps has "$ref").
        return {name: _plain(inner) for name, inner in value.items()}
    if field == "$ref" and isinstance(value, str):
        return SCHEMAS + value.rpartition("/")[2]
    if field == "type" and isinstance(value, list):
        return next((name for name in value if name != "null"), "object")
    return _plain(value)
