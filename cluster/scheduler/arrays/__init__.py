"""The scheduler's rules over all nodes at once, with NumPy: the same decisions, fast enough for thousands of nodes."""

from __future__ import annotations

from collections.abc import Callable

from cluster.objects.documents import Document
from cluster.scheduler.arrays.scheduler import ArrayScheduler
from cluster.scheduler.decision import Decision
from cluster.scheduler.framework import Profile
from cluster.scheduler.snapshot import Snapshot


def decide_large(
    pod: Document, snapshot: Snapshot, profile: Profile, random: Callable[[], float], start_index: int = 0,
    kept: ArrayScheduler | None = None,
) -> Decision:
    """What `schedule.decide` says, with a verdict for each node, but without the values behind rejections.

    `kept` is a scheduler of the same profile from an earlier snapshot; only what has changed since is then taken over.
    """
    scheduler = ArrayScheduler(profile) if kept is None else kept
    scheduler.sync(snapshot)
    return scheduler.decide_recorded(pod, random, snapshot.lister, start_index)
