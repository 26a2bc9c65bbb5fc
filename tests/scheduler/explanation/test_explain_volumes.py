"""Sentences about volumes."""

from __future__ import annotations

from typing import Any

import pytest

from cluster.scheduler.explanation.nodes import node_word, pod_word
from cluster.scheduler.explanation.sentences import english
from tests.scheduler.builders import container, node, pod
from tests.scheduler.explained import sentences, told


@pytest.mark.parametrize(("plugin", "values", "sentence"), [
    ("VolumeBinding", {"claim": "data", "volume": "pv-1", "terms": [
        {"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a"]}]}]},
     "n1 cannot reach pv-1, the volume of the claim data: it is only for zone In [a]."),
    ("VolumeBinding", {"selectedNode": {"data": "n2"}}, "The volume of data is being made for n2, not for n1."),
    ("VolumeBinding", {"claims": [{"claim": "data", "class": "fast", "request": "1Gi"}]},
     "n1 has no volume for the claim data, and none can be made for it here."),
    ("VolumeBinding", {"claim": "data", "volume": "pv-1"}, "VolumeBinding rejects n1: why."),
    ("VolumeZone", {"volume": "pv-1", "label": "zone", "values": ["a"], "node": None},
     "The volume pv-1 is in zone a, but n1 is in –."),
    ("NodeVolumeLimits", {"driver": "d", "limit": 3, "attached": 3, "new": 1},
     "n1 can attach 3 volumes of d: 3 are attached, and the Pod brings 1."),
    ("VolumeRestrictions", {"pod": "default/x"}, "x on n1 uses the same disk."),
    ("VolumeRestrictions", {"claims": ["data"], "used": 1},
     "Only one Pod at a time may use the claim data, and another one does."),
])
def test_it_works(plugin: str, values: dict[str, Any], sentence: str) -> None:
    assert english(node_word({"node": "n1", "plugin": plugin, "reasons": ["why"], "values": values})) == sentence


def test_claims_that_are_not_bound() -> None:
    entry = {"reasons": ["pod has unbound immediate PersistentVolumeClaims"], "values": {"claims": ["a"]}}
    word = pod_word("VolumeBinding", entry)
    assert english(word).startswith("The claim a has no volume yet.")


def test_a_claim_that_is_not_there() -> None:
    word = pod_word("VolumeRestrictions", {"reasons": ['persistentvolumeclaim "a" not found'], "values": {"claim": "a"}})
    assert english(word) == (
        'VolumeRestrictions rejects the Pod before any node is looked at: persistentvolumeclaim "a" not found.'
    )


def test_nothing_that_was_tried_brings_a_claim() -> None:
    """It is one thing that is in the way, not several; where several are it is said."""
    claims = [{"name": "d", "persistentVolumeClaim": {"claimName": "a"}}]
    without = told(pod("p", container(), volumes=claims), [node("n1"), node("n2")])
    assert without["changes"] == []
    assert not [sentence for sentence in sentences(without, "pending") if "single change" in sentence]
    beset = told(pod("p", container(cpu="9"), nodeSelector={"a": "b"}), [node("n1", cordoned=True), node("n2", cordoned=True)])
    assert [sentence for sentence in sentences(beset, "pending") if "several things are in the way" in sentence]
