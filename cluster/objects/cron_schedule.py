"""Schedules of CronJobs: read in the words of robfig/cron, walked by cronsim (pkg/util/parsers, robfig/cron v3).

Five fields (minute, hour, day of month, month, day of week), `@hourly` and its like, `@every 1h30m`. Times are virtual ms.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, timedelta, tzinfo
from email.utils import format_datetime
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from cluster.objects import times

DESCRIPTORS = {
    "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
}
EVERY = "@every "
# No day is looked for beyond so many years: 31 February never comes.
HORIZON = 5
DURATION = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)")
UNITS = {"ns": 1e-6, "us": 1e-3, "µs": 1e-3, "ms": 1.0, "s": times.SECOND, "m": times.MINUTE, "h": times.HOUR}
# A part of a time zone's name; https://data.iana.org/time-zones/theory.html#naming
ZONE_PART = re.compile(r"[A-Za-z.\-_0-9+]{1,14}")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


class ScheduleError(ValueError):
    """A schedule that cannot be read; says why as robfig/cron does."""


class _Field(NamedTuple):
    lowest: int
    highest: int
    names: Mapping[str, int]


FIELDS = (
    _Field(0, 59, {}), _Field(0, 23, {}), _Field(1, 31, {}),
    _Field(1, 12, {name: number for number, name in enumerate(_MONTHS, 1)}),
    _Field(0, 6, {name: number for number, name in enumerate(_DAYS)}),
)


@dataclass(frozen=True, slots=True)
class Schedule:
    """When something is due: either the six fields that cronsim walks in a zone, or a fixed time after the last one (ms)."""

    fields: str = ""
    every: int = 0
    zone: tzinfo = UTC

    def after(self, moment: int) -> int | None:
        """The first time after `moment`; None when there is none within five years."""
        if self.every:
            return moment + self.every - moment % times.SECOND
        start = (times.EPOCH + timedelta(milliseconds=moment)).astimezone(self.zone)
        try:
            found = next(CronSim(self.fields, start))
        except (CronSimError, StopIteration):
            return None
        if found.year > start.year + HORIZON:
            return None
        return round((found - times.EPOCH) / timedelta(milliseconds=1))


@lru_cache(maxsize=1024)
def parse(text: str, zone: str = "") -> Schedule:
    """The schedule; raises ScheduleError. `zone` is the name of a time zone that there is, "" for UTC."""
    if not text:
        raise ScheduleError("empty spec string")
    if text.startswith(("TZ=", "CRON_TZ=")):
        return _parse_with_zone(text)
    if text.startswith(EVERY):
        return Schedule(every=_whole_seconds(text.removeprefix(EVERY)))
    if text.startswith("@") and text not in DESCRIPTORS:
        raise ScheduleError(f"unrecognized descriptor: {text}")
    found = DESCRIPTORS.get(text, text).split()
    if len(found) != len(FIELDS):
        raise ScheduleError(f"expected exactly {len(FIELDS)} fields, found {len(found)}: [{' '.join(found)}]")
    fields = [_field(part, bounds) for part, bounds in zip(found, FIELDS, strict=True)]
    # With a field for seconds cronsim takes times as they come, without the special rules of Debian's cron.
    return Schedule(" ".join(["0", *fields]), zone=zone_of(zone))


def _parse_with_zone(text: str) -> Schedule:
    """`TZ=Asia/Shanghai 0 5 * * *`: the old way to name a zone."""
    named, space, rest = text.partition(" ")
    zone = named.partition("=")[2]
    if not space:
        raise ScheduleError("invalid schedule format: runtime error: slice bounds out of range [:-1]")
    if not is_zone(zone):
        raise ScheduleError(f"provided bad location {zone}: unknown time zone {zone}")
    return parse(rest.strip(), zone)


def _field(text: str, bounds: _Field) -> str:
    """One field as cronsim reads it: "*", or every number in it."""
    found: set[int] = set()
    starred = False
    for part in filter(None, text.split(",")):
        numbers, star = _range(part, bounds)
        found.update(numbers)
        starred = starred or star
    if not found:
        # Nothing but commas: no moment fits.
        raise ScheduleError(f"empty field: {text}")
    return "*" if starred else ",".join(map(str, sorted(found)))


def _range(text: str, bounds: _Field) -> tuple[range, bool]:
    """The numbers of `*`, `5`, `1-5`, `*/2`, `1-30/5`, and whether it stands for all of them (getRange)."""
    low_and_high, *steps = text.split("/")
    low, *highs = low_and_high.split("-")
    starred = low in ("*", "?")
    if starred:
        first, last = bounds.lowest, bounds.highest
    else:
        first = last = _number(low, bounds.names)
        if len(highs) > 1:
            raise ScheduleError(f"too many hyphens: {text}")
        if highs:
            last = _number(highs[0], bounds.names)
    if len(steps) > 1:
        raise ScheduleError(f"too many slashes: {text}")
    step = _number(steps[0], {}) if steps else 1
    if steps and not highs:
        last = bounds.highest
    _check_range(first, last, step, bounds, text)
    return range(first, last + 1, step), starred and step <= 1


def _check_range(first: int, last: int, step: int, bounds: _Field, text: str) -> None:
    if first < bounds.lowest:
        raise ScheduleError(f"beginning of range ({first}) below minimum ({bounds.lowest}): {text}")
    if last > bounds.highest:
        raise ScheduleError(f"end of range ({last}) above maximum ({bounds.highest}): {text}")
    if first > last:
        raise ScheduleError(f"beginning of range ({first}) beyond end of range ({last}): {text}")
    if step == 0:
        raise ScheduleError(f"step of range should be a positive number: {text}")


def _number(text: str, names: Mapping[str, int]) -> int:
    if text.lower() in names:
        return names[text.lower()]
    if not re.fullmatch(r"[+-]?[0-9]+", text):
        raise ScheduleError(f'failed to parse int from {text}: strconv.Atoi: parsing "{text}": invalid syntax')
    if int(text) < 0:
        raise ScheduleError(f"negative number ({int(text)}) not allowed: {text}")
    return int(text)


def _whole_seconds(text: str) -> int:
    """A duration as Go writes it ("1h30m"), in ms; at least a second, fractions of one left out."""
    body = text.removeprefix("+").removeprefix("-")
    parts = DURATION.findall(body)
    if not parts or "".join(number + unit for number, unit in parts) != body:
        raise ScheduleError(f'failed to parse duration {text}: time: invalid duration "{text}"')
    total = sum(float(number) * UNITS[unit] for number, unit in parts) * (-1 if text.startswith("-") else 1)
    return max(times.SECOND, int(total) // times.SECOND * times.SECOND)


# --- time zones -------------------------------------------------------------------------------------------------


def is_zone(name: str) -> bool:
    """Whether there is a time zone of this name."""
    parts = name.split("/")
    if any(part in (".", "..") or part.startswith("-") or not ZONE_PART.fullmatch(part) for part in parts):
        return False
    return _known(name) is not None


@lru_cache(maxsize=1024)
def _known(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        return None


def zone_of(name: str) -> tzinfo:
    """The time zone; UTC for "" and for a name that there is not."""
    return (_known(name) if name else None) or UTC


def rfc3339_in(moment: int, zone: str) -> str:
    """A moment as Go's RFC3339 in a zone: "2026-01-01T08:00:00+08:00", "…Z" in UTC."""
    text = (times.EPOCH + timedelta(milliseconds=moment)).astimezone(zone_of(zone)).isoformat(timespec="seconds")
    return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text


def unix_minutes(moment: int) -> int:
    """Minutes since 1970 (getTimeHashInMinutes)."""
    return int((times.EPOCH + timedelta(milliseconds=moment)).timestamp()) // 60


def rfc1123(moment: int) -> str:
    """A moment as Go's RFC1123Z in UTC: "Thu, 01 Jan 2026 00:05:00 +0000"."""
    return format_datetime(times.EPOCH + timedelta(milliseconds=moment))
