"""Which endpoints of a Service a node may reach (pkg/proxy/topology.go, pkg/proxy/endpointslicecache.go)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from cluster.objects.documents import Document, dig


class Endpoint(NamedTuple):
    """One address and port behind a Service port, as a node sees it."""

    address: str  # "10.244.1.5:80"
    local: bool
    ready: bool
    serving: bool
    terminating: bool
    zones: tuple[str, ...] = ()  # hints
    nodes: tuple[str, ...] = ()

    @property
    def ip(self) -> str:
        return self.address.rpartition(":")[0]

    @property
    def lingers(self) -> bool:
        """Whether it still answers although its Pod is going away."""
        return self.serving and self.terminating


class Reachable(NamedTuple):
    """The endpoints that a node uses for a Service port."""

    cluster: list[Endpoint]  # for traffic policy Cluster
    local: list[Endpoint]  # for traffic policy Local
    all: list[Endpoint]  # the union, each of which needs a chain
    any: bool  # whether the Service has a usable endpoint on any node


def endpoints_of_port(slices: Iterable[Document], port_name: str, protocol: str, node: str) -> list[Endpoint]:
    """The endpoints of a Service port from its slices, ordered by address.

    While a Pod's address is handed to the next Pod it can be listed twice: then the one that is not terminating counts.
    """
    found: dict[str, Endpoint] = {}
    for document in slices:
        for port in document.get("ports") or []:
            if (port.get("name") or "", port.get("protocol", "TCP")) != (port_name, protocol) or not port.get("port"):
                continue
            for endpoint in document.get("endpoints") or []:
                candidate = _endpoint(endpoint, port["port"], node)
                if candidate.address not in found or not candidate.terminating:
                    found[candidate.address] = candidate
    return [found[address] for address in sorted(found)]


def _endpoint(endpoint: Document, port: int, node: str) -> Endpoint:
    conditions = endpoint.get("conditions") or {}
    ready = conditions.get("ready", True)
    return Endpoint(
        address=f"{endpoint['addresses'][0]}:{port}",
        local=endpoint.get("nodeName") == node,
        ready=ready,
        serving=conditions.get("serving", ready),
        terminating=conditions.get("terminating", False),
        zones=tuple(hint["name"] for hint in dig(endpoint, "hints", "forZones", default=[])),
        nodes=tuple(hint["name"] for hint in dig(endpoint, "hints", "forNodes", default=[])),
    )


def reachable(endpoints: Sequence[Endpoint], *, cluster: bool, local: bool, node: str, zone: str) -> Reachable:
    """Which endpoints to use; `cluster` and `local` say which traffic policies the Service port has.

    Ready endpoints, or those that are terminating but still serve when none is ready, for each policy by itself.
    """
    usable = [endpoint for endpoint in endpoints if endpoint.ready] or [e for e in endpoints if e.lingers]
    for_cluster = _near(usable, node, zone) if cluster else []
    if not local:
        return Reachable(for_cluster, [], for_cluster, bool(for_cluster))
    here = [endpoint for endpoint in endpoints if endpoint.local]
    for_local = [e for e in here if e.ready] or [e for e in here if e.lingers]
    merged = {endpoint.address: endpoint for endpoint in (*for_cluster, *for_local)}
    any_usable = any(endpoint.ready or endpoint.lingers for endpoint in endpoints)
    return Reachable(for_cluster, for_local, [merged[address] for address in sorted(merged)], any_usable)


def _near(usable: list[Endpoint], node: str, zone: str) -> list[Endpoint]:
    """Follow the hints when every endpoint has one and one of them is for this node, or else for this zone."""
    if not usable or not usable[0].ready:
        return usable
    if all(endpoint.nodes for endpoint in usable):
        near = [endpoint for endpoint in usable if node in endpoint.nodes]
        if near:
            return near
    if all(endpoint.zones for endpoint in usable):
        return [endpoint for endpoint in usable if zone in endpoint.zones] or usable
    return usable
