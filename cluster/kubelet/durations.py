"""Durations as Go prints them, for messages and events."""

from __future__ import annotations

from cluster.objects import times


def go_duration(milliseconds: int) -> str:
    """`time.Duration.String()` of whole milliseconds: "350ms", "1.203s", "1m20s", "5m0s", "0s"."""
    if milliseconds == 0:
        return "0s"
    if milliseconds < times.SECOND:
        return f"{milliseconds}ms"
    hours, rest = divmod(milliseconds, times.HOUR)
    minutes, rest = divmod(rest, times.MINUTE)
    seconds = f"{rest // times.SECOND}.{rest % times.SECOND:03d}".rstrip("0").rstrip(".") + "s"
    if hours:
        return f"{hours}h{minutes}m{seconds}"
    return f"{minutes}m{seconds}" if minutes else seconds
