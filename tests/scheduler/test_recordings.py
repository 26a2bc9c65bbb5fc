"""Decisions agree with those of a real kube-scheduler 1.36, attempt by attempt and field by field."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.golden_replay.decisions import CATEGORIES, attempts, cases, decide_recorded, profile
from tests.support.golden import golden


def recorded(*wanted: str) -> list[Any]:
    return [
        pytest.param(case, id=f"{category}-{case['id']}")
        for category in wanted or CATEGORIES for case in cases(category, golden())
    ]


def decided() -> list[Any]:
    """The decisions about all recorded pods that come alone and are tried."""
    alone = [param.values[0] for param in recorded() if "sequence" not in param.values[0]["input"]]
    return [decide_recorded(case) for case in alone if case["result"]["outcome"] not in ("gated", "ignored")]


@pytest.mark.parametrize("case", recorded())
def test_agrees(case):
    found = dict(attempts(case))

    assert found
    assert not {name: wrong for name, wrong in found.items() if wrong}


def test_covers_every_plugin():
    decisions = decided()
    rejecting = {verdict.plugin for decision in decisions for verdict in decision.verdicts if verdict.plugin}
    scoring = {plugin for decision in decisions for verdict in decision.verdicts for plugin in verdict.scores}
    assert rejecting >= {"NodeUnschedulable", "TaintToleration", "NodeAffinity", "NodePorts", "NodeResourcesFit"}
    assert scoring == set(profile().weights)


def test_record_of_why_is_json():
    for decision in decided()[::7]:
        why = decision.why()
        assert json.loads(json.dumps(why)) == why


@pytest.mark.parametrize("field, other", [
    ("outcome", "unschedulable"), ("feasible", []), ("best", ["nowhere"]), ("numNodes", 99),
])
def test_a_difference_is_found(field, other):
    """The comparison itself: a recording that says something else does not agree."""
    case = next(case for case in cases("basic", golden()) if case["result"].get("scores"))
    wrong = {**case, "result": {**case["result"], field: other}}
    assert not dict(attempts(case))[case["id"]]
    assert dict(attempts(wrong))[case["id"]]


@pytest.mark.parametrize("category", ["nominated-pods"])
def test_a_difference_of_a_preemption_is_found(category):
    case = next(case for case in cases(category, golden()) if case["result"].get("nominatedNode"))
    found = case["result"]["preemption"]["candidates"]
    fewer = {**case["result"], "preemption": {"candidates": [{**found[0], "victims": ["nobody"]}, *found[1:]]}}
    for result in (fewer, {**case["result"], "nominatedNode": "nowhere"}):
        assert dict(attempts({**case, "result": result}))[case["id"]]


@pytest.mark.parametrize("field", ["volumeForClaim", "selectedNode"])
def test_a_difference_of_volumes_is_found(field):
    case = next(case for case in cases("volumes", golden()) if field in case["result"].get("volumes", {}))
    volumes = dict.fromkeys(case["result"]["volumes"][field], "other")
    assert dict(attempts({**case, "result": {**case["result"], "volumes": {field: volumes}}}))[case["id"]]
