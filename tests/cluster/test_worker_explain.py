"""The worker explains scheduling decisions: kept ones at any revision, what would be decided now, and what-ifs."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.support.desk import Desk

pytestmark = pytest.mark.django_db(transaction=True)

POD = """\
apiVersion: v1
kind: Pod
metadata: {{name: {name}}}
spec:
  containers:
  - name: c
    image: nginx:1.27
    resources: {{requests: {{cpu: {cpu}}}}}
"""


class Explainer(Desk):
    """A desk that applies Pods and asks about them."""

    async def apply(self, name: str, cpu: str) -> None:
        answer = await self.command("apply", text=POD.format(name=name, cpu=cpu))
        assert answer["code"] == 0, answer
        await self.command("quiet")

    async def explain(self, name: str = "", **more: Any) -> dict[str, Any]:
        return await self.command("explain", ref=f"pods/default/{name}" if name else "", **more)


@pytest_asyncio.fixture
async def desk() -> AsyncIterator[Explainer]:
    async with Explainer.opened() as found:
        await found.command("quiet")
        yield found


async def test_it_works(desk: Explainer) -> None:
    await desk.apply("web", "500m")
    told = await desk.explain("web")
    assert told["type"] == "explained"
    assert (told["situation"], told["live"], told["pod"]["gone"]) == ("placed", False, False)
    assert told["pod"]["node"] == told["decision"]["chosen"]
    assert [row["node"] for row in told["rows"] if row["verdict"] == "chosen"] == [told["pod"]["node"]]
    assert told["decided_at"]["revision"] < told["revision"]
    json.dumps(told)


async def test_a_pod_that_waits(desk: Explainer) -> None:
    await desk.apply("big", "30")
    told = await desk.explain("big")
    assert told["situation"] == "pending"
    assert told["decision"]["chosen"] == ""
    assert {row["verdict"] for row in told["rows"]} == {"filtered"}
    assert told["changes"][0]["change"]["do"] == "request"
    keys = [word["key"] for word in told["words"]]
    assert keys[:3] == ["summary.none-fits", "pending.attempts", "pending.waits-for"]


async def test_what_if(desk: Explainer) -> None:
    await desk.apply("big", "30")
    change = {"do": "request", "resource": "cpu", "quantity": "1"}
    told = await desk.explain("big", changes=[change])
    assert told["decision"]["chosen"] != ""
    assert [row["change"] for row in told["changes"] if row["active"]] == [change]
    assert told["before"] is not None
    unchanged = await desk.explain("big")
    assert unchanged["decision"]["chosen"] == ""


async def test_wrong_changes_are_told(desk: Explainer) -> None:
    await desk.apply("web", "1")
    told = await desk.explain("web", changes=["{"])
    assert told["problem"]["key"] == "problem.shape"
    assert told["before"] is None
    refused = await desk.explain("web", changes="all")
    assert refused["type"] == "error"


async def test_the_past(desk: Explainer) -> None:
    await desk.apply("a", "500m")
    first = await desk.explain("a")
    await desk.apply("b", "30")
    revision = first["decided_at"]["revision"]
    await desk.console("kubectl delete pod a --wait=false")
    await desk.command("advance", seconds=60)
    at = await desk.explain("a", revision=revision)
    assert at["decision"] == first["decision"]
    assert not at["pod"]["gone"]
    before = await desk.explain("a", revision=revision - 1)
    assert (before["situation"], before["decided_at"]) == ("pending", None)


async def test_a_pod_that_is_gone(desk: Explainer) -> None:
    await desk.apply("a", "500m")
    first = await desk.explain("a")
    await desk.console("kubectl delete pod a --wait=false")
    await desk.command("advance", seconds=60)
    assert "NotFound" in await desk.console("kubectl get pod a")
    told = await desk.explain("a")
    assert told["pod"]["gone"]
    assert told["decision"] == first["decision"]


async def test_a_namesake_is_another_pod(desk: Explainer) -> None:
    await desk.apply("a", "500m")
    await desk.console("kubectl delete pod a --wait=false")
    await desk.command("advance", seconds=60)
    answer = await desk.command("apply", text=POD.format(name="a", cpu="30"))
    assert answer["code"] == 0
    told = await desk.explain("a")
    assert told["decided_at"] is None
    assert told["situation"] == "pending"


async def test_the_newest_decision(desk: Explainer) -> None:
    await desk.apply("a", "1")
    await desk.apply("b", "1")
    assert (await desk.explain())["pod"]["name"] == "b"


async def test_no_such_pod(desk: Explainer) -> None:
    for ref in ("pods/default/nobody", "pods/", "nodes//node-1", "x", "pods/default/web/1"):
        answer = await desk.command("explain", ref=ref)
        assert answer["type"] == "error", ref


async def test_the_console(desk: Explainer) -> None:
    await desk.apply("web", "500m")
    node = (await desk.explain("web"))["pod"]["node"]
    printed = await desk.console("explain-schedule pod/web")
    line = next(line for line in printed.splitlines() if line.startswith(f"{node} "))
    assert line.split()[1] == "Chosen"
    assert "no decision about it is kept" not in printed


async def test_the_console_looks_back(desk: Explainer) -> None:
    await desk.apply("web", "500m")
    first = await desk.explain("web")
    await desk.apply("other", "1")
    looked = await desk.command("look", line="explain-schedule pod/web", revision=first["decided_at"]["revision"])
    assert looked["code"] == 0
    assert "Chosen" in looked["stdout"]
    early = await desk.command("look", line="explain-schedule pod/other", revision=first["decided_at"]["revision"])
    assert early["code"] == 1
    assert early["stderr"] == 'Error from server (NotFound): pods "other" not found\n'
