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


def detail(one: dict, *, demands: dict | None = None, rate: str = "0", cost: str = "5m") -> usage.Details:
    """What the only container of a Pod uses, with what its processes take by themselves."""
    world = reader(one, rate=rate, cost=cost)
    if demands is not None:
        world = type(world)(world.world.with_row(usage.DEMANDS, ("", "a"), demands))
    (found,) = usage.details(world, one)
    return found


def with_image(image: str, **container: object) -> dict:
    found = pod("a")
    found["spec"]["containers"][0].update({"image": image, **container})
    return found


def test_what_an_image_takes_at_rest() -> None:
    assert detail(with_image("mysql:8")).memory == 380 << 20
    assert detail(with_image("mysql:8", command=["sleep", "1"])).memory == usage.SMALL_PROCESS
    assert detail(with_image("mysql:8", command=["/usr/sbin/mysqld"])).memory == 380 << 20
    assert detail(with_image("mycorp/shop:1", command=["/app/serve"])).memory == 12 << 20
    assert detail(with_image("mycorp/shop:1", command=["sh", "-c", "x"])).memory == usage.SMALL_PROCESS


def test_what_processes_take_by_themselves() -> None:
    steps = {"c": [[NOW - 1_000, 500, 1 << 20], [NOW - 10, 1_000, 5 << 20], [NOW + 10, 0, 0]]}
    found = detail(with_image("busybox:1"), demands=steps)
    assert (found.cpu, found.memory) == (1_000, 6 << 20)
    one = with_image("busybox:1")
    world = type(reader(one))(reader(one).world.with_row(usage.DEMANDS, ("", "a"), steps))
    assert usage.moves(world, one) and usage.next_steps(world, one) == [NOW + 10]
    assert usage.growth(world, one)(NOW + 20) == -(5 << 20)
    assert not usage.moves(reader(one), one)


def test_why_a_container_is_slow() -> None:
    limited = with_image("nginx:1", resources={"limits": {"cpu": "200m", "memory": "64Mi"}, "requests": {"cpu": "100m"}})
    found = detail(limited, rate="60")
    assert (found.cpu_request, found.cpu_limit, found.memory_request, found.memory_limit) == (100, 200, None, 64 << 20)
    assert (found.cpu, found.wanted_cpu, found.throttled, found.rate) == (200, 301, 335, 60_000)
    assert found.answer > 500 and found.refused == 0


def test_a_machine_has_needs_of_its_own() -> None:
    assert usage.machine_memory(8 << 30) == 300 << 20
    assert usage.machine_memory(1 << 30) == 128 << 20
