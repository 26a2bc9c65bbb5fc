"""`TYPE NAME key=value key-`: where the words that name objects end and the changes begin."""

from __future__ import annotations

from collections.abc import Sequence

from cluster.kubectl.invocation import CommandError


def split(words: Sequence[str], what: str) -> tuple[list[str], list[str]]:
    """(words that name objects, changes); CommandError when an object follows a change."""
    named: list[str] = []
    changes: list[str] = []
    for word in words:
        if is_change(word):
            changes.append(word)
        elif changes:
            raise CommandError(f"error: all resources must be specified before {what} changes: {word}")
        else:
            named.append(word)
    return named, changes


def is_change(word: str) -> bool:
    """Whether a word is `key=value` or `key-`."""
    return ("=" in word and not word.startswith("=")) or (word.endswith("-") and word != "-")
