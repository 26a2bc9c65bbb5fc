"""What clients send: JSON, YAML or protobuf, of limited size and depth."""

from __future__ import annotations

from typing import Any

import orjson

from cluster.apiserver import errors
from cluster.apiserver.errors import APIError
from cluster.objects.documents import Document
from cluster.objects.manifest import ManifestError, load
from cluster.rest import protobuf
from cluster.rest.messages import MOST_BODY, Request

JSON_TYPES = frozenset({"", "application/json"})
YAML_TYPES = frozenset({"application/yaml", "application/x-yaml", "text/yaml"})
SUPPORTED = f"application/json, application/yaml, {protobuf.MEDIA_TYPE}"
# By media type, how a patch is meant.
PATCH_TYPES = {
    "application/json-patch+json": "json",
    "application/merge-patch+json": "merge",
    "application/strategic-merge-patch+json": "strategic",
}


def media_type(request: Request) -> str:
    return request.header("content-type").partition(";")[0].strip().lower()


def parsed(request: Request) -> Any:
    """The body as plain values, None for an empty one; raises BadRequest, RequestEntityTooLarge, UnsupportedMediaType."""
    _refuse_large(request)
    kind = media_type(request)
    if not request.body:
        return None
    if kind == protobuf.MEDIA_TYPE:
        return protobuf.decoded(request.body)
    if kind in YAML_TYPES:
        return _yaml(request.body)
    if kind not in JSON_TYPES:
        message = f"the body of the request was in an unknown format - accepted media types include: {SUPPORTED}"
        raise APIError(415, "UnsupportedMediaType", message)
    return _json(request.body)


def document(request: Request) -> Document:
    """The object in the body; raises BadRequest for anything else."""
    found = parsed(request)
    if not isinstance(found, dict):
        raise errors.bad_request("the object provided is unrecognized (must be of type Object): " + _start(request.body))
    return found


def options(request: Request) -> Document:
    """The options in the body of a delete request; {} for an empty one."""
    found = parsed(request)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise errors.bad_request("the body of a delete request must be DeleteOptions")
    return found


def patch(request: Request) -> tuple[str, Any]:
    """(type, patch); raises UnsupportedMediaType for a type that there is not."""
    _refuse_large(request)
    kind = PATCH_TYPES.get(media_type(request))
    if kind is None:
        types = ", ".join([*PATCH_TYPES, "application/apply-patch+yaml"])
        message = f"the body of the request was in an unknown format - accepted media types include: {types}"
        raise APIError(415, "UnsupportedMediaType", message)
    return kind, _json(request.body)


def _refuse_large(request: Request) -> None:
    if len(request.body) > MOST_BODY:
        message = f"Request entity too large: limit is {MOST_BODY}"
        raise APIError(413, "RequestEntityTooLarge", message)


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as problem:
        raise errors.bad_request(f"couldn't get version/kind; json parse error: {problem}") from problem


def _yaml(body: bytes) -> Any:
    try:
        found = load(body.decode())
    except (ManifestError, UnicodeDecodeError) as problem:
        raise errors.bad_request(f"couldn't get version/kind; yaml parse error: {problem}") from problem
    if len(found) != 1:
        raise errors.bad_request(f"the body must be one document, not {len(found)}")
    return found[0].document


def _start(body: bytes) -> str:
    return body[:80].decode(errors="replace")
