"""A Pod with a claim in a whole cluster: from a pending claim to a running Pod, and the same again from any moment."""

from __future__ import annotations

from cluster.objects.documents import Document, dig
from cluster.simulation.bootstrap import Machine, new_cluster, worker
from cluster.simulation.simulation import Simulation
from cluster.storage import driver

ZONES = ("a", "b")
CLAIM: Document = {
    "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data", "namespace": "default"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
}


def pod(name: str = "web", **spec: object) -> dict[str, object]:
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]
    whole = {"containers": [{"name": "c", "image": "nginx:1.27"}], "volumes": volumes, **spec}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "default"}, "spec": whole}


def cluster() -> tuple[Simulation, list[str]]:
    """Two zones of one worker each, the usual classes, and the keys of what happens after that."""
    machines = [Machine(worker(n).name, worker(n).ip, labels={driver.ZONE: zone}) for n, zone in enumerate(ZONES, 1)]
    simulation = new_cluster(machines, seed=5)
    for document in driver.storage_classes():
        simulation.user().create(document)
    simulation.until_quiet()
    told: list[str] = []
    simulation.on_step = lambda step: told.append(step.say)
    return simulation, told


def test_it_works():
    simulation, told = cluster()
    simulation.user().create(CLAIM)
    simulation.until_quiet()
    assert simulation.api.read("persistentvolumeclaims", "default", "data")["status"]["phase"] == "Pending"

    simulation.user().create(pod())
    simulation.until_quiet()
    running = simulation.api.read("pods", "default", "web")
    claim = simulation.api.read("persistentvolumeclaims", "default", "data")
    volume = simulation.api.read("persistentvolumes", "", claim["spec"]["volumeName"])
    node = simulation.api.read("nodes", "", running["spec"]["nodeName"])

    assert (running["status"]["phase"], claim["status"]["phase"], volume["status"]["phase"]) == ("Running", "Bound", "Bound")
    rule = dig(volume, "spec", "nodeAffinity", "required", "nodeSelectorTerms", 0, "matchExpressions", 0)
    assert rule["values"] == [node["metadata"]["labels"][driver.ZONE]]
    order = [key for key in told if key in (
        "scheduler.select-node", "provisioner.create", "volume-binder.claim-bound", "kubelet.ready",
    ) or key.startswith("scheduler.bind")]
    assert order[:3] == ["scheduler.select-node", "provisioner.create", "volume-binder.claim-bound"]
    assert order[3].startswith("scheduler.bind") and order[4] == "kubelet.ready"


def test_the_next_pod_follows_the_volume():
    simulation, _ = cluster()
    for document in (CLAIM, pod()):
        simulation.user().create(document)
    simulation.until_quiet()
    home = simulation.api.read("pods", "default", "web")["spec"]["nodeName"]
    other = "node-2" if home == "node-1" else "node-1"
    simulation.user().create(pod("stubborn", nodeSelector={"kubernetes.io/hostname": other}))
    simulation.user().create(pod("friend"))
    simulation.until_quiet()
    assert simulation.api.read("pods", "default", "friend")["spec"]["nodeName"] == home
    stubborn = simulation.api.read("pods", "default", "stubborn")
    assert "nodeName" not in stubborn["spec"]
    message = stubborn["status"]["conditions"][0]["message"]
    assert "1 node(s) didn't match PersistentVolume's node affinity" in message


def test_without_provisioner_the_pod_waits_until_it_is_back():
    simulation, _ = cluster()
    simulation.switch("csi-provisioner", False)
    for document in (CLAIM, pod()):
        simulation.user().create(document)
    simulation.until_quiet()
    waiting = simulation.api.read("pods", "default", "web")
    assert "nodeName" not in waiting["spec"] and waiting["status"]["phase"] == "Pending"
    simulation.switch("csi-provisioner", True)
    simulation.until_quiet()
    assert simulation.api.read("pods", "default", "web")["status"]["phase"] == "Running"


def test_binding_gives_up_after_ten_minutes_and_is_tried_again():
    simulation, told = cluster()
    simulation.switch("csi-provisioner", False)
    for document in (CLAIM, pod()):
        simulation.user().create(document)
    simulation.advance(601_000)
    assert "scheduler.error" in told
    events = [event["message"] for event in simulation.api.list("events") if event["reason"] == "FailedScheduling"]
    assert 'running PreBind plugin "VolumeBinding": binding volumes: context deadline exceeded' in events
    simulation.switch("csi-provisioner", True)
    simulation.until_quiet()
    assert simulation.api.read("pods", "default", "web")["status"]["phase"] == "Running"


def test_a_volume_for_a_lost_claim_sends_the_pod_back():
    simulation, _ = cluster()
    simulation.switch("csi-provisioner", False)
    for document in (CLAIM, pod()):
        simulation.user().create(document)
    simulation.advance(5_000)
    note = {"metadata": {"annotations": {"volume.kubernetes.io/selected-node": None}}}
    simulation.user().patch("persistentvolumeclaims", "default", "data", note, "merge")
    simulation.advance(1_000)
    events = [event["message"] for event in simulation.api.list("events") if event["reason"] == "FailedScheduling"]
    assert 'running PreBind plugin "VolumeBinding": binding volumes: provisioning failed for PVC "data"' in events


def test_a_pod_that_came_before_its_claim_is_tried_again_when_the_claim_is_bound():
    simulation, told = cluster()
    simulation.user().create(pod())
    simulation.until_quiet()
    waiting = simulation.api.read("pods", "default", "web")["status"]["conditions"][0]["message"]
    assert waiting == '0/2 nodes are available: persistentvolumeclaim "data" not found. not found'
    simulation.user().create({**CLAIM, "spec": {**CLAIM["spec"], "storageClassName": "immediate"}})
    simulation.until_quiet()
    assert simulation.api.read("pods", "default", "web")["status"]["phase"] == "Running"
    assert "scheduler.select-node" not in told


def test_every_moment_can_be_lived_again():
    simulation, _ = cluster()
    for document in (CLAIM, pod()):
        simulation.user().create(document)
    worlds = [simulation.world, *(step.world for step in simulation.until_quiet())]
    assert len(worlds) > 20
    for world in worlds[:: len(worlds) // 6]:
        again = simulation.fork(world)
        again.until_quiet()
        assert again.world.row("pods", ("default", "web")) == simulation.world.row("pods", ("default", "web"))
        assert again.world.table("persistentvolumes") == simulation.world.table("persistentvolumes")


def test_an_ephemeral_volume_lives_and_dies_with_its_pod():
    simulation, _ = cluster()
    template = {"spec": CLAIM["spec"]}
    volumes = [{"name": "scratch", "ephemeral": {"volumeClaimTemplate": template}}]
    simulation.user().create(pod(volumes=volumes))
    simulation.until_quiet()
    assert simulation.api.read("pods", "default", "web")["status"]["phase"] == "Running"
    assert simulation.api.read("persistentvolumeclaims", "default", "web-scratch")["status"]["phase"] == "Bound"
    simulation.user().delete("pods", "default", "web")
    simulation.until_quiet()
    assert simulation.api.list("persistentvolumeclaims") == [] == simulation.api.list("persistentvolumes")
