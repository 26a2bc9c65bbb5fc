"""Who may listen to a sandbox's feed: its owner, from this site's pages, and nobody else."""

from __future__ import annotations

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.conftest import ServerProcess
from tests.support.feed import Sandbox, Viewer, dial, make_sandboxes

NOT_YOURS = 4404


@pytest.fixture(scope="module")
def sandboxes(live_server_process: ServerProcess) -> list[Sandbox]:
    """Two visitors, a sandbox each."""
    return make_sandboxes(live_server_process.environment, 2)


def close_code(server: ServerProcess, cluster: str, session: str | None) -> tuple[int, list[str | bytes]]:
    """(close code, what came before) of somebody who asks for everything that the protocol offers."""
    heard: list[str | bytes] = []
    with dial(server.url, cluster, session) as socket:
        try:
            for kind in ("frame", "watch", "play", "step"):
                socket.send(f'{{"type": "{kind}"}}')
            while True:
                heard.append(socket.recv(10))
        except ConnectionClosed:
            return socket.protocol.close_code or 0, heard


def test_it_works(live_server_process: ServerProcess, sandboxes: list[Sandbox]) -> None:
    with Viewer(live_server_process.url, sandboxes[0]) as viewer:
        assert viewer.frame()["cluster"] == sandboxes[0].cluster


def test_a_stranger_learns_nothing(live_server_process: ServerProcess, sandboxes: list[Sandbox]) -> None:
    mine, other = sandboxes
    assert close_code(live_server_process, mine.cluster, other.session) == (NOT_YOURS, [])


@pytest.mark.parametrize("session", [None, "", "x" * 32, "a" * 5000, "'; drop table cluster_cluster; --"])
def test_without_a_known_session(live_server_process: ServerProcess, sandboxes: list[Sandbox], session: str | None) -> None:
    assert close_code(live_server_process, sandboxes[0].cluster, session) == (NOT_YOURS, [])


@pytest.mark.parametrize("cluster", ["nothing", "a" * 2000, "%00", "..", "中文".encode().hex()])
def test_a_sandbox_that_does_not_exist_looks_like_a_foreign_one(
    live_server_process: ServerProcess, sandboxes: list[Sandbox], cluster: str
) -> None:
    assert close_code(live_server_process, cluster, sandboxes[0].session) == (NOT_YOURS, [])


def test_strangers_changed_nothing(live_server_process: ServerProcess, sandboxes: list[Sandbox]) -> None:
    mine, other = sandboxes
    with Viewer(live_server_process.url, mine) as viewer:
        viewer.ask("clock", type="pause")
        before = viewer.frame()["head"]
        close_code(live_server_process, mine.cluster, other.session)
        after = viewer.frame()
        assert (after["head"], after["playing"]) == (before, False)


def test_a_stranger_hears_nothing_of_what_happens_to_others(live_server_process: ServerProcess, sandboxes: list[Sandbox]) -> None:
    mine, other = sandboxes
    with Viewer(live_server_process.url, mine) as owner, Viewer(live_server_process.url, other) as stranger:
        stranger.ask("clock", type="pause")
        stranger.frame()
        heard = len(stranger.messages)
        owner.console("kubectl create namespace secret-plan")
        assert stranger.frame()["cluster"] == other.cluster
        assert "secret-plan" not in "".join(stranger.texts)
        assert [message["type"] for message in stranger.messages[heard:]] == ["frame"]


@pytest.mark.parametrize("origin", ["http://evil.example", "https://evil.example:8000", "null"])
def test_other_sites_pages_are_refused(live_server_process: ServerProcess, sandboxes: list[Sandbox], origin: str) -> None:
    mine = sandboxes[0]
    with pytest.raises(InvalidStatus) as refused, dial(live_server_process.url, mine.cluster, mine.session, origin):
        pytest.fail("another site got in")
    assert refused.value.response.status_code == 403


def test_an_unknown_address_is_refused(live_server_process: ServerProcess, sandboxes: list[Sandbox]) -> None:
    with pytest.raises(InvalidStatus) as refused, dial(live_server_process.url, "x/y/z", sandboxes[0].session):
        pytest.fail("there is something")
    assert refused.value.response.status_code == 403


def test_the_server_had_no_trouble(live_server_process: ServerProcess) -> None:
    assert "Traceback" not in "".join(live_server_process.errors)
