"""A worker and a client of it on the event loop of a test: real channel layer, real store, no web server."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

from channels.layers import InMemoryChannelLayer

from cluster.worker import Worker, group_of


class Client:
    """Sends commands to a worker and collects what comes back."""

    def __init__(self, worker: Worker, layer: InMemoryChannelLayer) -> None:
        self.worker = worker
        self.layer = layer
        self.channel = ""
        self.news: list[dict[str, Any]] = []
        self.said: list[dict[str, Any]] = []
        self.told = 0  # how many news had come when the last answer did
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._numbers = itertools.count(1)
        self._listener: asyncio.Task[None] | None = None

    async def start(self, cluster: str) -> None:
        self.channel = await self.layer.new_channel("test")
        await self.layer.group_add(group_of(cluster), self.channel)
        self._listener = asyncio.create_task(self._listen())

    async def stop(self) -> None:
        if self._listener is not None:
            self._listener.cancel()
            await asyncio.gather(self._listener, return_exceptions=True)

    async def _listen(self) -> None:
        while True:
            message = await self.layer.receive(self.channel)
            if message["type"] == "cluster.news":
                self.news += message["messages"]
            elif message["type"] == "cluster.said":
                self.said.append(message["message"])
            else:
                self.told = len(self.news)
                self._answers[message["id"]].set_result(message["answer"])

    async def command(self, cluster: str, **command: Any) -> dict[str, Any]:
        number = next(self._numbers)
        self._answers[number] = asyncio.get_running_loop().create_future()
        message = {"cluster": cluster, "command": command, "reply": self.channel, "id": number, "socket": "s"}
        self.worker.spawn(self.worker.handle(message))
        return await asyncio.wait_for(self._answers[number], 120)

    async def console(self, cluster: str, line: str, **more: Any) -> str:
        """Run a line to its end and return what it printed."""
        identifier = f"c{next(self._numbers)}"
        answer = await self.command(cluster, type="console", id=identifier, line=line, **more)
        if answer["type"] == "error":
            return str(answer["message"])
        for _ in range(2000):
            if any(said["type"] == "console-end" and said["id"] == identifier for said in self.said):
                break
            await asyncio.sleep(0.01)
        return "".join(said["text"] for said in self.said if said["type"] == "console" and said["id"] == identifier)
