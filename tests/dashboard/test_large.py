"""The pages of a large cluster: who may begin, watch, act and end one; what is shown when it has ended or there is no room."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import orjson
import pytest
from channels.testing import WebsocketCommunicator
from django.test import AsyncClient

from dashboard import large as process
from dashboard.asgi import application
from dashboard.large import large_host, stop_large_host
from dashboard.narration import sentences, sentences_of_large

pytestmark = pytest.mark.django_db(transaction=True)
ORIGIN = (b"origin", b"http://localhost")


@pytest.fixture(autouse=True)
def small(settings):
    settings.LARGE_NODES = 20
    settings.LARGE_CLUSTERS = 1
    settings.LARGE_IDLE = 60
    assert process._host == []


def _run(test: Callable[[], Awaitable[None]]) -> None:
    async def run() -> None:
        try:
            await test()
        finally:
            await stop_large_host()

    asyncio.run(run())


async def _begun(client: AsyncClient) -> str:
    response = await client.post("/big/")
    assert response.status_code == 302
    return str(response["Location"])


async def _socket(client: AsyncClient, address: str) -> tuple[WebsocketCommunicator, bool]:
    cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
    headers = [ORIGIN, (b"cookie", cookies.encode()), (b"host", b"localhost")]
    socket = WebsocketCommunicator(application, f"/ws{address}", headers)
    connected, _ = await socket.connect()
    return socket, connected


async def _pictures(socket: WebsocketCommunicator) -> AsyncIterator[dict[str, Any]]:
    while True:
        message = await socket.receive_output(20)
        if message.get("bytes"):
            body = message["bytes"]
            await socket.send_json_to({"type": "ack"})
            yield orjson.loads(body[4 : 4 + int.from_bytes(body[:4], "little")])


async def _kind(socket: WebsocketCommunicator) -> str:
    """Of the next picture, which is not acknowledged."""
    while True:
        message = await socket.receive_output(20)
        if message.get("bytes"):
            body = message["bytes"]
            return str(orjson.loads(body[4 : 4 + int.from_bytes(body[:4], "little")])["type"])


async def _answer(socket: WebsocketCommunicator, message: dict[str, Any]) -> dict[str, Any]:
    await socket.send_json_to({**message, "n": 1})
    while True:
        found = await socket.receive_output(20)
        if found.get("text"):
            answer: dict[str, Any] = orjson.loads(found["text"])
            return answer


def test_it_works() -> None:
    async def test() -> None:
        client = AsyncClient()
        assert "Begin with 20 nodes" in (await client.get("/big/")).content.decode()
        address = await _begun(client)
        # There is one per visitor: whoever asks again is led there.
        assert await _begun(client) == address
        assert (await client.get("/big/"))["Location"] == address
        page = (await client.get(address)).content.decode()
        assert 'data-mine="true"' in page
        socket, connected = await _socket(client, address)
        assert connected
        async for picture in _pictures(socket):
            if picture["type"] == "first":
                assert picture["count"] == 20
                break
        assert (await _answer(socket, {"type": "pace", "speed": 0}))["ok"]
        assert (await _answer(socket, {"type": "command", "command": {"do": "add", "pods": 100}}))["ok"]
        async for picture in _pictures(socket):
            if picture["ready"] == 100:
                break
        table = (await client.get(f"{address}nodes/?order=pods")).content.decode()
        assert "a-node-0000" in table
        node = (await client.get(f"{address}nodes/a-node-0000/", headers={"X-Fragment": "1"})).content.decode()
        assert "<html" not in node
        found = await _answer(socket, {"type": "find", "text": "web-"})
        name = next(one["name"] for one in found["result"] if one["kind"] == "pod")
        why = (await client.get(f"{address}pods/default/{name}/")).content.decode()
        assert "NodeResourcesFit" in why
        assert "<html" in why
        await socket.disconnect()
        assert (await client.post(f"{address}end/")).status_code == 302
        assert (await client.get(address)).status_code == 404

    _run(test)


def test_others_watch_but_do_nothing() -> None:
    async def test() -> None:
        mine, other = AsyncClient(), AsyncClient()
        address = await _begun(mine)
        page = await other.get(address)
        assert page.status_code == 200
        text = page.content.decode()
        assert 'data-mine="false"' in text
        assert "data-command" not in text
        socket, connected = await _socket(other, address)
        assert connected
        for message in ({"type": "command", "command": {"do": "add", "pods": 9}}, {"type": "pace", "playing": False}):
            answer = await _answer(socket, message)
            assert (answer["ok"], answer["why"]) == (False, "not-yours")
            assert "only watch" in answer["words"]
        assert (await _answer(socket, {"type": "node", "name": "a-node-0000"}))["ok"]
        await socket.disconnect()
        assert (await other.post(f"{address}end/")).status_code == 404
        assert large_host().get(address.split("/")[2]) is not None

    _run(test)


def test_sentences_name_who_acts() -> None:
    async def test() -> None:
        mine, other = AsyncClient(), AsyncClient()
        address = await _begun(mine)
        own, watched = [(await client.get(address)).content.decode() for client in (mine, other)]
        assert "**You** switch the {n, plural" in own
        assert "**The owner** switches the {n, plural" in watched
        assert "**You** switch the {n, plural" not in watched

    _run(test)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_what_commands_tell_can_be_said(language: str) -> None:
    mine, watched = (sentences_of_large(language, own) for own in (True, False))
    assert mine.keys() == watched.keys()
    assert sentences(language).items() <= mine.items()
    differ = {key for key in mine if mine[key] != watched[key]}
    assert differ == {f"large.{act}" for act in ("cordoned", "drained", "heard", "silenced", "uncordoned")}
    assert not any("**You**" in watched[key] or "**你**" in watched[key] for key in differ)


def test_without_javascript_a_hint_stands_on_top() -> None:
    """The way to the tables comes first; whatever needs JavaScript is marked, so that it can be hidden."""
    async def test() -> None:
        client = AsyncClient()
        address = await _begun(client)
        page = (await client.get(address)).content.decode()
        assert page.index("<noscript>") < page.index("big__head")
        needing = r"<(?:button|div|section)\b[^>]*(?:data-command|data-dialog=\"find\"|big__map|big__pace|seg)[^>]*>"
        for part in re.findall(needing, page):
            assert "with-js" in part or 'aria-label="Speed"' in part, part  # the speeds are inside a part that is marked
        for form in re.findall(r"<form[^>]*/end/.*?</form>", page, re.DOTALL):
            assert "with-js" not in form

    _run(test)


def test_hints_describe_the_buttons_and_the_numbers_come_first() -> None:
    async def test() -> None:
        client = AsyncClient()
        page = (await client.get(await _begun(client))).content.decode()
        buttons = re.findall(r"<button[^>]*class=\"btn sm[^>]*(?:data-command|type=\"submit\")[^>]*>", page)
        buttons += re.findall(r"<button[^>]*type=\"submit\"[^>]*class=\"btn sm[^>]*>", page)
        assert len(set(buttons)) == 10
        assert all(" title=" in button for button in buttons)
        assert page.index("big__pace") < page.index("big__list") < page.index("big__zones") < page.index("big__acts")

    _run(test)


def test_large_numbers_are_grouped(settings) -> None:
    async def test() -> None:
        settings.LARGE_NODES = 5000
        text = (await AsyncClient().get("/big/")).content.decode()
        assert "Begin with 5,000 nodes" in text
        assert "5,000 nodes in five zones" in text
        assert "5000" not in text

    _run(test)


def test_without_room_one_may_watch() -> None:
    async def test() -> None:
        address = await _begun(AsyncClient())
        other = AsyncClient()
        full = await other.post("/big/")
        assert full.status_code == 409
        assert address in full.content.decode()
        assert "has room for no other" in full.content.decode()

    _run(test)


def test_a_cluster_that_has_ended_says_so() -> None:
    async def test() -> None:
        client = AsyncClient()
        gone = await client.get("/big/0123456789abcdef/")
        assert gone.status_code == 404
        assert "has ended" in gone.content.decode()
        assert "Begin with" in gone.content.decode()
        for address in ("nodes/", "nodes/a-node-0000/", "pods/default/web/"):
            assert (await client.get(f"/big/0123456789abcdef/{address}")).status_code == 404
        socket, _ = await _socket(client, "/big/0123456789abcdef/")
        assert (await socket.receive_output(5))["code"] == 4404

    _run(test)


def test_starting_over_is_a_new_cluster() -> None:
    async def test() -> None:
        client = AsyncClient()
        address = await _begun(client)
        response = await client.post(f"{address}end/", {"again": "1"})
        assert response.status_code == 302
        assert response["Location"] != address
        assert (await client.get(response["Location"])).status_code == 200

    _run(test)


def test_nonsense_from_a_client() -> None:
    async def test() -> None:
        client = AsyncClient()
        address = await _begun(client)
        socket, _ = await _socket(client, address)
        for text in ("[]", "{", '{"type": 5}', "x" * 9000, '{"type": "ack"}'):
            await socket.send_to(text_data=text)
        await socket.send_to(bytes_data=b"\x00\x01")
        for message in ({"type": "explode"}, {"type": "first"}, {"type": "watch", "on": False}, {"type": "explain"}):
            assert (await _answer(socket, message))["ok"] is False
        refused = await _answer(socket, {"type": "command", "command": {"do": "add", "pods": "many"}})
        assert refused["words"] == "That number is too large or too small."
        for page in ("nodes/?page=²&order=zzz", "nodes/?page=99999999999999", "nodes/?page=-1"):
            assert (await client.get(f"{address}{page}")).status_code == 200
        assert (await client.get(f"{address}nodes/%3Cscript%3E/")).status_code == 404
        await socket.disconnect()

    _run(test)


def test_too_many_questions_are_told_to_wait(monkeypatch) -> None:
    async def test() -> None:
        client = AsyncClient()
        address = await _begun(client)
        monkeypatch.setattr("cluster.bighost.host.MOST_WAITING", 0)
        response = await client.get(f"{address}nodes/")
        assert response.status_code == 503
        assert "does not answer" in response.content.decode()

    _run(test)


def test_too_many_commands_are_refused() -> None:
    async def test() -> None:
        client = AsyncClient()
        socket, _ = await _socket(client, await _begun(client))
        for _ in range(100):
            await socket.send_json_to({"type": "node", "name": "a-node-0000", "n": 2})
        whys = set()
        for _ in range(100):
            found = await socket.receive_output(20)
            while not found.get("text"):
                found = await socket.receive_output(20)
            whys.add(orjson.loads(found["text"]).get("why"))
        assert "many" in whys
        await socket.disconnect()

    _run(test)


def test_a_slow_client_gets_a_first_picture_again() -> None:
    async def test() -> None:
        client = AsyncClient()
        socket, _ = await _socket(client, await _begun(client))
        kinds = [await _kind(socket)]
        for _ in range(10):
            while len(kinds) < 4:
                kinds.append(await _kind(socket))
            # On a busy machine the cluster may have nothing new to show within the second.
            assert await socket.receive_nothing(1, 0.05)
            for _ in kinds:
                await socket.send_json_to({"type": "ack"})
            kinds = [await _kind(socket)]
            if kinds == ["first"]:
                break
        assert kinds == ["first"]
        await socket.disconnect()

    _run(test)


def test_the_list_of_sandboxes_leads_there() -> None:
    async def test() -> None:
        client = AsyncClient()
        assert "/big/" in (await client.get("/sandbox/")).content.decode()

    _run(test)


def test_the_page_is_complete_in_chinese() -> None:
    async def test() -> None:
        client = AsyncClient()
        address = await _begun(client)
        page = (await client.get(address, headers={"Accept-Language": "zh-hans"})).content.decode()
        assert "查找 Pod 或节点" in page
        assert "What would you do" not in page
        assert "<dt>未就绪的节点</dt>" in page
        assert "<dt>等待的 Pod</dt>" in page

    _run(test)
