"""A server under load: the line before it, how long an answer takes, CPU time and memory, as functions of time.

Between two changes of the load everything is a straight line or a curve with a known form, so that nothing has to be
simulated request by request: whoever wants to know asks for a moment, or for the moment at which a bound is crossed.

Units: time in virtual ms, rates in thousandths of a request per second, CPU in millicores, memory in bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from cluster.containers.image import Work

SECOND = 1_000
# As close to its capacity as a server's utilisation counts: nearer, only the line makes answers slower.
BUSIEST = 0.95


class Serving(NamedTuple):
    """One container and the requests that come to it, from `since` on and until something changes."""

    since: int  # ms
    rate: int  # requests that come, per 1,000 seconds
    cost: int  # microseconds of CPU of one request
    cores: int  # millicores that it may use
    work: Work
    line: float = 0.0  # requests in line at `since`
    leak: int = 0  # bytes that each answered request leaves behind
    kept: float = 0.0  # bytes left behind before `since`

    @property
    def alone(self) -> float:
        """How long an answer takes without others (ms): a core's work, stretched by the limit, and waiting."""
        return self.cost / min(SECOND, max(1, self.cores)) + self.work.waits

    @property
    def capacity(self) -> float:
        """Requests per second that it can answer: as its CPU time lasts, and as many at once as it takes."""
        by_cpu = self.cores * 1_000 / self.cost
        return min(by_cpu, self.work.at_once * 1_000 / self.alone)

    @property
    def per_second(self) -> float:
        return self.rate / 1_000

    @property
    def is_overloaded(self) -> bool:
        return self.per_second > self.capacity

    @property
    def _growth(self) -> float:
        """By how many requests the line grows in a millisecond."""
        return (self.per_second - self.capacity) / SECOND

    def line_at(self, at: int) -> float:
        """Requests in line."""
        wanted = self.line + self._growth * max(0, at - self.since)
        return min(float(self.work.line), max(0.0, wanted))

    def answer_at(self, at: int) -> int:
        """How long an answer to a request of this moment takes (ms)."""
        busy = min(self.per_second / self.capacity, BUSIEST)
        return round(self.alone / (1 - busy) + self.line_at(at) * SECOND / self.capacity)

    def refused_at(self, at: int) -> float:
        """Requests per second that find the line full."""
        full = self.is_overloaded and self.line_at(at) >= self.work.line
        return self.per_second - self.capacity if full else 0.0

    def answered_at(self, at: int) -> float:
        """Requests per second that it answers."""
        return self.capacity if self.is_overloaded or self.line_at(at) > 0 else self.per_second

    def cpu_at(self, at: int) -> int:
        """Millicores that the requests take."""
        return min(self.cores, int(self.answered_at(at) * self.cost / 1_000))

    def wanted_cpu(self) -> int:
        """Millicores that the requests would take without a limit."""
        return int(self.per_second * self.cost / 1_000)

    def throttled_at(self, at: int) -> int:
        """Which part of the CPU time that it wanted it did not get, in thousandths."""
        wanted = max(self.wanted_cpu(), self.cpu_at(at))
        return 0 if not wanted else (wanted - self.cpu_at(at)) * 1_000 // wanted

    # --- memory ----------------------------------------------------------------------------------------------------

    def at_once(self, at: int) -> float:
        """Requests being answered (Little's law), with those in line as far as there is a worker for them."""
        working = self.answered_at(at) * self.alone / SECOND
        return min(float(self.work.at_once), working + self.line_at(at))

    def kept_at(self, at: int) -> float:
        """Bytes that answered requests have left behind."""
        full = self._emptied()
        until = max(0, at - self.since)
        busy = min(until, full) if not self.is_overloaded else until
        answered = self.capacity * busy + self.per_second * (until - busy)
        return self.kept + self.leak * answered / SECOND

    def memory_at(self, at: int) -> int:
        """Bytes that the requests take."""
        return int(self.at_once(at) * self.work.memory + self.kept_at(at))

    def most_memory(self, until: int) -> int:
        """No fewer bytes than the requests ever take up to a time."""
        return int(self.work.at_once * self.work.memory + self.kept_at(until)) + 1

    # --- when ------------------------------------------------------------------------------------------------------

    def emptied(self) -> int:
        """When the line is gone (ms)."""
        return self.since + int(self._emptied()) + 1

    def _emptied(self) -> float:
        """After how many ms the line is gone; 0 when there is none."""
        return self.line / -self._growth if self.line > 0 and self._growth < 0 else 0.0

    def slow_between(self, most: int) -> tuple[int, int | None] | None:
        """From when until when an answer takes longer than `most` ms; (from, None) when that has no end."""
        within = (most + 1 - self.answer_at(self.since) + self.line_at(self.since) * SECOND / self.capacity)
        bound = within * self.capacity / SECOND  # so long a line makes an answer too slow
        if bound <= 0:
            return self.since, None
        if self.line >= bound:
            end = None if self._growth >= 0 else self.since + int((self.line - bound) / -self._growth) + 1
            return self.since, end
        if self._growth <= 0 or bound > self.work.line:
            return None
        return self.since + int((bound - self.line) / self._growth) + 1, None

    def outgrows(self, room: int) -> int | None:
        """When the requests take more than `room` bytes; None when they never do."""
        corners = [self.since]
        if self._growth < 0 < self.line:
            corners.append(self.since + int(self._emptied()) + 1)
        if self._growth > 0:
            corners += [self.since + int((bound - self.line) / self._growth) + 1
                        for bound in (self.work.at_once, self.work.line) if bound > self.line]
        corners = sorted(corners)
        if self.leak and self.rate:
            corners.append(corners[-1] + int(room * SECOND / (self.leak * min(self.per_second, self.capacity))) + SECOND)
        for begin, end in zip(corners, corners[1:] or corners, strict=False):
            if self.memory_at(begin) > room:
                return begin
            if self.memory_at(end) > room:
                return self._first_above(room, begin, end)
        return None

    def _first_above(self, room: int, begin: int, end: int) -> int:
        """Between two corners memory only grows: halve the way until the first moment is found."""
        while end - begin > 1:
            middle = (begin + end) // 2
            begin, end = (begin, middle) if self.memory_at(middle) > room else (middle, end)
        return end

    def moves(self, now: int) -> bool:
        """Whether anything of it still changes with time alone."""
        line = self.line_at(now)
        growing = self._growth > 0 and line < self.work.line
        return bool(growing or (self._growth < 0 < line) or (self.leak and self.rate))

    # --- rows ------------------------------------------------------------------------------------------------------

    def at(self, now: int, **changes: Any) -> Serving:
        """The same server from now on, with what has changed."""
        going = self._replace(since=now, line=self.line_at(now), kept=self.kept_at(now))
        return going._replace(**changes)

    def to_row(self) -> dict[str, Any]:
        """JSON; what a request costs besides CPU time stays with the image."""
        return {
            "since": self.since, "rate": self.rate, "cost": self.cost, "cores": self.cores, "line": round(self.line, 3),
            "leak": self.leak, "kept": round(self.kept),
        }

    @classmethod
    def from_row(cls, row: Mapping[str, Any], work: Work) -> Serving:
        return cls(**{name: row[name] for name in ("since", "rate", "cost", "cores", "line", "leak", "kept")}, work=work)
