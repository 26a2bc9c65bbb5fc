"""The Endpoints controller: the older list of a Service's addresses, in one object (pkg/controller/endpoint).

Deprecated since 1.33, but still written.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil
from typing import Any

from cluster.controllers import endpoint_pods
from cluster.machinery.component import Change, Component, Context, Key, Reader
from cluster.machinery.story import FOLDED, Story, object_reference
from cluster.objects import metadata
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import pod as pods
from cluster.objects.kinds import service

MANAGED_BY_LABEL = "endpoints.kubernetes.io/managed-by"
MANAGER = "endpoint-controller"
OVER_CAPACITY = "endpoints.kubernetes.io/over-capacity"
MAX_ADDRESSES = 1000


class EndpointsController(Component):
    """Keys: (namespace, name) of a Service."""

    name = MANAGER
    watches = ("services", "pods", "endpoints")

    def keys_for(self, change: Change, view: Reader) -> Iterable[Key]:
        if change.table == "pods":
            return endpoint_pods.services_of_pod_change(change, view)
        if change.table == "endpoints" and change.new is not None:
            return []
        return [change.key]

    def all_keys(self, view: Reader) -> Iterable[Key]:
        left_over = {(metadata.namespace(found), metadata.name(found)) for found in view.list("endpoints")}
        return sorted(left_over | set(super().all_keys(view)))

    def reconcile(self, context: Context, key: Key) -> None:
        namespace, name = key
        found = context.get("services", namespace, name)
        current = context.get("endpoints", namespace, name)
        if found is None:
            endpoint_pods.forget_service(context, namespace, name)
            if current is not None and not metadata.is_being_deleted(current):
                context.delete("endpoints", namespace, name, story=Story("endpoints.delete", {"service": name}, FOLDED))
            return
        if service.is_external_name(found) or not service.selector(found):
            return
        members = endpoint_pods.selected_pods(context, found)
        trigger = endpoint_pods.trigger_time(context, found, members)
        wanted = _wanted(found, members, current, trigger)
        if current is None and endpoint_pods.can_create(context, found):
            context.create(wanted, story=_story("endpoints.create", found, wanted))
        elif current is not None and not _is_current(current, wanted):
            context.update(wanted, story=_story("endpoints.update", found, wanted))
        else:
            endpoint_pods.synced(context, namespace, name)


def _story(key: str, owner: Document, wanted: Document) -> Story:
    count = sum(len(subset.get("addresses") or []) for subset in wanted.get("subsets") or [])
    args = {"service": metadata.name(owner), "ready": count}
    return Story(key, args, FOLDED, (object_reference("services", owner),))


def _is_current(current: Document, wanted: Document) -> bool:
    """The trigger time alone is no reason to write."""
    over = [OVER_CAPACITY in metadata.annotations(document) for document in (current, wanted)]
    same_labels = metadata.labels(current) == metadata.labels(wanted)
    return same_labels and over[0] == over[1] and current.get("subsets") == wanted.get("subsets")


def _wanted(owner: Document, members: list[Document], current: Document | None, trigger: str | None) -> Document:
    subsets, truncated = _within_capacity(_subsets(owner, members))
    headless = service.cluster_ip(owner) in ("", service.HEADLESS)
    labels = {name: value for name, value in metadata.labels(owner).items() if name != endpoint_pods.HEADLESS_LABEL}
    labels |= {endpoint_pods.HEADLESS_LABEL: ""} if headless else {}
    kept = metadata.annotations(current) if current else {}
    annotations = endpoint_pods.with_trigger_time(
        {name: value for name, value in kept.items() if name != OVER_CAPACITY}, trigger
    )
    annotations |= {OVER_CAPACITY: "truncated"} if truncated else {}
    base = current["metadata"] if current else {"name": metadata.name(owner), "namespace": metadata.namespace(owner)}
    meta = {field: value for field, value in base.items() if field != "annotations"}
    meta["labels"] = {**labels, MANAGED_BY_LABEL: MANAGER}
    if annotations:
        meta["annotations"] = annotations
    document: Document = {"apiVersion": "v1", "kind": "Endpoints", "metadata": meta}
    return {**document, "subsets": subsets} if subsets else document


# --- subsets (pkg/api/v1/endpoints/util.go) --------------------------------------------------------------------------


def _subsets(owner: Document, members: list[Document]) -> list[Document]:
    """Addresses grouped by the ports that they offer: each group of ports with the same addresses is one subset."""
    public = service.publishes_not_ready(owner)
    by_port: dict[tuple[Any, ...], list[tuple[Document, bool]]] = {}
    for pod in members:
        address = _address(owner, pod)
        if address is None or not endpoint_pods.belongs(pod, include_terminating=public):
            continue
        ready = public or pods.is_ready(pod)
        for port in _ports(owner, pod):
            by_port.setdefault(tuple(sorted(port.items())), []).append((address, ready))
    by_addresses: dict[tuple[Any, ...], list[Document]] = {}
    found: dict[tuple[Any, ...], list[tuple[Document, bool]]] = {}
    for port_fields, unsorted in by_port.items():
        addresses = sorted(unsorted, key=lambda entry: (entry[0]["ip"], entry[0]["targetRef"]["uid"]))
        identity = tuple((address["ip"], address["targetRef"]["uid"]) for address, _ in addresses)
        by_addresses.setdefault(identity, []).append(dict(port_fields))
        found[identity] = addresses
    return [_subset(found[identity], [p for p in ports if p]) for identity, ports in by_addresses.items()]


def _subset(addresses: list[tuple[Document, bool]], ports: list[Document]) -> Document:
    parts = {
        "addresses": [address for address, ready in addresses if ready],
        "notReadyAddresses": [address for address, ready in addresses if not ready],
        "ports": ports,
    }
    return {field: value for field, value in parts.items() if value}


def _address(owner: Document, pod: Document) -> Document | None:
    family = endpoint_pods.families(owner)[0]
    ip = next((found for found in endpoint_pods.addresses(pod) if endpoint_pods.is_family(found, family)), None)
    if ip is None:
        return None
    optional = {"hostname": endpoint_pods.hostname(pod, owner), "nodeName": dig(pod, "spec", "nodeName", default="")}
    known = {field: value for field, value in optional.items() if value}
    return {"ip": ip, **known, "targetRef": endpoint_pods.target_reference(pod)}


def _ports(owner: Document, pod: Document) -> list[Document]:
    """The ports of a Pod; one empty entry for a headless Service without ports."""
    if not service.ports(owner):
        return [{}] if service.is_headless(owner) else []
    ports = []
    for port in service.ports(owner):
        number = endpoint_pods.port_number(pod, port)
        if number is None:
            continue
        fields = {"name": port.get("name"), "port": number, "protocol": port.get("protocol", "TCP"),
                  "appProtocol": port.get("appProtocol")}
        ports.append({field: value for field, value in fields.items() if value})
    return ports


def _within_capacity(subsets: list[Document]) -> tuple[list[Document], bool]:
    """At most 1000 addresses, ready ones first, shared out among the subsets in proportion (truncateEndpoints)."""
    ready = sum(len(subset.get("addresses") or []) for subset in subsets)
    unready = sum(len(subset.get("notReadyAddresses") or []) for subset in subsets)
    if ready + unready <= MAX_ADDRESSES:
        return subsets, False
    cut, total, room = "notReadyAddresses", unready, MAX_ADDRESSES - ready
    if ready > MAX_ADDRESSES:
        cut, total, room = "addresses", ready, MAX_ADDRESSES
    shares = [ceil(len(subset.get(cut) or []) / total * room) for subset in subsets]
    left, truncated = room, []
    for subset, share in zip(subsets, shares, strict=True):
        kept = (subset.get(cut) or [])[: min(share, left)]
        left -= len(kept)
        dropped = ("notReadyAddresses",) if cut == "addresses" else ()
        parts = {field: value for field, value in subset.items() if field not in (*dropped, cut)}
        truncated.append({**parts, cut: kept} if kept else parts)
    return truncated, True
