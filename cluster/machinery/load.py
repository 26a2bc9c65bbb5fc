"""Requests that come to Services from outside, and to which containers kube-proxy's rules bring them.

Load is a row of host/load, (namespace, name of a Service): requests per second, the CPU time of one, and what one leaves
behind in memory. The clients sit evenly on all nodes; each reaches the endpoints that its node's rules know, and every one
of them equally often. What comes to a container is the row of host/traffic (node, uid of the Pod), which the component
`traffic` writes where it changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple

from cluster.apiserver.reader import Reader
from cluster.containers import images, references
from cluster.containers.image import Image
from cluster.containers.serving import Serving
from cluster.machinery import cpu_shares
from cluster.objects import metadata, quantity
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import node as nodes
from cluster.objects.kinds import pod as pods
from cluster.objects.kinds import service as services
from cluster.objects.pod_amounts import container_amounts

LOAD = "host/load"
RULES = "host/iptables"
TRAFFIC = "host/traffic"
# host/demands (node, uid): what the processes of each container take by themselves: name -> [[from ms, millicores, bytes]].
DEMANDS = "host/demands"
COST = "5m"  # CPU seconds of one request, unless the load says otherwise
# Where nobody says how much CPU there is: more than any machine has.
MANY_CORES = 1_000_000
_NO_IMAGE = Image(0)


Part = tuple[Fraction, Fraction, int]


class Flow(NamedTuple):
    """What comes to one container."""

    rate: int  # requests per 1,000 seconds
    cost: int  # microseconds of CPU of one
    cores: int  # millicores that the container may use
    leak: int  # bytes that one leaves behind


def load_key(namespace: str, service: str) -> tuple[str, str, str]:
    """Table and key of the load on a Service, as write_row takes them."""
    return LOAD, namespace, service


def flows(reader: Reader, pod: Document) -> dict[str, Flow]:
    """What comes to each container of a running Pod, by name; containers to which nothing comes are left out."""
    return {name: _flow(found, cores_of(reader, pod, name)) for name, found in _coming(reader, pod).items()}


def _coming(reader: Reader, pod: Document) -> dict[str, list[Part]]:
    """The parts of each load that come to a Pod's containers: requests per second, CPU seconds and bytes of one."""
    coming: dict[str, list[Part]] = {}
    if reader.is_off(f"node/{pods.node_name(pod)}"):
        return coming  # what is sent to a machine without power is lost
    for service, load in _loads(reader, pod):
        part = _share(reader, service, pod) * quantity.parse(load["rate"])
        targets = _targets(service, pod) if part else []
        for name in targets:
            coming.setdefault(name, []).append((part / len(targets), quantity.parse(load["cost"]), int(load.get("leak", 0))))
    return coming


def _flow(found: list[Part], cores: int) -> Flow:
    rate = sum((one for one, _, _ in found), Fraction(0))
    cost = sum((one * each for one, each, _ in found), Fraction(0)) / rate
    leak = sum((one * bytes_ for one, _, bytes_ in found), Fraction(0)) / rate
    return Flow(max(1, round(rate * 1_000)), max(1, round(cost * 1_000_000)), cores, round(leak))


def _loads(reader: Reader, pod: Document) -> Iterator[tuple[Document, dict[str, Any]]]:
    namespace = metadata.namespace(pod)
    for (_, name), load in reader.hosts(LOAD, namespace):
        service = reader.get("services", namespace, name)
        if service is not None and services.selector(service) and services.selects(service, pod):
            yield service, load


def _share(reader: Reader, service: Document, pod: Document) -> Fraction:
    """Which part of a Service's requests comes to a Pod, by the rules of the nodes that run.

    A headless Service has no rules: its clients ask the DNS, which names those that are ready.
    """
    if services.is_headless(service):
        return _share_of_ready(reader, service, pod)
    rules = [row for (node,), row in reader.hosts(RULES) if not reader.is_off(f"node/{node}")]
    if not rules:
        return _share_of_ready(reader, service, pod) if not reader.world.table(RULES) else Fraction(0)
    ip = pods.ip(pod)
    parts = [_part(row, service, ip) for row in rules]
    return sum(parts, Fraction(0)) / len(parts)


def _part(rules: dict[str, Any], service: Document, ip: str) -> Fraction:
    addresses = _addresses(rules, f"{metadata.namespace(service)}/{metadata.name(service)}")
    here = sum(1 for address in addresses if address.rpartition(":")[0] == ip)
    return Fraction(here, len(addresses)) if addresses else Fraction(0)


def _addresses(rules: dict[str, Any], name: str) -> list[str]:
    """The endpoints behind a Service's first port on one node."""
    entry = next((port for port in rules["ports"] if port["name"] == name or port["name"].startswith(f"{name}:")), None)
    if entry is None:
        return []
    return list(entry.get("local" if entry.get("internalLocal") else "cluster", []))


def _share_of_ready(reader: Reader, service: Document, pod: Document) -> Fraction:
    """An equal part for every Pod that is ready."""
    if not pods.is_ready(pod):
        return Fraction(0)
    there = [
        one for one in reader.list("pods", metadata.namespace(service))
        if services.selects(service, one) and pods.is_ready(one) and not metadata.is_being_deleted(one)
    ]
    return Fraction(1, len(there)) if there else Fraction(0)


def _targets(service: Document, pod: Document) -> list[str]:
    """The containers that listen on the Service's target port: those that say so, or else all that run."""
    port = (service["spec"].get("ports") or [{}])[0]
    target = port.get("targetPort", port.get("port"))
    saying = [
        container["name"] for container in pods.containers(pod)
        for declared in container.get("ports") or [] if target in (declared.get("containerPort"), declared.get("name"))
    ]
    running = [container["name"] for container in pods.containers(pod) if is_running(pod, container["name"])]
    return [name for name in dict.fromkeys(saying) if name in running] or running


def is_running(pod: Document, container: str) -> bool:
    """Whether a container runs, as its status says."""
    return dig(pods.container_status(pod, container), "state", "running") is not None


def cores_of(reader: Reader, pod: Document, container: str) -> int:
    """Millicores that a container may use: its limit, the Pod's, or its part of what its node has."""
    limit = _limit(pod, container)
    node = reader.world.row("nodes", ("", pods.node_name(pod)))
    whole = quantity.milli_value(nodes.allocatable(node)["cpu"]) if node is not None else MANY_CORES
    own = whole if limit is None else limit
    if node is None or not (reader.world.table(LOAD) or reader.world.table(DEMANDS)):
        return own
    return min(own, _granted(reader, pods.node_name(pod), whole).get(f"{pods.runtime_uid(pod)}/{container}", own))


# What the containers of each node are granted in the World that was asked about last.
_LAST: list[tuple[Any, dict[str, dict[str, int]]]] = []


def _granted(reader: Reader, node: str, whole: int) -> dict[str, int]:
    """The millicores that each container of a node may use, by "<uid>/<container>"; {} when there is enough for all."""
    if not _LAST or _LAST[0][0] is not reader.world:
        _LAST[:] = [(reader.world, {})]
    known = _LAST[0][1]
    if node not in known:
        known[node] = cpu_shares.granted(_wants(reader, node), whole)
    return known[node]


def _limit(pod: Document, container: str) -> int | None:
    spec = next(one for one in [*pods.init_containers(pod), *pods.containers(pod)] if one["name"] == container)
    limit = container_amounts(spec, "limits").get("cpu") or dig(pod, "spec", "resources", "limits", "cpu")
    return None if limit is None else max(1, quantity.milli_value(limit))


def _wants(reader: Reader, node: str) -> dict[str, cpu_shares.Want]:
    """What every container of a node would take of its CPU time, by "<uid>/<container>"."""
    found: dict[str, cpu_shares.Want] = {}
    for pod in reader.pods_on(node):
        if pods.phase(pod) != "Running":
            continue
        coming, demanded = _coming(reader, pod), reader.host(DEMANDS, (node, pods.runtime_uid(pod))) or {}
        for container in pods.containers(pod):
            name = container["name"]
            wanted = sum((rate * cost * 1_000 for rate, cost, _ in coming.get(name, [])), Fraction(0))
            wanted += demand_at(demanded.get(name, []), reader.now)[0]
            limit = _limit(pod, name)
            weight = quantity.milli_value(container_amounts(container, "requests").get("cpu", "0"))
            taken = int(wanted) if limit is None else min(int(wanted), limit)
            found[f"{pods.runtime_uid(pod)}/{name}"] = cpu_shares.Want(taken, weight)
    return found


def demand_at(steps: Iterable[tuple[int, int, int]], now: int) -> tuple[int, int]:
    """Millicores and bytes that processes take by themselves at a time; `steps` as in host/demands."""
    present = [step for step in steps if step[0] <= now]
    return (present[-1][1], present[-1][2]) if present else (0, 0)


def image_of(container: Document) -> Image:
    """What is known of a container's image."""
    return _image(container["image"]) if container.get("image") else _NO_IMAGE


@lru_cache(maxsize=1024)
def _image(name: str) -> Image:
    try:
        return images.of(references.parse(name), {})
    except references.InvalidImageName:
        return _NO_IMAGE


def serving(reader: Reader, pod: Document, container: Document) -> Serving | None:
    """A container and the requests that come to it; None when it has nothing to do."""
    row = reader.host(TRAFFIC, (pods.node_name(pod), pods.runtime_uid(pod))) or {}
    flow = flows(reader, pod).get(container["name"]) if reader.world.table(LOAD) else None
    kept = row.get("containers", {}).get(container["name"])
    work = image_of(container).work
    if kept is not None:
        return continued(Serving.from_row(kept, work), flow, reader.now)
    return fresh(flow, work, reader.now) if flow is not None else None


def fresh(flow: Flow, work: Any, now: int) -> Serving:
    """A container to which requests begin to come."""
    return Serving(now, flow.rate, flow.cost, flow.cores, work, leak=flow.leak)


def continued(before: Serving, flow: Flow | None, now: int) -> Serving:
    """A container whose requests may have become more or fewer; the same value as long as they have not."""
    wanted = flow or Flow(0, before.cost, before.cores, before.leak)
    if wanted == Flow(before.rate, before.cost, before.cores, before.leak):
        return before
    return before.at(now, **wanted._asdict())
