"""Durations, ages and tables read as kubectl's."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from cluster.objects.printing import age, human_duration, labels_cell, since, table, with_more
from cluster.objects.times import DAY, HOUR, MINUTE, SECOND

YEAR = 365 * DAY
GOLDEN = Path(os.environ.get("CLUSTERSCOPE_GOLDEN", Path(__file__).parents[1] / "golden"))


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "0s"),
        (999, "0s"),
        (1 * SECOND, "1s"),
        (119 * SECOND, "119s"),
        (120 * SECOND, "2m"),
        (121 * SECOND, "2m1s"),
        (9 * MINUTE + 59 * SECOND, "9m59s"),
        (10 * MINUTE + 1 * SECOND, "10m"),
        (179 * MINUTE, "179m"),
        (3 * HOUR, "3h"),
        (3 * HOUR + 1 * MINUTE, "3h1m"),
        (8 * HOUR + 59 * MINUTE, "8h"),
        (47 * HOUR, "47h"),
        (2 * DAY, "2d"),
        (2 * DAY + 3 * HOUR, "2d3h"),
        (7 * DAY + 23 * HOUR, "7d23h"),
        (8 * DAY + 5 * HOUR, "8d"),
        (2 * YEAR - DAY, "729d"),
        (2 * YEAR, "2y"),
        (2 * YEAR + 3 * DAY, "2y3d"),
        (8 * YEAR + 3 * DAY, "8y"),
    ],
)
def test_it_works(milliseconds: int, text: str) -> None:
    assert human_duration(milliseconds) == text


@pytest.mark.parametrize(("milliseconds", "text"), [(-1, "0s"), (-1999, "0s"), (-2000, "<invalid>"), (-DAY, "<invalid>")])
def test_a_clock_that_is_behind_is_forgiven_two_seconds(milliseconds: int, text: str) -> None:
    assert human_duration(milliseconds) == text


def test_age_counts_from_the_creation() -> None:
    document = {"metadata": {"name": "web", "creationTimestamp": "2026-01-01T00:01:00Z"}}
    assert age(document, 5 * MINUTE) == "4m"


def test_no_time_is_unknown() -> None:
    assert since(None, 0) == "<unknown>"
    assert age({"metadata": {"name": "web"}}, 0) == "<unknown>"


def test_columns_are_three_spaces_apart_and_the_last_one_is_not_padded() -> None:
    assert table(["Name", "Up-to-date"], [["web", "1"], ["longer-name", "10"]]) == (
        "NAME          UP-TO-DATE\n"
        "web           1\n"
        "longer-name   10\n"
    )


def test_a_table_without_headers() -> None:
    assert table(["Name", "Age"], [["web", "1s"]], with_headers=False) == "web   1s\n"


def test_narrow_columns_are_six_wide() -> None:
    assert table(["A", "B"], [["1", "2"]]) == "A     B\n1     2\n"


def test_a_cell_shows_only_its_first_line() -> None:
    assert table(["Message"], [["one\ntwo"], ["three\r\n"], [""]]) == "MESSAGE\none...\nthree...\n\n"


@pytest.mark.parametrize("case", ["get", "get-lb", "slices-130-get"])
def test_tables_are_laid_out_as_recorded(case: str) -> None:
    text = (GOLDEN / "transcripts" / "09-service.txt").read_text()
    found = re.search(rf"### {case}: [^\n]*\n(.*?)\n\n", text, re.DOTALL)
    assert found is not None
    headers, *rows = [re.split(" {3,}", line) for line in found[1].splitlines()]
    assert table(headers, rows) == found[1] + "\n"


def test_nothing_to_print_is_nothing() -> None:
    assert table(["Name"], [], with_headers=False) == ""


def test_labels_are_sorted() -> None:
    assert labels_cell({"b": "2", "a": "1"}) == "a=1,b=2"
    assert labels_cell({}) == labels_cell(None) == "<none>"


def test_more_than_is_shown() -> None:
    assert with_more(["a", "b", "c"], 30) == "a,b,c + 27 more..."
    assert with_more(["a"], 1) == "a"
    assert with_more([], 0) == "<none>"
