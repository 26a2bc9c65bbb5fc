"""Volumes on the board: where files lie, who mounts them, what stays behind; what a step changes is the difference."""

from __future__ import annotations

from typing import Any

import pytest

from cluster import board, board_volumes
from cluster.apiserver.reader import Reader
from cluster.simulation import bootstrap
from cluster.simulation.simulation import Simulation
from cluster.simulation.step import Step
from cluster.storage import contents, driver


class Lab:
    """A cluster whose board is followed step by step."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.simulation: Simulation = bootstrap.new_cluster(
            seed=5, on_step=self.steps.append, storage_classes=driver.storage_classes())
        self.seen = board.state(self.simulation.world)["volumes"]

    def create(self, kind: str, name: str, spec: dict[str, Any], seconds: int = 20, **more: Any) -> None:
        document = {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, "spec": spec, **more}
        self.simulation.user().create(document)
        self.simulation.advance(seconds * 1000)

    def pod(self, name: str, volume: dict[str, Any], node: str = "", seconds: int = 20) -> None:
        main = {"name": "main", "image": "nginx", "volumeMounts": [{"name": "v", "mountPath": "/v"}]}
        where = {"nodeName": node} if node else {}
        self.create("Pod", name, {"containers": [main], "volumes": [{"name": "v", **volume}], **where}, seconds)

    def delete(self, resource: str, name: str) -> None:
        namespace = "" if resource == "persistentvolumes" else "default"
        self.simulation.user().delete(resource, namespace, name)
        self.simulation.advance(40_000)

    @property
    def rows(self) -> dict[str, dict[str, Any]]:
        """The rows by key, after making sure that they can be had from what the steps told."""
        for step in self.steps:
            self.seen = board.delta(step)[0].get("volumes", self.seen)
        self.steps.clear()
        now = board.state(self.simulation.world)["volumes"]
        assert self.seen == now
        return {row["key"]: row for row in now}


@pytest.fixture
def lab() -> Lab:
    return Lab()


CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}


def test_it_works(lab):
    assert lab.rows == {}
    lab.pod("web", {"hostPath": {"path": "/data/"}}, "node-1")
    [row] = lab.rows.values()
    assert (row["key"], row["type"], row["place"], row["node"]) == ("folder/node-1/data", "hostPath", "node", "node-1")
    assert (row["ref"], row["pods"]) == ("nodes//node-1", ["default/web"])


def test_two_pods_share_a_folder_and_not_an_empty_dir(lab):
    for name in ("a", "b"):
        lab.pod(name, {"hostPath": {"path": "/data"}}, "node-1")
        lab.pod(f"{name}-empty", {"emptyDir": {"medium": "Memory"} if name == "b" else {}}, "node-1")
    rows = lab.rows
    assert rows["folder/node-1/data"]["pods"] == ["default/a", "default/b"]
    assert rows["empty/default/a-empty/v"]["place"] == "node"
    assert rows["empty/default/b-empty/v"]["place"] == "memory"
    lab.delete("pods", "a-empty")
    assert "empty/default/a-empty/v" not in lab.rows


def test_a_claim_from_pending_to_released(lab):
    lab.create("PersistentVolumeClaim", "db", CLAIM)
    assert (lab.rows["pvc/default/db"]["phase"], lab.rows["pvc/default/db"]["place"]) == ("Pending", "none")
    lab.pod("web", {"persistentVolumeClaim": {"claimName": "db"}}, seconds=60)
    [row] = lab.rows.values()
    assert (row["phase"], row["place"], row["type"], row["name"], row["claim"], row["pods"]) == (
        "Bound", "network", "csi", "db", "default/db", ["default/web"])
    assert row["ref"].startswith("persistentvolumes//pvc-")
    name = row["ref"].rpartition("/")[2]
    keep = {"spec": {"persistentVolumeReclaimPolicy": "Retain"}}
    lab.simulation.user().patch("persistentvolumes", "", name, keep)
    lab.delete("pods", "web")
    lab.delete("persistentvolumeclaims", "db")
    [row] = lab.rows.values()
    assert (row["phase"], row["pods"]) == ("Released", [])


def test_a_local_volume_lives_on_its_node(lab):
    term = {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": ["node-2"]}]}
    lab.create("PersistentVolume", "disk", {
        "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "storageClassName": "",
        "local": {"path": "/mnt/disks/vol1"},
        "nodeAffinity": {"required": {"nodeSelectorTerms": [term]}},
    })
    [row] = lab.rows.values()
    assert (row["node"], row["place"], row["phase"]) == ("node-2", "node", "Available")


def test_a_path_of_a_volume_is_another_one_on_each_node(lab):
    lab.create("PersistentVolume", "path", {
        "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteMany"], "storageClassName": "", "hostPath": {"path": "/shared"},
    })
    assert [row["node"] for row in lab.rows.values()] == [""]
    claim = {**CLAIM, "accessModes": ["ReadWriteMany"], "storageClassName": "", "volumeName": "path"}
    lab.create("PersistentVolumeClaim", "shared", claim)
    for node in ("node-1", "node-2"):
        lab.pod(f"on-{node}", {"persistentVolumeClaim": {"claimName": "shared"}}, node)
    assert {row["node"]: row["pods"] for row in lab.rows.values()} == {
        "node-1": ["default/on-node-1"], "node-2": ["default/on-node-2"]}


def test_network_storage_without_a_claim(lab):
    lab.pod("web", {"nfs": {"server": "10.0.0.9", "path": "/exports"}})
    [row] = lab.rows.values()
    assert (row["place"], row["type"], row["where"], row["pods"]) == ("network", "nfs", "10.0.0.9/exports", ["default/web"])


def test_copies_of_api_objects_and_system_pods_are_none_of_it(lab):
    lab.simulation.user().create(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"a": "1"}})
    lab.pod("web", {"configMap": {"name": "settings"}})
    assert lab.rows == {}


def test_what_a_pod_wrote_on_a_node_stays_behind(lab):
    lab.pod("web", {"hostPath": {"path": "/data"}}, "node-1")
    world = lab.simulation.world
    disk = contents.disk("node-1")
    tree = contents.tree(lab.simulation.api, disk).make_directories("/data/sub", 0)
    tree = tree.write("/data/hello.txt", "hello", 0).write("/data/sub/more", "x", 0).write("/etc/own", "x", 0)
    row = contents.with_tree(disk, None, tree)
    found = {one["key"]: one for one in board_volumes.rows(Reader(world.with_row(contents.TABLE, (disk,), row)))}
    assert [(one["key"], one["left"]) for one in found.values()] == [("folder/node-1/data", 0)]
    lab.delete("pods", "web")
    world = lab.simulation.world.with_row(contents.TABLE, (disk,), row)
    [one] = board_volumes.rows(Reader(world))
    assert (one["key"], one["left"], one["pods"]) == ("folder/node-1/data", 2, [])
