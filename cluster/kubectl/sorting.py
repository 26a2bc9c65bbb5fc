"""`--sort-by`: objects in the order of one of their fields (kubectl/pkg/cmd/get/sorter.go)."""

from __future__ import annotations

from functools import cmp_to_key
from typing import Any

from cluster.kubectl.invocation import CommandError
from cluster.kubectl.jsonpath import JSONPathError, relaxed
from cluster.objects import quantity
from cluster.objects.documents import Document
from cluster.objects.quantity import QuantityError


def sort_by(documents: list[Document], expression: str) -> list[Document]:
    """The documents in order; those without the field come first. CommandError when none has it."""
    if not documents:
        return documents
    try:
        path = relaxed(expression)
        fields = [_first(path.results(document)) for document in documents]
    except JSONPathError as problem:
        raise CommandError(f"error: {problem}") from problem
    if not any(fields):
        raise CommandError(f'error: couldn\'t find any field with path "{path.text}" in the list of objects')
    pairs = list(zip(fields, documents, strict=True))
    pairs.sort(key=cmp_to_key(_compare_pairs))
    return [document for _, document in pairs]


def _first(results: list[list[Any]]) -> list[Any]:
    return results[0][:1] if results else []


def _compare_pairs(one: tuple[list[Any], Document], other: tuple[list[Any], Document]) -> int:
    return _compare(one[0], other[0])


def _compare(one: list[Any], other: list[Any]) -> int:
    if not one or not other:
        return bool(one) - bool(other)
    if one[0] is None or other[0] is None:
        return (one[0] is not None) - (other[0] is not None)
    left, right = _comparable(one[0], other[0])
    try:
        return (left > right) - (left < right)
    except TypeError as problem:
        raise CommandError(f"error: unsortable type: {type(one[0]).__name__}") from problem


def _comparable(one: Any, other: Any) -> tuple[Any, Any]:
    """Two strings that are quantities are compared as such."""
    if isinstance(one, str) and isinstance(other, str):
        try:
            return quantity.parse(one), quantity.parse(other)
        except QuantityError:
            return one, other
    return one, other
