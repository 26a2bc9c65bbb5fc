"""describeService in kubectl/pkg/describe/describe.go."""

from __future__ import annotations

from collections.abc import Iterator

from cluster.apiserver.reader import Reader
from cluster.kubectl.describing.page import NONE, UNSET, Page
from cluster.objects import metadata
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import endpointslice as slices
from cluster.objects.printing import labels_cell
from cluster.objects.selectors import LabelSelector

# How many addresses are shown.
SHOWN = 3
_PLAIN_BEFORE_PORTS = (("Desired LoadBalancer IP:", "loadBalancerIP"), ("External Name:", "externalName"))
_PLAIN_AFTER_PORTS = (
    ("External Traffic Policy:", "externalTrafficPolicy"), ("Internal Traffic Policy:", "internalTrafficPolicy"),
    ("HealthCheck NodePort:", "healthCheckNodePort"),
)


def describe(page: Page, reader: Reader, service: Document) -> None:
    """Write the page of a Service, without its events."""
    spec = service["spec"]
    page.line(0, "Name:", metadata.name(service))
    page.line(0, "Namespace:", metadata.namespace(service))
    page.labels("Labels", metadata.labels(service))
    page.annotations("Annotations", metadata.annotations(service))
    page.line(0, "Selector:", labels_cell(spec.get("selector")))
    page.line(0, "Type:", spec.get("type", ""))
    _addresses(page, service, spec)
    found = _slices(reader, service)
    for port in spec.get("ports") or []:
        _port(page, port, found)
    page.line(0, "Session Affinity:", spec.get("sessionAffinity", ""))
    for title, field in _PLAIN_AFTER_PORTS:
        if spec.get(field):
            page.line(0, title, spec[field])
    if spec.get("loadBalancerSourceRanges"):
        page.line(0, "LoadBalancer Source Ranges:", ",".join(spec["loadBalancerSourceRanges"]))
    if spec.get("trafficDistribution"):
        page.line(0, "Traffic Distribution:", spec["trafficDistribution"])


def _addresses(page: Page, service: Document, spec: Document) -> None:
    if spec.get("ipFamilyPolicy"):
        page.line(0, "IP Family Policy:", spec["ipFamilyPolicy"])
    page.line(0, "IP Families:", ",".join(spec.get("ipFamilies") or []) or NONE)
    page.line(0, "IP:", spec.get("clusterIP", ""))
    page.line(0, "IPs:", ",".join(spec.get("clusterIPs") or []) or NONE)
    if spec.get("externalIPs"):
        page.line(0, "External IPs:", ",".join(spec["externalIPs"]))
    for title, field in _PLAIN_BEFORE_PORTS:
        if spec.get(field):
            page.line(0, title, spec[field])
    ingress = dig(service, "status", "loadBalancer", "ingress", default=[])
    if ingress:
        page.line(0, "LoadBalancer Ingress:", ", ".join(map(_ingress, ingress)))


def _ingress(ingress: Document) -> str:
    if not ingress.get("ip"):
        return str(ingress.get("hostname", ""))
    return f"{ingress['ip']} ({ingress['ipMode']})" if ingress.get("ipMode") else str(ingress["ip"])


def _slices(reader: Reader, service: Document) -> list[Document]:
    selector = LabelSelector.from_map({"kubernetes.io/service-name": metadata.name(service)})
    return reader.list("endpointslices.discovery.k8s.io", metadata.namespace(service), selector)


def _port(page: Page, port: Document, found: list[Document]) -> None:
    name, protocol = port.get("name") or UNSET, port.get("protocol", "TCP")
    page.line(0, "Port:", name, f"{port['port']}/{protocol}")
    page.line(0, "TargetPort:", f"{port.get('targetPort', port['port'])}/{protocol}")
    if port.get("appProtocol"):
        page.line(0, "AppProtocol:", port["appProtocol"])
    if port.get("nodePort"):
        page.line(0, "NodePort:", name, f"{port['nodePort']}/{protocol}")
    page.line(0, "Endpoints:", endpoints_text(found, port.get("name", "")))


def endpoints_text(found: list[Document], port: str) -> str:
    """The ready addresses of one port, the first three of them (formatEndpointSlices)."""
    if not found:
        return NONE
    addresses = [address for slice_ in found for address in _ready(slice_, port)]
    text = ",".join(addresses[:SHOWN])
    return f"{text} + {len(addresses) - SHOWN} more..." if len(addresses) > SHOWN else text


def _ready(slice_: Document, name: str) -> Iterator[str]:
    ready = [endpoint["addresses"][0] for endpoint in slices.endpoints(slice_) if slices.is_ready(endpoint)]
    ports = slice_.get("ports") or []
    if not ports:
        yield from ready
    for port in ports:
        if port.get("name", "") == name:
            yield from (_joined(address, port["port"]) for address in ready)


def _joined(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
