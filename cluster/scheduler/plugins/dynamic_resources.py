"""DynamicResources: devices claimed by pods (pkg/scheduler/framework/plugins/dynamicresources).

No claims are simulated; what shows is the plugin's part in the message of every pod that fits nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cluster.objects.documents import Document
from cluster.scheduler.framework import SKIP, Code, CycleState, Plugin, PostFilterResult, PreFilterResult, Status
from cluster.scheduler.snapshot import Snapshot

REASON = "no new claims to deallocate"
NO_STATE = "not found"


class DynamicResources(Plugin):
    name = "DynamicResources"

    def pre_filter(self, state: CycleState, pod: Document, snapshot: Snapshot) -> PreFilterResult:
        state[self.name] = ()
        return PreFilterResult(SKIP)

    def post_filter(
        self, state: CycleState, pod: Document, snapshot: Snapshot, statuses: Mapping[str, Status],
        filters: Sequence[Plugin],
    ) -> PostFilterResult:
        """Fails when an earlier plugin has ended PreFilter before this one could take its notes."""
        if self.name not in state:
            return PostFilterResult(Status(Code.ERROR, (NO_STATE,)))
        return PostFilterResult(Status(Code.UNSCHEDULABLE, (REASON,)))
