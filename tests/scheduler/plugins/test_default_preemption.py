"""DefaultPreemption's part of the message."""

import pytest

from tests.scheduler.builders import container, decision, node, pod, taint


def said(found):
    return found.message.partition("preemption: ")[2]


def test_it_works():
    nodes = [node("a", taints=[taint("x")]), node("b"), node("c", cpu="1")]
    placed = [pod("other", container(cpu="4"), on="b")]
    assert said(decision(pod("p", container(cpu="2")), nodes, placed)) == (
        "0/3 nodes are available: 1 No preemption victims found for incoming pod, "
        "2 Preemption is not helpful for scheduling."
    )


def test_never():
    found = decision(pod("p", container(cpu="9"), preemptionPolicy="Never"), [node()])
    assert said(found) == "not eligible due to preemptionPolicy=Never."


@pytest.mark.parametrize("priority", [0, -5])
def test_pods_of_equal_or_higher_priority_are_no_victims(priority):
    placed = [pod("other", container(cpu="4"), on="node-1", priority=0)]
    found = decision(pod("p", container(cpu="2"), priority=priority), [node()], placed)
    assert "No preemption victims found" in said(found)


def test_where_even_evicting_does_not_help():
    placed = [
        pod("low", container(cpu="1"), on="node-1", priority=0),
        pod("high", container(cpu="3"), on="node-1", priority=9),
    ]
    found = decision(pod("p", container(cpu="2"), priority=5), [node()], placed)
    assert said(found) == "0/1 nodes are available: 1 Insufficient cpu."
