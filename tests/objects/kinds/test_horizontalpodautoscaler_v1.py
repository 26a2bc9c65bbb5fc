"""autoscaling/v1: read and written by clients, stored as autoscaling/v2."""

from __future__ import annotations

import json
from typing import Any

import pytest

import cluster.objects.kinds  # noqa: F401  (registers the kinds)
from cluster.objects.kinds import horizontalpodautoscaler as hpas
from cluster.objects.kinds import horizontalpodautoscaler_v1 as v1
from cluster.objects.registry import REGISTRY
from tests.kubectl.running import console
from tests.support.console import Console

MANIFEST = """apiVersion: autoscaling/v1
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 2
  maxReplicas: 5
  targetCPUUtilizationPercentage: 60
"""
TARGET = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}


def cpu(share: int) -> dict[str, Any]:
    return {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": share}}}


def memory(value: str = "64Mi") -> dict[str, Any]:
    return {"type": "Resource", "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": value}}}


def hpa(*metrics: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "web", "namespace": "default"},
        "spec": {"scaleTargetRef": TARGET, "minReplicas": 1, "maxReplicas": 5, "metrics": list(metrics), **spec},
        "status": {"currentReplicas": 1, "desiredReplicas": 1},
    }


@pytest.fixture
def shell() -> Console:
    new = console()
    assert new.run("create deployment web --image=nginx").code == 0
    return new


def stored(shell: Console) -> dict[str, Any]:
    return shell.simulation.api.read(hpas.KIND.resource, "default", "web")


def test_it_works(shell: Console) -> None:
    assert shell.run("apply -f hpa.yaml", hpa_yaml=MANIFEST).stdout == "horizontalpodautoscaler.autoscaling/web created\n"
    assert stored(shell)["apiVersion"] == "autoscaling/v2"
    assert stored(shell)["spec"]["metrics"] == [cpu(60)]
    shown = json.loads(shell.run("get horizontalpodautoscalers.v1.autoscaling web -o json").stdout)
    assert shown["apiVersion"] == "autoscaling/v1"
    assert shown["spec"] == {
        "scaleTargetRef": TARGET, "minReplicas": 2, "maxReplicas": 5, "targetCPUUtilizationPercentage": 60}
    assert json.loads(shell.run("get hpa web -o json").stdout)["apiVersion"] == "autoscaling/v2"


def test_applying_again_changes_only_what_changed(shell: Console) -> None:
    shell.run("apply -f hpa.yaml", hpa_yaml=MANIFEST)
    assert shell.run("apply -f hpa.yaml", hpa_yaml=MANIFEST).stdout == "horizontalpodautoscaler.autoscaling/web unchanged\n"
    more = MANIFEST.replace("60", "70")
    assert shell.run("apply -f hpa.yaml", hpa_yaml=more).stdout == "horizontalpodautoscaler.autoscaling/web configured\n"
    assert stored(shell)["spec"]["metrics"] == [cpu(70)]


def test_without_a_target_it_is_80_percent(shell: Console) -> None:
    shell.run("create -f hpa.yaml", hpa_yaml=MANIFEST.replace("  targetCPUUtilizationPercentage: 60\n", ""))
    assert stored(shell)["spec"]["metrics"] == [cpu(80)]


def test_unknown_fields_are_those_of_v1(shell: Console) -> None:
    wrong = MANIFEST.replace("targetCPUUtilizationPercentage: 60", "metrics: []")
    refused = shell.run("apply -f hpa.yaml", hpa_yaml=wrong)
    assert refused.code == 1
    assert 'unknown field "spec.metrics"' in refused.stderr
    refused = shell.run("apply -f hpa.yaml", hpa_yaml=MANIFEST.replace("autoscaling/v1", "autoscaling/v2"))
    assert 'unknown field "spec.targetCPUUtilizationPercentage"' in refused.stderr


def test_a_version_that_there_is_not(shell: Console) -> None:
    refused = shell.run("apply -f hpa.yaml", hpa_yaml=MANIFEST.replace("autoscaling/v1", "autoscaling/v2beta2"))
    assert 'no matches for kind "HorizontalPodAutoscaler" in version "autoscaling/v2beta2"' in refused.stderr


@pytest.mark.parametrize("document", [
    hpa(cpu(50)), hpa(memory()), hpa(cpu(50), memory()),
    hpa(cpu(50), behavior={"scaleUp": {"selectPolicy": "Min", "policies": [
        {"type": "Pods", "value": 1, "periodSeconds": 60}]}}),
])
def test_nothing_is_lost_on_the_way_there_and_back(document: dict[str, Any]) -> None:
    back = v1.stored(v1.served(document))
    assert back["spec"] == document["spec"]
    assert back["metadata"] == document["metadata"]


def test_what_v1_cannot_say_stands_in_annotations() -> None:
    told = v1.served({**hpa(cpu(50), memory()), "status": {
        "currentReplicas": 1, "desiredReplicas": 1, "conditions": [{"type": "AbleToScale", "status": "True"}],
        "currentMetrics": [{"type": "Resource", "resource": {"name": "cpu", "current": {
            "averageUtilization": 30, "averageValue": "60m"}}}]}})
    notes = told["metadata"]["annotations"]
    assert json.loads(notes[v1.METRICS]) == [{"type": "Resource", "resource": {"name": "memory", "targetAverageValue": "64Mi"}}]
    assert json.loads(notes[v1.CURRENT]) == [{"type": "Resource", "resource": {
        "name": "cpu", "currentAverageUtilization": 30, "currentAverageValue": "60m"}}]
    assert told["status"] == {"currentReplicas": 1, "desiredReplicas": 1, "currentCPUUtilizationPercentage": 30}


@pytest.mark.parametrize("note", ["{", "[1]", '"x"', "[{}]", '[{"type":"Resource","resource":5}]', "9" * 5000, "[" * 3000])
def test_hostile_annotations_are_refused_or_say_nothing(shell: Console, note: str) -> None:
    hostile = json.dumps({"metadata": {"annotations": {v1.METRICS: note, v1.BEHAVIOR: note}}})
    shell.run("apply -f hpa.yaml", hpa_yaml=MANIFEST)
    document = {**v1.served(stored(shell)), **json.loads(hostile)}
    document["metadata"] = {"name": "other", "annotations": document["metadata"]["annotations"]}
    told = shell.run("create -f hpa.yaml", hpa_yaml=json.dumps(document))
    assert told.code in (0, 1)
    assert "Traceback" not in told.stderr


def test_broken_annotations_say_nothing() -> None:
    broken = {**v1.served(hpa(cpu(50)))}
    broken["metadata"] = {**broken["metadata"], "annotations": {v1.METRICS: "{", v1.BEHAVIOR: "]"}}
    assert v1.stored(broken)["spec"]["metrics"] == [cpu(50)]


def test_the_registry_knows_both() -> None:
    assert REGISTRY.by_type("autoscaling/v1", "HorizontalPodAutoscaler") is hpas.KIND
    assert REGISTRY.version("autoscaling/v2", "HorizontalPodAutoscaler") is None
    assert REGISTRY.version_named("horizontalpodautoscalers.v2.autoscaling") is None
