"""describeLimitRange and DescribeLimitRanges in kubectl/pkg/describe/describe.go."""

from __future__ import annotations

from cluster.apiserver.reader import Reader
from cluster.kubectl.describing.page import Page
from cluster.objects import metadata, quantity
from cluster.objects.documents import Document
from cluster.objects.kinds import limitrange as ranges

_TITLES = ("Type", "Resource", "Min", "Max", "Default Request", "Default Limit", "Max Limit/Request Ratio")
_COLUMNS = (ranges.MIN, ranges.MAX, ranges.DEFAULT_REQUEST, ranges.DEFAULT, ranges.RATIO)


def describe(page: Page, reader: Reader, limit_range: Document) -> None:
    """Write the page of a LimitRange."""
    page.line(0, "Name:", metadata.name(limit_range))
    page.line(0, "Namespace:", metadata.namespace(limit_range))
    _table(page, [limit_range], "")


def describe_all(page: Page, limit_ranges: list[Document]) -> None:
    """Write what stands about all LimitRanges of a namespace on its page."""
    if not limit_ranges:
        page.line(0, "No LimitRange resource.")
        return
    page.line(0, "Resource Limits")
    _table(page, limit_ranges, " ")


def _table(page: Page, limit_ranges: list[Document], indent: str) -> None:
    page.line(0, indent + _TITLES[0], *_TITLES[1:])
    page.line(0, indent + "----", *("-" * len(title) for title in _TITLES[1:]))
    for item in (item for limit_range in limit_ranges for item in ranges.items(limit_range)):
        lists = [ranges.amounts(item, field) for field in _COLUMNS]
        for name in sorted({name for found in lists for name in found}):
            cells = (quantity.canonical(found[name]) if name in found else "-" for found in lists)
            page.line(0, f"{indent}{item.get('type', '')}", name, *cells)
