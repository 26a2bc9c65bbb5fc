"""The service account controller and the publisher of the CA: what every namespace has."""

from __future__ import annotations

import pytest

from cluster.controllers.root_ca import DATA, RootCAPublisher
from cluster.controllers.serviceaccount import ServiceAccountController
from cluster.simulation.simulation import Simulation
from tests.controllers.builders import change, delete, names, new_cluster


@pytest.fixture
def cluster() -> Simulation:
    simulation = new_cluster(ServiceAccountController(), RootCAPublisher())
    with simulation.act() as api:
        api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
    simulation.until_quiet()
    return simulation


def test_it_works(cluster):
    assert names(cluster, "serviceaccounts", "shop") == ["default"]
    published = cluster.api.read("configmaps", "shop", "kube-root-ca.crt")
    assert published["data"]["ca.crt"].startswith("-----BEGIN CERTIFICATE-----\n")
    description = published["metadata"]["annotations"]["kubernetes.io/description"]
    assert description.startswith("Contains a CA bundle that can be used to verify the kube-apiserver")


def test_they_come_back(cluster):
    delete(cluster, "serviceaccounts", "shop", "default")
    delete(cluster, "configmaps", "shop", "kube-root-ca.crt")
    cluster.until_quiet()
    assert names(cluster, "serviceaccounts", "shop") == ["default"]
    assert names(cluster, "configmaps", "shop") == ["kube-root-ca.crt"]


def test_the_certificate_is_restored(cluster):
    change(cluster, "configmaps", "shop", "kube-root-ca.crt", ("data",), {"ca.crt": "forged"})
    cluster.until_quiet()
    assert cluster.api.read("configmaps", "shop", "kube-root-ca.crt")["data"] == DATA


def test_not_in_a_namespace_that_is_going_away(cluster):
    delete(cluster, "namespaces", "", "shop")
    delete(cluster, "serviceaccounts", "shop", "default")
    delete(cluster, "configmaps", "shop", "kube-root-ca.crt")
    assert cluster.until_quiet() == []
