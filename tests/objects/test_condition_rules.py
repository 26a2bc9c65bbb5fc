"""The rules of `status.conditions`."""

from __future__ import annotations

from typing import Any

import pytest

from cluster.objects.condition_rules import condition_errors
from tests.apiserver.builders import lab, pod, refusal

GOOD = {"type": "Ready", "status": "True", "reason": "AllIsWell", "lastTransitionTime": "2026-01-01T00:00:00Z"}


def complaints(*conditions: dict[str, Any]) -> list[str]:
    return [str(error) for error in condition_errors(conditions, "status.conditions")]


def test_it_works() -> None:
    other = {**GOOD, "type": "example.com/Fast", "status": "Unknown", "message": "x", "observedGeneration": 2}
    assert complaints(GOOD, other) == []


@pytest.mark.parametrize(("change", "error"), [
    ({"status": "Yes"}, 'status: Unsupported value: "Yes": supported values: "False", "True", "Unknown"'),
    ({"observedGeneration": -1}, "observedGeneration: Invalid value: -1: must be greater than or equal to zero"),
    ({"lastTransitionTime": None}, "lastTransitionTime: Required value"),
    ({"reason": ""}, "reason: Required value"),
    ({"reason": "a" * 1025}, "reason: Too long: may not be more than 1024 bytes"),
    ({"message": "é" * 20_000}, "message: Too long: may not be more than 32768 bytes"),
])
def test_rules(change: dict[str, Any], error: str) -> None:
    assert complaints({**GOOD, **change}) == [f"status.conditions[0].{error}"]


@pytest.mark.parametrize("reason", ["1st", "a-b", "a:", "ä", "a b", "a\n"])
def test_reasons(reason: str) -> None:
    (found,) = complaints({**GOOD, "reason": reason})
    assert "a condition reason must start with alphabetic character" in found


def test_a_type_stands_once() -> None:
    assert complaints(GOOD, GOOD) == ['status.conditions[1].type: Duplicate value: "Ready"']


def test_a_type_is_a_name() -> None:
    assert any("name part must be non-empty" in found for found in complaints({**GOOD, "type": ""}))


def test_no_kind_has_conditions_without_a_type() -> None:
    api = lab()
    stored = api.create(pod())
    error = refusal(api.update, {**stored, "status": {"conditions": [GOOD, {"status": "True"}]}}, subresource="status")
    assert error.message == 'Pod "web" is invalid: status.conditions[1].type: Required value'
