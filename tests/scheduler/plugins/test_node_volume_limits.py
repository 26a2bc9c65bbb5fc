"""NodeVolumeLimits: a node takes only so many volumes of a driver."""

from __future__ import annotations

import pytest

from cluster.scheduler import events
from cluster.scheduler.events import ClusterEvent
from cluster.scheduler.framework import Code
from cluster.scheduler.plugins.node_volume_limits import REASON, NodeVolumeLimits
from tests.scheduler.builders import node
from tests.scheduler.storage_builders import DRIVER, attachment, claim, csi_node, decided, storage_class, using, volume

NODES = [node("a"), node("b")]
LIMITED = csi_node("a", disk_example=1)


def bound(name: str):
    """A claim with a volume of the driver."""
    held = claim(name, volume=f"v-{name}", bound=True)
    return held, volume(f"v-{name}", kept_for=held, phase="Bound", driver=DRIVER)


def test_it_works():
    found = decided(using("x"), NODES, LIMITED, *bound("x"), *bound("y"), pods=[using("y", name="other", on="a")])
    rejected = found.verdict("a")
    assert found.feasible == ("b",)
    assert (rejected.plugin, rejected.status.code, rejected.status.reasons) == (
        "NodeVolumeLimits", Code.UNSCHEDULABLE, (REASON,)
    )
    assert rejected.status.values == {"driver": DRIVER, "limit": 1, "attached": 1, "new": 1}


def test_a_volume_counts_once_whoever_uses_it():
    others = [using("x", name=name, on="a") for name in ("one", "two")]
    assert "a" in decided(using("x"), NODES, LIMITED, *bound("x"), pods=others).feasible


def test_attachments_count_but_not_twice():
    twice = [attachment("at", "a", "v-y"), *bound("x"), *bound("y")]
    assert "a" not in decided(using("x"), NODES, LIMITED, *twice).feasible
    roomy = csi_node("a", disk_example=2)
    assert "a" in decided(using("x"), NODES, roomy, *twice, pods=[using("y", name="o", on="a")]).feasible


@pytest.mark.parametrize("irrelevant", [
    attachment("at", "b", "v-y"), attachment("at", "a", "missing"), attachment("at", "a", "v-y", attacher=""),
])
def test_other_attachments_do_not_count(irrelevant):
    assert "a" in decided(using("x"), NODES, LIMITED, irrelevant, *bound("x"), *bound("y")).feasible


def test_unbound_claims_count_by_their_class():
    others = [using("y", name="other", on="a")]
    found = decided(using("x"), NODES, LIMITED, storage_class(), claim("x"), claim("y"), pods=others)
    assert found.verdict("a").status.reasons == (REASON,)


def test_claims_of_other_drivers_do_not_count():
    elsewhere = storage_class("other", provisioner="nfs.example")
    found = decided(
        using("x"), NODES, LIMITED, elsewhere, claim("x", storage_class="other"), *bound("y"),
        pods=[using("y", name="o", on="a")],
    )
    assert "a" in found.feasible


def test_in_tree_disks_count_where_there_is_a_csi_node():
    disk = using(awsElasticBlockStore={"volumeID": "vol-1"})
    assert "a" not in decided(disk, NODES, csi_node("a", ebs_csi_aws_com=0)).feasible
    assert "a" in decided(disk, NODES, csi_node("b", ebs_csi_aws_com=0)).feasible
    assert "a" in decided(disk, NODES, csi_node("a", disk_example=0)).feasible


def test_in_tree_disks_without_a_driver_are_not_counted():
    assert "a" in decided(using(azureFile={"shareName": "s"}), NODES, csi_node("a", file_csi_azure_com=0)).feasible


def test_unbound_claims_of_an_in_tree_class_count_for_its_driver():
    old = storage_class("old", provisioner="kubernetes.io/aws-ebs")
    wanted = claim("x", storage_class="old")
    assert "a" not in decided(using("x"), NODES, csi_node("a", ebs_csi_aws_com=0), old, wanted).feasible
    assert "a" in decided(using("x"), NODES, csi_node("b", ebs_csi_aws_com=0), old, wanted).feasible


def test_pods_without_such_volumes_are_not_looked_at():
    assert "NodeVolumeLimits" in decided(using(emptyDir={}), NODES, LIMITED).without_rules


@pytest.mark.parametrize(("event", "worth"), [
    (ClusterEvent(events.CSI_NODE, events.ADD, None, LIMITED), True),
    (ClusterEvent(events.CSI_NODE, events.UPDATE, LIMITED, csi_node("a", disk_example=2)), True),
    (ClusterEvent(events.CSI_NODE, events.UPDATE, LIMITED, LIMITED), False),
    (ClusterEvent(events.ASSIGNED_POD, events.DELETE, using("y", on="a"), None), True),
    (ClusterEvent(events.ASSIGNED_POD, events.DELETE, using(on="a"), None), False),
    (ClusterEvent(events.PERSISTENT_VOLUME_CLAIM, events.ADD, None, claim("x")), True),
    (ClusterEvent(events.PERSISTENT_VOLUME_CLAIM, events.ADD, None, claim("z")), False),
    (ClusterEvent(events.VOLUME_ATTACHMENT, events.DELETE, attachment("at", "a", "v"), None), True),
])
def test_queueing_hints(event, worth):
    assert NodeVolumeLimits().worth_retrying(using("x"), event) is worth
