"""The CronJob controller: a Job for each time of a schedule (pkg/controller/cronjob/cronjob_controllerv2.go).

A look at a CronJob may delete several Jobs and make one; its status is written once, at the end. Until then it is kept
as a draft in memory, so that what was done is known.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cluster.apiserver.errors import APIError
from cluster.controllers import cronjob_times, pod_control
from cluster.controllers.cronjob_times import NeverDue
from cluster.machinery.component import Change, Component, Context, Key, Reader
from cluster.machinery.story import FOLDED, NARRATED, Story, object_reference
from cluster.objects import cron_schedule, metadata, times
from cluster.objects.cron_schedule import Schedule, ScheduleError
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import cronjob as cronjobs
from cluster.objects.kinds import job as jobs

RESOURCE = cronjobs.RESOURCE
# In memory: (DRAFT, namespace, name) -> the status of a look that is not over; (SEEN, …) -> uid, schedule and zone seen last.
DRAFT, SEEN = "draft", "seen"


class CronJobController(Component):
    name = "cronjob-controller"
    watches = (RESOURCE, jobs.RESOURCE)

    def keys_for(self, change: Change, view: Reader) -> Iterable[Key]:
        if change.table == RESOURCE:
            return [change.key]
        return dict.fromkeys(key for document in (change.old, change.new) for key in _owner(document))

    def reconcile(self, context: Context, key: Key) -> None:
        cronjob = context.get(RESOURCE, *key)
        if cronjob is None:
            context.forget((DRAFT, *key))
            context.forget((SEEN, *key))
            return
        if _has_new_schedule(context, cronjob, key):
            return
        draft = context.memory((DRAFT, *key))
        look = Look(context, cronjob if draft is None else {**cronjob, "status": draft}, first=draft is None)
        look.take()
        if context.wrote:
            context.remember((DRAFT, *key), look.cronjob["status"])
            return
        context.forget((DRAFT, *key))
        if look.cronjob["status"] != cronjob.get("status"):
            _report(context, look.cronjob)
        elif look.wait is not None:
            context.again(look.wait, quiet=True)


def _owner(job: Document | None) -> list[Key]:
    reference = metadata.controller_of(job) if job is not None else None
    if job is None or reference is None or reference["kind"] != "CronJob":
        return []
    return [(metadata.namespace(job), reference["name"])]


def _has_new_schedule(context: Context, cronjob: Document, key: Key) -> bool:
    """A new schedule counts from its next time on; what it would have been due for by now is not made up for."""
    seen = [metadata.uid(cronjob), cronjobs.schedule_text(cronjob), cronjobs.time_zone(cronjob)]
    before = context.memory((SEEN, *key))
    context.remember((SEEN, *key), seen)
    if before is None or before == seen or before[0] != seen[0]:
        return False
    try:
        schedule = _schedule(cronjob)
    except ScheduleError:
        return False
    wait = cronjob_times.wait(cronjob, schedule, context.now)
    if wait is not None:
        context.again(wait, quiet=True)
    return True


def _schedule(cronjob: Document) -> Schedule:
    return cron_schedule.parse(cronjobs.schedule_text(cronjob), cronjobs.time_zone(cronjob))


def _report(context: Context, cronjob: Document) -> None:
    args = {"cronjob": object_reference(RESOURCE, cronjob), "active": len(cronjobs.active(cronjob))}
    context.update(cronjob, subresource="status", story=Story("cronjob.status", args, FOLDED))


class Look:
    """One look at a CronJob: at most one write; `cronjob` carries the status as it will be, `wait` (ms) when to look again.

    `first`: nothing has been written since the look began, so that events are told once.
    """

    def __init__(self, context: Context, cronjob: Document, *, first: bool) -> None:
        self.context = context
        self.cronjob = cronjob
        self.first = first
        self.wait: int | None = None
        self.jobs = context.owned(jobs.RESOURCE, metadata.uid(cronjob))

    def take(self) -> None:
        if self._delete_old_jobs():
            return
        self._follow_jobs()
        if metadata.is_being_deleted(self.cronjob) or cronjobs.is_suspended(self.cronjob):
            return
        try:
            schedule = _schedule(self.cronjob)
        except ScheduleError as problem:
            text = f'unparseable schedule: "{cronjobs.schedule_text(self.cronjob)}" : {problem}'
            self._event("Warning", "UnparseableSchedule", text)
            return
        self._start_what_is_due(schedule)
        if not self.context.wrote:
            self.wait = cronjob_times.wait(self.cronjob, schedule, self.context.now)

    def _event(self, type_: str, reason: str, message: str) -> None:
        self.context.event(self.cronjob, type_, reason, message)

    def _set(self, **fields: Any) -> None:
        status = {**self.cronjob["status"], **fields}
        order = ("active", "lastScheduleTime", "lastSuccessfulTime")
        self.cronjob = {**self.cronjob, "status": {name: status[name] for name in order if status.get(name)}}

    def _strike(self, uid: str) -> None:
        """Take a Job off the list of those that run."""
        self._set(active=[one for one in cronjobs.active(self.cronjob) if one["uid"] != uid])

    def _is_listed(self, job: Document) -> bool:
        return any(one["uid"] == metadata.uid(job) for one in cronjobs.active(self.cronjob))

    # --- history -----------------------------------------------------------------------------------------------

    def _delete_old_jobs(self) -> bool:
        """Delete the oldest Job beyond what is kept; whether that was a write (cleanupFinishedJobs)."""
        for end, limit in zip((jobs.COMPLETE, jobs.FAILURE), cronjobs.history_limits(self.cronjob), strict=True):
            ended = sorted((job for job in self.jobs if jobs.end(job) == end), key=_by_start)
            too_many = [] if limit is None else ended[: max(0, len(ended) - limit)]
            for job in too_many:
                if not metadata.is_being_deleted(job):
                    self._delete(job, "history", limit)
                    return True
        return False

    def _delete(self, job: Document, rule: str, limit: int | None = None) -> None:
        reference, namespace, name = object_reference(RESOURCE, self.cronjob), metadata.namespace(job), metadata.name(job)
        args = {"cronjob": reference, "job": object_reference(jobs.RESOURCE, job)}
        why = {"decision": "cronjob-delete", "rule": rule, "end": jobs.end(job), "limit": limit}
        story = Story(f"cronjob.delete-{rule}", args, NARRATED, (reference,))
        try:
            self.context.delete(jobs.RESOURCE, namespace, name, propagation="Background", story=story, why=why)
        except APIError as error:
            self._event("Warning", "FailedDelete", f"Deleted job: {error.message}")
            raise
        self._strike(metadata.uid(job))
        self._event("Normal", "SuccessfulDelete", f"Deleted job {name}")

    # --- what became of its Jobs -------------------------------------------------------------------------------

    def _follow_jobs(self) -> None:
        for job in self.jobs:
            listed, end = self._is_listed(job), jobs.end(job)
            if not listed and not end and self.first:
                text = f"Saw a job that the controller did not create or forgot: {metadata.name(job)}"
                self._event("Warning", "UnexpectedJob", text)
            if listed and end:
                self._strike(metadata.uid(job))
                self._event("Normal", "SawCompletedJob", f"Saw completed job: {metadata.name(job)}, condition: {end}")
            if end == jobs.COMPLETE:
                self._note_success(dig(job, "status", "completionTime"))
        there = {metadata.uid(job) for job in self.jobs}
        for one in cronjobs.active(self.cronjob):
            if one["uid"] not in there and self.context.get(jobs.RESOURCE, one["namespace"], one["name"]) is None:
                self._event("Normal", "MissingJob", f"Active job went missing: {one['name']}")
                self._strike(one["uid"])

    def _note_success(self, completed: str | None) -> None:
        last = self.cronjob["status"].get("lastSuccessfulTime")
        if completed is not None and (last is None or times.parse(completed) > times.parse(last)):
            self._set(lastSuccessfulTime=completed)

    # --- the next one ------------------------------------------------------------------------------------------

    def _start_what_is_due(self, schedule: Schedule) -> None:
        now, cronjob = self.context.now, self.cronjob
        try:
            found = cronjob_times.missed(cronjob, schedule, now, with_deadline=True)
        except NeverDue:
            text = "time difference between two schedules is less than 1 second"
            self._event("Warning", "InvalidSchedule", f"invalid schedule: {cronjobs.schedule_text(cronjob)} : {text}")
            return
        if found.latest is None:
            return
        if found.many > cronjob_times.MANY and self.first:
            text = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew"
            self._event("Warning", "TooManyMissedTimes", text)
        due, deadline = found.latest, cronjobs.starting_deadline(cronjob)
        if deadline is not None and due + deadline < now:
            text = f"Missed scheduled time to start a job: {cron_schedule.rfc1123(due)}"
            self._event("Warning", "MissSchedule", text)
            return
        running = cronjobs.active(cronjob)
        name = cronjobs.job_name(cronjob, due)
        if due == cronjobs.last_schedule(cronjob) or any(one["name"] == name for one in running):
            return
        if running and cronjobs.concurrency(cronjob) == cronjobs.FORBID:
            text = "Not starting job because prior execution is running and concurrency policy is Forbid"
            self._event("Normal", "JobAlreadyActive", text)
            return
        if running and cronjobs.concurrency(cronjob) == cronjobs.REPLACE:
            self._replace(running[0])
            return
        self._create(due)

    def _replace(self, running: Document) -> None:
        job = self.context.get(jobs.RESOURCE, running["namespace"], running["name"])
        if job is None:
            text = f'Get job: jobs.batch "{running["name"]}" not found'
            self._event("Warning", "FailedGet", text)
            raise APIError(404, "NotFound", text)
        self._delete(job, "replaced")

    def _create(self, due: int) -> None:
        cronjob, reference = self.cronjob, object_reference(RESOURCE, self.cronjob)
        job = job_for(cronjob, due)
        args = {"cronjob": reference, "job": object_reference(jobs.RESOURCE, job), "schedule": cronjobs.schedule_text(cronjob)}
        why = {"decision": "cronjob", "due": due, "late": self.context.now - due, "policy": cronjobs.concurrency(cronjob)}
        story = Story("cronjob.create-job", args, NARRATED, (reference,))
        try:
            made: Document | None = self.context.create(job, story=story, why=why)
            self._event("Normal", "SuccessfulCreate", f"Created job {metadata.name(job)}")
        except APIError as error:
            made = self._already_made(job, error)
        if made is not None:
            self._set(active=[*cronjobs.active(cronjob), jobs.KIND.reference(made)], lastScheduleTime=times.rfc3339(due))

    def _already_made(self, job: Document, error: APIError) -> Document | None:
        """The Job of that name, if it is ours and not listed; None for somebody else's. Raises what is no such case."""
        if error.reason != "AlreadyExists":
            if not pod_control.namespace_is_terminating(error):
                self._event("Warning", "FailedCreate", f"Error creating job: {error.message}")
            raise error
        there = self.context.get(jobs.RESOURCE, metadata.namespace(job), metadata.name(job))
        ours = there is not None and metadata.is_controlled_by(there, self.cronjob) and not self._is_listed(there)
        return there if ours else None


def _by_start(job: Document) -> tuple[bool, int, str]:
    """The order in which Jobs began; those that never did last (byJobStartTime)."""
    started = jobs.started_at(job)
    return started is None, started or 0, metadata.name(job)


def job_for(cronjob: Document, due: int) -> Document:
    """The Job for a due time (getJobFromTemplate2)."""
    template = cronjob["spec"]["jobTemplate"]
    meta = template.get("metadata") or {}
    zone = cronjobs.time_zone(cronjob)
    notes = {**(meta.get("annotations") or {}), cronjobs.SCHEDULED_AT: cron_schedule.rfc3339_in(due, zone)}
    return {
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {
            "name": cronjobs.job_name(cronjob, due), "namespace": metadata.namespace(cronjob),
            "labels": meta.get("labels") or {}, "annotations": notes,
            "ownerReferences": [metadata.controller_reference(cronjob)],
        },
        "spec": template["spec"],
    }
