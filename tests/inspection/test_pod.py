"""A Pod from the inside: what it waits for, its containers, its probes one by one, at any moment."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
import yaml

from cluster.apiserver.reader import Reader
from cluster.inspection.pod import inspect
from cluster.simulation import bootstrap
from cluster.simulation.simulation import Simulation

LIVENESS = "touch /tmp/healthy; sleep 30; rm -rf /tmp/healthy; sleep 600"


def pod(*containers: dict[str, Any], name: str = "web", **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": list(containers), **spec}}


def container(name: str = "main", image: str = "nginx:1.27", script: str = "", **more: Any) -> dict[str, Any]:
    return {"name": name, "image": image, **({"command": ["sh", "-c", script]} if script else {}), **more}


@pytest.fixture
def simulation() -> Simulation:
    return bootstrap.new_cluster(seed=5)


def look(simulation: Simulation, name: str = "web") -> dict[str, Any]:
    view = Reader(simulation.world)
    found = view.get("pods", "default", name)
    assert found is not None
    return inspect(view, found, {})


def lived(simulation: Simulation, document: dict[str, Any], seconds: float) -> dict[str, Any]:
    simulation.user().create(document)
    simulation.advance(round(seconds * 1000))
    return look(simulation, document["metadata"]["name"])


def keys(found: dict[str, Any]) -> list[str]:
    return [word["key"] for word in found["sentences"]]


def test_it_works(simulation):
    found = lived(simulation, pod(container(ports=[{"containerPort": 80, "name": "http"}])), 20)
    assert keys(found) == ["ready"]
    assert found["sandbox"]["ip"].startswith("10.244.")
    assert found["sandbox"]["since"] <= found["containers"][0]["state"]["since"] + 1000
    main = found["containers"][0]
    assert (main["role"], main["state"]["is"], main["ready"], main["restarts"]) == ("container", "running", True, 0)
    assert main["ports"] == [{"port": 80, "protocol": "TCP", "name": "http", "host": 0}]
    assert found["quality"]["class"] == "BestEffort"
    assert [one["type"] for one in found["conditions"] if one["status"] != "True"] == []
    assert found["events"][0]["at"] >= found["events"][-1]["at"]


def test_every_way_to_wait(simulation):
    too_big = container(resources={"requests": {"cpu": "99"}})
    simulation.user().create(pod(too_big, name="big"))
    simulation.user().create(pod(container(), name="gated", schedulingGates=[{"name": "example.com/wait"}]))
    simulation.user().create(pod(container(image="ngnix:1.27"), name="typo"))
    simulation.user().create(pod(container(envFrom=[{"configMapRef": {"name": "none"}}]), name="config"))
    simulation.user().create(pod(
        container(volumeMounts=[{"name": "v", "mountPath": "/v"}]), name="mount",
        volumes=[{"name": "v", "configMap": {"name": "none"}}],
    ))
    simulation.user().create(pod(container(), name="init", initContainers=[container("first", "busybox", "sleep 300")]))
    probe = {"httpGet": {"path": "/", "port": 81}}
    simulation.user().create(pod(container(readinessProbe=probe), name="unready"))
    simulation.user().create(pod(container(startupProbe={**probe, "failureThreshold": 100}), name="startup"))
    simulation.advance(25_000)
    waits = {
        "big": "unschedulable", "gated": "gated", "config": "configuration-fails", "mount": "mount", "init": "initializing",
        "unready": "readiness-fails", "startup": "starting-up",
    }
    assert {name: keys(look(simulation, name)) for name in waits} == {name: [key] for name, key in waits.items()}
    assert keys(look(simulation, "typo"))[0] in ("pull-fails", "pull-fails-until")
    assert "0/4 nodes" in look(simulation, "big")["sentences"][0]["args"]["message"]
    assert "preemption" not in look(simulation, "big")["sentences"][0]["args"]["message"]


def test_a_crash_says_code_and_next_try(simulation):
    found = lived(simulation, pod(container("crasher", "busybox", "sleep 2; exit 3")), 50)
    [word] = found["sentences"]
    assert (word["key"], word["args"]["code"]) == ("crash", 3)
    crasher = found["containers"][0]
    assert word["args"]["times"] == crasher["restarts"] + 1 >= 2
    assert crasher["wait"]["begun"] < simulation.now < crasher["wait"]["until"] == word["args"]["until"]
    assert crasher["last"]["code"] == 3
    simulation.advance(crasher["wait"]["until"] - simulation.now + 10_000)
    assert look(simulation)["containers"][0]["restarts"] == crasher["restarts"] + 1


def test_the_liveness_example_dot_by_dot(simulation):
    probe = {"exec": {"command": ["cat", "/tmp/healthy"]}, "initialDelaySeconds": 5, "periodSeconds": 5}
    args = ["/bin/sh", "-c", LIVENESS]
    document = pod({"name": "liveness", "image": "busybox", "args": args, "livenessProbe": probe})
    found = lived(simulation, document, 30)
    [dots] = [row["dots"] for row in found["containers"][0]["probes"]]
    assert dots and not any(dot["complaint"] for dot in dots)
    assert {later["at"] - earlier["at"] for earlier, later in pairwise(dots)} == {5000}
    simulation.advance(7_000)
    found = look(simulation)
    row = found["containers"][0]["probes"][0]
    assert keys(found) == ["ready", "endangered"]
    assert [bool(dot["complaint"]) for dot in row["dots"]].index(True) == row["made"] - row["row"]
    assert row["result"] == "passing"
    assert row["next"] == row["dots"][-1]["at"] + 5000 == found["next"]
    simulation.advance(60_000)
    found = look(simulation)
    assert found["containers"][0]["restarts"] == 1
    assert found["containers"][0]["killed_by"] == "liveness"
    assert found["containers"][0]["last"]["signal"] == 9
    assert "restarted-probe" in keys(found)


def test_init_containers_and_sidecars_in_order(simulation):
    first = container("first", "busybox", "sleep 1")
    beside = container("beside", "busybox", "sleep 3600", restartPolicy="Always")
    found = lived(simulation, pod(container(), initContainers=[first, beside]), 20)
    assert [(one["name"], one["role"]) for one in found["containers"]] == [
        ("first", "init"), ("beside", "sidecar"), ("main", "container")]
    assert found["containers"][0]["state"]["code"] == 0
    assert found["sentences"][0]["args"]["count"] == 2


def test_secrets_stay_hidden(simulation):
    simulation.user().create({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "login"}, "stringData": {"password": "hunter2"},
    })
    reference = {"valueFrom": {"secretKeyRef": {"name": "login", "key": "password"}}}
    found = lived(simulation, pod(
        container(env=[{"name": "PASSWORD", **reference}, {"name": "MODE", "value": "fast"}],
                  volumeMounts=[{"name": "login", "mountPath": "/login"}]),
        volumes=[{"name": "login", "secret": {"secretName": "login"}}],
    ), 20)
    assert "hunter2" not in str(found)
    assert [(one["name"], one["value"], one["from"]) for one in found["containers"][0]["environment"]] == [
        ("PASSWORD", "", "Secret"), ("MODE", "fast", "")]


@pytest.mark.parametrize(("resources", "expected"), [
    ({}, ("BestEffort", "")),
    ({"limits": {"cpu": "1", "memory": "1Gi"}}, ("Guaranteed", "")),
    ({"requests": {"cpu": "1"}}, ("Burstable", "limit")),
    ({"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "2", "memory": "1Gi"}}, ("Burstable", "equal")),
])
def test_quality_of_service_says_why(simulation, resources, expected):
    found = lived(simulation, pod(container(resources=resources)), 1)
    assert (found["quality"]["class"], found["quality"]["lacks"]) == expected


def test_without_its_kubelet(simulation):
    lived(simulation, pod(container()), 20)
    simulation.switch(f"kubelet/{look(simulation)['sandbox']['node']}", on=False)
    assert keys(look(simulation))[0] == "silent"


def test_being_deleted(simulation):
    lived(simulation, pod(container("deaf", "busybox", "sleep 3600")), 20)
    simulation.user().delete("pods", "default", "web")
    simulation.advance(3000)
    [word] = look(simulation)["sentences"]
    assert (word["key"], word["args"]["containers"]) == ("stopping", ["deaf"])
    assert word["args"]["until"] > simulation.now


def test_ended_for_good(simulation):
    simulation.user().create(pod(container(image="busybox", script="true"), name="done", restartPolicy="Never"))
    simulation.user().create(pod(container(image="busybox", script="exit 4"), name="failed", restartPolicy="Never"))
    simulation.advance(20_000)
    assert keys(look(simulation, "done")) == ["succeeded"]
    [word] = look(simulation, "failed")["sentences"]
    assert (word["key"], word["args"]["code"], word["args"]["policy"]) == ("failed", 4, "Never")


def test_an_unknown_image_says_so(simulation):
    found = lived(simulation, pod(container(image="mycorp/shop:1.2")), 20)
    assert found["containers"][0]["image"]["generic"]


def test_every_built_in_example(simulation):
    """Whatever its state, every Pod can be looked at."""
    from cluster.manifests import BUILT_IN

    for text in BUILT_IN.values():
        for document in yaml.safe_load_all(text):
            simulation.user().create(document)
    for _ in range(8):
        simulation.advance(4000)
        view = Reader(simulation.world)
        for found in view.list("pods"):
            assert inspect(view, found, {})["sentences"], found["metadata"]["name"]
