"""describeEndpointSliceV1 in kubectl/pkg/describe/describe.go."""

from __future__ import annotations

from cluster.apiserver.reader import Reader
from cluster.kubectl.describing.page import NONE, UNSET, Page
from cluster.objects import metadata
from cluster.objects.documents import Document, dig


def describe(page: Page, reader: Reader, slice_: Document) -> None:
    """Write the page of an EndpointSlice, without its events."""
    page.line(0, "Name:", metadata.name(slice_))
    page.line(0, "Namespace:", metadata.namespace(slice_))
    page.labels("Labels", metadata.labels(slice_))
    page.annotations("Annotations", metadata.annotations(slice_))
    page.line(0, "AddressType:", slice_.get("addressType", ""))
    _ports(page, slice_.get("ports") or [])
    endpoints = slice_.get("endpoints") or []
    page.line(0, "Endpoints:" if endpoints else f"Endpoints: {NONE}")
    for endpoint in endpoints:
        _endpoint(page, endpoint)


def _ports(page: Page, ports: list[Document]) -> None:
    if not ports:
        page.line(0, f"Ports: {UNSET}")
        return
    page.line(0, "Ports:")
    page.line(1, "Name", "Port", "Protocol")
    page.line(1, "----", "----", "--------")
    for port in ports:
        page.line(1, port.get("name") or UNSET, port.get("port") or UNSET, port.get("protocol", "TCP"))


def _endpoint(page: Page, endpoint: Document) -> None:
    page.line(1, "- Addresses:", ", ".join(endpoint.get("addresses") or []) or NONE)
    page.line(2, "Conditions:")
    page.line(3, "Ready:", dig(endpoint, "conditions", "ready", default=UNSET))
    page.line(2, "Hostname:", endpoint.get("hostname") or UNSET)
    target = endpoint.get("targetRef")
    if target:
        page.line(2, "TargetRef:", f"{target['kind']}/{target['name']}")
    page.line(2, "NodeName:", endpoint.get("nodeName") or UNSET)
    page.line(2, "Zone:", endpoint.get("zone") or UNSET)
