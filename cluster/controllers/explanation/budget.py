"""How many Pods a PodDisruptionBudget lets go, and why no more."""

from __future__ import annotations

from cluster.apiserver.reader import Reader
from cluster.controllers.explanation.words import STATE, WAITS, Explained, word
from cluster.objects import metadata
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import poddisruptionbudget as budgets


def explained(reader: Reader, budget: Document) -> Explained:
    allowed = budgets.allowed(budget)
    words = [word(
        "budget.state", STATE, name=metadata.name(budget), healthy=budgets.current_healthy(budget),
        expected=int(dig(budget, "status", "expectedPods", default=0)), desired=budgets.desired_healthy(budget), allowed=allowed,
    )]
    return Explained([*words, word("budget.spent", WAITS)] if not allowed else words, [])
