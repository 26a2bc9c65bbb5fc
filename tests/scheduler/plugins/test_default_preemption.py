"""DefaultPreemption: its part of the message, the victims it picks, the node it chooses."""

import pytest

from cluster.scheduler.configuration import profile_of
from cluster.scheduler.decision import Outcome
from cluster.scheduler.framework import Profile
from cluster.scheduler.listers import DocumentLister
from cluster.scheduler.plugins.default_preemption import DefaultPreemption
from cluster.scheduler.schedule import decide
from cluster.scheduler.snapshot import Snapshot
from tests.scheduler.builders import PROFILE, container, decision, node, pod, taint


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
    victim = {"pod": "default/x", "priority": 0, "violates": False}
    candidate = {
        "node": "a", "victims": [victim], "violations": 0, "highest": 0, "sum": 0, "count": 1, "earliestStart": "",
    }
    assert found.why()["preemption"] == {
        "node": "a", "victims": [victim], "candidates": [candidate], "rejected": [], "best": ["a"], "because": "only",
    }


def test_why_it_does_not_help_is_kept():
    found = preempt([low("x", "a"), low("y", "b", priority=10, cpu="4")], cpu="4500m", nodes=("a", "b")).preemption
    assert found == {"candidates": [], "rejected": [], "best": []}
    placed = [low("x", "a"), low("high", "a", 20, cpu="3"), low("y", "b", priority=10, cpu="4")]
    found = preempt(placed, cpu="2", nodes=("a", "b")).preemption
    first, second = found["rejected"]
    assert (first["node"], first["plugin"], first["reasons"]) == ("a", "NodeResourcesFit", ["Insufficient cpu"])
    assert (second["node"], second["plugin"]) == ("b", "")
    assert second["reasons"] == ["No preemption victims found for incoming pod"]


def test_as_few_victims_as_possible_the_important_spared():
    placed = [low("old", "a", 0, start=1), low("new", "a", 0, start=9), low("high", "a", 5), low("mid", "a", 3)]
    assert victims(preempt(placed)) == ["old", "new"]
    assert victims(preempt(placed, cpu="1")) == ["new"]


def test_a_small_pod_is_spared_where_a_large_one_must_go():
    placed = [low("small", "a", 0, cpu="500m"), low("large", "a", 5, cpu="3500m")]
    assert victims(preempt(placed, cpu="3")) == ["large"]


@pytest.mark.parametrize(("on_a", "on_b", "chosen", "because"), [
    ([(5, 1)], [(3, 1)], "b", "highest-priority"),  # the less important victim
    ([(3, 1), (0, 1)], [(3, 1), (1, 1)], "a", "sum-of-priorities"),  # the smaller sum
    ([(3, 1), (-3, 1)], [(3, 1)], "b", "sum-of-priorities"),  # fewer victims, even if the others are below zero
    ([(3, 1)], [(3, 8)], "b", "latest-start"),  # who started later
    ([(3, 1)], [(3, 1)], "a", "tie"),  # the first
])
def test_the_choice_of_the_node(on_a, on_b, chosen, because):
    placed = [
        low(f"{name}{number}", name, priority, cpu=str(4 / len(group)), start=start)
        for name, group in (("a", on_a), ("b", on_b))
        for number, (priority, start) in enumerate(group)
    ]
    found = preempt(placed, cpu="4", nodes=("a", "b"))
    assert found.nominated == chosen
    assert found.preemption["because"] == because
    assert found.preemption["best"] == (["a", "b"] if because == "tie" else [chosen])


# --- budgets ---------------------------------------------------------------------------------------------------------


def budget(allowed, labels, *, disrupted=(), namespace="default", name="pdb"):
    return {
        "metadata": {"name": name, "namespace": namespace}, "spec": {"selector": labels},
        "status": {"disruptionsAllowed": allowed, "disruptedPods": dict.fromkeys(disrupted, "2026-01-01T00:00:00Z")},
    }


def labelled(placed, **labels):
    return {**placed, "metadata": {**placed["metadata"], "labels": labels}}


def preempt_with(budgets, placed, cpu="2", nodes=("a",)):
    lister = DocumentLister({"poddisruptionbudgets.policy": budgets})
    snapshot = Snapshot.of([node(name) for name in nodes], placed, lister)
    return decide(pod("p", container(cpu=cpu), priority=10), snapshot, PROFILE, lambda: 0.0)


WEB = {"matchLabels": {"app": "web"}}


def test_protected_pods_are_spared_though_less_important():
    placed = [labelled(low("web", "a", 0, cpu="2"), app="web"), labelled(low("db", "a", 5, cpu="2"), app="db")]
    assert victims(preempt_with([], placed)) == ["web"]
    assert victims(preempt_with([budget(0, WEB)], placed)) == ["db"]
    assert victims(preempt_with([budget(1, WEB)], placed)) == ["web"]


def test_a_budget_is_violated_when_nothing_else_helps():
    placed = [labelled(low(f"web-{number}", "a", 0, cpu="2"), app="web") for number in range(2)]
    found = preempt_with([budget(1, WEB)], placed, cpu="4")
    assert found.preemption["candidates"][0]["violations"] == 1
    assert {victim["pod"]: victim["violates"] for victim in found.preemption["victims"]} == {
        "default/web-0": False, "default/web-1": True,
    }


def test_fewest_violations_come_before_everything():
    placed = [labelled(low("web", "a", 0, cpu="4"), app="web"), labelled(low("db", "b", 9, cpu="4"), app="db")]
    found = preempt_with([budget(0, WEB)], placed, cpu="4", nodes=("a", "b"))
    assert found.nominated == "b"
    assert found.preemption["because"] == "violations"


@pytest.mark.parametrize("harmless", [
    budget(0, WEB, namespace="other"),
    budget(0, WEB, disrupted=["web"]),  # the eviction API counted this pod already
    budget(0, {}),  # an empty selector covers nothing here
    budget(0, None),
    budget(0, {"matchExpressions": [{"key": "app", "operator": "Near"}]}),
])
def test_budgets_that_do_not_cover_the_pod(harmless):
    placed = [labelled(low("web", "a", 0, cpu="4"), app="web")]
    assert preempt_with([harmless], placed).preemption["candidates"][0]["violations"] == 0


def test_a_pod_of_two_budgets_counts_once():
    placed = [labelled(low("web", "a", 0, cpu="4"), app="web")]
    found = preempt_with([budget(0, WEB, name="x"), budget(0, WEB, name="y")], placed)
    assert found.preemption["candidates"][0]["violations"] == 1


def test_the_search_ends_with_enough_candidates_one_of_them_harmless():
    names = [f"n{number:03}" for number in range(130)]
    placed = [labelled(low(f"web-{name}", name, 0, cpu="4"), app="web") for name in names[:110]]
    placed += [low(f"db-{name}", name, 5, cpu="4") for name in names[110:]]
    found = preempt_with([budget(0, WEB)], placed, cpu="4", nodes=names)
    assert len(found.preemption["candidates"]) == 111
    assert found.nominated == "n110"


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


@pytest.mark.parametrize(("percent", "least", "found"), [(10, 100, 20), (0, 3, 3), (50, 1, 10), (0, 1, 1)])
def test_how_many_candidates_are_enough(percent, least, found):
    names = [f"n{number:02}" for number in range(20)]
    plugins = [DefaultPreemption(percent, least) if plugin.name == "DefaultPreemption" else plugin
               for plugin in PROFILE.plugins]
    placed = [low(f"x-{name}", name, cpu="4") for name in names]
    decided = decision(pod("p", container(cpu="2"), priority=10), [node(name) for name in names], placed,
                       profile=Profile(plugins, PROFILE.weights))
    assert len(decided.preemption["candidates"]) == found


def test_the_configuration_says_how_many():
    args = {"minCandidateNodesPercentage": 0, "minCandidateNodesAbsolute": 2}
    profile = profile_of({"pluginConfig": [{"name": "DefaultPreemption", "args": args}]})
    names = ["a", "b", "c"]
    placed = [low(f"x-{name}", name, cpu="4") for name in names]
    decided = decision(pod("p", container(cpu="2"), priority=10), [node(name) for name in names], placed, profile=profile)
    assert [each["node"] for each in decided.preemption["candidates"]] == ["a", "b"]
