"""The simulated driver: volumes on demand, in the right zone, larger when asked, deleted when released."""

from __future__ import annotations

import pytest

from cluster.objects.documents import dig
from cluster.storage import driver
from tests.controllers.storage_builders import CLAIMS, VOLUMES, StorageLab, claim


def node(name: str, zone: str = ""):
    labels = {driver.ZONE: zone} if zone else {}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}}


@pytest.fixture
def lab() -> StorageLab:
    lab = StorageLab()
    lab.make(*driver.storage_classes())
    return lab


def the_volume(lab: StorageLab):
    (found,) = lab.api.list(VOLUMES)
    return found


def test_it_works(lab):
    lab.make(claim(size="2048Mi", storage_class="immediate"))
    made = the_volume(lab)
    assert made["metadata"]["name"] == f"pvc-{lab.claim()['metadata']['uid']}"
    assert made["metadata"]["annotations"] == {"pv.kubernetes.io/provisioned-by": driver.NAME}
    assert made["spec"]["capacity"] == {"storage": "2Gi"} and "nodeAffinity" not in made["spec"]
    assert (made["spec"]["csi"]["driver"], made["status"]["phase"]) == (driver.NAME, "Bound")
    assert lab.claim()["status"]["phase"] == "Bound"
    assert {reason for reason, _ in lab.reasons("c")} == {"ExternalProvisioning", "Provisioning", "ProvisioningSucceeded"}


def test_a_waiting_class_needs_a_node(lab):
    lab.make(claim(storage_class="standard"))
    assert lab.api.list(VOLUMES) == []
    lab.make(node("n", "west"))
    select(lab, "n")
    rule = dig(the_volume(lab), "spec", "nodeAffinity", "required", "nodeSelectorTerms", 0, "matchExpressions", 0)
    assert rule == {"key": driver.ZONE, "operator": "In", "values": ["west"]}


def select(lab: StorageLab, node_name: str) -> None:
    note = {"metadata": {"annotations": {"volume.kubernetes.io/selected-node": node_name}}}
    lab.user().patch(CLAIMS, "default", "c", note, "merge")
    lab.until_quiet()


def test_a_node_that_is_gone_is_given_back(lab):
    lab.make(claim(storage_class="standard"))
    select(lab, "nowhere")
    assert "volume.kubernetes.io/selected-node" not in lab.claim()["metadata"]["annotations"]
    assert (
        "ProvisioningFailed",
        'failed to provision volume with StorageClass "standard": error getting selected node: node "nowhere" not found',
    ) in lab.reasons("c")


def test_an_immediate_volume_is_made_in_an_allowed_zone(lab):
    terms = [{"matchLabelExpressions": [{"key": driver.ZONE, "values": ["east"]}]}]
    picky = {**driver.storage_classes()[1], "metadata": {"name": "picky"}, "allowedTopologies": terms}
    lab.make(node("w", "west"), node("e", "east"), picky, claim(storage_class="picky"))
    rule = dig(the_volume(lab), "spec", "nodeAffinity", "required", "nodeSelectorTerms", 0, "matchExpressions", 0)
    assert rule["values"] == ["east"]


def test_classes_of_others_are_left_alone(lab):
    other = {**driver.storage_classes()[1], "metadata": {"name": "other"}, "provisioner": "x.example"}
    lab.make(other, claim(storage_class="other"))
    assert lab.api.list(VOLUMES) == []
    assert [reason for reason, _ in lab.reasons("c")] == ["ExternalProvisioning"]


def test_a_claim_grows(lab):
    lab.make(claim(storage_class="immediate"))
    lab.user().patch(CLAIMS, "default", "c", {"spec": {"resources": {"requests": {"storage": "3Gi"}}}})
    lab.until_quiet()
    assert the_volume(lab)["spec"]["capacity"] == {"storage": "3Gi"}
    assert lab.claim()["status"]["capacity"] == {"storage": "3Gi"}


def test_a_released_volume_goes_with_its_storage(lab):
    lab.make(claim(storage_class="immediate"))
    lab.remove(CLAIMS, "c")
    assert lab.api.list(VOLUMES) == []


def test_a_retained_one_stays(lab):
    keep = {**driver.storage_classes()[1], "metadata": {"name": "keep"}, "reclaimPolicy": "Retain"}
    lab.make(keep, claim(storage_class="keep"))
    lab.remove(CLAIMS, "c")
    assert the_volume(lab)["status"]["phase"] == "Released"


def test_a_claim_that_goes_before_its_volume_comes(lab):
    lab.user().create(claim(storage_class="immediate"))
    lab.advance(100)
    lab.remove(CLAIMS, "c")
    assert lab.api.list(VOLUMES) == [] and lab.claim() is None


def test_equal_worlds_make_equal_volumes(lab):
    lab.user().create(claim(storage_class="immediate"))
    twin = lab.fork()
    for each in (lab, twin):
        each.until_quiet()
    assert twin.api.list(VOLUMES) == lab.api.list(VOLUMES) != []
