"""What goes wrong beside a worker must not stop it: failed commits, lost leases, broken components, sockets that go."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from channels.layers import InMemoryChannelLayer
from django.db import DatabaseError
from django.utils import timezone

from cluster import live as living
from cluster import store, worker
from cluster.live import LiveCluster
from cluster.models import Branch, Cluster, Revision
from cluster.simulation.simulation import Simulation
from cluster.worker import Worker
from tests.support.working import Client

pytestmark = pytest.mark.django_db(transaction=True)


class Office:
    """A worker, and sandboxes with a client each."""

    def __init__(self) -> None:
        self.layer = InMemoryChannelLayer(capacity=10_000)
        self.worker = Worker(self.layer, "first")
        self.worker.start()
        self.clients: list[Client] = []

    async def sandbox(self) -> tuple[str, Client]:
        row = await self.worker.database(store.create, "visitor", "sandbox", 3)
        client = Client(self.worker, self.layer)
        self.clients.append(client)
        await client.start(row.id)
        await client.command(row.id, type="pause")
        return row.id, client

    async def live(self, cluster: str) -> LiveCluster:
        found = await self.worker.live(cluster)
        assert found is not None
        return found

    async def close(self) -> None:
        await self.worker.stop()
        for client in self.clients:
            await client.stop()


@pytest_asyncio.fixture
async def office() -> AsyncIterator[Office]:
    found = Office()
    yield found
    await found.close()


async def eventually(holds: Callable[[], Any], seconds: float = 10) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "it never came"
        await asyncio.sleep(0.01)


def failing(monkeypatch: pytest.MonkeyPatch, cluster: str, error: Exception, times: int = 1) -> None:
    """Let commits that hold steps of this cluster fail."""
    save, left = store.save, [times]

    def sometimes(batches: Any) -> set[str]:
        if left[0] and any(batch.cluster == cluster and batch.steps for batch in batches):
            left[0] -= len(batches) == 1
            raise error
        return save(batches)

    monkeypatch.setattr(store, "save", sometimes)


def journal_is_whole(cluster: str) -> bool:
    row = Cluster.objects.get(id=cluster)
    revisions = list(Revision.objects.filter(cluster=cluster).order_by("revision").values_list("revision", flat=True))
    return revisions == list(range(revisions[0], row.head + 1)) and store.load(cluster, 1).revision == row.head


async def test_it_works(office: Office) -> None:
    cluster, client = await office.sandbox()
    assert await client.console(cluster, "kubectl create namespace one") == "namespace/one created\n"


@pytest.mark.parametrize("error", [DatabaseError("disk full"), TypeError("not JSON")])
async def test_a_commit_that_fails(office: Office, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    cluster, client = await office.sandbox()
    failing(monkeypatch, cluster, error)
    assert "could not be saved" in await client.console(cluster, "kubectl create namespace lost")
    await eventually(lambda: cluster not in office.worker._clusters)
    assert await client.console(cluster, "kubectl create namespace kept") == "namespace/kept created\n"
    assert "namespaces \"lost\" not found" in (await client.command(cluster, type="look", line="kubectl get ns lost"))["stderr"]
    assert await office.worker.database(journal_is_whole, cluster)


async def test_a_commit_that_fails_takes_no_other_cluster_along(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    (bad, bad_client), (good, good_client) = await office.sandbox(), await office.sandbox()
    failing(monkeypatch, bad, DatabaseError("no"))
    printed = await asyncio.gather(
        bad_client.console(bad, "kubectl create namespace n"), good_client.console(good, "kubectl create namespace n"),
    )
    assert "could not be saved" in printed[0]
    assert printed[1] == "namespace/n created\n"


async def test_after_a_failed_commit_nothing_is_saved_behind_the_gap(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster, client = await office.sandbox()
    await client.console(cluster, "kubectl create deployment web --image=nginx:1.27 --replicas=80")
    failing(monkeypatch, cluster, DatabaseError("no"))
    quiet = asyncio.create_task(client.command(cluster, type="quiet"))
    answers = await asyncio.gather(quiet, client.command(cluster, type="console", id="9", line="kubectl create namespace late"))
    assert answers[0]["type"] == "error"
    await eventually(lambda: cluster not in office.worker._clusters)
    await client.command(cluster, type="quiet")
    assert await office.worker.database(journal_is_whole, cluster)


async def test_viewers_that_cannot_be_told_do_not_stop_the_commits(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster, client = await office.sandbox()

    async def broken(group: str, message: Any) -> None:
        raise ConnectionError("no Redis")

    monkeypatch.setattr(office.layer, "group_send", broken)
    for number in range(2):
        assert await client.console(cluster, f"kubectl create namespace n{number}") == f"namespace/n{number} created\n"


async def test_leases_are_kept_after_a_failed_turn(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    await office.sandbox()
    calls: list[str] = []
    renew = store.renew

    def sometimes(name: str) -> set[str]:
        calls.append(name)
        if len(calls) == 1:
            raise DatabaseError("restarting")
        return renew(name)

    monkeypatch.setattr(store, "renew", sometimes)
    monkeypatch.setattr(worker, "RENEW_EVERY", 0.05)
    other = Worker(office.layer, "tending")
    other.start()
    await eventually(lambda: len(calls) > 2)
    await other.stop()


async def test_a_cluster_that_was_deleted_is_let_go(office: Office) -> None:
    cluster, client = await office.sandbox()
    await office.worker.database(Cluster.objects.filter(id=cluster).delete)
    await office.worker._tend()
    assert cluster not in office.worker._clusters
    assert (await client.command(cluster, type="frame"))["message"] == "This sandbox does not exist any more."


async def test_a_lost_lease_is_noticed_without_writing(office: Office) -> None:
    cluster, _ = await office.sandbox()
    changes = {"worker": "second", "leased_until": timezone.now() + timedelta(minutes=1)}
    await office.worker.database(lambda: Cluster.objects.filter(id=cluster).update(**changes))
    await office.worker._tend()
    assert await office.worker.live(cluster) is None
    assert await office.worker.database(store.holder, cluster) == "second"


async def test_a_process_that_stood_still_asks_before_it_answers(office: Office) -> None:
    cluster, _ = await office.sandbox()
    changes = {"worker": "second", "leased_until": timezone.now() + timedelta(minutes=1)}
    await office.worker.database(lambda: Cluster.objects.filter(id=cluster).update(**changes))
    office.worker._renewed -= 60
    assert await office.worker.live(cluster) is None


async def test_what_a_dead_worker_left_is_taken_over_unasked(office: Office) -> None:
    cluster, client = await office.sandbox()
    await client.console(cluster, "kubectl create namespace one")
    dead = {"worker": "dead", "leased_until": timezone.now() - timedelta(seconds=1)}
    await office.worker.database(lambda: Cluster.objects.filter(id=cluster).update(**dead))
    other = Worker(office.layer, "second")
    other.start()
    await other._tend()
    assert cluster in other._clusters
    assert client.news[-1]["type"] == "clock"
    await other.stop()


async def test_a_cluster_that_leaves_can_be_loaded_at_once(office: Office) -> None:
    cluster, client = await office.sandbox()
    for number in range(5):
        live = await office.live(cluster)
        live.watched -= living.LEAVES_AFTER + 1
        forget = asyncio.create_task(office.worker._tend())
        await asyncio.sleep(0)
        assert await client.console(cluster, f"kubectl create namespace n{number}") == f"namespace/n{number} created\n"
        await forget
        assert await office.worker.database(store.holder, cluster) == "first"


async def test_a_cluster_that_cannot_be_read_keeps_no_lease(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    row = await office.worker.database(store.create, "visitor", "sandbox", 3)

    def broken(*arguments: Any) -> None:
        raise DatabaseError("torn page")

    monkeypatch.setattr(store, "load", broken)
    with pytest.raises(DatabaseError):
        await office.worker.live(row.id)
    assert await office.worker.database(store.holder, row.id) == ""
    assert not office.worker._loading


async def test_a_broken_component_stops_time_and_says_so(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster, client = await office.sandbox()
    await client.console(cluster, "kubectl create deployment web --image=nginx:1.27")
    run_next = Simulation._run_next

    def broken(simulation: Simulation) -> None:
        raise KeyError("a defect")

    monkeypatch.setattr(Simulation, "_run_next", broken)
    live = await office.live(cluster)
    live.playing = True
    live.look()
    await eventually(lambda: client.news and client.news[-1]["type"] == "error")
    assert not live.playing
    monkeypatch.setattr(Simulation, "_run_next", run_next)
    await client.command(cluster, type="speed", value=64)
    await client.command(cluster, type="play")
    before = live.head
    await eventually(lambda: live.head > before)


async def test_two_sockets_with_commands_of_the_same_number(office: Office) -> None:
    cluster, client = await office.sandbox()
    heard: dict[str, list[dict[str, Any]]] = {"a": [], "b": []}

    class Said:
        def __init__(self, socket: str) -> None:
            self.socket = socket

        async def __call__(self, message: dict[str, Any]) -> None:
            heard[self.socket].append(message)

    live = await office.live(cluster)
    await live.command({"type": "console", "id": "1", "line": "kubectl get pods -w"}, Said("a"))
    await live.command({"type": "console", "id": "1", "line": "kubectl get nodes -w"}, Said("b"))
    await live.command({"type": "interrupt", "id": "1"}, Said("b"))
    assert [message["type"] for message in heard["b"][-2:]] == ["console", "console-end"]
    assert not any(message["type"] == "console-end" for message in heard["a"])
    await client.console(cluster, "kubectl run one --image=nginx:1.27")
    await eventually(lambda: any("one" in message.get("text", "") for message in heard["a"]))
    assert not any("one " in message.get("text", "") for message in heard["b"])
    await live.command({"type": "gone"}, Said("a"))
    assert not live._consoles
    await eventually(lambda: not live._tasks)


async def test_a_command_that_breaks_while_it_waits_ends(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster, client = await office.sandbox()
    await client.command(cluster, type="console", id="5", line="kubectl get pods -w")

    async def broken(self: LiveCluster, key: Any) -> None:
        raise KeyError("a defect")

    monkeypatch.setattr(LiveCluster, "_resume", broken)
    live = await office.live(cluster)
    await live._moved_on()
    await eventually(lambda: any(said["type"] == "console-end" and said["id"] == "5" for said in client.said))
    assert not live._consoles


async def test_a_branch_ends_what_waits_in_the_console(office: Office) -> None:
    cluster, client = await office.sandbox()
    await client.console(cluster, "kubectl create namespace one")
    await client.command(cluster, type="console", id="5", line="kubectl get pods -w")
    await client.command(cluster, type="fork", at=None)
    assert client.said[-1] == {"type": "console-end", "id": "5", "code": 1}


async def test_a_deadline_passes_while_nothing_happens(office: Office) -> None:
    cluster, client = await office.sandbox()
    await client.command(cluster, type="quiet")
    await client.command(cluster, type="speed", value=64)
    await client.command(cluster, type="play")
    await client.console(cluster, "kubectl create namespace one")
    printed = await client.console(cluster, "kubectl wait --for=delete namespace/one --timeout=20s")
    assert "timed out" in printed


async def test_a_deadline_does_not_pass_while_the_cluster_sleeps(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster, client = await office.sandbox()
    await client.command(cluster, type="quiet")
    await client.command(cluster, type="speed", value=64)
    await client.command(cluster, type="play")
    monkeypatch.setattr(living, "SLEEPS_AFTER", 0.2)
    await client.command(cluster, type="console", id="5", line="kubectl wait --for=delete namespace/default --timeout=60s")
    await asyncio.sleep(1.5)
    assert not any(said["type"] == "console-end" and said["id"] == "5" for said in client.said)
    monkeypatch.setattr(living, "SLEEPS_AFTER", 90)
    await client.command(cluster, type="watch")
    await eventually(lambda: any(said["type"] == "console-end" and said["id"] == "5" for said in client.said))


async def test_a_refused_act_in_the_past_is_told_all_the_same(office: Office) -> None:
    cluster, client = await office.sandbox()
    await client.console(cluster, "kubectl create namespace one")
    live = await office.live(cluster)
    at = live.head - 1
    answer = await client.command(cluster, type="advance", seconds=-1, at=at)
    assert answer["type"] == "error"
    told = [message for message in client.news if message["type"] in ("branch", "frame")]
    assert [message["type"] for message in told] == ["branch", "frame"]
    assert (told[1]["branch"], told[1]["revision"]) == (2, at)


async def test_a_fork_of_the_present_while_time_runs(office: Office) -> None:
    cluster, client = await office.sandbox()
    await client.console(cluster, "kubectl create deployment web --image=nginx:1.27 --replicas=50")
    await client.command(cluster, type="speed", value=4)
    await client.command(cluster, type="play")
    for number in range(2, 6):
        answer = await client.command(cluster, type="fork", at=None)
        assert (answer["type"], answer["branch"]) == ("ok", number)


async def test_frames_and_events_fit_while_time_runs(office: Office) -> None:
    cluster, client = await office.sandbox()
    await client.console(cluster, "kubectl create deployment web --image=nginx:1.27 --replicas=40")
    await client.command(cluster, type="speed", value=16)
    await client.command(cluster, type="play")
    for _ in range(30):
        frame = await client.command(cluster, type="frame")
        known = max((event["r"] for event in client.news[: client.told] if event["type"] == "event"), default=0)
        assert frame["revision"] >= known, "the picture is older than what viewers have seen"
        assert frame["revision"] == frame["head"]
        assert [header["r"] for header in frame["log"]][-1] == frame["revision"]
        logged = [header["r"] for header in frame["log"]]
        assert logged == list(range(logged[0], logged[-1] + 1))
        on_disk = await office.worker.database(lambda: Cluster.objects.get(id=cluster).head)
        assert on_disk >= frame["revision"]
        await asyncio.sleep(0.01)
    revisions = [event["r"] for event in client.news if event["type"] == "event"]
    assert revisions == list(range(revisions[0], revisions[-1] + 1))


async def test_compacting_leaves_no_branch_without_its_parent(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MAX_REVISIONS", 150)
    monkeypatch.setattr(store, "KEEP_REVISIONS", 40)
    monkeypatch.setattr("cluster.worker.COMPACT_EVERY", 0)
    cluster, client = await office.sandbox()
    start = (await office.live(cluster)).head
    await client.console(cluster, "kubectl create deployment web --image=nginx:1.27 --replicas=15")
    await client.command(cluster, type="quiet")
    await client.command(cluster, type="fork", at=start + 1)
    await client.console(cluster, "kubectl create deployment web --image=nginx:1.27 --replicas=15")
    await client.command(cluster, type="quiet")
    await client.command(cluster, type="fork", at=None)
    await client.command(cluster, type="branch", id=1)
    await office.worker._tend()
    assert await office.worker.database(lambda: Revision.objects.filter(cluster=cluster, branch=2).count()) == 0
    numbers = await office.worker.database(lambda: list(Branch.objects.filter(cluster=cluster).values_list("number", flat=True)))
    assert numbers == [1]
    assert (await client.command(cluster, type="frame"))["type"] == "frame"


async def test_stopping_waits_for_what_was_begun(office: Office) -> None:
    cluster, client = await office.sandbox()
    await client.console(cluster, "kubectl create deployment web --image=nginx:1.27 --replicas=300")
    quiet = asyncio.create_task(client.command(cluster, type="quiet"))
    await asyncio.sleep(0.2)
    await office.worker.stop()
    quiet.cancel()
    await asyncio.gather(quiet, return_exceptions=True)
    office.worker = Worker(office.layer, "second")
    office.worker.start()
    assert await office.worker.database(store.holder, cluster) == ""
    assert await office.worker.database(journal_is_whole, cluster)
