"""NodeUnschedulable: cordoned nodes take no new pods (pkg/scheduler/framework/plugins/nodeunschedulable)."""

from __future__ import annotations

from cluster.objects.documents import Document, dig
from cluster.scheduler import events, tolerations
from cluster.scheduler.events import ClusterEvent
from cluster.scheduler.framework import SUCCESS, Code, CycleState, Plugin, Status
from cluster.scheduler.snapshot import NodeInfo

TAINT = {"key": "node.kubernetes.io/unschedulable", "effect": tolerations.NO_SCHEDULE}
REASON = "node(s) were unschedulable"


def is_cordoned(node: Document) -> bool:
    return dig(node, "spec", "unschedulable", default=False)


class NodeUnschedulable(Plugin):
    name = "NodeUnschedulable"
    events = frozenset({
        (events.NODE, events.ADD),
        (events.NODE, events.UPDATE_NODE_TAINT),
        (events.UNSCHEDULED_POD, events.UPDATE_POD_TOLERATION),
    })

    def filter(self, state: CycleState, pod: Document, node: NodeInfo) -> Status:
        if not is_cordoned(node.document) or tolerations.any_tolerates(tolerations.of(pod), TAINT):
            return SUCCESS
        return Status(Code.UNRESOLVABLE, (REASON,), {"taint": TAINT})

    def worth_retrying(self, pod: Document, event: ClusterEvent) -> bool:
        """When a node was uncordoned or came uncordoned, or the pod now tolerates cordoned nodes."""
        if event.resource == events.UNSCHEDULED_POD:
            return tolerations.any_tolerates(tolerations.of(pod), TAINT)
        was_open = event.old is not None and not is_cordoned(event.old)
        return event.new is not None and not is_cordoned(event.new) and not was_open
