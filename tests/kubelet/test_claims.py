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


def test_a_disk_has_to_be_attached_first(nodes):
    nodes.user.create(CLAIM)
    bind(nodes)
    spec = {
        "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"],
        "csi": {"driver": driver.NAME, "volumeHandle": "disk"},
    }
    nodes.user.create({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "v"}, "spec": spec})
    nodes.create(volumes=VOLUMES)
    nodes.run(120)
    assert nodes.text() == "0/1 ContainerCreating 0" and failures(nodes) == []
    nodes.run(10)
    assert failures(nodes) == [
        "Unable to attach or mount volumes: unmounted volumes=[disk], unattached volumes=[disk], "
        "failed to process volumes=[]: timed out waiting for the condition",
    ]
    made = nodes.user.create({
        "apiVersion": "storage.k8s.io/v1", "kind": "VolumeAttachment", "metadata": {"name": "csi-1"},
        "spec": {"attacher": driver.NAME, "nodeName": "node-1", "source": {"persistentVolumeName": "v"}},
    })
    nodes.user.update({**made, "status": {"attached": True}}, subresource="status")
    nodes.run(10)
    assert nodes.text() == "1/1 Running 0"
