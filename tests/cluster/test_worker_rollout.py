"""The worker tells of rollouts: the present, the past with what came after, and what other numbers would do."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.support.desk import Desk

pytestmark = pytest.mark.django_db(transaction=True)
WEB = "deployments.apps/default/web"


class Roller(Desk):
    """A desk that asks about rollouts."""

    async def rollout(self, ref: str = WEB, **more: Any) -> dict[str, Any]:
        return await self.command("rollout", ref=ref, **more)


@pytest_asyncio.fixture
async def desk() -> AsyncIterator[Roller]:
    async with Roller.opened() as found:
        await found.console("kubectl create deployment web --image=nginx:1.26 --replicas=4")
        await found.command("quiet")
        await found.command("advance", seconds=20)
        yield found


async def test_it_works(desk: Roller) -> None:
    """Live, then the same moment seen from later: what had happened is the same, what came after is known too."""
    await desk.console("kubectl set image deployment/web nginx=nginx:1.27")
    await desk.command("advance", seconds=2.8)
    live = (await desk.rollout())["picture"]
    assert (live["veil"], live["settled"], live["kind"]) == ("", False, "Deployment")
    assert (live["wanted"], live["ceiling"], live["floor"]) == (4, 5, 3)
    assert [group["number"] for group in live["groups"]] == [1, 2]
    assert live["says"]["key"] in ("waits", "waits-last", "moves-up", "moves-down")
    assert [one["number"] for one in live["revisions"]] == [2, 1]
    assert live["revisions"][0]["changes"] == [{"path": "spec.containers[nginx].image", "old": "nginx:1.26", "new": "nginx:1.27"}]
    json.dumps(live)
    await desk.command("quiet")
    await desk.command("advance", seconds=60)
    past = (await desk.rollout(revision=live["revision"]))["picture"]
    assert past["veil"] == "future"
    for field in ("says", "groups", "revisions", "now", "from", "deadline", "strategy"):
        assert past[field] == live[field], field
    assert past["samples"][: len(live["samples"])] == live["samples"]
    assert past["samples"][-1]["groups"][past["groups"][1]["name"]] == [4, 4, 4]
    now = (await desk.rollout())["picture"]
    assert (now["settled"], now["veil"], now["says"]["key"]) == (True, "", "done")
    assert now["samples"] == past["samples"]
    assert now["until"] < now["now"]


async def test_a_plan(desk: Roller) -> None:
    """It is run, shown, and changes nothing; applied, what was foreseen happens."""
    await desk.console("kubectl set image deployment/web nginx=nginx:1.27")
    await desk.command("advance", seconds=1)
    before = (await desk.rollout())["picture"]
    told = await desk.rollout(changes={"maxSurge": "100%"})
    assert told["picture"]["veil"] == "plan"
    assert told["picture"]["ceiling"] == 5
    assert told["picture"]["samples"][-1]["ceiling"] == 8
    plan = told["plan"]
    assert plan["outcome"]["most"] > plan["before"]["most"] == 5
    patch = '{"spec":{"strategy":{"rollingUpdate":{"maxSurge":"100%"}}}}'
    assert plan["line"] == f"kubectl patch deployment/web --type=merge -p '{patch}'"
    json.dumps(told)
    assert (await desk.rollout())["picture"] == before
    await desk.console(plan["line"])
    await desk.command("quiet")
    happened = (await desk.rollout())["picture"]["samples"]
    foreseen = told["picture"]["samples"]
    assert happened[: len(foreseen)] == foreseen


async def test_a_plan_from_the_past(desk: Roller) -> None:
    await desk.console("kubectl set image deployment/web nginx=nginx:1.27")
    await desk.command("advance", seconds=1)
    moment = (await desk.rollout())["picture"]["revision"]
    await desk.command("quiet")
    told = await desk.rollout(revision=moment, changes={"maxUnavailable": "100%", "maxSurge": 0})
    assert told["picture"]["veil"] == "plan"
    assert told["plan"]["outcome"]["fewest"] < 3
    assert not told["plan"]["restarts"]


async def test_after_a_fork(desk: Roller) -> None:
    """A branch begins in the middle of a rollout: its own future is drawn, after the past that both share."""
    await desk.console("kubectl set image deployment/web nginx=nginx:1.27")
    await desk.command("advance", seconds=1)
    moment = (await desk.rollout())["picture"]["revision"]
    await desk.command("quiet")
    await desk.console("kubectl rollout pause deployment/web", at=moment)
    await desk.command("advance", seconds=30)
    told = (await desk.rollout())["picture"]
    assert told["says"]["key"] == "paused-midway"
    assert [note for _, note in told["notes"]] == ["template", "paused"]
    assert told["veil"] == ""


async def test_which_workload(desk: Roller) -> None:
    """A Pod and a ReplicaSet lead to theirs; without a name the one under way; what is gone is told."""
    state = (await desk.command("look"))["state"]
    pod = next(iter(state["pods"]))
    replicaset = next(key for key in state["workloads"] if key.startswith("replicasets"))
    for ref in (f"pods/{pod}", replicaset, WEB, "", "nodes//node-1", "pods/default/nobody"):
        assert (await desk.rollout(ref))["ref"] == WEB, ref
    gone = await desk.rollout("deployments.apps/default/other")
    assert (gone["ref"], gone["picture"]) == ("deployments.apps/default/other", None)
    assert [row["ref"] for row in gone["workloads"]] == [WEB]
    await desk.console("kubectl create deployment second --image=nginx:1.26")
    assert (await desk.rollout(""))["ref"] == "deployments.apps/default/second"
    first = (await desk.command("frame"))["first"]
    nothing = await desk.rollout("", revision=first)
    assert (nothing["workloads"], nothing["ref"], nothing["picture"]) == ([], "", None)


@pytest.mark.parametrize(("more", "words"), [
    ({"changes": {"image": "x"}}, "'image' is no field that can be planned"),
    ({"changes": {"replicas": "many"}}, "replicas must be a whole number from 0 to 100."),
    ({"changes": [1]}, "changes must map fields to numbers."),
    ({"revision": "first"}, "A revision is a whole number"),
    ({"revision": 10**9}, "cannot be shown"),
])
async def test_what_is_refused(desk: Roller, more: dict[str, Any], words: str) -> None:
    answer = await desk.rollout(**more)
    assert answer["type"] == "error"
    assert words in answer["message"]


async def test_wishes_for_another_workload_do_not_count(desk: Roller) -> None:
    told = await desk.rollout(changes={"replicas": 9}, **{"for": "deployments.apps/default/other"})
    assert told["plan"] is None
