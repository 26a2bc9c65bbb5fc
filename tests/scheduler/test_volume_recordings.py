"""What a real kube-scheduler wrote about the volumes of the pods that it placed."""

from __future__ import annotations

from typing import Any

import pytest

from cluster.objects.documents import Document
from tests.golden_replay.decisions import cases, decide_recorded
from tests.support.golden import golden

RECORDED = [case for case in cases("volumes", golden()) if case["result"]["outcome"] == "scheduled"]


def sizes(case: Any) -> dict[str, Any]:
    """What tells volumes apart: of equal ones any will do."""
    volumes: list[Document] = case["input"].get("persistentVolumes", [])
    return {
        volume["metadata"]["name"]: (volume["spec"]["capacity"], volume["spec"].get("storageClassName")) for volume in volumes
    }


@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in RECORDED])
def test_agrees(case):
    decision, expected = decide_recorded(case), case["result"]
    if decision.chosen != expected["node"]:
        assert decision.chosen in expected["best"]
        return
    note = decision.notes.get("VolumeBinding")
    assert (note is None) is (expected.get("bound") is not False)
    written = expected.get("volumes", {})
    for claim, node in written.get("selectedNode", {}).items():
        assert claim in note["provision"] and node == decision.chosen
    chosen, size = dict(note["bind"] if note else []), sizes(case)
    for claim, volume in written.get("volumeForClaim", {}).items():
        assert size[chosen[claim]] == size[volume]


def test_there_is_something_to_compare():
    assert sum("volumes" in case["result"] for case in RECORDED) >= 5
