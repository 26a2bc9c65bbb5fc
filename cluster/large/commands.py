"""What a user can do to a large cluster: a command is a small JSON object, {"do": …}."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING, Any

from cluster.large.plan import APPS, ZONE_LABEL, ZONES, deployment, shares
from cluster.objects.documents import Document

if TYPE_CHECKING:
    from cluster.large.cluster import LargeCluster
    from cluster.large.inventory import NodeRecord

MAX_PODS = 150_000
MAX_AT_ONCE = 500  # nodes
NAMESPACE = "default"
DEPLOYMENTS = "deployments.apps"
Command = dict[str, Any]
# What is told of a command: the key of a sentence and its arguments. None: every write tells for itself.
Told = tuple[str, dict[str, Any]] | None


class Refused(ValueError):
    """A command that cannot be obeyed; the text is the key of a sentence."""


def obey(cluster: LargeCluster, command: Command) -> Told:
    """Do what a command says; what is told of it as a whole. Raises Refused."""
    act = ACTS.get(command.get("do", ""))
    if act is None:
        raise Refused("unknown")
    return act(cluster, command)


def wanted_pods(cluster: LargeCluster) -> int:
    """How many Pods all Deployments ask for."""
    return sum(_replicas(document) for document in cluster.world.table(DEPLOYMENTS).values())


def _replicas(document: Document) -> int:
    return int(document["spec"]["replicas"])


def _number(command: Command, field: str, most: int) -> int:
    number = command.get(field)
    if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= most:
        raise Refused("number")
    return number


# --- workloads ------------------------------------------------------------------------------------------------------


def _add(cluster: LargeCluster, command: Command) -> None:
    """{"do": "add", "pods": n}: every Deployment grows by its share."""
    more = _number(command, "pods", MAX_PODS)
    if wanted_pods(cluster) + more > MAX_PODS:
        raise Refused("full")
    by_app = shares(more)
    for app in APPS:
        _scale(cluster, app.name, by_app[app.name])


def _remove(cluster: LargeCluster, command: Command) -> None:
    """{"do": "remove", "pods": n}: every Deployment shrinks by its share."""
    fewer = _number(command, "pods", MAX_PODS)
    by_app = shares(min(fewer, wanted_pods(cluster)))
    for app in APPS:
        _scale(cluster, app.name, -by_app[app.name])


def _scale(cluster: LargeCluster, name: str, change: int) -> None:
    if not change:
        return
    stored = cluster.world.row(DEPLOYMENTS, (NAMESPACE, name))
    with cluster.controllers.act() as api:
        if stored is not None:
            replicas = max(0, _replicas(stored) + change)
            api.patch(DEPLOYMENTS, NAMESPACE, name, {"spec": {"replicas": replicas}}, "merge")
        elif change > 0:
            app = next(app for app in APPS if app.name == name)
            api.create(deployment(app, change), NAMESPACE)


def _spread(cluster: LargeCluster, command: Command) -> None:
    """{"do": "spread", "app": name}: its Pods must be spread evenly over the zones; a rolling update follows."""
    name = command.get("app")
    if not isinstance(name, str) or cluster.world.row(DEPLOYMENTS, (NAMESPACE, name)) is None:
        raise Refused("app")
    constraint = {
        "maxSkew": 1, "topologyKey": ZONE_LABEL, "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": name}},
        # Only Pods of the same revision count, so that those of the old one do not tip the balance.
        "matchLabelKeys": ["pod-template-hash"],
    }
    patch = {"spec": {"template": {"spec": {"topologySpreadConstraints": [constraint]}}}}
    with cluster.controllers.act() as api:
        api.patch(DEPLOYMENTS, NAMESPACE, name, patch, "merge")


# --- nodes ----------------------------------------------------------------------------------------------------------


def _chosen(cluster: LargeCluster, command: Command, fits: Callable[[NodeRecord], bool]) -> list[NodeRecord]:
    """So many nodes of a zone (or of all zones) that fit, neighbours where possible."""
    count = _number(command, "nodes", MAX_AT_ONCE)
    zone = command.get("zone")
    if zone is not None and zone not in ZONES:
        raise Refused("zone")
    candidates = [
        node for node in cluster.inventory.nodes
        if node.ready and fits(node) and (zone is None or ZONES[node.planned.zone] == zone)
    ]
    if not candidates:
        raise Refused("no-nodes")
    start = int(cluster.inventory.chance.random() * max(1, len(candidates) - count))
    return list(islice(candidates, start, start + count))


def _stop(cluster: LargeCluster, command: Command) -> Told:
    """{"do": "stop", "nodes": n, "zone": name}: the kubelets of so many nodes fall silent."""
    chosen = _chosen(cluster, command, lambda node: not node.silent)
    for node in chosen:
        cluster.controllers.switch(f"kubelet/{node.name}", False)
    return "large.silenced", {"n": len(chosen), "zones": _zones_of(chosen)}


def _start(cluster: LargeCluster, command: Command) -> Told:
    """{"do": "start"}: all silent kubelets are heard again."""
    silent = [node for node in cluster.inventory.nodes if node.silent]
    if not silent:
        raise Refused("none-silent")
    for node in silent:
        cluster.controllers.switch(f"kubelet/{node.name}", True)
    return "large.heard", {"n": len(silent), "zones": _zones_of(silent)}


def _zones_of(nodes: list[NodeRecord]) -> str:
    return ", ".join(sorted({ZONES[node.planned.zone] for node in nodes}))


def _cordon(cluster: LargeCluster, command: Command) -> Told:
    """{"do": "cordon", "nodes": n}: so many nodes take no new Pods."""
    chosen = _chosen(cluster, command, lambda node: not node.cordoned and not node.silent)
    for node in chosen:
        _set_schedulable(cluster, node, False)
    return "large.cordoned", {"n": len(chosen)}


def _drain(cluster: LargeCluster, command: Command) -> Told:
    """{"do": "drain", "nodes": n}: so many nodes, cordoned ones first, are cordoned and their Pods evicted."""
    count = _number(command, "nodes", MAX_AT_ONCE)
    cordoned = [node for node in cluster.inventory.nodes if node.cordoned and node.ready and node.pods][:count]
    if not cordoned:
        cordoned = _chosen(cluster, command, lambda node: not node.cordoned and not node.silent)
    for node in cordoned:
        if not node.cordoned:
            _set_schedulable(cluster, node, False)
        leaving = [record for record in node.pods.values() if not record.leaving]
        cluster.inventory.evicted += cluster.delete_pods(leaving)
    return "large.drained", {"n": len(cordoned)}


def _uncordon(cluster: LargeCluster, command: Command) -> Told:
    """{"do": "uncordon"}: all cordoned nodes take Pods again."""
    cordoned = [node for node in cluster.inventory.nodes if node.cordoned]
    if not cordoned:
        raise Refused("none-cordoned")
    for node in cordoned:
        _set_schedulable(cluster, node, True)
    return "large.uncordoned", {"n": len(cordoned)}


def _set_schedulable(cluster: LargeCluster, node: NodeRecord, schedulable: bool) -> None:
    patch = {"spec": {"unschedulable": None if schedulable else True}}
    with cluster.controllers.act() as api:
        api.patch("nodes", "", node.name, patch, "merge")


ACTS: dict[str, Callable[[LargeCluster, Command], Told]] = {
    "add": _add, "remove": _remove, "spread": _spread, "stop": _stop, "start": _start, "cordon": _cordon,
    "drain": _drain, "uncordon": _uncordon,
}
