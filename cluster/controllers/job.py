"""The Job controller: Pods until enough have succeeded (pkg/controller/job/job_controller.go).

It looks at a Job in turns. A turn first makes or deletes Pods; then it notes in the status which Pods have ended, takes
their finalizer away one by one, and at last adds them to the counts, with the end of the Job if this is it. So each Pod
counts once, whatever happens in between. Changes of Pods begin a turn a second later, changes of the spec at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any

from cluster.apiserver.errors import APIError
from cluster.controllers import job_backoff, pod_control
from cluster.controllers.job_pods import (
    deciding_rule,
    first_that_stays,
    index_of,
    is_terminating,
    is_tracked,
    new_pod,
    surplus,
    untracked,
)
from cluster.controllers.job_tally import (
    COMPLETIONS_REACHED,
    Ending,
    Tally,
    cleaned,
    counted,
    ending,
    finished,
    is_complete,
    is_newly_suspended,
    noted_ending,
    time_left,
    tracked_uids,
)
from cluster.machinery.component import Change, Component, Context, Key, Reader
from cluster.machinery.story import FOLDED, NARRATED, Story, object_reference
from cluster.objects import metadata, times
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import job as jobs
from cluster.objects.kinds import pod as pods

RESOURCE = jobs.RESOURCE
# How long changes of Pods are collected before the Job is looked at (SyncJobBatchPeriod).
BATCH = times.SECOND
# At most so many Pods are made or deleted in a turn (MaxPodCreateDeletePerSync).
BURST = 500
# What failed is tried again after a second, doubling (DefaultJobApiBackOff, MaxJobApiBackOff).
API_BACK_OFF, LONGEST_API_BACK_OFF = times.SECOND, times.MINUTE
# From the second failure on a retry keeps no cluster from being quiet.
QUIET_FAILURES = 2
NO_MORE: Mapping[str, Any] = {}
# In memory: (TURN, namespace, name) -> the turn; (BACK_OFF, namespace, name) -> [failures, time of the last one].
TURN, BACK_OFF = "turn", "back-off"
# After how many ms to look again, and whether that is a mere watchdog.
Wait = tuple[int, bool]
# Keys of Pods whose Job is gone or has ended: (ORPHAN, namespace, name).
ORPHAN = "orphan"


@dataclass
class Turn:
    """What the controller remembers of a Job from one write to the next."""

    seen: list[Any] = field(default_factory=list)  # uid, generation, whether it is being deleted: what begins a turn at once
    due: int | None = None  # when the next turn begins (virtual ms)
    open: bool = False
    wrote: int | None = None  # when this turn made its first write
    end: list[Any] | None = None  # the Ending that this turn has found
    doomed: list[str] | None = None  # Pods that this turn deletes with their finalizer
    batch: list[int] | None = None  # the Pods that are made: [size of the batch, left of it, made in this turn, failed of it]
    refused: list[Any] | None = None  # code, reason and message of a creation that failed in this batch
    done: list[str] | None = None  # counted Pods whose finalizer this turn takes away
    retry: list[Any] | None = None  # a Wait: what could not be done is tried again
    failures: int = 0


class JobController(Component):
    name = "job-controller"
    watches = (RESOURCE, "pods")

    def keys_for(self, change: Change, view: Reader) -> Iterable[Key]:
        if change.table == RESOURCE:
            return [change.key, *_pods_left_behind(change, view)]
        keys = pod_control.keys_for_owned(change, view, "Job", RESOURCE, jobs.selector)
        orphaned = change.new is not None and is_tracked(change.new) and _is_nobodys(view, change.new)
        return [*keys, (ORPHAN, *change.key)] if orphaned else keys

    def all_keys(self, view: Reader) -> Iterable[Key]:
        left = [
            (ORPHAN, metadata.namespace(pod), metadata.name(pod)) for pod in view.list("pods")
            if is_tracked(pod) and _is_nobodys(view, pod)
        ]
        return [*super().all_keys(view), *left]

    def reconcile(self, context: Context, key: Key) -> None:
        if key[0] == ORPHAN and len(key) == 3:
            _free(context, key)
            return
        job = context.get(RESOURCE, *key)
        if job is None or jobs.end(job):
            context.forget((TURN, *key))
            context.forget((BACK_OFF, *key))
            return
        turn = None if jobs.is_managed_elsewhere(job) else _begun(context, job)
        if turn is None:
            return
        _take(context, job, turn)
        if context.wrote:
            turn.wrote = context.now if turn.wrote is None else turn.wrote
            context.remember((TURN, *key), asdict(turn))


# --- Pods that no Job looks after -------------------------------------------------------------------------------


def _is_nobodys(view: Reader, pod: Document) -> bool:
    """Whether no Job will count the Pod any more: it has none, or its Job is gone or has ended."""
    reference = metadata.controller_of(pod)
    if reference is None:
        return True
    if (reference["kind"], reference["apiVersion"]) != ("Job", jobs.KIND.api_version):
        return False
    job = view.get(RESOURCE, metadata.namespace(pod), reference["name"])
    if job is None or metadata.uid(job) != reference["uid"]:
        return True
    return bool(jobs.end(job)) and not jobs.is_managed_elsewhere(job)


def _pods_left_behind(change: Change, view: Reader) -> list[Key]:
    if change.new is not None and not jobs.end(change.new):
        return []
    uid = metadata.uid(change.new or change.old)
    return [(ORPHAN, metadata.namespace(pod), metadata.name(pod)) for pod in view.owned("pods", uid) if is_tracked(pod)]


def _free(context: Context, key: Key) -> None:
    """Take the finalizer from a Pod that nobody will count (syncOrphanPod)."""
    pod = context.get("pods", *key[1:])
    if pod is not None and is_tracked(pod) and _is_nobodys(context, pod):
        context.update(untracked(pod), story=Story("job.free", {"pod": object_reference("pods", pod)}, FOLDED))


# --- when -------------------------------------------------------------------------------------------------------


def _key(job: Document) -> Key:
    return metadata.namespace(job), metadata.name(job)


def _begun(context: Context, job: Document) -> Turn | None:
    """The turn that is under way or begins now; None when none is due yet, and then it is called again in time."""
    turn = Turn(**context.memory((TURN, *_key(job)), {}))
    seen = [metadata.uid(job), job["metadata"].get("generation", 1), metadata.is_being_deleted(job)]
    if turn.open and seen == turn.seen:
        return turn
    if seen[:1] != turn.seen[:1]:
        # Another Job of the same name.
        context.forget((BACK_OFF, *_key(job)))
    if seen != turn.seen or (turn.due is not None and context.now >= turn.due):
        return Turn(seen=seen, open=True, failures=turn.failures)
    turn.due = context.now + BATCH if turn.due is None else min(turn.due, context.now + BATCH)
    context.remember((TURN, *_key(job)), asdict(turn))
    context.again(turn.due - context.now)
    return None


def _ends(context: Context, job: Document, turn: Turn, waits: Iterable[Wait]) -> None:
    """Close the turn. `waits`: what the next one waits for, the shortest."""
    due = list(waits)
    if turn.retry is not None:
        due.append((turn.retry[0], turn.retry[1]))
    if turn.wrote is not None:
        due.append((max(0, turn.wrote + BATCH - context.now), False))
    delay, quiet = min(due, default=(None, True))
    left = Turn(seen=turn.seen, due=None if delay is None else context.now + delay, failures=turn.failures)
    context.remember((TURN, *_key(job)), asdict(left))
    if delay is not None:
        context.again(delay, quiet=quiet)


# --- one turn ---------------------------------------------------------------------------------------------------


def _take(context: Context, job: Document, turn: Turn) -> None:
    """Make the next write of the turn, or end it."""
    claim = pod_control.claim(context, job, "pods", jobs.selector(job))
    if claim.adopt or claim.release:
        _claim_one(context, job, claim)
        return
    if turn.done is None:
        waits = _act(context, job, turn, claim.owned)
        if context.wrote:
            return
        if waits:
            _ends(context, job, turn, waits)
            return
    _let_go(context, job, turn)
    if not context.wrote:
        _finish(context, job, turn, claim.owned)


def _claim_one(context: Context, job: Document, claim: pod_control.Claim) -> None:
    """A Pod that is adopted gets the finalizer too."""
    reference = object_reference(RESOURCE, job)
    if claim.adopt:
        pod = claim.adopt[0]
        changed = pod_control.adopted(metadata.with_finalizers(pod, [*metadata.finalizers(pod), jobs.TRACKING]), job)
        args = {"job": reference, "pod": object_reference("pods", pod)}
        context.update(changed, story=Story("job.adopt", args, NARRATED, (reference,)))
        return
    pod = claim.release[0]
    args = {"job": reference, "pod": object_reference("pods", pod)}
    story = Story("job.release", args, NARRATED, (reference,))
    context.update(pod_control.released(untracked(pod), job), story=story)


def _act(context: Context, job: Document, turn: Turn, owned: list[Document]) -> list[Wait]:
    """Make or delete a Pod, else write the status; when the turn must end before that, when the next one begins."""
    record = job_backoff.Record(*context.memory((BACK_OFF, *_key(job)), ()))
    tally = Tally(job, owned, context.now, record)
    end = noted_ending(job) or (Ending(*turn.end) if turn.end else ending(tally))
    held = 0
    try:
        if end is not None:
            turn.end = list(end)
            _stop(context, job, tally, end)
        elif not metadata.is_being_deleted(job):
            held = _manage(context, job, tally, turn)
    except APIError as error:
        # What has ended is counted all the same.
        end = turn.end = None
        turn.retry = list(_later(turn, error))
    if context.wrote:
        return []
    # While it waits for a back-off the controller reports that nothing is active.
    active = 0 if held else len(tally.active)
    if end is None and turn.retry is None and is_complete(tally, active):
        end = COMPLETIONS_REACHED
        turn.end = list(end)
    status, turn.done = counted(tally, active, end)
    if status.get("ready", 0) > active:
        # More ready Pods than active ones: the server refuses such a status (ValidateJobStatusUpdate).
        return [_later(turn), (held, True)]
    if turn.retry is None:
        turn.failures = 0
    _report(context, job, tally, status, end, held)
    return []


def _later(turn: Turn, error: APIError | None = None) -> Wait:
    """When to try again what could not be done."""
    if error is not None and pod_control.namespace_is_terminating(error):
        return LONGEST_API_BACK_OFF, True
    turn.failures += 1
    delay = min(LONGEST_API_BACK_OFF, API_BACK_OFF << min(turn.failures - 1, 10))
    return delay, turn.failures >= QUIET_FAILURES


def _report(context: Context, job: Document, tally: Tally, status: Document, end: Ending | None, held: int) -> None:
    """Write what has been noted, if that is anything new."""
    if status == job.get("status"):
        return
    reference, suspended = object_reference(RESOURCE, job), is_newly_suspended(job, status)
    args: dict[str, Any] = {"job": reference}
    if end is not None and noted_ending(job) is None:
        args |= {"reason": end.reason, "failed": tally.failed, "succeeded": tally.succeeded}
        story = Story("job.succeeding" if end.success else "job.failing", args, NARRATED, (reference,))
        why: Any = _why_end(job, tally, end)
    elif suspended is not None:
        story, why = Story("job.suspended" if suspended else "job.resumed", args, NARRATED, (reference,)), None
        context.event(job, "Normal", "Suspended" if suspended else "Resumed", f"Job {'suspended' if suspended else 'resumed'}")
    else:
        args |= {"active": status.get("active", 0), "succeeded": tally.succeeded, "failed": tally.failed}
        story, why = Story("job.status", args, FOLDED), None
    if held:
        why = {
            "decision": "job-wait", "rule": "back-off", "failures": tally.record.failures, "until": context.now + held,
            "lastFailure": tally.record.last,
        }
    context.remember((BACK_OFF, *_key(job)), list(tally.record))
    context.update({**job, "status": status}, subresource="status", story=story, why=why)


def _why_end(job: Document, tally: Tally, end: Ending) -> dict[str, Any]:
    spec = job["spec"]
    return {
        "decision": "job-end", "reason": end.reason, "message": end.message, "failed": tally.failed,
        "succeeded": tally.succeeded, "completions": spec.get("completions"), "backoffLimit": spec.get("backoffLimit"),
        "activeFor": None if tally.started is None else tally.now - tally.started,
    }


def _let_go(context: Context, job: Document, turn: Turn) -> None:
    """Take the finalizer from the next Pod that has been counted."""
    while turn.done:
        name, *turn.done = turn.done
        pod = context.get("pods", metadata.namespace(job), name)
        if pod is not None and is_tracked(pod) and metadata.is_controlled_by(pod, job):
            _untrack(context, job, pod)
            return


def _untrack(context: Context, job: Document, pod: Document) -> None:
    args = {"job": object_reference(RESOURCE, job), "pod": object_reference("pods", pod)}
    context.update(untracked(pod), story=Story("job.untrack", args, FOLDED))


def _finish(context: Context, job: Document, turn: Turn, owned: list[Document]) -> None:
    """Add what is counted, with the end of the Job if this is it; then the turn is over."""
    end = Ending(*turn.end) if turn.end else None
    status = cleaned(job.get("status") or {}, tracked_uids(owned))
    if end is not None:
        status = finished(status, end, context.now)
    if status == job.get("status"):
        _ends(context, job, turn, _next_looks(context, job, owned, end))
        return
    new = {**job, "status": status}
    reference = object_reference(RESOURCE, job)
    args = {"job": reference, "succeeded": status.get("succeeded", 0), "failed": status.get("failed", 0)}
    if end is None or not jobs.end(new):
        context.update(new, subresource="status", story=Story("job.counted", args, FOLDED))
        return
    args["reason"] = end.reason
    story = Story("job.complete" if end.success else "job.failed", args, NARRATED, (reference,))
    context.update(new, subresource="status", story=story)
    _tell_end(context, new, end)


def _tell_end(context: Context, job: Document, end: Ending) -> None:
    """recordJobFinished"""
    if not end.success:
        context.event(job, "Warning", end.reason, end.message)
        return
    wanted = jobs.completions(job)
    if wanted is not None and int(dig(job, "status", "succeeded", default=0)) > wanted:
        text = "Too many succeeded pods running after completion count reached"
        context.event(job, "Warning", "TooManySucceededPods", text)
    context.event(job, "Normal", "Completed", "Job completed")


def _next_looks(context: Context, job: Document, owned: list[Document], end: Ending | None) -> list[Wait]:
    """When time alone changes what there is to do: at the deadline, and when a back-off is over."""
    if end is not None or metadata.is_being_deleted(job):
        return []
    record = job_backoff.Record(*context.memory((BACK_OFF, *_key(job)), ()))
    tally = Tally(job, owned, context.now, record)
    left, held = time_left(tally), held_back(tally)
    found = [] if left is None else [(left, True)]
    return [*found, (max(BATCH, held), True)] if held else found


# --- making and deleting Pods -----------------------------------------------------------------------------------


def _stop(context: Context, job: Document, tally: Tally, end: Ending) -> None:
    """The Job ends: delete what still runs; the finalizers go when it has been noted."""
    if tally.active:
        rule = "policy-met" if end.success else "failing"
        _delete(context, job, tally.active[0], rule)


def _manage(context: Context, job: Document, tally: Tally, turn: Turn) -> int:
    """Make one Pod, or delete one; how long a back-off still lasts that forbids to make one (manageJob)."""
    if turn.doomed is None:
        too_many = len(tally.active) if jobs.is_suspended(job) else max(0, len(tally.active) - wanted(tally))
        turn.doomed = [metadata.name(pod) for pod in surplus(job, tally.active, too_many)[:BURST]] or None
    if turn.doomed is not None:
        _delete_doomed(context, job, tally, turn)
        return 0
    if missing(tally) <= 0 and turn.batch is None:
        return 0
    held = held_back(tally) if turn.batch is None else 0
    if not held:
        _create_batch(context, job, tally, turn)
    return held


def wanted(tally: Tally) -> int:
    """How many Pods ought to run. A work queue that has seen a success keeps what runs."""
    completions, parallelism = jobs.completions(tally.job), jobs.parallelism(tally.job)
    if completions is None:
        return len(tally.active) if tally.succeeded > 0 else parallelism
    return max(0, min(parallelism, completions - tally.succeeded))


def missing(tally: Tally) -> int:
    if jobs.is_suspended(tally.job):
        return 0
    going = sum(map(is_terminating, tally.pods)) if jobs.replaces_only_failed(tally.job) else 0
    return wanted(tally) - going - len(tally.active)


def held_back(tally: Tally) -> int:
    """How long no Pod may be made although one is missing (ms)."""
    if missing(tally) <= 0:
        return 0
    if jobs.limit_per_index(tally.job) is None:
        return tally.record.remaining(tally.now)
    waits = [
        job_backoff.remaining_of_index(tally.kept.get(index), tally.now)
        for index in tally.pending_indexes()[: missing(tally)]
    ]
    return min(waits, default=0)


def _create_batch(context: Context, job: Document, tally: Tally, turn: Turn) -> None:
    """Make the next Pod of the current batch. Batches double and are tried to their end; one with a failure is the last."""
    size, left, made, failed = turn.batch or [1, 1, 0, 0]
    while True:
        if left == 0 and not failed:
            size = left = max(0, min(2 * size, missing(tally), BURST - made))
        if left == 0:
            break
        left -= 1
        turn.batch = [size, left, made, failed]
        try:
            if not _create(context, job, tally, failed):
                break
        except APIError as error:
            if pod_control.namespace_is_terminating(error):
                raise
            turn.refused, failed = [error.code, error.reason, error.message], failed + 1
            continue
        turn.batch = [size, left, made + 1, failed]
        return
    turn.batch = [size, 0, made, failed]
    if turn.refused is not None:
        raise APIError(*turn.refused)


def _create(context: Context, job: Document, tally: Tally, skipped: int) -> bool:
    """Make one Pod, for an Indexed Job that of the first index that has none but for those `skipped`; whether there was one."""
    index = _next_index(tally, skipped) if jobs.is_indexed(job) else None
    if jobs.is_indexed(job) and index is None:
        return False
    reference = object_reference(RESOURCE, job)
    args = {
        "job": reference, "pod": "", "active": len(tally.active), "parallelism": jobs.parallelism(job),
        "succeeded": tally.succeeded, "index": index,
    }
    story = Story("job.create-pod" if index is None else "job.create-index", args, NARRATED, (reference,))
    replaced = None if index is None else tally.kept.get(index)
    try:
        pod = context.create(new_pod(job, index, replaced), story=story)
    except APIError as error:
        if not pod_control.namespace_is_terminating(error):
            context.event(job, "Warning", "FailedCreate", f"Error creating: {error.message}")
        raise
    # The server has only now made up the name.
    args["pod"] = object_reference("pods", pod)
    context.event(job, "Normal", "SuccessfulCreate", f"Created pod: {metadata.name(pod)}")
    return True


def _next_index(tally: Tally, skipped: int) -> int | None:
    """The first index that has no Pod and need not wait, after so many others."""
    free = (
        index for index in tally.pending_indexes()[: missing(tally)]
        if not job_backoff.remaining_of_index(tally.kept.get(index), tally.now)
    )
    return next(islice(free, skipped, None), None)


def _delete_doomed(context: Context, job: Document, tally: Tally, turn: Turn) -> None:
    """Pods that are too many do not count: first the finalizer goes, then the Pod (deleteJobPods)."""
    alive = {metadata.name(pod): pod for pod in tally.active}
    turn.doomed = [name for name in turn.doomed or [] if name in alive]
    if not turn.doomed:
        return
    pod = alive[turn.doomed[0]]
    if is_tracked(pod):
        _untrack(context, job, pod)
    elif jobs.is_suspended(job):
        _delete(context, job, pod, "suspended")
    else:
        kept = first_that_stays(tally.active, turn.doomed)
        why = {} if kept is None else {"because": deciding_rule(pod, kept), "kept": metadata.name(kept)}
        _delete(context, job, pod, "surplus", why)


def _delete(context: Context, job: Document, pod: Document, rule: str, more: Mapping[str, Any] = NO_MORE) -> None:
    reference, name = object_reference(RESOURCE, job), metadata.name(pod)
    args = {"job": reference, "pod": object_reference("pods", pod), "parallelism": jobs.parallelism(job)}
    why = {"decision": "job-delete", "rule": rule, "phase": pods.phase(pod), "index": index_of(pod), **more}
    story = Story(f"job.delete-{rule}", args, NARRATED, (reference,))
    try:
        context.delete("pods", metadata.namespace(pod), name, story=story, why=why)
    except APIError as error:
        context.event(job, "Warning", "FailedDelete", f"Error deleting: {error.message}")
        raise
    context.event(job, "Normal", "SuccessfulDelete", f"Deleted pod: {name}")
