"""PrioritySort: higher priority first, then who waits longer (pkg/scheduler/framework/plugins/queuesort)."""

from __future__ import annotations

from cluster.scheduler.framework import Plugin


class PrioritySort(Plugin):
    name = "PrioritySort"

    def sort_key(self, priority: int, timestamp: int) -> tuple[int, ...]:
        return (-priority, timestamp)
