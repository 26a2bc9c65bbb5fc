"""The Priority plugin turns a class's name into a number."""

from __future__ import annotations

from typing import Any

import pytest

from cluster.objects.documents import Document, with_value
from cluster.objects.kinds import priorityclass
from tests.apiserver.builders import lab, pod, refusal


def test_it_works() -> None:
    spec = lab().create(pod())["spec"]
    assert (spec["priority"], spec["preemptionPolicy"]) == (0, "PreemptLowerPriority")
    assert "priorityClassName" not in spec


@pytest.mark.parametrize(
    ("name", "value"), [("system-cluster-critical", 2000000000), ("system-node-critical", 2000001000)]
)
def test_classes_that_every_cluster_has(name: str, value: int) -> None:
    assert lab().create(pod(priorityClassName=name))["spec"]["priority"] == value


def test_an_unknown_class() -> None:
    error = refusal(lab().create, pod(priorityClassName="urgent"))
    assert (error.code, error.message) == (
        403, 'pods "web" is forbidden: no PriorityClass with name urgent was found',
    )


def test_a_number_of_one_s_own() -> None:
    error = refusal(lab().create, pod(priority=7))
    assert error.message == (
        'pods "web" is forbidden: the integer value of priority (7) must not be provided in pod spec; '
        "priority admission controller computed 0 from the given PriorityClass name"
    )


def test_an_update_need_not_repeat_it() -> None:
    api = lab()
    stored = api.create(pod())
    spec = {field: value for field, value in stored["spec"].items() if field not in ("priority", "preemptionPolicy")}
    assert api.update(with_value(stored, ("spec",), spec)) == stored


# --- classes ---------------------------------------------------------------------------------------------------------


def priority_class(name: str = "high", value: int = 1000, **fields: Any) -> Document:
    return {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name}, "value": value, **fields}


def test_a_class_of_one_s_own() -> None:
    api = lab()
    api.create(priority_class(preemptionPolicy="Never"))
    spec = api.create(pod(priorityClassName="high"))["spec"]
    assert (spec["priority"], spec["preemptionPolicy"]) == (1000, "Never")


def test_the_number_and_the_policy_may_be_repeated() -> None:
    api = lab()
    api.create(priority_class(preemptionPolicy="Never"))
    api.create(pod(priorityClassName="high", priority=1000, preemptionPolicy="Never"))
    error = refusal(api.create, pod("other", priorityClassName="high", preemptionPolicy="PreemptLowerPriority"))
    assert error.message == (
        'pods "other" is forbidden: the string value of PreemptionPolicy (PreemptLowerPriority) must not be provided in pod '
        "spec; priority admission controller computed Never from the given PriorityClass name"
    )


def test_the_global_default() -> None:
    api = lab()
    api.create(priority_class("usual", -5, globalDefault=True))
    spec = api.create(pod())["spec"]
    assert (spec["priorityClassName"], spec["priority"]) == ("usual", -5)


def test_there_is_one_global_default() -> None:
    api = lab()
    api.create(priority_class("usual", globalDefault=True))
    text = 'priorityclasses.scheduling.k8s.io "{}" is forbidden: PriorityClass usual is already marked as default. '
    text += "Only one default can exist"
    assert refusal(api.create, priority_class("other", globalDefault=True)).message == text.format("other")
    stored = api.create(priority_class("third"))
    assert refusal(api.update, {**stored, "globalDefault": True}).message == text.format("third")
    usual = api.read("priorityclasses.scheduling.k8s.io", "", "usual")
    assert api.update({**usual, "description": "for everybody"})["description"] == "for everybody"


def test_a_deleted_class_leaves_its_pods_alone() -> None:
    api = lab()
    api.create(priority_class())
    stored = api.create(pod(priorityClassName="high"))
    api.delete("priorityclasses.scheduling.k8s.io", "", "high")
    assert api.update(with_value(stored, ("metadata", "labels"), {"a": "b"}))["spec"]["priority"] == 1000


def test_the_system_s_classes_stay() -> None:
    api = lab()
    for document in priorityclass.system_classes():
        api.create(document)
    error = refusal(api.delete, "priorityclasses.scheduling.k8s.io", "", "system-node-critical")
    assert (error.code, error.message) == (
        403, 'priorityclasses.scheduling.k8s.io "system-node-critical" is forbidden: '
        "this is a system priority class and cannot be deleted",
    )
