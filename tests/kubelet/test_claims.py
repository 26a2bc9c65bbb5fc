"""A Pod with claims starts only when they are bound; a node says which storage drivers it has."""

from __future__ import annotations

from cluster.storage import driver

CLAIM = {
    "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data", "namespace": "default"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, "volumeName": "v"},
}
VOLUMES = [{"name": "disk", "persistentVolumeClaim": {"claimName": "data"}}]


def failures(nodes) -> list[str]:
    return [event["message"] for event in nodes.user.list("events") if event["reason"] == "FailedMount"]


def bind(nodes) -> None:
    claim = nodes.user.read("persistentvolumeclaims", "default", "data")
    nodes.user.update({**claim, "status": {"phase": "Bound"}}, subresource="status")


def test_it_works(nodes):
    nodes.user.create(CLAIM)
    nodes.create(volumes=VOLUMES)
    nodes.run(3)
    assert nodes.pod()["status"]["phase"] == "Pending"
    assert set(failures(nodes)) == {
        "Unable to attach or mount volumes: unmounted volumes=[disk], unattached volumes=[], failed to process "
        "volumes=[disk]: error processing PVC default/data: PVC is not bound",
    }
    bind(nodes)
    nodes.run(60)
    assert nodes.pod()["status"]["phase"] == "Running"


def test_a_claim_that_is_missing(nodes):
    nodes.create(volumes=VOLUMES)
    nodes.run(1)
    assert failures(nodes)[0].endswith(
        'error processing PVC default/data: failed to fetch PVC from API server: persistentvolumeclaims "data" not found'
    )


def test_a_claim_that_is_being_deleted(nodes):
    nodes.user.create(CLAIM)
    bind(nodes)
    nodes.user.delete("persistentvolumeclaims", "default", "data")
    nodes.create(volumes=VOLUMES)
    nodes.run(1)
    assert failures(nodes)[0].endswith("error processing PVC default/data: PVC is being deleted")


def test_an_ephemeral_claim_of_somebody_else(nodes):
    nodes.user.create({**CLAIM, "metadata": {"name": "web-disk", "namespace": "default"}})
    nodes.create(volumes=[{"name": "disk", "ephemeral": {"volumeClaimTemplate": {"spec": CLAIM["spec"]}}}])
    nodes.run(1)
    assert failures(nodes)[0].endswith("error processing PVC default/web-disk: not created for pod (pod is not owner)")


def test_the_node_registers_its_driver(nodes):
    found = nodes.user.read("csinodes.storage.k8s.io", "", "node-1")
    assert found["spec"]["drivers"] == [{"name": driver.NAME, "nodeID": "node-1", "allocatable": {"count": driver.LIMIT}}]
    assert found["metadata"]["ownerReferences"][0]["kind"] == "Node"
