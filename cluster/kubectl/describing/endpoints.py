"""describeEndpoints in kubectl/pkg/describe/describe.go."""

from __future__ import annotations

from cluster.apiserver.reader import Reader
from cluster.kubectl.describing.page import NONE, UNSET, Page
from cluster.objects import metadata
from cluster.objects.documents import Document


def describe(page: Page, reader: Reader, endpoints: Document) -> None:
    """Write the page of Endpoints, without its events."""
    page.line(0, "Name:", metadata.name(endpoints))
    page.line(0, "Namespace:", metadata.namespace(endpoints))
    page.labels("Labels", metadata.labels(endpoints))
    page.annotations("Annotations", metadata.annotations(endpoints))
    page.line(0, "Subsets:")
    for subset in endpoints.get("subsets") or []:
        _subset(page, subset)


def _subset(page: Page, subset: Document) -> None:
    for title, field in (("Addresses:", "addresses"), ("NotReadyAddresses:", "notReadyAddresses")):
        page.line(1, title, ",".join(address["ip"] for address in subset.get(field) or []) or NONE)
    if subset.get("ports"):
        page.line(1, "Ports:")
        page.line(2, "Name", "Port", "Protocol")
        page.line(2, "----", "----", "--------")
    for port in subset.get("ports") or []:
        page.line(2, port.get("name") or UNSET, port["port"], port.get("protocol", "TCP"))
    page.line(0, "")
