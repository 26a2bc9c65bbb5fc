"""The live feed of one viewer: frames and events down, commands up, one WebSocket."""

from __future__ import annotations

import asyncio
import logging
import secrets
from typing import Any

import orjson
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.utils.translation import gettext

from cluster.models import Cluster
from dashboard import visitors
from dashboard.allowance import Allowance
from dashboard.hub import CommandTimeout, process_hub

logger = logging.getLogger(__name__)

# Daphne has no back-pressure of its own: so many frames may be on their way to a client that has not acknowledged them.
UNACKNOWLEDGED = 4
# A client that is behind by more messages than this is told to start anew from a frame.
MAX_BEHIND = 2000
MAX_MESSAGE = 600 * 1024
# What waits is sent in pieces of about this size (bytes); dashboard/server.py sets the size that is never exceeded.
PIECE = 512 * 1024
# Commands a second, and how many may come at once.
RATE, BURST = 20.0, 60.0
# Close codes (4000–4999 are the application's).
NOT_YOURS = 4404
ALLOWED = frozenset({
    "frame", "watch", "play", "pause", "speed", "step", "quiet", "decision", "advance", "fork", "branch", "console",
    "interrupt", "complete",
})
# Answers that are themselves messages for the client.
TOLD = frozenset({"frame", "completions", "error"})


class ClusterConsumer(AsyncWebsocketConsumer):
    """/ws/cluster/<id>/"""

    # The hub listens for all sockets of the process: one of our own has no channel (there is no layer of this name).
    channel_layer_alias = ""

    async def connect(self) -> None:
        """Accept the owner of the cluster and nobody else."""
        self.cluster = self.scope["url_route"]["kwargs"]["cluster"]
        self.identifier = secrets.token_hex(8)
        self._pending: list[tuple[bytes, int]] = []  # (encoded messages, how many)
        self._pending_count = 0
        self._on_their_way = 0
        self._allowance = Allowance(RATE, BURST)
        self._tasks: set[asyncio.Task[None]] = set()
        self._joined = False
        self._typed = False  # a console line: something of ours may be running in the worker
        await self.accept()
        if not await self._is_mine():
            await self.close(NOT_YOURS)
            return
        self._joined = True
        await process_hub().join(self.cluster, self)

    async def _is_mine(self) -> bool:
        return bool(await database_sync_to_async(_may_use)(self.scope["session"], self.cluster))

    async def disconnect(self, code: int) -> None:
        """Leave the hub; what waits in the console ends."""
        if not self._joined:
            return
        if self._typed:
            await process_hub().gone(self.cluster, self.identifier)
        await process_hub().leave(self.cluster, self)

    # --- up --------------------------------------------------------------------------------------------------------

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """One message of the client: an acknowledgement or a command."""
        if not self._joined:
            return
        message, problem = _parsed(text_data)
        if message is None:
            self._tell({"type": "error", "message": problem})
        elif message["type"] == "ack":
            self._acknowledged(message.get("n", 1))
        elif not self._allowance.take():
            self._tell({"type": "error", "message": gettext("Too many commands at once: at most %d a second.") % RATE})
        else:
            task = asyncio.create_task(self._command(message))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _command(self, message: dict[str, Any]) -> None:
        self._typed = self._typed or message["type"] == "console"
        try:
            answer = await process_hub().command(self.cluster, message, self.identifier)
        except CommandTimeout:
            answer = {"type": "error", "message": gettext("The simulator does not answer. Please try again.")}
        except Exception:
            # Whatever the channel layer's trouble is, the client must not wait for ever.
            logger.exception("a command could not be sent")
            answer = {"type": "error", "message": gettext("The simulator does not answer. Please try again.")}
        if answer.get("type") == "error" and message["type"] == "console" and "id" in message:
            self._tell({"type": "console", "id": message["id"], "stream": "stderr", "text": answer["message"] + "\n"})
            self._tell({"type": "console-end", "id": message["id"], "code": 1})
        elif answer.get("type") in TOLD:
            self._tell(answer)

    # --- down ------------------------------------------------------------------------------------------------------

    def _tell(self, message: dict[str, Any]) -> None:
        self.push(orjson.dumps(message), 1)

    def push(self, messages: bytes, count: int) -> None:
        """Queue encoded messages; a client that cannot follow gets one "resync" instead of them all."""
        if self._pending_count + count > MAX_BEHIND:
            self._pending, self._pending_count = [(orjson.dumps({"type": "resync"}), 1)], 1
        else:
            self._pending.append((messages, count))
            self._pending_count += count
        self._flush()

    def _acknowledged(self, count: Any) -> None:
        if isinstance(count, int) and not isinstance(count, bool) and count > 0:
            self._on_their_way = max(0, self._on_their_way - count)
            self._flush()

    def _flush(self) -> None:
        while self._pending and self._on_their_way < UNACKNOWLEDGED:
            self._send_piece()

    def _send_piece(self) -> None:
        size = number = 0
        while number < len(self._pending) and (size == 0 or size + len(self._pending[number][0]) <= PIECE):
            size += len(self._pending[number][0])
            number += 1
        piece, self._pending = self._pending[:number], self._pending[number:]
        self._pending_count -= sum(count for _, count in piece)
        text = (b"[" + b",".join(encoded for encoded, _ in piece) + b"]").decode()
        self._on_their_way += 1
        task = asyncio.create_task(self.send(text_data=text))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _may_use(session: visitors.Session, identifier: str) -> bool:
    cluster = Cluster.objects.filter(id=identifier).first()
    return cluster is not None and visitors.may_use(session, cluster)


def _parsed(text: str | None) -> tuple[dict[str, Any] | None, str]:
    """(message, "") or (None, what is wrong with it in one sentence)."""
    if text is None or len(text) > MAX_MESSAGE:
        return None, gettext("A message is JSON text of at most %d KiB.") % (MAX_MESSAGE // 1024)
    try:
        message = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None, gettext("A message is JSON text.")
    kind = message.get("type") if isinstance(message, dict) else None
    if not isinstance(kind, str) or kind not in ALLOWED | {"ack"}:
        return None, gettext("A message is an object whose type is one of: %s.") % ", ".join(sorted(ALLOWED))
    return message, ""
