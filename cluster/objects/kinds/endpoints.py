"""Endpoints: the older list of a Service's addresses, deprecated since 1.33."""

from __future__ import annotations

from cluster.objects import names
from cluster.objects.addresses import endpoint_errors
from cluster.objects.container_validation import PROTOCOLS
from cluster.objects.documents import Document
from cluster.objects.field_errors import invalid, not_supported, required
from cluster.objects.printing import AGE, NAME, NONE, with_more
from cluster.objects.registry import REGISTRY, Column, FieldError, Kind

DEPRECATION = "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"
SHOWN = 3


def ready_addresses(endpoints: Document) -> list[str]:
    """`ip:port` of every ready address, or only the ip when there is no port, in the order of the subsets."""
    found = []
    for subset in endpoints.get("subsets") or []:
        ips = [address.get("ip", "") for address in subset.get("addresses") or []]
        ports = subset.get("ports") or []
        if not ports:
            found += ips
        for port in ports:
            found += [f"{ip}:{port.get('port', 0)}" for ip in ips]
    return found


def endpoints_cell(endpoints: Document, now: int) -> str:
    """The first three addresses (formatEndpoints in pkg/printers/internalversion/printers.go)."""
    if not endpoints.get("subsets"):
        return NONE
    found = ready_addresses(endpoints)
    return with_more(found[:SHOWN], len(found)) if found else ""


def default(endpoints: Document) -> Document:
    """Ports are TCP unless they say otherwise."""
    subsets = endpoints.get("subsets")
    if not subsets:
        return endpoints
    filled = [
        {**subset, "ports": [{**port, "protocol": port.get("protocol") or "TCP"} for port in subset["ports"]]}
        if subset.get("ports") else subset
        for subset in subsets
    ]
    return {**endpoints, "subsets": filled}


def validate(endpoints: Document, old: Document | None) -> list[FieldError]:
    """ValidateEndpoints in pkg/apis/core/validation/validation.go."""
    return [complaint for index, subset in enumerate(endpoints.get("subsets") or [])
            for complaint in _subset_errors(subset, f"subsets[{index}]")]


def _subset_errors(subset: Document, path: str) -> list[FieldError]:
    found = []
    if not subset.get("addresses") and not subset.get("notReadyAddresses"):
        found.append(required(path, "must specify `addresses` or `notReadyAddresses`"))
    for group in ("addresses", "notReadyAddresses"):
        for index, address in enumerate(subset.get(group) or []):
            found += endpoint_errors(address.get("ip", ""), f"{path}.{group}[{index}].ip")
    ports = subset.get("ports") or []
    for index, port in enumerate(ports):
        here, name, number = f"{path}.ports[{index}]", port.get("name") or "", port.get("port", 0)
        if name:
            found += [invalid(f"{here}.name", name, complaint) for complaint in names.label(name)]
        elif len(ports) > 1:
            found.append(required(f"{here}.name"))
        found += [invalid(f"{here}.port", number, complaint) for complaint in names.port_number(number)]
        if port.get("protocol") not in PROTOCOLS:
            found.append(not_supported(f"{here}.protocol", port.get("protocol"), PROTOCOLS))
    return found


KIND = REGISTRY.register(
    Kind(
        group="",
        version="v1",
        kind="Endpoints",
        plural="endpoints",
        singular="endpoints",
        short_names=("ep",),
        namespaced=True,
        default=default,
        validate=validate,
        columns=(NAME, Column("Endpoints", endpoints_cell), AGE),
    )
)
