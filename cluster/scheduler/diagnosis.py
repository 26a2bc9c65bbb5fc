"""Why no node was found, in the scheduler's own words (FitError in pkg/scheduler/framework/types.go)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from cluster.scheduler.framework import Status

NO_NODES = "no nodes available to schedule pods"

# An Event's note may have 1024 characters (pkg/apis/core/validation/events.go).
NOTE_LIMIT = 1024
_CUT = " ..."


def filter_message(total: int, statuses: Iterable[Status]) -> str:
    """The message "0/3 nodes are available: 1 reason, 2 other reason." from the statuses of the nodes."""
    counts = Counter(reason for status in statuses for reason in status.reasons)
    text = ", ".join(sorted(f"{count} {reason}" for reason, count in counts.items()))
    return _with(f"0/{total} nodes are available:", f"{text}." if text else "")


def pre_filter_message(total: int, status: Status) -> str:
    """The message when a PreFilter plugin rejected the pod before any node was looked at."""
    return _with(f"0/{total} nodes are available:", f"{status.message}." if status.message else "")


def with_post_filter(message: str, post_filter: str) -> str:
    """The message with what the PostFilter plugins said."""
    return _with(message, post_filter)


def list_of(names: Iterable[str]) -> str:
    """Names as these messages show a set."""
    return f"[{' '.join(sorted(names))}]"


def event_note(message: str) -> str:
    """The message cut to what an Event may hold."""
    encoded = message.encode()
    if len(encoded) <= NOTE_LIMIT:
        return message
    return encoded[: NOTE_LIMIT - len(_CUT)].decode(errors="ignore") + _CUT


def _with(text: str, more: str) -> str:
    return f"{text} {more}" if more else text
