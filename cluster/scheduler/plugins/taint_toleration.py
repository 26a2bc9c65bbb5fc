"""TaintToleration: taints keep pods away unless tolerated (pkg/scheduler/framework/plugins/tainttoleration)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cluster.objects.documents import Document
from cluster.scheduler import events, normalization, tolerations
from cluster.scheduler.events import ClusterEvent
from cluster.scheduler.framework import SUCCESS, Code, CycleState, Plugin, Status
from cluster.scheduler.snapshot import NodeInfo, Snapshot

REASON = "node(s) had untolerated taint(s)"
REPELLING = (tolerations.NO_SCHEDULE, tolerations.NO_EXECUTE)


def repelling_taint(pod: Document, node: Document) -> Document | None:
    """The first NoSchedule or NoExecute taint that the pod does not tolerate."""
    return tolerations.first_untolerated(tolerations.taints_of(node), tolerations.of(pod), REPELLING)


class TaintToleration(Plugin):
    name = "TaintToleration"
    events = frozenset({
        (events.NODE, events.ADD),
        (events.NODE, events.UPDATE_NODE_TAINT),
        (events.UNSCHEDULED_POD, events.UPDATE_POD_TOLERATION),
    })

    def filter(self, state: CycleState, pod: Document, node: NodeInfo) -> Status:
        taint = repelling_taint(pod, node.document)
        if taint is None:
            return SUCCESS
        return Status(Code.UNRESOLVABLE, (REASON,), {"taint": taint})

    def pre_score(self, state: CycleState, pod: Document, nodes: Sequence[NodeInfo], snapshot: Snapshot) -> Status:
        state[self.name] = [
            toleration for toleration in tolerations.of(pod)
            if toleration.get("effect", "") in ("", tolerations.PREFER_NO_SCHEDULE)
        ]
        return SUCCESS

    def score(self, state: CycleState, pod: Document, node: NodeInfo) -> int:
        """How many PreferNoSchedule taints the pod does not tolerate: fewer is better."""
        return sum(
            taint["effect"] == tolerations.PREFER_NO_SCHEDULE
            and not tolerations.any_tolerates(state[self.name], taint)
            for taint in tolerations.taints_of(node.document)
        )

    def normalize(self, state: CycleState, scores: Mapping[str, int]) -> Mapping[str, int]:
        return normalization.proportional(scores, reverse=True)

    def worth_retrying(self, pod: Document, event: ClusterEvent) -> bool:
        """When a node stopped repelling the pod; any new toleration of the pod itself."""
        if event.resource == events.UNSCHEDULED_POD:
            return True
        repelled = event.old is None or repelling_taint(pod, event.old) is not None
        return event.new is not None and repelled and repelling_taint(pod, event.new) is None
