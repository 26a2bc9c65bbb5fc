"""The record of one scheduling attempt: who was rejected by what and why, who scored what, who was chosen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from cluster.objects.documents import Document
from cluster.scheduler.verdict import Verdict

# With more nodes than this only a summary of a decision is kept: so many of the best, so many names of each other group.
MANY = 100
BEST_KEPT = 10
EXAMPLES = 5


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

    def record(self) -> dict[str, Any]:
        """Everything about the decision, JSON-able."""
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

    def why(self) -> dict[str, Any]:
        """The record that is kept with the step's story.

        With more than MANY nodes it has only the best of them, and `summary` says how many were possible or stopped by
        what; the rest can be found again by deciding again.
        """
        record = self.record()
        if len(self.verdicts) <= MANY:
            return record
        scored = sorted(record["nodes"], key=lambda entry: (entry["node"] != self.chosen, -entry.get("total", 0)))
        kept = [entry for entry in scored if "plugin" not in entry][:BEST_KEPT]
        summary = {"nodes": self.total_nodes, "feasible": len(record["feasible"]), "stopped": groups_of(record["nodes"])}
        names = [entry["node"] for entry in kept]
        return record | {"nodes": kept, "feasible": names, "best": record["best"][:BEST_KEPT], "summary": summary}


def groups_of(entries: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Stopped nodes of a record by plugin and reason, the largest group first, with some names."""
    found: dict[tuple[str, str], list[str]] = {}
    for entry in entries:
        if entry.get("plugin"):
            found.setdefault((entry["plugin"], ", ".join(entry["reasons"])), []).append(entry["node"])
    return [
        {"plugin": plugin, "reason": reason, "count": len(names), "examples": names[:EXAMPLES]}
        for (plugin, reason), names in sorted(found.items(), key=lambda item: -len(item[1]))
    ]
