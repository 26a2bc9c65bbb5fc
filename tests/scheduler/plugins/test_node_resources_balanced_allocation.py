"""NodeResourcesBalancedAllocation: even use of CPU and memory."""

import pytest

from cluster.scheduler.plugins.node_resources_balanced_allocation import balance
from tests.scheduler.builders import container, decision, node, pod


def test_it_works():
    # On "a" the pod evens out what a CPU-hungry pod left uneven; on "b" it makes an even node uneven.
    placed = pod("other", container(cpu="3", memory="1Gi"), on="a")
    found = decision(pod("p", container(cpu="100m", memory="4Gi")), [node("a"), node("b")], [placed])
    assert raw(found)["a"] > 75 > raw(found)["b"]


def test_a_pod_without_requests_is_not_scored():
    found = decision(pod(), [node("a"), node("b")])
    assert all("NodeResourcesBalancedAllocation" not in verdict.scores for verdict in found.verdicts)


def test_a_balanced_pod_is_neutral():
    found = decision(pod("p", container(cpu="1", memory="2Gi")), [node("a"), node("b")])
    assert raw(found) == {"a": 75, "b": 75}


def test_a_node_without_the_resource_is_neutral():
    bare = node("a")
    del bare["status"]["allocatable"]["memory"]
    found = decision(pod("p", container(cpu="1")), [bare, node("b")])
    assert raw(found)["a"] == 75


@pytest.mark.parametrize(("fractions", "score"), [
    ([], 100), ([0.3], 100), ([0.5, 0.5], 100), ([0.0, 1.0], 50), ([0.2, 0.4], 90), ([0.0, 0.5, 1.0], 59),
])
def test_balance_falls_with_the_deviation(fractions, score):
    assert balance(fractions) == score


def raw(found):
    return {verdict.node: verdict.scores["NodeResourcesBalancedAllocation"].raw for verdict in found.verdicts}
