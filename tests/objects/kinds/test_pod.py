"""Questions about Pods: activity, readiness, tolerations, requests, quality of service."""

from __future__ import annotations

from typing import Any

import pytest

from cluster.objects.documents import Document
from cluster.objects.kinds import pod as pods
from cluster.objects.times import SECOND


def ready_since(timestamp: str) -> Document:
    condition = {"type": "Ready", "status": "True", "lastTransitionTime": timestamp}
    return {"metadata": {"name": "web"}, "status": {"phase": "Running", "conditions": [condition]}}


def asking(*containers: Document, init: tuple[Document, ...] = (), **spec: Any) -> Document:
    return {"metadata": {"name": "web"}, "spec": {"containers": list(containers), "initContainers": list(init), **spec}}


def container(requests: dict[str, str] | None = None, limits: dict[str, str] | None = None, **more: Any) -> Document:
    return {"name": "c", "resources": {"requests": requests or {}, "limits": limits or {}}, **more}


def test_it_works() -> None:
    pod = ready_since("2026-01-01T00:00:00Z")
    assert pods.is_ready(pod) and pods.is_active(pod) and not pods.is_terminal(pod)


def test_available_only_after_min_ready_seconds() -> None:
    pod = ready_since("2026-01-01T00:00:10Z")
    assert pods.is_available(pod, 0, 10 * SECOND)
    assert not pods.is_available(pod, 5, 15 * SECOND - 1)
    assert pods.is_available(pod, 5, 15 * SECOND)
    assert pods.available_in(pod, 5, 12 * SECOND) == 3 * SECOND


def test_a_pod_without_conditions_is_not_ready() -> None:
    pod = {"metadata": {"name": "web"}, "status": {"phase": "Pending"}}
    assert not pods.is_ready(pod)
    assert not pods.is_available(pod, 0, 0)
    assert pods.available_in(pod, 0, 0) is None


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_ended_pods_are_not_active(phase: str) -> None:
    assert not pods.is_active({"metadata": {"name": "web"}, "status": {"phase": phase}})


@pytest.mark.parametrize(
    ("toleration", "tolerated"),
    [
        ({"key": "a", "operator": "Equal", "value": "x", "effect": "NoSchedule"}, True),
        ({"key": "a", "value": "x"}, True),
        ({"key": "a", "operator": "Exists"}, True),
        ({"operator": "Exists"}, True),
        ({"key": "a", "value": "y"}, False),
        ({"key": "a"}, False),
        ({"key": "b", "operator": "Exists"}, False),
        ({"key": "a", "operator": "Exists", "effect": "NoExecute"}, False),
        ({"key": "a", "operator": "Like"}, False),
    ],
)
def test_tolerations(toleration: Document, tolerated: bool) -> None:
    taint = {"key": "a", "value": "x", "effect": "NoSchedule"}
    assert pods.tolerates(toleration, taint) is tolerated


def test_requests_add_up() -> None:
    pod = asking(container({"cpu": "250m", "memory": "1Gi"}), container({"cpu": "1"}))
    assert pods.requests(pod) == {"cpu": 1250, "memory": 1024**3}


def test_a_large_init_container_counts_alone() -> None:
    pod = asking(container({"cpu": "100m"}), init=(container({"cpu": "2"}), container({"cpu": "1"})))
    assert pods.requests(pod) == {"cpu": 2000}


def test_sidecars_run_beside_everything_after_them() -> None:
    sidecar = container({"cpu": "100m"}, restartPolicy="Always")
    pod = asking(container({"cpu": "500m"}), init=(sidecar, container({"cpu": "700m"})))
    assert pods.requests(pod) == {"cpu": 800}


def test_a_limit_stands_in_for_a_request() -> None:
    assert pods.requests(asking(container(limits={"cpu": "1"}))) == {"cpu": 1000}


def test_overhead_and_requests_of_the_pod_itself() -> None:
    pod = asking(container({"cpu": "100m"}), resources={"requests": {"cpu": "2"}}, overhead={"cpu": "50m"})
    assert pods.requests(pod) == {"cpu": 2050}


FULL = {"cpu": "1", "memory": "1Gi"}


@pytest.mark.parametrize(
    ("pod", "quality"),
    [
        (asking(container()), "BestEffort"),
        (asking(container({"example.com/gpu": "1"})), "BestEffort"),
        (asking(container({"cpu": "0"})), "BestEffort"),
        (asking(container(FULL, FULL)), "Guaranteed"),
        (asking(container(limits=FULL)), "Guaranteed"),
        (asking(container({"cpu": "1000m", "memory": "1024Mi"}, FULL)), "Guaranteed"),
        (asking(container(FULL)), "Burstable"),
        (asking(container({"cpu": "500m"}, FULL)), "Burstable"),
        (asking(container(limits={"cpu": "1"})), "Burstable"),
        (asking(container(FULL, FULL), container()), "Burstable"),
        (asking(container(FULL, FULL), init=(container(),)), "Burstable"),
    ],
)
def test_quality_of_service(pod: Document, quality: str) -> None:
    assert pods.qos_class(pod) == quality
