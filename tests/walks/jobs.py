"""What is true of Jobs and CronJobs after every step, and when all is quiet."""

from __future__ import annotations

from collections import Counter

from cluster.controllers.job_pods import index_of, is_tracked
from cluster.objects import metadata
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import cronjob as cronjobs
from cluster.objects.kinds import job as jobs
from cluster.objects.kinds import pod as pods
from cluster.simulation.simulation import Simulation
from cluster.simulation.step import Step
from tests.walks import quiet
from tests.walks.rules import Seen, told, updates_of, written, written_of


def _count(job: Document, field: str) -> int:
    return int(dig(job, "status", field, default=0))


def _pods_of(step: Step, job: Document) -> list[Document]:
    return [step.world.row(*entry) for entry in step.world.filed("controller", f"pods/{metadata.uid(job)}")]


def _owner(step: Step, pod: Document) -> Document:
    found: Document = step.world.row(jobs.RESOURCE, (metadata.namespace(pod), (metadata.controller_of(pod) or {})["name"]))
    return found


@written(jobs.RESOURCE)
def successes_are_never_more_than_asked_for(seen: Seen, step: Step) -> None:
    for job in written_of(step, jobs.RESOURCE):
        wanted = jobs.completions(job)
        # Who lowers the completions of an Indexed Job may find that there have been more.
        if wanted is not None and step.actor == "job-controller":
            assert _count(job, "succeeded") <= wanted, (metadata.name(job), job["status"])


@told("job.create-pod", "job.create-index")
def no_more_pods_than_may_run(seen: Seen, step: Step) -> None:
    for pod in written_of(step, "pods"):
        job = _owner(step, pod)
        active = [other for other in _pods_of(step, job) if pods.is_active(other)]
        assert len(active) <= jobs.parallelism(job), (metadata.name(job), len(active))
        completions = jobs.completions(job)
        if completions is not None:
            assert len(active) + _count(job, "succeeded") <= completions, (metadata.name(job), len(active), job["status"])
        assert not jobs.is_suspended(job), metadata.name(job)
        assert not jobs.end(job), metadata.name(job)
        twice = [index for index, number in Counter(map(index_of, active)).items() if index is not None and number > 1]
        assert not twice, (metadata.name(job), twice)


@written(jobs.RESOURCE)
def an_end_is_an_end(seen: Seen, step: Step) -> None:
    for old, new in updates_of(step, jobs.RESOURCE):
        if jobs.end(old):
            assert jobs.end(new) == jobs.end(old), metadata.name(new)
            assert _count(new, "succeeded") == _count(old, "succeeded"), metadata.name(new)
        elif jobs.end(new):
            assert not _count(new, "active"), new["status"]
            assert not dig(new, "status", "terminating", default=0), new["status"]
            assert not dig(new, "status", "uncountedTerminatedPods"), new["status"]
            signs = {found["type"] for found in new["status"]["conditions"]}
            assert signs & {jobs.SUCCESS_CRITERIA_MET, jobs.FAILURE_TARGET}, signs
            assert len(signs & {jobs.COMPLETE, jobs.FAILURE}) == 1, signs


@written(jobs.RESOURCE)
def counts_only_grow(seen: Seen, step: Step) -> None:
    for old, new in updates_of(step, jobs.RESOURCE):
        assert _count(new, "failed") >= _count(old, "failed"), (metadata.name(new), old["status"], new["status"])
        if not jobs.is_indexed(new):
            assert _count(new, "succeeded") >= _count(old, "succeeded"), (metadata.name(new), old["status"], new["status"])


@told("job.untrack")
def a_pod_is_noted_before_it_is_let_go(seen: Seen, step: Step) -> None:
    """The finalizer of an ended Pod goes only when the Job's status knows of it, or when nobody counts it any more."""
    for old, new in updates_of(step, "pods"):
        job = _owner(step, old)
        if pods.phase(old) != "Succeeded" or jobs.is_indexed(job) or is_tracked(new):
            continue
        noted = dig(job, "status", "uncountedTerminatedPods", default={})
        assert metadata.uid(old) in [*noted.get("succeeded", []), *noted.get("failed", [])], (metadata.name(old), noted)


@told("cronjob.create-job")
def forbidden_is_forbidden(seen: Seen, step: Step) -> None:
    for job in written_of(step, jobs.RESOURCE):
        reference = metadata.controller_of(job) or {}
        cronjob = step.world.row(cronjobs.RESOURCE, (metadata.namespace(job), reference["name"]))
        assert not cronjobs.is_suspended(cronjob), metadata.name(cronjob)
        if cronjobs.concurrency(cronjob) == cronjobs.ALLOW:
            continue
        others = [
            name for namespace, name in step.world.table(jobs.RESOURCE)
            if namespace == metadata.namespace(job) and name != metadata.name(job)
            and name.startswith(f"{metadata.name(cronjob)}-")
        ]
        listed = {one["name"] for one in cronjobs.active(cronjob)}
        running = [
            name for name in others
            if name in listed and not jobs.end(step.world.row(jobs.RESOURCE, (metadata.namespace(job), name)))
            and not metadata.is_being_deleted(step.world.row(jobs.RESOURCE, (metadata.namespace(job), name)))
        ]
        assert not running, (metadata.name(cronjob), running)


# --- quiet ------------------------------------------------------------------------------------------------------


@quiet.rule("job-controller")
def nothing_holds_the_pods_of_a_job_that_has_ended(simulation: Simulation, seen: Seen) -> None:
    for pod in simulation.api.list("pods"):
        if not is_tracked(pod):
            continue
        reference = metadata.controller_of(pod)
        assert reference is not None, metadata.name(pod)
        job = simulation.api.get(jobs.RESOURCE, metadata.namespace(pod), reference["name"])
        assert job is not None, metadata.name(pod)
        assert not jobs.end(job), (metadata.name(pod), metadata.name(job))


@quiet.rule("job-controller", "kubelet")
def suspended_jobs_rest(simulation: Simulation, seen: Seen) -> None:
    for job in simulation.api.list(jobs.RESOURCE):
        if jobs.is_suspended(job) and not metadata.is_being_deleted(job):
            active = [pod for pod in simulation.api.owned("pods", metadata.uid(job)) if pods.is_active(pod)]
            assert not active, (metadata.name(job), [metadata.name(pod) for pod in active])


@quiet.rule("replication-controller")
def replicationcontrollers_have_their_pods(simulation: Simulation, seen: Seen) -> None:
    for one in simulation.api.list("replicationcontrollers"):
        if metadata.is_being_deleted(one) or quiet.is_going(simulation, one):
            continue
        active = [pod for pod in simulation.api.owned("pods", metadata.uid(one)) if pods.is_active(pod)]
        assert len(active) == one["spec"]["replicas"], (metadata.name(one), len(active))
