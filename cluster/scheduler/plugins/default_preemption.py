"""DefaultPreemption: would removing less important pods from a node make room for one that fits nowhere?

pkg/scheduler/framework/plugins/defaultpreemption, pkg/scheduler/framework/preemption. This finds the nodes where it
would and says so in the message; nobody is evicted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cluster.objects.documents import Document, dig
from cluster.scheduler import diagnosis
from cluster.scheduler.framework import Code, CycleState, Plugin, PostFilterResult, Status
from cluster.scheduler.snapshot import NodeInfo, Snapshot, priority_of
from cluster.scheduler.verdict import run_filters

NEVER = "not eligible due to preemptionPolicy=Never."
NOT_HELPFUL = Status(Code.UNRESOLVABLE, ("Preemption is not helpful for scheduling",))
NO_VICTIMS = Status(Code.UNRESOLVABLE, ("No preemption victims found for incoming pod",))


class DefaultPreemption(Plugin):
    name = "DefaultPreemption"

    def post_filter(
        self, state: CycleState, pod: Document, snapshot: Snapshot, statuses: Mapping[str, Status],
        filters: Sequence[Plugin],
    ) -> PostFilterResult:
        if dig(pod, "spec", "preemptionPolicy") == "Never":
            return _said(NEVER)
        answers = {
            name: _dry_run(state, pod, node, filters) if status.code is Code.UNSCHEDULABLE else NOT_HELPFUL
            for name, status in statuses.items()
            if (node := snapshot.node(name)) is not None
        }
        return _said(diagnosis.filter_message(len(snapshot), answers.values()))


def _said(message: str) -> PostFilterResult:
    return PostFilterResult(Status(Code.UNSCHEDULABLE, (f"preemption: {message}",)))


def _dry_run(state: CycleState, pod: Document, node: NodeInfo, filters: Sequence[Plugin]) -> Status:
    """Whether the pod would fit if every pod of lower priority left the node; success makes it a candidate."""
    victims = [other for other in node.pods if other.priority < priority_of(pod)]
    if not victims:
        return NO_VICTIMS
    emptier = node.without_pods(victims)
    return run_filters(state, pod, emptier, filters).status
