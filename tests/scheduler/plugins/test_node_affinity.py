"""NodeAffinity: nodeSelector, required and preferred terms."""

import pytest

from cluster.scheduler.decision import Outcome
from cluster.scheduler.events import node_events
from cluster.scheduler.plugins.node_affinity import NodeAffinity
from tests.scheduler.builders import decision, node, pod

NODES = [node("a", labels={"disk": "ssd", "gen": "3"}), node("b", labels={"disk": "hdd"}), node("c")]


def test_it_works():
    found = decision(pod(nodeSelector={"disk": "ssd"}), NODES)
    assert found.feasible == ("a",)
    assert found.verdict("b").status.values == {"nodeSelector": {"disk": "ssd"}, "labels": {"disk": "hdd"}}
    assert found.verdict("c").status.values == {"nodeSelector": {"disk": "ssd"}, "labels": {"disk": None}}


@pytest.mark.parametrize(("operator", "values", "feasible"), [
    ("In", ["ssd", "nvme"], "a"), ("NotIn", ["ssd"], "bc"), ("Exists", [], "ab"), ("DoesNotExist", [], "c"),
])
def test_operators(operator, values, feasible):
    assert found_by(rule("disk", operator, *values)) == feasible


@pytest.mark.parametrize(("operator", "value", "feasible"), [
    ("Gt", "2", "a"), ("Gt", "3", ""), ("Lt", "4", "a"), ("Lt", "3", ""), ("Gt", "x", ""), ("Gt", "2.5", ""),
])
def test_numbers(operator, value, feasible):
    assert found_by(rule("gen", operator, value)) == feasible


def test_terms_are_alternatives_and_expressions_add_up():
    either = required(*({"matchExpressions": [rule("disk", "In", disk)]} for disk in ("ssd", "hdd")))
    assert names(decision(pod(affinity=either), NODES)) == "ab"
    assert found_by(rule("disk", "Exists"), rule("gen", "Exists")) == "a"


def test_selector_and_affinity_must_both_match():
    assert names(decision(pod(nodeSelector={"disk": "hdd"}, affinity=required(
        {"matchExpressions": [rule("disk", "In", "ssd")]})), NODES)) == ""


def test_no_term_matches_nothing():
    assert names(decision(pod(affinity=required()), NODES)) == ""
    assert names(decision(pod(affinity=required({})), NODES)) == ""


def test_a_named_node_restricts_the_search():
    found = decision(pod(affinity=required({"matchFields": [rule("metadata.name", "In", "b")]})), NODES)
    assert found.feasible == ("b",)
    assert found.verdict("a").status.reasons == ("node(s) didn't satisfy plugin(s) [NodeAffinity]",)


def test_a_named_node_that_is_not_there():
    found = decision(pod(affinity=required({"matchFields": [rule("metadata.name", "In", "z")]})), NODES)
    assert found.message == (
        "0/3 nodes are available: 3 node(s) didn't satisfy plugin(s) [NodeAffinity]. "
        "no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."
    )
    assert found.rejectors == ("NodeAffinity",)


def test_contradicting_names_reject_the_pod_at_once():
    both = {"matchFields": [rule("metadata.name", "In", "a"), rule("metadata.name", "In", "b")]}
    found = decision(pod(affinity=required(both)), NODES)
    # PreFilter ended before DynamicResources had its turn, and PostFilter stumbles over that.
    assert found.message == "0/3 nodes are available: pod affinity terms conflict. not found"
    assert {verdict.plugin for verdict in found.verdicts} == {"NodeAffinity"}


def test_preferred_terms_add_their_weights():
    found = decision(pod(affinity=preferred((60, rule("disk", "Exists")), (20, rule("gen", "Exists")))), NODES)
    scores = {verdict.node: verdict.scores["NodeAffinity"] for verdict in found.verdicts}
    assert {name: score.raw for name, score in scores.items()} == {"a": 80, "b": 60, "c": 0}
    assert {name: score.weighted for name, score in scores.items()} == {"a": 200, "b": 150, "c": 0}


def test_without_preferences_nothing_is_scored():
    assert all("NodeAffinity" not in verdict.scores for verdict in decision(pod(), NODES).verdicts)


def test_an_empty_preference_counts_for_nothing():
    affinity = {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 5, "preference": {}}]}}
    found = decision(pod(affinity=affinity), NODES)
    assert {verdict.scores["NodeAffinity"].weighted for verdict in found.verdicts} == {0}


@pytest.mark.parametrize("preferences", [[], [{"weight": 5}]])
def test_preferences_that_say_nothing(preferences):
    affinity = {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferences}}
    found = decision(pod(affinity=affinity), NODES)
    assert found.feasible == ("a", "b", "c")
    assert {"NodeAffinity" in verdict.scores for verdict in found.verdicts} == {bool(preferences)}


@pytest.mark.parametrize(("expression", "complaint"), [
    (("gen", "Gt", "x"), """values[0]: Invalid value: "x": for 'Gt', 'Lt' operators, the value must be an integer"""),
    (("gen", "Near", "x"), 'operator: Unsupported value: "Near": supported values: '
                           '"In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"'),
])
def test_a_preference_that_cannot_be_understood_ends_the_attempt(expression, complaint):
    incoming = pod(affinity=preferred((5, rule("disk", "Exists")), (5, rule(*expression))))
    found = decision(incoming, NODES)
    assert found.outcome is Outcome.ERROR
    assert found.message == f'running PreScore plugin "NodeAffinity": [1].matchExpressions[0].{complaint}'
    assert decision(incoming, NODES[:1]).chosen == "a"


def test_each_problem_of_preferences_is_named_once():
    found = decision(pod(affinity=preferred((5, rule("gen", "Gt", "x")), (5, rule("gen", "Lt", "y")))), NODES)
    assert found.message.startswith('running PreScore plugin "NodeAffinity": [[0].matchExpressions[0].values[0]: ')
    assert ", [1].matchExpressions[0].values[0]: " in found.message


@pytest.mark.parametrize(("before", "after", "worth"), [
    ({}, {"disk": "ssd"}, True), ({"disk": "ssd"}, {}, False), ({"disk": "ssd"}, {"disk": "ssd", "x": "y"}, False),
    ({}, {"disk": "hdd"}, False),
])
def test_retries_when_a_node_begins_to_match(before, after, worth):
    (event,) = node_events(node(labels=before), node(labels=after))
    assert NodeAffinity().worth_retrying(pod(nodeSelector={"disk": "ssd"}), event) is worth


def rule(key, operator, *values):
    return {"key": key, "operator": operator, "values": list(values)}


def required(*terms):
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": list(terms)}}}


def preferred(*weighted):
    return {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
        {"weight": weight, "preference": {"matchExpressions": [expression]}} for weight, expression in weighted
    ]}}


def found_by(*rules):
    return names(decision(pod(affinity=required({"matchExpressions": list(rules)})), NODES))


def names(found):
    return "".join(found.feasible)
