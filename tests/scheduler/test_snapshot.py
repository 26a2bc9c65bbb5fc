"""The snapshot: built from documents, kept up to date pod by pod with the same result."""

from cluster.scheduler.snapshot import Snapshot
from tests.scheduler.builders import container, node, pod


def test_it_works():
    placed = [pod("one", container(cpu="1", host_port=80), on="a"), pod("two", container(), on="a"), pod("three")]
    info, _ = Snapshot.of([node("a"), node("b")], placed).nodes
    assert [each.key for each in info.pods] == ["default/one", "default/two"]
    assert info.requested == {"cpu": 1000}
    assert info.non_zero_requested == {"cpu": 1100, "memory": 400 * 2**20}
    assert [port.port for port in info.used_ports] == [80]


def test_pods_on_unknown_nodes_are_left_out():
    snapshot = Snapshot.of([node("a")], [pod("lost", on="gone")])
    assert snapshot.node("gone") is None
    assert snapshot.with_pod(pod("lost", on="gone")) is snapshot


def test_adding_and_removing_pods_equals_building_anew():
    pods = [pod(f"p{number}", container(cpu=f"{number}00m", gpu="1"), on="ab"[number % 2]) for number in range(1, 6)]
    nodes = [node("a"), node("b")]
    snapshot = Snapshot.of(nodes, [])
    for each in pods:
        snapshot = snapshot.with_pod(each)
    whole = Snapshot.of(nodes, pods)
    assert snapshot.nodes == whole.nodes
    smaller = snapshot.without_pod(pods[2])
    expected = Snapshot.of(nodes, [each for each in pods if each is not pods[2]])
    assert smaller.nodes == expected.nodes
    # The one before is as it was.
    assert snapshot.nodes == whole.nodes


def test_removing_a_pod_twice_counts_once():
    placed = pod("p", container(cpu="1"), on="a")
    snapshot = Snapshot.of([node("a")], [placed]).without_pod(placed)
    assert snapshot.without_pod(placed).nodes[0].requested == {"cpu": 0}


def test_images_keep_the_first_size():
    images = [{"names": ["app:v1"], "sizeBytes": size} for size in (10, 20)]
    snapshot = Snapshot.of([node("a", images=images[:1]), node("b", images=images[1:]), node("c")], [])
    assert snapshot.image("app:v1") == (10, 2)
    assert snapshot.image("other") is None
