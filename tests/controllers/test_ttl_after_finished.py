"""A finished Job goes after its ttlSecondsAfterFinished, with its Pods."""

from __future__ import annotations

import pytest

from tests.controllers.job_lab import Lab


@pytest.fixture
def lab() -> Lab:
    return Lab()


def test_it_works(lab: Lab) -> None:
    lab.job(5, ttlSecondsAfterFinished=60)
    assert lab.names == ["j"]
    lab.wait(61)
    assert lab.names == []
    assert lab.pods == []
    assert lab.seen[-1] == "ttl-after-finished.delete"


def test_at_once(lab: Lab) -> None:
    lab.job(10, ttlSecondsAfterFinished=0)
    assert lab.names == []


def test_a_failed_job_goes_too(lab: Lab) -> None:
    lab.job(20, ttlSecondsAfterFinished=3, code=1, backoffLimit=0)
    assert lab.names == []


def test_without_a_time_it_stays(lab: Lab) -> None:
    lab.job(3_600)
    assert lab.names == ["j"]


def test_what_has_not_finished_stays(lab: Lab) -> None:
    lab.job(100, runs=None, ttlSecondsAfterFinished=1)
    assert lab.names == ["j"]


def test_the_time_can_be_given_later(lab: Lab) -> None:
    lab.job(100)
    lab.edit(("spec", "ttlSecondsAfterFinished"), 10, 5)
    assert lab.names == []


def test_a_longer_time_in_time(lab: Lab) -> None:
    lab.job(10, ttlSecondsAfterFinished=60)
    lab.edit(("spec", "ttlSecondsAfterFinished"), 600, 100)
    assert lab.names == ["j"]


def test_waiting_is_quiet(lab: Lab) -> None:
    lab.job(10, ttlSecondsAfterFinished=60)
    assert lab.cluster.is_quiet()
