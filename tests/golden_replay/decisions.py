"""Decisions of a real kube-scheduler, one file for each category of cases."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from cluster.objects.documents import Document
from cluster.scheduler.decision import Decision
from cluster.scheduler.framework import Profile
from cluster.scheduler.listers import DocumentLister
from cluster.scheduler.profile import default_profile
from cluster.scheduler.schedule import decide
from cluster.scheduler.snapshot import Snapshot
from tests.golden_replay.report import Report

CATEGORIES = ("basic", "taints", "node-affinity", "node-selector", "host-ports", "resources", "resource-scores", "images")


@cache
def profile() -> Profile:
    return default_profile()


def defaulted(pod: Document) -> Document:
    """The pod as the API server stores it: a missing request takes the limit's value."""
    spec = dict(pod["spec"])
    for group in ("containers", "initContainers"):
        spec[group] = [_with_requests(container) for container in spec.get(group, [])]
    return {**pod, "spec": spec}


def _with_requests(container: Document) -> Document:
    given = container.get("resources", {})
    requests = {**given.get("limits", {}), **given.get("requests", {})}
    return {**container, "resources": {**given, "requests": requests}}


# Lists of a recorded input that only the lister shows to plugins: name there -> resource.
OTHERS = {
    "namespaces": "namespaces", "services": "services", "replicaSets": "replicasets.apps",
    "persistentVolumes": "persistentvolumes", "persistentVolumeClaims": "persistentvolumeclaims",
    "storageClasses": "storageclasses.storage.k8s.io", "csiNodes": "csinodes.storage.k8s.io",
    "pdbs": "poddisruptionbudgets.policy", "priorityClasses": "priorityclasses.scheduling.k8s.io",
}


def snapshot_of(given: Any) -> Snapshot:
    """What the scheduler knows of a recorded input."""
    lister = DocumentLister({resource: given.get(name, []) for name, resource in OTHERS.items()})
    return Snapshot.of(given["nodes"], [defaulted(pod) for pod in given["pods"]], lister)


def agree(category: str, folder: Path) -> Report:
    """Each case is one fact: outcome, feasible nodes, who rejects whom and why, every score, every message."""
    report = Report(f"scheduler/{category}")
    for case in json.loads((folder / "scheduler" / f"{category}.json").read_text()):
        given, expected = case["input"], case["result"]
        decision = decide(defaulted(given["pod"]), snapshot_of(given), profile(), lambda: 0.0)
        one, other = recorded(expected), here(decision, expected)
        wrong = {name: (one[name], other[name]) for name in one if one[name] != other[name]}
        report.holds(case["id"], not wrong, "; ".join(f"{k}: recorded {a}, here {b}" for k, (a, b) in wrong.items()))
    return report


def recorded(expected: Any) -> dict[str, Any]:
    facts = {
        "outcome": expected["outcome"], "nodes": expected["numNodes"], "feasible": expected["feasible"],
        "best": sorted(expected.get("best", [])),
        # Reasons of extended resources come in the random order of Go's maps.
        "rejected": {
            node: (group["plugin"], group["code"], sorted(group["reasons"]))
            for group in expected.get("rejected", []) for node in group["nodes"]
        },
    }
    if "scores" in expected:
        table = expected["scores"]
        for field in ("raw", "weighted"):
            facts[field] = {
                node: {plugin: values[column] for plugin, values in table[field].items()}
                for column, node in enumerate(table["nodes"])
            }
        facts["total"] = table["total"]
    if "condition" in expected:
        facts["message"] = (expected["condition"]["message"], expected["postFilterMessage"])
    return facts


def here(decision: Decision, expected: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "outcome": decision.outcome, "nodes": decision.total_nodes, "feasible": sorted(decision.feasible),
        "best": sorted(decision.best),
        "rejected": {
            verdict.node: (verdict.plugin, verdict.status.code.value, sorted(verdict.status.reasons))
            for verdict in decision.verdicts if not verdict.is_feasible
        },
        "message": (decision.message, decision.post_filter_message),
    }
    for field in ("raw", "weighted"):
        facts[field] = {
            verdict.node: {plugin: getattr(score, field) for plugin, score in verdict.scores.items()}
            for verdict in decision.verdicts if verdict.is_feasible
        }
    if "scores" in expected:
        facts["total"] = [decision.verdict(node).total for node in expected["scores"]["nodes"]]
    return facts
