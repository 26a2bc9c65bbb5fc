"""Pods of an Indexed Job know which part of the work is theirs."""

from __future__ import annotations

import pytest

from cluster.objects import metadata
from cluster.objects.kinds import job as jobs
from tests.controllers.job_lab import Lab, indexed


@pytest.fixture
def lab() -> Lab:
    return Lab()


def indexes(lab: Lab) -> list[str]:
    return sorted(metadata.annotations(pod)[jobs.INDEX] for pod in lab.pods)


def test_it_works(lab: Lab) -> None:
    lab.job(20, **indexed(3, 2))
    assert indexes(lab) == ["0", "1", "2"]
    assert lab.status()["completedIndexes"] == "0-2"
    assert lab.status()["succeeded"] == 3
    assert lab.conditions()["Complete"]
    pod = lab.pods[1]
    assert metadata.name(pod).startswith("j-1-")
    assert metadata.labels(pod)[jobs.INDEX] == "1"
    assert pod["spec"]["hostname"] == "j-1"
    (variable,) = pod["spec"]["containers"][0]["env"]
    assert variable["name"] == "JOB_COMPLETION_INDEX"
    assert variable["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.labels['batch.kubernetes.io/job-completion-index']"


def test_a_failed_index_is_done_again(lab: Lab) -> None:
    lab.job(3, runs=None, **indexed(2, 2))
    lab.fail(lab.pods[0], 1, 20)
    assert indexes(lab) == ["0", "0", "1"]
    assert len(lab.running) == 2


def test_an_index_is_won_once(lab: Lab) -> None:
    """A second Pod of an index is too many."""
    lab.job(3, runs=None, **indexed(2, 2))
    pod = lab.pods[0]
    copy = {field: value for field, value in pod.items() if field != "status"}
    meta = {field: value for field, value in pod["metadata"].items() if field not in ("uid", "resourceVersion")}
    copy["spec"] = {field: value for field, value in pod["spec"].items() if field != "nodeName"}
    lab.add({**copy, "metadata": {**meta, "name": "second"}}, 10)
    assert len(lab.running) == 2
    assert indexes(lab) == ["0", "1"]
    assert lab.seen.count("job.delete-surplus") == 1


def test_long_names_are_cut(lab: Lab) -> None:
    lab.job(2, name="a" * 60, runs=None, **indexed(1, 1))
    assert metadata.name(lab.pods[0]).startswith("a" * 55 + "-0-")


def test_growing_and_shrinking_in_tandem(lab: Lab) -> None:
    lab.job(3, runs=None, **indexed(2, 2))
    spec = lab.get()["spec"]
    lab.edit(("spec",), {**spec, "completions": 4, "parallelism": 4}, 5)
    assert indexes(lab) == ["0", "1", "2", "3"]
    lab.edit(("spec",), {**spec, "completions": 1, "parallelism": 1}, 8)
    assert [metadata.annotations(pod)[jobs.INDEX] for pod in lab.pods if metadata.name(pod) in lab.running] == ["0"]


# --- successPolicy ----------------------------------------------------------------------------------------------


def test_enough_successes(lab: Lab) -> None:
    lab.job(3, runs=None, successPolicy={"rules": [{"succeededCount": 1}]}, **indexed(3, 3))
    lab.fail(lab.pods[1], 0, 10)
    assert lab.conditions() == {"SuccessCriteriaMet": "SuccessPolicy", "Complete": "SuccessPolicy"}
    assert lab.running == []
    assert lab.status()["completedIndexes"] == "1"
    assert lab.seen.count("job.delete-policy-met") == 2


def test_only_the_leader_matters(lab: Lab) -> None:
    lab.job(3, runs=None, successPolicy={"rules": [{"succeededIndexes": "0"}]}, **indexed(3, 3))
    lab.fail(lab.pods[2], 0, 5)
    assert lab.conditions() == {}
    lab.fail(lab.pods[0], 0, 10)
    assert lab.conditions()["Complete"] == "SuccessPolicy"
