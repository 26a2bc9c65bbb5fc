"""The volume binder: matching, pre-binding, waiting, releasing."""

from __future__ import annotations

import pytest

from cluster.storage import driver
from tests.controllers.storage_builders import CLAIMS, VOLUMES, StorageLab, claim, pod_using, volume


@pytest.fixture
def lab() -> StorageLab:
    return StorageLab()


def late(provisioner: str = "kubernetes.io/no-provisioner", **fields):
    mode = "WaitForFirstConsumer"
    return {
        "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "late"}, "provisioner": provisioner,
        "volumeBindingMode": mode, **fields,
    }


def test_it_works(lab):
    lab.make(volume("big", "9Gi"), volume("small", "2Gi"), claim("c", "1Gi"))
    assert lab.phases() == {"c": "Bound", "small": "Bound", "big": "Available"}
    bound, kept = lab.claim(), lab.volume("small")
    assert bound["spec"]["volumeName"] == "small"
    assert bound["status"] == {"phase": "Bound", "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "2Gi"}}
    assert kept["spec"]["claimRef"]["uid"] == bound["metadata"]["uid"]
    assert bound["metadata"]["annotations"] == {
        "pv.kubernetes.io/bind-completed": "yes", "pv.kubernetes.io/bound-by-controller": "yes",
    }
    assert kept["metadata"]["annotations"] == {"pv.kubernetes.io/bound-by-controller": "yes"}


def test_fewest_access_modes_win_over_size(lab):
    lab.make(volume("both", "1Gi", modes=["ReadWriteOnce", "ReadOnlyMany"]), volume("one", "5Gi"), claim())
    assert lab.phases()["one"] == "Bound"


@pytest.mark.parametrize("unfit", [
    volume(size="512Mi"), volume(modes=["ReadOnlyMany"]), volume(storage_class="other"), volume(volumeMode="Block"),
    volume(claimRef={"namespace": "default", "name": "another"}),
])
def test_volumes_that_do_not_fit(lab, unfit):
    lab.make({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "manual"},
              "provisioner": "x.example"}, unfit, claim())
    assert lab.phases() == {"c": "Pending", "v": "Available"}


def test_a_selector_chooses(lab):
    labelled = volume("gold", "9Gi")
    labelled["metadata"]["labels"] = {"tier": "gold"}
    lab.make(volume("plain"), labelled, claim(selector={"matchLabels": {"tier": "gold"}}))
    assert lab.claim()["spec"]["volumeName"] == "gold"


def test_a_volume_kept_by_hand_waits_for_its_claim(lab):
    lab.make(volume("kept", "9Gi", claimRef={"namespace": "default", "name": "c"}), volume("free"), claim())
    assert lab.phases() == {"c": "Bound", "kept": "Bound", "free": "Available"}
    assert "annotations" not in lab.volume("kept")["metadata"]


def test_a_claim_may_insist_on_a_volume(lab):
    lab.make(volume("free"), volume("wanted", "9Gi"), claim(volumeName="wanted"))
    assert lab.phases() == {"c": "Bound", "wanted": "Bound", "free": "Available"}
    assert lab.claim()["metadata"]["annotations"] == {"pv.kubernetes.io/bind-completed": "yes"}


def test_but_not_on_one_that_does_not_satisfy_it(lab):
    lab.make(volume("wanted", "512Mi"), claim(volumeName="wanted"))
    assert lab.phases()["c"] == "Pending"
    assert lab.reasons("c") == [("VolumeMismatch", 'Cannot bind to requested volume "wanted": requested PV is too small')]


def test_nor_on_that_of_another(lab):
    lab.make(volume(), claim("first"), claim("second", volumeName="v"))
    assert lab.phases() == {"first": "Bound", "second": "Pending", "v": "Bound"}
    assert lab.reasons("second") == [("FailedBinding", 'volume "v" already bound to a different claim.')]


def test_a_new_volume_is_offered_in_the_next_round(lab):
    lab.make(claim())
    assert lab.reasons("c") == [("ProvisioningFailed", 'storageclass.storage.k8s.io "manual" not found')]
    begun = lab.now
    lab.make(volume())
    assert lab.phases() == {"c": "Bound", "v": "Bound"}
    assert lab.now // 15_000 == begun // 15_000 + 1


def test_without_class_and_volume(lab):
    lab.make(claim(storage_class=""))
    assert lab.reasons("c") == [
        ("FailedBinding", "no persistent volumes available for this claim and no storage class is set"),
    ]


def test_a_default_class_that_comes_later_is_given_to_those_that_named_none(lab):
    lab.make(claim("none", storage_class=""), claim("open", storage_class=None))
    standard = driver.storage_classes()[0]
    lab.make(standard)
    assert lab.claim("open")["spec"]["storageClassName"] == "standard"
    assert lab.claim("none")["spec"]["storageClassName"] == ""


def test_a_claim_that_waits_takes_only_what_is_kept_for_it(lab):
    lab.make(late(), volume(storage_class="late"), claim(storage_class="late"))
    assert lab.phases() == {"c": "Pending", "v": "Available"}
    assert lab.reasons("c") == [("WaitForFirstConsumer", "waiting for first consumer to be created before binding")]
    bound = {"namespace": "default", "name": "c", "uid": lab.claim()["metadata"]["uid"]}
    lab.user().patch(VOLUMES, "", "v", {"spec": {"claimRef": bound}}, "merge")
    lab.until_quiet()
    assert lab.phases() == {"c": "Bound", "v": "Bound"}


def test_a_pod_without_node_is_told(lab):
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "default"}}
    lab.make(account, late("x.example"), claim(storage_class="late"), pod_using("web", "c"))
    assert lab.reasons("c")[-1] == ("WaitForPodScheduled", "waiting for pod web to be scheduled")


def test_only_drivers_make_volumes(lab):
    lab.make(late(volumeBindingMode="Immediate"), claim(storage_class="late"))
    assert lab.reasons("c") == [("ProvisioningFailed", "no volume plugin matched name: kubernetes.io/no-provisioner")]


def test_retain_keeps_the_volume(lab):
    lab.make(volume(), claim())
    lab.remove(CLAIMS, "c")
    assert lab.phases() == {"v": "Released"}
    lab.make(claim())
    assert lab.phases() == {"c": "Pending", "v": "Released"}


def test_delete_removes_it(lab):
    lab.make(volume(policy="Delete"), claim())
    lab.remove(CLAIMS, "c")
    assert lab.phases() == {}


def test_delete_fails_where_nobody_can_delete(lab):
    lab.make(volume(policy="Delete", source={"nfs": {"server": "s", "path": "/"}}), claim())
    lab.remove(CLAIMS, "c")
    assert lab.phases() == {"v": "Failed"}
    problem = 'error getting deleter volume plugin for volume "v": no deletable volume plugin matched'
    assert lab.volume()["status"]["message"] == problem
    assert lab.reasons("v") == [("VolumeFailedDelete", problem)]


def test_recycle_makes_it_available_again(lab):
    lab.make(volume(policy="Recycle"), claim())
    lab.remove(CLAIMS, "c")
    assert lab.phases() == {"v": "Available"} and "claimRef" not in lab.volume()["spec"]


def test_a_claim_whose_volume_is_gone_is_lost(lab):
    lab.make(volume(), claim())
    lab.user().patch(VOLUMES, "", "v", {"metadata": {"finalizers": None}}, "merge")
    lab.remove(VOLUMES, "v")
    assert lab.phases() == {"c": "Lost"}
    assert lab.reasons("c")[-1] == ("ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!")


def test_every_write_is_a_step_of_its_own(lab):
    steps = []
    lab.on_step = steps.append
    lab.make(volume(), claim())
    assert [step.say for step in steps if step.say.startswith("volume-binder")] == [
        "volume-binder.available", "volume-binder.bind-volume", "volume-binder.volume-bound", "volume-binder.bind-claim",
        "volume-binder.claim-bound",
    ]
