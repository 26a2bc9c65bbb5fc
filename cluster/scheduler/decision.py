"""The record of one scheduling attempt: who was rejected by what and why, who scored what, who was chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from cluster.objects.documents import Document
from cluster.scheduler.verdict import Verdict


class Outcome(StrEnum):
    SCHEDULED = "scheduled"
    UNSCHEDULABLE = "unschedulable"
    NOMINATED = "nominated"
    """Unschedulable now, but preemption will make room on a node."""
    ERROR = "error"
    """Something went wrong in a plugin; nothing is known about the nodes."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One attempt for one pod. `verdicts` are in the order of the search; nodes that it did not reach are missing.

    Preemption makes room on `nominated` by evicting `victims`; "" takes an earlier nomination back, None leaves it.
    """

    pod: str
    outcome: Outcome
    total_nodes: int
    verdicts: tuple[Verdict, ...] = ()
    best: tuple[str, ...] = ()
    chosen: str = ""
    message: str = ""
    rejectors: tuple[str, ...] = ()
    next_start_index: int = 0
    post_filter_message: str = ""
    nominated: str | None = None
    victims: tuple[Document, ...] = ()
    preemption: Mapping[str, Any] | None = None
    filters: tuple[str, ...] = ()
    """The filter plugins that ran, in order: a node that one of them rejected was not shown to those after it."""
    notes: Mapping[str, Any] = field(default_factory=dict)
    """What the Reserve plugins decided for the pod on the chosen node, for their PreBind."""
    without_rules: tuple[str, ...] = ()
    """Filter and score plugins that the pod gives nothing to do."""

    @property
    def feasible(self) -> tuple[str, ...]:
        return tuple(verdict.node for verdict in self.verdicts if verdict.is_feasible)

    def verdict(self, node: str) -> Verdict:
        """What became of one node; raises KeyError when it was not looked at."""
        for verdict in self.verdicts:
            if verdict.node == node:
                return verdict
        raise KeyError(node)

    @property
    def runner_up(self) -> Verdict | None:
        """The best node that was not chosen; None when nothing was compared."""
        others = [verdict for verdict in self.verdicts if verdict.scores and verdict.node != self.chosen]
        return max(others, key=lambda verdict: verdict.total, default=None)

    def why(self) -> dict[str, Any]:
        """The JSON-able record that goes with the step's story."""
        record = {
            "pod": self.pod,
            "nodes": [verdict.why() for verdict in self.verdicts],
            "feasible": list(self.feasible),
            "best": list(self.best),
            "chosen": self.chosen,
            "message": self.message,
            "filters": list(self.filters),
            "without_rules": list(self.without_rules),
        }
        return record if self.preemption is None else record | {"preemption": dict(self.preemption)}
