"""The horizontal Pod autoscaler in a whole cluster: load in, replicas out."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from cluster.objects import times
from cluster.objects.documents import Document, with_value
from cluster.objects.kinds import horizontalpodautoscaler as hpas
from tests.controllers.horizontal_lab import WEB, conditions, replicas, with_hpa
from tests.kubectl.running import console
from tests.support.console import Console

HPAS = hpas.KIND.resource


def change(lab: Console, path: tuple[str, ...], value: Any) -> None:
    with lab.simulation.act() as api:
        api.update(with_value(api.read(HPAS, "default", "web"), path, value))


def reasons(lab: Console) -> list[str]:
    found = [one for one in lab.simulation.api.list("events", "default") if one["involvedObject"]["kind"] == hpas.KIND.kind]
    return [one["reason"] for one in sorted(found, key=lambda one: int(one["metadata"]["resourceVersion"]))]


def messages(lab: Console, reason: str) -> list[str]:
    return [one["message"] for one in lab.simulation.api.list("events", "default") if one["reason"] == reason]


def status(lab: Console) -> Document:
    found: Document = lab.simulation.api.read(HPAS, "default", "web")["status"]
    return found


def test_it_works() -> None:
    lab = with_hpa()
    assert lab.run("get hpa").lines[1].split()[1:7] == ["Deployment/web", "cpu:", "0%/50%", "1", "10", "1"]
    assert lab.run("simulate load web 60").code == 0
    # 300 millicores are one and a half times what one Pod asks for, and half of what three ask for.
    lab.simulation.advance(20 * times.SECOND)
    assert replicas(lab) == 3
    lab.simulation.advance(2 * times.MINUTE)
    assert replicas(lab) == 3
    assert status(lab)["currentMetrics"][0]["resource"]["current"] == {"averageUtilization": 50, "averageValue": "101m"}


def test_all_conditions() -> None:
    lab = with_hpa()
    # A Pod that does nothing is not needed; that there was one counts for five minutes.
    assert conditions(lab) == {
        "AbleToScale": ("True", "ScaleDownStabilized"), "ScalingActive": ("True", "ValidMetricFound"),
        "ScalingLimited": ("False", "DesiredWithinRange"),
    }
    lab.simulation.advance(6 * times.MINUTE)
    assert conditions(lab)["AbleToScale"] == ("True", "ReadyForNewScale")
    assert conditions(lab)["ScalingLimited"] == ("True", "TooFewReplicas")
    lab.run("simulate load web 1000")
    lab.simulation.advance(18 * times.SECOND)
    assert conditions(lab)["AbleToScale"] == ("True", "SucceededRescale")
    assert conditions(lab)["ScalingLimited"] == ("True", "ScaleUpLimit")
    lab.simulation.advance(3 * times.MINUTE)
    assert replicas(lab) == 10
    assert conditions(lab)["ScalingLimited"] == ("True", "TooManyReplicas")


def test_five_minutes_before_it_shrinks() -> None:
    lab = with_hpa()
    lab.run("simulate load web 200")
    lab.simulation.advance(30 * times.MINUTE)
    assert replicas(lab) == 10
    # However long nothing has happened: what was wanted just now counts.
    lab.run("simulate load web 0")
    lab.simulation.advance(270 * times.SECOND)
    assert replicas(lab) == 10
    assert conditions(lab)["AbleToScale"] == ("True", "ScaleDownStabilized")
    lab.simulation.advance(60 * times.SECOND)
    assert replicas(lab) == 1
    assert messages(lab, "SuccessfulRescale")[-1] == "New size: 1; reason: All metrics below target"


def test_without_stabilisation() -> None:
    lab = with_hpa()
    change(lab, ("spec", "behavior"), {"scaleDown": {"stabilizationWindowSeconds": 0}})
    lab.run("simulate load web 200")
    lab.simulation.advance(5 * times.MINUTE)
    lab.run("simulate load web 0")
    lab.simulation.advance(20 * times.SECOND)
    assert replicas(lab) == 1


def test_policies_set_the_pace() -> None:
    lab = with_hpa()
    one_a_minute = {"policies": [{"type": "Pods", "value": 1, "periodSeconds": 60}]}
    change(lab, ("spec", "behavior"), {"scaleUp": one_a_minute})
    lab.run("simulate load web 1000")
    sizes = []
    for _ in range(5):
        lab.simulation.advance(60 * times.SECOND)
        sizes.append(replicas(lab))
    assert sizes[-1] <= 6
    assert all(after - before <= 1 for before, after in pairwise(sizes))
    assert sizes == sorted(sizes)
    assert sizes[-1] > sizes[0]
    assert conditions(lab)["ScalingLimited"] == ("True", "ScaleUpLimit")


def test_the_bounds_count_before_metrics() -> None:
    lab = with_hpa("--min=3")
    assert replicas(lab) == 3
    assert messages(lab, "SuccessfulRescale") == ["New size: 3; reason: Current number of replicas below Spec.MinReplicas"]
    change(lab, ("spec", "maxReplicas"), 5)
    lab.run("scale deployment web --replicas=9")
    lab.simulation.advance(20 * times.SECOND)
    assert "New size: 5; reason: Current number of replicas above Spec.MaxReplicas" in messages(lab, "SuccessfulRescale")


def test_no_replicas_switch_it_off() -> None:
    lab = with_hpa()
    lab.run("scale deployment web --replicas=0")
    lab.simulation.advance(60 * times.SECOND)
    assert replicas(lab) == 0
    assert conditions(lab)["ScalingActive"] == ("False", "ScalingDisabled")


def test_a_target_that_is_missing() -> None:
    lab = with_hpa()
    lab.run("delete deployment web --wait=false")
    lab.simulation.advance(60 * times.SECOND)
    assert conditions(lab)["AbleToScale"] == ("False", "FailedGetScale")
    assert messages(lab, "FailedGetScale") == ['deployments/scale.apps "web" not found']


@pytest.mark.parametrize(("reference", "why"), [
    ({"apiVersion": "apps/v1", "kind": "Widget", "name": "web"}, 'no matches for kind "Widget" in group "apps"'),
    ({"apiVersion": "apps/v1", "kind": "DaemonSet", "name": "web"}, "the server could not find the requested resource"),
])
def test_a_target_that_cannot_be_scaled(reference: Document, why: str) -> None:
    lab = with_hpa()
    change(lab, ("spec", "scaleTargetRef"), reference)
    lab.simulation.advance(40 * times.SECOND)
    assert conditions(lab)["AbleToScale"] == ("False", "FailedGetScale")
    assert messages(lab, "FailedGetScale")[-1] == why


def test_an_old_version_of_the_target_s_kind() -> None:
    lab = with_hpa()
    change(lab, ("spec", "scaleTargetRef", "apiVersion"), "apps/v1beta1")
    lab.simulation.advance(40 * times.SECOND)
    assert conditions(lab)["AbleToScale"][0] == "True"


def test_pods_that_ask_for_nothing() -> None:
    lab = console()
    lab.run("apply -f web.yaml", web_yaml=WEB.replace("requests: {cpu: 200m, memory: 64Mi}", ""))
    lab.run("rollout status deployment web")
    lab.run("autoscale deployment web --max=4 --cpu=50%")
    lab.simulation.advance(2 * times.MINUTE)
    assert conditions(lab)["ScalingActive"] == ("False", "FailedGetResourceMetric")
    text = messages(lab, "FailedGetResourceMetric")[-1]
    assert text.startswith("failed to get cpu utilization: missing request for cpu in container c of Pod web-")
    assert any(
        text.startswith("invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: failed")
        for text in messages(lab, "FailedComputeMetricsReplicas")
    )
    assert lab.run("get hpa").lines[1].split()[3] == "<unknown>/50%"


def test_two_that_scale_the_same() -> None:
    lab = with_hpa()
    lab.run("autoscale deployment web --max=4 --cpu=50% --name=other")
    lab.run("simulate load web 100")
    lab.simulation.advance(40 * times.SECOND)
    assert conditions(lab)["ScalingActive"] == ("False", "AmbiguousSelector")
    assert messages(lab, "AmbiguousSelector")[0] == (
        "pods by selector app=web are controlled by multiple HPAs: [{other default} {web default}]"
    )


def test_it_tells_how_the_number_came_about() -> None:
    lab = with_hpa()
    lab.run("simulate load web 60")
    step = next(step for step in lab.simulation.advance(20 * times.SECOND) if step.say == "autoscaler.rescale")
    assert step.args["current"] == 1
    assert step.args["desired"] == 3
    assert step.why["proposed"] == 3
    (metric,) = step.why["metrics"]
    assert (metric["ratio"], metric["ready"], metric["target"]["averageUtilization"]) == (3.0, 1, 50)
    assert list(metric["amounts"].values()) == [301]
    assert list(metric["requests"].values()) == [200]


def test_an_idle_cluster_sleeps() -> None:
    lab = with_hpa()
    lab.simulation.advance(10 * times.MINUTE)
    assert lab.simulation.is_quiet()
    ours = [step for step in lab.simulation.advance(60 * times.MINUTE) if step.say.startswith("autoscaler.")]
    assert ours == []
    due = [key for key in lab.simulation.world.table("agenda") if key[0] == "horizontal-pod-autoscaler-controller"]
    assert due == []


def test_a_deleted_one_is_forgotten() -> None:
    lab = with_hpa()
    lab.run("delete hpa web")
    lab.run("simulate load web 1000")
    lab.simulation.advance(60 * times.SECOND)
    assert replicas(lab) == 1
    notes = [key for key in lab.simulation.world.table("memory") if key[0] == "horizontal-pod-autoscaler-controller"]
    assert notes == []


def test_a_statefulset() -> None:
    lab = console()
    text = WEB.replace("kind: Deployment", "kind: StatefulSet").replace("  replicas: 1", "  serviceName: web\n  replicas: 1")
    assert lab.run("apply -f web.yaml", web_yaml=text).code == 0
    lab.simulation.until_quiet()
    lab.run("autoscale statefulset web --max=3 --cpu=50%")
    lab.run("simulate load web 200")
    lab.simulation.advance(3 * times.MINUTE)
    assert lab.simulation.api.read("statefulsets.apps", "default", "web")["spec"]["replicas"] == 3
    assert "SuccessfulRescale" in reasons(lab)
