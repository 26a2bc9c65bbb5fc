"""Virtual time: whole milliseconds since the cluster's epoch, and its RFC 3339 spellings in API documents."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=4096)
def _seconds(second: int) -> str:
    return (EPOCH + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%S")


def rfc3339(milliseconds: int) -> str:
    """A `metav1.Time` as the API serves it: whole seconds, UTC (apimachinery/pkg/apis/meta/v1/time.go)."""
    return _seconds(milliseconds // SECOND) + "Z"


def micro(milliseconds: int) -> str:
    """A `metav1.MicroTime`: six decimals, UTC (apimachinery/pkg/apis/meta/v1/micro_time.go)."""
    return f"{_seconds(milliseconds // SECOND)}.{milliseconds % SECOND:03d}000Z"


@lru_cache(maxsize=4096)
def parse(text: str) -> int:
    """Milliseconds since the epoch of an RFC 3339 time; raises ValueError for anything else."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"time without a zone: {text!r}")
    return round((moment - EPOCH) / timedelta(milliseconds=1))
