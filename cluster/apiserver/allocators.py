"""Addresses and ports of Services, handed out from the cluster's ranges (pkg/registry/core/service/storage/alloc.go).

Nothing is remembered: what the stored Services hold is taken, so a deleted Service gives back what it had.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from typing import Any

from cluster.apiserver import errors
from cluster.apiserver.errors import APIError
from cluster.apiserver.reader import Reader
from cluster.objects import metadata
from cluster.objects.documents import Document
from cluster.objects.field_errors import invalid
from cluster.objects.kinds import service as services
from cluster.objects.registry import FieldError, Kind

SERVICE_NETWORK = ipaddress.IPv4Network("10.96.0.0/12")
# The first addresses and ports are kept for people who choose one themselves; others are taken there only when nothing
# else is left (calculateRangeOffset in ipallocator.go and portallocator.go).
STATIC_ADDRESSES = 256
NODE_PORTS = range(30000, 32768)
STATIC_NODE_PORTS = 86

RANGE_FULL = "range is full"
# How often a random address or port is tried before the range is searched in order.
ATTEMPTS = 16

Choose = Callable[[str], str]


def allocate_service(
    kind: Kind, new: Document, stored: Document | None, reader: Reader, choose: Choose
) -> Document:
    """The Service with its cluster IP, IP families and node ports; what it no longer needs is left out.

    Raises Invalid for an address or port that is taken or out of range, InternalError when a range is exhausted.
    """
    service = services.linked(new, stored)
    if services.is_external_name(service):
        return service
    allocation = _Allocation(kind, service, reader, choose)
    service = allocation.with_families(service)
    service = allocation.with_cluster_ip(service, stored)
    return allocation.with_node_ports(service, stored)


class _Allocation:
    """One Service's request for addresses and ports, and what others hold."""

    def __init__(self, kind: Kind, service: Document, reader: Reader, choose: Choose) -> None:
        self._kind = kind
        self._name = metadata.name(service)
        self._choose = choose
        key = metadata.namespace(service), self._name
        self._others = [
            other for other in reader.list("services") if (metadata.namespace(other), metadata.name(other)) != key
        ]

    def _invalid(self, complaint: FieldError) -> APIError:
        return errors.invalid(self._kind, self._name, [complaint])

    def with_families(self, service: Document) -> Document:
        """A cluster has IPv4 addresses only; a headless Service without selector may still name both families."""
        spec = service["spec"]
        bare = services.is_headless(service) and not services.selector(service)
        policy = spec.get("ipFamilyPolicy") or ("RequireDualStack" if bare else "SingleStack")
        families = list(spec.get("ipFamilies") or ["IPv4"])
        if bare:
            if policy != "SingleStack" and len(families) == 1:
                families.append("IPv6" if families[0] == "IPv4" else "IPv4")
        elif policy == "RequireDualStack":
            complaint = "this cluster is not configured for dual-stack services"
            raise self._invalid(invalid("spec.ipFamilyPolicy", policy, complaint))
        elif "IPv6" in families:
            index = families.index("IPv6")
            raise self._invalid(invalid(f"spec.ipFamilies[{index}]", "IPv6", "not configured on this cluster"))
        return {**service, "spec": {**spec, "ipFamilies": families, "ipFamilyPolicy": policy}}

    def with_cluster_ip(self, service: Document, stored: Document | None) -> Document:
        wanted = services.cluster_ip(service)
        held = services.cluster_ip(stored) if stored is not None else ""
        if wanted == services.HEADLESS or (wanted and wanted == held):
            return _with_address(service, wanted)
        taken = {services.cluster_ip(other) for other in self._others}
        if wanted:
            self._check_address(wanted, taken)
            return _with_address(service, wanted)
        return _with_address(service, self._free_address(taken))

    def _check_address(self, wanted: str, taken: set[str]) -> None:
        address = ipaddress.ip_address(wanted)
        usable = address in SERVICE_NETWORK and address not in (
            SERVICE_NETWORK.network_address, SERVICE_NETWORK.broadcast_address,
        )
        if wanted in taken:
            why = "provided IP is already allocated"
        elif not usable:
            why = "the provided network does not match the current range"
        else:
            return
        raise self._invalid(invalid("spec.clusterIPs", [wanted], f"failed to allocate IP {wanted}: {why}"))

    def _free_address(self, taken: set[str]) -> str:
        # The network's own address and the broadcast address are no one's.
        last = SERVICE_NETWORK.num_addresses - 2
        number = self._pick(range(STATIC_ADDRESSES + 1, last + 1), range(1, STATIC_ADDRESSES + 1),
                            lambda offset: str(SERVICE_NETWORK[offset]) in taken)
        if number is None:
            raise _internal(f'failed to allocate a serviceIP for Service "{self._name}": {RANGE_FULL}')
        return str(SERVICE_NETWORK[number])

    def with_node_ports(self, service: Document, stored: Document | None) -> Document:
        ports = services.ports(service)
        health = services.needs_health_check(service)
        if not ports or not (services.is_exposed_on_nodes(service) or health):
            return service
        held = set(_ports_of([stored])) if stored is not None else set()
        taken = set(_ports_of(self._others))
        self._check_ports(ports, taken, held)
        taken |= {port["nodePort"] for port in ports if port.get("nodePort")}
        spec = {**service["spec"], "ports": self._with_ports(service, taken)}
        if health and not spec.get("healthCheckNodePort"):
            spec["healthCheckNodePort"] = self._free_port(taken)
        return {**service, "spec": spec}

    def _check_ports(self, ports: list[Document], taken: set[int], held: set[int]) -> None:
        for index, port in enumerate(ports):
            number = port.get("nodePort")
            if not number or number in held:
                continue
            if number not in NODE_PORTS:
                why = (
                    "provided port is not in the valid range. "
                    f"The range of valid ports is {NODE_PORTS.start}-{NODE_PORTS.stop - 1}"
                )
            elif number in taken:
                why = "provided port is already allocated"
            else:
                continue
            raise self._invalid(invalid(f"spec.ports[{index}].nodePort", number, why))

    def _with_ports(self, service: Document, taken: set[int]) -> list[Document]:
        """Every port with a node port; TCP and UDP of one port number share theirs."""
        if not services.has_node_ports(service):
            return services.ports(service)
        shared: dict[int, set[str]] = {}
        numbers = {port["port"]: port["nodePort"] for port in reversed(services.ports(service)) if port.get("nodePort")}
        for port in services.ports(service):
            if port.get("nodePort"):
                shared.setdefault(port["nodePort"], set()).add(port["protocol"])
        filled = []
        for port in services.ports(service):
            number = port.get("nodePort") or numbers.get(port["port"])
            if not port.get("nodePort"):
                if number is None or port["protocol"] in shared.get(number, ()):
                    number = self._free_port(taken)
                    numbers.setdefault(port["port"], number)
                taken.add(number)
                shared.setdefault(number, set()).add(port["protocol"])
            filled.append({**port, "nodePort": number})
        return filled

    def _free_port(self, taken: set[int]) -> int:
        number = self._pick(NODE_PORTS[STATIC_NODE_PORTS:], NODE_PORTS[:STATIC_NODE_PORTS], taken.__contains__)
        if number is None:
            raise _internal(f"failed to allocate a nodePort: {RANGE_FULL}")
        return number

    def _pick(self, preferred: range, reserve: range, is_taken: Callable[[int], bool]) -> int | None:
        """A random free number of the preferred range, then of the reserve; None when all are taken."""
        for numbers in (preferred, reserve):
            start = self._draw(len(numbers))
            for _ in range(ATTEMPTS):
                if not is_taken(numbers[start]):
                    return numbers[start]
                start = self._draw(len(numbers))
            for step in range(len(numbers)):
                number = numbers[(start + step) % len(numbers)]
                if not is_taken(number):
                    return number
        return None

    def _draw(self, size: int) -> int:
        """A seeded number below `size`, which is far below 16^8."""
        return int("".join(self._choose("0123456789abcdef") for _ in range(8)), 16) % size


def _with_address(service: Document, address: str) -> Document:
    return {**service, "spec": {**service["spec"], "clusterIP": address, "clusterIPs": [address]}}


def _ports_of(stored: Iterable[Any]) -> Iterable[int]:
    """Node ports that Services hold, health checks included."""
    for service in stored:
        for port in services.ports(service):
            if port.get("nodePort"):
                yield port["nodePort"]
        if service["spec"].get("healthCheckNodePort"):
            yield service["spec"]["healthCheckNodePort"]


def _internal(why: str) -> APIError:
    return APIError(500, "InternalError", f"Internal error occurred: {why}", {"causes": [{"message": why}]})
