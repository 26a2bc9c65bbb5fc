"""Indexes of an Indexed Job in their short spelling."""

from __future__ import annotations

import pytest

from cluster.objects.indexes import BadIndexes, checked, parse, spelled


def test_it_works() -> None:
    assert spelled([0, 1, 2, 5, 7, 8]) == "0-2,5,7,8"
    assert parse("0-2,5,7,8", 10) == {0, 1, 2, 5, 7, 8}
    assert checked("0-2,5", 10) == 4


def test_nothing() -> None:
    assert spelled([]) == ""
    assert parse("", 10) == set()
    assert checked("", 10) == 0


@pytest.mark.parametrize(("text", "found"), [("0-9", {0, 1, 2}), ("5", set()), ("x,1", {1}), ("1-x,2", {2}), ("0,3,1", {0})])
def test_what_makes_no_sense_is_passed_over(text: str, found: set[int]) -> None:
    assert parse(text, 3) == found


@pytest.mark.parametrize(("text", "complaint"), [
    ("1-2-3", "can have at most two parts separated by '-'"),
    ("x", 'cannot convert string to integer for index: "x"'),
    ("10", 'too large index: "10"'),
    ("1-10", 'too large index: "10"'),
    ("2-1", "non-increasing order, previous: 2, current: 1"),
    ("3,3", "non-increasing order, previous: 3, current: 3"),
    ("1,", 'cannot convert string to integer for index: ""'),
])
def test_refusals(text: str, complaint: str) -> None:
    with pytest.raises(BadIndexes) as refusal:
        checked(text, 10)
    assert complaint in str(refusal.value)
