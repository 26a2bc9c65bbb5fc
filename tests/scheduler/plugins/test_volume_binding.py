"""VolumeBinding: bound volumes hold their pod, waiting claims are matched or provisioned, PreBind sees it through."""

from __future__ import annotations

from typing import Any

import pytest

from cluster.scheduler import events
from cluster.scheduler.events import ClusterEvent
from cluster.scheduler.framework import Code
from cluster.scheduler.plugins.volume_binding import NO_VOLUME, NODE_CONFLICT, VolumeBinding, topology_allows
from tests.scheduler.builders import node
from tests.scheduler.storage_builders import claim, csi_node, decided, storage_class, using, volume

NODES = [node("a", labels={"zone": "1"}), node("b", labels={"zone": "2"})]
BY_HAND = storage_class(provisioner="kubernetes.io/no-provisioner")


def note(decision) -> Any:
    return decision.notes["VolumeBinding"]


def test_it_works():
    found = decided(using("c"), NODES, BY_HAND, claim(), volume(on=["b"]))
    assert found.feasible == ("b",)
    assert note(found) == {"bind": [["c", "v"]], "provision": []}
    rejected = found.verdict("a").status
    assert (rejected.code, rejected.reasons) == (Code.UNRESOLVABLE, (NO_VOLUME,))
    assert rejected.values == {
        "claims": [{"claim": "c", "class": "late", "request": "1Gi", "volumes": {"v": "nodeAffinity"}}],
    }


def test_a_pod_without_claims_is_not_looked_at():
    assert "VolumeBinding" in decided(using(), NODES).without_rules


def test_a_bound_volume_holds_its_pod():
    bound = claim(volume="v", bound=True)
    found = decided(using("c"), NODES, BY_HAND, bound, volume(on=["b"], kept_for=bound, phase="Bound"))
    assert found.feasible == ("b",) and note(found) is None
    rejected = found.verdict("a").status
    assert rejected.reasons == (NODE_CONFLICT,)
    assert (rejected.values["claim"], rejected.values["volume"]) == ("c", "v")


def test_both_reasons_are_told_in_order():
    bound = claim("old", volume="v", bound=True)
    found = decided(using("new", "old"), NODES, BY_HAND, bound, claim("new"), volume(on=["b"], kept_for=bound))
    assert found.verdict("a").status.reasons == (NODE_CONFLICT, NO_VOLUME)
    assert found.verdict("b").status.reasons == (NO_VOLUME,)


@pytest.mark.parametrize(("document", "message"), [
    (None, 'persistentvolumeclaim "c" not found'),
    (claim(storage_class="now"), "pod has unbound immediate PersistentVolumeClaims"),
    (claim(storage_class=None), "pod has unbound immediate PersistentVolumeClaims"),
    (claim(storage_class="missing"), "pod has unbound immediate PersistentVolumeClaims"),
    (claim(volume="v"), "pod has unbound immediate PersistentVolumeClaims"),
    (claim(volume="v", phase="Lost"), 'persistentvolumeclaim "c" bound to non-existent persistentvolume "v"'),
    (claim(deletionTimestamp="2026-01-01T00:00:00Z"), 'persistentvolumeclaim "c" is being deleted'),
])
def test_claims_that_end_the_attempt(document, message):
    classes = [storage_class(), storage_class("now", waits=False)]
    found = decided(using("c"), NODES, *classes, *([document] if document else []))
    assert found.message == f"0/2 nodes are available: {message}. not found"
    assert not found.feasible


def test_an_ephemeral_claim_must_be_the_pods_own():
    incoming = using(ephemeral={"volumeClaimTemplate": {}})
    waiting = decided(incoming, NODES, storage_class())
    assert "waiting for ephemeral volume controller to create the persistentvolumeclaim" in waiting.message
    stranger = decided(incoming, NODES, storage_class(), claim("p-ephemeral"))
    assert "was not created for pod default/p (pod is not owner)" in stranger.message
    owner = {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "uid-p", "controller": True}
    own = decided(incoming, NODES, storage_class(), claim("p-ephemeral", ownerReferences=[owner]))
    assert note(own) == {"bind": [], "provision": ["p-ephemeral"]}


def test_small_claims_come_first_and_take_the_smallest_volume():
    volumes = [volume("large", "10Gi"), volume("middle", "5Gi"), volume("small", "1Gi")]
    found = decided(using("big", "little"), NODES, BY_HAND, claim("big", "4Gi"), claim("little"), *volumes)
    assert note(found)["bind"] == [["little", "small"], ["big", "middle"]]


@pytest.mark.parametrize(("wrong", "why"), [
    (volume(size="512Mi"), "size"), (volume(phase="Released"), "phase"), (volume(kept_for=claim("other")), "claimed"),
    (volume(deletionTimestamp="2026-01-01T00:00:00Z"), "deleted"), (volume(modes=["ReadOnlyMany"]), "accessModes"),
])
def test_volumes_that_do_not_fit(wrong, why):
    found = decided(using("c"), NODES, BY_HAND, claim(), wrong)
    assert not found.feasible
    assert found.verdict("a").status.values["claims"][0]["volumes"] == {"v": why}


def test_a_volume_kept_for_the_claim_is_the_only_one_that_will_do():
    kept = volume("mine", "8Gi", on=["b"], kept_for=claim(), phase="Pending")
    found = decided(using("c"), NODES, BY_HAND, claim(), kept, volume("free", on=["b"]))
    assert note(found)["bind"] == [["c", "mine"]]


def test_what_has_no_volume_is_provisioned_where_the_class_allows():
    terms = [{"matchLabelExpressions": [{"key": "zone", "values": ["2"]}]}]
    found = decided(using("c"), NODES, storage_class(allowedTopologies=terms), claim())
    assert found.feasible == ("b",) and note(found) == {"bind": [], "provision": ["c"]}
    assert found.verdict("a").status.values["claims"][0]["allowedTopologies"] == terms


def test_a_claim_that_has_a_node_goes_nowhere_else():
    chosen = claim(annotations={"volume.kubernetes.io/selected-node": "b"})
    found = decided(using("c"), NODES, storage_class(), chosen, volume(on=["a"]))
    assert found.feasible == ("b",) and note(found)["provision"] == ["c"]
    assert found.verdict("a").status.values == {"selectedNode": {"c": "b"}}


@pytest.mark.parametrize(("terms", "allowed"), [
    ([], True), ([{}], False), ([{"matchLabelExpressions": [{"key": "z", "values": ["1"]}]}], True),
    ([{"matchLabelExpressions": [{"key": "z", "values": ["1"]}, {"key": "y", "values": ["1"]}]}], False),
])
def test_topologies(terms, allowed):
    assert topology_allows(terms, {"z": "1"}) is allowed


@pytest.mark.parametrize(("event", "worth"), [
    (ClusterEvent(events.PERSISTENT_VOLUME_CLAIM, events.ADD, None, claim()), True),
    (ClusterEvent(events.PERSISTENT_VOLUME_CLAIM, events.ADD, None, claim("other")), False),
    (ClusterEvent(events.PERSISTENT_VOLUME_CLAIM, events.ADD, None, claim(namespace="other")), False),
    (ClusterEvent(events.PERSISTENT_VOLUME, events.ADD, None, volume()), True),
    (ClusterEvent(events.STORAGE_CLASS, events.ADD, None, storage_class()), True),
    (ClusterEvent(events.STORAGE_CLASS, events.UPDATE, storage_class(), storage_class(parameters={"a": "b"})), False),
    (ClusterEvent(events.STORAGE_CLASS, events.UPDATE, storage_class(), storage_class(allowedTopologies=[{}])), True),
    (ClusterEvent(events.CSI_NODE, events.UPDATE, csi_node("a"), csi_node("a", d=1)), False),
])
def test_queueing_hints(event, worth):
    assert VolumeBinding().worth_retrying(using("c"), event) is worth
