"""Cache and queue at hand decide like cache and queue found again: with whatever happens, at every moment."""

import random
from typing import Any

import pytest

from cluster.apiserver.errors import APIError
from cluster.apiserver.state import rows
from cluster.objects.kinds.kubeschedulerconfiguration import standard
from cluster.scheduler import scheduler as module
from cluster.scheduler.books import POD
from cluster.scheduler.events import is_assigned
from cluster.scheduler.schedule import decide
from cluster.scheduler.snapshot import Snapshot
from tests.scheduler.builders import container, taint
from tests.scheduler.test_scheduler import add_node, add_pod, change, delete_pod, memory, started

CLASSES = ("", "system-cluster-critical", "system-node-critical")


class Walk:
    """A cluster to which anything happens."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.cluster = started()
        with self.cluster.act() as api:
            api.create(standard(), "")
        self.count = 0

    def act(self, cluster):
        """Something happens; the same for clusters that are alike."""
        choice = self.random.choice((
            self.add_pod, self.add_pod, self.add_pod, self.add_node, self.taint, self.cordon, self.delete_pod,
            self.ungate, self.finish, self.reconfigure,
        ))
        try:
            choice(cluster)
        except APIError:
            return  # what may not be done is not done
        finally:
            self.count += 1

    def add_pod(self, cluster):
        spec: dict[str, Any] = {"priorityClassName": name} if (name := self.random.choice(CLASSES)) else {}
        if self.random.random() < 0.2:
            spec["schedulingGates"] = [{"name": "example.com/wait"}]
        if self.random.random() < 0.3:
            spec["tolerations"] = [{"operator": "Exists"}]
        host_port = self.random.choice((0, 0, 80))
        add_pod(cluster, f"p{self.count}", container(cpu=self.random.choice(("0", "1", "3", "9")), host_port=host_port), **spec)

    def add_node(self, cluster):
        add_node(cluster, f"n{self.count}", cpu=self.random.choice(("2", "4")))

    def taint(self, cluster):
        if name := self.one(cluster, "nodes"):
            change(cluster, "nodes", "", name, taints=self.random.choice(([], [taint("x")])))

    def cordon(self, cluster):
        if name := self.one(cluster, "nodes"):
            change(cluster, "nodes", "", name, unschedulable=self.random.random() < 0.5)

    def delete_pod(self, cluster):
        if name := self.one(cluster, "pods"):
            delete_pod(cluster, name)

    def ungate(self, cluster):
        for found in cluster.api.list("pods"):
            if found["spec"].get("schedulingGates"):
                change(cluster, "pods", "default", found["metadata"]["name"], schedulingGates=[])
                return

    def finish(self, cluster):
        for found in cluster.api.list("pods"):
            if is_assigned(found) and found["status"]["phase"] == "Pending":
                with cluster.act() as api:
                    status = {**found["status"], "phase": "Succeeded"}
                    api.update({**found, "status": status}, subresource="status")
                return

    def reconfigure(self, cluster):
        if self.random.random() < 0.2:
            with cluster.act() as api:
                found = api.get("kubeschedulerconfigurations.kubescheduler.config.k8s.io", "", "default")
                api.update({**found, "podMaxBackoffSeconds": self.random.randrange(1, 20)})

    def one(self, cluster, resource):
        found = [each["metadata"]["name"] for each in cluster.api.list(resource)]
        return self.random.choice(found) if found else None


def outline(steps):
    return [(step.at, step.say, step.args, step.objects) for step in steps]


@pytest.mark.parametrize("seed", range(12))
def test_every_snapshot_is_that_of_all_documents(seed, monkeypatch):
    walk, checked = Walk(seed), []

    def checking(pod, snapshot, *rest):
        world = walk.cluster.world
        tables = {name: [document for _, document in rows(world.table(name))] for name in ("nodes", "pods")}
        fresh = Snapshot.of(tables["nodes"], tables["pods"])
        assert snapshot.nodes == fresh.nodes
        for each in fresh.nodes:
            assert snapshot.nominated(each.name) == fresh.nominated(each.name)
        checked.append(pod)
        return decide(pod, snapshot, *rest)

    monkeypatch.setattr(module, "decide", checking)
    for _ in range(60):
        walk.act(walk.cluster)
        walk.cluster.advance(walk.random.choice((0, 1, 10, 100, 3000)))
    assert len(checked) > 10


@pytest.mark.parametrize("seed", range(12))
def test_a_fork_at_any_moment_goes_on_alike(seed):
    walk = Walk(seed)
    for _ in range(30):
        for _ in range(walk.random.randrange(4)):
            walk.act(walk.cluster)
            walk.cluster.advance(walk.random.choice((0, 1, 10, 500)))
        for _ in range(walk.random.randrange(5)):
            walk.cluster.step(walk.cluster.now + 100)
        fork = walk.cluster.fork()
        state, count = walk.random.getstate(), walk.count
        outlines = []
        for cluster in (walk.cluster, fork):
            walk.random.setstate(state)
            walk.count = count
            walk.act(cluster)
            outlines.append(outline(cluster.advance(2500)))
        assert outlines[0] == outlines[1]
        assert memory(walk.cluster) == memory(fork)


def test_a_failed_turn_leaves_the_queue_as_it_was(monkeypatch):
    walk = Walk(0)
    add_node(walk.cluster, "a")
    add_pod(walk.cluster, "p", container(cpu="1"))
    before = memory(walk.cluster)

    def failing(*args):
        raise APIError(500, "InternalError", "no luck")

    with monkeypatch.context() as patched:
        patched.setattr(module, "decide", failing)
        walk.cluster.advance(20)
    assert memory(walk.cluster) == before
    walk.cluster.advance(2000)
    assert walk.cluster.api.get("pods", "default", "p")["spec"]["nodeName"] == "a"


def test_one_row_for_each_pod():
    walk = Walk(0)
    for number in range(5):
        add_pod(walk.cluster, f"p{number}", container(cpu="9"))
    add_node(walk.cluster, "a")
    sizes = []
    for step in walk.cluster.advance(500):
        if step.actor == "default-scheduler":
            sizes.append(sum(change.key[:2] == ("default-scheduler", POD) for change in step.changes))
    assert sizes
    assert max(sizes[1:]) <= 2
