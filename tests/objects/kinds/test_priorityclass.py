"""PriorityClass: defaults, rules, columns."""

from __future__ import annotations

from typing import Any

import pytest

from cluster.objects.documents import Document
from cluster.objects.kinds import priorityclass
from tests.apiserver.builders import lab, refusal
from tests.kubectl.builders import frozen, made
from tests.kubectl.running import console


def priority_class(name: str = "high", value: Any = 1000, **fields: Any) -> Document:
    return {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name}, "value": value, **fields}


def test_it_works() -> None:
    stored = lab().create(priority_class(globalDefault=False, description=""))
    assert {name: found for name, found in stored.items() if name != "metadata"} == {
        "apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "value": 1000,
        "preemptionPolicy": "PreemptLowerPriority",
    }
    assert stored["metadata"]["generation"] == 1


def test_new_clusters_have_two() -> None:
    result = console().run("get pc")
    assert [line.split()[:3] for line in result.lines] == [
        ["NAME", "VALUE", "GLOBAL-DEFAULT"],
        ["system-cluster-critical", "2000000000", "false"],
        ["system-node-critical", "2000001000", "false"],
    ]


def test_columns() -> None:
    document = made(
        "scheduling.k8s.io/v1", "PriorityClass", "high", namespace="", value=-1, globalDefault=True, preemptionPolicy="Never",
    )
    assert frozen(document).run("get priorityclass").lines == [
        "NAME   VALUE   GLOBAL-DEFAULT   AGE   PREEMPTIONPOLICY",
        "high   -1      true             0s    Never",
    ]


def test_describe() -> None:
    document = made(
        "scheduling.k8s.io/v1", "PriorityClass", "high", namespace="", value=7, preemptionPolicy="Never",
        description="urgent", annotations={"b": "2", "a": "1"},
    )
    assert frozen(document).run("describe pc high").stdout == (
        "Name:              high\nValue:             7\nGlobalDefault:     false\nPreemptionPolicy:  Never\n"
        "Description:       urgent\nAnnotations:       a=1,b=2\nEvents:            <none>\n"
    )


@pytest.mark.parametrize(("fields", "error"), [
    ({"value": 1_000_000_001}, "value: Forbidden: maximum allowed value of a user defined priority is 1000000000"),
    (
        {"preemptionPolicy": "Sometimes"},
        'preemptionPolicy: Unsupported value: "Sometimes": supported values: "PreemptLowerPriority", "Never"',
    ),
    ({"preemptionPolicy": ""}, "preemptionPolicy: Required value"),
])
def test_rules(fields: dict[str, Any], error: str) -> None:
    found = refusal(lab().create, priority_class(**fields))
    assert (found.code, found.message) == (422, f'PriorityClass.scheduling.k8s.io "high" is invalid: {error}')


@pytest.mark.parametrize(("name", "value", "default", "error"), [
    ("system-mine", 5, False, "system-mine is not a known system priority class"),
    ("system-node-critical", 5, False, "value of system-node-critical PriorityClass must be 2000001000"),
    ("system-node-critical", 2000001000, True, "globalDefault of system-node-critical PriorityClass must be false"),
])
def test_names_of_the_system(name: str, value: int, default: bool, error: str) -> None:
    found = refusal(lab().create, priority_class(name, value, globalDefault=default))
    assert found.message == (
        f'PriorityClass.scheduling.k8s.io "{name}" is invalid: metadata.name: Forbidden: priority class names with '
        f"'system-' prefix are reserved for system use only. error: {error}"
    )


def test_what_never_changes() -> None:
    api = lab()
    stored = api.create(priority_class())
    found = refusal(api.update, {**stored, "value": 5, "preemptionPolicy": "Never"})
    assert found.message == (
        'PriorityClass.scheduling.k8s.io "high" is invalid: [value: Forbidden: may not be changed in an update., '
        'preemptionPolicy: Invalid value: "Never": field is immutable]'
    )
    assert api.update({**stored, "description": "urgent"})["description"] == "urgent"


def test_a_value_is_a_number() -> None:
    found = refusal(lab().create, priority_class(value="high"))
    assert found.code == 400
    assert "cannot unmarshal string into Go struct field PriorityClass.value of type int32" in found.message


def test_every_class_of_the_system_is_valid() -> None:
    for document in priorityclass.system_classes():
        assert lab().create(document)["description"]
