"""NodeResourcesFit: what fits, what the messages say, and the three ways to score."""

import pytest

from cluster.scheduler import events
from cluster.scheduler.events import ClusterEvent, node_events
from cluster.scheduler.framework import Code
from cluster.scheduler.plugins.node_resources_fit import (
    MOST_ALLOCATED,
    REQUESTED_TO_CAPACITY_RATIO,
    FitArgs,
    NodeResourcesFit,
    ShapePoint,
)
from cluster.scheduler.profile import default_profile
from tests.scheduler.builders import container, decision, node, pod


def test_it_works():
    found = decision(pod("p", container(cpu="500m")), [node("small", cpu="300m"), node("big", cpu="1")])
    assert found.feasible == ("big",)
    rejected = found.verdict("small")
    assert rejected.plugin == "NodeResourcesFit"
    assert rejected.status.reasons == ("Insufficient cpu",)
    assert rejected.status.values["insufficient"] == [
        {"resource": "cpu", "needs": 500, "free": 300, "used": 0, "allocatable": 300}
    ]


def test_exactly_fitting_is_enough():
    placed = pod("other", container(cpu="3500m", memory="8000Mi"), on="node-1")
    assert decision(pod("p", container(cpu="500m", memory="192Mi")), [node()], [placed]).feasible == ("node-1",)
    assert decision(pod("p", container(cpu="501m", memory="192Mi")), [node()], [placed]).feasible == ()


@pytest.mark.parametrize(("allocatable", "code"), [("2", Code.UNSCHEDULABLE), ("1", Code.UNRESOLVABLE)])
def test_too_small_even_when_empty_cannot_be_helped(allocatable, code):
    placed = pod("other", container(cpu="800m"), on="node-1")
    found = decision(pod("p", container(cpu="1500m")), [node(cpu=allocatable)], [placed])
    assert found.verdict("node-1").status.code is code


def test_reasons_have_a_fixed_order():
    wants = container(example_com="1", cpu="8", memory="64Gi", ephemeral_storage="1Gi")
    found = decision(pod("p", wants), [node(pods="1")], [pod("other", on="node-1")])
    assert found.verdict("node-1").status.reasons == (
        "Too many pods", "Insufficient cpu", "Insufficient memory", "Insufficient ephemeral-storage",
        "Insufficient example-com",
    )


def test_a_pod_that_asks_for_nothing_only_needs_a_place():
    full = [pod("other", container(cpu="4", memory="8Gi"), on="node-1")]
    assert decision(pod(), [node()], full).feasible == ("node-1",)
    assert decision(pod(), [node(pods="1")], full).message.startswith("0/1 nodes are available: 1 Too many pods.")


def test_a_node_without_a_pod_limit_takes_no_pod():
    bare = node()
    del bare["status"]["allocatable"]["pods"]
    assert decision(pod(), [bare]).verdict("node-1").status.reasons == ("Too many pods",)


def test_an_unknown_resource_of_zero_fits_anywhere():
    assert decision(pod("p", container(gpu="0")), [node()]).feasible == ("node-1",)


def test_an_overcommitted_node_has_negative_room():
    placed = pod("other", container(cpu="6"), on="node-1")
    found = decision(pod("p", container(cpu="1m")), [node()], [placed])
    assert found.verdict("node-1").status.values["insufficient"][0]["free"] == -2000
    # Requests of zero are not compared with it.
    assert decision(pod("p", container(cpu="0", memory="1Mi")), [node()], [placed]).feasible == ("node-1",)


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_finished_pods_use_nothing(phase):
    finished = pod("other", container(cpu="4"), on="node-1")
    finished["status"]["phase"] = phase
    assert decision(pod("p", container(cpu="4")), [node()], [finished]).feasible == ("node-1",)


@pytest.mark.parametrize("args", [
    FitArgs(ignored_resources=frozenset({"hugepages-2Mi", "x.kubernetes.io/y"})),
    FitArgs(ignored_resource_groups=frozenset({"hugepages-2Mi", "x.kubernetes.io"})),
])
def test_only_extended_resources_can_be_ignored(args):
    wanted = container(**{"hugepages-2Mi": "2Mi", "x.kubernetes.io/y": "1"})
    found = decision(pod("p", wanted), [node("a")], profile=default_profile(args))
    assert found.verdict("a").status.reasons == ("Insufficient hugepages-2Mi", "Insufficient x.kubernetes.io/y")


def test_ignored_resources_are_not_compared():
    profile = default_profile(FitArgs(ignored_resources=frozenset({"example.com/gpu"})))
    assert decision(pod("p", container(**{"example.com/gpu": "3"})), [node()], profile=profile).feasible == ("node-1",)


def test_least_allocated_prefers_the_emptier_node():
    placed = pod("other", container(cpu="2", memory="4Gi"), on="a")
    found = decision(pod("p", container(cpu="1", memory="2Gi")), [node("a"), node("b")], [placed])
    assert raw(found) == {"a": 25, "b": 75}
    assert found.chosen == "b"


def test_most_allocated_prefers_the_fuller_node():
    placed = pod("other", container(cpu="2", memory="4Gi"), on="a")
    profile = default_profile(FitArgs(strategy=MOST_ALLOCATED))
    found = decision(pod("p", container(cpu="1", memory="2Gi")), [node("a"), node("b")], [placed], profile=profile)
    assert raw(found) == {"a": 75, "b": 25}


def test_requested_to_capacity_ratio_follows_its_shape():
    shape = (ShapePoint(0, 0), ShapePoint(50, 10), ShapePoint(100, 5))
    profile = default_profile(FitArgs(strategy=REQUESTED_TO_CAPACITY_RATIO, shape=shape))
    placed = pod("other", container(cpu="2", memory="4Gi"), on="a")
    found = decision(pod("p", container(cpu="1", memory="2Gi")), [node("a"), node("b")], [placed], profile=profile)
    # 75 % used: half way down from 100 to 50. 25 % used: half way up to 100.
    assert raw(found) == {"a": 75, "b": 50}


def test_containers_without_requests_count_for_the_score():
    placed = [pod(f"silent-{number}", on="a") for number in range(10)]
    found = decision(pod("p"), [node("a"), node("b")], placed)
    assert raw(found)["a"] < raw(found)["b"]


def test_the_score_never_falls_below_zero():
    placed = [pod(f"silent-{number}", on="a") for number in range(100)]
    assert raw(decision(pod("p"), [node("a", cpu="1"), node("b")], placed))["a"] == 0


def test_retries_when_a_placed_pod_is_gone():
    gone = ClusterEvent(events.ASSIGNED_POD, events.DELETE, pod("other", on="node-1"), None)
    assert NodeResourcesFit().worth_retrying(pod("p", container(cpu="1")), gone)


@pytest.mark.parametrize(("before", "after", "worth"), [
    ("1", "2", True), ("1", "1", False), ("2", "1", False), ("2", "3", True), ("1", "1500m", False),
])
def test_retries_when_a_node_grows_enough(before, after, worth):
    (event,) = [*node_events(node(cpu=before), node(cpu=after)), None][:1]
    incoming = pod("p", container(cpu="1600m"))
    assert (event is not None and NodeResourcesFit().worth_retrying(incoming, event)) is worth


def test_retries_when_a_big_enough_node_comes():
    (event,) = node_events(None, node(cpu="2"))
    assert NodeResourcesFit().worth_retrying(pod("p", container(cpu="2")), event)
    assert not NodeResourcesFit().worth_retrying(pod("p", container(cpu="2001m")), event)


def raw(found):
    return {verdict.node: verdict.scores["NodeResourcesFit"].raw for verdict in found.verdicts}
