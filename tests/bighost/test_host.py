"""The life of the child process: asked, watched, idle, killed, at capacity, ended with its server."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from cluster.bighost.host import MOST_WAITING, Busy, Full, LargeHost, NoAnswer, Running

ROOT = Path(__file__).resolve().parents[2]
NODES = 20


def _header(message: bytes) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(message[4 : 4 + int.from_bytes(message[:4], "little")])
    return found


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


async def _until(what: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it takes too long"
        await asyncio.sleep(0.02)


def _with_host(test: Callable[[LargeHost], Awaitable[None]], limit: int = 1, idle: float = 60) -> None:
    async def run() -> None:
        host = LargeHost(limit, idle)
        try:
            await test(host)
        finally:
            await host.stop()

    asyncio.run(run())


class Seen:
    """A listener that keeps what it hears."""

    def __init__(self) -> None:
        self.messages: list[bytes | None] = []

    def __call__(self, message: bytes | None) -> None:
        self.messages.append(message)

    @property
    def last(self) -> dict[str, Any]:
        found = [message for message in self.messages if message is not None]
        return _header(found[-1]) if found else {}


async def _ready(running: Running, seen: Seen, pods: int) -> None:
    await running.ask({"type": "pace", "speed": 0})
    await running.ask({"type": "command", "command": {"do": "add", "pods": pods}})
    await _until(lambda: seen.last.get("ready") == pods)


def test_it_works() -> None:
    async def test(host: LargeHost) -> None:
        running = await host.start("me", NODES, 7)
        seen = Seen()
        running.join(seen)
        await _until(lambda: bool(seen.messages))
        first = _header(seen.messages[0] or b"")
        assert (first["type"], first["count"]) == ("first", NODES)
        await _ready(running, seen, 100)
        assert seen.last["type"] == "update"
        node = await running.ask({"type": "node", "name": "a-node-0000"})
        assert node["result"]["name"] == "a-node-0000"
        name = node["result"]["rows"][0]["name"]
        explained = await running.ask({"type": "explain", "namespace": "default", "name": name})
        assert explained["result"]["node"] == "a-node-0000"
        found = await running.ask({"type": "find", "text": name})
        assert [one["name"] for one in found["result"]] == [name]
        pid = running.process.pid
        await host.end(running)
        assert not _alive(pid)
        assert seen.messages[-1] is None

    _with_host(test)


def test_refusals_and_nonsense_are_answers() -> None:
    async def test(host: LargeHost) -> None:
        running = await host.start("me", NODES, 7)
        for message in ({"type": "command", "command": {"do": "explode"}}, {"type": "command"}, {"type": "nonsense"}, {}):
            assert await running.ask(message) == {"id": running._last_id, "ok": False, "why": "unknown"}
        assert (await running.ask({"type": "pace", "speed": 10**6}))["why"] == "speed"
        assert (await running.ask({"type": "node", "name": None}))["result"] is None
        assert (await running.ask({"type": "page", "page": "x", "order": 5}))["result"]["page"] == 1

    _with_host(test)


def test_so_many_questions_at_a_time() -> None:
    async def test(host: LargeHost) -> None:
        running = await host.start("me", NODES, 7)
        asked = [asyncio.create_task(running.ask({"type": "page", "page": 1, "order": "name"})) for _ in range(MOST_WAITING)]
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await running.ask({"type": "page", "page": 1, "order": "name"})
        answers = await asyncio.gather(*asked)
        assert all(answer["ok"] for answer in answers)
        assert (await running.ask({"type": "page", "page": 1, "order": "name"}))["ok"]

    _with_host(test)


def test_a_paused_cluster_stands_still() -> None:
    async def test(host: LargeHost) -> None:
        running = await host.start("me", NODES, 7)
        seen = Seen()
        running.join(seen)
        await _until(lambda: seen.last.get("t", 0) > 1000)
        await running.ask({"type": "pace", "playing": False})
        await asyncio.sleep(0.3)
        stopped = seen.last["t"]
        await asyncio.sleep(0.5)
        assert seen.last["t"] == stopped
        assert seen.last["playing"] is False
        await running.ask({"type": "pace", "playing": True})
        await _until(lambda: seen.last["t"] > stopped)

    _with_host(test)


def test_updates_come_at_most_ten_times_a_second() -> None:
    async def test(host: LargeHost) -> None:
        running = await host.start("me", NODES, 7)
        seen = Seen()
        running.join(seen)
        await _until(lambda: len(seen.messages) > 1)
        before = len(seen.messages)
        await running.ask({"type": "command", "command": {"do": "add", "pods": 500}})
        await _until(lambda: len(seen.messages) > before)
        begun = len(seen.messages)
        await asyncio.sleep(2)
        assert len(seen.messages) - begun <= 21

    _with_host(test)


def test_an_owner_has_one_and_the_server_has_room_for_one() -> None:
    async def test(host: LargeHost) -> None:
        running = await host.start("me", NODES, 7)
        assert await host.start("me", NODES, 8) is running
        assert host.is_full()
        with pytest.raises(Full):
            await host.start("you", NODES, 7)
        await host.end(running)
        other = await host.start("you", NODES, 7)
        assert host.get(other.identifier) is other
        assert host.of_owner("me") is None

    _with_host(test)


def test_it_ends_when_nobody_looks() -> None:
    async def test(host: LargeHost) -> None:
        running = await host.start("me", NODES, 7)
        seen = Seen()
        running.join(seen)
        await _until(lambda: bool(seen.messages))
        running.leave(seen, 0.3)
        second = Seen()
        running.join(second)  # somebody came back in time
        await asyncio.sleep(0.6)
        assert not running.ended
        running.leave(second, 0.3)
        await _until(lambda: running.ended)
        await _until(lambda: not _alive(running.process.pid))
        assert host.get(running.identifier) is None

    _with_host(test)


def test_it_ends_when_nobody_ever_came() -> None:
    async def test(host: LargeHost) -> None:
        running = await host.start("me", NODES, 7)
        await _until(lambda: running.ended)
        assert not host.is_full()

    _with_host(test, idle=0.3)


def test_a_killed_child_is_told_to_everybody() -> None:
    async def test(host: LargeHost) -> None:
        running = await host.start("me", NODES, 7)
        seen = Seen()
        running.join(seen)
        await _until(lambda: bool(seen.messages))
        asked = asyncio.create_task(running.ask({"type": "page", "page": 1, "order": "name"}))
        os.kill(running.process.pid, signal.SIGKILL)
        await _until(lambda: running.ended)
        assert seen.messages[-1] is None
        with pytest.raises(NoAnswer):
            await running.ask({"type": "page", "page": 1, "order": "name"})
        await asyncio.wait([asked])
        assert host.of_owner("me") is None

    _with_host(test)


def test_a_child_does_not_outlive_a_killed_server(tmp_path: Path) -> None:
    script = tmp_path / "server.py"
    script.write_text(textwrap.dedent(f"""
        import asyncio
        from cluster.bighost.host import LargeHost

        async def main():
            host = LargeHost(1, 60)
            running = await host.start("me", {NODES}, 7)
            await running.ask({{"type": "page", "page": 1, "order": "name"}})
            print(running.process.pid, flush=True)
            await asyncio.sleep(60)

        asyncio.run(main())
    """))
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, env=environment, cwd=ROOT) as server:
        assert server.stdout is not None
        child = int(server.stdout.readline())
        assert _alive(child)
        server.kill()
    end = time.monotonic() + 15
    while _alive(child) and time.monotonic() < end:
        time.sleep(0.05)
    assert not _alive(child)
