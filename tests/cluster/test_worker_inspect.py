"""The worker looks into Pods and volumes: now at the time that the clock shows, and at any revision that it still has."""

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
metadata: {name: web}
spec:
  volumes: [{name: data, emptyDir: {}}]
  containers:
  - name: main
    image: busybox
    command: [sh, -c, "while true; do date > /data/now; sleep 1; done"]
    readinessProbe: {exec: {command: [cat, /data/now]}, periodSeconds: 5}
    volumeMounts: [{name: data, mountPath: /data}]
"""


@pytest_asyncio.fixture
async def desk() -> AsyncIterator[Desk]:
    async with Desk.opened() as found:
        await found.command("quiet")
        answer = await found.command("apply", text=POD)
        assert answer["code"] == 0, answer
        await found.command("advance", seconds=30)
        yield found


async def inspect(desk: Desk, ref: str = "pods/default/web", **more: Any) -> dict[str, Any]:
    return await desk.command("inspect", ref=ref, **more)


async def test_it_works(desk: Desk) -> None:
    told = await inspect(desk, live=True)
    assert told["type"] == "inspected"
    assert (told["row"]["mark"], told["pod"]["sentences"][0]["key"]) == ("running", "ready")
    [main] = told["pod"]["containers"]
    assert main["probes"][0]["result"] == "passing"
    assert told["pod"]["volumes"][0]["files"]["count"] == 1
    json.dumps(told)


async def test_time_goes_on_without_events(desk: Desk) -> None:
    before = await inspect(desk, live=True)
    await desk.command("advance", seconds=20)
    after = await inspect(desk, live=True)
    assert after["now"] - before["now"] == 20_000
    made = [told["pod"]["containers"][0]["probes"][0]["made"] for told in (before, after)]
    assert made[1] - made[0] == 4
    texts = [told["pod"]["volumes"][0]["files"]["rows"][0]["text"] for told in (before, after)]
    assert texts[0] != texts[1]


async def test_a_past_revision(desk: Desk) -> None:
    frame = await desk.command("frame")
    before = await inspect(desk, revision=frame["first"])
    assert before["message"] == "There is no Pod default/web at this moment."
    between = await inspect(desk, revision=frame["first"] + 4)
    assert (between["revision"], between["pod"]["sentences"][0]["key"] == "ready") == (frame["first"] + 4, False)


@pytest.mark.parametrize(("ref", "said"), [
    ("pods/default/none", "There is no Pod default/none"), ("", "There is no Pod"), ("services/default/web", "There is no Pod"),
    ("persistentvolumes//none", "There is no none"), ("pods", "There is no Pod"), ("pods/default", "There is no Pod"),
])
async def test_what_is_not_there(desk: Desk, ref: str, said: str) -> None:
    told = await inspect(desk, ref)
    assert told["type"] == "error"
    assert told["message"].startswith(said)


@pytest.mark.parametrize("revision", ["7", -1, 10**9, [], {}])
async def test_no_such_revision(desk: Desk, revision: Any) -> None:
    told = await inspect(desk, revision=revision)
    assert told["type"] == "error"


async def test_storage(desk: Desk) -> None:
    told = await inspect(desk, "nodes//node-1")
    assert told["storage"] == {"volumes": [], "disk": {"count": 0, "bytes": 0, "more": 0, "rows": []}}
