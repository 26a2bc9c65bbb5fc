"""What a container has written by a given moment, computed from its plan: the source of `kubectl logs`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from cluster.containers import images, references
from cluster.containers.image import Image
from cluster.kubelet import process
from cluster.kubelet.plans import Plan
from cluster.kubelet.shell import DATE
from cluster.objects import times
from cluster.objects.documents import Document

# Of an endless loop only so many lines are kept, as a rotated log keeps its last file.
KEPT_LINES = 1_000

Line = tuple[int, str]  # when it was written (virtual ms), the line


def lines(
    container: Document, record: Mapping[str, Any], now: int, extra_images: Mapping[str, int], *, previous: bool = False
) -> list[Line]:
    """Everything that a container (its record in host/containers) or its previous run has written by `now`, in order."""
    run = record["last"] if previous else record
    reference = references.parse(record["spec_image"])
    image = images.of(reference, extra_images)
    plan = process.plan(container, image)
    started, until = run["started"], min(now, run.get("finished", now))
    found = [*_outputs(plan, until - started), *_of_server(plan, image)]
    written = [
        (started + at, text.replace(DATE, _spoken(started + at)))
        for at, text in sorted(found, key=lambda line: line[0]) if started + at <= until
    ]
    return written[-KEPT_LINES:]


def _of_server(plan: Plan, image: Image) -> list[Line]:
    """What a server says by itself, or why it does not start."""
    if plan.end is None:
        return list(image.log) if plan.ports != frozenset() else []
    if not image.needs_env or plan.end.code != 1 or plan.outputs:
        return []
    return [(plan.end.after - 10, line) for trouble in image.troubles if trouble.without_env for line in trouble.lines]


def _spoken(at: int) -> str:
    """The time as `date` prints it."""
    return (times.EPOCH + timedelta(milliseconds=at)).strftime("%a %b %e %H:%M:%S UTC %Y")


def _outputs(plan: Plan, age: int) -> list[Line]:
    found = list(plan.outputs)
    if plan.cycle is None or age < plan.cycle.start or not plan.cycle.outputs:
        return found
    rounds = (age - plan.cycle.start) // plan.cycle.period + 1
    first = max(0, rounds - KEPT_LINES)
    for number in range(first, rounds):
        begin = plan.cycle.start + number * plan.cycle.period
        found += [(begin + at, text) for at, text in plan.cycle.outputs]
    return found
