"""Exponential back-off as client-go/util/flowcontrol/backoff.go counts it. Times in ms."""

from __future__ import annotations

from collections.abc import Mapping

from cluster.machinery.settings import Settings

Entry = dict[str, int]  # {"delay": how long, "at": when it was last raised}


def raised(entry: Mapping[str, int] | None, now: int, settings: Settings) -> Entry:
    """The back-off after one more failure at `now`: the initial one, or twice the last if that is not forgotten."""
    if entry is None or now - entry["at"] > settings.back_off_forget:
        return {"delay": settings.back_off_initial, "at": now}
    return {"delay": min(2 * entry["delay"], settings.back_off_maximum), "at": now}


def until(entry: Mapping[str, int] | None, since: int, settings: Settings) -> int:
    """When something that failed at `since` may be tried again; not after `since` when no back-off applies."""
    if entry is None or since - entry["at"] > settings.back_off_forget:
        return since
    return since + entry["delay"]
