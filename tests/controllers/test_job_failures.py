"""How a Job fails, and how long it waits before it tries again."""

from __future__ import annotations

import pytest

from cluster.controllers import job_backoff
from cluster.objects import metadata, times
from cluster.objects.documents import Document
from tests.controllers.job_lab import Lab, indexed

FAIL_42 = {"rules": [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}}]}


@pytest.fixture
def lab() -> Lab:
    return Lab()


def test_it_works(lab: Lab) -> None:
    """Pods come after 10 s, 20 s, 40 s …, and one more failure than the limit ends the Job."""
    lab.job(200, code=1, backoffLimit=3)
    assert lab.conditions() == {"FailureTarget": "BackoffLimitExceeded", "Failed": "BackoffLimitExceeded"}
    assert lab.status()["failed"] == 4
    gaps = [round(after - before) for before, after in zip(lab.times, lab.times[1:], strict=False)]
    # A second or so of running comes on top of each wait.
    assert [wait <= gap <= wait + 3 for wait, gap in zip((10, 20, 40), gaps, strict=True)] == [True] * 3
    assert ("BackoffLimitExceeded", "Job has reached the specified backoff limit") in lab.events()


@pytest.mark.parametrize(("failures", "seconds"), [(0, 0), (1, 10), (2, 20), (3, 40), (6, 320), (7, 600), (100, 600)])
def test_the_wait_doubles_up_to_ten_minutes(failures: int, seconds: int) -> None:
    assert job_backoff.delay(failures) == seconds * times.SECOND


def test_a_success_forgets_the_failures(lab: Lab) -> None:
    lab.job(3, runs=None, completions=3, parallelism=1, backoffLimit=9)
    for code in (1, 1, 0, 1):
        lab.fail(lab.pods[-1] if len(lab.pods) == 1 else running(lab), code, 30)
    gaps = [round(after - before) for before, after in zip(lab.times, lab.times[1:], strict=False)]
    assert gaps[3] < 15 + 30  # after the success the next failure waits 10 s again, not 40
    record = lab.cluster.world.row("memory", ("job-controller", "back-off", "default", "j"))
    assert record[0] == 1


def running(lab: Lab) -> Document:
    return next(pod for pod in lab.pods if metadata.name(pod) in lab.running)


def test_the_record_says_why_nothing_is_made(lab: Lab) -> None:
    lab.job(4, code=1)
    waits = [why for why in lab.whys if why["decision"] == "job-wait"]
    assert [(why["rule"], why["failures"]) for why in waits] == [("back-off", 1)]
    assert 9_000 < waits[0]["until"] - waits[0]["lastFailure"] < 12_000


def test_the_record_says_why_it_failed(lab: Lab) -> None:
    lab.job(10, code=1, backoffLimit=0)
    end = next(why for why in lab.whys if why["decision"] == "job-end")
    assert (end["reason"], end["failed"], end["backoffLimit"]) == ("BackoffLimitExceeded", 1, 0)


def test_restarts_count_where_containers_are_restarted(lab: Lab) -> None:
    lab.job(3, runs=None, backoffLimit=2, restart="OnFailure")
    pod = lab.pods[0]
    for restarts, ended in ((1, False), (2, True)):
        with lab.cluster.act() as api:
            fresh = api.read("pods", "default", metadata.name(pod))
            status = [{"name": "c", "restartCount": restarts, "state": {"running": {}}}]
            api.update({**fresh, "status": {**fresh["status"], "containerStatuses": status}}, subresource="status")
        lab.wait(5)
        assert ("Failed" in lab.conditions()) is ended
    assert lab.running == []


def test_a_deadline(lab: Lab) -> None:
    lab.job(9, runs=None, activeDeadlineSeconds=10, parallelism=2, completions=2)
    assert lab.conditions() == {}
    lab.wait(6)
    assert lab.conditions()["Failed"] == "DeadlineExceeded"
    assert lab.running == []
    assert lab.status()["failed"] == 2


def test_the_reason_stays_while_pods_go(lab: Lab) -> None:
    """Deleting what runs makes failures; the Job still ends for the reason that it ended for."""
    lab.job(20, runs=None, activeDeadlineSeconds=5, parallelism=3, completions=3, backoffLimit=0)
    assert lab.conditions() == {"FailureTarget": "DeadlineExceeded", "Failed": "DeadlineExceeded"}


def test_a_deadline_begins_when_a_job_is_resumed(lab: Lab) -> None:
    lab.job(60, runs=None, activeDeadlineSeconds=10, suspend=True)
    lab.edit(("spec", "suspend"), False, 8)
    assert "Failed" not in lab.conditions()
    lab.wait(5)
    assert lab.conditions()["Failed"] == "DeadlineExceeded"


def test_not_over_until_the_pods_are_gone(lab: Lab) -> None:
    lab.job(3, runs=None, activeDeadlineSeconds=5)
    while "FailureTarget" not in lab.conditions():
        assert lab.cluster.step() is not None
    assert "Failed" not in lab.conditions()
    lab.wait(10)
    assert "Failed" in lab.conditions()


# --- podFailurePolicy -------------------------------------------------------------------------------------------


def test_a_code_that_fails_the_job(lab: Lab) -> None:
    lab.job(10, code=42, podFailurePolicy=FAIL_42)
    assert lab.conditions()["Failed"] == "PodFailurePolicy"
    (pod,) = lab.made
    text = f"Container c for pod default/{pod} failed with exit code 42 matching FailJob rule at index 0"
    assert ("PodFailurePolicy", text) in lab.events()
    assert len(lab.made) == 1


def test_another_code_counts_as_usual(lab: Lab) -> None:
    lab.job(30, code=1, podFailurePolicy=FAIL_42, backoffLimit=1)
    assert lab.conditions()["Failed"] == "BackoffLimitExceeded"
    assert len(lab.made) == 2


def test_ignored_failures_do_not_count(lab: Lab) -> None:
    policy = {"rules": [{"action": "Ignore", "onExitCodes": {"operator": "NotIn", "values": [5]}}]}
    lab.job(60, code=1, podFailurePolicy=policy, backoffLimit=0)
    assert lab.conditions() == {}
    assert lab.status().get("failed", 0) == 0
    assert len(lab.made) > 1


def test_a_rule_about_conditions(lab: Lab) -> None:
    policy = {"rules": [{"action": "FailJob", "onPodConditions": [{"type": "DisruptionTarget"}]}]}
    lab.job(3, runs=None, podFailurePolicy=policy)
    with lab.cluster.act() as api:
        pod = api.read("pods", "default", lab.running[0])
        condition = {"type": "DisruptionTarget", "status": "True", "lastTransitionTime": times.rfc3339(0)}
        status = {**pod["status"], "phase": "Failed", "conditions": [condition]}
        api.update({**pod, "status": status}, subresource="status")
    lab.wait(5)
    assert lab.conditions()["Failed"] == "PodFailurePolicy"
    assert "has condition DisruptionTarget matching FailJob rule at index 0" in lab.events()[-1][1]


def test_the_first_rule_that_matches_decides(lab: Lab) -> None:
    rules = [
        {"action": "Count", "onExitCodes": {"containerName": "c", "operator": "In", "values": [42]}}, *FAIL_42["rules"],
    ]
    lab.job(5, code=42, podFailurePolicy={"rules": rules}, backoffLimit=0)
    assert lab.conditions()["Failed"] == "BackoffLimitExceeded"


# --- indexes ----------------------------------------------------------------------------------------------------


def test_each_index_has_its_own_limit(lab: Lab) -> None:
    lab.job(60, code=1, **indexed(2, 2, backoffLimitPerIndex=1))
    assert lab.status()["failedIndexes"] == "0,1"
    assert lab.conditions()["Failed"] == "FailedIndexes"
    assert lab.status()["failed"] == 4
    counts = sorted(metadata.annotations(pod)["batch.kubernetes.io/job-index-failure-count"] for pod in lab.pods)
    assert counts == ["0", "0", "1", "1"]


def test_too_many_failed_indexes(lab: Lab) -> None:
    lab.job(60, code=1, **indexed(6, 2, backoffLimitPerIndex=0, maxFailedIndexes=1))
    assert lab.conditions()["Failed"] == "MaxFailedIndexesExceeded"


def test_an_index_can_be_failed_at_once(lab: Lab) -> None:
    policy = {"rules": [{"action": "FailIndex", "onExitCodes": {"operator": "In", "values": [7]}}]}
    lab.job(10, code=7, podFailurePolicy=policy, **indexed(1, 1, backoffLimitPerIndex=5))
    assert lab.status()["failedIndexes"] == "0"
    assert len(lab.made) == 1


def test_a_failing_index_waits_by_itself(lab: Lab) -> None:
    lab.job(3, runs=None, **indexed(2, 2, backoffLimitPerIndex=3))
    lab.fail(lab.pods[0], 1, 5)
    assert len(lab.made) == 2
    lab.wait(10)
    assert len(lab.made) == 3
    assert len(lab.running) == 2


def test_while_others_run_a_failure_is_counted_only_after_the_wait(lab: Lab) -> None:
    """During a back-off the controller reports nothing active; with a ready Pod the server refuses such a status."""
    lab.job(3, runs=None, parallelism=2, completions=2)
    lab.fail(lab.pods[0], 1, 5)
    assert lab.status().get("failed", 0) == 0
    assert lab.status()["active"] == 2
    assert len(lab.made) == 2
    lab.wait(10)
    assert lab.status()["failed"] == 1
    assert len(lab.made) == 3
    assert len(lab.running) == 2


def test_a_new_job_of_the_name_has_no_past(lab: Lab) -> None:
    lab.job(4, code=1)
    with lab.cluster.act() as api:
        api.delete("jobs.batch", "default", "j", propagation="Background")
    lab.job(3)
    assert round(lab.times[-1]) == 4  # at once, not after the other one's back-off
    assert lab.conditions()["Complete"]
