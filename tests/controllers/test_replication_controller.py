"""A ReplicationController keeps a number of Pods alive, as a ReplicaSet does."""

from __future__ import annotations

from typing import Any

import pytest

from cluster.apiserver.errors import APIError
from cluster.controllers.garbage_collector import GarbageCollector
from cluster.controllers.replicaset import ReplicaSetController
from cluster.controllers.replication_controller import ReplicationManager
from cluster.objects import metadata
from cluster.objects.documents import Document
from cluster.objects.kinds import pod as pods
from cluster.simulation.simulation import Simulation
from tests.controllers.builders import add_pod, change, delete, events, names, new_cluster

RESOURCE = "replicationcontrollers"


def controller(replicas: int = 2, **spec: Any) -> Document:
    template = {"metadata": {"labels": {"app": "rc"}}, "spec": {"containers": [{"name": "c", "image": "nginx:1"}]}}
    return {
        "apiVersion": "v1", "kind": "ReplicationController", "metadata": {"name": "rc", "namespace": "default"},
        "spec": {"replicas": replicas, "template": template, **spec},
    }


@pytest.fixture
def cluster() -> Simulation:
    return new_cluster(ReplicationManager(), ReplicaSetController(), GarbageCollector())


def add(cluster: Simulation, document: Document) -> Document:
    with cluster.act() as api:
        made = api.create(document, "default")
    cluster.until_quiet()
    return made


def active(cluster: Simulation) -> list[str]:
    return [metadata.name(pod) for pod in cluster.api.list("pods", "default") if pods.is_active(pod)]


def test_it_works(cluster: Simulation) -> None:
    steps: list[str] = []
    cluster.on_step = lambda step: steps.append(step.say)
    add(cluster, controller())
    assert len(active(cluster)) == 2
    status = cluster.api.read(RESOURCE, "default", "rc")["status"]
    assert (status["replicas"], status["fullyLabeledReplicas"]) == (2, 2)
    assert "terminatingReplicas" not in status
    assert steps.count("replication.create-pod") == 2
    change(cluster, RESOURCE, "default", "rc", ("spec", "replicas"), 1)
    cluster.until_quiet()
    assert len(active(cluster)) == 1
    told = [reason for about, _, reason, _ in events(cluster) if about == "rc"]
    assert told == ["SuccessfulCreate", "SuccessfulCreate", "SuccessfulDelete"]


def test_selector_and_labels_come_from_the_template(cluster: Simulation) -> None:
    made = add(cluster, controller())
    assert made["spec"]["selector"] == made["metadata"]["labels"] == {"app": "rc"}


def test_it_adopts_and_releases(cluster: Simulation) -> None:
    add_pod(cluster, "lonely", labels={"app": "rc"})
    add(cluster, controller(1))
    assert active(cluster) == ["lonely"]
    change(cluster, "pods", "default", "lonely", ("metadata", "labels"), {"app": "other"})
    cluster.until_quiet()
    assert len(active(cluster)) == 2
    assert metadata.controller_of(cluster.api.read("pods", "default", "lonely")) is None


def test_who_does_not_say_orphans_its_pods(cluster: Simulation) -> None:
    add(cluster, controller())
    delete(cluster, RESOURCE, "default", "rc")
    cluster.until_quiet()
    assert names(cluster, RESOURCE) == []
    assert len(active(cluster)) == 2


def test_it_leaves_the_pods_of_a_replicaset_of_its_name_alone(cluster: Simulation) -> None:
    add(cluster, controller(1))
    document = controller(1, selector={"matchLabels": {"app": "rc"}})
    add(cluster, {**document, "apiVersion": "apps/v1", "kind": "ReplicaSet"})
    owners = sorted(str((metadata.controller_of(pod) or {}).get("kind")) for pod in cluster.api.list("pods", "default"))
    assert owners == ["ReplicaSet", "ReplicationController"]


@pytest.mark.parametrize(("spec", "complaint"), [
    ({"selector": {"app": "other"}}, "`selector` does not match template `labels`"),
    ({"replicas": -1}, r"spec\.replicas: Invalid value: -1"),
    ({"template": None}, r"spec\.template: Required value"),
])
def test_refusals(cluster: Simulation, spec: dict[str, Any], complaint: str) -> None:
    with pytest.raises(APIError, match=complaint):
        add(cluster, controller(**spec))
