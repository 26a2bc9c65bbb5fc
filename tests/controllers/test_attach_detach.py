"""Attach/detach: volumes follow the Pods that use them, one node at a time."""

from __future__ import annotations

import pytest

from cluster.controllers.attach_detach import AttachDetachController
from cluster.controllers.persistent_volume_binder import PersistentVolumeBinder
from cluster.objects.kinds import volumeattachment as attachments
from cluster.storage import driver
from cluster.storage.attacher import FINALIZER, Attacher
from tests.controllers.storage_builders import StorageLab, claim, pod_using, volume

DISK = {"csi": {"driver": driver.NAME, "volumeHandle": "disk-1"}}
ACCOUNT = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "default"}}


def node(name: str, ready: str = "True", **spec):
    status = {"conditions": [{"type": "Ready", "status": ready}]}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "spec": spec, "status": status}


@pytest.fixture
def lab() -> StorageLab:
    lab = StorageLab((PersistentVolumeBinder(), AttachDetachController(), Attacher()))
    lab.make(ACCOUNT, node("n1"), node("n2"), volume(source=DISK), claim())
    return lab


def attached(lab: StorageLab) -> dict[str, bool]:
    """Nodes with the volume, and whether its attachment is complete."""
    found = lab.api.list("volumeattachments.storage.k8s.io")
    return {attachments.node_name(each): attachments.is_attached(each) for each in found}


def remove_pod(lab: StorageLab, name: str) -> None:
    lab.user().delete("pods", "default", name, grace=0)
    lab.until_quiet()


def test_it_works(lab):
    lab.make(pod_using("web", "c", node="n1"))
    (found,) = lab.api.list("volumeattachments.storage.k8s.io")
    assert found["spec"] == {"attacher": driver.NAME, "nodeName": "n1", "source": {"persistentVolumeName": "v"}}
    assert (found["metadata"]["finalizers"], found["status"]) == ([FINALIZER], {"attached": True})
    assert lab.reasons("web") == [("SuccessfulAttachVolume", 'AttachVolume.Attach succeeded for volume "v" ')]
    remove_pod(lab, "web")
    assert attached(lab) == {}


def test_it_takes_its_time(lab):
    lab.user().create(pod_using("web", "c", node="n1"))
    lab.advance(100)
    assert attached(lab) == {"n1": False}
    lab.advance(1_000)
    assert attached(lab) == {"n1": True}
    lab.user().delete("pods", "default", "web", grace=0)
    lab.advance(100)
    assert attached(lab) == {"n1": True}
    lab.advance(1_000)
    assert attached(lab) == {}


def test_a_pod_without_node_attaches_nothing(lab):
    lab.make(pod_using("web", "c"))
    assert attached(lab) == {}


def test_volumes_without_driver_are_not_attached():
    lab = StorageLab((PersistentVolumeBinder(), AttachDetachController(), Attacher()))
    lab.make(ACCOUNT, node("n1"), volume(), claim(), pod_using("web", "c", node="n1"))
    assert attached(lab) == {}


def test_two_pods_of_a_node_share_an_attachment(lab):
    lab.make(pod_using("one", "c", node="n1"), pod_using("two", "c", node="n1"))
    remove_pod(lab, "one")
    assert attached(lab) == {"n1": True}


def test_a_second_node_has_to_wait(lab):
    lab.make(pod_using("one", "c", node="n1"), pod_using("two", "c", node="n2"))
    assert attached(lab) == {"n1": True}
    assert lab.reasons("two") == [
        ("FailedAttachVolume", 'Multi-Attach error for volume "v" Volume is already used by pod(s) one'),
    ]
    remove_pod(lab, "one")
    assert attached(lab) == {"n2": True}


def test_shared_volumes_go_to_every_node():
    lab = StorageLab((PersistentVolumeBinder(), AttachDetachController(), Attacher()))
    lab.make(ACCOUNT, node("n1"), node("n2"), volume(source=DISK, modes=["ReadWriteMany"]), claim(modes=["ReadWriteMany"]))
    lab.make(pod_using("one", "c", node="n1"), pod_using("two", "c", node="n2"))
    assert attached(lab) == {"n1": True, "n2": True}


def set_ready(lab: StorageLab, name: str, ready: str) -> None:
    found = lab.user().read("nodes", "", name)
    lab.user().update({**found, "status": node(name, ready)["status"]}, subresource="status")


def test_a_silent_node_keeps_its_volume_for_six_minutes(lab):
    lab.make(pod_using("web", "c", node="n1"))
    set_ready(lab, "n1", "Unknown")
    remove_pod(lab, "web")
    lab.make(pod_using("next", "c", node="n2"))
    lab.advance(350_000)
    assert attached(lab) == {"n1": True}
    assert lab.reasons("next")[-1][1].endswith("exclusively attached to one node and can't be attached to another")
    lab.advance(15_000)
    assert attached(lab) == {"n2": True}


def test_one_that_answers_again_gives_it_back_at_once(lab):
    lab.make(pod_using("web", "c", node="n1"))
    set_ready(lab, "n1", "Unknown")
    remove_pod(lab, "web")
    lab.advance(60_000)
    set_ready(lab, "n1", "True")
    lab.until_quiet()
    assert attached(lab) == {}


def test_out_of_service_means_now(lab):
    lab.make(pod_using("web", "c", node="n1"))
    set_ready(lab, "n1", "Unknown")
    taint = {"key": "node.kubernetes.io/out-of-service", "effect": "NoExecute"}
    lab.user().patch("nodes", "", "n1", {"spec": {"taints": [taint]}}, "merge")
    remove_pod(lab, "web")
    assert attached(lab) == {}
