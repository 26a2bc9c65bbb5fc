"""TaintToleration: taints repel unless tolerated; a toleration attracts nothing."""

import pytest

from cluster.scheduler import tolerations
from cluster.scheduler.events import node_events
from cluster.scheduler.framework import Code
from cluster.scheduler.plugins.taint_toleration import TaintToleration
from tests.scheduler.builders import decision, node, pod, taint

GPU = taint("gpu", "true")


def test_it_works():
    found = decision(pod(), [node("a", taints=[GPU]), node("b")])
    assert found.feasible == ("b",)
    rejected = found.verdict("a")
    assert (rejected.plugin, rejected.status.code) == ("TaintToleration", Code.UNRESOLVABLE)
    assert rejected.status.values == {"taint": GPU}


@pytest.mark.parametrize("toleration", [
    {"key": "gpu", "operator": "Exists"},
    {"key": "gpu", "operator": "Equal", "value": "true", "effect": "NoSchedule"},
    {"key": "gpu", "value": "true"},
    {"operator": "Exists"},
    {"operator": "Exists", "effect": "NoSchedule"},
])
def test_tolerated(toleration):
    assert decision(pod(tolerations=[toleration]), [node(taints=[GPU])]).feasible == ("node-1",)


@pytest.mark.parametrize("toleration", [
    {"key": "gpu", "operator": "Equal", "value": "false"},
    {"key": "gpu"},
    {"key": "GPU", "operator": "Exists"},
    {"key": "gpu", "operator": "Exists", "effect": "NoExecute"},
    {"key": "gpu", "operator": "Gt", "value": "0"},
    {"operator": "Exists", "effect": "PreferNoSchedule"},
])
def test_not_tolerated(toleration):
    assert decision(pod(tolerations=[toleration]), [node(taints=[GPU])]).feasible == ()


def test_a_taint_without_value_equals_an_empty_value():
    assert tolerations.tolerates({"key": "x", "operator": "Equal", "value": ""}, taint("x"))


def test_every_taint_must_be_tolerated():
    both = node(taints=[GPU, taint("maintenance", effect="NoExecute")])
    found = decision(pod(tolerations=[{"key": "gpu", "operator": "Exists"}]), [both])
    assert found.verdict("node-1").status.values["taint"]["key"] == "maintenance"


def test_prefer_no_schedule_only_lowers_the_score():
    soft = [taint("slow", effect="PreferNoSchedule"), taint("far", effect="PreferNoSchedule")]
    found = decision(pod(), [node("a", taints=soft), node("b", taints=soft[:1]), node("c")])
    scores = {verdict.node: verdict.scores["TaintToleration"] for verdict in found.verdicts}
    assert {name: score.raw for name, score in scores.items()} == {"a": 2, "b": 1, "c": 0}
    assert {name: score.weighted for name, score in scores.items()} == {"a": 0, "b": 150, "c": 300}


def test_a_toleration_attracts_nothing():
    tolerant = pod(tolerations=[{"key": "gpu", "operator": "Exists"}])
    assert decision(tolerant, [node("a", taints=[GPU]), node("b")]).best == ("a", "b")


@pytest.mark.parametrize(("before", "after", "worth"), [
    ([GPU], [], True), ([], [GPU], False), ([GPU], [taint("other")], False), ([GPU, taint("other")], [GPU], False),
])
def test_retries_when_a_node_stops_repelling(before, after, worth):
    (event,) = node_events(node(taints=before), node(taints=after))
    assert TaintToleration().worth_retrying(pod(), event) is worth


def test_retries_when_an_untainted_node_comes():
    (event,) = node_events(None, node())
    assert TaintToleration().worth_retrying(pod(), event)
    (event,) = node_events(None, node(taints=[GPU]))
    assert not TaintToleration().worth_retrying(pod(), event)
