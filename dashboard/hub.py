"""The hub of a web process: its one ear on the channel layer.

Commands go out to the worker that owns a cluster, answers come back; what happened in a cluster is encoded once here and
handed to every socket. One subscription a process, not one a socket: with one group member per socket a broadcast to 500
clients at 10/s took 2.8 s and lost messages silently, this way 31–60 ms.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable
from typing import Any, Protocol

import orjson
from channels.layers import BaseChannelLayer, get_channel_layer

from cluster.worker import CHANNEL, group_of

logger = logging.getLogger(__name__)

# Group memberships end by themselves after a day, or when Redis is started anew: they are repeated so often (seconds).
REFRESH_EVERY = 60.0
# After an error of the channel layer, wait so long before listening again (seconds).
PAUSE = 1.0
# A worker that has not answered by then is taken for dead, and any other one is asked (seconds).
ANSWER_TIMEOUT = 20.0


class CommandTimeout(Exception):
    """No worker answered."""


class Viewer(Protocol):
    """A socket, as the hub knows it."""

    identifier: str

    def push(self, messages: bytes, count: int) -> None:
        """Take JSON messages (comma-separated, encoded) to send on."""


class Hub:
    """All viewers of one process."""

    def __init__(self, layer: BaseChannelLayer) -> None:
        self._layer = layer
        self._channel = ""
        self._viewers: dict[str, set[Viewer]] = {}
        self._by_id: dict[str, Viewer] = {}
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._numbers = itertools.count(1)
        self._owners: dict[str, str] = {}
        self._listener: asyncio.Task[None] | None = None
        self._refresher: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._grouping = asyncio.Lock()

    async def _start(self) -> None:
        async with self._starting:
            if self._listener is None:
                self._channel = await self._layer.new_channel("web")
                self._listener = asyncio.get_running_loop().create_task(self._listen(), name="hub")
                self._refresher = asyncio.get_running_loop().create_task(self._refresh(), name="hub groups")

    async def _listen(self) -> None:
        kinds: dict[str, Callable[[dict[str, Any]], None]] = {
            "cluster.news": self._news, "cluster.said": self._said, "cluster.answer": self._answer,
        }
        while True:
            try:
                message = await self._layer.receive(self._channel)
                kinds[message["type"]](message)
            except Exception:
                # A deaf hub would leave every viewer of this process waiting: listen on, and let them look anew.
                logger.exception("the hub could not take a message")
                await asyncio.sleep(PAUSE)
                self._resync()

    def _resync(self) -> None:
        encoded = orjson.dumps({"type": "resync"})
        for viewer in list(self._by_id.values()):
            viewer.push(encoded, 1)

    async def _refresh(self) -> None:
        while True:
            await asyncio.sleep(REFRESH_EVERY)
            try:
                for cluster in list(self._viewers):
                    await self._subscribe(cluster)
            except Exception:
                logger.exception("the hub could not renew its groups")

    async def _subscribe(self, cluster: str) -> None:
        """Hear of a cluster while it has viewers. One at a time: a late "discard" must not undo a newer "add"."""
        async with self._grouping:
            if cluster in self._viewers:
                await self._layer.group_add(group_of(cluster), self._channel)
            else:
                await self._layer.group_discard(group_of(cluster), self._channel)

    def _news(self, message: dict[str, Any]) -> None:
        self._learn(message)
        viewers = self._viewers.get(message["cluster"])
        if not viewers:
            return
        encoded = b",".join(orjson.dumps(said) for said in message["messages"])
        for viewer in list(viewers):
            viewer.push(encoded, len(message["messages"]))

    def _said(self, message: dict[str, Any]) -> None:
        viewer = self._by_id.get(message["socket"])
        if viewer is not None:
            viewer.push(orjson.dumps(message["message"]), 1)

    def _answer(self, message: dict[str, Any]) -> None:
        self._learn(message)
        future = self._answers.pop(message["id"], None)
        if future is not None and not future.done():
            future.set_result(message["answer"])

    def _learn(self, message: dict[str, Any]) -> None:
        """Which worker owns a cluster; remembered while somebody watches it here."""
        if message["cluster"] in self._viewers:
            self._owners[message["cluster"]] = message["worker"]

    # --- viewers ---------------------------------------------------------------------------------------------------

    async def join(self, cluster: str, viewer: Viewer) -> None:
        """From now on the viewer gets what happens in the cluster."""
        await self._start()
        self._viewers.setdefault(cluster, set()).add(viewer)
        self._by_id[viewer.identifier] = viewer
        await self._subscribe(cluster)

    async def leave(self, cluster: str, viewer: Viewer) -> None:
        """The viewer is gone."""
        self._by_id.pop(viewer.identifier, None)
        viewers = self._viewers.get(cluster, set())
        viewers.discard(viewer)
        if not viewers and self._viewers.pop(cluster, None) is not None:
            self._owners.pop(cluster, None)
            await self._subscribe(cluster)

    def listen(self, viewer: Viewer) -> None:
        """From now on the viewer gets what is said to it alone, and nothing of what happens."""
        self._by_id[viewer.identifier] = viewer

    async def deaf(self, cluster: str, viewer: Viewer) -> None:
        """The viewer listens no more; what it let run ends."""
        self._by_id.pop(viewer.identifier, None)
        await self.gone(cluster, viewer.identifier)

    async def gone(self, cluster: str, identifier: str) -> None:
        """Tell the worker that a socket is closed, so that what it let run in the console ends."""
        await self._layer.send(self._owners.get(cluster, CHANNEL), self._message(cluster, {"type": "gone"}, identifier, 0))

    # --- commands --------------------------------------------------------------------------------------------------

    async def command(self, cluster: str, command: dict[str, Any], viewer: str = "") -> dict[str, Any]:
        """Have a command done; the answer comes when it is on disk. Raises CommandTimeout when no worker answers."""
        await self._start()
        # A first try may go to a worker that has just died; its lease has ended when the second one begins.
        for _ in range(2 if command.get("type") in REPEATABLE else 1):
            owner = self._owners.get(cluster)
            try:
                return await self._ask(owner or CHANNEL, cluster, command, viewer)
            except TimeoutError:
                logger.warning("worker %s does not answer for cluster %s", owner or "(any)", cluster)
                if self._owners.get(cluster) == owner:
                    self._owners.pop(cluster, None)
        raise CommandTimeout

    async def _ask(self, channel: str, cluster: str, command: dict[str, Any], viewer: str) -> dict[str, Any]:
        number = next(self._numbers)
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._answers[number] = future
        try:
            await self._layer.send(channel, self._message(cluster, command, viewer, number))
            return await asyncio.wait_for(future, ANSWER_TIMEOUT)
        finally:
            self._answers.pop(number, None)

    def _message(self, cluster: str, command: dict[str, Any], viewer: str, number: int) -> dict[str, Any]:
        return {
            "type": "cluster.command", "cluster": cluster, "command": command,
            "reply": self._channel, "id": number, "socket": viewer,
        }


# Commands that may be sent a second time when it is not known whether the first one arrived: they only look.
REPEATABLE = frozenset({"frame", "watch", "complete", "look", "why", "api-read", "api-watch", "api-log"})


class _Process:
    hub: Hub | None = None


def process_hub() -> Hub:
    """The hub of this process."""
    if _Process.hub is None:
        _Process.hub = Hub(get_channel_layer())
    return _Process.hub
