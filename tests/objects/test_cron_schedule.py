"""Schedules: robfig/cron's words, Go's rules of days and hours."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cluster.objects import cron_schedule, times
from cluster.objects.cron_schedule import ScheduleError, parse


def after(text: str, moment: str = "2026-01-01T00:00:00Z", zone: str = "", count: int = 1) -> list[str]:
    """The next times after a moment."""
    found, at = [], times.parse(moment)
    for _ in range(count):
        due = parse(text, zone).after(at)
        assert due is not None
        found.append((times.EPOCH + timedelta(milliseconds=due)).strftime("%m-%d %H:%M:%S"))
        at = due
    return found


def test_it_works() -> None:
    assert after("*/15 9-10 * * mon-fri", count=3) == ["01-01 09:00:00", "01-01 09:15:00", "01-01 09:30:00"]
    assert after("0 0 13 * 5", count=3) == ["01-02 00:00:00", "01-09 00:00:00", "01-13 00:00:00"]
    assert after("* * * * *", "2026-01-01T00:00:59Z") == ["01-01 00:01:00"]


@pytest.mark.parametrize(("text", "first"), [
    ("@hourly", "01-01 01:00:00"), ("@daily", "01-02 00:00:00"), ("@midnight", "01-02 00:00:00"),
    ("@weekly", "01-04 00:00:00"), ("@monthly", "02-01 00:00:00"), ("@yearly", "01-01 00:00:00"),
    ("@every 1h30m", "01-01 01:30:00"), ("@every 1.9s", "01-01 00:00:01"), ("@every 1ms", "01-01 00:00:01"),
    ("5/20 * * * *", "01-01 00:05:00"), ("1-10/3 0 * * ?", "01-01 00:01:00"), ("0 0 * JAN Sun", "01-04 00:00:00"),
])
def test_spellings(text: str, first: str) -> None:
    assert after(text) == [first]


@pytest.mark.parametrize(("text", "complaint"), [
    ("", "empty spec string"),
    ("* * * *", "expected exactly 5 fields, found 4: [* * * *]"),
    ("61 * * * *", "end of range (61) above maximum (59): 61"),
    ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
    ("* * * * 7", "end of range (7) above maximum (6): 7"),
    ("5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"),
    ("*/0 * * * *", "step of range should be a positive number: */0"),
    ("1-2-3 * * * *", "too many hyphens: 1-2-3"),
    ("1/2/3 * * * *", "too many slashes: 1/2/3"),
    ("x * * * *", 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'),
    ("1.5 * * * *", 'failed to parse int from 1.5: strconv.Atoi: parsing "1.5": invalid syntax'),
    ("* * L * *", 'failed to parse int from L: strconv.Atoi: parsing "L": invalid syntax'),
    ("* * * * mon#1", 'failed to parse int from mon#1: strconv.Atoi: parsing "mon#1": invalid syntax'),
    ("@never", "unrecognized descriptor: @never"),
    ("@every soon", 'failed to parse duration soon: time: invalid duration "soon"'),
    ("TZ=Nowhere/Land 0 5 * * *", "provided bad location Nowhere/Land: unknown time zone Nowhere/Land"),
    ("\u0661 * * * *", 'failed to parse int from \u0661: strconv.Atoi: parsing "\u0661": invalid syntax'),
])
def test_refusals(text: str, complaint: str) -> None:
    with pytest.raises(ScheduleError) as refusal:
        parse(text)
    assert str(refusal.value) == complaint


def test_days_of_month_and_week() -> None:
    """Both restricted: either will do. A star in one of them: both must fit; a star with a step is no star."""
    assert after("0 0 1 * 1", count=2) == ["01-05 00:00:00", "01-12 00:00:00"]
    assert after("0 0 * * 1", count=1) == ["01-05 00:00:00"]
    assert after("0 0 */10 * 1", count=3) == ["01-05 00:00:00", "01-11 00:00:00", "01-12 00:00:00"]


def test_what_never_comes() -> None:
    assert parse("0 0 31 2 *").after(0) is None
    assert parse("0 0 31 4,6 *").after(0) is None
    # The next 29 February is in 2028.
    assert parse("0 0 29 2 *").after(0) == times.parse("2028-02-29T00:00:00Z")


def test_zones() -> None:
    assert after("0 9 * * *", zone="Asia/Shanghai") == ["01-01 01:00:00"]
    assert after("TZ=Asia/Shanghai 0 9 * * *") == ["01-01 01:00:00"]
    assert cron_schedule.is_zone("Europe/Berlin")
    assert cron_schedule.is_zone("Etc/UTC")
    for name in ("Mars/Olympus", "America", "../etc/passwd", "/etc/localtime", "", "a" * 15, "Europe/Berlin/"):
        assert not cron_schedule.is_zone(name), name


def test_the_hour_that_is_left_out_and_the_one_that_comes_twice() -> None:
    """Germany, 2026: 29 March has no 2:30, 25 October has two."""
    assert after("30 2 * * *", "2026-03-28T12:00:00Z", "Europe/Berlin") == ["03-30 00:30:00"]
    assert after("30 2 * * *", "2026-10-24T12:00:00Z", "Europe/Berlin", 2) == ["10-25 00:30:00", "10-25 01:30:00"]


def test_texts_of_a_moment() -> None:
    moment = times.parse("2026-01-01T00:05:00Z")
    assert cron_schedule.rfc1123(moment) == "Thu, 01 Jan 2026 00:05:00 +0000"
    assert cron_schedule.rfc3339_in(moment, "") == "2026-01-01T00:05:00Z"
    assert cron_schedule.rfc3339_in(moment, "America/New_York") == "2025-12-31T19:05:00-05:00"
    assert cron_schedule.unix_minutes(moment) == 29_453_765
