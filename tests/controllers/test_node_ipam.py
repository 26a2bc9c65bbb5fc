"""The node IPAM controller."""

from __future__ import annotations

from cluster.controllers import node_ipam
from cluster.controllers.node_ipam import NodeIpamController
from tests.controllers.builders import add_node, delete, events, new_cluster


def ranges(cluster):
    return [node["spec"].get("podCIDR") for node in cluster.api.list("nodes")]


def test_it_works():
    cluster = new_cluster(NodeIpamController())
    assert ranges(cluster) == ["10.244.0.0/24", "10.244.1.0/24", "10.244.2.0/24"]
    assert cluster.api.read("nodes", "", "node-1")["spec"]["podCIDRs"] == ["10.244.0.0/24"]


def test_a_range_that_became_free_is_not_used_at_once():
    cluster = new_cluster(NodeIpamController())
    delete(cluster, "nodes", "", "node-1")
    with cluster.act() as api:
        add_node(api, "node-9")
    cluster.until_quiet()
    assert ranges(cluster) == ["10.244.1.0/24", "10.244.2.0/24", "10.244.3.0/24"]


def test_no_range_is_left(monkeypatch):
    monkeypatch.setattr(node_ipam, "RANGES", node_ipam.RANGES[:2])
    cluster = new_cluster(NodeIpamController())
    assert ranges(cluster) == ["10.244.0.0/24", "10.244.1.0/24", None]
    assert ("node-3", "Normal", "CIDRNotAvailable", "Node node-3 status is now: CIDRNotAvailable") in events(cluster)
    delete(cluster, "nodes", "", "node-1")
    cluster.until_quiet()
    assert ranges(cluster) == ["10.244.1.0/24", "10.244.0.0/24"]
