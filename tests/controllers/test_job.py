"""A Job runs Pods until enough of them have succeeded."""

from __future__ import annotations

import pytest

from cluster.apiserver.errors import APIError
from cluster.objects import metadata
from cluster.objects.kinds import job as jobs
from cluster.objects.kinds import pod as pods
from tests.controllers.builders import add_pod, delete
from tests.controllers.job_lab import JOBS, Lab, job


@pytest.fixture
def lab() -> Lab:
    return Lab()


def test_it_works(lab: Lab) -> None:
    lab.job(20, completions=3, parallelism=2)
    assert lab.conditions() == {"SuccessCriteriaMet": "CompletionsReached", "Complete": "CompletionsReached"}
    status = lab.status()
    assert status["succeeded"] == 3
    assert "active" not in status
    assert (status["ready"], status["terminating"], status["uncountedTerminatedPods"]) == (0, 0, {})
    assert len(lab.made) == 3
    assert lab.most == 2
    # Ended Pods stay, and nothing holds them.
    assert [metadata.finalizers(pod) for pod in lab.pods] == [[], [], []]


def test_both_unset_is_one_pod(lab: Lab) -> None:
    lab.job(10)
    assert len(lab.made) == 1
    assert lab.conditions()["Complete"]


def test_a_pod_is_held_until_it_is_counted(lab: Lab) -> None:
    lab.job(0.5, runs=None)
    assert [metadata.finalizers(pod) for pod in lab.pods] == [[jobs.TRACKING]]
    labels = metadata.labels(lab.pods[0])
    assert labels["batch.kubernetes.io/job-name"] == labels["job-name"] == "j"
    assert labels["controller-uid"] == metadata.uid(lab.get())


def test_each_pod_counts_once(lab: Lab) -> None:
    """What has ended is noted first, then released, then counted, never two of these in one write."""
    lab.job(20, completions=4, parallelism=4)
    assert lab.status()["succeeded"] == 4
    counting = [say for say in lab.seen if say in ("job.status", "job.succeeding", "job.untrack", "job.counted", "job.complete")]
    assert counting[-6:] == ["job.succeeding", *["job.untrack"] * 4, "job.complete"]


def test_a_work_queue_ends_with_its_first_success(lab: Lab) -> None:
    lab.job(3, parallelism=3, completions=None, runs=None)
    first, second, third = lab.pods
    lab.fail(first, 0, 5)
    assert len(lab.running) == 2  # what runs may finish, but nothing new is made
    assert lab.conditions() == {}
    lab.fail(second, 1, 15)
    assert len(lab.made) == 3
    lab.fail(third, 0, 5)
    assert lab.conditions()["Complete"] == "CompletionsReached"
    assert (lab.status()["succeeded"], lab.status()["failed"]) == (2, 1)


def test_nothing_to_do_is_done_at_once(lab: Lab) -> None:
    lab.job(5, completions=0)
    assert lab.made == {}
    assert lab.conditions()["Complete"]


def test_nobody_may_run(lab: Lab) -> None:
    lab.job(5, parallelism=0, completions=2)
    assert lab.made == {}
    assert lab.conditions() == {}
    lab.edit(("spec", "parallelism"), 2)
    assert lab.conditions()["Complete"]


def test_fewer_at_a_time(lab: Lab) -> None:
    lab.job(3, parallelism=3, completions=3, runs=None)
    lab.edit(("spec", "parallelism"), 1, 8)
    assert len(lab.running) == 1
    assert lab.seen.count("job.delete-surplus") == 2
    assert lab.status().get("failed", 0) == 0  # who is deleted for that does not count as failed


def test_what_is_deleted_is_made_again_and_counts_as_failed(lab: Lab) -> None:
    lab.job(3, runs=None)
    lab.delete_pod(lab.running[0], 15)
    assert len(lab.made) == 2
    assert lab.status()["failed"] == 1


def test_replacement_only_when_gone(lab: Lab) -> None:
    lab.job(3, runs=None, podReplacementPolicy="Failed", backoffLimit=5)
    with lab.cluster.act() as api:
        api.delete("pods", "default", lab.running[0], grace=30)
    lab.wait(0.2)
    assert lab.running == []
    lab.wait(20)
    assert len(lab.made) == 2


# --- suspending -------------------------------------------------------------------------------------------------


def test_suspended_from_the_start(lab: Lab) -> None:
    lab.job(5, suspend=True)
    assert lab.made == {}
    assert lab.conditions() == {"Suspended": "JobSuspended"}
    assert "startTime" not in lab.status()
    lab.edit(("spec", "suspend"), False, 10)
    assert lab.conditions()["Complete"]
    told = [reason for reason, _ in lab.events()]
    assert told.index("Suspended") < told.index("Resumed") < told.index("Completed")


def test_suspending_what_runs(lab: Lab) -> None:
    lab.job(5, runs=None, parallelism=2, completions=2)
    lab.edit(("spec", "suspend"), True, 5)
    assert lab.running == []
    status = lab.status()
    assert status.get("failed", 0) == status.get("active", 0) == 0
    assert "startTime" not in status
    lab.edit(("spec", "suspend"), False, 5)
    assert len(lab.running) == 2
    assert [one["status"] for one in lab.status()["conditions"]] == ["False"]


# --- whose Pods -------------------------------------------------------------------------------------------------


def test_adoption(lab: Lab) -> None:
    own = {"manualSelector": True, "selector": {"matchLabels": {"app": "x"}}}
    document = job(runs=None, **own)
    document["spec"]["template"]["metadata"]["labels"] = {"app": "x"}
    add_pod(lab.cluster, "lonely", labels={"app": "x"})
    lab.add(document, 5)
    lonely = lab.cluster.api.read("pods", "default", "lonely")
    assert metadata.is_controlled_by(lonely, lab.get())
    assert metadata.finalizers(lonely) == [jobs.TRACKING]
    assert lab.made.keys() == {"lonely"}


def test_a_pod_that_no_longer_fits_is_released(lab: Lab) -> None:
    lab.job(3, runs=None)
    name = lab.running[0]
    with lab.cluster.act() as api:
        pod = api.read("pods", "default", name)
        api.update({**pod, "metadata": {**pod["metadata"], "labels": {"app": "other"}}})
    lab.wait(5)
    pod = lab.cluster.api.read("pods", "default", name)
    assert metadata.controller_of(pod) is None
    assert metadata.finalizers(pod) == []
    assert len(lab.running) == 2


def test_deleting_a_job_lets_its_pods_go(lab: Lab) -> None:
    lab.job(3, runs=None, parallelism=2, completions=2)
    delete(lab.cluster, JOBS, "default", "j", propagation="Background")
    lab.wait(10)
    assert lab.names == []
    assert lab.pods == []


def test_deleting_in_the_foreground(lab: Lab) -> None:
    lab.job(3, runs=None, parallelism=2, completions=2)
    delete(lab.cluster, JOBS, "default", "j", propagation="Foreground")
    lab.wait(10)
    assert lab.names == []
    assert lab.pods == []


def test_who_does_not_say_orphans_the_pods(lab: Lab) -> None:
    """The API's own default for Jobs; kubectl asks for Background."""
    lab.job(3, runs=None)
    delete(lab.cluster, JOBS, "default", "j")
    lab.wait(10)
    assert lab.names == []
    assert len(lab.running) == 1
    assert [metadata.finalizers(pod) for pod in lab.pods] == [[]]
    assert [metadata.owner_references(pod) for pod in lab.pods] == [[]]


def test_somebody_else_looks_after_it(lab: Lab) -> None:
    lab.job(10, managedBy="acme.io/queue")
    assert lab.made == {}
    assert lab.status() == {}


# --- trouble ----------------------------------------------------------------------------------------------------


def test_a_pod_that_cannot_be_made(lab: Lab) -> None:
    """The server refuses the Pod: the Job tells of it and tries again, ever more rarely."""
    document = job()
    document["spec"]["template"]["spec"]["serviceAccountName"] = "nobody"
    lab.add(document, 60)
    failures = [message for reason, message in lab.events() if reason == "FailedCreate"]
    assert 4 <= len(failures) <= 7  # after 1, 2, 4, 8 … s
    assert "nobody" in failures[0]
    assert lab.cluster.is_quiet()
    assert lab.made == {}


def test_the_controller_was_away(lab: Lab) -> None:
    """What ended in between is counted when it is back."""
    lab.job(0.5, completions=2, parallelism=2)
    lab.cluster.switch("job-controller", False)
    lab.wait(10)
    assert lab.conditions() == {}
    lab.cluster.switch("job-controller", True)
    lab.wait(10)
    assert lab.conditions()["Complete"]
    assert lab.status()["succeeded"] == 2


def test_away_between_noting_and_counting(lab: Lab) -> None:
    lab.job(0.2, completions=2, parallelism=2)
    while not lab.status().get("uncountedTerminatedPods"):
        assert lab.cluster.step() is not None
    lab.cluster.switch("job-controller", False)
    lab.wait(5)
    assert len(lab.status()["uncountedTerminatedPods"]["succeeded"]) == 2
    lab.cluster.switch("job-controller", True)
    lab.wait(10)
    assert lab.status()["succeeded"] == 2
    assert lab.conditions()["Complete"]


def test_an_ended_pod_vanishes_before_it_is_counted(lab: Lab) -> None:
    """Its finalizer holds it: it counts although it was deleted."""
    lab.job(0.5, completions=2, parallelism=2, runs=300)
    while not any(pods.phase(pod) == "Succeeded" for pod in lab.pods):
        assert lab.cluster.step() is not None
    ended = next(pod for pod in lab.pods if pods.phase(pod) == "Succeeded")
    delete(lab.cluster, "pods", "default", metadata.name(ended))
    lab.wait(10)
    assert lab.status()["succeeded"] == 2
    assert len(lab.made) == 2


def test_a_refused_change(lab: Lab) -> None:
    lab.job(1, completions=2)
    with pytest.raises(APIError, match=r"spec\.completions: Invalid value: 9: field is immutable"):
        lab.edit(("spec", "completions"), 9)


def test_a_cluster_is_quiet_while_a_job_runs(lab: Lab) -> None:
    lab.job(5, runs=None, activeDeadlineSeconds=600)
    assert lab.cluster.is_quiet()


def test_what_ended_counts_although_nothing_new_can_be_made(lab: Lab) -> None:
    lab.add({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "robot", "namespace": "default"}})
    document = job(completions=2, parallelism=1)
    document["spec"]["template"]["spec"]["serviceAccountName"] = "robot"
    lab.add(document, 0.5)
    delete(lab.cluster, "serviceaccounts", "default", "robot")
    lab.wait(20)
    assert len(lab.made) == 1
    assert lab.status()["succeeded"] == 1
    assert [metadata.finalizers(pod) for pod in lab.pods] == [[]]
    lab.add({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "robot", "namespace": "default"}}, 40)
    assert lab.conditions()["Complete"]
