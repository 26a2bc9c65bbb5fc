"""Virtual time in words."""

from __future__ import annotations


def clock_text(milliseconds: int) -> str:
    """Virtual time as the timeline writes it: 1:05.3."""
    minutes, rest = divmod(milliseconds // 100, 600)
    return f"{minutes}:{rest // 10:02}.{rest % 10}"
