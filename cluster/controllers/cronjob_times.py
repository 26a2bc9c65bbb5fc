"""Which times of its schedule a CronJob has missed, and when it has to be looked at next (pkg/controller/cronjob/utils.go)."""

from __future__ import annotations

from typing import NamedTuple

from cluster.objects import times
from cluster.objects.cron_schedule import Schedule
from cluster.objects.documents import Document
from cluster.objects.kinds import cronjob as cronjobs

# What is waited beyond a due time (nextScheduleDelta): clocks of several machines differ.
PADDING = 100
# From so many missed times on something is wrong.
MANY = 100


class NeverDue(Exception):
    """The schedule can be read but has no two times: 31 February."""


class Missed(NamedTuple):
    """`latest`: the last due time that has passed (virtual ms), None when none has; `many`: roughly how many have."""

    since: int
    latest: int | None
    many: int = 0


def missed(cronjob: Document, schedule: Schedule, now: int, *, with_deadline: bool) -> Missed:
    """What was due since the last Job (or the CronJob's creation); raises NeverDue (mostRecentScheduleTime).

    `with_deadline`: times that are too late to start a Job for do not count.
    """
    last = cronjobs.last_schedule(cronjob)
    since = times.parse(cronjob["metadata"]["creationTimestamp"]) if last is None else last
    deadline = cronjobs.starting_deadline(cronjob)
    if with_deadline and deadline is not None:
        since = max(since, now - deadline)
    first = schedule.after(since)
    second = schedule.after(first) if first is not None else None
    if first is None or second is None:
        raise NeverDue
    if now < first:
        return Missed(since, None)
    if now < second:
        return Missed(since, first)
    interval = (second - first) // times.SECOND
    count = (now - first) // times.SECOND // interval + 1
    # One time further back than the count says: the intervals of a schedule need not be equal.
    latest, moment = None, schedule.after(first + (count - 2) * interval * times.SECOND)
    while moment is not None and moment <= now:
        latest, moment = moment, schedule.after(moment)
    return Missed(since, latest, count)


def wait(cronjob: Document, schedule: Schedule, now: int) -> int | None:
    """How many ms until the CronJob has to be looked at again; None for never (nextScheduleTimeDuration)."""
    try:
        found = missed(cronjob, schedule, now, with_deadline=False)
    except NeverDue:
        start = now
    else:
        start = found.latest if found.latest is not None else now if found.many else found.since
    due = schedule.after(start)
    return None if due is None else due + PADDING - now
