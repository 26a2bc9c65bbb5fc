"""What became of one node in a scheduling attempt: who rejected it and why, or how it scored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from cluster.objects.documents import Document
from cluster.scheduler.framework import SUCCESS, CycleState, Plugin, Status
from cluster.scheduler.snapshot import NodeInfo, PodInfo, pod_key, priority_of


class Score(NamedTuple):
    """One plugin's score of one node: as computed, brought to 0..100, and times its weight."""

    raw: int
    normalized: int
    weight: int

    @property
    def weighted(self) -> int:
        return self.normalized * self.weight


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one node. `plugin` is the first that rejected it, "" for a feasible node."""

    node: str
    plugin: str = ""
    status: Status = SUCCESS
    scores: Mapping[str, Score] = field(default_factory=dict)

    @property
    def is_feasible(self) -> bool:
        return self.status.is_success

    @property
    def total(self) -> int:
        return sum(score.weighted for score in self.scores.values())

    def why(self) -> dict[str, Any]:
        """JSON-able; the keys of a rejection only where there is one, scores only where nodes were compared."""
        record: dict[str, Any] = {"node": self.node}
        if not self.is_feasible:
            record |= {
                "plugin": self.plugin, "code": self.status.code.value,
                "reasons": list(self.status.reasons), "values": dict(self.status.values),
            }
        if self.scores:
            record["scores"] = {
                plugin: {**score._asdict(), "weighted": score.weighted}
                for plugin, score in self.scores.items()
            }
            record["total"] = self.total
        return record


def run_filters(
    state: CycleState, pod: Document, node: NodeInfo, filters: Sequence[Plugin], nominated: Iterable[PodInfo] = ()
) -> Verdict:
    """The verdict of the first filter that rejects the node, or that of none.

    The pod must fit beside the `nominated` pods that are at least as important, and without them too.
    """
    rivals = [other for other in nominated if other.priority >= priority_of(pod) and other.key != pod_key(pod)]
    if rivals:
        crowded, with_rivals = dict(state), node
        for rival in rivals:
            with_rivals = add_pod(crowded, pod, rival, with_rivals, filters)
        verdict = _first_rejection(crowded, pod, with_rivals, filters)
        if not verdict.is_feasible:
            return verdict
    return _first_rejection(state, pod, node, filters)


def add_pod(
    state: CycleState, pod: Document, other: PodInfo, node: NodeInfo, filters: Iterable[Plugin]
) -> NodeInfo:
    """The node with `other` on it; `state` (changed) holds what the filters know then."""
    fuller = node.with_pods([other])
    for plugin in filters:
        plugin.add_pod(state, pod, other, fuller)
    return fuller


def remove_pod(
    state: CycleState, pod: Document, other: PodInfo, node: NodeInfo, filters: Iterable[Plugin]
) -> NodeInfo:
    """The node without `other`; `state` (changed) holds what the filters know then."""
    emptier = node.without_pods([other])
    for plugin in filters:
        plugin.remove_pod(state, pod, other, emptier)
    return emptier


def _first_rejection(state: CycleState, pod: Document, node: NodeInfo, filters: Sequence[Plugin]) -> Verdict:
    for plugin in filters:
        status = plugin.filter(state, pod, node)
        if not status.is_success:
            return Verdict(node.name, plugin.name, status)
    return Verdict(node.name)
