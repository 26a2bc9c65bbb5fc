"""kube-proxy: one on each node, turning Services and EndpointSlices into that node's rules (pkg/proxy/iptables)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cluster.machinery.component import Change, Component, Context, Key, Reader
from cluster.machinery.story import FOLDED, NORMAL, Story, reference
from cluster.network import iptables
from cluster.objects.documents import Document, dig

TABLE = "host/iptables"
SLICES = "endpointslices.discovery.k8s.io"
# kubeadm's --pod-network-cidr for flannel; kube-proxy masquerades what comes to a Service from outside of it.
CLUSTER_CIDR = "10.244.0.0/16"
# minSyncPeriod (pkg/proxy/apis/config/v1alpha1/defaults.go): changes within a second of a sync go into one next sync.
MIN_SYNC_PERIOD = 1000
SYNCED = "synced"


class KubeProxy(Component):
    """Keys: (node,)."""

    name = "kube-proxy"
    watches = ("services", SLICES, "nodes", "host/machines")

    def keys_for(self, change: Change, view: Reader) -> Iterable[Key]:
        if change.table == "nodes":
            return [(change.key[1],)] if _matters(change) else []
        if change.table == "host/machines":
            return [change.key[:1]]
        if change.table == "services" and not _is_proxied(change):
            return []
        return self.all_keys(view)

    def all_keys(self, view: Reader) -> Iterable[Key]:
        named = {key[1] for key in view.world.table("nodes")} | {key[0] for key in view.world.table(TABLE)}
        return [(name,) for name in sorted(named)]

    def switches(self, key: Key) -> tuple[str, ...]:
        return (f"kube-proxy/{key[0]}", f"node/{key[0]}")

    def reconcile(self, context: Context, key: Key) -> None:
        name = key[0]
        node = context.get("nodes", "", name)
        written = context.host(TABLE, key)
        if node is None:
            self._forget(context, key, written)
            return
        rules = iptables.service_ports(context.list("services"), context.list(SLICES), node, CLUSTER_CIDR)
        if rules == written:
            return
        since = context.now - context.memory((SYNCED, name), -MIN_SYNC_PERIOD)
        if since < MIN_SYNC_PERIOD:
            context.again(MIN_SYNC_PERIOD - since)
            return
        context.remember((SYNCED, name), context.now)
        context.set_host(TABLE, key, rules, story=_story(name, written, rules))

    def _forget(self, context: Context, key: Key, written: Any) -> None:
        """A machine that is gone takes its rules with it; one that only lost its Node object keeps them."""
        if written is None or context.host("host/machines", key) is not None:
            return
        context.forget((SYNCED, key[0]))
        story = Story("kube-proxy.gone", {"node": key[0]}, FOLDED, (reference(TABLE, key),))
        context.set_host(TABLE, key, None, story=story)


def _is_proxied(change: Change) -> bool:
    return any(document is not None and iptables.is_proxied(document) for document in (change.old, change.new))


def _matters(change: Change) -> bool:
    """Whether a Node came, went, or changed what its rules depend on."""
    if change.old is None or change.new is None:
        return True
    return any(
        dig(change.old, *path) != dig(change.new, *path) for path in (("metadata", "labels"), ("status", "addresses"))
    )


def _story(node: str, before: Any, after: Document) -> Story:
    """How many rules came and went, and for how many Service ports and endpoints they now are."""
    added, removed = iptables.difference(before, after)
    endpoints = {
        (port["name"], address)
        for port in after["ports"] for field in ("cluster", "local") for address in port.get(field, [])
    }
    args = {
        "node": node, "services": len(after["ports"]), "endpoints": len(endpoints), "added": added, "removed": removed,
    }
    return Story("kube-proxy.rules", args, NORMAL, (reference(TABLE, (node,)), f"nodes//{node}"))
