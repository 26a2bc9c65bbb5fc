"""describeQuota and DescribeResourceQuotas in kubectl/pkg/describe/describe.go."""

from __future__ import annotations

from cluster.apiserver.reader import Reader
from cluster.kubectl.describing.page import Page
from cluster.objects import metadata, quantity
from cluster.objects.documents import Document
from cluster.objects.kinds import resourcequota as quotas

_HELP = {
    quotas.TERMINATING: "Matches all pods that have an active deadline. These pods have a limited lifespan on a node before "
    "being actively terminated by the system.",
    quotas.NOT_TERMINATING: "Matches all pods that do not have an active deadline. These pods usually include long running "
    "pods whose container command is not expected to terminate.",
    quotas.BEST_EFFORT: "Matches all pods that do not have resource requirements set. These pods have a best effort quality "
    "of service.",
    quotas.NOT_BEST_EFFORT: "Matches all pods that have at least one resource requirement set. These pods have a burstable "
    "or guaranteed quality of service.",
}


def describe(page: Page, reader: Reader, quota: Document) -> None:
    """Write the page of a ResourceQuota."""
    page.line(0, "Name:", metadata.name(quota))
    page.line(0, "Namespace:", metadata.namespace(quota))
    _scopes(page, quota, 0, " * ")
    page.line(0, "Resource", "Used", "Hard")
    page.line(0, "--------", "----", "----")
    for name, hard in sorted(quotas.hard(quota).items()):
        page.line(0, name, _spelled_like(hard, quotas.used(quota).get(name, "0")), quantity.canonical(hard))


def describe_all(page: Page, found: list[Document]) -> None:
    """Write what stands about all quotas of a namespace on its page."""
    if not found:
        page.line(0, "No resource quota.")
        return
    page.line(0, "Resource Quotas")
    for quota in found:
        page.line(1, "Name:", metadata.name(quota))
        _scopes(page, quota, 1, "* ")
        page.line(1, "Resource", "Used", "Hard")
        page.line(1, "--------", "---", "---")
        for name, hard in sorted(quotas.hard(quota).items()):
            used = quotas.used(quota).get(name, "0")
            page.line(1, name, quantity.canonical(used), quantity.canonical(hard))


def _scopes(page: Page, quota: Document, level: int, bullet: str) -> None:
    scopes = sorted(quotas.scopes(quota))
    if not scopes:
        return
    page.line(level, "Scopes:", ", ".join(scopes))
    for scope in scopes:
        if scope in _HELP:
            page.line(level, bullet + _HELP[scope])


def _spelled_like(hard: str, used: str) -> str:
    """The amount with the sort of suffix that the limit is written with."""
    if quantity.family(hard) is quantity.family(used):
        return quantity.canonical(used)
    return quantity.format(quantity.value(used), quantity.family(hard))
