"""Waiting for the cluster: --timeout values, and objects until they are gone. Times are virtual."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator

from cluster.apiserver.reader import Reader
from cluster.kubectl.invocation import CommandError, Invocation, Wait
from cluster.objects import metadata
from cluster.objects.registry import Kind

UNITS = {"ns": 1e-6, "us": 1e-3, "µs": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4, "h": 3.6e6}
PART = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)")
# Longer waits than this say nothing any more.
LONGEST = 366 * 24 * 3_600_000


def duration(invocation: Invocation, flag: str) -> int:
    """The milliseconds of a flag like `--timeout=1m30s`, as Go's time.ParseDuration reads it; CommandError otherwise."""
    text = invocation.text(flag)
    sign, body = (-1, text[1:]) if text.startswith("-") else (1, text.removeprefix("+"))
    if body == "0":
        return 0
    parts = PART.findall(body)
    if not parts or "".join(number + unit for number, unit in parts) != body:
        reason = "missing unit in duration" if re.fullmatch(r"\d+\.?\d*", body, re.ASCII) else "invalid duration"
        raise CommandError(
            f'error: invalid argument "{text}" for "--{flag}" flag: time: {reason} "{text}"'
            f"\nSee 'kubectl {invocation.command} --help' for usage."
        )
    return sign * min(LONGEST, round(sum(float(number) * UNITS[unit] for number, unit in parts)))


def deadline(now: int, timeout: int) -> int | None:
    """When a wait of so many milliseconds ends; 0 or less: never."""
    return now + timeout if timeout > 0 else None


def until(view: Reader, met: Callable[[], bool], end: int | None) -> Generator[Wait, None, bool]:
    """Wait until `met`, or until the virtual time `end`; whether it was met."""
    while not met():
        if end is not None and view.now >= end:
            return False
        yield Wait(end)
    return True


def is_gone(view: Reader, kind: Kind, namespace: str, name: str, uid: str) -> bool:
    """Whether the object does not exist any more; another one of its name does not count."""
    current = view.get(kind.resource, namespace, name)
    return current is None or metadata.uid(current) != uid
