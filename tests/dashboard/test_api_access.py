"""Who reaches a sandbox's Kubernetes API: whoever holds its key, and nobody else."""

from __future__ import annotations

import asyncio
import urllib.request
from typing import Any

import orjson
import pytest

from cluster.rest import handler
from dashboard import kubernetes_api
from tests.conftest import ServerProcess
from tests.support.visitor import Said, Visitor, fetch, server_of

PATHS = ("/version", "/api", "/apis", "/openapi/v3", "/api/v1/nodes", "/api/v1/namespaces/default/pods?watch=1",
         "/apis/apps/v1/deployments", "/healthz")
ALPHABET = "x" * 32


def ask(url: str, method: str = "GET", body: Any = None, **headers: str) -> Said:
    data = body if isinstance(body, bytes) else None if body is None else orjson.dumps(body)
    request = urllib.request.Request(url, data, {"Content-Type": "application/json", **headers}, method=method)
    return fetch(request)


@pytest.fixture(scope="module")
def owner(live_server_process: ServerProcess) -> Visitor:
    return Visitor(live_server_process)


@pytest.fixture(scope="module")
def sandbox(owner: Visitor) -> str:
    return owner.new_sandbox()


@pytest.fixture(scope="module")
def server(owner: Visitor, sandbox: str) -> str:
    return server_of(owner.kubeconfig(sandbox))


def test_it_works(server: str) -> None:
    nodes = ask(f"{server}/api/v1/nodes")
    assert nodes.code == 200
    assert orjson.loads(nodes.text)["kind"] == "NodeList"


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("key", [ALPHABET, "", "%00", "..", "' or 1=1 --".replace(" ", "%20")])
def test_a_foreign_key_opens_nothing(live_server_process: ServerProcess, key: str, path: str) -> None:
    said = ask(f"{live_server_process.url}/k8s/{key}{path}")
    assert said.code == 401
    assert orjson.loads(said.text)["reason"] == "Unauthorized"


def test_the_owners_cookie_is_no_key(owner: Visitor, sandbox: str) -> None:
    assert owner.get(f"/k8s/{sandbox}/api/v1/nodes").code == 401


def test_one_key_reaches_one_sandbox(owner: Visitor, server: str) -> None:
    other = server_of(owner.kubeconfig(owner.new_sandbox()))
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "mine"}}
    assert ask(f"{server}/api/v1/namespaces/default/configmaps", "POST", body).code == 201
    assert ask(f"{server}/api/v1/namespaces/default/configmaps/mine").code == 200
    assert ask(f"{other}/api/v1/namespaces/default/configmaps/mine").code == 404


def test_a_stranger_sees_neither_page_nor_key(live_server_process: ServerProcess, sandbox: str) -> None:
    stranger = Visitor(live_server_process)
    stranger.new_sandbox()
    assert stranger.get(f"/sandbox/{sandbox}/kubectl").code == 404
    assert stranger.post(f"/sandbox/{sandbox}/kubectl/revoke/").code == 404
    assert stranger.get(f"/kubeconfig/{ALPHABET}").code == 404


def test_a_revoked_key_opens_nothing(owner: Visitor) -> None:
    sandbox = owner.new_sandbox()
    before = owner.kubeconfig(sandbox)
    assert ask(f"{server_of(before)}/version").code == 200
    owner.post(f"/sandbox/{sandbox}/kubectl/revoke/")
    after = owner.kubeconfig(sandbox)
    assert server_of(before) != server_of(after)
    assert [ask(f"{server_of(one)}/version").code for one in (before, after)] == [401, 200]


def test_bodies_have_a_limit(server: str) -> None:
    body = b'{"data": {"a": "' + b"x" * (3 * 1024 * 1024) + b'"}}'
    said = ask(f"{server}/api/v1/namespaces/default/configmaps", "POST", body)
    assert (said.code, orjson.loads(said.text)["reason"]) == (413, "RequestEntityTooLarge")


def test_head_has_no_body(server: str) -> None:
    said = ask(f"{server}/api/v1/nodes", "HEAD")
    assert (said.code, said.text) == (200, "")


def test_one_sandbox_cannot_take_all_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The allowance is per sandbox: what one has used up the other still has."""

    async def known(key: str) -> str:
        return key

    async def nobody_answers(*args: object) -> object:
        return handler.busy("no worker here")

    monkeypatch.setattr(kubernetes_api, "BURST", 3.0)
    monkeypatch.setattr(kubernetes_api, "_cluster_of", known)
    monkeypatch.setattr(kubernetes_api, "_asked", nobody_answers)
    application = kubernetes_api.KubernetesAPI()

    async def codes(key: str, count: int) -> list[int]:
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b""}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "GET", "path": f"/k8s/{key}/api/v1/pods", "query_string": b"", "headers": []}
        for _ in range(count):
            await application(scope, receive, send)
        return [message["status"] for message in sent if message["type"] == "http.response.start"]

    assert asyncio.run(codes("a", 4)) == [503, 503, 503, 429]
    assert asyncio.run(codes("b", 1)) == [503]
