"""What Pods use: the load on Services, shared by the ready ones."""

from __future__ import annotations

from cluster.machinery import usage
from cluster.objects import times
from cluster.objects.documents import with_value
from tests.controllers.horizontal_lab import NOW, pod, reader


def cpu(*pods: dict, rate: str = "100", cost: str = "5m") -> list[int | None]:
    world = reader(*pods, rate=rate, cost=cost)
    found = [usage.of_pod(world, one) for one in pods]
    return [None if each is None else each[0].cpu for each in found]


def test_it_works() -> None:
    assert cpu(pod("a")) == [501]
    assert cpu(pod("a"), pod("b")) == [251, 251]
    assert usage.of_pod(reader(pod("a")), pod("a")) == [usage.Usage("c", 1, 8 << 20)]


def test_only_ready_pods_share() -> None:
    assert cpu(pod("a"), pod("b", ready=False)) == [501, 1]
    assert cpu(pod("a", ready=False)) == [1]


def test_nobody_knows_what_does_not_run() -> None:
    going = pod("b", deletionTimestamp="2026-01-01T00:00:00Z")
    assert cpu(pod("a"), pod("p", phase="Pending", ready=False), going) == [501, None, None]


def test_a_young_pod_is_not_known_yet() -> None:
    assert usage.scraped_at(NOW) == NOW
    assert cpu(pod("a", age=14 * times.SECOND)) == [None]
    assert cpu(pod("a", age=15 * times.SECOND)) == [501]
    young = pod("a", age=14 * times.SECOND)
    assert usage.known_from(young) == NOW + usage.WINDOW
    assert usage.known_from(pod("p", phase="Pending")) is None


def test_a_limit() -> None:
    limited = pod("a")
    limited["spec"]["containers"][0]["resources"]["limits"] = {"cpu": "200m"}
    assert cpu(limited) == [200]


def test_two_containers_share_too() -> None:
    both = pod("a")
    both["spec"]["containers"].append({"name": "d"})
    both["status"]["containerStatuses"].append({**both["status"]["containerStatuses"][0], "name": "d"})
    found = usage.of_pod(reader(both, rate="100"), both)
    assert found is not None
    assert [(one.container, one.cpu) for one in found] == [("c", 251), ("d", 251)]


def test_other_services_do_not_matter() -> None:
    other = with_value(pod("a"), ("metadata", "labels"), {"app": "other"})
    assert cpu(other) == [1]
