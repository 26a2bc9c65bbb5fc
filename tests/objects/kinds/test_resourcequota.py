"""ResourceQuota: what the server refuses, and the cells of kubectl's table."""

from __future__ import annotations

from typing import Any

import pytest

from cluster.objects.documents import Document
from cluster.objects.kinds import resourcequota as quotas


def quota(hard: Document | None = None, **spec: Any) -> Document:
    return quotas.default({
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "rq", "namespace": "default"},
        "spec": {"hard": hard or {"pods": "1"}, **spec},
    })


def selector(**expression: Any) -> Document:
    return {"matchExpressions": [expression]}


def test_it_works() -> None:
    found = quota({
        "requests.cpu": "0.5", "count/widgets.example.com": 3, "a.storageclass.storage.k8s.io/requests.storage": "1Gi",
    })
    assert quotas.wanted(found)["requests.cpu"] == "500m"
    assert quotas.validate(found, None) == []


def test_cells() -> None:
    hard, used = {"pods": "4", "limits.cpu": "2", "cpu": "1"}, {"pods": "1", "limits.cpu": "0.5"}
    shown = {**quota(), "status": {"hard": hard, "used": used}}
    cells = {column.name: column.value(shown, 0) for column in quotas.KIND.columns[1:3]}
    assert cells == {"Request": "cpu: 0/1, pods: 1/4", "Limit": "limits.cpu: 500m/2"}


UNSUPPORTED = 'spec.scopes: Invalid value: ["{}"]: unsupported scope applied to resource'
MATCH = "spec.scopeSelector.matchExpressions"


@pytest.mark.parametrize(("found", "complaints"), [
    (quota({"storage": "1"}), ['spec.hard[storage]: Invalid value: "storage": must be a standard resource for quota']),
    (quota({"apples": "1"}), [
        'spec.hard[apples]: Invalid value: "apples": must be a standard resource type or fully qualified',
        'spec.hard[apples]: Invalid value: "apples": must be a standard resource for quota',
    ]),
    (quota({"pods": "-1"}), ['spec.hard[pods]: Invalid value: "-1": must be greater than or equal to 0']),
    (quota({"pods": "1.5"}), ['spec.hard[pods]: Invalid value: "1500m": must be an integer']),
    (quota({"a.b/gpu": "1.5"}), ['spec.hard[a.b/gpu]: Invalid value: "1500m": must be an integer']),
    (quota({"cpu": "much"}), [
        "spec.hard[cpu]: Invalid value: \"much\": quantities must match the regular expression "
        "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    ]),
    (quota({"pods": "1", "cpu": "1"}, scopes=["BestEffort"]), [UNSUPPORTED.format("BestEffort")]),
    (quota({"services": "1"}, scopes=["Terminating"]), [UNSUPPORTED.format("Terminating")]),
    (quota(scopes=["Odd"]), ['spec.scopes: Invalid value: ["Odd"]: unsupported scope']),
    (quota(scopes=["Terminating", "NotTerminating"]),
     ['spec.scopes: Invalid value: ["Terminating","NotTerminating"]: conflicting scopes']),
    (quota(scopeSelector=selector(scopeName="PriorityClass", operator="In")), [
        f"{MATCH}.values: Required value: must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
    ]),
    (quota(scopeSelector=selector(scopeName="PriorityClass", operator="Exists", values=["a"])), [
        f'{MATCH}.values: Invalid value: ["a"]: must be no value when `operator` is \'Exist\' or \'DoesNotExist\' for scope '
        "selector",
    ]),
    (quota(scopeSelector=selector(scopeName="PriorityClass", operator="Like", values=["a"])),
     [f'{MATCH}.operator: Invalid value: "Like": not a valid selector operator']),
    (quota(scopeSelector=selector(scopeName="BestEffort", operator="In", values=["a"])),
     [f'{MATCH}.operator: Invalid value: "In": {quotas.EXISTS_ONLY_TEXT}']),
])
def test_complaints(found: Document, complaints: list[str]) -> None:
    assert [str(error) for error in quotas.validate(found, None)] == complaints


def test_scopes_stay() -> None:
    old, new = quota(scopes=["BestEffort"]), quota(scopes=["Terminating"])
    assert [str(error) for error in quotas.validate(new, old)] == [
        'spec.scopes: Invalid value: ["Terminating"]: field is immutable',
    ]
    assert quotas.validate(quota({"pods": "9"}, scopes=["BestEffort"]), old) == []


def test_a_user_s_status() -> None:
    wrong = {**quota(), "status": {"hard": {"pods": "x"}, "used": {"pods": "-1"}}}
    assert [error.field for error in quotas.validate_status(wrong)] == ["status.hard[pods]", "status.used[pods]"]
