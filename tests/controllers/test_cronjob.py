"""A CronJob makes a Job at each time of its schedule. The lab's clock begins a few seconds after midnight, 1 January 2026."""

from __future__ import annotations

from typing import Any

import pytest

from cluster.objects import metadata, times
from cluster.objects.documents import Document
from tests.controllers.builders import delete
from tests.controllers.job_lab import CRONJOBS, JOBS, Lab, template

# The Unix minute in which the lab begins.
MIDNIGHT = 29_453_760


@pytest.fixture
def lab() -> Lab:
    return Lab()


def cronjob(runs: int | None = 1_000, code: int = 0, **spec: Any) -> Document:
    return {
        "apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "c", "namespace": "default"},
        "spec": {"schedule": "* * * * *", "jobTemplate": {"spec": {"backoffLimit": 0, "template": template(runs, code)}}, **spec},
    }


def minutes(lab: Lab) -> list[int]:
    """The minutes of the Jobs that there are."""
    return [int(name.removeprefix("c-")) - MIDNIGHT for name in lab.names]


def edit(lab: Lab, field: str, value: Any, seconds: float = 10) -> None:
    lab.edit(("spec", field), value, seconds, "c", CRONJOBS)


def test_it_works(lab: Lab) -> None:
    lab.add(cronjob(), 130)
    assert minutes(lab) == [1, 2]
    status = lab.get("c", CRONJOBS)["status"]
    assert status["lastScheduleTime"] == "2026-01-01T00:02:00Z"
    assert "active" not in status
    assert status["lastSuccessfulTime"].startswith("2026-01-01T00:02:0")
    made = lab.get(f"c-{MIDNIGHT + 1}")
    assert metadata.is_controlled_by(made, lab.get("c", CRONJOBS))
    assert metadata.annotations(made)["batch.kubernetes.io/cronjob-scheduled-timestamp"] == "2026-01-01T00:01:00Z"
    assert times.parse(made["metadata"]["creationTimestamp"]) == 60_000
    told = lab.events("c")
    assert told[0] == ("SuccessfulCreate", f"Created job c-{MIDNIGHT + 1}")
    assert ("SawCompletedJob", f"Saw completed job: c-{MIDNIGHT + 1}, condition: Complete") in told


def test_what_runs_is_listed(lab: Lab) -> None:
    lab.add(cronjob(runs=None), 63)
    (listed,) = lab.get("c", CRONJOBS)["status"]["active"]
    job = lab.get(f"c-{MIDNIGHT + 1}")
    assert (listed["kind"], listed["name"], listed["uid"]) == ("Job", metadata.name(job), metadata.uid(job))


def test_it_waits_without_looking(lab: Lab) -> None:
    """Until quiet does not run on to the next due time, and between two of them nothing happens."""
    lab.add(cronjob(schedule="0 5 * * *"))
    lab.cluster.until_quiet()
    assert lab.cluster.now < 60_000
    before = lab.cluster.revision
    lab.cluster.advance(4 * times.HOUR)
    assert lab.cluster.revision == before
    lab.cluster.advance(times.HOUR)
    assert minutes(lab) == [300]


# --- concurrency ------------------------------------------------------------------------------------------------


def test_allow(lab: Lab) -> None:
    lab.add(cronjob(runs=None), 190)
    assert minutes(lab) == [1, 2, 3]
    assert len(lab.running) == 3


def test_forbid(lab: Lab) -> None:
    lab.add(cronjob(runs=90_000, concurrencyPolicy="Forbid"), 145)
    assert minutes(lab) == [1]
    text = "Not starting job because prior execution is running and concurrency policy is Forbid"
    assert ("JobAlreadyActive", text) in lab.events("c")
    # As soon as it may, the time that was due last is made up for.
    lab.wait(15)
    assert minutes(lab) == [1, 2]


def test_replace(lab: Lab) -> None:
    lab.add(cronjob(runs=None, concurrencyPolicy="Replace"), 190)
    assert minutes(lab) == [3]
    assert len(lab.running) == 1
    assert [one["name"] for one in lab.get("c", CRONJOBS)["status"]["active"]] == lab.names
    assert lab.seen.count("cronjob.delete-replaced") == 2
    assert ("SuccessfulDelete", f"Deleted job c-{MIDNIGHT + 1}") in lab.events("c")


# --- history ----------------------------------------------------------------------------------------------------


def test_three_successes_and_one_failure_are_kept(lab: Lab) -> None:
    lab.add(cronjob(), 60 * 6 + 10)
    assert minutes(lab) == [4, 5, 6]
    edit(lab, "jobTemplate", {"spec": {"backoffLimit": 0, "template": template(1_000, 1)}}, 125)
    assert minutes(lab) == [4, 5, 6, 8]


def test_no_history(lab: Lab) -> None:
    lab.add(cronjob(successfulJobsHistoryLimit=0), 130)
    assert lab.names == []
    assert lab.pods == []


def test_a_job_made_by_hand_counts_too(lab: Lab) -> None:
    lab.add(cronjob(schedule="0 0 1 1 *", successfulJobsHistoryLimit=1))
    owner = lab.get("c", CRONJOBS)
    reference = {**metadata.controller_reference(owner)}
    for name in ("one", "two"):
        document = {
            "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name, "ownerReferences": [reference]},
            "spec": {"template": template()},
        }
        lab.add(document, 10)
    assert lab.names == ["two"]
    assert ("UnexpectedJob", "Saw a job that the controller did not create or forgot: one") in lab.events("c")


# --- suspending, changing, deleting -----------------------------------------------------------------------------


def test_suspended(lab: Lab) -> None:
    lab.add(cronjob(suspend=True), 200)
    assert lab.names == []
    assert lab.cluster.is_quiet()


def test_resumed_it_makes_up_for_the_last_time_only(lab: Lab) -> None:
    lab.add(cronjob(runs=None), 70)
    edit(lab, "suspend", True, 240)
    edit(lab, "suspend", False, 5)
    assert minutes(lab) == [1, 5]


def test_suspending_leaves_running_jobs_alone(lab: Lab) -> None:
    lab.add(cronjob(runs=None), 70)
    edit(lab, "suspend", True)
    assert len(lab.running) == 1


def test_a_new_schedule_counts_from_its_next_time(lab: Lab) -> None:
    lab.add(cronjob(schedule="0 5 * * *"), 600)
    edit(lab, "schedule", "*/2 * * * *", 20)
    assert lab.names == []
    lab.wait(110)
    assert len(lab.names) == 1


def test_deleting_takes_its_jobs_along(lab: Lab) -> None:
    lab.add(cronjob(runs=None), 70)
    delete(lab.cluster, CRONJOBS, "default", "c")
    lab.wait(20)
    assert lab.names == []
    assert lab.pods == []


def test_a_job_that_goes_missing(lab: Lab) -> None:
    lab.add(cronjob(runs=None, schedule="1 * * * *"), 70)
    delete(lab.cluster, JOBS, "default", f"c-{MIDNIGHT + 1}", propagation="Background")
    lab.wait(10)
    assert "active" not in lab.get("c", CRONJOBS)["status"]
    assert ("MissingJob", f"Active job went missing: c-{MIDNIGHT + 1}") in lab.events("c")
    assert lab.names == []  # its time has been served


# --- being away -------------------------------------------------------------------------------------------------


def away(lab: Lab, seconds: float) -> None:
    lab.cluster.switch("cronjob-controller", False)
    lab.wait(seconds)
    lab.cluster.switch("cronjob-controller", True)
    lab.wait(5)


def test_back_in_time_to_make_up(lab: Lab) -> None:
    lab.add(cronjob(runs=None), 5)
    away(lab, 210)
    assert minutes(lab) == [3]


def test_too_late_for_the_deadline(lab: Lab) -> None:
    lab.add(cronjob(runs=None, schedule="1 * * * *", startingDeadlineSeconds=20), 5)
    away(lab, 100)
    assert lab.names == []
    # Nothing is due within the deadline, so nothing has been missed.
    assert lab.events("c") == []


def test_very_many_missed_times(lab: Lab) -> None:
    lab.add(cronjob(), 5)
    away(lab, 60 * 110)
    text = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew"
    assert ("TooManyMissedTimes", text) in lab.events("c")
    assert len(lab.names) == 1


def test_a_day_that_never_comes(lab: Lab) -> None:
    lab.add(cronjob(schedule="0 0 31 2 *"), 200)
    assert lab.names == []
    assert lab.events("c") == [(
        "InvalidSchedule",
        "invalid schedule: 0 0 31 2 * : time difference between two schedules is less than 1 second",
    )]
    assert lab.cluster.is_quiet()


# --- time zones -------------------------------------------------------------------------------------------------


def test_a_time_zone(lab: Lab) -> None:
    """Nine in the morning in Shanghai is one in the night in UTC."""
    lab.add(cronjob(schedule="0 9 * * *", timeZone="Asia/Shanghai"), 3_600 + 30)
    assert minutes(lab) == [60]
    notes = metadata.annotations(lab.get(lab.names[0]))
    assert notes["batch.kubernetes.io/cronjob-scheduled-timestamp"] == "2026-01-01T09:00:00+08:00"
