"""PodTopologyLabels: a Pod carries the zone and the region of its node as labels."""

from __future__ import annotations

from tests.apiserver.builders import Lab, lab, labelled, node, pod

ZONE, REGION = "topology.kubernetes.io/zone", "topology.kubernetes.io/region"


def zoned() -> Lab:
    server = lab()
    meta = {"name": "node-1", "labels": {ZONE: "a", REGION: "north", "disk": "ssd"}}
    server.create({"apiVersion": "v1", "kind": "Node", "metadata": meta})
    server.create(node("plain"))
    return server


def test_it_works():
    server = zoned()
    server.create(pod())
    bound = server.bind("default", "web", "node-1")
    assert bound["metadata"]["labels"] == {ZONE: "a", REGION: "north"}


def test_a_pod_that_names_its_node_has_them_at_once():
    assert zoned().create(pod(nodeName="node-1"))["metadata"]["labels"] == {ZONE: "a", REGION: "north"}


def test_the_node_has_the_last_word():
    server = zoned()
    server.create(labelled(pod(), **{ZONE: "mine", "app": "web"}))
    assert server.bind("default", "web", "node-1")["metadata"]["labels"] == {ZONE: "a", REGION: "north", "app": "web"}


def test_nodes_without_topology_and_unknown_nodes_add_nothing():
    server = zoned()
    for name, place in (("a", "plain"), ("b", "nowhere")):
        server.create(pod(name))
        assert "labels" not in server.bind("default", name, place)["metadata"]
    assert "labels" not in server.create(pod("c"))["metadata"]


def test_a_change_of_the_node_does_not_follow():
    server = zoned()
    server.create(pod())
    server.bind("default", "web", "node-1")
    server.update(labelled(server.read("nodes", "", "node-1"), **{ZONE: "b"}))
    assert server.read("pods", "default", "web")["metadata"]["labels"][ZONE] == "a"
