"""The cache: whatever happened, it shows what a snapshot of all documents shows."""

import random

import pytest

from cluster.apiserver.state import Etcd, World, rows
from cluster.scheduler.cache import Cache
from cluster.scheduler.events import is_assigned, is_finished
from cluster.scheduler.listers import NOTHING
from cluster.scheduler.snapshot import Snapshot, pod_key
from tests.scheduler.builders import container, node, pod

ZONE = "topology.kubernetes.io/zone"


class Cluster:
    """An etcd that is written at random."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.etcd = Etcd(World())

    def write(self, table, key, value):
        self.etcd.next_revision()
        self.etcd.write(table, key, value)

    def act(self):
        choose = self.random.choice
        act = choose((self.put_node, self.put_pod, self.put_pod, self.change_status, self.bind, self.remove))
        act()

    def put_node(self):
        name = self.random.choice("abcdef")
        images = [{"names": [f"app:{n}"], "sizeBytes": self.random.choice((10, 20))} for n in range(self.random.randrange(3))]
        labels = self.random.choice(({}, {ZONE: "z1"}, {ZONE: "z2"}))
        found = node(name, labels=labels, images=images, cpu=self.random.choice(("1", "4")))
        self.write("nodes", ("", name), found)

    def put_pod(self):
        name, namespace = self.random.choice("pqrstuvw"), self.random.choice(("default", "a"))
        asked = self.random.choice(({}, {"cpu": "1"}, {"cpu": "0", "gpu": "1"}))
        found = pod(name, container(host_port=self.random.choice((0, 80)), **asked), on=self.random.choice(("", *"abcg")))
        found["metadata"]["namespace"] = namespace
        self.write("pods", (namespace, name), found)

    def change_status(self):
        pods = self.etcd.world.table("pods")
        if pods:
            key = self.random.choice(sorted(pods))
            phase, nominated = self.random.choice(("Pending", "Running", "Failed")), self.random.choice(("", "a", "b", "z"))
            self.write("pods", key, {**pods[key], "status": {"phase": phase, "nominatedNodeName": nominated}})

    def bind(self):
        waiting = [key for key, each in rows(self.etcd.world.table("pods")) if not is_assigned(each)]
        if waiting:
            key = self.random.choice(waiting)
            found = self.etcd.world.row("pods", key)
            self.write("pods", key, {**found, "spec": {**found["spec"], "nodeName": self.random.choice("abcd")}})

    def remove(self):
        table = self.random.choice(("pods", "nodes"))
        if keys := sorted(self.etcd.world.table(table)):
            self.write(table, self.random.choice(keys), None)

    def documents(self, table):
        return [document for _, document in rows(self.etcd.world.table(table))]


def assert_same(cache, cluster):
    cache.follow(cluster.etcd)
    pods = cluster.documents("pods")
    mine, fresh = cache.snapshot(NOTHING), Snapshot.of(cluster.documents("nodes"), pods)
    assert mine.nodes == fresh.nodes
    for name in "abcdefgz":
        assert mine.node(name) == fresh.node(name)
        assert mine.nominated(name) == fresh.nominated(name)
    for number in range(3):
        assert mine.image(f"app:{number}") == fresh.image(f"app:{number}")
    assert cache.waiting == {pod_key(each): each for each in pods if not is_assigned(each) and not is_finished(each)}


def test_it_works():
    cluster, cache = Cluster(0), Cache()
    cluster.write("nodes", ("", "a"), node("a"))
    cluster.write("pods", ("default", "p"), pod("p", container(cpu="1")))
    assert_same(cache, cluster)
    assert cache.touched() == {"default/p"}
    cluster.write("pods", ("default", "p"), pod("p", container(cpu="1"), on="a"))
    assert_same(cache, cluster)
    assert cache.touched() == {"default/p"}
    (info,) = cache.snapshot(NOTHING).nodes
    assert info.requested == {"cpu": 1000}


@pytest.mark.parametrize("seed", range(20))
def test_random_histories(seed):
    cluster, cache = Cluster(seed), Cache()
    for _ in range(100):
        for _ in range(cluster.random.randrange(6)):
            cluster.act()
        assert_same(cache, cluster)


def test_more_happened_than_the_history_keeps(monkeypatch):
    monkeypatch.setattr(Etcd, "HISTORY", 3)
    cluster, cache = Cluster(1), Cache()
    for _ in range(50):
        for _ in range(cluster.random.randrange(20)):
            cluster.act()
        assert_same(cache, cluster)


def test_a_pod_that_is_gone_after_a_gap_is_touched(monkeypatch):
    monkeypatch.setattr(Etcd, "HISTORY", 1)
    cluster, cache = Cluster(0), Cache()
    cluster.write("pods", ("default", "p"), pod("p"))
    cache.follow(cluster.etcd)
    cache.touched()
    cluster.write("pods", ("default", "p"), None)
    for number in range(9):
        cluster.write("nodes", ("", f"n{number}"), node(f"n{number}"))
    cache.follow(cluster.etcd)
    assert cache.touched() == {"default/p"}


def test_a_snapshot_stays_as_it_was():
    cluster, cache = Cluster(0), Cache()
    cluster.write("nodes", ("", "a"), node("a"))
    cache.follow(cluster.etcd)
    before = cache.snapshot(NOTHING)
    cluster.write("pods", ("default", "p"), pod("p", container(cpu="1"), on="a"))
    assert_same(cache, cluster)
    assert before.nodes[0].pods == ()
