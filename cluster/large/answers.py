"""Questions about a running large cluster: a node with its Pods, a page of all nodes, a search, a decision made again."""

from __future__ import annotations

from itertools import islice
from typing import Any

from cluster.large.cluster import LargeCluster
from cluster.large.inventory import PODS, UNBOUND, NodeRecord, PodRecord
from cluster.large.plan import MACHINE_TYPES, ZONES
from cluster.objects import metadata, times
from cluster.objects.documents import Document, Key, dig
from cluster.objects.kinds import node as nodes
from cluster.objects.kinds import pod as pods
from cluster.objects.printing import human_duration

PAGE = 50
FOUND = 20
ORDERS = ("name", "cpu", "memory", "pods", "churn")
# So many runners-up are named beside the chosen node.
RUNNERS_UP = 4
# Filters that stopped nodes are told with so many examples.
EXAMPLES = 3


def node(cluster: LargeCluster, name: str) -> dict[str, Any] | None:
    """A node with its Pods; None when there is no such node."""
    record = cluster.inventory.node_of.get(name)
    document = cluster.node(name)
    if record is None or document is None:
        return None
    silent = cluster.world.row("switches", (f"kubelet/{name}",))
    return {
        **_line(cluster, record), "kind": MACHINE_TYPES[record.planned.kind].name,
        "taints": [nodes.taint_text(taint) for taint in nodes.taints(document)],
        "status": (nodes.condition(document, "Ready") or {}).get("status", ""),
        "silent_for": (cluster.now - silent["since"]) // 1000 if silent else None,
        "rows": [_pod_line(cluster, pod) for pod in sorted(record.pods.values(), key=lambda pod: pod.name)],
        "revision": cluster.world.revision,
    }


def page(cluster: LargeCluster, number: int, order: str) -> dict[str, Any]:
    """A page of all nodes, the highest value first (names: the lowest)."""
    inventory = cluster.inventory
    found = sorted(inventory.nodes, key=lambda node: node.name)
    if order in ("cpu", "memory"):
        used, capacity = getattr(inventory, order), getattr(inventory, f"{order}_capacity")
        found.sort(key=lambda node: -used[node.index] / capacity[node.index])
    elif order in ("pods", "churn"):
        values = inventory.count if order == "pods" else inventory.churn
        found.sort(key=lambda node: -values[node.index])
    pages = max(1, -(-len(found) // PAGE))
    number = min(max(1, number), pages)
    shown = found[(number - 1) * PAGE : number * PAGE]
    return {"page": number, "pages": pages, "order": order, "rows": [_line(cluster, record) for record in shown]}


def find(cluster: LargeCluster, text: str) -> list[dict[str, str]]:
    """Nodes and Pods whose name contains the text, nodes first; at most FOUND."""
    wanted = text.strip().lower()
    if not wanted:
        return []
    by_node = [{"kind": "node", "name": name, "node": name} for name in cluster.inventory.node_of if wanted in name]
    if len(by_node) >= FOUND:
        return by_node[:FOUND]
    by_pod = (record for record in cluster.inventory.pods.values() if wanted in record.name)
    found = [
        {"kind": "pod", "name": record.name, "node": _node_name(cluster, record)}
        for record in islice(by_pod, FOUND - len(by_node))
    ]
    return by_node + found


def document(cluster: LargeCluster, key: Key) -> Document | None:
    """A Pod's document as the API serves it."""
    return cluster.pod(key)


def explain(cluster: LargeCluster, key: Key) -> dict[str, Any] | None:
    """The scheduler's decision about a Pod, made again as of now as if the Pod still had no node; None without the Pod.

    Nothing changes: the Pod's requests just do not count meanwhile.
    """
    pod = cluster.pod(key)
    record = cluster.inventory.pods.get(key)
    if pod is None or record is None:
        return None
    arrays = cluster.scheduler.arrays
    placed = record.node != UNBOUND
    if placed:
        arrays.remove_pod(pod)
    try:
        decision = arrays.decide_recorded(_unbound(pod), lambda: 0.0, cluster.controllers.api)
    finally:
        if placed:
            arrays.add_pod(pod)
    here = _node_name(cluster, record)
    totals = {verdict.node: verdict.total for verdict in decision.verdicts if verdict.is_feasible}
    order = sorted(totals, key=lambda name: (name != here, -totals[name], name))
    best, own = max(totals.values(), default=0), totals.get(here)
    verdicts = {verdict.node: verdict for verdict in decision.verdicts}
    return {
        "pod": key[1], "namespace": key[0], "node": here, "would_choose": decision.chosen, "message": decision.message,
        "nodes": decision.total_nodes, "feasible": len(totals), "best": best,
        "ties": sum(total == best for total in totals.values()),
        "place": 1 + sum(total > own for total in totals.values()) if own is not None else None,
        "scores": [_scores(verdicts[name]) for name in order[: RUNNERS_UP + 1]],
        "stopped": _stopped(decision),
    }


def _scores(verdict: Any) -> dict[str, Any]:
    return {
        "node": verdict.node, "total": verdict.total,
        "plugins": [
            {"plugin": name, "raw": score.raw, "weight": score.weight, "weighted": score.weighted}
            for name, score in verdict.scores.items()
        ],
    }


def _stopped(decision: Any) -> list[dict[str, Any]]:
    """How many nodes each filter stopped, with its words and a few of the nodes."""
    groups: dict[tuple[str, str], list[str]] = {}
    for verdict in decision.verdicts:
        if not verdict.is_feasible:
            reason = ", ".join(verdict.status.reasons) or verdict.status.message
            groups.setdefault((verdict.plugin, reason), []).append(verdict.node)
    found = sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))
    return [
        {"plugin": plugin, "reason": reason, "count": len(names), "nodes": sorted(names)[:EXAMPLES]}
        for (plugin, reason), names in found
    ]


def _unbound(pod: Document) -> Document:
    spec = {field: value for field, value in pod["spec"].items() if field != "nodeName"}
    return {**pod, "spec": spec}


def _node_name(cluster: LargeCluster, record: PodRecord) -> str:
    return cluster.inventory.nodes[record.node].name if record.node != UNBOUND else ""


def _line(cluster: LargeCluster, record: NodeRecord) -> dict[str, Any]:
    inventory, index = cluster.inventory, record.index
    return {
        "index": index, "name": record.name, "zone": ZONES[record.planned.zone],
        "cpu": int(inventory.cpu[index]), "cpu_capacity": int(inventory.cpu_capacity[index]),
        "memory": int(inventory.memory[index]), "memory_capacity": int(inventory.memory_capacity[index]),
        "pods": int(inventory.count[index]), "pod_capacity": int(inventory.pod_capacity[index]),
        "ready": record.ready, "cordoned": record.cordoned, "silent": record.silent, "tainted": record.tainted,
    }


def _pod_line(cluster: LargeCluster, record: PodRecord) -> dict[str, Any]:
    pod: Document = cluster.world.row(PODS, record.key)
    return {
        "name": record.name, "app": record.workload.owner, "number": record.workload.number,
        "status": pods.status_text(pod), "ready": record.ready, "leaving": metadata.is_being_deleted(pod),
        "age": human_duration(cluster.now - _created(pod)), "ip": dig(pod, "status", "podIP", default=""),
    }


def _created(pod: Document) -> int:
    return times.parse(pod["metadata"]["creationTimestamp"])
