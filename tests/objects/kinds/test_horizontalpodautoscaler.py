"""HorizontalPodAutoscaler: what the server fills in and refuses, and its row in kubectl's table."""

from __future__ import annotations

from typing import Any

import pytest

from cluster.objects.documents import Document
from cluster.objects.kinds import horizontalpodautoscaler as hpas
from tests.controllers.horizontal_lab import cpu, each, hpa


def test_it_works() -> None:
    found = hpa()
    assert found["spec"]["minReplicas"] == 1
    assert hpas.metrics(found) == [cpu(80)]
    assert "behavior" not in found["spec"]
    assert hpas.validate(found, None) == []


def test_rules_are_filled_in() -> None:
    rules = hpas.behavior(hpa(behavior={"scaleDown": {"stabilizationWindowSeconds": 60}}))
    assert rules is not None
    assert rules["scaleDown"] == {
        "stabilizationWindowSeconds": 60, "selectPolicy": "Max",
        "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}],
    }
    assert rules["scaleUp"]["stabilizationWindowSeconds"] == 0
    assert [policy["value"] for policy in rules["scaleUp"]["policies"]] == [4, 100]


def resource(**target: Any) -> Document:
    return {"type": "Resource", "resource": {"name": "cpu", "target": target}}


@pytest.mark.parametrize(("found", "complaints"), [
    (hpa(maxReplicas=0), [
        "spec.maxReplicas: Required value: must be set and greater than 0",
        "spec.maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`",
    ]),
    (hpa(minReplicas=0), ["spec.minReplicas: Invalid value: 0: must be greater than or equal to 1"]),
    (hpa(minReplicas=11), ["spec.maxReplicas: Invalid value: 10: must be greater than or equal to `minReplicas`"]),
    (hpa(scaleTargetRef={"apiVersion": "v1", "kind": "Deployment", "name": "web"}), [
        'spec.scaleTargetRef.apiVersion: Invalid value: "v1": apiVersion must specify API group',
    ]),
    (hpa(scaleTargetRef={"apiVersion": "a/b/c", "kind": "Deployment", "name": "web"}), [
        'spec.scaleTargetRef.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c',
    ]),
    (hpa(scaleTargetRef={"apiVersion": "v1", "kind": "ReplicationController", "name": "web"}), []),
    (hpa(behavior={"scaleUp": {"tolerance": "-0.1"}}), [
        'spec.behavior.scaleUp.tolerance: Invalid value: "-100m": must be greater than or equal to 0',
    ]),
    (hpa(scaleTargetRef={"apiVersion": "apps/v1", "kind": "Deployment"}), ["spec.scaleTargetRef.name: Required value"]),
    (hpa(scaleTargetRef={"apiVersion": "apps/v1", "kind": "A/b", "name": ".."}), [
        "spec.scaleTargetRef.kind: Invalid value: \"A/b\": may not contain '/'",
        "spec.scaleTargetRef.name: Invalid value: \"..\": may not be '..'",
    ]),
    (hpa({"type": "Resource"}), [
        "spec.metrics[0].resource: Required value: must populate information for the given metric source",
    ]),
    (hpa(resource(type="Utilization")), [
        "spec.metrics[0].resource.target.averageUtilization: Required value: must set either a target raw value or a target "
        "utilization",
    ]),
    (hpa(resource(type="Utilization", averageUtilization=0)), [
        "spec.metrics[0].resource.target.averageUtilization: Invalid value: 0: must be greater than 0",
    ]),
    (hpa(resource(type="AverageValue", averageValue="0")), [
        'spec.metrics[0].resource.target.averageValue: Invalid value: "0": must be positive',
    ]),
    (hpa(resource(type="Utilization", averageValue="1", averageUtilization=5)), [
        "spec.metrics[0].resource.target.averageValue: Forbidden: may not set both a target raw value and a target utilization",
    ]),
    (hpa({**cpu(), "pods": {}}), ["spec.metrics[0].pods: Forbidden: must populate the given metric source only"]),
    (hpa(behavior={"scaleUp": {"stabilizationWindowSeconds": 3601}}), [
        "spec.behavior.scaleUp.stabilizationWindowSeconds: Invalid value: 3601: must be less than or equal to 3600",
    ]),
    (hpa(behavior={"scaleUp": {"selectPolicy": "Most"}}), [
        'spec.behavior.scaleUp.selectPolicy: Unsupported value: "Most": supported values: "Disabled", "Max", "Min"',
    ]),
    (hpa(behavior={"scaleDown": {"policies": []}}), [
        "spec.behavior.scaleDown.policies: Required value: must specify at least one Policy",
    ]),
    (hpa(behavior={"scaleDown": {"policies": [{"type": "Nodes", "value": 0, "periodSeconds": 9999}]}}), [
        'spec.behavior.scaleDown.policies[0].type: Unsupported value: "Nodes": supported values: "Percent", "Pods"',
        "spec.behavior.scaleDown.policies[0].value: Invalid value: 0: must be greater than zero",
        "spec.behavior.scaleDown.policies[0].periodSeconds: Invalid value: 9999: must be less than or equal to 1800",
    ]),
])
def test_complaints(found: Document, complaints: list[str]) -> None:
    assert [str(error) for error in hpas.validate(found, None)] == complaints


def test_a_version_that_is_wrong_already_may_stay() -> None:
    wrong = hpa(scaleTargetRef={"apiVersion": "v1", "kind": "Deployment", "name": "web"})
    assert hpas.validate(wrong, wrong) == []


def test_an_unknown_metric() -> None:
    texts = {str(error) for error in hpas.validate(hpa({"type": "Guess"}), None)}
    assert texts == {
        'spec.metrics[0].type: Unsupported value: "Guess": supported values: "ContainerResource", "External", "Object", "Pods", '
        '"Resource"',
    }


def test_a_user_s_status() -> None:
    wrong = {**hpa(), "status": {"currentReplicas": -1, "desiredReplicas": 0}}
    assert [error.field for error in hpas.validate_status(wrong)] == ["status.currentReplicas"]


def test_targets() -> None:
    queue = {"type": "External", "external": {"metric": {"name": "q"}, "target": {"type": "AverageValue", "averageValue": "3"}}}
    assert hpas.targets_cell(hpa(cpu(), each("50m", "memory"), queue)) == (
        "cpu: <unknown>/50%, memory: <unknown>/50m + 1 more..."
    )
    assert hpas.targets_cell(hpa(queue)) == "<unknown>/3 (avg)"
    measured = {**hpa(cpu()), "status": {"currentMetrics": [
        {"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 30, "averageValue": "60m"}}},
    ]}}
    assert hpas.targets_cell(measured) == "cpu: 30%/50%"
