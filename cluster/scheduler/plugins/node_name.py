"""NodeName: a pod that names its node goes nowhere else (pkg/scheduler/framework/plugins/nodename)."""

from __future__ import annotations

from cluster.objects.documents import Document, dig
from cluster.scheduler import events
from cluster.scheduler.framework import SUCCESS, Code, CycleState, Plugin, Status
from cluster.scheduler.snapshot import NodeInfo

REASON = "node(s) didn't match the requested node name"


class NodeName(Plugin):
    name = "NodeName"
    events = frozenset({(events.NODE, events.ADD)})

    def filter(self, state: CycleState, pod: Document, node: NodeInfo) -> Status:
        wanted = dig(pod, "spec", "nodeName", default="")
        if wanted in ("", node.name):
            return SUCCESS
        return Status(Code.UNRESOLVABLE, (REASON,), {"wanted": wanted})
