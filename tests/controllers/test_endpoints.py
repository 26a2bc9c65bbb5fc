"""The Endpoints controller."""

from __future__ import annotations

import pytest

from cluster.controllers import endpoints
from cluster.controllers.endpoints import EndpointsController
from cluster.objects import metadata
from cluster.simulation.simulation import Simulation
from tests.controllers.builders import add_pod, add_service, change, delete, names, new_cluster


@pytest.fixture
def cluster() -> Simulation:
    return new_cluster(EndpointsController())


def subsets(cluster):
    return cluster.api.read("endpoints", "default", "web").get("subsets")


def test_it_works(cluster):
    add_service(cluster, "web", labels={"tier": "front"})
    pod = add_pod(cluster, "web-1", "node-2", labels={"app": "web"})
    cluster.until_quiet()
    found = cluster.api.read("endpoints", "default", "web")
    assert metadata.labels(found) == {"tier": "front", "endpoints.kubernetes.io/managed-by": "endpoint-controller"}
    target = {"kind": "Pod", "namespace": "default", "name": "web-1", "uid": pod["metadata"]["uid"]}
    assert found["subsets"] == [{
        "addresses": [{"ip": "10.244.1.2", "nodeName": "node-2", "targetRef": target}],
        "ports": [{"port": 80, "protocol": "TCP"}],
    }]


def test_without_pods_there_are_no_subsets(cluster):
    add_service(cluster, "web")
    cluster.until_quiet()
    assert subsets(cluster) is None


def test_addresses_are_ordered_as_text(cluster):
    add_service(cluster, "web")
    for index in range(12):
        add_pod(cluster, f"web-{index:02}", "node-1", labels={"app": "web"})
    cluster.until_quiet()
    ips = [address["ip"] for address in subsets(cluster)[0]["addresses"]]
    assert ips == sorted(ips) and ips[0] == "10.244.0.10"


def test_not_ready_addresses_stand_apart(cluster):
    add_service(cluster, "web")
    add_pod(cluster, "web-1", "node-1", labels={"app": "web"})
    add_pod(cluster, "web-2", "node-2", labels={"app": "web"}, annotations={"fake/never-ready": "1"})
    cluster.until_quiet()
    (subset,) = subsets(cluster)
    assert [address["ip"] for address in subset["addresses"]] == ["10.244.0.2"]
    assert [address["ip"] for address in subset["notReadyAddresses"]] == ["10.244.1.2"]


def test_two_ports_with_the_same_pods_share_a_subset(cluster):
    add_service(cluster, "web", ports=[{"name": "a", "port": 80}, {"name": "b", "port": 81, "targetPort": 9}])
    add_pod(cluster, "web-1", "node-1", labels={"app": "web"})
    cluster.until_quiet()
    (subset,) = subsets(cluster)
    assert subset["ports"] == [
        {"name": "a", "port": 80, "protocol": "TCP"}, {"name": "b", "port": 9, "protocol": "TCP"},
    ]


def test_terminating_pods_are_dropped_at_once(cluster):
    add_service(cluster, "web")
    add_pod(cluster, "web-1", "node-1", labels={"app": "web"})
    cluster.until_quiet()
    delete(cluster, "pods", "default", "web-1")
    cluster.advance(100)
    assert subsets(cluster) is None


def test_headless_without_ports(cluster):
    add_service(cluster, "web", clusterIP="None", ports=None)
    add_pod(cluster, "web-1", "node-1", labels={"app": "web"})
    cluster.until_quiet()
    (subset,) = subsets(cluster)
    assert "ports" not in subset and len(subset["addresses"]) == 1
    assert metadata.labels(cluster.api.read("endpoints", "default", "web"))["service.kubernetes.io/headless"] == ""


def test_a_service_without_selector_is_left_to_its_owner(cluster):
    add_service(cluster, "web", selector=None)
    cluster.until_quiet()
    assert names(cluster, "endpoints", "default") == []


def test_they_go_with_their_service(cluster):
    add_service(cluster, "web")
    cluster.until_quiet()
    delete(cluster, "services", "default", "web")
    cluster.until_quiet()
    assert names(cluster, "endpoints", "default") == []


def test_left_over_after_a_restart(cluster):
    add_service(cluster, "web")
    cluster.until_quiet()
    cluster.switch("endpoint-controller", on=False)
    delete(cluster, "services", "default", "web")
    cluster.until_quiet()
    assert names(cluster, "endpoints", "default") == ["web"]
    cluster.switch("endpoint-controller", on=True)
    cluster.until_quiet()
    assert names(cluster, "endpoints", "default") == []


def test_at_most_a_thousand_addresses():
    ready = [{"ip": str(index)} for index in range(990)]
    unready = [{"ip": str(index)} for index in range(30)]
    one = {"addresses": ready, "notReadyAddresses": unready, "ports": [{"port": 80}]}
    cut, truncated = endpoints._within_capacity([one])
    assert truncated and len(cut[0]["addresses"]) == 990 and len(cut[0]["notReadyAddresses"]) == 10
    many = [{"addresses": ready}, {"addresses": ready, "notReadyAddresses": unready}]
    cut, truncated = endpoints._within_capacity(many)
    assert truncated and [len(subset["addresses"]) for subset in cut] == [500, 500]
    assert "notReadyAddresses" not in cut[1]


def test_labels_follow_the_service(cluster):
    add_service(cluster, "web")
    cluster.until_quiet()
    change(cluster, "services", "default", "web", ("metadata", "labels"), {"tier": "back"})
    cluster.until_quiet()
    assert metadata.labels(cluster.api.read("endpoints", "default", "web"))["tier"] == "back"
