"""How long a Job waits before it replaces a failed Pod: 10 s, doubling, up to 10 min (pkg/controller/job/backoff_utils.go)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cluster.controllers.job_pods import all_index_failures, finished_at
from cluster.objects import times
from cluster.objects.documents import Document

FIRST = 10 * times.SECOND
LONGEST = 10 * times.MINUTE


class Record(NamedTuple):
    """How many Pods have failed since the last success, and when the last one did (virtual ms)."""

    failures: int = 0
    last: int | None = None

    def after(self, succeeded: Sequence[Document], failed: Sequence[Document]) -> Record:
        """The record with Pods that have ended since (newBackoffRecord)."""
        ends = sorted(map(finished_at, failed))
        if succeeded:
            since = max(map(finished_at, succeeded))
            ends = [end for end in ends if end > since]
            return Record(len(ends), ends[-1] if ends else None)
        return Record(self.failures + len(ends), ends[-1]) if ends else self

    def remaining(self, now: int) -> int:
        """How many ms are left before the next Pod."""
        return 0 if self.last is None else remaining(self.failures, self.last, now)


def delay(failures: int) -> int:
    """The wait after so many failures in a row."""
    return min(LONGEST, FIRST << min(failures - 1, 10)) if failures else 0


def remaining(failures: int, last: int, now: int) -> int:
    """What is left of the wait that began with the last failure."""
    return max(0, delay(failures) - (now - last)) if failures else 0


def remaining_of_index(replaced: Document | None, now: int) -> int:
    """What an index has still to wait whose last Pod has failed (getRemainingTimePerIndex)."""
    if replaced is None:
        return 0
    return remaining(all_index_failures(replaced) + 1, finished_at(replaced), now)
