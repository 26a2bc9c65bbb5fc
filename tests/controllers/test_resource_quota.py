"""The resource quota controller: counts, and counts again when something changes."""

from __future__ import annotations

from typing import Any

import pytest

from cluster.controllers.resource_quota import ResourceQuotaController
from cluster.objects import times
from cluster.objects.documents import Document, with_value
from cluster.simulation.simulation import Simulation
from tests.controllers.builders import add_pod, new_cluster


@pytest.fixture
def cluster() -> Simulation:
    return new_cluster(ResourceQuotaController())


def limit(cluster: Simulation, hard: Document, name: str = "rq", **spec: Any) -> None:
    with cluster.act() as api:
        api.create({
            "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": name, "namespace": "default"},
            "spec": {"hard": hard, **spec},
        })
    cluster.until_quiet()


def status(cluster: Simulation, name: str = "rq") -> Document:
    found: Document = cluster.api.read("resourcequotas", "default", name)["status"]
    return found


def used(cluster: Simulation) -> Document:
    cluster.until_quiet()
    found: Document = status(cluster)["used"]
    return found


def settings(name: str) -> Document:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"}}


def test_it_works(cluster: Simulation) -> None:
    limit(cluster, {"pods": 4, "count/configmaps": "2"})
    assert status(cluster) == {"hard": {"count/configmaps": "2", "pods": "4"}, "used": {"count/configmaps": "0", "pods": "0"}}
    with cluster.act() as api:
        api.create(settings("a"))
    assert used(cluster) == {"count/configmaps": "1", "pods": "0"}
    with cluster.act() as api:
        api.delete("configmaps", "default", "a")
    assert used(cluster)["count/configmaps"] == "0"


def test_the_record_of_a_count(cluster: Simulation) -> None:
    limit(cluster, {"count/configmaps": "2"})
    with cluster.act() as api:
        api.create(settings("a"))
    step = next(step for step in cluster.until_quiet() if step.say == "quota.usage")
    assert step.args["counted"] == "count/configmaps 1/2"
    assert step.why["before"] == {"count/configmaps": "0"}
    assert step.why["used"] == {"count/configmaps": "1"}


def test_what_is_there_already_counts(cluster: Simulation) -> None:
    add_pod(cluster, "a", "node-1")
    limit(cluster, {"pods": "1"})
    assert used(cluster) == {"pods": "1"}


def test_new_limits(cluster: Simulation) -> None:
    limit(cluster, {"pods": "1"})
    with cluster.act() as api:
        api.update(with_value(api.read("resourcequotas", "default", "rq"), ("spec", "hard"), {"configmaps": "3"}))
    cluster.until_quiet()
    assert status(cluster) == {"hard": {"configmaps": "3"}, "used": {"configmaps": "0"}}


def test_a_count_that_stays_writes_nothing(cluster: Simulation) -> None:
    limit(cluster, {"services": "1"})
    before = cluster.revision
    with cluster.act() as api:
        api.create(settings("a"))
    cluster.until_quiet()
    assert cluster.revision == before + 1


def test_an_ended_pod_stops_counting(cluster: Simulation) -> None:
    limit(cluster, {"pods": "2", "count/pods": "2"})
    add_pod(cluster, "a", "node-1")
    assert used(cluster) == {"count/pods": "1", "pods": "1"}
    with cluster.act() as api:
        api.update(with_value(api.read("pods", "default", "a"), ("status", "phase"), "Succeeded"), subresource="status")
    assert used(cluster) == {"count/pods": "1", "pods": "0"}


def test_what_nobody_can_count_has_no_sum(cluster: Simulation) -> None:
    limit(cluster, {"count/widgets.example.com": "1", "pods": "1"})
    assert status(cluster)["used"] == {"pods": "0"}


def test_a_pod_of_a_lost_machine_counts_for_its_grace(cluster: Simulation) -> None:
    limit(cluster, {"pods": "2"})
    add_pod(cluster, "a", "node-1")
    cluster.until_quiet()
    cluster.switch("kubelet/node-1", on=False)
    with cluster.act() as api:
        api.delete("pods", "default", "a", grace=30)
    assert used(cluster) == {"pods": "1"}
    cluster.advance(6 * times.MINUTE)
    assert status(cluster)["used"] == {"pods": "0"}
    assert cluster.api.get("pods", "default", "a") is not None


def test_a_cluster_with_a_quota_comes_to_rest(cluster: Simulation) -> None:
    limit(cluster, {"pods": "2"})
    cluster.until_quiet()
    assert cluster.next_due() is None or cluster.is_quiet()
    assert cluster.advance(20 * times.MINUTE) == []


def test_other_namespaces_do_not_count(cluster: Simulation) -> None:
    limit(cluster, {"configmaps": "5"})
    with cluster.act() as api:
        api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "other"}})
        api.create({**settings("a"), "metadata": {"name": "a", "namespace": "other"}}, "other")
    assert used(cluster) == {"configmaps": "0"}
