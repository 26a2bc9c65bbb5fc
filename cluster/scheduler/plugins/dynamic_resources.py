"""DynamicResources: devices claimed by pods (pkg/scheduler/framework/plugins/dynamicresources).

No claims are simulated; what shows is the plugin's part in the message of every pod that fits nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cluster.objects.documents import Document
from cluster.scheduler.framework import Code, CycleState, Plugin, PostFilterResult, Status
from cluster.scheduler.snapshot import Snapshot

REASON = "no new claims to deallocate"


class DynamicResources(Plugin):
    name = "DynamicResources"

    def post_filter(
        self, state: CycleState, pod: Document, snapshot: Snapshot, statuses: Mapping[str, Status],
        filters: Sequence[Plugin],
    ) -> PostFilterResult:
        return PostFilterResult(Status(Code.UNSCHEDULABLE, (REASON,)))
