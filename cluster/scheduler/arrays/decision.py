"""What the fast path says of one attempt: the outcome and the arrays behind it, without a record for each node."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cluster.objects.documents import Document
from cluster.scheduler.arrays.columns import Ints, Rows
from cluster.scheduler.decision import Outcome

_NONE: Rows = np.zeros(0, np.intp)


@dataclass(frozen=True, slots=True)
class ArrayDecision:
    """One attempt for one pod; the fields that `Decision` has too mean the same.

    `feasible` counts the nodes that were compared, `best_rows` are those with the highest total, the chosen one first.
    `totals` are by row, negative where the pod cannot go; None when nothing was compared.
    """

    pod: str
    outcome: Outcome
    total_nodes: int
    feasible: int = 0
    chosen: str = ""
    chosen_row: int = -1
    best_rows: Rows = field(default_factory=lambda: _NONE)
    totals: Ints | None = None
    message: str = ""
    rejectors: tuple[str, ...] = ()
    next_start_index: int = 0
    post_filter_message: str = ""
    nominated: str | None = None
    victims: tuple[Document, ...] = ()
    preemption: Mapping[str, Any] | None = None
    notes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """The total of the chosen node, 0 when nothing was compared."""
        return int(self.totals[self.chosen_row]) if self.totals is not None else 0

    def summary(self) -> dict[str, Any]:
        """A JSON-able record in a few numbers."""
        return {
            "pod": self.pod, "outcome": self.outcome.value, "nodes": self.total_nodes, "feasible": self.feasible,
            "best": len(self.best_rows), "chosen": self.chosen, "total": self.total, "message": self.message,
        }
