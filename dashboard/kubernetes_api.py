"""The Kubernetes API over HTTP: an application of its own beside Django's, for kubectl and other clients.

A cluster's address carries its secret: http://HOST/k8s/<key>/api/v1/… (kubectl sends no token over plain HTTP).
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple
from urllib.parse import parse_qs

import orjson

from cluster.models import Cluster
from cluster.rest import handler
from cluster.rest.messages import MOST_BODY, Request, Response
from dashboard.allowance import Allowance
from dashboard.hub import CommandTimeout, Hub, process_hub
from dashboard.kubernetes_exec import POLICY, Session, protocol_of, wanted

logger = logging.getLogger(__name__)

PREFIX = "/k8s/"
# Not of Kubernetes: a line of `simulate`, for scripts that stop and start machines.
SIMULATE = "/simulate"
# Requests a second of one cluster, and how many may come at once: above what client-go allows itself (50, 300).
RATE, BURST = 400.0, 1200.0
# Headers that the handler looks at.
HEADERS = frozenset({"accept", "content-type", "user-agent"})
# Messages that a client may have before it has read them; one that is further behind is cut off and begins anew.
MOST_WAITING = 5000
# An allowance that nobody has used for so long is forgotten (seconds).
FORGOTTEN = 600.0

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class KubernetesAPI:
    """An ASGI application for everything below PREFIX."""

    def __init__(self) -> None:
        self._allowances: dict[str, tuple[float, Allowance]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (self._http if scope["type"] == "http" else self._websocket)(scope, receive, send)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A command in a container; everything else is refused before the socket opens."""
        await receive()
        key, path = split(scope["path"])
        cluster = await _cluster_of(key)
        asked = wanted(path, parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        protocol = protocol_of(scope.get("subprotocols", ()))
        if cluster is None or asked is None or not protocol or not asked.argv or not self._may(cluster):
            await send({"type": "websocket.close", "code": POLICY})
            return
        await send({"type": "websocket.accept", "subprotocol": protocol})
        await Session(process_hub(), cluster, asked, protocol, receive, send).run()

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        key, path = split(scope["path"])
        cluster = await _cluster_of(key)
        if cluster is None:
            await _answer(send, unknown())
            return
        if not self._may(cluster):
            await _answer(send, handler.too_many("too many requests for one sandbox, please try again later"))
            return
        body = await _body(receive)
        query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        request = Request(scope["method"], path, query, _headers(scope), body)
        kind = "api-log" if handler.is_log(request) else "api-watch" if handler.is_watch(request) else ""
        if kind:
            await _stream(process_hub(), cluster, _Asked(kind, request), receive, send)
            return
        await _answer(send, await _asked(process_hub(), cluster, request), with_body=request.method != "HEAD")

    def _may(self, cluster: str) -> bool:
        now = time.monotonic()
        for known in [known for known, (used, _) in self._allowances.items() if now - used > FORGOTTEN]:
            del self._allowances[known]
        _, allowance = self._allowances.get(cluster, (now, Allowance(RATE, BURST)))
        self._allowances[cluster] = (now, allowance)
        return allowance.take()


def split(path: str) -> tuple[str, str]:
    """The key and the path below it."""
    key, _, rest = path.removeprefix(PREFIX).partition("/")
    return key, f"/{rest}"


async def _cluster_of(key: str) -> str | None:
    """The cluster with this key; asked each time, so that a revoked key ends at once."""
    return await Cluster.objects.filter(api_key=key).values_list("id", flat=True).afirst() if key else None


def unknown() -> Response:
    """401 for a key that is not one (any more)."""
    return handler.refused(401, "Unauthorized", "Unauthorized")


def _headers(scope: Scope) -> dict[str, str]:
    found = ((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"])
    return {name: value for name, value in found if name in HEADERS}


async def _body(receive: Receive) -> bytes:
    """The body, or one byte more than is allowed of one that is too long."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b"".join(parts)
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > MOST_BODY:
            return b"".join(parts)[: MOST_BODY + 1]
        if not message.get("more_body"):
            return b"".join(parts)


def _command(kind: str, request: Request, identifier: str = "") -> dict[str, Any]:
    return {
        "type": kind, "method": request.method, "path": request.path, "query": dict(request.query),
        "headers": dict(request.headers), "body": request.body, "id": identifier,
    }


async def _asked(hub: Hub, cluster: str, request: Request) -> Response:
    command = _command("api-read" if request.method in handler.READS else "api-write", request)
    if (request.method, request.path) == ("POST", SIMULATE):
        command = {"type": "api-simulate", "line": request.body.decode(errors="replace")}
    try:
        return _response(await hub.command(cluster, command))
    except CommandTimeout:
        return handler.busy("the simulator does not answer")


def _response(answer: dict[str, Any]) -> Response:
    if answer["type"] != "api":
        return handler.busy(str(answer.get("message", "")))
    headers = tuple((name, value) for name, value in answer["headers"])
    return Response(answer["code"], answer["body"], answer["content_type"], headers)


async def _answer(send: Send, response: Response, *, with_body: bool = True) -> None:
    headers = [("content-type", response.content_type), ("content-length", str(len(response.body))), *response.headers]
    await _start(send, response.code, headers)
    await send({"type": "http.response.body", "body": response.body if with_body else b""})


async def _start(send: Send, code: int, headers: list[tuple[str, str]]) -> None:
    encoded = [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in headers]
    await send({
        "type": "http.response.start", "status": code,
        "headers": [*encoded, (b"cache-control", b"no-cache, private")] if b"cache-control" not in dict(encoded) else encoded,
    })


# --- watches and logs ---------------------------------------------------------------------------------------------------------


class _Listener:
    """What the worker says to one client."""

    def __init__(self) -> None:
        self.identifier = f"api-{secrets.token_hex(8)}"
        self.queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    def push(self, messages: bytes, count: int) -> None:
        said = orjson.loads(messages)
        if self.queue.qsize() >= MOST_WAITING or said["type"] == "resync":
            said = {"type": "api-end"}
        self.queue.put_nowait(said)


class _Asked(NamedTuple):
    command: str
    request: Request


async def _stream(hub: Hub, cluster: str, asked: _Asked, receive: Receive, send: Send) -> None:
    listener = _Listener()
    hub.listen(listener)
    try:
        try:
            answer = await hub.command(cluster, _command(*asked, listener.identifier), listener.identifier)
        except CommandTimeout:
            answer = {"type": "error", "message": "the simulator does not answer"}
        if answer["type"] != "api-stream":
            await _answer(send, _response(answer))
            return
        await _start(send, 200, [("content-type", answer["content_type"])])
        # Daphne keeps the headers back until there is a body: clients wait for them.
        await send({"type": "http.response.body", "body": b"", "more_body": True})
        await _carry(listener, receive, send)
    finally:
        await hub.deaf(cluster, listener)


async def _carry(listener: _Listener, receive: Receive, send: Send) -> None:
    """Send on what the worker says, until it ends or the client goes away."""
    gone = asyncio.create_task(_disconnected(receive))
    try:
        while not gone.done():
            news = asyncio.create_task(listener.queue.get())
            await asyncio.wait({gone, news}, return_when=asyncio.FIRST_COMPLETED)
            if not news.done():
                news.cancel()
                return
            said = news.result()
            if said["type"] == "api-end":
                break
            await send({"type": "http.response.body", "body": said["text"].encode(), "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        gone.cancel()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def address(base: str, key: str) -> str:
    """The server's address for a kubeconfig; `base` is that of the site, without a slash at the end."""
    return f"{base}{PREFIX}{key}"


def kubeconfig(name: str, server: str) -> str:
    """A kubeconfig for one cluster."""
    # client-node refuses plain HTTP without the line about TLS; kubectl does not mind it.
    return (
        "apiVersion: v1\nkind: Config\n"
        f"clusters:\n- name: {name}\n  cluster:\n    server: {server}\n    insecure-skip-tls-verify: true\n"
        f"users:\n- name: {name}\n  user: {{}}\n"
        f"contexts:\n- name: {name}\n  context:\n    cluster: {name}\n    user: {name}\n    namespace: default\n"
        f"current-context: {name}\n"
    )
