"""The Priority plugin turns a class's name into a number."""

from __future__ import annotations

import pytest

from cluster.objects.documents import with_value
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
