"""`kubectl exec` over a WebSocket (apimachinery/pkg/util/remotecommand): streams in numbered channels, the exit code at the end.

The simulator runs a command as a whole. A terminal is therefore played here: it echoes, gathers lines, and has each line done
by a shell that begins where the one before ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
import shlex
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from cluster.rest.messages import MOST_BODY, Parameters
from dashboard.hub import CommandTimeout, Hub

# The first byte of a frame.
STDIN, STDOUT, STDERR, ERROR, RESIZE, CLOSE = 0, 1, 2, 3, 4, 255
# Protocols, the best first; with the first a client can say that its input has ended.
V5 = "v5.channel.k8s.io"
PROTOCOLS = (V5, "v4.channel.k8s.io")
SHELLS = frozenset({"sh", "bash", "ash", "dash"})
NORMAL, POLICY = 1000, 1008
# Separates what a line has written from where its shell ended.
MARK = "\x1e"
_ASSIGNMENT = re.compile(r"\s*(export\s+)?[A-Za-z_]\w*=\S*\s*")

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asks for."""

    namespace: str
    pod: str
    container: str
    argv: list[str]
    stdin: bool
    tty: bool


def wanted(path: str, query: Mapping[str, Sequence[str]]) -> Wanted | None:
    """What an address asks for; None when it is none of a pods/exec."""
    found = re.fullmatch(r"/api/v1/namespaces/([^/]+)/pods/([^/]+)/exec", path.rstrip("/"))
    if found is None:
        return None
    asked = Parameters(query)
    return Wanted(
        found[1], found[2], asked.text("container"), list(asked.all("command")), asked.on("stdin"), asked.on("tty"),
    )


class _Listener:
    """What the worker says to one session."""

    def __init__(self) -> None:
        self.identifier = f"exec-{secrets.token_hex(8)}"
        self.queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    def push(self, messages: bytes, count: int) -> None:
        self.queue.put_nowait(orjson.loads(messages))


class Session:
    """One WebSocket from its acceptance to its end."""

    def __init__(self, hub: Hub, cluster: str, asked: Wanted, protocol: str, receive: Receive, send: Send) -> None:
        self._hub, self._cluster, self._asked, self._protocol = hub, cluster, asked, protocol
        self._receive, self._send = receive, send
        self._listener = _Listener()

    async def run(self) -> None:
        """Do what is asked for and say how it ended; a client that goes away ends it."""
        self._hub.listen(self._listener)
        try:
            await self._end(await self._work())
        except _GoneAway:
            pass
        finally:
            await self._hub.deaf(self._cluster, self._listener)

    async def _work(self) -> dict[str, Any]:
        asked = self._asked
        is_shell = len(asked.argv) == 1 and asked.argv[0].rpartition("/")[2] in SHELLS
        if asked.stdin and is_shell and (asked.tty or self._protocol != V5):
            return await self._terminal()
        stdin = await self._whole_input() if asked.stdin and not asked.tty and self._protocol == V5 else ""
        return await self._until_gone(self._command(asked.argv, stdin))

    async def _until_gone(self, work: Awaitable[dict[str, Any]]) -> dict[str, Any]:
        """Work that ends when the client goes away."""
        working, gone = asyncio.ensure_future(work), asyncio.ensure_future(self._disconnected())
        try:
            await asyncio.wait({working, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                raise _GoneAway
            return working.result()
        finally:
            for task in (working, gone):
                task.cancel()
            await asyncio.gather(working, gone, return_exceptions=True)

    async def _disconnected(self) -> None:
        with contextlib.suppress(_GoneAway):
            while True:
                await self._frame()

    # --- commands --------------------------------------------------------------------------------------------------

    async def _command(self, argv: list[str], stdin: str = "") -> dict[str, Any]:
        """Have a command done and pass on what it prints; returns its Status."""
        async for stream, text in (said := _Said(self, argv, stdin)):
            await self._print(STDOUT if stream == "stdout" else STDERR, text)
        return said.status

    async def ask(self, argv: list[str], stdin: str) -> AsyncIterator[dict[str, Any]]:
        """What the worker says of a command, to its end."""
        asked = self._asked
        command = {
            "type": "api-exec", "id": secrets.token_hex(4), "namespace": asked.namespace, "pod": asked.pod,
            "container": asked.container, "argv": argv, "stdin": stdin,
        }
        try:
            answer = await self._hub.command(self._cluster, command, self._listener.identifier)
        except CommandTimeout:
            answer = {"type": "error", "message": "the simulator does not answer"}
        if answer["type"] == "error":
            yield {"type": "console", "stream": "error", "text": answer["message"]}
            return
        while True:
            said = await self._listener.queue.get()
            if said.get("id") == command["id"]:
                yield said
                if said["type"] == "console-end":
                    return

    async def _print(self, channel: int, text: str) -> None:
        if self._asked.tty:
            channel, text = STDOUT, text.replace("\n", "\r\n")
        await self._write(channel, text.encode())

    async def _write(self, channel: int, data: bytes) -> None:
        await self._send({"type": "websocket.send", "bytes": bytes([channel]) + data})

    async def _end(self, status: dict[str, Any]) -> None:
        await self._write(ERROR, orjson.dumps(status))
        await self._send({"type": "websocket.close", "code": NORMAL})

    # --- input -----------------------------------------------------------------------------------------------------

    async def _frame(self) -> tuple[int, bytes]:
        """The next frame: (channel, data)."""
        message = await self._receive()
        if message["type"] == "websocket.disconnect":
            raise _GoneAway
        data = message.get("bytes") or (message.get("text") or "").encode()
        return (data[0], data[1:]) if data else (RESIZE, b"")

    async def _whole_input(self) -> str:
        parts: list[bytes] = []
        while True:
            channel, data = await self._frame()
            if channel == CLOSE and data[:1] == bytes([STDIN]):
                return b"".join(parts).decode(errors="replace")
            if channel == STDIN:
                parts.append(data)
            if sum(len(part) for part in parts) > MOST_BODY:
                raise _GoneAway

    async def _terminal(self) -> dict[str, Any]:
        """Line by line until `exit`, ^D or the end of the input."""
        place, kept, code = "", list[str](), 0
        async for line in self._lines():
            if line.split()[:1] == ["exit"]:
                words = line.split()
                return status_of(int(words[1]) if words[1:] and words[1].isdigit() else code)
            if _ASSIGNMENT.fullmatch(line):
                kept.append(line)
                continue
            if not line.strip():
                continue
            script = "\n".join([*([f"cd {shlex.quote(place)}"] if place else []), *kept, line])
            ending = f"__code=$?; printf '{MARK}%s{MARK}%s' \"$PWD\" \"$__code\""
            printed = ""
            async for stream, text in (said := _Said(self, [self._asked.argv[0], "-c", f"{script}\n{ending}"], "")):
                if stream == "stdout":
                    printed += text
                else:
                    await self._print(STDERR, text)
            if said.failed:
                return said.status
            shown, mark, rest = printed.partition(MARK)
            await self._print(STDOUT, shown)
            if not mark:  # the line has ended its shell
                return said.status
            place, _, number = rest.partition(MARK)
            code = int(number) if number.isdigit() else 0
        return status_of(code)

    async def _lines(self) -> AsyncIterator[str]:
        """Lines as they are typed; on a terminal with echo, backspace, ^C and ^D."""
        typed = ""
        await self._prompt()
        while True:
            channel, data = await self._frame()
            if channel == CLOSE and data[:1] == bytes([STDIN]):
                return
            if channel != STDIN:
                continue
            for letter in data.decode(errors="replace"):
                if letter == "\x04" and not typed:
                    await self._echo("\n")
                    return
                if letter in "\r\n":
                    await self._echo("\n")
                    yield typed
                    typed = ""
                    await self._prompt()
                elif letter in "\x7f\b":
                    await self._echo("\b \b" if typed else "")
                    typed = typed[:-1]
                elif letter == "\x03":
                    await self._echo("^C\n")
                    typed = ""
                    await self._prompt()
                elif letter.isprintable():
                    await self._echo(letter)
                    typed += letter

    async def _prompt(self) -> None:
        await self._echo("# ")

    async def _echo(self, text: str) -> None:
        if self._asked.tty and text:
            await self._print(STDOUT, text)


class _Said:
    """What a command prints, as (stream, text); afterwards `status` tells how it ended."""

    def __init__(self, session: Session, argv: list[str], stdin: str) -> None:
        self._session, self._argv, self._stdin = session, argv, stdin
        self.status: dict[str, Any] = status_of(0)
        self.failed = False

    async def __aiter__(self) -> AsyncIterator[tuple[str, str]]:
        async for said in self._session.ask(self._argv, self._stdin):
            if said["type"] == "console-end":
                if not self.failed:
                    self.status = status_of(said["code"])
            elif said["stream"] == "error":
                self.failed, self.status = True, failure(said["text"])
            else:
                yield said["stream"], said["text"]


class _GoneAway(Exception):
    """The client has closed its end."""


def status_of(code: int) -> dict[str, Any]:
    """How a command ended, as the Status that clients read the exit code from."""
    if code == 0:
        return {"metadata": {}, "status": "Success"}
    cause = {"reason": "ExitCode", "message": str(code)}
    return {
        "metadata": {}, "status": "Failure", "message": f"command terminated with non-zero exit code: exit status {code}",
        "reason": "NonZeroExitCode", "details": {"causes": [cause]},
    }


def failure(message: str) -> dict[str, Any]:
    """Why a command did not run."""
    return {"metadata": {}, "status": "Failure", "message": message, "reason": "InternalError", "code": 500}


def protocol_of(offered: Sequence[str]) -> str:
    """The best protocol that a client offers; "" for none that is spoken here."""
    return next((protocol for protocol in PROTOCOLS if protocol in offered), "")
