"""The Service of the API server comes back, as `kubectl delete service --all` shows."""

from __future__ import annotations

import pytest

from cluster.controllers.endpoints import EndpointsController
from cluster.controllers.kubernetes_service import KubernetesServiceController, endpoint_slice, endpoints, service
from cluster.simulation.simulation import Simulation
from tests.controllers.builders import delete, names, new_cluster

TABLES = ("services", "endpoints", "endpointslices.discovery.k8s.io")


@pytest.fixture
def cluster() -> Simulation:
    simulation = new_cluster(KubernetesServiceController(), EndpointsController())
    for document in (service(), endpoints(), endpoint_slice()):
        simulation.user().create(document)
    simulation.until_quiet()
    return simulation


def test_it_works(cluster):
    before = cluster.api.read("services", "default", "kubernetes")
    delete(cluster, "services", "default", "kubernetes")
    cluster.advance(1000)
    assert names(cluster, "services", "default") == []
    cluster.advance(9000)
    after = cluster.api.read("services", "default", "kubernetes")
    assert after["spec"] == before["spec"]
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    assert [names(cluster, table, "default") for table in TABLES] == [["kubernetes"]] * 3


@pytest.mark.parametrize("table", TABLES)
def test_each_part_comes_back(cluster, table):
    delete(cluster, table, "default", "kubernetes")
    cluster.until_quiet()
    assert names(cluster, table, "default") == ["kubernetes"]


def test_others_stay_away(cluster):
    cluster.user().create({**service(), "metadata": {"name": "web", "namespace": "default"}, "spec": {"ports": [{"port": 80}]}})
    cluster.until_quiet()
    delete(cluster, "services", "default", "web")
    cluster.until_quiet()
    assert names(cluster, "services", "default") == ["kubernetes"]
