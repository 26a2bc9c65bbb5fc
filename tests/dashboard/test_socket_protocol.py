"""The feed of a real server: frames and events, acknowledgements, hostile clients, the console, the past, several viewers."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from tests.conftest import ServerProcess
from tests.support.feed import Sandbox, Viewer, contiguous, eventually, make_sandboxes

UNACKNOWLEDGED = 4


@pytest.fixture
def sandbox(live_server_process: ServerProcess) -> Sandbox:
    """A sandbox of its own for each test."""
    return make_sandboxes(live_server_process.environment, 1)[0]


@pytest.fixture
def viewer(live_server_process: ServerProcess, sandbox: Sandbox) -> Iterator[Viewer]:
    """Its owner; time stands still."""
    with Viewer(live_server_process.url, sandbox) as found:
        found.ask("clock", type="pause")
        yield found
    assert "Traceback" not in "".join(live_server_process.errors)


def test_it_works(viewer: Viewer) -> None:
    frame = viewer.frame()
    assert viewer.console("kubectl create deployment web --image=nginx:1.27 --replicas=3") == "deployment.apps/web created\n"
    clock = viewer.ask("clock", type="quiet")
    viewer.until_revision(clock["head"])
    assert viewer.revisions() == list(range(frame["revision"] + 1, clock["head"] + 1))
    assert {row["mark"] for row in viewer.frame()["state"]["pods"].values()} == {"running"}


def test_at_most_four_messages_are_on_their_way(live_server_process: ServerProcess, sandbox: Sandbox, viewer: Viewer) -> None:
    with Viewer(live_server_process.url, sandbox, acknowledges=False) as lazy:
        for number in range(12):
            viewer.console(f"kubectl create namespace n{number}")
        assert len(lazy.texts) == UNACKNOWLEDGED
        lazy.say({"type": "ack", "n": 1})
        eventually(lambda: lazy.revisions() == viewer.revisions())
        assert len(lazy.texts) == UNACKNOWLEDGED + 1, "all that waited comes in one message"


@pytest.mark.parametrize("count", [0, -3, True, "4", None, 1.5, [], {}])
def test_what_is_no_acknowledgement(
    live_server_process: ServerProcess, sandbox: Sandbox, viewer: Viewer, count: Any
) -> None:
    with Viewer(live_server_process.url, sandbox, acknowledges=False) as lazy:
        for number in range(6):
            viewer.console(f"kubectl create namespace n{number}")
        lazy.say({"type": "ack", "n": count})
        viewer.console("kubectl create namespace last")
        assert len(lazy.texts) == UNACKNOWLEDGED


def test_whoever_falls_far_behind_starts_anew(live_server_process: ServerProcess, sandbox: Sandbox, viewer: Viewer) -> None:
    with Viewer(live_server_process.url, sandbox, acknowledges=False) as lazy:
        for number in range(UNACKNOWLEDGED):
            viewer.console(f"kubectl create namespace n{number}")
        viewer.console("kubectl create deployment web --image=nginx:1.27 --replicas=170")
        head = viewer.ask("clock", seconds=120, type="quiet")["head"]
        viewer.until_revision(head, 60)
        assert len(viewer.events()) > 2000 + UNACKNOWLEDGED
        lazy.acknowledges = True
        lazy.say({"type": "ack", "n": UNACKNOWLEDGED})
        lazy.wait(lambda message: message["type"] == "resync")
        time.sleep(0.2)
        assert sum(message["type"] == "resync" for message in lazy.messages) == 1
        frame = lazy.frame()
        assert frame["revision"] == head
        viewer.console("kubectl create namespace later")
        lazy.until_revision(head + 1)
        assert contiguous([revision for revision in lazy.revisions() if revision > head])


@pytest.mark.parametrize("text", [
    "", "{", "null", "1", "[]", '"frame"', "[[[[", "[" * 50_000, "{}", '{"type": 5}', '{"type": []}', '{"type": {}}',
    '{"type": null}', '{"type": "fly"}', '{"type": "gone"}', '{"type": "apply", "text": ""}', '{"type": "FRAME"}', b"\x00\xff",
    b'{"type": "frame"}', '{"type": "frame", "revision": "\\ud800"}',
])
def test_what_is_no_message_is_said_in_a_sentence(viewer: Viewer, text: str | bytes) -> None:
    after = len(viewer.messages)
    viewer.say(text)
    assert viewer.wait(lambda message: message["type"] == "error", after=after)["message"].startswith("A message is")
    assert viewer.frame()["type"] == "frame"


@pytest.mark.parametrize("command", [
    {"type": "frame", "revision": 10**30}, {"type": "frame", "revision": []}, {"type": "frame", "revision": -1},
    {"type": "speed", "value": {}}, {"type": "speed", "value": "fast"}, {"type": "advance", "seconds": 1e300},
    {"type": "branch", "id": "1"}, {"type": "step", "at": {}}, {"type": "fork", "at": -5}, {"type": "fork", "at": 2**70},
    {"type": "console", "line": "kubectl get pods"}, {"type": "console", "line": None},
])
def test_wrong_arguments_are_refused_and_the_socket_lives(viewer: Viewer, command: dict[str, Any]) -> None:
    after = len(viewer.messages)
    viewer.say(command)
    viewer.wait(lambda message: message["type"] in ("error", "console-end"), after=after)
    assert viewer.console("kubectl get namespace default -o name") == "namespace/default\n"


def test_a_large_message_is_refused(viewer: Viewer) -> None:
    assert "at most 600 KiB" in viewer.ask("error", type="complete", line="x" * 700_000)["message"]
    assert viewer.frame()["type"] == "frame"


def test_a_huge_message_ends_only_its_own_socket(live_server_process: ServerProcess, sandbox: Sandbox, viewer: Viewer) -> None:
    with Viewer(live_server_process.url, sandbox) as bully:
        with suppress(ConnectionClosed):
            bully.say("x" * 20_000_000)
        eventually(lambda: bully.closed is not None)
    assert viewer.frame()["type"] == "frame"


def test_a_flood_is_refused_and_disturbs_nobody(live_server_process: ServerProcess, viewer: Viewer) -> None:
    other = make_sandboxes(live_server_process.environment, 1)[0]
    with Viewer(live_server_process.url, other) as neighbour:
        neighbour.frame()
        for _ in range(400):
            viewer.say({"type": "watch"})
        sentence = viewer.wait(lambda message: message["type"] == "error")["message"]
        assert sentence == "Too many commands at once: at most 20 a second."
        began = time.monotonic()
        neighbour.frame()
        assert time.monotonic() - began < 5
        eventually(lambda: "frame" in {message["type"] for message in viewer.messages[-3:]} or viewer.say({"type": "frame"}))


def test_reconnecting_misses_nothing(live_server_process: ServerProcess, sandbox: Sandbox, viewer: Viewer) -> None:
    viewer.console("kubectl create deployment web --image=nginx:1.27 --replicas=40")
    viewer.say({"type": "speed", "value": 16})
    viewer.say({"type": "play"})
    for _ in range(4):
        with Viewer(live_server_process.url, sandbox) as again:
            frame = again.frame()
            logged = [header["r"] for header in frame["log"]]
            assert contiguous(logged)
            assert logged[-1] == frame["revision"] == frame["head"]
            time.sleep(0.2)
            heard = [revision for revision in again.revisions() if revision > frame["revision"]]
            assert contiguous([frame["revision"], *heard])
    viewer.ask("clock", type="pause")
    assert contiguous(viewer.revisions())


def test_the_past_can_be_replayed_from_a_frame(viewer: Viewer) -> None:
    start = viewer.frame()["revision"]
    viewer.console("kubectl create deployment web --image=nginx:1.27 --replicas=2")
    head = viewer.ask("clock", type="quiet")["head"]
    viewer.until_revision(head)
    past = viewer.frame(revision=start)
    assert (past["revision"], past["head"]) == (start, head)
    state = past["state"]
    for event in viewer.events():
        for table, rows in event.get("set", {}).items():
            state[table] = rows if isinstance(rows, list) else {**state[table], **rows}
        for table, keys in event.get("del", {}).items():
            state[table] = {key: row for key, row in state[table].items() if key not in keys}
    assert state == viewer.frame()["state"]


def test_the_console_streams_and_is_interrupted(live_server_process: ServerProcess, sandbox: Sandbox, viewer: Viewer) -> None:
    watch = viewer.begin("kubectl get pods -w")
    with Viewer(live_server_process.url, sandbox) as other:
        mine = other.begin("kubectl get nodes -w")
        assert mine == watch, "both sockets count from 1"
        other.console("kubectl run one --image=nginx:1.27")
        eventually(lambda: "one " in viewer.printed(watch))
        other.say({"type": "interrupt", "id": mine})
        assert other.ended(mine) == 130
        assert not any(message["type"] == "console-end" for message in viewer.messages)
    viewer.say({"type": "interrupt", "id": watch})
    assert viewer.ended(watch) == 130
    assert viewer.printed(watch).endswith("^C\n")
    assert viewer.console("kubectl get pods -o name") == "pod/one\n"


def test_acting_in_the_past_is_told_to_everybody(live_server_process: ServerProcess, sandbox: Sandbox, viewer: Viewer) -> None:
    start = viewer.frame()["revision"]
    viewer.console("kubectl create namespace one")
    viewer.console("kubectl create namespace two")
    with Viewer(live_server_process.url, sandbox) as other:
        other.frame()
        viewer.console("kubectl create namespace three", at=start + 1)
        for seen in (viewer, other):
            branch = seen.wait(lambda message: message["type"] == "branch")
            after = seen.messages.index(branch)
            assert branch["branch"] == 2
            assert [row["id"] for row in branch["branches"]] == [1, 2]
            frame = seen.wait(lambda message: message["type"] == "frame", after=after)
            assert (frame["branch"], frame["revision"]) == (2, start + 1)
            event = seen.wait(lambda message: message["type"] == "event", after=after)
            assert event["r"] == start + 2
            assert "namespaces//three" in event["objs"]


def test_two_viewers_see_the_same(live_server_process: ServerProcess, sandbox: Sandbox, viewer: Viewer) -> None:
    with Viewer(live_server_process.url, sandbox) as other:
        viewer.say({"type": "console", "id": "9", "line": "kubectl create deployment web --image=nginx:1.27 --replicas=5"})
        viewer.ended("9")
        head = viewer.ask("clock", type="quiet")["head"]
        viewer.until_revision(head)
        other.until_revision(head)
        assert [json.dumps(event) for event in viewer.events()] == [json.dumps(event) for event in other.events()]


def test_a_socket_that_just_disappears(live_server_process: ServerProcess, sandbox: Sandbox, viewer: Viewer) -> None:
    for _ in range(5):
        with Viewer(live_server_process.url, sandbox) as other:
            other.begin("kubectl get pods -w")
            other.say({"type": "quiet"})
            other.socket.socket.close()
    assert viewer.console("kubectl get namespace default -o name") == "namespace/default\n"
