"""Protection: claims stay while a Pod uses them, volumes while they are bound."""

from __future__ import annotations

import pytest

from tests.controllers.storage_builders import CLAIMS, VOLUMES, StorageLab, claim, pod_using, volume


@pytest.fixture
def lab() -> StorageLab:
    lab = StorageLab()
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "default"}}
    lab.make(account, volume(), claim())
    return lab


def test_it_works(lab):
    lab.make(pod_using("web", "c", node="n"))
    lab.remove(CLAIMS, "c")
    assert "deletionTimestamp" in lab.claim()["metadata"]
    lab.user().delete("pods", "default", "web", grace=0)
    lab.until_quiet()
    assert lab.claim() is None
    assert lab.phases() == {"v": "Released"}


def test_a_pod_without_node_does_not_use_its_claim_yet(lab):
    lab.make(pod_using("web", "c"))
    lab.remove(CLAIMS, "c")
    assert lab.claim() is None


def test_a_bound_volume_stays_until_its_claim_goes(lab):
    lab.remove(VOLUMES, "v")
    assert "deletionTimestamp" in lab.volume()["metadata"]
    lab.remove(CLAIMS, "c")
    assert lab.volume() is None


def test_a_free_volume_goes_at_once(lab):
    lab.make(volume("free"))
    lab.remove(VOLUMES, "free")
    assert lab.volume("free") is None


def test_lost_protection_is_put_back(lab):
    lab.user().patch(CLAIMS, "default", "c", {"metadata": {"finalizers": None}}, "merge")
    lab.until_quiet()
    assert lab.claim()["metadata"]["finalizers"] == ["kubernetes.io/pvc-protection"]
