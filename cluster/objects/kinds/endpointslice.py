"""EndpointSlice: up to 100 endpoints of a Service, with what a proxy must know of each."""

from __future__ import annotations

from cluster.objects import names
from cluster.objects.addresses import endpoint_errors, family
from cluster.objects.container_validation import PROTOCOLS
from cluster.objects.documents import Document, dig
from cluster.objects.field_errors import IMMUTABLE, duplicate, invalid, not_supported, required, too_many
from cluster.objects.metadata import labels
from cluster.objects.printing import AGE, NAME, with_more
from cluster.objects.registry import REGISTRY, Column, FieldError, Kind

SERVICE_LABEL = "kubernetes.io/service-name"
MANAGED_BY_LABEL = "endpointslice.kubernetes.io/managed-by"
ADDRESS_TYPES = ("FQDN", "IPv4", "IPv6")
MAX_ENDPOINTS = 1000
MAX_ADDRESSES = 100
UNSET = "<unset>"
SHOWN = 3


def service_name(slice_: Document) -> str:
    """The Service whose endpoints these are, "" when the label is missing."""
    return labels(slice_).get(SERVICE_LABEL, "")


def endpoints(slice_: Document) -> list[Document]:
    return slice_.get("endpoints") or []


def is_ready(endpoint: Document) -> bool:
    """Unknown counts as ready (EndpointConditions in staging/src/k8s.io/api/discovery/v1/types.go)."""
    return bool(dig(endpoint, "conditions", "ready", default=True))


def is_serving(endpoint: Document) -> bool:
    """Whether it answers, terminating or not; unknown counts as `ready`."""
    return bool(dig(endpoint, "conditions", "serving", default=is_ready(endpoint)))


def is_terminating(endpoint: Document) -> bool:
    return bool(dig(endpoint, "conditions", "terminating", default=False))


def default(slice_: Document) -> Document:
    """Ports are TCP and unnamed unless they say otherwise (pkg/apis/discovery/v1/defaults.go)."""
    ports = slice_.get("ports")
    if not ports:
        return slice_
    filled = [{**port, "name": port.get("name") or "", "protocol": port.get("protocol") or "TCP"} for port in ports]
    return {**slice_, "ports": filled}


def validate(slice_: Document, old: Document | None) -> list[FieldError]:
    """The main rules of pkg/apis/discovery/validation/validation.go."""
    found = []
    address_type = slice_.get("addressType", "")
    if not address_type:
        found.append(required("addressType"))
    elif address_type not in ADDRESS_TYPES:
        found.append(not_supported("addressType", address_type, ADDRESS_TYPES))
    if old is not None and address_type != old.get("addressType"):
        found.append(invalid("addressType", address_type, IMMUTABLE))
    found += _port_errors(slice_.get("ports") or [])
    if len(endpoints(slice_)) > MAX_ENDPOINTS:
        return [*found, too_many("endpoints", len(endpoints(slice_)), MAX_ENDPOINTS)]
    for index, endpoint in enumerate(endpoints(slice_)):
        found += _endpoint_errors(endpoint, address_type, f"endpoints[{index}].addresses")
    return found


def _port_errors(ports: list[Document]) -> list[FieldError]:
    found = []
    seen = set()
    for index, port in enumerate(ports):
        here, name = f"ports[{index}]", port.get("name") or ""
        if name:
            found += [invalid(f"{here}.name", name, complaint) for complaint in names.label(name)]
        if name in seen:
            found.append(duplicate(f"{here}.name", name))
        seen.add(name)
        if port.get("protocol", "TCP") not in PROTOCOLS:
            found.append(not_supported(f"{here}.protocol", port["protocol"], PROTOCOLS))
    return found


def _endpoint_errors(endpoint: Document, address_type: str, path: str) -> list[FieldError]:
    addresses = endpoint.get("addresses") or []
    if not addresses:
        return [required(path, "must contain at least 1 address")]
    if len(addresses) > MAX_ADDRESSES:
        return [too_many(path, len(addresses), MAX_ADDRESSES)]
    found = []
    for index, address in enumerate(addresses):
        if address_type not in ("IPv4", "IPv6"):
            continue
        if family(address) not in ("", address_type):
            found.append(invalid(path, address, f"must be an {address_type} address"))
        found += endpoint_errors(address, f"{path}[{index}]")
    return found


def _ports_cell(slice_: Document, now: int) -> str:
    ports = slice_.get("ports") or []
    texts = [str(port.get("port") or port.get("name") or "*") for port in ports]
    return with_more(texts[:SHOWN], len(texts)) if texts else UNSET


def _endpoints_cell(slice_: Document, now: int) -> str:
    addresses = [address for endpoint in endpoints(slice_) for address in endpoint.get("addresses") or []]
    return with_more(addresses[:SHOWN], len(addresses)) if addresses else UNSET


KIND = REGISTRY.register(
    Kind(
        group="discovery.k8s.io",
        version="v1",
        kind="EndpointSlice",
        plural="endpointslices",
        singular="endpointslice",
        namespaced=True,
        counts_generation=True,
        default=default,
        validate=validate,
        columns=(
            NAME,
            Column("AddressType", lambda slice_, now: str(slice_.get("addressType", ""))),
            Column("Ports", _ports_cell),
            Column("Endpoints", _endpoints_cell),
            AGE,
        ),
    )
)
