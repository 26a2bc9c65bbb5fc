"""What the fast path says of one attempt: the outcome and the arrays behind it, without a record for each node."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cluster.objects.documents import Document
from cluster.scheduler.arrays.columns import Ints, Rows
from cluster.scheduler.arrays.local import NOWHERE
from cluster.scheduler.decision import Outcome


@dataclass(frozen=True, slots=True)
class Compared:
    """How many nodes passed the filters; when there are several, `best` are the rows with the highest total.

    `scores` are totals by row without what all have in common, NOWHERE where the pod cannot go.
    """

    feasible: int
    best: Rows | None = None
    scores: Ints | None = None
    in_common: int = 0

@dataclass(frozen=True, slots=True)
class ArrayDecision:
    """One attempt for one pod; the fields that `Decision` has too mean the same."""

    pod: str
    outcome: Outcome
    total_nodes: int
    chosen: str = ""
    chosen_row: int = -1
    compared: Compared | None = None
    message: str = ""
    rejectors: tuple[str, ...] = ()
    next_start_index: int = 0
    post_filter_message: str = ""
    nominated: str | None = None
    victims: tuple[Document, ...] = ()
    preemption: Mapping[str, Any] | None = None
    notes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def feasible(self) -> int:
        return 0 if self.compared is None else self.compared.feasible

    @property
    def best_rows(self) -> list[int]:
        """The rows with the highest total: where the pod might have gone."""
        if self.compared is None:
            return []
        return [self.chosen_row] if self.compared.best is None else self.compared.best.tolist()

    @property
    def totals(self) -> dict[int, int]:
        """The totals of the rows that were compared; none when there was nothing to compare."""
        if self.compared is None or self.compared.scores is None:
            return {}
        scores, more = self.compared.scores, self.compared.in_common
        return {row: score + more for row, score in enumerate(scores.tolist()) if score != NOWHERE}

    @property
    def total(self) -> int:
        """The total of the chosen node, 0 when nothing was compared."""
        if self.compared is None or self.compared.scores is None:
            return 0
        return int(self.compared.scores[self.chosen_row]) + self.compared.in_common

    def summary(self) -> dict[str, Any]:
        """A JSON-able record in a few numbers."""
        return {
            "pod": self.pod, "outcome": self.outcome.value, "nodes": self.total_nodes, "feasible": self.feasible,
            "best": len(self.best_rows), "chosen": self.chosen, "total": self.total, "message": self.message,
        }
