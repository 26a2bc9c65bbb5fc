"""The node IPAM controller: a range of Pod addresses for each node (pkg/controller/nodeipam/ipam)."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network

from cluster.machinery.component import Change, Component, Context, Key, Reader
from cluster.machinery.story import NORMAL, Story
from cluster.objects import metadata
from cluster.objects.documents import Document, dig

CLUSTER_CIDR = IPv4Network("10.244.0.0/16")
NODE_PREFIX = 24  # --node-cidr-mask-size
RANGES = tuple(str(network) for network in CLUSTER_CIDR.subnets(new_prefix=NODE_PREFIX))
NEXT = ("next",)


class NodeIpamController(Component):
    """Keys: ("", node)."""

    name = "node-ipam-controller"
    watches = ("nodes",)

    def keys_for(self, change: Change, view: Reader) -> Iterable[Key]:
        if change.new is not None:
            return [] if dig(change.new, "spec", "podCIDR") else [change.key]
        # A range became free: nodes without one may have it.
        return [("", metadata.name(node)) for node in view.list("nodes") if not dig(node, "spec", "podCIDR")]

    def reconcile(self, context: Context, key: Key) -> None:
        node = context.get("nodes", "", key[1])
        if node is None or dig(node, "spec", "podCIDR"):
            return
        used = {dig(other, "spec", "podCIDR") for other in context.list("nodes")}
        # Ranges are handed out in turn, so that one that became free is not used again at once.
        start = context.memory(NEXT, 0)
        turn = next((n for n in range(start, start + len(RANGES)) if RANGES[n % len(RANGES)] not in used), None)
        if turn is None:
            _report_exhaustion(context, node)
            return
        wanted = RANGES[turn % len(RANGES)]
        context.remember(NEXT, (turn + 1) % len(RANGES))
        spec = {**(node.get("spec") or {}), "podCIDR": wanted, "podCIDRs": [wanted]}
        args = {"node": key[1], "range": wanted}
        context.update({**node, "spec": spec}, story=Story("node-ipam.assign", args, NORMAL))


def _report_exhaustion(context: Context, node: Document) -> None:
    reason = "CIDRNotAvailable"
    about = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": metadata.name(node), "uid": metadata.uid(node)}}
    message = f"Node {metadata.name(node)} status is now: {reason}"
    context.event(about, "Normal", reason, message, source="cidrAllocator")


