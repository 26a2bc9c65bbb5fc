"""Questions about `status.conditions`, the same for every kind."""

from __future__ import annotations

from cluster.objects.documents import Document, dig


def condition(document: Document, wanted: str) -> Document | None:
    """The condition of that type, for example "Ready"; None without one."""
    for found in dig(document, "status", "conditions", default=[]):
        if found.get("type") == wanted:
            match: Document = found
            return match
    return None


def is_true(document: Document, wanted: str) -> bool:
    """Whether the condition of that type is True; a missing one is not."""
    return (condition(document, wanted) or {}).get("status") == "True"
