"""How a node stands, and what budgets let go."""

from __future__ import annotations

from typing import Any

from cluster.simulation.simulation import Simulation
from tests.controllers.explanation.told import LABELS, about, document, new, said, workload


def test_it_works() -> None:
    answer = about(new(), "nodes", "node-1")
    assert said(answer)[0].startswith("node-1 is Ready; its kubelet was heard of ")
    assert not answer["waits"]


def test_a_silent_node_is_unknown_when_it_says() -> None:
    simulation = new()
    simulation.switch("node/node-1", on=False)
    simulation.advance(20_000)
    answer = about(simulation, "nodes", "node-1")
    (found,) = [one for one in answer["words"] if one["key"] == "node.silent-in"]
    left = round(found["args"]["seconds"] * 1000)
    steps = simulation.advance(left + 500)
    unknown = next(step for step in steps if step.say == "node-lifecycle.unknown")
    assert abs(unknown.at - answer["now"] - left) < 300
    assert about(simulation, "nodes", "node-1")["waits"]


def test_who_has_to_leave() -> None:
    simulation = with_pods()
    node = simulation.api.list("pods", "default")[0]["spec"]["nodeName"]
    simulation.switch(f"node/{node}", on=False)
    simulation.advance(100_000)
    told = said(about(simulation, "nodes", node), "next")
    assert any(text.startswith("web-") and "has to leave in" in text for text in told)


def test_cordoned_and_tainted() -> None:
    simulation = new()
    simulation.user().patch("nodes", "", "node-2", {"spec": {"unschedulable": True, "taints": [
        {"key": "gpu", "effect": "NoSchedule"}, {"key": "soft", "effect": "PreferNoSchedule"}]}})
    told = said(about(simulation, "nodes", "node-2"), "sum")
    assert told[0] == "It is cordoned: no new Pod comes, those that are there stay."
    assert "gpu:NoSchedule" in told[1] and "soft" not in told[1]


def budget(least: int) -> dict[str, Any]:
    return document("policy/v1", "PodDisruptionBudget", "keep", minAvailable=least, selector={"matchLabels": LABELS})


def with_pods() -> Simulation:
    simulation = new()
    simulation.user().create(workload("ReplicaSet", replicas=3))
    simulation.until_quiet()
    return simulation


def test_a_budget_with_room_and_one_without() -> None:
    simulation = with_pods()
    simulation.user().create(budget(2))
    simulation.until_quiet()
    answer = about(simulation, "poddisruptionbudgets.policy", "keep")
    assert said(answer) == ["keep: 3 of its 3 Pods are healthy and 2 must be, so 1 may be evicted now."]
    simulation.user().patch("poddisruptionbudgets.policy", "default", "keep", {"spec": {"minAvailable": 3}})
    simulation.until_quiet()
    assert about(simulation, "poddisruptionbudgets.policy", "keep")["waits"]
