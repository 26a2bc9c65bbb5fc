"""kube-proxy in a running cluster."""

from __future__ import annotations

import orjson
import pytest

from cluster.controllers.endpointslice import EndpointSliceController
from cluster.network import iptables
from cluster.network.kube_proxy import KubeProxy
from cluster.simulation.simulation import Simulation
from tests.controllers.builders import add_node, add_pod, add_service, change, delete, new_cluster


@pytest.fixture
def cluster() -> Simulation:
    return new_cluster(EndpointSliceController(), KubeProxy())


def rules(cluster, node="node-1"):
    return cluster.api.host("host/iptables", (node,))


def reached(cluster, node="node-1"):
    return [port.get("cluster", []) for port in rules(cluster, node)["ports"]]


def syncs(steps, node="node-1"):
    return [step for step in steps if step.say == "kube-proxy.rules" and step.args["node"] == node]


def test_it_works(cluster):
    """Every node gets the same rules, a step for each."""
    cluster.advance(5_000)
    add_service(cluster, "web")
    add_pod(cluster, "web-1", "node-2", labels={"app": "web"})
    steps = cluster.until_quiet()
    for node in ("node-1", "node-2", "node-3"):
        assert reached(cluster, node) == [["10.244.1.2:80"]]
    last = syncs(steps)[-1]
    assert last.actor == "kube-proxy/node-1"
    assert last.args == {"node": "node-1", "services": 1, "endpoints": 1, "added": 5, "removed": 1}
    assert orjson.loads(orjson.dumps(rules(cluster))) == rules(cluster)


def test_a_node_has_its_chains_from_the_start(cluster):
    assert rules(cluster)["ports"] == []
    assert "KUBE-POSTROUTING" in iptables.iptables_save(rules(cluster))


def test_changes_within_a_second_go_into_one_sync(cluster):
    cluster.advance(5_000)
    add_service(cluster, "one")
    cluster.advance(200)
    add_service(cluster, "two")
    add_service(cluster, "three")
    steps = cluster.advance(2_000)
    assert [step.args["services"] for step in syncs(steps)] == [3]
    assert steps[-1].at >= 6_000


def test_changes_that_come_slowly_are_synced_at_once(cluster):
    cluster.advance(5_000)
    add_service(cluster, "one")
    started = cluster.now
    step = syncs(cluster.advance(1_000))[0]
    assert step.at - started < 200


def test_a_terminating_endpoint_is_taken_out(cluster):
    add_service(cluster, "web")
    for name in ("web-1", "web-2"):
        add_pod(cluster, name, "node-1", labels={"app": "web"})
    cluster.until_quiet()
    cluster.switch("kubelet/node-1", on=False)
    delete(cluster, "pods", "default", "web-1")
    cluster.until_quiet()
    assert reached(cluster) == [["10.244.0.3:80"]]
    delete(cluster, "pods", "default", "web-2")
    cluster.until_quiet()
    assert reached(cluster) == [["10.244.0.2:80", "10.244.0.3:80"]]


def test_switched_off_on_one_node(cluster):
    cluster.switch("kube-proxy/node-1", on=False)
    add_service(cluster, "web")
    cluster.until_quiet()
    assert reached(cluster, "node-1") == [] and reached(cluster, "node-2") == [[]]
    cluster.switch("kube-proxy/node-1", on=True)
    cluster.until_quiet()
    assert reached(cluster, "node-1") == [[]]


def test_a_machine_without_power_changes_nothing(cluster):
    cluster.switch("node/node-1", on=False)
    add_service(cluster, "web")
    cluster.until_quiet()
    assert reached(cluster, "node-1") == []


def test_a_new_node(cluster):
    add_service(cluster, "web")
    cluster.until_quiet()
    with cluster.act() as api:
        add_node(api, "node-9")
    cluster.until_quiet()
    assert reached(cluster, "node-9") == [[]]


def test_rules_go_with_the_machine(cluster):
    with cluster.act() as api:
        api.write_row("create", "host/machines", ("node-1",), {"cpu": "4"})
    delete(cluster, "nodes", "", "node-1")
    cluster.until_quiet()
    assert rules(cluster) is not None
    with cluster.act() as api:
        api.write_row("delete", "host/machines", ("node-1",), None)
    cluster.until_quiet()
    assert rules(cluster) is None


def test_what_does_not_matter_makes_no_step(cluster):
    add_service(cluster, "web")
    cluster.until_quiet()
    change(cluster, "services", "default", "web", ("metadata", "annotations"), {"a": "b"})
    change(cluster, "nodes", "", "node-1", ("metadata", "annotations"), {"a": "b"})
    assert not syncs(cluster.until_quiet())


def test_a_headless_service_wakes_nobody(cluster):
    add_service(cluster, "web", clusterIP="None")
    assert not syncs(cluster.until_quiet())
