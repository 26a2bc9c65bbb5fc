"""The arrays and the readable path decide alike."""

from random import Random

from tests.scheduler.arrays.parity import differences

COUNT = 1000


def test_it_works():
    seed = Random().randrange(10**9)
    outcomes, found = differences(seed, COUNT)
    print(f"seed {seed}: {dict(outcomes)}")

    assert found == []


def test_every_outcome_is_met():
    outcomes, found = differences(1, 300)

    assert found == []
    assert set(outcomes) == {"scheduled", "unschedulable", "nominated"}
