"""Completion indexes of an Indexed Job: sets, and their short spelling "0-2,5" (pkg/controller/job/indexed_job_utils.go)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

# Two neighbours are written "3,4", three "3-5".
SHORTEST_INTERVAL = 3


class BadIndexes(ValueError):
    """A text that is no list of indexes; says why in the server's words."""


def parse(text: str, completions: int) -> set[int]:
    """The indexes below `completions` that a status or a rule names; parts that make no sense are passed over."""
    found: set[int] = set()
    for part in text.split(",") if text else ():
        first, hyphen, last = part.partition("-")
        try:
            start, end = int(first), int(last if hyphen else first)
        except ValueError:
            continue
        if start >= completions:
            break
        found.update(range(start, min(end, completions - 1) + 1))
    return found


def spelled(indexes: Iterable[int]) -> str:
    """The indexes as text, intervals from three neighbours on."""
    return ",".join(_interval(first, last) for first, last in _intervals(sorted(set(indexes))))


def _intervals(indexes: list[int]) -> Iterator[tuple[int, int]]:
    start = 0
    for place, index in enumerate(indexes):
        if place + 1 == len(indexes) or indexes[place + 1] != index + 1:
            yield indexes[start], index
            start = place + 1


def _interval(first: int, last: int) -> str:
    if first == last:
        return str(first)
    return f"{first}{'-' if last - first + 1 >= SHORTEST_INTERVAL else ','}{last}"


def checked(text: str, completions: int) -> int:
    """How many indexes the text names; raises BadIndexes for one that is not in order (validateIndexesFormat)."""
    total, previous = 0, None
    for part in text.split(",") if text else ():
        first, last = _checked_interval(part, completions)
        if previous is not None and previous >= first:
            raise BadIndexes(f"non-increasing order, previous: {previous}, current: {first}")
        total += last - first + 1
        previous = last
    return total


def _checked_interval(text: str, completions: int) -> tuple[int, int]:
    limits = text.split("-")
    if len(limits) > 2:
        raise BadIndexes(
            f'the fragment "{text}" violates the requirement that an index interval can have at most two parts'
            " separated by '-'"
        )
    numbers = [_checked_number(limit, completions) for limit in limits]
    if len(numbers) == 2 and numbers[0] >= numbers[1]:
        raise BadIndexes(f"non-increasing order, previous: {numbers[0]}, current: {numbers[1]}")
    return numbers[0], numbers[-1]


def _checked_number(text: str, completions: int) -> int:
    if not (text.isascii() and text.isdigit()):
        raise BadIndexes(f'cannot convert string to integer for index: "{text}"')
    if int(text) >= completions:
        raise BadIndexes(f'too large index: "{text}"')
    return int(text)
