"""What an admission plugin is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from cluster.apiserver.reader import Reader
from cluster.objects.documents import Document
from cluster.objects.registry import Kind


@dataclass(frozen=True, slots=True)
class Request:
    """One write on its way in. `object` is None for a delete, `old` for a create."""

    operation: Literal["CREATE", "UPDATE", "DELETE"]
    kind: Kind
    namespace: str
    name: str
    subresource: str
    object: Document | None
    old: Document | None
    reader: Reader
    choose: Callable[[str], str]  # one character of an alphabet, seeded

    def with_object(self, document: Document | None) -> Request:
        return replace(self, object=document)


Plugin = Callable[[Request], Document | None]
Validator = Callable[[Request], None]
