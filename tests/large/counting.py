"""Everything that the bulk components keep, counted again from the documents."""

from __future__ import annotations

from collections import Counter

from cluster.large.cluster import LargeCluster
from cluster.large.inventory import NODES, PODS
from cluster.objects import metadata
from cluster.objects.kinds import node as nodes
from cluster.objects.kinds import pod as pods


def differences(cluster: LargeCluster) -> list[str]:
    """What does not agree, in words; none when all is well."""
    found = [*_of_pods(cluster), *_of_nodes(cluster), *_of_owners(cluster)]
    table = cluster.world.table(PODS)
    if set(table) != set(cluster.inventory.pods):
        found.append(f"{len(table)} Pods in the World, {len(cluster.inventory.pods)} in the inventory")
    waiting = sum(not pods.node_name(pod) and not metadata.is_being_deleted(pod) for pod in table.values())
    if waiting != cluster.scheduler.waiting:
        found.append(f"{waiting} Pods have no node, {cluster.scheduler.waiting} are in the queue")
    ready = sum(pods.is_ready(pod) for pod in table.values())
    if ready != cluster.inventory.ready_pods:
        found.append(f"{ready} Pods are ready, {cluster.inventory.ready_pods} are counted")
    return found


def _of_pods(cluster: LargeCluster) -> list[str]:
    found = []
    addresses: Counter[str] = Counter()
    for key, pod in cluster.world.table(PODS).items():
        record = cluster.inventory.pods.get(key)
        if record is None:
            continue
        name = cluster.inventory.nodes[record.node].name if record.node >= 0 else ""
        if pods.node_name(pod) != name:
            found.append(f"{key[1]} is on {pods.node_name(pod)!r}, its record says {name!r}")
        if metadata.is_being_deleted(pod) != bool(record.leaving):
            found.append(f"{key[1]}: leaving {record.leaving}")
        if pods.is_ready(pod) != record.ready:
            found.append(f"{key[1]}: ready {record.ready}")
        if pods.ip(pod):
            addresses[pods.ip(pod)] += 1
        if int(pod["metadata"]["resourceVersion"]) > cluster.world.revision:
            found.append(f"{key[1]} is of the future")
    return found + [f"{count} Pods have the address {address}" for address, count in addresses.items() if count > 1]


def _of_nodes(cluster: LargeCluster) -> list[str]:
    found = []
    on: dict[str, list[dict[str, int]]] = {}
    for pod in cluster.world.table(PODS).values():
        if pods.node_name(pod):
            on.setdefault(pods.node_name(pod), []).append(pods.requests(pod))
    columns = cluster.scheduler.arrays.columns
    for (_, name), document in cluster.world.table(NODES).items():
        record = cluster.inventory.node_of[name]
        requests = on.get(name, [])
        sums = tuple(sum(one.get(resource, 0) for one in requests) for resource in ("cpu", "memory"))
        index = record.index
        kept = (int(cluster.inventory.cpu[index]), int(cluster.inventory.memory[index]))
        if sums != kept or len(requests) != cluster.inventory.count[index] or len(requests) != len(record.pods):
            found.append(f"{name}: {sums} and {len(requests)} Pods, kept are {kept} and {cluster.inventory.count[index]}")
        if name in columns.row_of and columns.pod_count.values[columns.row_of[name]] != len(requests):
            found.append(f"{name}: the scheduler counts {columns.pod_count.values[columns.row_of[name]]} Pods of {len(requests)}")
        if record.ready != nodes.is_ready(document) or record.cordoned != nodes.is_unschedulable(document):
            found.append(f"{name}: ready {record.ready}, cordoned {record.cordoned}")
        if len(cluster.world.filed("node", name)) != len(requests):
            found.append(f"{name}: the index knows {len(cluster.world.filed('node', name))} Pods of {len(requests)}")
    return found


def _of_owners(cluster: LargeCluster) -> list[str]:
    found = []
    active: Counter[str] = Counter()
    ready: Counter[str] = Counter()
    terminating: Counter[str] = Counter()
    for pod in cluster.world.table(PODS).values():
        reference = metadata.controller_of(pod)
        assert reference is not None
        if metadata.is_being_deleted(pod):
            terminating[reference["name"]] += 1
        else:
            active[reference["name"]] += 1
            ready[reference["name"]] += pods.is_ready(pod)
    for workload in cluster.inventory.workloads.values():
        name = workload.key[1]
        kept = (len(workload.active), workload.ready, workload.terminating)
        if kept != (active[name], ready[name], terminating[name]):
            found.append(f"{name}: {(active[name], ready[name], terminating[name])}, kept are {kept}")
    return found
