"""NodePorts: host ports are taken once per node, protocol and address."""

import pytest

from cluster.scheduler import events
from cluster.scheduler.events import ClusterEvent
from cluster.scheduler.framework import Code
from cluster.scheduler.plugins.node_ports import NodePorts
from tests.scheduler.builders import container, decision, node, pod


def test_it_works():
    placed = pod("other", container(host_port=80), on="a")
    found = decision(pod("p", container(host_port=80)), [node("a"), node("b")], [placed])
    assert found.feasible == ("b",)
    rejected = found.verdict("a")
    assert (rejected.plugin, rejected.status.code) == ("NodePorts", Code.UNSCHEDULABLE)
    assert rejected.status.values == {"ports": [{"hostIP": "0.0.0.0", "protocol": "TCP", "hostPort": 80}]}


@pytest.mark.parametrize(("taken", "wanted", "fits"), [
    ("10.0.0.1", "10.0.0.2", True), ("10.0.0.1", "10.0.0.1", False), ("", "10.0.0.1", False), ("10.0.0.1", "", False),
    ("0.0.0.0", "10.0.0.1", False),
])
def test_addresses(taken, wanted, fits):
    placed = pod("other", container(host_port=80, host_ip=taken), on="node-1")
    found = decision(pod("p", container(host_port=80, host_ip=wanted)), [node()], [placed])
    assert bool(found.feasible) is fits


def test_protocols_do_not_conflict():
    placed = pod("other", container(host_port=53), on="node-1")
    udp = container(host_port=53)
    udp["ports"][0]["protocol"] = "UDP"
    assert decision(pod("p", udp), [node()], [placed]).feasible == ("node-1",)


def test_container_ports_alone_never_conflict():
    plain = container()
    plain["ports"] = [{"containerPort": 80}]
    assert decision(pod("p", plain), [node()], [pod("other", container(host_port=80), on="node-1")]).feasible


@pytest.mark.parametrize(("restart_policy", "fits"), [("Always", False), (None, True)])
def test_of_init_containers_only_sidecars_hold_ports(restart_policy, fits):
    init = container("init", host_port=80) | ({"restartPolicy": restart_policy} if restart_policy else {})
    placed = pod("other", on="node-1", initContainers=[init])
    assert bool(decision(pod("p", container(host_port=80)), [node()], [placed]).feasible) is fits


def test_retries_when_the_holder_of_the_port_is_gone():
    incoming = pod("p", container(host_port=80))
    holder, other = pod("a", container(host_port=80), on="node-1"), pod("b", container(host_port=81), on="node-1")
    assert NodePorts().worth_retrying(incoming, ClusterEvent(events.ASSIGNED_POD, events.DELETE, holder, None))
    assert not NodePorts().worth_retrying(incoming, ClusterEvent(events.ASSIGNED_POD, events.DELETE, other, None))
