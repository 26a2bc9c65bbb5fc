"""`python -m cluster.bighost.child FD NODES SEED`: runs one large cluster and talks over the socket with that number.

One thread: a slice of virtual time, then the messages that have come, then what has changed. It ends with its socket,
so it never outlives the server.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from typing import Any

import orjson

from cluster.bighost.protocol import ANSWER, FIRST, UPDATE, Broken, Unpacker, packed
from cluster.large import answers
from cluster.large.cluster import LargeCluster
from cluster.large.commands import Refused
from cluster.large.inventory import TICK
from cluster.large.picture import Picture

# Virtual seconds a second. FAST: as fast as it goes.
SPEEDS = (1, 4, 16)
FAST = 0
# Wall seconds: between two updates, and how long a slice of work may keep messages waiting.
UPDATE_PERIOD = 0.1
SLICE = 0.04
# A cluster that cannot keep up with its speed owes no more than this (wall seconds).
MOST_BEHIND = 0.5
MAX_READ = 65_536
NICE = 5
# The collector of garbage would look at all documents again and again: rarely, and not at what is there already.
GC_THRESHOLDS = (100_000, 50, 1000)


class Child:
    """One cluster with its pace and its one reader, the server."""

    def __init__(self, connection: socket.socket, nodes: int, seed: int) -> None:
        self._connection = connection
        self._unpacker = Unpacker()
        self._cluster = LargeCluster(nodes, seed)
        self._picture = Picture(self._cluster)
        self._playing = True
        self._speed = SPEEDS[1]
        self._watched = False
        self._told_at = 0.0
        self._credit = 0.0  # virtual ms that are due
        self._at = time.monotonic()
        self._dirty = True
        self._asked: dict[str, Callable[[dict[str, Any]], Any]] = {
            "node": lambda ask: answers.node(self._cluster, str(ask.get("name"))),
            "page": lambda ask: answers.page(self._cluster, _whole(ask.get("page")), str(ask.get("order"))),
            "find": lambda ask: answers.find(self._cluster, str(ask.get("text"))),
            "pod": lambda ask: answers.document(self._cluster, (str(ask.get("namespace")), str(ask.get("name")))),
            "explain": lambda ask: answers.explain(self._cluster, (str(ask.get("namespace")), str(ask.get("name")))),
        }

    def run(self) -> None:
        """Until the server closes the socket."""
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLDS)
        while True:
            if not self._listen(self._patience()):
                return
            self._play()
            self._tell()

    # --- listening --------------------------------------------------------------------------------------------------

    def _patience(self) -> float:
        """How long to wait for messages: not at all while there is work."""
        if self._playing and (self._speed == FAST or self._credit >= TICK) and self._cluster.is_busy():
            return 0.0
        return UPDATE_PERIOD / 2 if self._playing or self._dirty else 5.0

    def _listen(self, patience: float) -> bool:
        readable, _, _ = select.select([self._connection], [], [], patience)
        if not readable:
            return True
        data = self._connection.recv(MAX_READ)
        if not data:
            return False
        for message in self._unpacker.feed(data):
            self._obey(orjson.loads(message))
        return True

    def _obey(self, message: dict[str, Any]) -> None:
        kind = message.get("type")
        if kind == "watch":
            self._watched = bool(message.get("on"))
            return
        if kind == "first":
            self._send(FIRST, self._picture.first(self._pace()))
            return
        answer: dict[str, Any] = {"id": message.get("id"), "ok": True}
        try:
            answer["result"] = self._result(str(kind), message)
        except Refused as refusal:
            answer |= {"ok": False, "why": str(refusal)}
        self._dirty = True
        self._send(ANSWER, orjson.dumps(answer))

    def _result(self, kind: str, message: dict[str, Any]) -> Any:
        if kind == "command":
            return self._cluster.command(message.get("command") or {})
        if kind == "pace":
            return self._set_pace(message)
        asked = self._asked.get(kind)
        if asked is None:
            raise Refused("unknown")
        return asked(message)

    def _set_pace(self, message: dict[str, Any]) -> None:
        if isinstance(message.get("playing"), bool):
            self._playing = message["playing"]
        speed = message.get("speed")
        if speed is not None:
            if speed not in (*SPEEDS, FAST):
                raise Refused("speed")
            self._speed = speed
        self._credit = 0.0

    # --- time -------------------------------------------------------------------------------------------------------

    def _play(self) -> None:
        """A slice of virtual time, as much as is due and as fits into it."""
        now = time.monotonic()
        passed, self._at = min(now - self._at, MOST_BEHIND), now
        if not self._playing:
            return
        fast = self._speed == FAST
        if not fast:
            self._credit = min(self._credit + passed * 1000 * self._speed, MOST_BEHIND * 1000 * self._speed)
        if fast and not self._cluster.is_busy():
            # Nothing but deadlines: virtual time goes on at the highest of the speeds.
            self._cluster.advance(int(passed * 1000 * SPEEDS[-1]))
            self._dirty = True
            return
        end = now + SLICE
        while (fast or self._credit >= TICK) and time.monotonic() < end:
            self._cluster.advance(TICK)
            self._credit -= TICK
            self._dirty = True
        self._credit = max(self._credit, 0.0)

    # --- telling ----------------------------------------------------------------------------------------------------

    def _pace(self) -> dict[str, Any]:
        return {"playing": self._playing, "speed": self._speed}

    def _tell(self) -> None:
        now = time.monotonic()
        if not self._watched or not self._dirty or now - self._told_at < UPDATE_PERIOD:
            return
        self._told_at, self._dirty = now, False
        changed, self._cluster.inventory.changed = self._cluster.inventory.changed, set()
        self._send(UPDATE, self._picture.update(changed, self._pace()))

    def _send(self, kind: bytes, message: bytes) -> None:
        self._connection.sendall(packed(kind + message))


def _whole(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 1


def main() -> int:
    """Run until the socket ends."""
    # A filling cluster takes all of a core that it gets: what people click on elsewhere comes first.
    os.nice(NICE)
    # Ctrl-C goes to the whole group: the server ends the child by closing the socket.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    number, nodes, seed = (int(word) for word in sys.argv[1:4])
    with socket.socket(fileno=number) as connection:
        try:
            Child(connection, nodes, seed).run()
        except (ConnectionError, Broken):
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
