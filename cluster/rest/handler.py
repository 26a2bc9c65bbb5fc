"""One handler for every request: what is asked for, of which kind, by which verb.

Reads are answered from a View, writes by the API server; a watch is begun here and carried on by whoever transports it.
"""

from __future__ import annotations

from collections.abc import Callable

from cluster.apiserver import errors
from cluster.apiserver.errors import APIError
from cluster.apiserver.server import APIServer
from cluster.rest import discovery, logs, metrics, openapi, reading, reviews, watching, writing
from cluster.rest.logs import Log
from cluster.rest.messages import Request, Response, answer, refusal, text
from cluster.rest.negotiation import aggregated_discovery
from cluster.rest.paths import Target, no_such_resource, target
from cluster.rest.reading import View
from cluster.rest.selection import selection
from cluster.rest.watching import Watch

READS = frozenset({"GET", "HEAD"})
# What cannot be answered over plain HTTP, and what a person can do about it.
STREAMED = {
    "exec": (
        "exec needs a WebSocket: use kubectl 1.30 or newer (1.29 with KUBECTL_REMOTE_COMMAND_WEBSOCKETS=true)"
    ),
    "attach": "attach is not there: see what a container writes with kubectl logs -f",
    "portforward": "port-forward is not there: ask from inside the cluster with kubectl exec POD -- wget -qO- http://HOST:PORT",
}
HEALTH = frozenset({"/healthz", "/livez", "/readyz"})


def is_watch(request: Request) -> bool:
    """Whether the answer has no end."""
    parts = request.path.strip("/").split("/")
    asked = request.parameters.on("watch") or "watch" in (parts[2:3] if parts[0] == "api" else parts[3:4])
    return request.method == "GET" and asked


def is_log(request: Request) -> bool:
    return request.method == "GET" and request.path.rstrip("/").endswith("/log")


def read(view: View, request: Request) -> Response:
    """The answer to GET; a refusal is an answer as well."""
    try:
        return _static(request) or _read(view, request)
    except APIError as error:
        return refusal(error)


def _static(request: Request) -> Response | None:
    """What does not depend on what the cluster holds; None for everything else."""
    path = request.path.rstrip("/") or "/"
    if path in HEALTH or path.rpartition("/")[0] in HEALTH:
        return text("ok")
    if path == "/version":
        return answer(discovery.version())
    if path in ("/api", "/apis"):
        return _discovery(request, core=path == "/api")
    if path.startswith("/openapi/"):
        return openapi.response(request)
    return _group(path)


def _discovery(request: Request, *, core: bool) -> Response:
    version = aggregated_discovery(request.header("accept"))
    if not version:
        return answer(discovery.api_versions() if core else discovery.api_groups())
    found = answer(discovery.aggregated(core=core, version=version))
    kind = f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList"
    return Response(found.code, found.body, kind)


def _group(path: str) -> Response | None:
    parts = path.strip("/").split("/")
    try:
        if parts[0] == "api" and len(parts) == 2:
            return answer(discovery.resources("", parts[1]))
        if parts[0] == "apis" and len(parts) == 2 and parts[1] in discovery.groups():
            return answer({"kind": "APIGroup", "apiVersion": "v1", **discovery.api_group(parts[1])})
        if parts[0] == "apis" and len(parts) == 3:
            return answer(discovery.resources(parts[1], parts[2]))
    except KeyError as problem:
        raise no_such_resource() from problem
    return None


def _read(view: View, request: Request) -> Response:
    if request.path.startswith(f"/apis/{metrics.API_VERSION}/"):
        return _metrics(view, request)
    found = target(request.path)
    return reading.get(view, request, found) if found.name else reading.select(view, request, found)


def _metrics(view: View, request: Request) -> Response:
    parts = request.path.removeprefix(f"/apis/{metrics.API_VERSION}/").strip("/").split("/")
    namespace = None
    if parts[0] == "namespaces" and len(parts) > 2:
        namespace, parts = parts[1], parts[2:]
    if parts[0] not in ("pods", "nodes"):
        raise no_such_resource()
    name = parts[1] if len(parts) > 1 else ""
    labels = None
    if not name:
        labels = selection(request.parameters, target(f"/api/v1/{parts[0]}")).labels
    return metrics.response(view.reader, parts[0], namespace, name, labels)


def begin_log(view: View, request: Request) -> tuple[Log, bytes] | Response:
    """A log and what it tells at once, or why there is none."""
    try:
        found = target(request.path)
        if (found.kind.resource, found.subresource) != ("pods", "log"):
            raise no_such_resource()
        return logs.begun(view.reader, request, found)
    except APIError as error:
        return refusal(error)


def begin_watch(view: View, request: Request) -> tuple[Watch, bytes] | Response:
    """A watch and what it tells at once, or why there is none."""
    try:
        return watching.begun(view, request, target(request.path))
    except APIError as error:
        return refusal(error)


def write(server: APIServer, request: Request, user: str) -> Response:
    """The answer to everything but GET."""
    try:
        return _write(server, request, user)
    except APIError as error:
        return refusal(error)


def _write(server: APIServer, request: Request, user: str) -> Response:
    review = _review(request)
    if review:
        return reviews.created(request, review, user)
    found = target(request.path)
    handler = _handler(request.method, found)
    if found.subresource in STREAMED and found.subresource in found.kind.subresources:
        raise errors.bad_request(STREAMED[found.subresource])
    if handler is None:
        raise writing.no_verb(found)
    return handler(server, request, found)


def _review(request: Request) -> str:
    """The collection of reviews that a request goes to, "" for another one."""
    parts = request.path.strip("/").split("/")
    plural = parts[-1]
    known = any(plural == each for each, _ in discovery.REVIEWS.get(parts[1] if len(parts) > 1 else "", ()))
    return plural if known and request.method == "POST" else ""


Handler = Callable[[APIServer, Request, Target], Response]
_COLLECTION: dict[str, Handler] = {"POST": writing.create, "DELETE": writing.delete_collection}
_OBJECT: dict[str, Handler] = {"PUT": writing.update, "PATCH": writing.patch, "DELETE": writing.delete}
_SUBRESOURCES: dict[tuple[str, str], Handler] = {
    ("POST", "binding"): writing.bind, ("POST", "eviction"): writing.evict, ("PUT", "finalize"): writing.finalize,
    **{(method, name): handler for name in ("status", "scale")
       for method, handler in (("PUT", writing.update), ("PATCH", writing.patch))},
}


def _handler(method: str, found: Target) -> Handler | None:
    if not found.name:
        return _COLLECTION.get(method)
    if not found.subresource:
        return _OBJECT.get(method)
    if found.subresource not in found.kind.subresources:
        return None
    return _SUBRESOURCES.get((method, found.subresource))


def refused(code: int, reason: str, message: str) -> Response:
    """An answer that the transport gives itself."""
    return refusal(APIError(code, reason, message))


def too_many(words: str) -> Response:
    """429 with one sentence, which clients try again a second later."""
    return refusal(errors.too_many_requests(words, retry_after=1))


def busy(words: str) -> Response:
    """503 with one sentence, which clients try again."""
    return refusal(APIError(503, "ServiceUnavailable", words, {"retryAfterSeconds": 1}))
