"""Visitors of a running server who speak the feed's protocol over real WebSockets, without a browser."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from tests.conftest import ROOT

Message = dict[str, Any]

MAKE = """
import json, sys, django
django.setup()
from django.contrib.sessions.backends.db import SessionStore
from cluster import store
made = []
for number in range(int(sys.argv[1])):
    session = SessionStore()
    session["visitor"] = f"visitor-{sys.argv[2]}-{number}"
    session.save()
    made.append([store.create(session["visitor"], "sandbox", number + 1).id, session.session_key])
print(json.dumps(made))
"""


@dataclass(frozen=True)
class Sandbox:
    """A sandbox and the session of the visitor who owns it."""

    cluster: str
    session: str


def make_sandboxes(environment: dict[str, str], count: int) -> list[Sandbox]:
    """Sandboxes of different visitors, made by a process of its own with the server's settings."""
    done = subprocess.run(
        [sys.executable, "-c", MAKE, str(count), str(time.monotonic_ns())], text=True, capture_output=True, cwd=ROOT,
        env={**environment, "DJANGO_SETTINGS_MODULE": "dashboard.settings", "PYTHONPATH": str(ROOT)}, check=False,
    )
    assert done.returncode == 0, done.stderr
    return [Sandbox(*row) for row in json.loads(done.stdout.splitlines()[-1])]


def dial(url: str, cluster: str, session: str | None, origin: str | None = None) -> AbstractContextManager[ClientConnection]:
    """A WebSocket to a sandbox's feed; without a session no cookie is sent."""
    headers = {} if session is None else {"Cookie": f"sessionid={session}"}
    address = f"{url.replace('http', 'ws', 1)}/ws/cluster/{cluster}/"
    return connect(address, additional_headers=headers, origin=Origin(origin or url), max_size=None, proxy=None)


class Viewer:
    """A socket that reads all the time. `acknowledges` like the page's does, or leaves everything unacknowledged."""

    def __init__(self, url: str, sandbox: Sandbox, *, acknowledges: bool = True) -> None:
        self._stack = ExitStack()
        self.socket = self._stack.enter_context(dial(url, sandbox.cluster, sandbox.session))
        self.acknowledges = acknowledges
        self.messages: list[Message] = []
        self.texts: list[str] = []  # what came, as it came
        self.closed: int | None = None
        self._numbers = iter(range(1, 1_000_000))
        self._heard = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Viewer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Hang up, and wait until the reader has ended."""
        self._stack.close()
        self._reader.join(10)

    def _read(self) -> None:
        try:
            for text in self.socket:
                self._take(str(text))
        except ConnectionClosed:
            return  # the code is kept below
        finally:
            with self._heard:
                self.closed = self.socket.protocol.close_code
                self._heard.notify_all()

    def _take(self, text: str) -> None:
        with self._heard:
            self.texts.append(text)
            self.messages += json.loads(text)
            self._heard.notify_all()
        if self.acknowledges:
            self.say({"type": "ack", "n": 1})

    def say(self, message: Any) -> None:
        """Send something, whatever it is; text and bytes as they are."""
        self.socket.send(message if isinstance(message, str | bytes) else json.dumps(message))

    def wait(self, holds: Callable[[Message], Any], *, after: int = 0, seconds: float = 30) -> Message:
        """The first message, counted from `after`, for which this holds."""
        until = time.monotonic() + seconds
        with self._heard:
            while True:
                for message in self.messages[after:]:
                    if holds(message):
                        return message
                left = until - time.monotonic()
                assert left > 0 and self.closed is None, f"it never came (closed: {self.closed}): {self.messages[-3:]}"
                self._heard.wait(left)

    def ask(self, wanted: str, /, seconds: float = 30, **command: Any) -> Message:
        """Send a command and wait for the next message of the type `wanted`."""
        after = len(self.messages)
        self.say(command)
        return self.wait(lambda message: message["type"] == wanted, after=after, seconds=seconds)

    def frame(self, **more: Any) -> Message:
        """Ask for a frame."""
        return self.ask("frame", type="frame", **more)

    def begin(self, line: str, **more: Any) -> str:
        """Begin a console line and return its number."""
        number = str(next(self._numbers))
        self.say({"type": "console", "id": number, "line": line, **more})
        return number

    def ended(self, number: str, seconds: float = 30) -> int:
        """Wait for the end of a console line and return its exit code."""
        return int(self.wait(lambda said: said["type"] == "console-end" and said["id"] == number, seconds=seconds)["code"])

    def printed(self, number: str) -> str:
        """What a console line has printed so far."""
        return "".join(said["text"] for said in list(self.messages) if said["type"] == "console" and said["id"] == number)

    def console(self, line: str, **more: Any) -> str:
        """Run a line to its end and return what it printed."""
        number = self.begin(line, **more)
        self.ended(number)
        return self.printed(number)

    def events(self) -> list[Message]:
        """The events so far."""
        return [message for message in list(self.messages) if message["type"] == "event"]

    def revisions(self) -> list[int]:
        return [event["r"] for event in self.events()]

    def until_revision(self, revision: int, seconds: float = 30) -> None:
        """Wait for the event of a revision (or a later one)."""
        self.wait(lambda message: message["type"] == "event" and message["r"] >= revision, seconds=seconds)


def contiguous(revisions: list[int]) -> bool:
    """Whether no revision is missing, twice or out of order."""
    return revisions == list(range(revisions[0], revisions[0] + len(revisions))) if revisions else True


def eventually(holds: Callable[[], Any], seconds: float = 30) -> None:
    """Wait until something holds; an AssertionError when it does not come."""
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "it never came"
        time.sleep(0.05)
