"""NodeUnschedulable and NodeName: cordoned nodes, and pods that name their node."""

import pytest

from cluster.scheduler import events
from cluster.scheduler.events import ClusterEvent, node_events
from cluster.scheduler.plugins.node_name import NodeName
from cluster.scheduler.plugins.node_unschedulable import TAINT, NodeUnschedulable
from cluster.scheduler.snapshot import NodeInfo
from tests.scheduler.builders import decision, node, pod

TOLERATION = {"key": TAINT["key"], "operator": "Exists"}


def test_it_works():
    found = decision(pod(), [node("a", cordoned=True), node("b")])
    assert found.feasible == ("b",)
    assert found.verdict("a").status.reasons == ("node(s) were unschedulable",)


def test_cordoning_comes_before_its_taint():
    found = decision(pod(), [node(cordoned=True, taints=[TAINT])])
    assert found.verdict("node-1").plugin == "NodeUnschedulable"


def test_tolerated():
    assert decision(pod(tolerations=[TOLERATION]), [node(cordoned=True)]).feasible == ("node-1",)


@pytest.mark.parametrize(("before", "after", "count"), [(True, False, 1), (False, True, 0), (True, True, 0)])
def test_retries_when_a_node_is_uncordoned(before, after, count):
    found = list(node_events(node(cordoned=before), node(cordoned=after)))
    assert len(found) == count
    assert all(NodeUnschedulable().worth_retrying(pod(), event) for event in found)


def test_retries_when_the_pod_tolerates_cordoned_nodes():
    event = ClusterEvent(events.UNSCHEDULED_POD, events.UPDATE_POD_TOLERATION, None, None)
    assert NodeUnschedulable().worth_retrying(pod(tolerations=[TOLERATION]), event)
    assert not NodeUnschedulable().worth_retrying(pod(tolerations=[{"key": "x", "operator": "Exists"}]), event)


@pytest.mark.parametrize(("named", "fits"), [("node-1", True), ("node-2", False), ("", True)])
def test_a_pod_that_names_its_node(named, fits):
    assert NodeName().filter({}, pod(on=named), NodeInfo.of(node())).is_success is fits
