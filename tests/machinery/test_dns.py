"""The names of the cluster's DNS."""

import pytest

from cluster.apiserver.reader import Reader
from cluster.apiserver.state import World
from cluster.machinery import dns


def service(name, ip="10.96.0.7", **spec):
    return "services", {"metadata": {"name": name, "namespace": "default"}, "spec": {"clusterIP": ip, **spec}}


def slice_of(name, *endpoints):
    labels = {"kubernetes.io/service-name": name}
    return "endpointslices.discovery.k8s.io", {
        "metadata": {"name": f"{name}-1", "namespace": "default", "labels": labels}, "addressType": "IPv4",
        "endpoints": [
            {"addresses": [ip], "hostname": host, "conditions": {"ready": ready}} for ip, host, ready in endpoints
        ],
    }


def resolve(name, *documents):
    world = World().with_row("namespaces", ("", "default"), {"metadata": {"name": "default"}})
    for resource, document in documents:
        meta = document["metadata"]
        world = world.with_row(resource, (meta["namespace"], meta["name"]), document)
    return dns.resolve(Reader(world), name)


def test_it_works():
    assert resolve("web.default.svc.cluster.local", service("web")) == ["10.96.0.7"]


@pytest.mark.parametrize("name", [
    "no.default.svc.cluster.local", "web.other.svc.cluster.local", "web.default.cluster.local", "web", "svc.cluster.local",
    "a.b.web.default.svc.cluster.local", "x.web.default.svc.cluster.local", "", "nosuch.example.com", "host.invalid",
])
def test_unknown_names(name):
    assert resolve(name, service("web")) is None


def test_headless():
    documents = (service("db", "None"), slice_of("db", ("10.244.1.2", "db-0", True), ("10.244.2.2", "db-1", False)))
    assert resolve("db.default.svc.cluster.local", *documents) == ["10.244.1.2"]
    assert resolve("db-0.db.default.svc.cluster.local", *documents) == ["10.244.1.2"]
    assert resolve("db-1.db.default.svc.cluster.local", *documents) is None


def test_external_names():
    one, two = service("a", "", type="ExternalName", externalName="b.default.svc.cluster.local"), service("b")
    assert resolve("a.default.svc.cluster.local", one, two) == ["10.96.0.7"]
    ring = service("a", "", type="ExternalName", externalName="a.default.svc.cluster.local")
    assert resolve("a.default.svc.cluster.local", ring) is None


def test_pods_by_their_address():
    assert resolve("10-244-1-7.default.pod.cluster.local") == ["10.244.1.7"]
    assert resolve("10-244-1.default.pod.cluster.local") is None
    assert resolve("10-244-1-7.no.pod.cluster.local") is None


def test_the_world_outside():
    (address,) = resolve("kubernetes.io") or []
    assert dns.is_outside(address)
    assert resolve("KUBERNETES.io.") == [address]
