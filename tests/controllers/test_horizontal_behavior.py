"""What becomes of a proposal: windows, rates and bounds."""

from __future__ import annotations

from typing import Any

import pytest

from cluster.controllers.horizontal_behavior import History, Outcome, longest_memory, normalized
from cluster.objects import times
from tests.controllers.horizontal_lab import hpa

NOW = 3_600 * times.SECOND


def outcome(
    current: int, proposed: int, *, recommendations: tuple[tuple[int, int], ...] = (), ups: tuple[tuple[int, int], ...] = (),
    downs: tuple[tuple[int, int], ...] = (), **spec: Any,
) -> Outcome:
    """The outcome; marks are (number, seconds ago)."""
    marks = [[[number, NOW - ago * times.SECOND] for number, ago in each] for each in (recommendations, ups, downs)]
    return normalized(hpa(**{"maxReplicas": 50, **spec}), History(*marks), current, proposed, NOW)


def rules(**directions: Any) -> dict[str, Any]:
    return {"behavior": directions}


PODS = [{"type": "Pods", "value": 2, "periodSeconds": 60}]
PERCENT = [{"type": "Percent", "value": 50, "periodSeconds": 60}]


def test_it_works() -> None:
    found = outcome(3, 5)
    assert (found.desired, found.able[0], found.limited, found.limit[0]) == (5, "ReadyForNewScale", False, "DesiredWithinRange")


def test_bounds() -> None:
    high = outcome(8, 99, maxReplicas=10)
    assert (high.desired, high.limited, high.limit[0]) == (10, True, "TooManyReplicas")
    low = outcome(8, 1, minReplicas=4)
    assert (low.desired, low.limit[0]) == (4, "TooFewReplicas")


@pytest.mark.parametrize(("current", "desired"), [(1, 4), (2, 4), (3, 6), (10, 20)])
def test_twice_as_many_at_most(current: int, desired: int) -> None:
    found = outcome(current, 40)
    assert (found.desired, found.limit[0]) == (desired, "ScaleUpLimit")


def test_the_highest_of_five_minutes() -> None:
    found = outcome(8, 2, recommendations=((9, 301), (7, 299), (3, 10)))
    assert (found.desired, found.able[0]) == (7, "ScaleDownStabilized")
    assert outcome(8, 2, recommendations=((9, 301),)).desired == 2


def test_windows_of_one_s_own() -> None:
    marks = ((9, 100), (3, 20))
    down = rules(scaleDown={"stabilizationWindowSeconds": 60})
    assert outcome(8, 2, recommendations=marks, **down).desired == 3
    up = rules(scaleUp={"stabilizationWindowSeconds": 60})
    found = outcome(2, 8, recommendations=marks, **up)
    assert (found.desired, found.able[0]) == (3, "ScaleUpStabilized")


def test_rates() -> None:
    assert outcome(10, 40, **rules(scaleUp={"policies": PODS})).desired == 12
    assert outcome(10, 40, **rules(scaleUp={"policies": PERCENT})).desired == 15
    assert outcome(10, 40, **rules(scaleUp={"policies": PODS + PERCENT})).desired == 15
    assert outcome(10, 40, **rules(scaleUp={"policies": PODS + PERCENT, "selectPolicy": "Min"})).desired == 12
    down = outcome(10, 1, **rules(scaleDown={"policies": PODS}))
    assert (down.desired, down.limited, down.limit[0]) == (8, True, "ScaleDownLimit")
    assert outcome(10, 1, **rules(scaleDown={"policies": PODS + PERCENT, "selectPolicy": "Min"})).desired == 8
    assert outcome(10, 1, **rules(scaleDown={"policies": PODS + PERCENT})).desired == 5


def test_what_was_done_counts() -> None:
    up = rules(scaleUp={"policies": PODS})
    assert outcome(12, 40, ups=((2, 30),), **up).desired == 12
    assert outcome(12, 40, ups=((2, 60),), **up).desired == 14
    # What went in the same time may come back.
    assert outcome(12, 40, ups=((2, 30),), downs=((1, 20),), **up).desired == 13


def test_a_direction_that_is_switched_off() -> None:
    found = outcome(10, 1, **rules(scaleDown={"selectPolicy": "Disabled"}))
    assert (found.desired, found.limit[0]) == (10, "ScaleDownLimit")
    assert outcome(10, 12, **rules(scaleUp={"selectPolicy": "Disabled"})).desired == 10


def test_how_long_to_remember() -> None:
    assert longest_memory(hpa()) == 300 * times.SECOND
    long = rules(scaleDown={"policies": [{"type": "Pods", "value": 1, "periodSeconds": 1800}]})
    assert longest_memory(hpa(**long)) == 1800 * times.SECOND
