"""How many replicas a metric asks for."""

from __future__ import annotations

import pytest

from cluster.controllers.horizontal_metrics import MetricProblem, Proposal, proposal
from cluster.objects import times
from cluster.objects.documents import Document
from tests.controllers.horizontal_lab import cpu, each, hpa, pod, reader


def asked(
    *pods: Document, rate: str = "0", metric: Document | None = None, current: int | None = None, **spec: object
) -> Proposal:
    wanted = metric or cpu()
    return proposal(
        reader(*pods, rate=rate), hpa(wanted, **spec), wanted, list(pods), len(pods) if current is None else current
    )


def refused(*pods: Document, metric: Document | None = None) -> MetricProblem:
    with pytest.raises(MetricProblem) as caught:
        asked(*pods, metric=metric)
    return caught.value


def test_it_works() -> None:
    # 40 requests a second are 200 millicores, those of two Pods 100 each: all of what they ask for, twice the target.
    found = asked(pod("a"), pod("b"), rate="40")
    assert found.replicas == 5  # 101 %, as each has a millicore of its own
    assert found.name == "cpu resource utilization (percentage of request)"
    assert found.status == {
        "type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 101, "averageValue": "101m"}},
    }


@pytest.mark.parametrize(("rate", "replicas"), [("18", 2), ("21.6", 2), ("22", 3), ("9", 1)])
def test_a_tenth_is_tolerated(rate: str, replicas: int) -> None:
    # 45 % to 55 % of two times 100 millicores, each with one of its own.
    assert asked(pod("a"), pod("b"), rate=rate).replicas == replicas


def test_a_tolerance_of_its_own() -> None:
    rules = {"scaleUp": {"tolerance": "0.5"}}
    assert asked(pod("a"), pod("b"), rate="28", behavior=rules).replicas == 2
    assert asked(pod("a"), pod("b"), rate="28").replicas == 3


def test_an_amount_each() -> None:
    found = asked(pod("a"), pod("b"), rate="40", metric=each("50m"))
    assert (found.replicas, found.name) == (5, "cpu resource")
    assert found.status["resource"]["current"] == {"averageValue": "101m"}
    memory = asked(pod("a"), metric=each("4Mi", "memory"))
    assert memory.replicas == 2
    assert memory.status["resource"]["current"] == {"averageValue": "8Mi"}


def test_one_container() -> None:
    metric = {
        "type": "ContainerResource",
        "containerResource": {"name": "cpu", "container": "c", "target": {"type": "Utilization", "averageUtilization": 50}},
    }
    found = asked(pod("a"), rate="20", metric=metric)
    assert found.replicas == 3
    assert found.status["containerResource"]["container"] == "c"
    absent = {"type": "ContainerResource", "containerResource": {**metric["containerResource"], "container": "other"}}  # type: ignore[dict-item]
    assert "did not receive metrics" in str(refused(pod("a"), metric=absent))


def test_a_pod_that_goes_does_not_count() -> None:
    going = pod("b", deletionTimestamp="2026-01-01T00:00:00Z")
    assert asked(pod("a"), going, rate="20", current=1).replicas == 3


def test_missing_metrics_count_against_growing() -> None:
    """A young Pod is taken to do nothing."""
    young = pod("b", age=5 * times.SECOND, ready=False)
    found = asked(pod("a"), young, rate="12", current=1)
    # One Pod alone uses 61 %; together with one that does nothing it is 30 %, which would turn the direction round.
    assert found.replicas == 1
    assert found.why["missing"] == ["b"]
    assert found.why["assumed"]["b"] == 0


def test_missing_metrics_count_against_shrinking() -> None:
    young = pod("c", age=5 * times.SECOND, ready=False)
    # Two idle Pods and one that nobody knows: it is taken as busy.
    found = asked(pod("a"), pod("b"), young, current=3)
    assert found.why["assumed"]["c"] == 100
    assert found.replicas == 3


def test_a_pod_that_is_not_ready_yet() -> None:
    starting = pod("b", age=2 * times.MINUTE, ready=False)
    found = asked(pod("a"), starting, rate="40", current=2)
    assert found.why["unready"] == ["b"]
    # 201 % of one Pod are 100 % of two: twice the target.
    assert found.replicas == 4


def test_a_pod_that_was_ready_long_ago_counts() -> None:
    sick = pod("b", age=30 * times.MINUTE, ready=False, since=times.MINUTE)
    assert asked(pod("a"), sick, rate="40", current=2).why["ready"] == 2


def test_pending_pods_wait() -> None:
    found = asked(pod("a"), pod("b", phase="Pending", ready=False), rate="20", current=2)
    assert found.why["unready"] == ["b"]


def test_refusals() -> None:
    assert str(refused()) == (
        "failed to get cpu utilization: unable to get metrics for resource cpu: no metrics returned from resource metrics API"
    )
    assert str(refused(pod("a", request=None))) == (
        "failed to get cpu utilization: missing request for cpu in container c of Pod a"
    )
    assert str(refused(pod("a", age=2 * times.MINUTE, ready=False))) == (
        "failed to get cpu utilization: did not receive metrics for targeted pods (pods might be unready)"
    )
    assert str(refused(pod("a", request=None), metric=each("50m", "memory.x"))).startswith("failed to get memory.x usage: ")


@pytest.mark.parametrize(("metric", "reason"), [
    ({"type": "Pods", "pods": {"metric": {"name": "rps"}, "target": {}}}, "FailedGetPodsMetric"),
    ({"type": "External", "external": {"metric": {"name": "queue"}, "target": {}}}, "FailedGetExternalMetric"),
    ({"type": "Object", "object": {
        "metric": {"name": "hits"}, "describedObject": {"kind": "Ingress", "name": "i"}, "target": {},
    }}, "FailedGetObjectMetric"),
])
def test_what_nobody_measures(metric: Document, reason: str) -> None:
    problem = refused(pod("a"), metric=metric)
    assert problem.reason == reason
    assert "the server could not find the requested resource" in str(problem)
