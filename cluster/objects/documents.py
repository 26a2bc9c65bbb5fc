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
