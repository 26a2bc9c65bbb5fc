"""The worker: commands are answered when they are on disk, events follow in order, time plays, the past forks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from cluster.models import Cluster, Pod, Revision, Snapshot
from cluster.worker import Worker
from tests.support.desk import Desk

pytestmark = pytest.mark.django_db(transaction=True)


@pytest_asyncio.fixture
async def desk() -> AsyncIterator[Desk]:
    async with Desk.opened() as found:
        yield found


async def stored_head(desk: Desk) -> int:
    return int(await desk.worker.database(lambda: Cluster.objects.get(id=desk.cluster).head))


async def test_it_works(desk: Desk) -> None:
    printed = await desk.console("kubectl create deployment web --image=nginx:1.27 --replicas=2")
    assert printed == "deployment.apps/web created\n"
    answer = await desk.command("quiet")
    assert answer["steps"] > 20
    assert answer["head"] == await stored_head(desk)
    frame = await desk.command("frame")
    assert {row["mark"] for row in frame["state"]["pods"].values()} == {"running"}
    revisions = [event["r"] for event in desk.client.news if event["type"] == "event"]
    assert revisions == list(range(revisions[0], answer["head"] + 1))


async def test_what_is_answered_is_on_disk(desk: Desk) -> None:
    for number in range(10):
        await desk.console(f"kubectl create namespace n{number}")
        assert await desk.worker.database(Revision.objects.filter(object=f"namespaces//n{number}").exists)


async def test_one_step_is_one_write(desk: Desk) -> None:
    await desk.console("kubectl create deployment web --image=nginx:1.27")
    before = await stored_head(desk)
    answer = await desk.command("step")
    assert (answer["steps"], answer["head"], await stored_head(desk)) == (1, before + 1, before + 1)


async def test_until_a_decision(desk: Desk) -> None:
    await desk.console("kubectl create deployment web --image=nginx:1.27")
    await desk.command("decision")
    await desk.command("decision")
    events = [event for event in desk.client.news if event["type"] == "event"]
    assert events[-1]["say"]["key"].startswith(("scheduler.", "deployment.", "replicaset."))


async def test_advance(desk: Desk) -> None:
    before = (await desk.command("watch"))["now"]
    answer = await desk.command("advance", seconds=10)
    assert answer["now"] == before + 10_000
    assert await desk.worker.database(lambda: Cluster.objects.get(id=desk.cluster).now) == before + 10_000


async def test_playing_lets_time_run(desk: Desk) -> None:
    await desk.console("kubectl create deployment web --image=nginx:1.27")
    await desk.command("speed", value=64)
    await desk.command("play")
    for _ in range(200):
        frame = await desk.command("frame")
        if {row["mark"] for row in frame["state"]["pods"].values()} == {"running"}:
            break
        await asyncio.sleep(0.02)
    else:
        pytest.fail("the Pod never ran")
    await desk.command("pause")
    first = (await desk.command("watch"))["now"]
    await asyncio.sleep(0.05)
    assert (await desk.command("watch"))["now"] == first


async def test_looking_at_the_past_changes_nothing(desk: Desk) -> None:
    await desk.console("kubectl create namespace one")
    head = await stored_head(desk)
    await desk.console("kubectl create namespace two")
    past = await desk.command("look", line="kubectl get namespaces -o name", revision=head)
    assert "namespace/one\n" in past["stdout"]
    assert "namespace/two" not in past["stdout"]
    await desk.command("look", line="kubectl delete namespace one", revision=head)
    assert "namespace/one\n" in (await desk.command("look", line="kubectl get namespaces -o name"))["stdout"]
    frame = await desk.command("frame", revision=head)
    assert frame["revision"] == head


async def test_acting_in_the_past_forks(desk: Desk) -> None:
    await desk.console("kubectl create namespace one")
    head = await stored_head(desk)
    await desk.console("kubectl create namespace two")
    await desk.console("kubectl create namespace three", at=head)
    names = (await desk.command("look", line="kubectl get namespaces -o name"))["stdout"]
    assert "namespace/three\n" in names
    assert "namespace/two\n" not in names
    frame = await desk.command("frame")
    assert [branch["id"] for branch in frame["branches"]] == [1, 2]
    assert frame["branch"] == 2
    await desk.command("branch", id=1)
    assert "namespace/two\n" in (await desk.command("look", line="kubectl get namespaces -o name"))["stdout"]


async def test_a_waiting_command_and_its_interruption(desk: Desk) -> None:
    await desk.console("kubectl create deployment web --image=nginx:1.27")
    await desk.command("console", id="7", line="kubectl rollout status deployment/web")
    assert not any(said["type"] == "console-end" and said["id"] == "7" for said in desk.client.said)
    await desk.command("interrupt", id="7")
    await asyncio.sleep(0.05)
    assert desk.client.said[-1] == {"type": "console-end", "id": "7", "code": 130}
    await desk.command("console", id="8", line="kubectl rollout status deployment/web")
    await desk.command("quiet")
    await asyncio.sleep(0.2)
    text = "".join(said["text"] for said in desk.client.said if said.get("id") == "8" and said["type"] == "console")
    assert text.endswith('deployment "web" successfully rolled out\n')


@pytest.mark.parametrize(("command", "sentence"), [
    ({"type": "fly"}, "Unknown command 'fly'"),
    ({"type": "speed", "value": 3}, "Speed 3 is not offered"),
    ({"type": "advance", "seconds": -1}, "seconds must be a number above 0"),
    ({"type": "advance", "seconds": "x"}, "seconds must be a number above 0"),
    ({"type": "advance", "seconds": True}, "seconds must be a number above 0"),
    ({"type": "step", "at": 10**9}, "There is no revision"),
    ({"type": "step", "at": "x"}, "There is no revision"),
    ({"type": "frame", "revision": 10**9}, "cannot be shown"),
    ({"type": "frame", "revision": "x"}, "whole number"),
    ({"type": "branch", "id": 9}, "There is no branch 9"),
    ({"type": "branch", "id": None}, "whole number"),
    ({"type": "console", "id": "1", "line": 5}, "A line has at most"),
    ({"type": "console", "id": "1", "line": "x", "files": []}, "files must map"),
    ({"type": "apply", "text": 5}, "Each file is a text"),
])
async def test_wrong_commands(desk: Desk, command: dict[str, Any], sentence: str) -> None:
    before = await stored_head(desk)
    answer = await desk.client.command(desk.cluster, **command)
    assert answer["type"] == "error"
    assert sentence in answer["message"]
    assert await stored_head(desk) == before


async def test_a_cluster_that_does_not_exist(desk: Desk) -> None:
    answer = await desk.client.command("nothing", type="frame")
    assert answer == {"type": "error", "message": "This sandbox does not exist any more."}


async def test_the_editor(desk: Desk) -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\ndata:\n  a: b\n"
    answer = await desk.command("apply", text=text)
    assert (answer["errors"], answer["output"]) == ([], "configmap/c created\n")
    wrong = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: d\nspec:\n  replicaz: 3\n"
    answer = await desk.command("apply", text=wrong)
    assert answer["errors"][0]["line"] == 6
    assert 'unknown field "spec.replicaz"' in answer["errors"][0]["message"]


async def test_two_workers_share_by_lease(desk: Desk) -> None:
    other = Worker(desk.client.layer, "another process")
    other.start()
    assert await other.live(desk.cluster) is None
    await desk.console("kubectl create namespace one")
    await desk.worker.stop()
    taken = await other.live(desk.cluster)
    assert taken is not None
    assert taken.head == await other.database(lambda: Cluster.objects.get(id=desk.cluster).head)
    await other.stop()
    desk.worker = Worker(desk.client.layer)
    desk.worker.start()


async def test_what_is_stopped_is_loaded_without_redoing(desk: Desk) -> None:
    await desk.console("kubectl create deployment web --image=nginx:1.27")
    await desk.command("quiet")
    head = await stored_head(desk)
    await desk.worker.stop()
    desk.worker = desk.client.worker = Worker(desk.client.layer)
    desk.worker.start()
    kept = Snapshot.objects.filter(cluster=desk.cluster, revision=head)
    assert await desk.worker.database(kept.count) == 1
    assert (await desk.command("frame"))["revision"] == head


async def test_a_sandbox_has_limits(desk: Desk) -> None:
    await desk.console("kubectl create deployment big --image=nginx:1.27 --replicas=600")
    await desk.command("advance", seconds=5)
    assert await desk.worker.database(Pod.objects.filter(cluster=desk.cluster).count) == 500
    printed = (await desk.command("look", line="kubectl get rs -o jsonpath='{.items[0].status.conditions[0].message}'"))["stdout"]
    assert "exceeded quota: sandbox, requested: pods=1, used: pods=500, limited: pods=500" in printed


async def test_a_long_command_is_stopped_by_pause(desk: Desk) -> None:
    await desk.console("kubectl create deployment big --image=nginx:1.27 --replicas=400")
    quiet = asyncio.create_task(desk.command("quiet"))
    await asyncio.sleep(0.1)
    assert not quiet.done()
    await desk.command("pause")
    assert (await quiet)["steps"] < 4000
