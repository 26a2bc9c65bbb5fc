"""Why a claim is pending, and why each volume is not its own."""

from __future__ import annotations

from typing import Any

import pytest

from cluster.simulation.simulation import Simulation
from tests.controllers.explanation.told import about, container, keys, new, rows, said

CLAIMS = "persistentvolumeclaims"


def claim(**spec: Any) -> dict[str, Any]:
    wanted = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "2Gi"}}, **spec}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data", "namespace": "default"},
            "spec": wanted}


def volume(name: str, size: str = "5Gi", **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}, "spec": {
        "capacity": {"storage": size}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/data"}, **spec}}


def storage_class(name: str = "later", provisioner: str = "csi.clusterscope.dev", **more: Any) -> dict[str, Any]:
    return {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": name}, "provisioner": provisioner,
            **more}


def lived(*documents: dict[str, Any]) -> Simulation:
    simulation = new()
    for one in documents:
        simulation.user().create(one)
    simulation.until_quiet()
    return simulation


def test_it_works() -> None:
    simulation = lived(
        volume("small", "1Gi"), volume("blocks", volumeMode="Block"), volume("shared", accessModes=["ReadOnlyMany"]),
        volume("classy", storageClassName="fast"), claim(),
    )
    answer = about(simulation, CLAIMS, "data")
    assert {row[0]: row[-1] for row in rows(answer)} == {
        "small": "It is too small.", "blocks": "It has another volumeMode.", "shared": "It lacks an access mode.",
        "classy": "It is of another storage class.",
    }
    assert "claim.no-default" in keys(answer)
    assert answer["waits"]


def test_one_that_fits_comes_with_the_next_round() -> None:
    simulation = lived(claim())
    simulation.user().create(volume("right"))
    simulation.advance(300)
    answer = about(simulation, CLAIMS, "data")
    assert rows(answer)[0][-1] == "It fits."
    (found,) = [one for one in answer["words"] if one["key"] == "claim.match"]
    simulation.advance(round(float(found["args"]["seconds"]) * 1000) + 1_000)
    assert said(about(simulation, CLAIMS, "data")) == ["data is bound to right."]


def test_waiting_for_the_first_consumer() -> None:
    simulation = lived(storage_class(volumeBindingMode="WaitForFirstConsumer"), claim(storageClassName="later"))
    answer = about(simulation, CLAIMS, "data")
    assert said(answer, "waits") == ["No Pod uses it yet."]
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "user", "namespace": "default"}, "spec": {
        "containers": [container()], "nodeSelector": {"none": "such"},
        "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]}}
    simulation.user().create(pod)
    simulation.until_quiet()
    assert said(about(simulation, CLAIMS, "data"), "waits") == ["It waits until the scheduler finds a node for user."]


@pytest.mark.parametrize("documents,key", [
    ([claim(storageClassName="none")], "claim.class-missing"),
    ([claim(storageClassName="")], "claim.empty-class"),
    ([storage_class("manual", "kubernetes.io/no-provisioner"), claim(storageClassName="manual")], "claim.no-provisioner"),
    ([storage_class("far", "example.com/nfs"), claim(storageClassName="far")], "claim.foreign-provisioner"),
    ([claim(volumeName="nobody")], "claim.names-missing"),
    ([volume("tiny", "1Gi"), claim(volumeName="tiny")], "claim.names-unfit"),
])
def test_reasons(documents: list[dict[str, Any]], key: str) -> None:
    assert key in keys(about(lived(*documents), CLAIMS, "data"))


def test_a_provisioner_that_is_off() -> None:
    simulation = new()
    simulation.switch("csi-provisioner", on=False)
    for one in (storage_class("now"), claim(storageClassName="now")):
        simulation.user().create(one)
    simulation.until_quiet()
    assert "claim.provisioner-off" in keys(about(simulation, CLAIMS, "data"))


def test_a_released_volume_says_how_to_free_it() -> None:
    simulation = lived(volume("right"), claim())
    simulation.advance(20_000)
    simulation.user().delete(CLAIMS, "default", "data")
    simulation.until_quiet()
    answer = about(simulation, "persistentvolumes", "right")
    assert said(answer, "state") == ["The claim default/data of right is gone."]
    assert said(answer, "mend")[0].startswith("Remove spec.claimRef of right")


def test_a_claim_in_use_is_not_let_go() -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "user", "namespace": "default"}, "spec": {
        "containers": [container()], "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]}}
    simulation = lived(volume("right"), claim())
    simulation.advance(20_000)
    simulation.user().create(pod)
    simulation.until_quiet()
    simulation.user().delete(CLAIMS, "default", "data")
    assert "Its deletion waits for the Pods that use it: user." in said(about(simulation, CLAIMS, "data"), "waits")
