"""The large clusters of this web server: started on demand, each in a child process, ended when nobody looks any longer."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from cluster.bighost.protocol import ANSWER, FIRST, Broken, Unpacker, packed_json

logger = logging.getLogger(__name__)

MAX_READ = 1 << 18
# Seconds: how long an answer may take, and a child's end.
ANSWER_LIMIT = 20.0
END_LIMIT = 5.0
ROOT = Path(__file__).resolve().parents[2]

# So many questions may wait for an answer at a time.
MOST_WAITING = 64

# Who looks hears of pictures: (message, whether it is a first one); None when the cluster has ended.
Listener = Callable[[bytes | None], None]


class NoAnswer(Exception):
    """The cluster has ended, or takes too long."""


class Busy(Exception):
    """So many questions wait already that one more is not taken."""


class Full(Exception):
    """As many large clusters run as this server may have."""


class Running:
    """One large cluster."""

    def __init__(self, identifier: str, owner: str, nodes: int, process: subprocess.Popen[bytes]) -> None:
        self.identifier = identifier
        self.owner = owner
        self.nodes = nodes
        self.process = process
        self.ended = False
        self._listeners: set[Listener] = set()
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._newcomers: list[Listener] = []
        self._last_id = 0
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._idle: asyncio.TimerHandle | None = None

    async def connect(self, ours: socket.socket, when_ended: Callable[[Running], None]) -> None:
        """Begin to read what the child says; `when_ended` is called once when it says nothing any more."""
        reader, self._writer = await asyncio.open_connection(sock=ours)
        self._reading = asyncio.create_task(self._read(reader, when_ended))

    # --- looking ----------------------------------------------------------------------------------------------------

    def join(self, listener: Listener) -> None:
        """`listener` gets a first picture, then each update."""
        self._cancel_idle()
        self._newcomers.append(listener)
        self._say({"type": "watch", "on": True})
        self._say({"type": "first"})

    def leave(self, listener: Listener, idle: float) -> None:
        """Without anybody who looks the cluster ends after `idle` seconds."""
        self._listeners.discard(listener)
        self._newcomers = [other for other in self._newcomers if other is not listener]
        if not self._listeners and not self._newcomers and not self.ended:
            self._say({"type": "watch", "on": False})
            self.expect_viewers(idle)

    def expect_viewers(self, idle: float) -> None:
        """End the cluster unless somebody looks within `idle` seconds."""
        self._cancel_idle()
        self._idle = asyncio.get_running_loop().call_later(idle, self.close)

    def _cancel_idle(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None

    # --- asking -----------------------------------------------------------------------------------------------------

    async def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        """The child's answer: {"ok": True, "result": …} or {"ok": False, "why": key}. Raises NoAnswer, Busy."""
        if self.ended:
            raise NoAnswer
        if len(self._waiting) >= MOST_WAITING:
            raise Busy
        self._last_id += 1
        number = self._last_id
        future = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        try:
            self._say({**message, "id": number})
            answer: dict[str, Any] = await asyncio.wait_for(future, ANSWER_LIMIT)
        except TimeoutError as error:
            raise NoAnswer from error
        finally:
            self._waiting.pop(number, None)
        return answer

    def _say(self, message: dict[str, Any]) -> None:
        if self._writer is not None and not self.ended:
            self._writer.write(packed_json(message))

    # --- hearing ----------------------------------------------------------------------------------------------------

    async def _read(self, reader: asyncio.StreamReader, when_ended: Callable[[Running], None]) -> None:
        unpacker = Unpacker()
        try:
            while data := await reader.read(MAX_READ):
                for message in unpacker.feed(data):
                    self._hear(message[:1], message[1:])
        except (ConnectionError, Broken) as error:
            logger.warning("a large cluster broke off: %r", error)
        finally:
            self._end()
            when_ended(self)

    def _hear(self, kind: bytes, message: bytes) -> None:
        if kind == ANSWER:
            answer = orjson.loads(message)
            future = self._waiting.get(answer["id"])
            if future is not None and not future.done():
                future.set_result(answer)
            return
        if kind == FIRST:
            newcomers, self._newcomers = self._newcomers, []
            for listener in newcomers:
                listener(message)
            self._listeners.update(newcomers)
            return
        for listener in list(self._listeners):
            listener(message)

    # --- the end ----------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Close the socket: the child ends by itself."""
        self._cancel_idle()
        if self._writer is not None:
            self._writer.close()

    def _end(self) -> None:
        self.ended = True
        self._cancel_idle()
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(NoAnswer())
        for listener in [*self._listeners, *self._newcomers]:
            listener(None)
        self._listeners.clear()
        self._newcomers = []
        if self._writer is not None:
            self._writer.close()

    async def finished(self) -> None:
        """Wait for the child; one that does not end is killed."""
        try:
            await asyncio.wait_for(asyncio.to_thread(self.process.wait), END_LIMIT)
        except TimeoutError:
            self.process.kill()
            await asyncio.to_thread(self.process.wait)
        if self._reading is not None and self._reading is not asyncio.current_task():
            with contextlib.suppress(asyncio.CancelledError):
                await self._reading


class LargeHost:
    """`limit` clusters at a time; one without viewers ends after `idle` seconds. Belongs to one event loop."""

    def __init__(self, limit: int, idle: float) -> None:
        self.limit = limit
        self.idle = idle
        self._running: dict[str, Running] = {}
        self._ending: set[asyncio.Task[None]] = set()

    def get(self, identifier: str) -> Running | None:
        return self._running.get(identifier)

    def of_owner(self, owner: str) -> Running | None:
        """The visitor's own large cluster."""
        return next((running for running in self._running.values() if running.owner == owner), None)

    def any(self) -> Running | None:
        """One of those that run, for whoever wants to watch."""
        return next(iter(self._running.values()), None)

    def is_full(self) -> bool:
        return len(self._running) >= self.limit

    async def start(self, owner: str, nodes: int, seed: int) -> Running:
        """The owner's cluster, a new one unless it runs already. Raises Full."""
        found = self.of_owner(owner)
        if found is not None:
            return found
        if self.is_full():
            raise Full
        ours, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-m", "cluster.bighost.child", str(theirs.fileno()), str(nodes), str(seed)]
            process = subprocess.Popen(command, pass_fds=[theirs.fileno()], cwd=ROOT, stdin=subprocess.DEVNULL)
        running = Running(secrets.token_hex(8), owner, nodes, process)
        self._running[running.identifier] = running
        await running.connect(ours, self._forget)
        running.expect_viewers(self.idle)
        logger.info("a large cluster began", extra={"cluster": running.identifier, "nodes": nodes})
        return running

    def _forget(self, running: Running) -> None:
        self._running.pop(running.identifier, None)
        task = asyncio.create_task(running.finished())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
        logger.info("a large cluster ended", extra={"cluster": running.identifier})

    async def end(self, running: Running) -> None:
        """End one cluster and wait for its process."""
        running.close()
        await running.finished()
        self._running.pop(running.identifier, None)

    async def stop(self) -> None:
        """End all of them, as when the server ends."""
        for running in list(self._running.values()):
            await self.end(running)
        if self._ending:
            await asyncio.wait(self._ending)
