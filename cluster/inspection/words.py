"""Sentences as data: a key with arguments, for pages to say in their language (dashboard/inspecting.py)."""

from __future__ import annotations

from typing import Any

Row = dict[str, Any]


def word(key: str, **args: Any) -> Row:
    """One sentence; `args` are texts, whole numbers and lists of texts, times in ms under `at`, `since` and `until`."""
    return {"key": key, "args": args}
