"""The store: what is committed can be loaded again, moment by moment, branch by branch."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from cluster import store
from cluster.apiserver.state import World, is_resource
from cluster.models import Branch, Cluster, Node, Pod, Resource, Revision, Service, Snapshot
from cluster.simulation.components import all_components
from cluster.simulation.simulation import Simulation
from cluster.simulation.step import Step

pytestmark = pytest.mark.django_db


def pod(name: str) -> dict[str, object]:
    return {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
        "spec": {"containers": [{"name": "c", "image": "nginx:1.27"}]},
    }


class Sandbox:
    """A cluster in the database and its simulation in memory, saved like the worker does."""

    def __init__(self) -> None:
        self.row = store.create("visitor", "sandbox", seed=11)
        assert store.claim(self.row.id, "me")
        self.steps: list[Step] = []
        self.pending: list[Step] = []
        self.branch = 1
        self.run_from(store.load(self.row.id, 1))

    def run_from(self, world: World) -> None:
        self.simulation = Simulation(world, all_components(), on_step=self._on_step)

    def _on_step(self, step: Step) -> None:
        self.steps.append(step)
        self.pending.append(step)

    def save(self) -> set[str]:
        batch = store.Batch(self.row.id, "me", self.branch, self.pending)
        self.pending = []
        return store.save([batch])

    def live(self, *names: str) -> None:
        for name in names:
            self.simulation.user().create(pod(name))
        self.simulation.until_quiet()
        assert self.save() == set()


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox()


def test_it_works(sandbox: Sandbox) -> None:
    sandbox.live("one", "two")
    assert store.load(sandbox.row.id, 1) == sandbox.steps[-1].world
    assert {row.name for row in Node.objects.filter(cluster=sandbox.row)} == {"control-plane", "node-1", "node-2", "node-3"}
    stored = Pod.objects.get(cluster=sandbox.row, name="one")
    assert (stored.phase, stored.status, stored.ready, stored.restarts) == ("Running", "Running", True, 0)
    assert stored.node.startswith("node-")
    assert stored.document == sandbox.simulation.api.get("pods", "default", "one")
    assert Service.objects.get(cluster=sandbox.row, name="kubernetes").cluster_ip == "10.96.0.1"


def test_every_moment_can_be_built_again(sandbox: Sandbox) -> None:
    sandbox.live(*(f"p{number}" for number in range(12)))
    assert Snapshot.objects.filter(cluster=sandbox.row).count() > 1
    for step in sandbox.steps[::7]:
        assert store.load(sandbox.row.id, 1, step.revision) == step.world


def test_the_rows_are_the_present(sandbox: Sandbox) -> None:
    sandbox.live("one", "two")
    sandbox.simulation.user().delete("pods", "default", "one", grace=0)
    sandbox.simulation.until_quiet()
    sandbox.save()
    world = sandbox.simulation.world
    assert {row.name for row in Pod.objects.filter(cluster=sandbox.row)} == {key[1] for key in world.table("pods")}
    kept = {(row.resource, row.namespace, row.name): row.document for row in Resource.objects.filter(cluster=sandbox.row)}
    tables = [name for name in world.tables if is_resource(name) and name not in ("pods", "nodes", "services")]
    assert kept == {(table, *key): row for table in tables for key, row in world.table(table).items()}


def test_a_fork_and_the_branch_that_was_left(sandbox: Sandbox) -> None:
    sandbox.live("one")
    before = sandbox.steps[-1].world
    middle = sandbox.steps[3]
    number, world = store.fork(sandbox.row.id, "me", 1, middle.revision)
    assert (number, world) == (2, middle.world)
    assert Pod.objects.filter(cluster=sandbox.row).count() == len(world.table("pods"))
    sandbox.branch = 2
    sandbox.run_from(world)
    sandbox.live("elsewhere")
    assert store.load(sandbox.row.id, 2) == sandbox.steps[-1].world
    assert store.load(sandbox.row.id, 2, middle.revision - 1) == sandbox.steps[2].world
    assert store.load(sandbox.row.id, 1) == before
    tail = store.tail(sandbox.row.id, 2, sandbox.simulation.revision, 1000)
    assert [header["r"] for header in tail] == list(range(sandbox.steps[0].revision, sandbox.simulation.revision + 1))
    assert store.switch_branch(sandbox.row.id, "me", 1) == before
    assert Cluster.objects.get(id=sandbox.row.id).branch == 1


def test_a_fork_of_a_fork(sandbox: Sandbox) -> None:
    sandbox.live("one")
    early = sandbox.steps[2]
    _, world = store.fork(sandbox.row.id, "me", 1, sandbox.steps[5].revision)
    number, world = store.fork(sandbox.row.id, "me", 2, early.revision)
    assert world == early.world
    assert store.load(sandbox.row.id, number) == early.world
    assert store.first_revision(sandbox.row.id, number) == sandbox.row.head


def test_a_lost_lease_writes_nothing(sandbox: Sandbox) -> None:
    sandbox.live("one")
    Cluster.objects.filter(id=sandbox.row.id).update(worker="somebody else")
    revisions = Revision.objects.count()
    sandbox.simulation.user().create(pod("late"))
    assert sandbox.save() == {sandbox.row.id}
    assert Revision.objects.count() == revisions
    assert not Pod.objects.filter(name="late").exists()


def test_one_lost_lease_does_not_stop_the_others(sandbox: Sandbox) -> None:
    other = Sandbox()
    Cluster.objects.filter(id=sandbox.row.id).update(worker="somebody else")
    for found in (sandbox, other):
        found.simulation.user().create(pod("late"))
    lost = store.save([store.Batch(found.row.id, "me", 1, found.pending) for found in (sandbox, other)])
    assert lost == {sandbox.row.id}
    assert {row.cluster_id for row in Pod.objects.filter(name="late")} == {other.row.id}


def test_leases() -> None:
    row = store.create("visitor", "sandbox", seed=1)
    assert store.claim(row.id, "a")
    assert store.claim(row.id, "a"), "the holder may claim again"
    assert not store.claim(row.id, "b")
    assert store.holder(row.id) == "a"
    Cluster.objects.filter(id=row.id).update(leased_until=timezone.now() - timedelta(seconds=1))
    assert store.holder(row.id) == ""
    assert store.claim(row.id, "b")
    store.release("b")
    assert store.claim(row.id, "c")


def test_what_is_not_there() -> None:
    row = store.create("visitor", "sandbox", seed=1)
    with pytest.raises(store.Missing, match="no branch 7"):
        store.load(row.id, 7)
    with pytest.raises(store.Missing, match="ends at revision"):
        store.load(row.id, 1, 10**9)
    with pytest.raises(store.Missing, match="older than what is kept"):
        store.load(row.id, 1, 1)
    with pytest.raises(store.Missing, match="no cluster"):
        store.holder("nothing")


def test_old_history_goes_but_what_is_kept_stays_whole(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MAX_REVISIONS", 150)
    monkeypatch.setattr(store, "KEEP_REVISIONS", 60)
    assert not store.compact(sandbox.row.id)
    sandbox.live(*(f"p{number}" for number in range(20)))
    store.fork(sandbox.row.id, "me", 1, sandbox.steps[1].revision)
    store.switch_branch(sandbox.row.id, "me", 1)
    assert store.compact(sandbox.row.id)
    first = store.first_revision(sandbox.row.id, 1)
    assert sandbox.row.head < first <= sandbox.simulation.revision - 60
    assert Revision.objects.filter(cluster=sandbox.row, revision__lte=first).count() == 0
    assert list(Branch.objects.filter(cluster=sandbox.row).values_list("number", flat=True)) == [1]
    for step in sandbox.steps:
        if step.revision >= first:
            assert store.load(sandbox.row.id, 1, step.revision) == step.world
    with pytest.raises(store.Missing):
        store.load(sandbox.row.id, 1, first - 1)
    kept = Revision.objects.filter(cluster=sandbox.row).values_list("header", "entry")
    sizes = [len(header) + len(entry) for header, entry in kept]
    assert Cluster.objects.get(id=sandbox.row.id).journal_bytes == sum(sizes)


def test_two_clusters_of_one_seed_live_the_same_life() -> None:
    one, other = Sandbox(), Sandbox()
    for found in (one, other):
        found.live("a", "b")
    assert one.simulation.world == other.simulation.world
