"""The node lifecycle controller."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cluster.controllers.node_lifecycle import NodeLifecycleController, zone_state
from cluster.machinery.settings import Settings
from cluster.objects import metadata, times
from cluster.objects.documents import dig
from cluster.objects.kinds import node as nodes
from cluster.objects.kinds import pod as pods
from cluster.simulation.simulation import Simulation
from tests.controllers.builders import add_node, add_pod, change, delete, events, healthy, new_cluster, taints

UNREACHABLE = ["unreachable:NoSchedule", "unreachable:NoExecute"]


@pytest.fixture
def cluster() -> Simulation:
    return new_cluster(NodeLifecycleController())


def ready(cluster, name):
    condition = nodes.condition(cluster.api.read("nodes", "", name), "Ready")
    return condition["status"], condition["reason"]


def not_ready(cluster, name):
    with cluster.act() as api:
        sick = healthy(api.read("nodes", "", name), cluster.now, Ready=("False", "KubeletNotReady"))
        api.update(sick, subresource="status")


def test_it_works(cluster):
    """A kubelet falls silent: after 50 s its conditions are Unknown, its Pods not ready, and it is tainted."""
    add_pod(cluster, "web", "node-1")
    cluster.until_quiet()
    cluster.switch("kubelet/node-1", on=False)
    stopped = cluster.now
    assert cluster.until_quiet() == []
    steps = cluster.advance(70_000)
    assert ready(cluster, "node-1") == ("Unknown", "NodeStatusUnknown")
    assert taints(cluster, "node-1") == UNREACHABLE
    assert not pods.is_ready(cluster.api.read("pods", "default", "web"))
    noticed = next(step for step in steps if step.say == "node-lifecycle.unknown")
    assert 40_000 <= noticed.at - stopped <= 55_000
    assert noticed.why["decision"] == "unknown"
    assert events(cluster)[-2:] == [
        ("node-1", "Normal", "NodeNotReady", "Node node-1 status is now: NodeNotReady"),
        ("web", "Warning", "NodeNotReady", "Node is not ready"),
    ]


def test_the_order_of_a_loss(cluster):
    add_pod(cluster, "web", "node-1")
    cluster.until_quiet()
    cluster.switch("node/node-1", on=False)
    told = [step.say for step in cluster.advance(70_000) if step.say.startswith("node-lifecycle")]
    assert told == [
        "node-lifecycle.unknown", "node-lifecycle.pod-not-ready", "node-lifecycle.taint", "node-lifecycle.taint",
    ]


def test_what_becomes_unknown(cluster):
    cluster.switch("kubelet/node-1", on=False)
    cluster.advance(70_000)
    found = cluster.api.read("nodes", "", "node-1")["status"]["conditions"]
    assert {c["status"] for c in found} == {"Unknown"}
    assert {c["message"] for c in found} == {"Kubelet stopped posting node status."}
    assert all(c["lastTransitionTime"] > c["lastHeartbeatTime"] for c in found)
    taint = cluster.api.read("nodes", "", "node-1")["spec"]["taints"][0]
    assert taint == {
        "key": "node.kubernetes.io/unreachable", "effect": "NoSchedule", "timeAdded": found[0]["lastTransitionTime"],
    }


def test_back_again(cluster):
    cluster.switch("kubelet/node-1", on=False)
    cluster.advance(70_000)
    cluster.switch("kubelet/node-1", on=True)
    cluster.advance(100)
    assert ready(cluster, "node-1")[0] == "True"
    assert taints(cluster, "node-1") == ["unreachable:NoExecute"]
    cluster.advance(5_500)
    assert taints(cluster, "node-1") == []


def test_a_short_silence_goes_unnoticed(cluster):
    cluster.switch("kubelet/node-1", on=False)
    cluster.advance(30_000)
    cluster.switch("kubelet/node-1", on=True)
    assert not [step for step in cluster.advance(100_000) if step.say.startswith("node-lifecycle")]


def test_heartbeats_cost_nothing(cluster):
    assert cluster.advance(24 * times.HOUR) == [] or all(
        step.say == "event.expired" for step in cluster.advance(24 * times.HOUR)
    )


def test_a_kubelet_that_says_not_ready(cluster):
    """No event and no change of Pods: the kubelet is there and can say so itself."""
    add_pod(cluster, "web", "node-2")
    cluster.until_quiet()
    before = len(events(cluster))
    not_ready(cluster, "node-2")
    cluster.advance(100)
    assert taints(cluster, "node-2") == ["not-ready:NoSchedule"]
    cluster.advance(5_500)
    assert taints(cluster, "node-2") == ["not-ready:NoSchedule", "not-ready:NoExecute"]
    assert len(events(cluster)) == before and pods.is_ready(cluster.api.read("pods", "default", "web"))


def test_from_not_ready_to_unreachable(cluster):
    not_ready(cluster, "node-1")
    cluster.advance(6_000)
    cluster.switch("kubelet/node-1", on=False)
    cluster.advance(70_000)
    assert sorted(taints(cluster, "node-1")) == sorted(UNREACHABLE)


def test_registration(cluster):
    assert ("node-1", "Normal", "RegisteredNode", "Node node-1 event: Registered Node node-1 in Controller") in events(cluster)
    delete(cluster, "nodes", "", "node-1")
    cluster.until_quiet()
    assert events(cluster)[-1] == (
        "node-1", "Normal", "RemovingNode", "Node node-1 event: Removing Node node-1 from Controller",
    )


def test_events_come_from_the_node_controller(cluster):
    assert {event["source"]["component"] for event in cluster.api.list("events")} == {"node-controller"}


def test_cordon_and_pressure(cluster):
    change(cluster, "nodes", "", "node-1", ("spec", "unschedulable"), True)
    with cluster.act() as api:
        sick = healthy(api.read("nodes", "", "node-2"), 0, MemoryPressure=("True", "KubeletHasInsufficientMemory"))
        api.update(sick, subresource="status")
    cluster.until_quiet()
    assert taints(cluster, "node-1") == ["unschedulable:NoSchedule"]
    assert taints(cluster, "node-2") == ["memory-pressure:NoSchedule"]
    change(cluster, "nodes", "", "node-1", ("spec", "unschedulable"), False)
    cluster.until_quiet()
    assert taints(cluster, "node-1") == []


def test_taints_of_others_stay(cluster):
    change(cluster, "nodes", "", "node-1", ("spec", "taints"), [{"key": "maint", "effect": "NoExecute"}])
    cluster.until_quiet()
    cluster.advance(10_000)
    assert taints(cluster, "node-1") == ["maint:NoExecute"]


def test_one_node_in_ten_seconds():
    """Nodes of one zone are tainted one after the other."""
    cluster = new_cluster(NodeLifecycleController(), zones=("a",) * 6)
    for name in ("node-1", "node-2"):
        cluster.switch(f"kubelet/{name}", on=False)
    steps = [s for s in cluster.advance(90_000) if s.args.get("taint", "").endswith("NoExecute")]
    assert [s.args["node"] for s in steps] == ["node-1", "node-2"]
    assert steps[1].at - steps[0].at == 10_000
    assert steps[0].why["zoneState"] == "Normal"


def test_zones_do_not_wait_for_each_other():
    cluster = new_cluster(NodeLifecycleController(), zones=("a", "b", "c"))
    for name in ("node-1", "node-2"):
        cluster.switch(f"kubelet/{name}", on=False)
    steps = [s for s in cluster.advance(90_000) if s.args.get("taint", "").endswith("NoExecute")]
    assert len(steps) == 2 and steps[1].at - steps[0].at < 1_000


def test_a_small_zone_that_is_half_broken_is_left_alone():
    cluster = new_cluster(NodeLifecycleController(), zones=("a",) * 5)
    for name in ("node-1", "node-2", "node-3"):
        cluster.switch(f"kubelet/{name}", on=False)
    cluster.advance(120_000)
    assert taints(cluster, "node-1") == ["unreachable:NoSchedule"]
    cluster.switch("kubelet/node-3", on=True)
    cluster.advance(30_000)
    assert taints(cluster, "node-1") == taints(cluster, "node-2") == UNREACHABLE


def test_when_every_node_is_silent_nobody_is_evicted():
    cluster = new_cluster(NodeLifecycleController(), zones=("a", "b"))
    cluster.switch("kubelet/node-1", on=False)
    cluster.advance(70_000)
    assert taints(cluster, "node-1") == UNREACHABLE
    cluster.switch("kubelet/node-2", on=False)
    cluster.advance(120_000)
    assert taints(cluster, "node-1") == taints(cluster, "node-2") == ["unreachable:NoSchedule"]
    cluster.switch("kubelet/node-2", on=True)
    cluster.advance(20_000)
    assert taints(cluster, "node-2") == [] and taints(cluster, "node-1") == UNREACHABLE


@pytest.mark.parametrize(("up", "down", "state"), [
    (3, 0, "Normal"), (1, 1, "Normal"), (0, 1, "FullDisruption"), (2, 3, "PartialDisruption"), (3, 3, "Normal"),
    (0, 0, "Normal"),
])
def test_zone_states(up, down, state):
    assert zone_state(up, down) == state


def test_a_restarted_controller_counts_anew(cluster):
    cluster.switch("node-lifecycle-controller", on=False)
    cluster.switch("kubelet/node-1", on=False)
    cluster.advance(200_000)
    assert ready(cluster, "node-1")[0] == "True"
    cluster.switch("node-lifecycle-controller", on=True)
    cluster.advance(45_000)
    assert ready(cluster, "node-1")[0] == "True"
    cluster.advance(15_000)
    assert ready(cluster, "node-1")[0] == "Unknown"


def test_a_node_that_no_kubelet_ever_reported(cluster):
    with cluster.act() as api:
        api.create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "ghost"}, "spec": {}})
    cluster.advance(80_000)
    found = cluster.api.read("nodes", "", "ghost")["status"]["conditions"]
    assert {c["reason"] for c in found} == {"NodeStatusNeverUpdated"}
    assert {c["type"] for c in found} == {"Ready", "MemoryPressure", "DiskPressure", "PIDPressure"}


def test_old_labels_repeat_new_ones(cluster):
    labels = {"kubernetes.io/os": "linux", "kubernetes.io/arch": "arm64", "beta.kubernetes.io/arch": "amd64"}
    change(cluster, "nodes", "", "node-1", ("metadata", "labels"), labels)
    cluster.until_quiet()
    found = metadata.labels(cluster.api.read("nodes", "", "node-1"))
    assert (found["beta.kubernetes.io/os"], found["beta.kubernetes.io/arch"]) == ("linux", "arm64")


def test_a_node_that_is_made_again(cluster):
    delete(cluster, "nodes", "", "node-1")
    with cluster.act() as api:
        add_node(api, "node-1", now=cluster.now)
    cluster.until_quiet()
    registered = [e for e in events(cluster) if e[0] == "node-1" and e[2] == "RegisteredNode"]
    assert len(registered) == 2


def test_a_shorter_grace(cluster):
    quick = replace(Settings(), node_monitor_grace=10_000)
    cluster = new_cluster(NodeLifecycleController(), settings=quick)
    cluster.switch("kubelet/node-1", on=False)
    cluster.advance(20_000)
    assert ready(cluster, "node-1")[0] == "Unknown"


def test_a_fork_goes_on_alike(cluster):
    cluster.switch("kubelet/node-1", on=False)
    cluster.advance(20_000)
    fork = cluster.fork()
    one, two = cluster.advance(80_000), fork.advance(80_000)
    assert [(s.at, s.say, s.objects) for s in one] == [(s.at, s.say, s.objects) for s in two]
    assert dig(fork.api.read("nodes", "", "node-1"), "spec", "taints")
