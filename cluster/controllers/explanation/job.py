"""Why a Job waits, has failed or is done: its arithmetic, its back-off, the rules of its failure policy."""

from __future__ import annotations

from collections.abc import Iterator

from cluster.apiserver.reader import Reader
from cluster.controllers import job_backoff, job_policy, pod_control
from cluster.controllers.explanation.hindrance import hindrances
from cluster.controllers.explanation.refusals import refused
from cluster.controllers.explanation.words import MEND, NEXT, STATE, SUM, Cell, Explained, Word, seconds, table, word
from cluster.controllers.job import BACK_OFF, TURN, JobController, held_back, missing, wanted
from cluster.controllers.job_pods import index_of, is_failed, is_terminating, new_pod
from cluster.controllers.job_tally import Tally, ending, noted_ending, time_left
from cluster.machinery.rehearsal import Stage
from cluster.objects import indexes, metadata
from cluster.objects.conditions import condition
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import job as jobs
from cluster.objects.kinds import pod as pods

COLUMNS = ["column.pod", "column.index", "column.phase", "column.exit-code", "column.counts", "column.because"]


def explained(reader: Reader, job: Document) -> Explained:
    key = (metadata.namespace(job), metadata.name(job))
    stage = Stage(reader.world, JobController.name, key)
    owned = pod_control.claim(stage, job, "pods", jobs.selector(job)).owned
    record = job_backoff.Record(*stage.memory((BACK_OFF, *key), ()))
    tally = Tally(job, owned, reader.now, record)
    rows = [_row(job, pod) for pod in owned if pods.is_terminal(pod) or is_failed(pod, job)]
    return Explained(list(_words(stage, tally)), table("table.ended-pods", COLUMNS, rows))


def _words(stage: Stage, tally: Tally) -> Iterator[Word]:
    job = tally.job
    end = jobs.end(job)
    if end:
        yield from _ended(job, end)
        return
    yield word(
        "job.state", STATE, name=metadata.name(job), succeeded=tally.succeeded, failed=tally.failed, active=len(tally.active),
    )
    if jobs.is_managed_elsewhere(job):
        yield word("job.managed-elsewhere", manager=dig(job, "spec", "managedBy"))
        return
    if jobs.is_suspended(job):
        yield word("job.suspended")
        yield word("job.suspended-mend", MEND, name=metadata.name(job))
        return
    ends = noted_ending(job) or ending(tally)
    if ends is not None:
        yield word("job.ending", NEXT, reason=ends.reason, message=ends.message)
        yield from hindrances(stage, filter(metadata.is_being_deleted, tally.pods))
        return
    yield from _sums(tally)
    yield from _limits(tally)
    yield from _waits(stage, tally)


def _ended(job: Document, end: str) -> Iterator[Word]:
    found = condition(job, end) or {}
    status = job.get("status") or {}
    yield word(
        "job.complete" if end == jobs.COMPLETE else "job.failed", STATE, name=metadata.name(job),
        succeeded=status.get("succeeded", 0), failed=status.get("failed", 0),
    )
    yield word("job.end-reason", SUM, reason=found.get("reason", ""), message=found.get("message", ""))
    limit = dig(job, "spec", "backoffLimit")
    if found.get("reason") == "BackoffLimitExceeded":
        yield word("job.limit-exceeded", SUM, failed=status.get("failed", 0), limit=limit)
        if dig(job, "spec", "template", "spec", "restartPolicy") == "OnFailure":
            yield word("job.limit-on-failure", SUM, limit=limit)


def _sums(tally: Tally) -> Iterator[Word]:
    """How many Pods ought to run now, and how that number comes about (manageJob)."""
    job, active = tally.job, len(tally.active)
    completions, parallelism = jobs.completions(job), jobs.parallelism(job)
    if completions is None:
        key = "job.queue-done" if tally.succeeded else "job.queue"
        yield word(key, SUM, parallelism=parallelism, active=active, wanted=wanted(tally))
    else:
        yield word(
            "job.wanted", SUM, completions=completions, succeeded=tally.succeeded, left=completions - tally.succeeded,
            parallelism=parallelism, wanted=wanted(tally), active=active,
        )
    going = sum(map(is_terminating, tally.pods))
    if going and jobs.replaces_only_failed(job):
        yield word("job.terminating", count=going)
    if tally.failed_indexes:
        yield word("job.failed-indexes", SUM, indexes=indexes.spelled(tally.failed_indexes))


def _limits(tally: Tally) -> Iterator[Word]:
    """How much failure and time are left."""
    job = tally.job
    limit = int(dig(job, "spec", "backoffLimit", default=jobs.BACK_OFF_LIMIT))
    if tally.failed and limit < jobs.NO_LIMIT:
        yield word("job.failures-left", SUM, failed=tally.failed, limit=limit)
    left = time_left(tally)
    if left is not None:
        allowed = jobs.active_deadline(job) or 0
        yield word("job.deadline", NEXT, left=seconds(left), allowed=seconds(allowed))


def _waits(stage: Stage, tally: Tally) -> Iterator[Word]:
    held, lacking = held_back(tally), missing(tally)
    if held and jobs.limit_per_index(tally.job) is not None:
        for index in tally.pending_indexes()[:lacking]:
            left = job_backoff.remaining_of_index(tally.kept.get(index), tally.now)
            if left:
                yield word("job.index-backs-off", index=index, seconds=seconds(left))
    elif held:
        failures = tally.record.failures
        yield word(
            "job.backs-off", failures=failures, delay=seconds(job_backoff.delay(failures)), seconds=seconds(held),
        )
        yield word("job.backs-off-sum", SUM, first=seconds(job_backoff.FIRST), longest=seconds(job_backoff.LONGEST))
    elif lacking > 0:
        yield from _making(stage, tally, lacking)
    else:
        yield from hindrances(stage, tally.active)
        running = sum(map(pods.is_ready, tally.active))
        if running:
            yield word("job.runs", count=running)


def _making(stage: Stage, tally: Tally, lacking: int) -> Iterator[Word]:
    """Pods are missing and nothing holds them back: they come with the next turn, unless the server refuses them."""
    index = next(iter(tally.pending_indexes()), 0) if jobs.is_indexed(tally.job) else None
    refusals = list(refused(stage, new_pod(tally.job, index)))
    yield from refusals
    due = stage.memory((TURN, *stage.key), {}).get("due")
    if not refusals:
        yield word("job.creates", NEXT, count=lacking, seconds=seconds((due or tally.now) - tally.now))


# --- Pods that have ended ----------------------------------------------------------------------------------------


def _row(job: Document, pod: Document) -> list[Cell]:
    index, codes = index_of(pod), list(_exit_codes(pod))
    failed = is_failed(pod, job)
    counts = "cell.success" if not failed else "cell.yes" if job_policy.counts_as_failure(job, pod) else "cell.no"
    return [
        metadata.name(pod), "" if index is None else index, pods.status_text(pod), ", ".join(map(str, codes)),
        word(counts, "cell"), _verdict(job, pod) if failed else "",
    ]


def _exit_codes(pod: Document) -> Iterator[int]:
    for status in dig(pod, "status", "containerStatuses", default=[]):
        code = dig(status, "state", "terminated", "exitCode")
        if code is not None:
            yield code


def _verdict(job: Document, pod: Document) -> Cell:
    """The rule of the failure policy that matched; "" for a Job without a policy."""
    found = job_policy.verdict(job, pod)
    if found is not None:
        return word("job.rule", "cell", number=found.rule, action=found.action)
    return word("job.no-rule", "cell") if dig(job, "spec", "podFailurePolicy") else ""
