"""What the map shows, in bytes: a few numbers for each node, and only of those that have changed.

A row is a node's index (2 bytes, little endian) and five bytes: CPU, memory and churn in 255ths, the number of Pods, and
flags. The numbers around the map travel as JSON before the rows: 4 bytes with the length of the JSON, the JSON, the rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson

from cluster.large.cluster import LargeCluster
from cluster.large.commands import wanted_pods
from cluster.large.plan import MACHINE_TYPES, ZONES

READY, CORDONED, SILENT, TAINTED, RESERVED = 1, 2, 4, 8, 16
ROW = np.dtype([("index", "<u2"), ("cpu", "u1"), ("memory", "u1"), ("pods", "u1"), ("churn", "u1"), ("flags", "u1")])
# This much coming and going (Pods, the old ones half forgotten) is full churn.
FULL_CHURN = 40


class Picture:
    """The picture of one cluster for one reader, who has seen everything up to the last update."""

    def __init__(self, cluster: LargeCluster) -> None:
        self._cluster = cluster
        self._said = 0
        self._noted = -1
        zone_of = np.array([node.planned.zone for node in cluster.inventory.nodes])
        self._zones = [np.flatnonzero(zone_of == zone) for zone in range(len(ZONES))]

    def first(self, extra: dict[str, Any]) -> bytes:
        """Everything: which nodes there are, and how each of them is."""
        nodes = self._cluster.inventory.nodes
        zones = np.array([node.planned.zone for node in nodes], np.uint8).tobytes()
        kinds = np.array([node.planned.kind for node in nodes], np.uint8).tobytes()
        header = {
            **self._numbers(), **extra, "type": "first", "zones": list(ZONES),
            "kinds": [kind.name for kind in MACHINE_TYPES], "count": len(nodes),
            "history": [list(note) for note in self._cluster.waiting_history], "sayings": self._sayings(0),
        }
        return _framed(header, self._rows(list(range(len(nodes)))) + zones + kinds)

    def update(self, changed: set[int], extra: dict[str, Any]) -> bytes:
        """The rows that have changed, with the numbers of now."""
        history = [list(note) for note in self._cluster.waiting_history if note[0] > self._noted]
        header = {**self._numbers(), **extra, "type": "update", "history": history, "sayings": self._sayings(self._said)}
        rows = self._rows(sorted(changed))
        self._said = self._cluster.said
        self._noted = self._cluster.waiting_history[-1][0] if self._cluster.waiting_history else -1
        return _framed(header, rows)

    def _sayings(self, since: int) -> list[list[Any]]:
        new = self._cluster.said - since
        found = list(self._cluster.sayings)[-new:] if new else []
        return [list(saying) for saying in found]

    def _rows(self, indices: list[int]) -> bytes:
        inventory = self._cluster.inventory
        rows = np.zeros(len(indices), ROW)
        if not indices:
            return b""
        at = np.array(indices, np.intp)
        rows["index"] = at
        rows["cpu"] = _share(inventory.cpu[at], inventory.cpu_capacity[at])
        rows["memory"] = _share(inventory.memory[at], inventory.memory_capacity[at])
        rows["pods"] = np.minimum(inventory.count[at], 255)
        rows["churn"] = np.minimum(inventory.churn[at] * (255 / FULL_CHURN), 255)
        rows["flags"] = [self._flags(index) for index in indices]
        return rows.tobytes()

    def _flags(self, index: int) -> int:
        node = self._cluster.inventory.nodes[index]
        found = READY if node.ready else 0
        if node.cordoned:
            found |= CORDONED
        if node.silent:
            found |= SILENT
        if node.tainted:
            found |= TAINTED
        return found | (RESERVED if MACHINE_TYPES[node.planned.kind].taints else 0)

    def _numbers(self) -> dict[str, Any]:
        cluster, inventory = self._cluster, self._cluster.inventory
        return {
            "t": cluster.elapsed, "revision": cluster.world.revision, "pods": len(inventory.pods),
            "wanted": wanted_pods(cluster), "bound": inventory.bound_pods, "ready": inventory.ready_pods,
            "waiting": cluster.scheduler.waiting, "parked": cluster.scheduler.parked, "evicted": inventory.evicted,
            "decisions": cluster.scheduler.decisions, "said": cluster.said, "busy": cluster.is_busy(), "by_zone": self._by_zone(),
            "why": [[workload.owner, count, text] for workload, count, text in cluster.scheduler.messages()],
        }

    def _by_zone(self) -> list[dict[str, int]]:
        """Per zone: nodes, how many are not ready, silent, cordoned and tainted, requested CPU and memory in thousandths."""
        inventory = self._cluster.inventory
        found = [
            {
                "nodes": len(at), "not_ready": 0, "silent": 0, "cordoned": 0, "tainted": 0,
                "cpu": _thousandths(inventory.cpu, inventory.cpu_capacity, at),
                "memory": _thousandths(inventory.memory, inventory.memory_capacity, at),
            }
            for at in self._zones
        ]
        # One pass over the nodes, most of which are well: 0.4 ms for 5,000.
        for node in inventory.nodes:
            if node.ready and not (node.silent or node.cordoned or node.tainted):
                continue
            zone = found[node.planned.zone]
            zone["not_ready"] += not node.ready
            zone["silent"] += node.silent
            zone["cordoned"] += node.cordoned
            zone["tainted"] += node.tainted
        return found


def _share(used: Any, capacity: Any) -> Any:
    return np.minimum(used * 255 // np.maximum(capacity, 1), 255)


def _thousandths(used: Any, capacity: Any, at: Any) -> int:
    total = int(capacity[at].sum())
    return int(used[at].sum()) * 1000 // total if total else 0


def _framed(header: dict[str, Any], rows: bytes) -> bytes:
    encoded = orjson.dumps(header)
    return len(encoded).to_bytes(4, "little") + encoded + rows
