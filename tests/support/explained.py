"""An explanation as the worker answers it (cluster/scheduler/explanation.py): five nodes, two ruled out, node-5 wins."""

from __future__ import annotations

from typing import Any

FILTERS = ("NodeUnschedulable", "NodeName", "TaintToleration", "NodeResourcesFit")
IDLE = ("NodeAffinity", "NodePorts", "VolumeBinding")
WEIGHTS = {"TaintToleration": 3, "NodeResourcesFit": 1, "PodTopologySpread": 2, "NodeResourcesBalancedAllocation": 1,
           "ImageLocality": 1}
POINTS = {"node-3": (100, 60, 50, 76, 8), "node-4": (100, 76, 50, 73, 0), "node-5": (100, 51, 100, 73, 8)}
TAINT = {"key": "dedicated", "value": "gpu", "effect": "NoSchedule"}
SHORTAGE = {"resource": "cpu", "needs": 500, "free": 300, "used": 3700, "allocatable": 4000}


def used(cpu: int, memory: int) -> dict[str, str]:
    return {
        "cpu": f"{cpu}m", "memory": f"{memory}Mi", "pods": "3", "cpu_allocatable": "4", "memory_allocatable": "8Gi",
        "pods_allocatable": "110", "cpu_free": f"{4000 - cpu}m", "memory_free": f"{8192 - memory}Mi",
    }


def out(node: str, plugin: str, reason: str, values: dict[str, Any]) -> dict[str, Any]:
    """A node that a filter stopped: those before it passed, those after it did not run."""
    at = FILTERS.index(plugin) if plugin in FILTERS else -1
    cells = {name: "pass" if k < at else "stopped" if k == at else "not-run" for k, name in enumerate(FILTERS)}
    return {
        "node": node, "used": used(600, 512), "verdict": "filtered", "cells": cells | dict.fromkeys(IDLE, "idle"),
        "plugin": plugin, "reason": reason, "values": values, "word": None, "scores": {}, "total": None, "deciding": plugin,
    }


def fits(node: str, points: tuple[int, ...], chosen: bool = False) -> dict[str, Any]:
    scores = {
        name: {"raw": value * 2, "normalized": value, "weight": weight, "weighted": value * weight, "detail": None}
        for (name, weight), value in zip(WEIGHTS.items(), points, strict=True)
    }
    return {
        "node": node, "used": used(1100, 2560), "verdict": "chosen" if chosen else "feasible",
        "cells": dict.fromkeys(FILTERS, "pass") | dict.fromkeys(IDLE, "idle"), "plugin": "", "reason": "", "values": {},
        "word": None, "scores": scores, "total": sum(score["weighted"] for score in scores.values()),
        "deciding": "PodTopologySpread" if chosen else None,
    }


def explained(rows: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    """The answer; `more` replaces its parts."""
    rows = rows if rows is not None else [
        out("node-1", "TaintToleration", "node(s) had untolerated taint(s)", {"taint": TAINT}),
        out("node-2", "NodeResourcesFit", "Insufficient cpu", {"insufficient": [SHORTAGE]}),
        *(fits(node, points, node == "node-5") for node, points in POINTS.items()),
    ]
    best = max((row for row in rows if row["total"]), key=lambda row: row["total"], default=None)
    return {
        "type": "explained",
        "pod": {
            "name": "web-6d4cf56db6-m8v2t", "namespace": "default", "ref": "pods/default/web-6d4cf56db6-m8v2t", "uid": "u-1",
            "phase": "Running", "node": "node-5", "gone": False,
            "asks": [{"kind": "cpu", "text": "500m"}, {"kind": "memory", "text": "512Mi"}],
        },
        "situation": "placed", "revision": 41, "decided_at": {"revision": 33, "t": 14_200}, "live": False,
        "decision": {"chosen": best["node"] if best else ""},
        "columns": {
            "filters": [{"plugin": name, "short": name, "idle": name in IDLE} for name in (*FILTERS[:3], *IDLE, FILTERS[3])],
            "scores": [{"plugin": name, "short": name, "weight": weight, "idle": False} for name, weight in WEIGHTS.items()]
            + [{"plugin": "InterPodAffinity", "short": "Pod affinity", "weight": 2, "idle": True}],
            "scored": best is not None,
        },
        "rows": rows, "groups": [], "nodes": len(rows),
        "words": [
            {"key": "summary.only", "args": {"nodes": len(rows), "node": "node-5"}, "topic": "summary"},
        ],
        "changes": [{
            "id": "tolerate", "change": {"do": "tolerate", "taint": TAINT}, "key": "summary.changed-wins",
            "args": {"node": "node-1", "feasible": 4, "nodes": 5}, "active": False, "then": None,
            "console": ["kubectl taint nodes node-1 dedicated-"],
            "outcome": {"chosen": "node-1", "fits": ["node-1"], "best": ["node-1"], "nominated": ""},
        }],
        "before": None, "problem": None,
    } | more
