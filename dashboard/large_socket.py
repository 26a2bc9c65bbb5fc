"""The live feed of the map: pictures as binary frames down, commands and questions as JSON up, one WebSocket."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any

import orjson
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer

from cluster.bighost.host import Busy, NoAnswer, Running
from dashboard import visitors
from dashboard.allowance import Allowance
from dashboard.large import large_host, refusal

# So many pictures may be on their way to a client that has not acknowledged them; a slow one gets a first picture again.
UNACKNOWLEDGED = 4
MAX_MESSAGE = 4096
# Messages a second, and how many may come at once.
RATE, BURST = 20.0, 60.0
NOT_THERE = 4404
COMMANDS, QUESTIONS = frozenset({"command", "pace"}), frozenset({"node", "find"})
# What of a message goes to the child.
FIELDS = ("type", "command", "playing", "speed", "name", "text")


class LargeConsumer(AsyncWebsocketConsumer):
    """/ws/big/<id>/"""

    channel_layer_alias = ""

    async def connect(self) -> None:
        """Anybody may watch; only the owner may do something."""
        self._running: Running | None = large_host().get(self.scope["url_route"]["kwargs"]["cluster"])
        self._on_their_way = 0
        self._behind = False
        self._allowance = Allowance(RATE, BURST)
        self._tasks: set[asyncio.Task[None]] = set()
        await self.accept()
        if self._running is None or self._running.ended:
            await self.close(NOT_THERE)
            return
        token = await database_sync_to_async(self.scope["session"].get)(visitors.SESSION_KEY, "")
        self._mine = bool(token) and secrets.compare_digest(token, self._running.owner)
        self._running.join(self._picture)

    async def disconnect(self, code: int) -> None:
        """Nobody looks any longer from here."""
        if self._running is not None:
            self._running.leave(self._picture, large_host().idle)

    # --- down -------------------------------------------------------------------------------------------------------

    def _picture(self, message: bytes | None) -> None:
        if message is None:
            self._begin(self.close(NOT_THERE))
        elif self._on_their_way >= UNACKNOWLEDGED:
            self._behind = True
        else:
            self._on_their_way += 1
            self._begin(self.send(bytes_data=message))

    def _acknowledged(self) -> None:
        self._on_their_way = max(0, self._on_their_way - 1)
        if self._behind and not self._on_their_way and self._running is not None:
            self._behind = False
            self._running.leave(self._picture, large_host().idle)
            self._running.join(self._picture)

    def _begin(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --- up ---------------------------------------------------------------------------------------------------------

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """One message of the client."""
        message = _parsed(text_data)
        if message is None or self._running is None:
            return
        if message["type"] == "ack":
            self._acknowledged()
        else:
            self._begin(self._answer(message))

    async def _answer(self, message: dict[str, Any]) -> None:
        answer = await self._result(message)
        if not answer["ok"]:
            answer["words"] = refusal(answer["why"])
        answer |= {"type": "answer", "to": message["type"], "n": message.get("n")}
        await self.send(text_data=orjson.dumps(answer).decode())

    async def _result(self, message: dict[str, Any]) -> dict[str, Any]:
        kind = message["type"]
        if not self._allowance.take():
            return {"ok": False, "why": "many"}
        if kind in COMMANDS and not self._mine:
            return {"ok": False, "why": "not-yours"}
        if kind not in COMMANDS | QUESTIONS or self._running is None:
            return {"ok": False, "why": "unknown"}
        try:
            return await self._running.ask({field: message[field] for field in FIELDS if field in message})
        except NoAnswer:
            return {"ok": False, "why": "gone"}
        except Busy:
            return {"ok": False, "why": "many"}


def _parsed(text: str | None) -> dict[str, Any] | None:
    """The message; None for anything that is none."""
    if text is None or len(text) > MAX_MESSAGE:
        return None
    try:
        message = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return message if isinstance(message, dict) and isinstance(message.get("type"), str) else None
