"""One attempt: order of plugins, sampling of nodes, ties, and the record of why."""

import json

import pytest

from cluster.scheduler.decision import Outcome
from cluster.scheduler.framework import Code, Plugin, PreFilterResult, Profile, Status
from cluster.scheduler.plugins.node_unschedulable import NodeUnschedulable
from cluster.scheduler.plugins.priority_sort import PrioritySort
from cluster.scheduler.profile import default_profile
from cluster.scheduler.schedule import decide, nodes_to_find
from cluster.scheduler.snapshot import Snapshot
from tests.scheduler.builders import PROFILE, container, decision, node, pod, taint


def test_it_works():
    found = decision(pod("p", container(cpu="1")), [node("a", taints=[taint("x")]), node("b"), node("c", cpu="8")])
    assert found.outcome is Outcome.SCHEDULED
    assert found.message == "Successfully assigned default/p to c"
    why = found.why()
    assert why["feasible"] == ["b", "c"]
    assert (why["best"], why["chosen"]) == (["c"], "c")
    assert why["nodes"][0] == {
        "node": "a", "plugin": "TaintToleration", "code": "UnschedulableAndUnresolvable",
        "reasons": ["node(s) had untolerated taint(s)"], "values": {"taint": taint("x")},
    }
    assert why["nodes"][2]["total"] == sum(score["weighted"] for score in why["nodes"][2]["scores"].values())
    assert why["nodes"][2]["scores"]["TaintToleration"] == {"raw": 0, "normalized": 100, "weight": 3, "weighted": 300}


def test_without_nodes():
    found = decision(pod(), [])
    assert (found.outcome, found.message) == (Outcome.UNSCHEDULABLE, "no nodes available to schedule pods")
    assert found.rejectors == ()


def test_one_feasible_node_is_taken_without_scores():
    found = decision(pod(), [node("a"), node("b", cordoned=True)])
    assert (found.chosen, found.best) == ("a", ("a",))
    assert found.runner_up is None
    assert "scores" not in found.why()["nodes"][0]


@pytest.mark.parametrize(("random", "chosen"), [(0.0, "a"), (0.34, "b"), (0.999, "c")])
def test_ties_are_broken_by_chance(random, chosen):
    found = decision(pod(), [node("a"), node("b"), node("c")], random=random)
    assert (found.best, found.chosen) == (("a", "b", "c"), chosen)


def test_only_ties_ask_chance():
    def no_chance():
        raise AssertionError("asked")

    snapshot = Snapshot.of([node("a"), node("b", cpu="8")], [])
    assert decide(pod("p", container(cpu="1")), snapshot, PROFILE, no_chance).chosen == "b"


def test_reasons_are_counted_and_sorted_as_text():
    nodes = [node(f"small-{number:02}", cpu="1m") for number in range(10)]
    nodes += [node("x", taints=[taint("x")]), node("y", cordoned=True), node("z", memory="1")]
    found = decision(pod("p", container(cpu="1", memory="1Gi")), nodes)
    assert found.message == (
        "0/13 nodes are available: 1 Insufficient memory, 1 node(s) had untolerated taint(s), "
        "1 node(s) were unschedulable, 10 Insufficient cpu. no new claims to deallocate, "
        "preemption: 0/13 nodes are available: 13 Preemption is not helpful for scheduling."
    )
    assert found.rejectors == ("NodeResourcesFit", "NodeUnschedulable", "TaintToleration")


@pytest.mark.parametrize(("nodes", "percentage", "wanted"), [
    (3, 0, 3), (99, 0, 99), (100, 0, 100), (1000, 0, 420), (5000, 0, 500), (6250, 0, 312), (10_000, 0, 500),
    (1000, 30, 300), (200, 10, 100), (99, 10, 99), (1000, 100, 1000),
])
def test_large_clusters_are_searched_in_part(nodes, percentage, wanted):
    assert nodes_to_find(nodes, percentage) == wanted


def test_the_search_goes_on_where_the_last_one_ended():
    snapshot = Snapshot.of([node(f"n{number:03}") for number in range(250)], [])
    first = decide(pod(), snapshot, PROFILE, lambda: 0.0)
    assert (len(first.feasible), first.feasible[0], first.next_start_index) == (120, "n000", 120)
    second = decide(pod(), snapshot, PROFILE, lambda: 0.0, first.next_start_index)
    assert (second.feasible[0], second.next_start_index) == ("n120", 240)
    third = decide(pod(), snapshot, PROFILE, lambda: 0.0, second.next_start_index)
    assert (third.feasible[0], third.feasible[10], third.next_start_index) == ("n240", "n000", 110)


def test_where_nobody_scores_the_first_node_is_enough():
    profile = Profile([PrioritySort(), NodeUnschedulable()], {})
    snapshot = Snapshot.of([node("a", cordoned=True), node("b"), node("c")], [])
    found = decide(pod(), snapshot, profile, lambda: 0.0)
    assert (found.feasible, found.chosen, found.next_start_index) == (("b",), "b", 2)


def test_zones_take_turns():
    def zoned(name, zone):
        return node(name, labels={"topology.kubernetes.io/zone": zone})

    nodes = [zoned("a1", "a"), zoned("a2", "a"), zoned("a3", "a"), zoned("b1", "b"), zoned("c1", "c"), zoned("c2", "c")]
    assert [info.name for info in Snapshot.of(nodes, []).nodes] == ["a1", "b1", "c1", "a2", "c2", "a3"]


def test_the_old_label_of_a_zone_counts_before_the_new_one():
    labels = {"topology.kubernetes.io/zone": "a"}
    nodes = [node("a1", labels=labels), node("a2", labels=labels)]
    nodes.append(node("b1", labels={**labels, "failure-domain.beta.kubernetes.io/zone": "b"}))
    assert [info.name for info in Snapshot.of(nodes, []).nodes] == ["a1", "b1", "a2"]


def test_a_nominated_node_is_taken_while_it_fits():
    nominated = pod("p", container(cpu="1"))
    nominated["status"]["nominatedNodeName"] = "a"
    assert decision(nominated, [node("a"), node("b", cpu="64")]).chosen == "a"
    full = [pod("other", container(cpu="4"), on="a")]
    assert decision(nominated, [node("a"), node("b", cpu="64")], full).chosen == "b"


class Only(Plugin):
    """Names the only nodes worth trying."""

    def __init__(self, name, *nodes):
        self.name, self.nodes = name, frozenset(nodes)

    def pre_filter(self, state, pod, snapshot):
        return PreFilterResult(nodes=self.nodes)


class Objects(Plugin):
    """Rejects every pod before filtering."""

    name = "Objects"

    def pre_filter(self, state, pod, snapshot):
        return PreFilterResult(Status(Code.UNSCHEDULABLE, ("not today",)))


def test_restrictions_of_several_plugins_add_up():
    profile = Profile([PrioritySort(), Only("One", "a", "b"), Only("Two", "b", "c")], {})
    assert decision(pod(), [node("a"), node("b"), node("c")], profile=profile).feasible == ("b",)


def test_restrictions_without_a_common_node():
    profile = Profile([PrioritySort(), Only("Two", "a"), Only("One", "b")], {})
    found = decision(pod(), [node("a"), node("b")], profile=profile)
    assert found.message == "0/2 nodes are available: node(s) didn't satisfy plugin(s) [One Two] simultaneously."
    assert found.rejectors == ("One", "Two")


def test_a_resolvable_rejection_before_filtering():
    profile = Profile([PrioritySort(), Objects()], {})
    found = decision(pod(), [node("a"), node("b")], profile=profile)
    assert found.message == "0/2 nodes are available: not today."
    assert {verdict.status.code for verdict in found.verdicts} == {Code.UNSCHEDULABLE}


def test_a_profile_needs_one_queue_sort():
    with pytest.raises(ValueError, match="one QueueSort plugin, not 0"):
        Profile([], {})


def test_deciding_changes_no_document():
    nodes, incoming = [node("a", taints=[taint("x")]), node("b")], pod("p", container(cpu="1", host_port=80))
    placed = [pod("other", container(host_port=80), on="b")]
    before = json.dumps([nodes, incoming, placed])
    decision(incoming, nodes, placed, profile=default_profile())
    assert json.dumps([nodes, incoming, placed]) == before
