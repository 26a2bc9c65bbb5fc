"""The names that the cluster's DNS answers for, and those of the world outside.

The schema is that of CoreDNS' kubernetes plugin (github.com/kubernetes/dns, docs/specification.md).
"""

from __future__ import annotations

import hashlib
from ipaddress import AddressValueError, IPv4Address

from cluster.apiserver.reader import Reader
from cluster.objects import metadata
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import endpointslice
from cluster.objects.kinds import service as services

DOMAIN = "cluster.local"
SLICES = "endpointslices.discovery.k8s.io"
# Names of the world outside end with one of these; nothing else is known out there.
_PUBLIC = frozenset(["com", "org", "net", "io", "dev", "cn", "de", "uk", "eu", "edu", "gov", "info", "app", "cloud"])
# An ExternalName may lead to the next; after so many it leads nowhere.
_MOST_ALIASES = 8
# Addresses of the world outside are made up, in a network that is reserved for examples.
_OUTSIDE = "203.0.113."


def resolve(view: Reader, name: str) -> list[str] | None:
    """The IPv4 addresses of a full name, in order; None when there is no such name."""
    for _ in range(_MOST_ALIASES):
        wanted = name.rstrip(".").lower()
        if not wanted.endswith(f".{DOMAIN}"):
            return _outside(wanted)
        parts = wanted.removesuffix(f".{DOMAIN}").split(".")
        if parts[-1] == "pod":
            return _of_pod(view, parts[:-1])
        if parts[-1] != "svc" or not 3 <= len(parts) <= 4:
            return None
        service = view.world.row("services", (parts[-2], parts[-3]))
        if service is None:
            return None
        if not services.is_external_name(service):
            return _of_service(view, service, parts[0] if len(parts) == 4 else "")
        name = str(service["spec"].get("externalName", ""))
    return None


def _of_service(view: Reader, service: Document, host: str) -> list[str] | None:
    address = services.cluster_ip(service)
    if address != services.HEADLESS:
        return [address] if address and not host else None
    found = [
        endpoint["addresses"][0]
        for document in view.list(SLICES, metadata.namespace(service))
        if endpointslice.service_name(document) == metadata.name(service)
        for endpoint in document.get("endpoints") or []
        if _is_published(endpoint) and (not host or endpoint.get("hostname") == host)
    ]
    return sorted(set(found)) or None


def _is_published(endpoint: Document) -> bool:
    return bool(dig(endpoint, "conditions", "ready", default=True))


def _of_pod(view: Reader, parts: list[str]) -> list[str] | None:
    """`10-244-1-7.default.pod`: the address that the name itself says, in a namespace that there is."""
    if len(parts) != 2 or view.world.row("namespaces", ("", parts[1])) is None:
        return None
    try:
        return [str(IPv4Address(parts[0].replace("-", ".")))]
    except AddressValueError:
        return None


def _outside(name: str) -> list[str] | None:
    if "." not in name or name.rpartition(".")[2] not in _PUBLIC or name.endswith(".example.com"):
        return None
    return [f"{_OUTSIDE}{1 + hashlib.sha256(name.encode()).digest()[0] % 254}"]


def is_outside(address: str) -> bool:
    """Whether an address is one that the world outside has got here."""
    return address.startswith(_OUTSIDE)
