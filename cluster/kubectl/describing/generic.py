"""Kinds without a description of their own: every field under a readable name (genericDescriber)."""

from __future__ import annotations

import re
from typing import Any

from cluster.apiserver.reader import Reader
from cluster.kubectl.describing.page import Page
from cluster.objects import metadata
from cluster.objects.documents import Document

_SHOWN_ABOVE = frozenset({
    ".metadata.managedFields", ".metadata.name", ".metadata.namespace", ".metadata.labels", ".metadata.annotations",
})
_ACRONYMS = frozenset({"API", "URL", "UID", "GUID"})
# Words of a camel-case name; of several capitals the last begins the next word.
_CAMEL_CASE = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z][a-z]+|[A-Z]+|[a-z]+|-+")


def describe(page: Page, reader: Reader, document: Document) -> None:
    """Write the page of any object, without its events."""
    page.line(0, "Name:", metadata.name(document))
    page.line(0, "Namespace:", metadata.namespace(document))
    page.labels("Labels", metadata.labels(document))
    page.annotations("Annotations", metadata.annotations(document))
    _content(page, 0, document, "")


def _content(page: Page, level: int, content: dict[str, Any], path: str) -> None:
    for field in sorted(content):
        place = f"{path}.{field}"
        if place not in _SHOWN_ABOVE:
            _field(page, level, field, content[field], place)


def _field(page: Page, level: int, field: str, value: Any, place: str) -> None:
    if not isinstance(value, dict | list):
        page.line(level, f"{label_for(field)}:", value)
        return
    page.line(level, f"{label_for(field)}:")
    for inner in value if isinstance(value, list) else [value]:
        if isinstance(inner, dict):
            _content(page, level + 1, inner, place)
        else:
            page.line(level + 1, inner)


def label_for(field: str) -> str:
    """`creationTimestamp` → `Creation Timestamp`, `apiVersion` → `API Version` (smartLabelFor)."""
    if not all(character.isalpha() or character == "-" for character in field):
        return field
    return " ".join(_word(part) for part in _merged(_CAMEL_CASE.findall(field)))


def _merged(parts: list[str]) -> list[str]:
    """Capitals stay together with the word after them: `HTTPGet`."""
    merged: list[str] = []
    place = 0
    while place < len(parts):
        part, following = parts[place], parts[place + 1 : place + 2]
        if len(part) > 1 and part.isupper() and following and following[0][0].isupper():
            part += following[0]
            place += 1
        merged.append(part)
        place += 1
    return merged


def _word(part: str) -> str:
    if part.upper() in _ACRONYMS:
        return part.upper()
    return part.title() if part == part.lower() else part
