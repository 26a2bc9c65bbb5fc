"""Many visitors on one event loop, each with the socket of their own sandbox."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.support.feed import Sandbox

Message = dict[str, Any]


class Visitor:
    """A socket that reads all the time and acknowledges as the page does."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._socket: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._wanted: list[tuple[Callable[[Message], bool], asyncio.Future[float]]] = []
        self._lines = 0

    async def connect(self, url: str) -> None:
        address = f"{url.replace('http', 'ws', 1)}/ws/cluster/{self.sandbox.cluster}/"
        headers = {"Cookie": f"sessionid={self.sandbox.session}"}
        self._socket = await connect(
            address, additional_headers=headers, origin=url, max_size=None, proxy=None, open_timeout=60,
            ping_interval=None,  # browsers do not ping
        )
        self._reader = asyncio.create_task(self._read())

    async def close(self) -> None:
        assert self._socket is not None and self._reader is not None
        await self._socket.close()
        await self._reader

    async def _read(self) -> None:
        assert self._socket is not None
        try:
            async for text in self._socket:
                arrived = time.perf_counter()
                for message in json.loads(text):
                    self._hear(message, arrived)
                await self._say({"type": "ack", "n": 1})
        except ConnectionClosed:
            pass
        self._give_up(f"the socket was closed: {self._socket.close_code} {self._socket.close_reason}")

    def _give_up(self, why: str) -> None:
        for _, future in self._wanted:
            if not future.done():
                future.set_exception(RuntimeError(why))
        self._wanted.clear()

    def _hear(self, message: Message, arrived: float) -> None:
        if message["type"] in ("error", "resync"):
            self._give_up(str(message))
        for holds, future in [pair for pair in self._wanted if pair[0](message)]:
            if not future.done():
                future.set_result(arrived)
            self._wanted.remove((holds, future))

    async def _say(self, message: Message) -> None:
        assert self._socket is not None
        await self._socket.send(json.dumps(message))

    async def ask(self, command: Message, holds: Callable[[Message], bool], seconds: float = 60) -> float:
        """Send a command; how long the first message took for which `holds` (s)."""
        future: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._wanted.append((holds, future))
        sent = time.perf_counter()
        await self._say(command)
        return await asyncio.wait_for(future, seconds) - sent

    async def frame(self) -> float:
        return await self.ask({"type": "frame"}, lambda message: message["type"] == "frame")

    async def click(self) -> float:
        """A command that changes something: how long until the first event of it is there (s)."""
        self._lines += 1
        line = f"create configmap click-{self._lines}-{time.monotonic_ns()}"
        command = {"type": "console", "id": f"c{self._lines}", "line": f"kubectl {line}"}
        return await self.ask(command, lambda message: message["type"] == "event" and "user" in str(message))

    async def command(self) -> float:
        """A command that changes something: how long until it is answered, and so on disk (s)."""
        self._lines += 1
        identifier = f"c{self._lines}"
        line = f"kubectl create configmap durable-{self._lines}-{time.monotonic_ns()}"
        command = {"type": "console", "id": identifier, "line": line}
        return await self.ask(command, lambda message: message["type"] == "console-end" and message["id"] == identifier)


async def connect_all(url: str, sandboxes: list[Sandbox], at_once: int = 20) -> list[Visitor]:
    """Everybody connected and with a first frame."""
    gate = asyncio.Semaphore(at_once)

    async def come(sandbox: Sandbox) -> Visitor:
        async with gate:
            visitor = Visitor(sandbox)
            await visitor.connect(url)
            await visitor.frame()
            return visitor

    return list(await asyncio.gather(*map(come, sandboxes)))
