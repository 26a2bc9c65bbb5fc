"""Pod garbage collection."""

from __future__ import annotations

import pytest

from cluster.controllers import pod_gc
from cluster.controllers.pod_gc import PodGarbageCollector
from cluster.objects.kinds import pod as pods
from cluster.simulation.simulation import Simulation
from tests.controllers.builders import add_node, add_pod, change, delete, healthy, names, new_cluster


@pytest.fixture
def cluster() -> Simulation:
    return new_cluster(PodGarbageCollector())


def test_it_works(cluster):
    """The Pods of a node that vanished: given up after 40 s, failed first, then removed without grace."""
    add_pod(cluster, "web", "node-1")
    cluster.until_quiet()
    delete(cluster, "nodes", "", "node-1")
    vanished = cluster.now
    cluster.advance(39_000)
    assert names(cluster, "pods", "default") == ["web"]
    steps = [step for step in cluster.advance(30_000) if step.actor == "pod-garbage-collector"]
    assert [step.say for step in steps] == ["pod-gc.orphaned-fail", "pod-gc.orphaned"]
    assert 40_000 <= steps[0].at - vanished <= 60_000
    failed = next(c.new for c in steps[0].changes if c.table == "pods")
    assert pods.phase(failed) == "Failed"
    condition = pods.condition(failed, "DisruptionTarget")
    assert (condition["reason"], condition["message"]) == ("DeletionByPodGC", "PodGC: node no longer exists")
    assert names(cluster, "pods", "default") == []


def test_a_node_that_comes_back_keeps_its_pods(cluster):
    add_pod(cluster, "web", "node-1")
    cluster.until_quiet()
    delete(cluster, "nodes", "", "node-1")
    cluster.advance(30_000)
    with cluster.act() as api:
        add_node(api, "node-1", now=cluster.now)
    cluster.advance(120_000)
    assert names(cluster, "pods", "default") == ["web"]
    delete(cluster, "nodes", "", "node-1")
    cluster.advance(39_000)
    assert names(cluster, "pods", "default") == ["web"]


def test_a_pod_for_a_node_that_never_was(cluster):
    add_pod(cluster, "web", "node-99")
    cluster.until_quiet()
    assert names(cluster, "pods", "default") == []


def test_terminating_without_a_node(cluster):
    add_pod(cluster, "web", finalizers=["example.com/hold"])
    delete(cluster, "pods", "default", "web")
    cluster.until_quiet()
    assert pods.phase(cluster.api.read("pods", "default", "web")) == "Failed"
    change(cluster, "pods", "default", "web", ("metadata", "finalizers"), [])
    assert names(cluster, "pods", "default") == []


def test_out_of_service(cluster):
    add_pod(cluster, "web", "node-1")
    cluster.until_quiet()
    cluster.switch("kubelet/node-1", on=False)
    delete(cluster, "pods", "default", "web")
    with cluster.act() as api:
        sick = healthy(api.read("nodes", "", "node-1"), 0, Ready=("Unknown", "KubeletGone"))
        api.update(sick, subresource="status")
    cluster.advance(60_000)
    assert names(cluster, "pods", "default") == ["web"]
    taint = {"key": "node.kubernetes.io/out-of-service", "effect": "NoExecute", "value": "nodeshutdown"}
    change(cluster, "nodes", "", "node-1", ("spec", "taints"), [taint])
    cluster.advance(21_000)
    assert names(cluster, "pods", "default") == []


def test_too_many_that_have_ended(cluster, monkeypatch):
    monkeypatch.setattr(pod_gc, "MAX_TERMINATED", 2)
    for index in range(5):
        add_pod(cluster, f"job-{index}", "node-1")
        change(cluster, "pods", "default", f"job-{index}", ("status", "phase"), "Succeeded", "status")
        cluster.advance(1_500)
    cluster.advance(25_000)
    assert names(cluster, "pods", "default") == ["job-3", "job-4"]


def test_healthy_pods_are_left_alone(cluster):
    add_pod(cluster, "web", "node-1")
    add_pod(cluster, "pending")
    cluster.advance(200_000)
    assert names(cluster, "pods", "default") == ["pending", "web"]
