"""describePodDisruptionBudgetV1 in kubectl/pkg/describe/describe.go."""

from __future__ import annotations

from cluster.apiserver.reader import Reader
from cluster.kubectl.describing.page import UNSET, Page
from cluster.objects import metadata
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import poddisruptionbudget as budgets
from cluster.objects.selectors import format_document

_AMOUNTS = {"minAvailable": "Min available:", "maxUnavailable": "Max unavailable:"}


def describe(page: Page, reader: Reader, budget: Document) -> None:
    """Write the page of a PodDisruptionBudget, without its events."""
    page.line(0, "Name:", metadata.name(budget))
    page.line(0, "Namespace:", metadata.namespace(budget))
    for field, title in _AMOUNTS.items():
        value = dig(budget, "spec", field)
        if value is not None:
            page.line(0, title, value)
            break
    selector = dig(budget, "spec", "selector")
    page.line(0, "Selector:", UNSET if selector is None else format_document(selector))
    page.line(0, "Status:")
    page.line(2, "Allowed disruptions:", budgets.allowed(budget))
    page.line(2, "Current:", budgets.current_healthy(budget))
    page.line(2, "Desired:", budgets.desired_healthy(budget))
    page.line(2, "Total:", dig(budget, "status", "expectedPods", default=0))
