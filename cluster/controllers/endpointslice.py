"""The EndpointSlice controller: keeps up to 100 endpoints a slice for every Service with a selector.

pkg/controller/endpointslice, staging/src/k8s.io/endpointslice/reconciler.go
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from cluster.controllers import endpoint_pods
from cluster.machinery.component import Change, Component, Context, Key, Reader
from cluster.machinery.story import NORMAL, Story, object_reference
from cluster.objects import metadata
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import endpointslice, service
from cluster.objects.kinds import pod as pods
from cluster.objects.selectors import LabelSelector

RESOURCE = "endpointslices.discovery.k8s.io"
MANAGER = "endpointslice-controller.k8s.io"
MAX_ENDPOINTS = 100
ZONE_LABEL = "topology.kubernetes.io/zone"
RESERVED_LABELS = (endpointslice.SERVICE_LABEL, endpointslice.MANAGED_BY_LABEL, endpoint_pods.HEADLESS_LABEL)
CLOSE = ("PreferClose", "PreferSameZone", "PreferSameNode")

Identity = tuple[Any, ...]


class Plan(NamedTuple):
    """What has to be written; updates carry the name of the slice that they replace."""

    create: list[Document]
    update: list[Document]
    delete: list[Document]


class EndpointSliceController(Component):
    """Keys: (namespace, name) of a Service."""

    name = "endpointslice-controller"
    watches = ("services", "pods", RESOURCE, "nodes")

    def keys_for(self, change: Change, view: Reader) -> Iterable[Key]:
        if change.table == "services":
            return [change.key]
        if change.table == "pods":
            return endpoint_pods.services_of_pod_change(change, view)
        if change.table == "nodes":
            # A Pod whose node was missing is left out until the node is there.
            return endpoint_pods.services_of_pods(view.pods_on(change.key[1]), view) if change.old is None else []
        document = change.new or change.old
        owner = endpointslice.service_name(document)
        return [(change.key[0], owner)] if owner and _is_managed(document) else []

    def reconcile(self, context: Context, key: Key) -> None:
        namespace, name = key
        found = context.get("services", namespace, name)
        if found is None:
            # The garbage collector removes the slices: they are the Service's.
            endpoint_pods.forget_service(context, namespace, name)
            return
        if service.is_external_name(found) or not service.selector(found):
            return
        members = endpoint_pods.selected_pods(context, found)
        trigger = endpoint_pods.trigger_time(context, found, members)
        existing = [document for document in slices_of(context, found) if not metadata.is_being_deleted(document)]
        plan = _without_vain(_plan(context, found, members, existing), found, context)
        if not any(plan):
            endpoint_pods.synced(context, namespace, name)
            return
        _write_next(context, found, plan, trigger, existing)


def slices_of(reader: Reader, owner: Document) -> list[Document]:
    """The slices that this controller keeps for a Service, by name."""
    wanted = {endpointslice.SERVICE_LABEL: metadata.name(owner), endpointslice.MANAGED_BY_LABEL: MANAGER}
    return reader.list(RESOURCE, metadata.namespace(owner), LabelSelector.from_map(wanted))


def _is_managed(document: Document) -> bool:
    return metadata.labels(document).get(endpointslice.MANAGED_BY_LABEL) == MANAGER


# --- writing ---------------------------------------------------------------------------------------------------------


def _without_vain(plan: Plan, owner: Document, context: Reader) -> Plan:
    return plan if endpoint_pods.can_create(context, owner) else plan._replace(create=[])


def _write_next(context: Context, owner: Document, plan: Plan, trigger: str | None, existing: list[Document]) -> None:
    """One write of the plan; what is left is planned anew at the next call."""
    for document in [*plan.create, *plan.update][:1]:
        stamped = endpoint_pods.with_trigger_time(metadata.annotations(document), trigger)
        meta = {field: value for field, value in document["metadata"].items() if field != "annotations"}
        document = {**document, "metadata": {**meta, "annotations": stamped} if stamped else meta}
        story = _story(owner, document, existing)
        if plan.create:
            context.create(document, story=story)
        else:
            context.update(document, story=story)
        return
    gone = plan.delete[0]
    args = {"service": metadata.name(owner), "slice": metadata.name(gone)}
    context.delete(
        RESOURCE, metadata.namespace(gone), metadata.name(gone),
        story=Story("endpointslice.delete", args, NORMAL, (object_reference("services", owner),)),
    )


def _story(owner: Document, document: Document, existing: list[Document]) -> Story:
    name = document["metadata"].get("name", "")
    before = next((found for found in existing if metadata.name(found) == name), {})
    old = {_identity(e): endpointslice.is_ready(e) for e in endpointslice.endpoints(before)}
    new = {_identity(e): endpointslice.is_ready(e) for e in endpointslice.endpoints(document)}
    args = {
        "service": metadata.name(owner),
        "slice": name,
        "total": len(new),
        "ready": sum(new.values()),
        "added": len(new.keys() - old.keys()),
        "removed": len(old.keys() - new.keys()),
    }
    touched = [endpoint for endpoint in (*endpointslice.endpoints(document), *endpointslice.endpoints(before))
               if old.get(_identity(endpoint)) != new.get(_identity(endpoint))]
    targets = {f"pods/{e['targetRef']['namespace']}/{e['targetRef']['name']}" for e in touched if "targetRef" in e}
    key = "endpointslice.update" if before else "endpointslice.create"
    return Story(key, args, NORMAL, (object_reference("services", owner), *sorted(targets)))


# --- planning --------------------------------------------------------------------------------------------------------


def _plan(context: Reader, owner: Document, members: list[Document], existing: list[Document]) -> Plan:
    families = endpoint_pods.families(owner)
    whole = Plan([], [], [document for document in existing if document["addressType"] not in families])
    for family in families:
        of_family = [document for document in existing if document["addressType"] == family]
        for part, more in zip(whole, _plan_family(context, owner, members, of_family, family), strict=True):
            part.extend(more)
    return whole


def _plan_family(
    context: Reader, owner: Document, members: list[Document], existing: list[Document], family: str
) -> Plan:
    """The changes for one address family (reconcileByAddressType)."""
    by_ports: dict[Identity, list[Document]] = {}
    foreign = []
    for document in existing:
        if _is_owned(document, owner):
            by_ports.setdefault(_ports_identity(document.get("ports") or []), []).append(document)
        else:
            foreign.append(document)
    plan = Plan([], [], foreign)
    wanted = _wanted(context, owner, members, family)
    for identity, (ports, endpoints) in wanted.items():
        part = _plan_ports(owner, by_ports.pop(identity, []), ports, endpoints, family)
        for whole, more in zip(plan, part, strict=True):
            whole.extend(more)
    for left in by_ports.values():
        plan.delete.extend(left)
    if not plan.create and len(plan.delete) == len(existing):
        _keep_placeholder(plan, owner, family)
    return _reused(_with_hints(plan, owner, existing), owner)


def _wanted(
    context: Reader, owner: Document, members: list[Document], family: str
) -> dict[Identity, tuple[list[Document], list[Document]]]:
    """Ports and endpoints as they should be, apart for Pods whose named ports have different numbers."""
    wanted: dict[Identity, tuple[list[Document], list[Document]]] = {}
    for pod in members:
        if not endpoint_pods.belongs(pod, include_terminating=True):
            continue
        ports = _ports(owner, pod)
        _, endpoints = wanted.setdefault(_ports_identity(ports), (ports, []))
        endpoint = _endpoint(context, owner, pod, family)
        if endpoint is not None:
            endpoints.append(endpoint)
    return wanted


def _endpoint(context: Reader, owner: Document, pod: Document, family: str) -> Document | None:
    """A Pod as an endpoint; None when it has no address of the family, or its node is missing."""
    addresses = [address for address in endpoint_pods.addresses(pod) if endpoint_pods.is_family(address, family)]
    node_name = dig(pod, "spec", "nodeName", default="")
    node = context.get("nodes", "", node_name)
    public = service.publishes_not_ready(owner)
    if not addresses or (node is None and not public):
        return None
    serving, terminating = pods.is_ready(pod), metadata.is_being_deleted(pod)
    ready = public or (serving and not terminating)
    endpoint: Document = {
        "addresses": addresses,
        "conditions": {"ready": ready, "serving": serving, "terminating": terminating},
        "targetRef": endpoint_pods.target_reference(pod),
    }
    optional = {
        "nodeName": node_name,
        "zone": metadata.labels(node).get(ZONE_LABEL, "") if node else "",
        "hostname": endpoint_pods.hostname(pod, owner),
    }
    return {**endpoint, **{field: value for field, value in optional.items() if value}}


def _ports(owner: Document, pod: Document) -> list[Document]:
    """The numbers of a Service's ports on this Pod; a name that the Pod does not have is left out."""
    ports = []
    for port in service.ports(owner):
        number = endpoint_pods.port_number(pod, port)
        if number is None:
            continue
        entry = {"name": port.get("name") or "", "protocol": port.get("protocol", "TCP"), "port": number}
        if port.get("appProtocol"):
            entry["appProtocol"] = port["appProtocol"]
        ports.append(entry)
    return ports


def _ports_identity(ports: Iterable[Document]) -> Identity:
    return tuple(sorted((p["name"], p["protocol"], p.get("port", 0), p.get("appProtocol", "")) for p in ports))


def _identity(endpoint: Document) -> Identity:
    """What makes two entries the same endpoint; the rest may change in place (endpointset.go)."""
    target = endpoint.get("targetRef") or {}
    return (*sorted(endpoint["addresses"]), endpoint.get("hostname", ""), target.get("name"), target.get("uid"))


def _comparable(endpoint: Document) -> Document:
    return {field: value for field, value in endpoint.items() if field != "hints"}


def _plan_ports(
    owner: Document, existing: list[Document], ports: list[Document], endpoints: list[Document], family: str
) -> Plan:
    """The changes for one set of ports (reconcileByPortMapping).

    Slices are not repacked: what changed is filled up first, then one that has room, and only then is a slice made.
    """
    left = {_identity(endpoint): endpoint for endpoint in endpoints}
    labels = _labels(owner)
    changed: list[Document] = []
    unchanged: list[Document] = []
    empty: list[Document] = []
    for document in existing:
        current = endpointslice.endpoints(document)
        kept = [(endpoint, left.pop(_identity(endpoint))) for endpoint in current if _identity(endpoint) in left]
        same = len(kept) == len(current) and all(_comparable(old) == new for old, new in kept)
        if same and _own_labels(document) == _own_labels(owner):
            unchanged.append(document)
        elif not same and not kept:
            empty.append(document)
        else:
            changed.append(_with_endpoints(document, [new for _, new in kept], labels))
    changed.sort(key=lambda document: -len(endpointslice.endpoints(document)))
    waiting = list(left.values())
    for number, document in enumerate(changed):
        changed[number], waiting = _filled(document, waiting)
    created = []
    while waiting:
        room = _slice_with_room(unchanged, len(waiting))
        if room is None:
            fresh, waiting = _filled(_new_slice(owner, ports, family), waiting)
            created.append(fresh)
            continue
        unchanged.remove(room)
        filled, waiting = _filled(room, waiting)
        changed.append(filled)
    return Plan(created, changed, empty)


def _filled(document: Document, waiting: list[Document]) -> tuple[Document, list[Document]]:
    """The slice with as many of the waiting endpoints as fit, and those that do not."""
    endpoints = endpointslice.endpoints(document)
    room = MAX_ENDPOINTS - len(endpoints)
    return {**document, "endpoints": [*endpoints, *waiting[:room]]}, waiting[room:]


def _slice_with_room(unchanged: list[Document], number: int) -> Document | None:
    """The slice that would be fullest with `number` more endpoints (getSliceToFill)."""
    if number >= MAX_ENDPOINTS:
        return None
    fitting = [found for found in unchanged if len(endpointslice.endpoints(found)) + number <= MAX_ENDPOINTS]
    return max(fitting, key=lambda found: len(endpointslice.endpoints(found)), default=None)


def _keep_placeholder(plan: Plan, owner: Document, family: str) -> None:
    """A Service without endpoints keeps one empty slice, also while slices of a former Service of its name still go."""
    kept = next((document for document in plan.delete if _is_placeholder(document, owner)), None)
    if kept is not None:
        plan.delete.remove(kept)
        return
    plan.create.append(_new_slice(owner, [], family))


def _is_placeholder(document: Document, owner: Document) -> bool:
    bare = not endpointslice.endpoints(document) and not document.get("ports")
    return bare and metadata.labels(document) == _labels(owner) and _is_owned(document, owner)


def _reused(plan: Plan, owner: Document) -> Plan:
    """Rather than deleting one slice and creating another, the first becomes the second (finalize)."""
    create, update, delete = list(plan.create), list(plan.update), []
    for gone in plan.delete:
        if create and _is_owned(gone, owner):
            fresh = create.pop()
            update.append({**fresh, "metadata": {**gone["metadata"], "labels": fresh["metadata"]["labels"]}})
        else:
            delete.append(gone)
    return Plan(create, update, delete)


def _is_owned(document: Document, owner: Document) -> bool:
    return any(reference["uid"] == metadata.uid(owner) for reference in metadata.owner_references(document))


def _new_slice(owner: Document, ports: list[Document], family: str) -> Document:
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "generateName": f"{metadata.name(owner)}-",
            "namespace": metadata.namespace(owner),
            "labels": _labels(owner),
            "ownerReferences": [metadata.controller_reference(owner)],
        },
        "addressType": family,
        "endpoints": None,
        "ports": ports or None,
    }


def _with_endpoints(document: Document, endpoints: list[Document], labels: dict[str, str]) -> Document:
    return {**document, "metadata": {**document["metadata"], "labels": labels}, "endpoints": endpoints}


def _own_labels(document: Document) -> dict[str, str]:
    return {name: value for name, value in metadata.labels(document).items() if name not in RESERVED_LABELS}


def _labels(owner: Document) -> dict[str, str]:
    """The Service's labels and the reserved ones."""
    has_address = service.cluster_ip(owner) not in ("", service.HEADLESS)
    headless = {} if has_address else {endpoint_pods.HEADLESS_LABEL: ""}
    reserved = {endpointslice.MANAGED_BY_LABEL: MANAGER, endpointslice.SERVICE_LABEL: metadata.name(owner)}
    return {**_own_labels(owner), **headless, **reserved}


# --- hints (staging/src/k8s.io/endpointslice/trafficdist) ------------------------------------------------------------


def _with_hints(plan: Plan, owner: Document, existing: list[Document]) -> Plan:
    """Every ready endpoint hints at its own zone (and node) when the Service asks for near endpoints."""
    distribution = dig(owner, "spec", "trafficDistribution", default="")
    touched = {document["metadata"].get("name") for document in (*plan.update, *plan.delete)}
    stale = [
        document for document in existing
        if metadata.name(document) not in touched and _hinted(document, distribution) != document
    ]
    update = [_hinted(document, distribution) for document in (*plan.update, *stale)]
    return Plan([_hinted(document, distribution) for document in plan.create], update, plan.delete)


def _hinted(document: Document, distribution: str) -> Document:
    if not endpointslice.endpoints(document):
        return document
    hinted = [_hinted_endpoint(endpoint, distribution) for endpoint in endpointslice.endpoints(document)]
    return {**document, "endpoints": hinted}


def _hinted_endpoint(endpoint: Document, distribution: str) -> Document:
    if distribution in CLOSE and not endpointslice.is_ready(endpoint):
        return endpoint
    hints = {}
    if distribution in CLOSE and "zone" in endpoint:
        hints["forZones"] = [{"name": endpoint["zone"]}]
    if distribution == "PreferSameNode" and "nodeName" in endpoint:
        hints["forNodes"] = [{"name": endpoint["nodeName"]}]
    bare = _comparable(endpoint)
    return {**bare, "hints": hints} if hints else bare
