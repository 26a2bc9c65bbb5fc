"""Pods that choose their neighbours, in a running cluster: who waits for what."""

import pytest

from tests.scheduler.neighbours import HOSTNAME, ZONE, away, near, spread, term
from tests.scheduler.test_scheduler import add_node, decisions, delete_pod, node_of, scheduled_condition, started


@pytest.fixture
def cluster():
    simulation = started()
    add_node(simulation, "a1", labels={ZONE: "a"})
    add_node(simulation, "b1", labels={ZONE: "b"})
    return simulation


def add(cluster, name, labels=None, **spec):
    meta = {"name": name, "namespace": "default", "labels": {"app": "web"} if labels is None else labels}
    containers = [{"name": "c", "image": "nginx:1"}]
    with cluster.act() as api:
        api.create({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"containers": containers, **spec}}, "default")
    return decisions(cluster.until_quiet())


def relabel(cluster, resource, namespace, name, **labels):
    with cluster.act() as api:
        found = api.get(resource, namespace, name)
        api.update({**found, "metadata": {**found["metadata"], "labels": {**found["metadata"]["labels"], **labels}}})
    cluster.until_quiet()


def test_it_works(cluster):
    for name in ("p", "q"):
        add(cluster, name, affinity=away(term(HOSTNAME)))
    assert {node_of(cluster, "p"), node_of(cluster, "q")} == {"a1", "b1"}

    add(cluster, "r", affinity=away(term(HOSTNAME)))
    assert node_of(cluster, "r") is None
    assert scheduled_condition(cluster, "r")["message"].startswith(
        "0/2 nodes are available: 2 node(s) didn't match pod anti-affinity rules.")
    freed = node_of(cluster, "p")
    delete_pod(cluster, "p")
    cluster.until_quiet()
    assert node_of(cluster, "r") == freed


def test_waits_for_a_pod_to_be_near(cluster):
    add(cluster, "p", {"app": "cache"}, affinity=near(term()))
    assert node_of(cluster, "p") is None
    add(cluster, "web", nodeName="b1")
    cluster.until_quiet()
    assert node_of(cluster, "p") == "b1"


def test_waits_for_a_pod_to_be_labelled(cluster):
    add(cluster, "web", {"app": "db"}, nodeName="a1")
    add(cluster, "p", {"app": "cache"}, affinity=near(term()))
    assert node_of(cluster, "p") is None
    relabel(cluster, "pods", "default", "web", app="web")
    assert node_of(cluster, "p") == "a1"


def test_waits_for_another_zone(cluster):
    for name in ("p", "q"):
        add(cluster, name, topologySpreadConstraints=[spread(minDomains=3)])
    assert {node_of(cluster, "p"), node_of(cluster, "q")} == {"a1", "b1"}
    add(cluster, "r", topologySpreadConstraints=[spread(minDomains=3)])
    assert node_of(cluster, "r") is None
    add_node(cluster, "c1", labels={ZONE: "c"})
    cluster.until_quiet()
    assert node_of(cluster, "r") == "c1"


def test_the_record_of_a_step_tells_the_skew(cluster):
    for number in range(2):
        add(cluster, f"p{number}", nodeName="a1")
    (step,) = add(cluster, "new", topologySpreadConstraints=[spread()])
    (rejected,) = [each for each in step.why["nodes"] if "plugin" in each]
    assert (rejected["node"], rejected["plugin"], rejected["code"]) == ("a1", "PodTopologySpread", "Unschedulable")
    assert (rejected["values"]["count"], rejected["values"]["minimum"], rejected["values"]["skew"]) == (2, 0, 3)


def test_pods_of_a_service_spread_over_the_zones(cluster):
    add_node(cluster, "a2", labels={ZONE: "a"})
    with cluster.act() as api:
        meta = {"name": "web", "namespace": "default"}
        api.create({"apiVersion": "v1", "kind": "Service", "metadata": meta,
                    "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}}, "default")
    add(cluster, "p", nodeName="a1")
    (step,) = add(cluster, "q")
    scores = {each["node"]: each["scores"]["PodTopologySpread"]["normalized"] for each in step.why["nodes"]}
    assert scores["b1"] == 100 and scores["a1"] < scores["a2"] < 100
    assert node_of(cluster, "q") == "b1"


def test_a_new_pod_counts_only_its_own_version(cluster):
    rules = [spread(HOSTNAME, matchLabelKeys=["version"])]
    add(cluster, "old", {"app": "web", "version": "1"}, nodeName="a1")
    add(cluster, "other", {"app": "web", "version": "1"}, nodeName="a1")
    (step,) = add(cluster, "new", {"app": "web", "version": "2"}, topologySpreadConstraints=rules)
    assert not [each for each in step.why["nodes"] if "plugin" in each]
    stored = cluster.api.get("pods", "default", "new")["spec"]["topologySpreadConstraints"][0]["labelSelector"]
    assert stored["matchExpressions"] == [{"key": "version", "operator": "In", "values": ["2"]}]
