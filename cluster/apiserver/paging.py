"""Lists with selectors and in pages (apiserver/pkg/storage/continue.go)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import NamedTuple

import orjson

from cluster.apiserver import errors
from cluster.apiserver.reader import Reader
from cluster.apiserver.state import World
from cluster.objects import metadata
from cluster.objects.documents import Document
from cluster.objects.registry import Kind
from cluster.objects.selectors import FieldSelector, LabelSelector


class ListResult(NamedTuple):
    """A page: `continue_token` is "" on the last one, `remaining` None where it is not known."""

    items: list[Document]
    revision: int
    continue_token: str
    remaining: int | None


def field_value(kind: Kind, document: Document, label: str) -> str:
    """The value that a field selector compares (see check_field_labels)."""
    if label == "metadata.name":
        return metadata.name(document)
    if label == "metadata.namespace":
        return metadata.namespace(document)
    return kind.field_labels[label](document)


def check_field_labels(kind: Kind, fields: FieldSelector | None) -> None:
    """Raise BadRequest for a field that the kind does not offer to selectors."""
    for requirement in fields.requirements if fields is not None else ():
        label = requirement.field
        if label in ("metadata.name", "metadata.namespace") or label in kind.field_labels:
            continue
        if kind.field_labels:
            raise errors.bad_request(f"field label not supported: {label}")
        raise errors.bad_request(f'"{label}" is not a known field selector: only "metadata.name", "metadata.namespace"')


def matches(kind: Kind, document: Document, labels: LabelSelector | None, fields: FieldSelector | None) -> bool:
    """Whether both selectors select the object; an absent selector selects everything."""
    if labels is not None and not labels.matches(metadata.labels(document)):
        return False
    return fields is None or fields.matches(lambda label: field_value(kind, document, label))


def select(
    reader: Reader,
    world_at: Callable[[int], World | None],
    kind: Kind,
    namespace: str | None,
    labels: LabelSelector | None,
    fields: FieldSelector | None,
    limit: int,
    token: str,
) -> ListResult:
    """One page of a list; pages after the first show the state of the first page's revision."""
    check_field_labels(kind, fields)
    revision, last = _decode(token) if token else (reader.revision, None)
    if revision != reader.revision:
        reader = _reader_at(world_at, revision)
    found = [
        document for document in reader.list(kind.resource, namespace)
        if (last is None or _order(document) > last) and matches(kind, document, labels, fields)
    ]
    if not limit or len(found) <= limit:
        return ListResult(found, revision, "", None)
    page = found[:limit]
    remaining = len(found) - limit if labels is None and fields is None else None
    return ListResult(page, revision, _encode(revision, _order(page[-1])), remaining)


def _order(document: Document) -> tuple[str, str]:
    return metadata.namespace(document), metadata.name(document)


def _reader_at(world_at: Callable[[int], World | None], revision: int) -> Reader:
    world = world_at(revision)
    if world is None:
        raise errors.expired(
            "The provided continue parameter is too old to display a consistent list result. "
            "You can start a new list without the continue parameter."
        )
    return Reader(world)


def _encode(revision: int, last: tuple[str, str]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([revision, *last])).decode()


def _decode(token: str) -> tuple[int, tuple[str, str]]:
    try:
        revision, namespace, name = orjson.loads(base64.urlsafe_b64decode(token.encode()))
        return int(revision), (str(namespace), str(name))
    except (ValueError, TypeError, binascii.Error) as problem:
        raise errors.bad_request("continue key is not valid") from problem
