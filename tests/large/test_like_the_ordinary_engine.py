"""The same scenario here and in the ordinary engine ends in the same documents, but for names, uids, times and addresses."""

from __future__ import annotations

import re
from typing import Any

from cluster.large.cluster import LargeCluster
from cluster.large.plan import APPS, MACHINE_TYPES, deployment, shares
from cluster.objects import metadata, times
from cluster.objects.documents import Document
from cluster.simulation.bootstrap import Machine, new_cluster
from cluster.simulation.simulation import Simulation

PODS_WANTED = 120
SIZE = 12
# What differs between two runs of anything.
NOISE = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "TIME"),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "UID"),
    (re.compile(r"containerd://[0-9a-f]{64}"), "CONTAINER"),
    (re.compile(r"kube-api-access-[a-z0-9]{5}"), "TOKEN"),
    (re.compile(r"\b10\.\d+\.\d+\.\d+(/24)?"), "ADDRESS"),
    (re.compile(r"\b[a-e]-node-\d{4}\b"), "NODE"),
    (re.compile(r"\bzone-[a-e]\b"), "ZONE"),
    (re.compile(r"^[0-9a-f]{32}$"), "MACHINE"),
)


def _plain(value: Any) -> Any:
    """A document without noise; generated names keep what they were generated from."""
    if isinstance(value, str):
        for pattern, word in NOISE:
            value = pattern.sub(word, value)
        return value
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {field: _plain(item) for field, item in value.items() if field not in ("resourceVersion", "lastHeartbeatTime")}
    return value


def _plain_pod(pod: Document) -> Document:
    plain: Document = _plain(pod)
    plain["metadata"]["name"] = pod["metadata"]["generateName"]
    return plain


def _sorted(documents: list[Document]) -> list[str]:
    return sorted(repr(document) for document in documents)


def _ordinary(large: LargeCluster) -> Simulation:
    """The same machines and Deployments in the ordinary engine."""
    machines = []
    for node in large.inventory.nodes:
        kind = MACHINE_TYPES[node.planned.kind]
        labels = {"node.kubernetes.io/instance-type": kind.name, "topology.kubernetes.io/zone": _zone(large, node.name)}
        machines.append(Machine(
            node.name, node.planned.address, cpu=kind.cpu, memory=kind.memory, labels=labels, taints=kind.taints,
            extended=kind.extended,
        ))
    simulation = new_cluster(machines)
    with simulation.act() as api:
        for app in APPS:
            count = shares(PODS_WANTED)[app.name]
            if count:
                api.create(deployment(app, count), "default")
    simulation.advance(3 * times.MINUTE)
    return simulation


def _zone(large: LargeCluster, name: str) -> str:
    node = large.node(name)
    assert node is not None
    return metadata.labels(node)["topology.kubernetes.io/zone"]


def _both() -> tuple[LargeCluster, Simulation]:
    large = LargeCluster(SIZE, seed=3)
    large.advance(10 * times.SECOND)
    large.command({"do": "add", "pods": PODS_WANTED})
    large.advance(3 * times.MINUTE)
    return large, _ordinary(large)


def test_it_works() -> None:
    large, ordinary = _both()
    ours = [_plain_pod(pod) for pod in large.controllers.api.list("pods")]
    theirs = [_plain_pod(pod) for pod in ordinary.api.list("pods")]
    assert len(ours) == PODS_WANTED
    assert _sorted(ours) == _sorted(theirs)


def test_replicasets_and_deployments() -> None:
    large, ordinary = _both()
    for resource in ("replicasets.apps", "deployments.apps"):
        ours = [_plain(document) for document in large.controllers.api.list(resource)]
        theirs = [_plain(document) for document in ordinary.api.list(resource)]
        assert ours == theirs


def test_nodes() -> None:
    large, ordinary = _both()

    def plain(document: Document) -> Document:
        node: Document = _plain(document)
        # Which images lie where follows from chance; their entries are compared below.
        node["status"] = {**node["status"], "images": []}
        return node

    ours, theirs = large.controllers.api.list("nodes"), ordinary.api.list("nodes")
    assert [plain(node) for node in ours] == [plain(node) for node in theirs]
    images = [
        {repr(image) for node in nodes for image in node["status"]["images"]} for nodes in (ours, theirs)
    ]
    assert images[0] == images[1]


def test_leases() -> None:
    large, ordinary = _both()
    resource = "leases.coordination.k8s.io"
    ours = [_plain(document) for document in large.controllers.api.list(resource)]
    assert ours == [_plain(document) for document in ordinary.api.list(resource)]
