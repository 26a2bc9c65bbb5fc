"""What a Pod is told about itself: its fields, its resources, its host name (the downward API).

pkg/fieldpath/fieldpath.go, pkg/kubelet/kubelet_pods.go, pkg/api/v1/resource/helpers.go
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple

from cluster.apiserver.reader import Reader
from cluster.objects import metadata, quantity
from cluster.objects.documents import Document, dig

CLUSTER_DOMAIN = "cluster.local"
# A host name may be so long.
LONGEST_HOSTNAME = 63


class Place(NamedTuple):
    """Where a Pod runs."""

    node: str
    host_ip: str
    ip: str  # the Pod's own address


def field(pod: Document, path: str, place: Place) -> str:
    """The text of a field as `fieldRef` names it."""
    known = {
        "metadata.name": metadata.name(pod), "metadata.namespace": metadata.namespace(pod), "metadata.uid": metadata.uid(pod),
        "spec.nodeName": place.node, "spec.serviceAccountName": dig(pod, "spec", "serviceAccountName", default=""),
        "status.hostIP": place.host_ip, "status.hostIPs": place.host_ip, "status.podIP": place.ip, "status.podIPs": place.ip,
    }
    if path in known:
        return str(known[path])
    values = metadata.labels(pod) if path.startswith("metadata.labels") else metadata.annotations(pod)
    _, bracket, rest = path.partition("['")
    return values.get(rest.removesuffix("']"), "") if bracket else _lines(values)


def _lines(values: Mapping[str, str]) -> str:
    """A map as it is written to a file: `name="value"`, one a line."""
    return "\n".join(f"{name}={json.dumps(values[name], ensure_ascii=False)}" for name in sorted(values))


def resource(view: Reader, pod: Document, container: Document, wanted: Document) -> str:
    """A request or limit in units of the divisor, rounded up; a missing limit is what the node can allocate."""
    named = wanted.get("containerName")
    if named:
        groups = [*dig(pod, "spec", "containers", default=[]), *dig(pod, "spec", "initContainers", default=[])]
        container = next((each for each in groups if each["name"] == named), container)
    part, _, name = str(wanted["resource"]).partition(".")
    amount = dig(container, "resources", part, name)
    if amount is None and part == "limits":
        node = view.world.row("nodes", ("", dig(pod, "spec", "nodeName", default="")))
        amount = dig(pod, "spec", "resources", "limits", name) or dig(node, "status", "allocatable", name)
    divisor = quantity.parse(wanted.get("divisor") or "1") or quantity.parse("1")
    return str(-(-quantity.parse(amount or "0") // divisor))


def hostname(pod: Document, place: Place) -> str:
    """What `hostname` says in its containers; on the host network that of the node."""
    if dig(pod, "spec", "hostNetwork"):
        return place.node
    name = str(dig(pod, "spec", "hostnameOverride") or dig(pod, "spec", "hostname") or metadata.name(pod))
    return name[:LONGEST_HOSTNAME].rstrip("-.")


def domain(pod: Document) -> str:
    """The domain behind its host name, "" without a `subdomain`."""
    subdomain = dig(pod, "spec", "subdomain")
    if not subdomain or dig(pod, "spec", "hostnameOverride"):
        return ""
    return f"{subdomain}.{metadata.namespace(pod)}.svc.{CLUSTER_DOMAIN}"
