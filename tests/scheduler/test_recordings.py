"""Decisions agree with those of a real kube-scheduler 1.36, field by field."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from cluster.objects.documents import Document
from cluster.scheduler.decision import Decision
from cluster.scheduler.profile import default_profile
from cluster.scheduler.schedule import decide
from cluster.scheduler.snapshot import Snapshot

GOLDEN = Path(os.environ.get("CLUSTERSCOPE_GOLDEN", Path(__file__).parents[1] / "golden")) / "scheduler"
CATEGORIES = (
    "basic", "taints", "node-affinity", "node-selector", "host-ports", "resources", "resource-scores", "images",
)
PROFILE = default_profile()


def recorded_cases() -> list[Any]:
    return [
        pytest.param(case, id=f"{category}-{case['id']}")
        for category in CATEGORIES
        for case in json.loads((GOLDEN / f"{category}.json").read_text())
    ]


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


def decide_recorded(case: Any) -> Decision:
    given = case["input"]
    snapshot = Snapshot.of(given["nodes"], [defaulted(pod) for pod in given["pods"]])
    return decide(defaulted(given["pod"]), snapshot, PROFILE, lambda: 0.0)


@pytest.mark.parametrize("case", recorded_cases())
def test_agrees(case):
    expected, decision = case["result"], decide_recorded(case)

    assert decision.outcome == expected["outcome"]
    assert decision.total_nodes == expected["numNodes"]
    assert sorted(decision.feasible) == expected["feasible"]
    assert sorted(decision.best) == sorted(expected.get("best", []))
    assert rejections(decision) == recorded_rejections(expected)
    if "scores" in expected:
        assert scores(decision, "raw") == by_node(expected["scores"], "raw")
        assert scores(decision, "weighted") == by_node(expected["scores"], "weighted")
        assert [decision.verdict(node).total for node in expected["scores"]["nodes"]] == expected["scores"]["total"]
    if "condition" in expected:
        assert decision.message == expected["condition"]["message"]
        assert decision.post_filter_message == expected["postFilterMessage"]


def test_covers_every_plugin():
    judged = [decide_recorded(param.values[0]) for param in recorded_cases()]
    rejecting = {verdict.plugin for decision in judged for verdict in decision.verdicts if verdict.plugin}
    scoring = {plugin for decision in judged for verdict in decision.verdicts for plugin in verdict.scores}
    assert rejecting >= {"NodeUnschedulable", "TaintToleration", "NodeAffinity", "NodePorts", "NodeResourcesFit"}
    assert scoring == set(PROFILE.weights)


def test_record_of_why_is_json():
    for param in recorded_cases()[::7]:
        why = decide_recorded(param.values[0]).why()
        assert json.loads(json.dumps(why)) == why


def rejections(decision: Decision) -> dict[str, Any]:
    return {
        verdict.node: (verdict.plugin, verdict.status.code.value, sorted(verdict.status.reasons))
        for verdict in decision.verdicts if not verdict.is_feasible
    }


def recorded_rejections(expected: Any) -> dict[str, Any]:
    # Reasons of extended resources come in the random order of Go's maps.
    return {
        node: (group["plugin"], group["code"], sorted(group["reasons"]))
        for group in expected.get("rejected", []) for node in group["nodes"]
    }


def scores(decision: Decision, field: str) -> dict[str, dict[str, int]]:
    return {
        verdict.node: {plugin: getattr(score, field) for plugin, score in verdict.scores.items()}
        for verdict in decision.verdicts if verdict.is_feasible
    }


def by_node(recorded: Any, field: str) -> dict[str, dict[str, int]]:
    return {
        node: {plugin: values[column] for plugin, values in recorded[field].items()}
        for column, node in enumerate(recorded["nodes"])
    }
