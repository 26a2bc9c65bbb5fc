"""Why a CronJob starts no Job now, and when it will."""

from __future__ import annotations

from collections.abc import Iterator

from cluster.apiserver.reader import Reader
from cluster.controllers import cronjob_times
from cluster.controllers.cronjob_times import Missed, NeverDue
from cluster.controllers.explanation.words import MEND, NEXT, STATE, SUM, Explained, Word, seconds, word
from cluster.objects import cron_schedule, metadata
from cluster.objects.cron_schedule import Schedule, ScheduleError
from cluster.objects.documents import Document
from cluster.objects.kinds import cronjob as cronjobs
from cluster.objects.printing import human_duration


def explained(reader: Reader, cronjob: Document) -> Explained:
    return Explained(list(_words(reader, cronjob)), [])


def _words(reader: Reader, cronjob: Document) -> Iterator[Word]:
    text, zone = cronjobs.schedule_text(cronjob), cronjobs.time_zone(cronjob) or "UTC"
    running = [one["name"] for one in cronjobs.active(cronjob)]
    yield word("cronjob.state", STATE, name=metadata.name(cronjob), schedule=text, zone=zone, running=len(running))
    if metadata.is_being_deleted(cronjob):
        return
    if cronjobs.is_suspended(cronjob):
        yield word("cronjob.suspended")
        yield word("cronjob.suspended-mend", MEND, name=metadata.name(cronjob))
        return
    try:
        schedule = cron_schedule.parse(text, cronjobs.time_zone(cronjob))
        missed = cronjob_times.missed(cronjob, schedule, reader.now, with_deadline=True)
    except ScheduleError as problem:
        yield word("cronjob.unparseable", problem=str(problem))
        return
    except NeverDue:
        yield word("cronjob.never")
        return
    yield from _past(reader, cronjob, missed, running)
    yield from _future(reader, schedule, zone)
    yield from _rules(cronjob)


def _past(reader: Reader, cronjob: Document, missed: Missed, running: list[str]) -> Iterator[Word]:
    """What was due and has no Job."""
    due, deadline = missed.latest, cronjobs.starting_deadline(cronjob)
    if due is None or due == cronjobs.last_schedule(cronjob):
        return
    when = cron_schedule.rfc1123(due)
    if missed.many > cronjob_times.MANY:
        yield word("cronjob.many-missed", count=missed.many)
    if deadline is not None and due + deadline < reader.now:
        yield word("cronjob.too-late", due=when, deadline=seconds(deadline), late=human_duration(reader.now - due))
    elif running and cronjobs.concurrency(cronjob) == cronjobs.FORBID:
        yield word("cronjob.forbidden", due=when, jobs=running)
    else:
        yield word("cronjob.due", NEXT, due=when)


def _future(reader: Reader, schedule: Schedule, zone: str) -> Iterator[Word]:
    due = schedule.after(reader.now)
    if due is not None:
        text = cron_schedule.rfc3339_in(due, "" if zone == "UTC" else zone)
        yield word("cronjob.next", NEXT, due=text, wait=human_duration(due - reader.now))


def _rules(cronjob: Document) -> Iterator[Word]:
    policy = cronjobs.concurrency(cronjob)
    yield word(f"cronjob.{policy.lower()}", SUM)
    deadline = cronjobs.starting_deadline(cronjob)
    if deadline is not None:
        yield word("cronjob.deadline", SUM, seconds=seconds(deadline))
    successful, failed = cronjobs.history_limits(cronjob)
    if successful is not None and failed is not None:
        yield word("cronjob.history", SUM, successful=successful, failed=failed)
