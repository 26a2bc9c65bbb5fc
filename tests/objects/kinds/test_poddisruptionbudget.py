"""PodDisruptionBudget: its first status, rules, columns, whom it covers."""

from __future__ import annotations

from typing import Any

import pytest

from cluster.controllers.disruption import DisruptionController
from cluster.objects.documents import Document
from cluster.objects.kinds import poddisruptionbudget as budgets
from tests.apiserver.builders import lab, labelled, pod, refusal
from tests.controllers.builders import new_cluster
from tests.kubectl.builders import frozen, made

WEB = {"matchLabels": {"app": "web"}}


def budget(name: str = "pdb", **spec: Any) -> Document:
    meta = {"name": name, "namespace": "default"}
    return {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": meta, "spec": {"selector": WEB, **spec}}


def test_it_works() -> None:
    stored = lab().create({**budget(minAvailable=2), "status": {"disruptionsAllowed": 99}})
    assert stored["status"] == {"disruptionsAllowed": 0, "currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0}
    assert stored["metadata"]["generation"] == 1


def test_generation_counts_changes_of_the_spec() -> None:
    api = lab()
    stored = api.create(budget(minAvailable=2))
    stored = api.update({**stored, "spec": {**stored["spec"], "minAvailable": "50%"}})
    assert stored["metadata"]["generation"] == 2
    stored = api.update({**stored, "status": {"disruptionsAllowed": 1}}, subresource="status")
    assert stored["metadata"]["generation"] == 2


@pytest.mark.parametrize(("spec", "error"), [
    ({"minAvailable": -1}, "spec.minAvailable: Invalid value: -1: must be greater than or equal to 0"),
    ({"maxUnavailable": "120%"}, 'spec.maxUnavailable: Invalid value: "120%": must not be greater than 100%'),
    (
        {"maxUnavailable": 1, "minAvailable": 1},
        'spec: Invalid value: {"MinAvailable":1,"Selector":{"matchLabels":{"app":"web"}},"MaxUnavailable":1,'
        '"UnhealthyPodEvictionPolicy":null}: minAvailable and maxUnavailable cannot be both set',
    ),
    (
        {"unhealthyPodEvictionPolicy": "Never"},
        'spec.unhealthyPodEvictionPolicy: Unsupported value: "Never": supported values: "AlwaysAllow", "IfHealthyBudget"',
    ),
    (
        {"selector": {"matchExpressions": [{"key": "app", "operator": "In"}]}},
        "spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
    ),
])
def test_rules(spec: dict[str, Any], error: str) -> None:
    found = refusal(lab().create, budget(**spec))
    assert (found.code, found.message) == (422, f'PodDisruptionBudget.policy "pdb" is invalid: {error}')


@pytest.mark.parametrize("value", ["half", "50", "-5%", "%"])
def test_no_percentage(value: str) -> None:
    assert "a valid percent string must be" in refusal(lab().create, budget(minAvailable=value)).message


@pytest.mark.parametrize(("selector", "covered"), [
    (WEB, True), ({}, True), (None, False), ({"matchLabels": {"app": "db"}}, False),
    ({"matchExpressions": [{"key": "app", "operator": "Near"}]}, False),
])
def test_whom_it_covers(selector: Any, covered: bool) -> None:
    document = budget()
    document["spec"]["selector"] = selector
    assert budgets.covers(document, labelled(pod(), app="web")) is covered


def test_only_its_own_namespace() -> None:
    other = labelled(pod(), app="web")
    other["metadata"]["namespace"] = "kube-system"
    assert not budgets.covers(budget(), other)


def test_the_condition() -> None:
    status = budgets.with_condition({"disruptionsAllowed": 0, "observedGeneration": 3}, 0)
    first = status["conditions"][0]
    assert first == {
        "type": "DisruptionAllowed", "status": "False", "reason": "InsufficientPods", "message": "",
        "lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": 3,
    }
    failed = budgets.with_condition({**status, "conditions": [{"type": "Other"}, first]}, 5000, failure="broken")
    assert [found["type"] for found in failed["conditions"]] == ["Other", "DisruptionAllowed"]
    assert failed["conditions"][1] == {**first, "reason": "SyncFailed", "message": "broken"}
    allowed = budgets.with_condition({**failed, "disruptionsAllowed": 2}, 5000)["conditions"][1]
    assert (allowed["status"], allowed["reason"], allowed["message"]) == ("True", "SufficientPods", "")
    assert allowed["lastTransitionTime"] == "2026-01-01T00:00:05Z"


def test_without_a_spec_it_protects_nobody() -> None:
    stored = lab().create({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "pdb"}})
    assert stored["spec"] == {}
    assert not budgets.covers(stored, labelled(pod(), app="web"))


@pytest.mark.parametrize(("status", "error"), [
    ({"disruptionsAllowed": -4}, "status.disruptionsAllowed: Invalid value: -4: must be greater than or equal to 0"),
    ({"expectedPods": -1}, "status.expectedPods: Invalid value: -1: must be greater than or equal to 0"),
    (
        {"conditions": [{"type": "Ready", "status": "True", "reason": "x"}]},
        "status.conditions[0].lastTransitionTime: Required value",
    ),
])
def test_rules_of_the_status(status: dict[str, Any], error: str) -> None:
    api = lab()
    stored = api.create(budget())
    found = refusal(api.update, {**stored, "status": {**stored["status"], **status}}, subresource="status")
    assert found.message == f'PodDisruptionBudget.policy "pdb" is invalid: {error}'


@pytest.mark.parametrize("status", [None, {}, {"conditions": None}, {"disruptedPods": {"p": None}}, {"observedGeneration": 99}])
def test_a_user_s_status_is_counted_anew(status: Any) -> None:
    simulation = new_cluster(DisruptionController(), zones=("",))
    with simulation.act() as api:
        api.create(budget(minAvailable=1))
    simulation.until_quiet()
    counted = simulation.api.read("poddisruptionbudgets.policy", "default", "pdb")["status"]
    with simulation.act() as api:
        api.patch("poddisruptionbudgets.policy", "default", "pdb", {"status": status}, "merge", subresource="status")
    simulation.until_quiet()
    assert simulation.api.read("poddisruptionbudgets.policy", "default", "pdb")["status"] == counted


def shown(**spec: Any) -> Document:
    status = {"disruptionsAllowed": 1, "currentHealthy": 3, "desiredHealthy": 2, "expectedPods": 3}
    return made("policy/v1", "PodDisruptionBudget", "pdb", spec=spec, status=status)


def test_columns() -> None:
    assert frozen(shown(minAvailable="50%")).run("get pdb").lines == [
        "NAME   MIN AVAILABLE   MAX UNAVAILABLE   ALLOWED DISRUPTIONS   AGE",
        "pdb    50%             N/A               1                     0s",
    ]


def test_describe() -> None:
    assert frozen(shown(maxUnavailable=1, selector=WEB)).run("describe pdb pdb").stdout == (
        "Name:             pdb\nNamespace:        default\nMax unavailable:  1\nSelector:         app=web\nStatus:\n"
        "    Allowed disruptions:  1\n    Current:              3\n    Desired:              2\n"
        "    Total:                3\nEvents:                   <none>\n"
    )
    assert "Selector:       <unset>\n" in frozen(shown(minAvailable=0)).run("describe pdb pdb").stdout
