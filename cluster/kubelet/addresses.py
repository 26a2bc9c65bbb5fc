"""Pod addresses of a node, handed out in turn from its podCIDR as the host-local CNI plugin does."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

from cluster.machinery.component import Context
from cluster.objects.documents import Document, dig

NOTE = "addresses"


@lru_cache(maxsize=1024)
def _network(cidr: str) -> tuple[int, int]:
    """The first and the last address for Pods: the network's own, the bridge's and the broadcast address are not."""
    network = ipaddress.ip_network(cidr, strict=False)
    return int(network.network_address) + 2, int(network.broadcast_address) - 1


def next_address(context: Context, node: Document | None) -> str | None:
    """The next free address on the node; None when all are taken or it has no podCIDR. Remembers where it stopped."""
    cidr = dig(node, "spec", "podCIDR")
    if node is None or not cidr:
        return None
    name = node["metadata"]["name"]
    first, last = _network(cidr)
    taken = {
        row["ip"] for key, row in context.world.table("host/containers").items() if key[0] == name and row.get("sandbox")
    }
    start = context.memory((NOTE, name), first - 1)
    if not first - 1 <= start <= last:
        start = first - 1
    size = last - first + 1
    for step in range(1, size + 1):
        number = first + (start - first + step) % size
        address = str(ipaddress.ip_address(number))
        if address not in taken:
            context.remember((NOTE, name), number)
            return address
    return None
