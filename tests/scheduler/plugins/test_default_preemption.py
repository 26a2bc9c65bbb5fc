"""DefaultPreemption: its part of the message, the victims it picks, the node it chooses."""

import pytest

from cluster.scheduler.decision import Outcome
from tests.scheduler.builders import container, decision, node, pod, taint


def said(found):
    return found.message.partition("preemption: ")[2]


def test_it_works():
    nodes = [node("a", taints=[taint("x")]), node("b"), node("c", cpu="1")]
    placed = [pod("other", container(cpu="4"), on="b")]
    assert said(decision(pod("p", container(cpu="2")), nodes, placed)) == (
        "0/3 nodes are available: 1 No preemption victims found for incoming pod, "
        "2 Preemption is not helpful for scheduling."
    )


def test_never():
    found = decision(pod("p", container(cpu="9"), preemptionPolicy="Never"), [node()])
    assert said(found) == "not eligible due to preemptionPolicy=Never."


@pytest.mark.parametrize("priority", [0, -5])
def test_pods_of_equal_or_higher_priority_are_no_victims(priority):
    placed = [pod("other", container(cpu="4"), on="node-1", priority=0)]
    found = decision(pod("p", container(cpu="2"), priority=priority), [node()], placed)
    assert "No preemption victims found" in said(found)


def test_where_even_evicting_does_not_help():
    placed = [
        pod("low", container(cpu="1"), on="node-1", priority=0),
        pod("high", container(cpu="3"), on="node-1", priority=9),
    ]
    found = decision(pod("p", container(cpu="2"), priority=5), [node()], placed)
    assert said(found) == "0/1 nodes are available: 1 Insufficient cpu."


def low(name, on, priority=0, cpu="1", start=None):
    placed = pod(name, container(cpu=cpu), on=on, priority=priority)
    if start:
        placed["status"]["startTime"] = f"2026-01-{start:02}T00:00:00Z"
    return placed


def preempt(placed, cpu="2", nodes=("a",), priority=10, **spec):
    return decision(pod("p", container(cpu=cpu), priority=priority, **spec), [node(name) for name in nodes], placed)


def test_success_says_nothing():
    found = preempt([low("x", "a", cpu="4")])
    assert found.outcome is Outcome.NOMINATED
    assert found.message == "0/1 nodes are available: 1 Insufficient cpu."
    assert found.why()["preemption"] == {
        "node": "a", "victims": ["default/x"], "candidates": [{"node": "a", "victims": ["default/x"]}],
    }


def test_as_few_victims_as_possible_the_important_spared():
    placed = [low("old", "a", 0, start=1), low("new", "a", 0, start=9), low("high", "a", 5), low("mid", "a", 3)]
    assert victims(preempt(placed)) == ["old", "new"]
    assert victims(preempt(placed, cpu="1")) == ["new"]


def test_a_small_pod_is_spared_where_a_large_one_must_go():
    placed = [low("small", "a", 0, cpu="500m"), low("large", "a", 5, cpu="3500m")]
    assert victims(preempt(placed, cpu="3")) == ["large"]


@pytest.mark.parametrize(("on_a", "on_b", "chosen"), [
    ([(5, 1)], [(3, 1)], "b"),  # the less important victim
    ([(3, 1), (0, 1)], [(3, 1), (1, 1)], "a"),  # the smaller sum
    ([(3, 1), (-3, 1)], [(3, 1)], "b"),  # fewer victims, even if the others are below zero
    ([(3, 1)], [(3, 8)], "b"),  # who started later
    ([(3, 1)], [(3, 1)], "a"),  # the first
])
def test_the_choice_of_the_node(on_a, on_b, chosen):
    placed = [
        low(f"{name}{number}", name, priority, cpu=str(4 / len(group)), start=start)
        for name, group in (("a", on_a), ("b", on_b))
        for number, (priority, start) in enumerate(group)
    ]
    assert preempt(placed, cpu="4", nodes=("a", "b")).nominated == chosen


def test_hopeless_nodes_are_left_alone():
    assert preempt([low("x", "a", cpu="4")], cpu="5").nominated == ""


def test_who_waits_for_a_victim_to_go_evicts_nobody_else():
    leaving = low("x", "a", cpu="4")
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:30Z"
    leaving["status"]["conditions"] = [
        {"type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler"}
    ]
    waiting = pod("p", container(cpu="2"), priority=10)
    waiting["status"]["nominatedNodeName"] = "a"
    found = decision(waiting, [node("a"), node("b")], [leaving, low("y", "b", cpu="4")])
    assert said(found) == "not eligible due to a terminating pod on the nominated node."
    assert found.nominated is None


@pytest.mark.parametrize(("priority", "fits"), [(5, False), (10, False), (11, True)])
def test_the_room_of_a_nominated_pod_is_kept(priority, fits):
    nominated = pod("nominated", container(cpu="4"), priority=10)
    nominated["status"]["nominatedNodeName"] = "a"
    assert bool(preempt([nominated], priority=priority).feasible) is fits


def victims(found):
    return [victim["metadata"]["name"] for victim in found.victims]
