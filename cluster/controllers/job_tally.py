"""What a Job's Pods amount to: how many have succeeded and failed, whether that is the end, what its status says.

pkg/controller/job/job_controller.go: syncJob, trackJobStatusAndRemoveFinalizers, enactJobFinished.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from cluster.controllers import job_policy
from cluster.controllers.job_backoff import Record
from cluster.controllers.job_pods import (
    all_index_failures,
    finished_at,
    has_index,
    index_failures,
    index_of,
    indexes_of,
    is_failed,
    is_terminating,
    is_tracked,
)
from cluster.objects import indexes, metadata, times
from cluster.objects.conditions import condition, is_true
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import job as jobs
from cluster.objects.kinds import pod as pods
from cluster.objects.kinds.deployment import count

# The fields of a status in the order of the API; those in OPTIONAL are left out when they say nothing.
FIELDS = (
    "conditions", "startTime", "completionTime", "active", "succeeded", "failed", "terminating", "completedIndexes",
    "failedIndexes", "uncountedTerminatedPods", "ready",
)
OPTIONAL = frozenset({"conditions", "active", "succeeded", "failed", "completedIndexes"})


class Ending(NamedTuple):
    """Why a Job ends."""

    success: bool
    reason: str
    message: str

    @property
    def sign(self) -> str:
        """The condition that says so while Pods are still going."""
        return jobs.SUCCESS_CRITERIA_MET if self.success else jobs.FAILURE_TARGET

    @property
    def condition(self) -> str:
        return jobs.COMPLETE if self.success else jobs.FAILURE


COMPLETIONS_REACHED = Ending(True, "CompletionsReached", "Reached expected number of succeeded pods")
BACK_OFF_LIMIT = Ending(False, "BackoffLimitExceeded", "Job has reached the specified backoff limit")
DEADLINE = Ending(False, "DeadlineExceeded", "Job was active longer than specified deadline")
MAX_FAILED_INDEXES = Ending(
    False, "MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes"
)
FAILED_INDEXES = Ending(False, "FailedIndexes", "Job has failed indexes")


@dataclass
class Tally:
    """The Pods of a Job at one moment, counted. `record` is the back-off as it was noted last."""

    job: Document
    pods: list[Document]
    now: int
    record: Record
    active: list[Document] = field(init=False)
    succeeded: int = field(init=False)
    failed: int = field(init=False)
    previous_indexes: set[int] = field(init=False, default_factory=set)
    succeeded_indexes: set[int] = field(init=False, default_factory=set)
    failed_indexes: set[int] | None = field(init=False, default=None)
    # By index: the failed Pod that is kept until its replacement has taken over its count.
    kept: dict[int, Document] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        job, status = self.job, self.status
        self.active = [pod for pod in self.pods if pods.is_active(pod)]
        waiting = self.uncounted
        succeeded = [pod for pod in self._new("succeeded") if pods.phase(pod) == "Succeeded"]
        failed = [pod for pod in self._new("failed") if is_failed(pod, job)]
        self.record = self.record.after(succeeded, failed)
        self.succeeded = count(status, "succeeded") + len(succeeded) + len(waiting["succeeded"])
        counted = sum(job_policy.counts_as_failure(job, pod) for pod in failed)
        self.failed = count(status, "failed") + counted + len(waiting["failed"])
        if jobs.is_indexed(job):
            self._count_indexes()

    @property
    def status(self) -> Document:
        found: Document = self.job.get("status") or {}
        return found

    @property
    def uncounted(self) -> dict[str, list[str]]:
        """Uids of Pods that have been noted and not yet added to the counts."""
        found = dig(self.status, "uncountedTerminatedPods", default={})
        return {what: found.get(what) or [] for what in ("succeeded", "failed")}

    @property
    def started(self) -> int | None:
        """When the Job began; now, if it does so with this look at it."""
        found = jobs.started_at(self.job)
        return self.now if found is None and not jobs.is_suspended(self.job) else found

    @property
    def terminating(self) -> int:
        return sum(map(is_terminating, self.pods))

    @property
    def ready(self) -> int:
        return sum(map(pods.is_ready, self.active))

    def _new(self, what: str) -> list[Document]:
        """Tracked Pods that have not been noted, for an Indexed Job those with an index (getValidPodsWithFilter)."""
        noted = set(self.uncounted[what]) if what else set()
        return [
            pod for pod in self.pods
            if is_tracked(pod) and metadata.uid(pod) not in noted
            and (not jobs.is_indexed(self.job) or has_index(pod, self.job))
        ]

    def _count_indexes(self) -> None:
        wanted = jobs.completions(self.job) or 0
        self.previous_indexes = indexes.parse(self.status.get("completedIndexes") or "", wanted)
        ended = [pod for pod in self.pods if is_tracked(pod) and has_index(pod, self.job)]
        won = indexes_of(pod for pod in ended if pods.phase(pod) == "Succeeded")
        self.succeeded_indexes = self.previous_indexes | won
        self.succeeded = len(self.succeeded_indexes)
        if jobs.limit_per_index(self.job) is not None:
            lost = indexes_of(pod for pod in ended if self._index_has_failed(pod))
            self.failed_indexes = indexes.parse(self.status.get("failedIndexes") or "", wanted) | lost
            self.kept = self._kept()

    def _index_has_failed(self, pod: Document) -> bool:
        """isIndexFailed"""
        if not is_failed(pod, self.job):
            return False
        found = job_policy.verdict(self.job, pod)
        if found is not None and found.action == job_policy.FAIL_INDEX:
            return True
        counts = found is None or found.action != job_policy.IGNORE
        return counts and index_failures(pod) >= (jobs.limit_per_index(self.job) or 0)

    def _kept(self) -> dict[int, Document]:
        """getPodsWithDelayedDeletionPerIndex"""
        over = self.succeeded_indexes | (self.failed_indexes or set()) | indexes_of(self.active)
        found: dict[int, Document] = {}
        for pod in self._new(""):
            index = index_of(pod)
            if index is None or index in over or not is_failed(pod, self.job):
                continue
            last = found.get(index)
            if last is None or (all_index_failures(last) <= all_index_failures(pod) and finished_at(pod) >= finished_at(last)):
                found[index] = pod
        return found

    def pending_indexes(self) -> list[int]:
        """Indexes that have neither a Pod nor an end (firstPendingIndexes)."""
        taken = self.succeeded_indexes | (self.failed_indexes or set()) | indexes_of(self.active)
        if jobs.replaces_only_failed(self.job):
            taken |= indexes_of(filter(is_terminating, self.pods))
        return [index for index in range(jobs.completions(self.job) or 0) if index not in taken]


# --- the end ----------------------------------------------------------------------------------------------------


def noted_ending(job: Document) -> Ending | None:
    """The end that an earlier look at the Job has written down."""
    for sign, success in ((jobs.SUCCESS_CRITERIA_MET, True), (jobs.FAILURE_TARGET, False)):
        found = condition(job, sign)
        if found is not None and found["status"] == "True":
            return Ending(success, found.get("reason", ""), found.get("message", ""))
    return None


def ending(tally: Tally) -> Ending | None:
    """Whether the Job ends now, failures before successes; without those of which nothing must run any longer."""
    job = tally.job
    failed = [pod for pod in tally.pods if is_failed(pod, job)]
    message = job_policy.failure(job, failed)
    if message:
        return Ending(False, "PodFailurePolicy", message)
    limit = int(dig(job, "spec", "backoffLimit", default=jobs.BACK_OFF_LIMIT))
    if tally.failed > limit or _restarts_beyond(job, tally.pods, limit):
        return BACK_OFF_LIMIT
    if time_left(tally) == 0:
        return DEADLINE
    return _ending_of_indexes(tally) if jobs.is_indexed(job) else None


def _restarts_beyond(job: Document, found: Iterable[Document], limit: int) -> bool:
    """With OnFailure the restarts of containers count instead of Pods (pastBackoffLimitOnFailure)."""
    if dig(job, "spec", "template", "spec", "restartPolicy") != "OnFailure":
        return False
    restarts = sum(
        status.get("restartCount", 0)
        for pod in found if pods.phase(pod) in ("Running", "Pending")
        for group in ("initContainerStatuses", "containerStatuses") for status in dig(pod, "status", group, default=[])
    )
    return restarts >= max(limit, 1)


def time_left(tally: Tally) -> int | None:
    """How long the Job may still run (ms); None without a deadline and while it is suspended."""
    allowed, started = jobs.active_deadline(tally.job), tally.started
    if allowed is None or started is None or jobs.is_suspended(tally.job):
        return None
    return max(0, allowed - (tally.now - started))


def _ending_of_indexes(tally: Tally) -> Ending | None:
    job, failed, most = tally.job, tally.failed_indexes, dig(tally.job, "spec", "maxFailedIndexes")
    if failed is not None:
        if most is not None and len(failed) > most:
            return MAX_FAILED_INDEXES
        if failed and len(failed) + len(tally.succeeded_indexes) >= (jobs.completions(job) or 0):
            return FAILED_INDEXES
    message = job_policy.success(job, tally.succeeded_indexes)
    return Ending(True, "SuccessPolicy", message) if message else None


def is_complete(tally: Tally, active: int) -> bool:
    """Whether enough Pods have succeeded and none runs any longer."""
    wanted = jobs.completions(tally.job)
    return active == 0 and (tally.succeeded > 0 if wanted is None else tally.succeeded >= wanted)


# --- the status -------------------------------------------------------------------------------------------------


def _written(fields: Mapping[str, Any]) -> Document:
    return {name: fields[name] for name in FIELDS if fields.get(name) or (name not in OPTIONAL and fields.get(name) is not None)}


def _condition(type_: str, reason: str, message: str, now: int, status: str = "True") -> Document:
    stamp = times.rfc3339(now)
    return {
        "type": type_, "status": status, "lastProbeTime": stamp, "lastTransitionTime": stamp, "reason": reason,
        "message": message,
    }


def _with_condition(present: list[Document], new: Document) -> list[Document]:
    """The conditions with one set; a missing one that would be False is not worth a word (ensureJobConditionStatus)."""
    said = ("status", "reason", "message")
    for number, old in enumerate(present):
        if old["type"] == new["type"]:
            same = all(old.get(part) == new[part] for part in said)
            return present if same else [*present[:number], new, *present[number + 1 :]]
    return present if new["status"] == "False" else [*present, new]


def cleaned(status: Document, tracked: set[str]) -> Document:
    """The status in which Pods that have lost their finalizer are counted (cleanUncountedPodsWithoutFinalizers)."""
    noted = status.get("uncountedTerminatedPods") or {}
    left, fields = {}, dict(status)
    for what in ("succeeded", "failed"):
        uids = noted.get(what) or []
        still = [uid for uid in uids if uid in tracked]
        fields[what] = count(status, what) + len(uids) - len(still)
        if still:
            left[what] = still
    return _written({**fields, "uncountedTerminatedPods": left})


def tracked_uids(found: Iterable[Document]) -> set[str]:
    return {metadata.uid(pod) for pod in found if is_tracked(pod)}


class Count(NamedTuple):
    """A status to write, and the names of the Pods that have been counted with it and may lose their finalizer."""

    status: Document
    done: list[str]


def counted(tally: Tally, active: int, end: Ending | None) -> Count:
    """The status with everything that has ended noted, and with the sign of the end."""
    job, now = tally.job, tally.now
    status = cleaned(tally.status, tracked_uids(tally.pods))
    noted = {what: list(uids) for what, uids in (status["uncountedTerminatedPods"]).items()}
    done, won = _note_ended(tally, noted, end)
    started = tally.started
    fields = {
        **status, "active": active, "ready": tally.ready, "terminating": tally.terminating,
        "uncountedTerminatedPods": {what: uids for what, uids in noted.items() if uids},
        "startTime": None if started is None else dig(status, "startTime", default=times.rfc3339(started)),
    }
    if jobs.is_indexed(job):
        # From here on the indexes are what counts as successes.
        succeeded = tally.succeeded_indexes | won
        fields |= {"succeeded": len(succeeded), "completedIndexes": indexes.spelled(succeeded)}
        if tally.failed_indexes is not None:
            fields["failedIndexes"] = indexes.spelled(tally.failed_indexes)
    conditions: list[Document] = status.get("conditions") or []
    if end is not None:
        conditions = _with_sign(conditions, end, now)
    elif not metadata.is_being_deleted(job):
        conditions = _with_suspension(job, conditions, fields, now)
    return Count(_written({**fields, "conditions": conditions}), done)


def _with_sign(conditions: list[Document], end: Ending, now: int) -> list[Document]:
    if any(found["type"] == end.sign and found["status"] == "True" for found in conditions):
        return conditions
    return [*conditions, _condition(end.sign, end.reason, end.message, now)]


def _with_suspension(job: Document, conditions: list[Document], fields: Document, now: int) -> list[Document]:
    """A Job that has been suspended has not begun; it begins anew when it is resumed."""
    if jobs.is_suspended(job):
        new = _condition(jobs.SUSPENDED, "JobSuspended", "Job suspended", now)
    else:
        new = _condition(jobs.SUSPENDED, "JobResumed", "Job resumed", now, "False")
    changed = _with_condition(conditions, new)
    if changed is not conditions:
        fields["startTime"] = None if jobs.is_suspended(job) else times.rfc3339(now)
    return changed


def _note_ended(tally: Tally, noted: dict[str, list[str]], end: Ending | None) -> tuple[list[str], set[int]]:
    """Add to `noted` the uids of what has ended; returns the Pods that are done with and the indexes that were won."""
    job, before, indexed = tally.job, tally.uncounted, jobs.is_indexed(tally.job)
    done, won = [], set()
    for pod in sorted(tally.pods, key=lambda pod: -1 if (index := index_of(pod)) is None else index):
        failed = is_failed(pod, job)
        if not is_tracked(pod) or not _is_done(tally, pod, failed, end):
            continue
        done.append(metadata.name(pod))
        uid, valid = metadata.uid(pod), has_index(pod, job)
        if pods.phase(pod) == "Succeeded" and uid not in before["failed"]:
            if indexed and valid:
                won.add(index_of(pod) or 0)
            elif not indexed and uid not in before["succeeded"]:
                noted.setdefault("succeeded", []).append(uid)
        # When a Job fails, whatever has not ended counts as failed.
        elif (
            (failed or (end is not None and not end.success)) and uid not in before["failed"]
            and (valid or not indexed) and job_policy.counts_as_failure(job, pod)
        ):
            noted.setdefault("failed", []).append(uid)
    return done, won


def _is_done(tally: Tally, pod: Document, failed: bool, end: Ending | None) -> bool:
    """Whether the Pod's finalizer may go (canRemoveFinalizer)."""
    if metadata.is_being_deleted(tally.job) or end is not None or pods.phase(pod) == "Succeeded":
        return True
    index = index_of(pod)
    kept = tally.kept.get(index) if index is not None else None
    return failed and (kept is None or metadata.uid(kept) != metadata.uid(pod))


def finished(status: Document, end: Ending, now: int) -> Document:
    """The status with the end, once everything is counted and no Pod is going; else as it was (enactJobFinished)."""
    if status.get("uncountedTerminatedPods") or status.get("terminating"):
        return status
    last = _condition(end.condition, end.reason, end.message, now)
    fields = {**status, "conditions": _with_condition(status.get("conditions") or [], last)}
    return _written({**fields, "completionTime": times.rfc3339(now)} if end.success else fields)


def is_newly_suspended(job: Document, status: Document) -> bool | None:
    """Whether the new status suspends (True) or resumes (False) the Job; None when it does neither."""
    before, after = is_true(job, jobs.SUSPENDED), is_true({"status": status}, jobs.SUSPENDED)
    return after if before != after else None
