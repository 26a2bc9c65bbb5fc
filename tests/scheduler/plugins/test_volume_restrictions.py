"""VolumeRestrictions: disks and claims that cannot be shared."""

from __future__ import annotations

import pytest

from cluster.scheduler import events
from cluster.scheduler.events import ClusterEvent
from cluster.scheduler.framework import Code
from cluster.scheduler.plugins.volume_restrictions import DISK, IN_USE, VolumeRestrictions
from cluster.scheduler.snapshot import PodInfo, Snapshot
from tests.scheduler.builders import node
from tests.scheduler.storage_builders import claim, decided, lister, storage_class, using

NODES = [node("a"), node("b")]
GCE, EBS = {"pdName": "disk"}, {"volumeID": "vol-1"}
RBD = {"monitors": ["m1", "m2"], "image": "i"}


def test_it_works():
    found = decided(using(gcePersistentDisk=GCE), NODES, pods=[using(gcePersistentDisk=GCE, name="other", on="a")])
    rejected = found.verdict("a")
    assert found.feasible == ("b",)
    assert (rejected.plugin, rejected.status.code) == ("VolumeRestrictions", Code.UNSCHEDULABLE)
    assert (rejected.status.reasons, rejected.status.values) == ((DISK,), {"pod": "default/other"})


@pytest.mark.parametrize(("kind", "mine", "theirs", "fits"), [
    ("gcePersistentDisk", {**GCE, "readOnly": True}, {**GCE, "readOnly": True}, True),
    ("gcePersistentDisk", {**GCE, "readOnly": True}, GCE, False),
    ("gcePersistentDisk", GCE, {"pdName": "another"}, True),
    ("awsElasticBlockStore", {**EBS, "readOnly": True}, {**EBS, "readOnly": True}, False),
    ("iscsi", {"iqn": "q"}, {"iqn": "q"}, False),
    ("iscsi", {"iqn": "q", "readOnly": True}, {"iqn": "q", "readOnly": True}, True),
    ("rbd", RBD, {**RBD, "monitors": ["m2", "m3"]}, False),
    ("rbd", RBD, {**RBD, "monitors": ["m3"]}, True),
    ("rbd", RBD, {**RBD, "pool": "rbd"}, False),
    ("rbd", RBD, {**RBD, "pool": "other"}, True),
])
def test_disks(kind, mine, theirs, fits):
    found = decided(using(**{kind: mine}), NODES, pods=[using(**{kind: theirs}, name="other", on="a")])
    assert ("a" in found.feasible) is fits


def test_the_claim_of_an_ephemeral_volume_is_not_in_use_by_its_pod():
    exclusive = claim("other-v", modes=["ReadWriteOncePod"])
    owner = using(ephemeral={"volumeClaimTemplate": {}}, name="other", on="a")
    owner["spec"]["volumes"] = [{"name": "v", "ephemeral": {"volumeClaimTemplate": {}}}]
    assert decided(using("other-v"), NODES, exclusive, storage_class(), pods=[owner]).feasible == ("a", "b")


def test_a_claim_for_one_pod_is_taken_everywhere():
    exclusive = claim(modes=["ReadWriteOncePod"])
    found = decided(using("c"), NODES, exclusive, storage_class(), pods=[using("c", name="other", on="a")])
    assert {verdict.status.reasons for verdict in found.verdicts} == {(IN_USE,)}
    assert found.verdict("b").status.values == {"claims": ["c"], "used": 1}


def test_the_same_name_in_another_namespace_is_another_claim():
    other = using("c", name="other", on="a")
    other["metadata"]["namespace"] = "elsewhere"
    exclusive = claim(modes=["ReadWriteOncePod"])
    assert "VolumeRestrictions" in decided(using("c"), NODES, exclusive, storage_class(), pods=[other]).without_rules


def test_preemption_frees_a_claim():
    state = {}
    plugin = VolumeRestrictions()
    user = using("c", name="other", on="a")
    snapshot = Snapshot.of(NODES, [user], lister(claim(modes=["ReadWriteOncePod"])))
    assert plugin.pre_filter(state, using("c"), snapshot).status.is_success
    before = dict(state)
    info, emptied = PodInfo.of(user), snapshot.without_pod(user).node("a")
    plugin.remove_pod(state, using("c"), info, emptied)
    assert plugin.filter(state, using("c"), emptied).is_success
    plugin.add_pod(state, using("c"), info, snapshot.node("a"))
    assert not plugin.filter(state, using("c"), emptied).is_success
    assert before == state


@pytest.mark.parametrize(("event", "worth"), [
    (ClusterEvent(events.NODE, events.ADD, None, NODES[0]), True),
    (ClusterEvent(events.PERSISTENT_VOLUME_CLAIM, events.ADD, None, claim()), True),
    (ClusterEvent(events.PERSISTENT_VOLUME_CLAIM, events.ADD, None, claim("other")), False),
    (ClusterEvent(events.ASSIGNED_POD, events.DELETE, using("c", name="o", on="a"), None), True),
    (ClusterEvent(events.ASSIGNED_POD, events.DELETE, using("d", name="o", on="a"), None), False),
    (ClusterEvent(events.ASSIGNED_POD, events.DELETE, using(gcePersistentDisk=GCE, name="o", on="a"), None), True),
])
def test_queueing_hints(event, worth):
    assert VolumeRestrictions().worth_retrying(using("c", gcePersistentDisk=GCE), event) is worth
