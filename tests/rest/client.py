"""A client of the handler: requests as clients send them, answers read again, without any transport."""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson

from cluster.apiserver.reader import Reader
from cluster.apiserver.server import APIServer
from cluster.rest import handler, watching
from cluster.rest.messages import Request, Response
from cluster.rest.reading import View
from cluster.rest.watching import Watch
from tests.apiserver.builders import Lab, lab

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
PARTIAL = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
PODS = "/api/v1/namespaces/default/pods"
CONFIGS = "/api/v1/namespaces/default/configmaps"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"


class Answer(NamedTuple):
    code: int
    body: Any  # read from JSON where it is JSON
    headers: dict[str, str]

    @property
    def message(self) -> str:
        return str(self.body["message"])

    @property
    def names(self) -> list[str]:
        return [item["metadata"]["name"] for item in self.body["items"]]


class Client:
    """Sends requests to an API server without components."""

    def __init__(self, server: APIServer) -> None:
        self.server = server

    @property
    def view(self) -> View:
        return View(Reader(self.server.world), self.server.world_at)

    def get(self, path: str, accept: str = "application/json", **query: str) -> Answer:
        return read_again(handler.read(self.view, request("GET", path, None, accept, **query)))

    def send(self, method: str, path: str, body: Any = None, kind: str = "application/json", **query: str) -> Answer:
        return read_again(handler.write(self.server, request(method, path, body, kind=kind, **query), "kubernetes-admin"))

    def create(self, path: str, body: Any, **query: str) -> Any:
        """The new object."""
        answer = self.send("POST", path, body, **query)
        assert answer.code == 201, answer.body
        return answer.body

    def watch(self, path: str, accept: str = "application/json", **query: str) -> Watching:
        begun = handler.begin_watch(self.view, request("GET", path, None, accept, watch="1", **query))
        assert not isinstance(begun, Response), begun.body
        return Watching(self, *begun)

    def no_watch(self, path: str, **query: str) -> Answer:
        """Why a watch does not begin."""
        begun = handler.begin_watch(self.view, request("GET", path, None, watch="1", **query))
        assert isinstance(begun, Response)
        return read_again(begun)


class Watching:
    """A watch that is under way."""

    def __init__(self, client: Client, watch: Watch, text: bytes) -> None:
        self._client, self.watch, self.first = client, watch, lines(text)

    def more(self) -> list[dict[str, Any]]:
        """What is told of everything since the last time."""
        server, wanted = self._client.server, self.watch.wanted
        target = self.watch.target
        events = server.watch(target.kind.resource, target.namespace, self.watch.since, wanted.labels, wanted.fields)
        self.watch, text = self.watch.told(watching.up_to(events, server.revision), server.revision, server.now)
        return lines(text)


def lines(text: bytes) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in text.splitlines()]


def request(
    method: str, path: str, body: Any = None, accept: str = "application/json", kind: str = "application/json", **query: str
) -> Request:
    headers = {"accept": accept, "content-type": kind}
    text = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
    return Request(method, path, {name: [value] for name, value in query.items()}, headers, text)


def read_again(response: Response) -> Answer:
    is_json = response.content_type.startswith("application/json")
    return Answer(response.code, orjson.loads(response.body) if is_json else response.body, dict(response.headers))


def client() -> Client:
    server: Lab = lab()
    return Client(server)
