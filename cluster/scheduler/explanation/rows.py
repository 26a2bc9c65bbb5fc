"""The matrix of an explanation: plugins as columns, nodes as rows, read from the record of a decision (Decision.why())."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from cluster.objects.documents import Document
from cluster.scheduler.decision import MANY, groups_of
from cluster.scheduler.explanation import texts
from cluster.scheduler.explanation.nodes import node_word, pod_word
from cluster.scheduler.explanation.scores import detail_of, notes_of
from cluster.scheduler.explanation.shape import CellState, Columns, Group, Row, RowVerdict, ScoreCell, Used, Word
from cluster.scheduler.framework import CycleState, Profile
from cluster.scheduler.resources import CPU, MEMORY, PODS
from cluster.scheduler.schedule import run_pre_filter
from cluster.scheduler.snapshot import NodeInfo, Snapshot

Record = Mapping[str, Any]

# With more than MANY nodes not all of them become rows: the best ones do, and a few of those that were stopped.
ROWS_SCORED = 40
ROWS_OF_GROUP = 2

# What a plugin is about, as a filter and as a scorer.
SHORT: Mapping[str, tuple[str, str]] = {
    "NodeUnschedulable": ("Cordon", ""),
    "NodeName": ("Node name", ""),
    "TaintToleration": ("Taints", "Taints"),
    "NodeAffinity": ("Node affinity", "Node affinity"),
    "NodePorts": ("Ports", ""),
    "NodeResourcesFit": ("Resources", "Free space"),
    "VolumeRestrictions": ("Volume access", ""),
    "NodeVolumeLimits": ("Volume limits", ""),
    "VolumeBinding": ("Volumes", "Volumes"),
    "VolumeZone": ("Volume zone", ""),
    "PodTopologySpread": ("Spread", "Spread"),
    "InterPodAffinity": ("Pod affinity", "Pod affinity"),
    "DynamicResources": ("Devices", "Devices"),
    "NodeResourcesBalancedAllocation": ("", "Balance"),
    "ImageLocality": ("", "Image here"),
}


class Matrix(NamedTuple):
    """What rows are made from. `snapshot` is None when the state of that time is no longer kept; `rejected` is the plugin that
    rejected the Pod before any node was looked at, "" for none; `notes` are what the scoring plugins noted down."""

    pod: Document
    record: Record
    profile: Profile
    snapshot: Snapshot | None
    rejected: str
    notes: CycleState

    @classmethod
    def of(cls, pod: Document, record: Record, profile: Profile, snapshot: Snapshot | None) -> Matrix:
        """With what plugins say beyond the record, as far as the state is still known."""
        rejected, notes = "", {}
        if snapshot is not None and _is_rejected_at_once(record):
            early = run_pre_filter({}, pod, snapshot, profile)
            rejected = "" if early.status.is_success else early.plugin
        scored = next((entry["scores"] for entry in record["nodes"] if entry.get("scores")), None)
        if snapshot is not None and scored:
            notes = notes_of(pod, snapshot, profile, record["feasible"], scored)
        return cls(pod, record, profile, snapshot, rejected, notes)


def _is_rejected_at_once(record: Record) -> bool:
    """Whether it may be that a plugin rejected the Pod before any node was looked at: all nodes have the very same verdict."""
    if not record["nodes"] or record["feasible"]:
        return False
    first, *others = [{**entry, "node": ""} for entry in record["nodes"][:MANY]]
    return all(entry == first for entry in others)


def short(plugin: str, *, scoring: bool) -> str:
    """The English label of a column."""
    return SHORT.get(plugin, (plugin, plugin))[scoring] or plugin


def columns_of(matrix: Matrix) -> Columns:
    record, profile = matrix.record, matrix.profile
    scored = {name for entry in record["nodes"] for name in entry.get("scores", ())}
    ran = set(record["filters"])
    return {
        "filters": [
            {"plugin": plugin.name, "short": short(plugin.name, scoring=False), "idle": plugin.name not in ran}
            for plugin in profile.filter
        ],
        "scores": [
            {
                "plugin": plugin.name, "short": short(plugin.name, scoring=True),
                "weight": profile.weights[plugin.name], "idle": plugin.name not in scored,
            }
            for plugin in profile.score
        ],
        "scored": bool(scored),
    }


def rows_of(matrix: Matrix) -> tuple[list[Row], list[Group], int]:
    """(rows ordered by name, groups of stopped nodes, number of nodes). Groups only where not every node has its row."""
    entries = {entry["node"]: entry for entry in matrix.record["nodes"]}
    names = list(entries) if matrix.snapshot is None else [node.name for node in matrix.snapshot.nodes]
    total = max(len(names), nodes_in(matrix.record))
    groups = stopped_in(matrix.record) if total > MANY else []
    shown = _telling(matrix.record, groups) if total > MANY else names
    rows = [_row(matrix, name, entries.get(name)) for name in sorted(shown, key=natural)]
    return rows, groups, total


def natural(name: str) -> list[tuple[int, str]]:
    """Sorts node-2 before node-10."""
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"(\d+)", name)]


def nodes_in(record: Record) -> int:
    """How many nodes a decision looked at."""
    return int(record["summary"]["nodes"]) if "summary" in record else len(record["nodes"])


def feasible_in(record: Record) -> int:
    """How many nodes were possible."""
    return int(record["summary"]["feasible"]) if "summary" in record else len(record["feasible"])


def stopped_in(record: Record) -> list[Group]:
    """The nodes that were stopped, by plugin and reason."""
    found: list[Any] = record["summary"]["stopped"] if "summary" in record else groups_of(record["nodes"])
    return found


def reason_of(entry: Record) -> str:
    return ", ".join(entry.get("reasons", ()))


def best_other(record: Record) -> Record | None:
    """The runner-up: the best node that was scored and not chosen."""
    others = [entry for entry in record["nodes"] if entry.get("scores") and entry["node"] != record["chosen"]]
    return max(others, key=lambda entry: entry["total"], default=None)


def leads(ahead: Record, behind: Record) -> list[tuple[str, int]]:
    """(plugin, how many weighted points one node has more than another), the largest lead first."""
    found = [
        (plugin, score["weighted"] - behind["scores"].get(plugin, {}).get("weighted", 0))
        for plugin, score in ahead["scores"].items()
    ]
    return sorted(found, key=lambda item: -item[1])


def deciding_plugin(record: Record) -> str | None:
    """The plugin with the largest weighted lead of the chosen node over the runner-up; None without a lead."""
    chosen = next((entry for entry in record["nodes"] if entry["node"] == record["chosen"]), None)
    other = best_other(record)
    if chosen is None or other is None or not chosen.get("scores") or chosen["total"] <= other["total"]:
        return None
    return leads(chosen, other)[0][0]


def _telling(record: Record, groups: Iterable[Group]) -> list[str]:
    """The nodes that get a row in a large cluster."""
    scored = sorted((e for e in record["nodes"] if not e.get("plugin")), key=lambda e: -e.get("total", 0))
    first = [record["chosen"]] if record["chosen"] else []
    known = {entry["node"] for entry in record["nodes"]}
    examples = [name for group in groups for name in group["examples"][:ROWS_OF_GROUP] if name in known]
    return list(dict.fromkeys([*first, *(entry["node"] for entry in scored[:ROWS_SCORED]), *examples]))


def _row(matrix: Matrix, name: str, entry: Record | None) -> Row:
    record = matrix.record
    info = None if matrix.snapshot is None else matrix.snapshot.node(name)
    verdict = _verdict(record, name, entry)
    found: Record = entry or {}
    deciding = deciding_plugin(record) if verdict == "chosen" else found.get("plugin")
    return {
        "node": name,
        "used": used_of(info),
        "verdict": verdict,
        "cells": _cells(matrix, verdict, found),
        "plugin": found.get("plugin", ""),
        "reason": reason_of(found),
        "values": dict(found.get("values", {})),
        "word": _word(matrix, found) if verdict == "filtered" else None,
        "scores": _scores(matrix, found, info),
        "total": found.get("total"),
        "deciding": deciding,
    }


def _word(matrix: Matrix, entry: Record) -> Word:
    if matrix.rejected:
        return pod_word(matrix.rejected, entry)
    return node_word(entry)


def _verdict(record: Record, name: str, entry: Record | None) -> RowVerdict:
    if entry is None:
        return "not-looked-at"
    if entry.get("plugin"):
        return "filtered"
    return "chosen" if name == record["chosen"] else "feasible"


def _cells(matrix: Matrix, verdict: RowVerdict, entry: Record) -> dict[str, CellState]:
    """What each filter did with a node. The first that stops it ends the search there."""
    ran = set(matrix.record["filters"])
    stoppers = entry.get("plugin", "").split(", ")
    cells: dict[str, CellState] = {}
    # Before any filter ran on it: the Pod was rejected at once, or only other nodes could be meant.
    over = bool(matrix.rejected) or "only" in entry.get("values", {}) or verdict == "not-looked-at"
    for plugin in matrix.profile.filter:
        if plugin.name in stoppers:
            cells[plugin.name] = "stopped"
            over = True
        elif plugin.name not in ran:
            cells[plugin.name] = "idle"
        else:
            cells[plugin.name] = "not-run" if over else "pass"
    return cells


def _scores(matrix: Matrix, entry: Record, info: NodeInfo | None) -> dict[str, ScoreCell]:
    return {
        plugin: {
            "raw": score["raw"], "normalized": score["normalized"], "weight": score["weight"], "weighted": score["weighted"],
            "detail": detail_of(plugin, score["raw"], matrix.pod, info, matrix.profile, matrix.notes),
        }
        for plugin, score in entry.get("scores", {}).items()
    }


def used_of(info: NodeInfo | None) -> Used:
    """What is taken on a node; empty texts when it is not known any more."""
    if info is None:
        return _used({}, {}, 0, known=False)
    return _used(info.requested, info.allocatable, len(info.pods), known=True)


def _used(requested: Mapping[str, int], allocatable: Mapping[str, int], pods: int, *, known: bool) -> Used:
    def text(resource: str, value: int) -> str:
        return texts.amount(resource, value) if known else ""

    cpu, memory = allocatable.get(CPU, 0), allocatable.get(MEMORY, 0)
    cpu_used, memory_used = requested.get(CPU, 0), requested.get(MEMORY, 0)
    return {
        "cpu": text(CPU, cpu_used), "memory": text(MEMORY, memory_used), "pods": text(PODS, pods),
        "cpu_allocatable": text(CPU, cpu), "memory_allocatable": text(MEMORY, memory),
        "pods_allocatable": text(PODS, allocatable.get(PODS, 0)),
        "cpu_free": text(CPU, cpu - cpu_used), "memory_free": text(MEMORY, memory - memory_used),
    }


def differing(row: Row, cells: Mapping[str, CellState], scores: Mapping[str, int], verdict: str, total: int | None) -> list[str]:
    """What of a row is not as it was."""
    changed = [plugin for plugin, state in row["cells"].items() if cells.get(plugin) != state]
    changed += [plugin for plugin, score in row["scores"].items() if scores.get(plugin) != score["weighted"]]
    changed += ["verdict"] if verdict != row["verdict"] else []
    changed += ["total"] if total != row["total"] else []
    return list(dict.fromkeys(changed))
