"""NodePorts: two pods cannot take the same port of a node (pkg/scheduler/framework/plugins/nodeports)."""

from __future__ import annotations

from collections.abc import Iterable

from cluster.objects.documents import Document
from cluster.scheduler import events
from cluster.scheduler.events import ClusterEvent
from cluster.scheduler.framework import SKIP, SUCCESS, Code, CycleState, Plugin, PreFilterResult, Status
from cluster.scheduler.snapshot import HostPort, NodeInfo, Snapshot, host_ports

REASON = "node(s) didn't have free ports for the requested pod ports"


def conflicts(wanted: Iterable[HostPort], used: Iterable[HostPort]) -> list[HostPort]:
    """The wanted ports that are taken."""
    taken = list(used)
    return [port for port in wanted if any(port.conflicts_with(other) for other in taken)]


class NodePorts(Plugin):
    name = "NodePorts"
    events = frozenset({(events.NODE, events.ADD), (events.ASSIGNED_POD, events.DELETE)})

    def pre_filter(self, state: CycleState, pod: Document, snapshot: Snapshot) -> PreFilterResult:
        wanted = host_ports(pod)
        if not wanted:
            return PreFilterResult(SKIP)
        state[self.name] = wanted
        return PreFilterResult()

    def filter(self, state: CycleState, pod: Document, node: NodeInfo) -> Status:
        taken = conflicts(state[self.name], node.used_ports)
        if not taken:
            return SUCCESS
        ports = [{"hostIP": p.address, "protocol": p.protocol, "hostPort": p.port} for p in taken]
        return Status(Code.UNSCHEDULABLE, (REASON,), {"ports": ports})

    def worth_retrying(self, pod: Document, event: ClusterEvent) -> bool:
        """When a pod that had one of the wanted ports is gone, or a node came."""
        if event.resource == events.NODE:
            return True
        return event.old is not None and bool(conflicts(host_ports(pod), host_ports(event.old)))
