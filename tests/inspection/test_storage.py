"""Where files lie and what is in them: volumes of a Pod, claims and PersistentVolumes, what stays on a node's disk."""

from __future__ import annotations

from typing import Any

import pytest

from cluster import board_volumes
from cluster.apiserver.reader import Reader
from cluster.containers.files import Tree
from cluster.inspection import files, storage
from cluster.inspection.pod import inspect
from cluster.simulation import bootstrap
from cluster.simulation.simulation import Simulation
from cluster.storage import driver

CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}


@pytest.fixture
def simulation() -> Simulation:
    return bootstrap.new_cluster(seed=5, storage_classes=driver.storage_classes())


def write(simulation: Simulation, name: str, volume: dict[str, Any], script: str, node: str = "node-1") -> None:
    """A Pod that has the volume at /v and runs a script."""
    main = {
        "name": "main", "image": "busybox", "command": ["sh", "-c", f"{script}; sleep 3600"],
        "volumeMounts": [{"name": "v", "mountPath": "/v"}],
    }
    where = {"nodeName": node} if node else {}
    simulation.user().create({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
        "spec": {"containers": [main], "volumes": [{"name": "v", **volume}], "terminationGracePeriodSeconds": 1, **where},
    })
    simulation.advance(40_000)


def texts(listing: dict[str, Any] | None) -> dict[str, str | None]:
    assert listing is not None
    return {row["name"]: row["text"] for row in listing["rows"] if row["kind"] == "file"}


def volume_of(simulation: Simulation, name: str) -> dict[str, Any]:
    view = Reader(simulation.world)
    pod = view.get("pods", "default", name)
    assert pod is not None
    found: dict[str, Any] = inspect(view, pod, {})["volumes"][0]
    return found


def stored(simulation: Simulation, ref: str) -> dict[str, Any]:
    found = storage.inspect(Reader(simulation.world), *ref.split("/", 2))
    assert found is not None
    return found


def test_it_works(simulation):
    write(simulation, "web", {"emptyDir": {}}, "mkdir /v/sub; echo hello > /v/sub/hello.txt")
    volume = volume_of(simulation, "web")
    assert (volume["kind"], volume["place"], volume["dies"], volume["node"]) == ("emptyDir", "node", "pod", "node-1")
    assert texts(volume["files"]) == {"hello.txt": "hello\n"}
    assert [(row["name"], row["depth"]) for row in volume["files"]["rows"]] == [("sub", 0), ("hello.txt", 1)]


def test_a_file_on_a_node_stays_behind_when_its_pod_moves(simulation):
    write(simulation, "first", {"hostPath": {"path": "/data"}}, "echo one > /v/note")
    assert texts(volume_of(simulation, "first")["files"]) == {"note": "one\n"}
    simulation.user().delete("pods", "default", "first")
    told = [step for step in simulation.steps_until(simulation.now + 20_000) if step.say == "kubelet.left-behind"]
    assert [(step.args["folders"], step.args["node"]) for step in told] == [("/data", "nodes//node-1")]
    write(simulation, "second", {"hostPath": {"path": "/data"}}, "true", "node-2")
    assert texts(volume_of(simulation, "second")["files"]) == {}
    assert texts(stored(simulation, "nodes//node-1")["disk"]) == {"note": "one\n"}
    rows = {row["key"]: row for row in board_volumes.rows(Reader(simulation.world))}
    assert (rows["folder/node-1/data"]["left"], rows["folder/node-1/data"]["pods"]) == (1, [])
    assert rows["folder/node-2/data"]["pods"] == ["default/second"]


def test_a_claim_keeps_the_file_for_the_next_pod_anywhere(simulation):
    simulation.user().create({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "db", "namespace": "default"}, "spec": CLAIM,
    })
    write(simulation, "first", {"persistentVolumeClaim": {"claimName": "db"}}, "echo kept > /v/row", node="")
    [volume] = stored(simulation, "persistentvolumeclaims/default/db")["volumes"]
    assert (volume["place"], volume["pods"], texts(volume["files"])) == ("network", ["default/first"], {"row": "kept\n"})
    simulation.user().delete("pods", "default", "first")
    simulation.advance(20_000)
    [volume] = stored(simulation, f"persistentvolumes//{volume['name']}")["volumes"]
    assert (volume["pods"], texts(volume["files"])) == ([], {"row": "kept\n"})
    assert [one["name"] for one in stored(simulation, "storageclasses.storage.k8s.io//standard")["volumes"]] == [volume["name"]]


def test_config_maps_are_read_and_secrets_hidden(simulation):
    for kind, field in (("ConfigMap", "data"), ("Secret", "stringData")):
        simulation.user().create({"apiVersion": "v1", "kind": kind, "metadata": {"name": "settings"}, field: {"mode": "fast"}})
    write(simulation, "open", {"configMap": {"name": "settings"}}, "true")
    write(simulation, "closed", {"secret": {"secretName": "settings"}}, "true")
    assert texts(volume_of(simulation, "open")["files"]) == {"mode": "fast"}
    hidden = volume_of(simulation, "closed")["files"]
    assert texts(hidden) == {"mode": None}
    assert hidden["rows"][0]["hidden"]
    assert "fast" not in str(hidden)


def test_what_is_not_there(simulation):
    assert storage.inspect(Reader(simulation.world), "persistentvolumes", "", "none") is None
    simulation.user().create({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "db", "namespace": "default"}, "spec": CLAIM,
    })
    assert stored(simulation, "persistentvolumeclaims/default/db") == {"volumes": [], "disk": None}


def test_a_large_volume_is_cut_short():
    tree = Tree.of({f"/{number:03}": "x" * 3000 for number in range(200)})
    found = files.listing(tree)
    assert (found["count"], found["bytes"], found["more"], len(found["rows"])) == (200, 600_000, 120, 80)
    assert found["rows"][0]["cut"] and len(found["rows"][0]["text"]) == files.MOST_TEXT
