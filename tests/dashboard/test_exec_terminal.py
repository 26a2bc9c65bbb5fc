"""`kubectl exec -it` without kubectl: frames as a client sends them, a hub that answers like the worker."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import orjson
import pytest

from dashboard.hub import Hub
from dashboard.kubernetes_exec import CLOSE, ERROR, MARK, STDIN, STDOUT, V5, Session, Wanted, protocol_of, wanted


class ScriptedHub:
    """Says what a shell would say, and remembers what it was asked."""

    def __init__(self, *said: tuple[str, int]) -> None:
        self.asked: list[list[str]] = []
        self.stdin: list[str] = []
        self._said = list(said)

    def listen(self, listener: Any) -> None:
        self._listener = listener

    async def deaf(self, cluster: str, listener: Any) -> None:
        self._listener = None

    async def command(self, cluster: str, command: dict[str, Any], viewer: str = "") -> dict[str, Any]:
        self.asked.append(command["argv"])
        self.stdin.append(command["stdin"])
        text, code = self._said.pop(0)
        for said in (
            {"type": "console", "id": command["id"], "stream": "stdout", "text": text},
            {"type": "console-end", "id": command["id"], "code": code},
        ):
            self._listener.push(orjson.dumps(said), 1)
        return {"type": "ok"}


def talk(hub: ScriptedHub, argv: list[str], frames: list[bytes], *, tty: bool, stdin: bool = True) -> tuple[str, dict[str, Any]]:
    """(what the client sees, how it ended)."""

    async def run() -> list[bytes]:
        incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        for frame in frames:
            incoming.put_nowait({"type": "websocket.receive", "bytes": frame})
        sent: list[bytes] = []

        async def send(message: dict[str, Any]) -> None:
            sent.append(message.get("bytes", b""))

        asked = Wanted("default", "web", "", argv, stdin, tty)
        await Session(cast(Hub, hub), "c", asked, V5, incoming.get, send).run()
        return sent

    sent = [frame for frame in asyncio.run(run()) if frame]
    seen = b"".join(frame[1:] for frame in sent if frame[0] == STDOUT).decode()
    return seen, next(orjson.loads(frame[1:]) for frame in sent if frame[0] == ERROR)


def typed(text: str) -> list[bytes]:
    return [bytes([STDIN]) + text.encode()]


def test_it_works() -> None:
    hub = ScriptedHub((f"a\nb\n{MARK}/tmp{MARK}0", 0))
    seen, status = talk(hub, ["sh"], typed("ls\rexit\r"), tty=True)
    assert seen == "# ls\r\na\r\nb\r\n# exit\r\n"
    assert status["status"] == "Success"
    assert hub.asked[0][:2] == ["sh", "-c"]


def test_a_line_begins_where_the_one_before_ended() -> None:
    hub = ScriptedHub((f"{MARK}/tmp{MARK}0", 0), (f"/tmp\n{MARK}/tmp{MARK}0", 0))
    talk(hub, ["sh"], typed("cd /tmp\rA=5\rpwd\rexit\r"), tty=True)
    assert hub.asked[1][2].startswith("cd /tmp\nA=5\npwd\n")


def test_the_last_exit_code_counts() -> None:
    hub = ScriptedHub((f"{MARK}/{MARK}4", 0))
    _, status = talk(hub, ["sh"], typed("false\r\x04"), tty=True)
    assert status["details"]["causes"] == [{"reason": "ExitCode", "message": "4"}]
    assert talk(ScriptedHub(), ["sh"], typed("exit 7\r"), tty=True)[1]["details"]["causes"][0]["message"] == "7"


def test_correcting_what_was_typed() -> None:
    hub = ScriptedHub((f"{MARK}/{MARK}0", 0))
    seen, _ = talk(hub, ["sh"], typed("nonsense\x03lx\x7fs\r\x04"), tty=True)
    assert "^C\r\n" in seen
    assert hub.asked[0][2].startswith("ls\n")


def test_input_that_ends_is_given_to_the_command() -> None:
    hub = ScriptedHub(("typed", 0))
    frames = [*typed("ty"), *typed("ped"), bytes([CLOSE, STDIN])]
    seen, status = talk(hub, ["cat"], frames, tty=False)
    assert (seen, hub.stdin, status["status"]) == ("typed", ["typed"], "Success")


def test_a_failing_command() -> None:
    _, status = talk(ScriptedHub(("", 3)), ["false"], [], tty=False, stdin=False)
    assert (status["reason"], status["details"]["causes"][0]["message"]) == ("NonZeroExitCode", "3")


@pytest.mark.parametrize(("path", "found"), [
    ("/api/v1/namespaces/default/pods/web/exec", True), ("/api/v1/namespaces/default/pods/web/attach", False),
    ("/api/v1/pods/web/exec", False), ("/api/v1/namespaces/a/b/pods/web/exec", False),
])
def test_addresses(path: str, found: bool) -> None:
    assert (wanted(path, {"command": ["ls", "-l"]}) is not None) == found


def test_the_best_protocol_is_taken() -> None:
    assert protocol_of(["v4.channel.k8s.io", V5]) == V5
    assert protocol_of(["v4.channel.k8s.io"]) == "v4.channel.k8s.io"
    assert protocol_of(["channel.k8s.io"]) == ""
