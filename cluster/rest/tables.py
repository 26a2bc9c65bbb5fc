"""Objects as the rows of `kubectl get`: the server computes every cell (apiserver/pkg/endpoints/handlers/response.go)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cluster.apiserver.errors import APIError
from cluster.objects.documents import Document
from cluster.objects.registry import Column
from cluster.rest.paths import Target

INCLUDES = ("", "Metadata", "None", "Object")


def table(
    target: Target, documents: Iterable[Document], now: int, include: str, meta: Document, *, headers: bool = True
) -> Document:
    """A `Table`; `include` says what of each object goes along; later events of a watch leave the headers out."""
    if include not in INCLUDES:
        raise APIError(400, "BadRequest", f'unrecognized includeObject value: "{include}"')
    return {
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": meta,
        "columnDefinitions": [_definition(column) for column in target.kind.columns] if headers else None,
        "rows": [
            {"cells": _cells(target.kind.columns, document, now), **_object(target, document, include)} for document in documents
        ],
    }


def _definition(column: Column) -> Document:
    is_name = column.name == "Name"
    return {
        "name": column.name, "type": "string", "format": "name" if is_name else "", "description": column.name,
        "priority": int(column.wide),
    }


def _cells(columns: Sequence[Column], document: Document, now: int) -> list[str]:
    return [column.value(document, now) for column in columns]


def _object(target: Target, document: Document, include: str) -> Document:
    if include == "None":
        return {}
    return {"object": target.served(document) if include == "Object" else partial(document)}


def partial(document: Document) -> Document:
    """The object's metadata alone."""
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": document["metadata"]}
