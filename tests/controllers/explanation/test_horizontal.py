"""How an autoscaler comes to its number: what is told is what then happens."""

from __future__ import annotations

from typing import Any

from cluster.controllers.explanation.explain import Explanation
from tests.controllers.explanation.told import about, keys, rows, said
from tests.controllers.horizontal_lab import replicas, with_hpa
from tests.support.console import Console

RESOURCE = "horizontalpodautoscalers.autoscaling"


def answer_of(lab: Console) -> Explanation:
    return about(lab.simulation, RESOURCE, "web")


def behave(lab: Console, **rules: Any) -> None:
    lab.simulation.user().patch(RESOURCE, "default", "web", {"spec": {"behavior": rules}})


def test_it_works() -> None:
    lab = with_hpa()
    answer = answer_of(lab)
    assert said(answer, "state") == ["web keeps Deployment web between 1 and 10 replicas; it has 1."]
    assert [row[0] for row in rows(answer)] == [pod["metadata"]["name"] for pod in lab.simulation.api.list("pods", "default")]


def test_each_step_of_the_arithmetic_leads_to_the_size_that_is_set() -> None:
    lab = with_hpa()
    assert lab.run("simulate load web 60").code == 0
    seen: Explanation | None = None
    for _ in range(200):
        answer = answer_of(lab)
        if "hpa.sets" in keys(answer) and answer["now"] % 15_000 == 0:
            seen = answer
        step = lab.simulation.step()
        if step is not None and step.say == "autoscaler.rescale":
            break
    assert step is not None and replicas(lab) > 1
    told = {found["key"]: found["args"] for found in (seen or answer_of(lab))["words"]}
    if seen is not None:
        assert told["hpa.sets"]["desired"] == step.args["desired"]
    assert step.why["proposed"] >= step.args["desired"]


def test_shrinking_waits_for_its_window() -> None:
    lab = with_hpa("--min=1")
    lab.run("simulate load web 60")
    lab.simulation.advance(120_000)
    grown = replicas(lab)
    lab.run("simulate load web 0")
    lab.simulation.advance(60_000)
    assert replicas(lab) == grown > 1
    answer = answer_of(lab)
    assert "hpa.stabilized-down" in keys(answer)
    assert any("last 300 s" in text for text in said(answer, "sum"))
    assert f"{grown} stay." in said(answer, "next")


def test_without_rules_the_highest_of_recent_recommendations_counts() -> None:
    lab = with_hpa("--min=2", "--max=6")
    lab.run("simulate load web 200")
    lab.simulation.advance(20_000)
    answer = answer_of(lab)
    (found,) = [one for one in answer["words"] if one["key"].startswith("hpa.stabilized")]
    assert found["key"] == "hpa.stabilized-down"
    assert found["args"]["window"] == 300
    assert found["args"]["stabilized"] > found["args"]["proposed"]


def test_policies() -> None:
    lab = with_hpa()
    behave(lab, scaleUp={"policies": [{"type": "Pods", "value": 1, "periodSeconds": 60}], "selectPolicy": "Max"})
    lab.run("simulate load web 100")
    lab.simulation.advance(90_000)
    answer = answer_of(lab)
    assert any(text.startswith("Policy 1 Pods in 60 s: ") for text in said(answer, "sum"))
    assert any("Growing is limited to" in text for text in said(answer, "sum"))


def test_no_target() -> None:
    lab = with_hpa()
    lab.run("delete deployment web")
    lab.simulation.until_quiet()
    told = said(answer_of(lab), "waits")
    assert told == ['FailedGetScale: the HPA controller was unable to get the target\'s current scale: '
                    'deployments/scale.apps "web" not found']


def test_a_metric_that_nobody_measures() -> None:
    lab = with_hpa()
    metric = {"type": "Pods", "pods": {"metric": {"name": "hits"}, "target": {"type": "AverageValue", "averageValue": "10"}}}
    lab.simulation.user().patch(RESOURCE, "default", "web", {"spec": {"metrics": [metric]}})
    lab.simulation.advance(30_000)
    answer = answer_of(lab)
    assert said(answer, "waits")[0].startswith("FailedGetPodsMetric: ")
    assert said(answer, "mend") == ["No API of this cluster delivers such metrics: an adapter would have to be installed."]


def test_asking_writes_nothing() -> None:
    lab = with_hpa()
    before = lab.simulation.world
    answer_of(lab)
    assert lab.simulation.world is before
