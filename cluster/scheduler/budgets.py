"""What disruption budgets still allow, as preemption sees them (filterPodsWithPDBViolation in default_preemption.go).

Preemption only prefers victims that no budget protects; it does not ask the eviction API.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from cluster.objects.documents import Document, dig
from cluster.objects.selectors import LabelSelector, SelectorError
from cluster.scheduler.listers import Lister
from cluster.scheduler.snapshot import PodInfo

RESOURCE = "poddisruptionbudgets.policy"


class Budget(NamedTuple):
    """One budget: whom it covers, whose eviction it has counted already, how many more it allows."""

    namespace: str
    selector: LabelSelector
    disrupted: frozenset[str]  # names of pods
    allowed: int

    def covers(self, pod: Document) -> bool:
        """An empty selector covers nothing here."""
        meta = pod["metadata"]
        if not meta.get("labels") or meta.get("namespace", "") != self.namespace or self.selector.empty:
            return False
        return self.selector.matches(meta["labels"]) and meta["name"] not in self.disrupted


class Budgets:
    """All budgets of a cluster."""

    def __init__(self, budgets: Iterable[Budget]) -> None:
        self._budgets = tuple(budgets)

    @classmethod
    def of(cls, lister: Lister) -> Budgets:
        """Those that the lister knows; one with an invalid selector covers nothing."""
        found = []
        for document in lister.list(RESOURCE):
            try:
                selector = LabelSelector.from_document(dig(document, "spec", "selector"))
            except SelectorError:
                continue
            found.append(Budget(
                document["metadata"].get("namespace", ""), selector,
                frozenset(dig(document, "status", "disruptedPods", default={})),
                int(dig(document, "status", "disruptionsAllowed", default=0)),
            ))
        return cls(found)

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._budgets)

    def split(self, pods: Sequence[PodInfo]) -> tuple[list[PodInfo], list[PodInfo]]:
        """Pods whose eviction would violate a budget when they are evicted in this order, and the others."""
        left = [budget.allowed for budget in self._budgets]
        violating: list[PodInfo] = []
        others: list[PodInfo] = []
        for pod in pods:
            violates = False
            for index, budget in enumerate(self._budgets):
                if budget.covers(pod.document):
                    left[index] -= 1
                    violates = violates or left[index] < 0
            (violating if violates else others).append(pod)
        return violating, others
