"""An object is its API document: a JSON dictionary that is never mutated.

A change builds a new dictionary that shares every part that did not change.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Document = dict[str, Any]
Key = tuple[str, ...]


def dig(document: Any, *path: str | int, default: Any = None) -> Any:
    """The value at `path`, or `default` when a part of the way is missing or null."""
    value = document
    for part in path:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return default
    return default if value is None else value


def with_value(document: Document, path: Sequence[str], value: Any) -> Document:
    """A copy of `document` with `value` at `path`; missing dictionaries on the way are made."""
    head, *rest = path
    if rest:
        value = with_value(document.get(head) or {}, rest, value)
    return {**document, head: value}


def without_nulls(value: Any) -> Any:
    """The value without null fields and items: null means absent, as the API server's decoder takes it.

    Returns the very same value when it holds no null.
    """
    if isinstance(value, dict):
        kept: Any = {field: without_nulls(inner) for field, inner in value.items() if inner is not None}
        same = len(kept) == len(value) and all(kept[field] is value[field] for field in kept)
    elif isinstance(value, list):
        kept = [without_nulls(inner) for inner in value if inner is not None]
        same = len(kept) == len(value) and all(new is old for new, old in zip(kept, value, strict=True))
    else:
        return value
    return value if same else kept


def without(document: Document, path: Sequence[str]) -> Document:
    """A copy of `document` without the field at `path`; the same document when it has no such field."""
    head, *rest = path
    if head not in document:
        return document
    if not rest:
        return {name: value for name, value in document.items() if name != head}
    inner = document[head]
    if not isinstance(inner, dict):
        return document
    return {**document, head: without(inner, rest)}
