"""What a probe or a lifecycle hook does: an HTTP request, a connection, a gRPC health check, a command, a sleep.

pkg/probe/{http,tcp,grpc,exec}, pkg/kubelet/prober/prober.go, pkg/kubelet/lifecycle/handlers.go
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from cluster.containers.machine import Failure, Machine, Outside, Request, Response
from cluster.containers.machine import Outcome as Executed
from cluster.containers.serving import Serving
from cluster.kubelet import environment
from cluster.kubelet.durations import go_duration
from cluster.kubelet.probes import Outcome
from cluster.objects import times
from cluster.objects.documents import Document

VERSION = "1.36"
MOST_REDIRECTS = 10
# So much of what a command writes stands in an event (maxReadLength of pkg/probe/exec).
MOST_OUTPUT = 10 * 1024
HOOK_PATIENCE = times.DAY
_LOOPBACK = frozenset({"localhost", "127.0.0.1"})
_HTTPS_TO_HTTP = "http: server gave HTTP response to HTTPS client"


class Url(NamedTuple):
    """Where a request goes."""

    scheme: str
    host: str
    port: int
    path: str  # with the query

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}{self.path}"

    def to(self, location: str) -> Url:
        """Where a redirect leads."""
        scheme, found, rest = location.partition("://")
        if not found:
            base = "" if location.startswith("/") else self.path.rpartition("/")[0] + "/"
            return self._replace(path=base + location)
        address, slash, path = rest.partition("/")
        host, _, port = address.partition(":")
        standard = 443 if scheme == "https" else 80
        return Url(scheme, host, int(port) if port.isdecimal() else standard, slash + path or "/")


class Target(NamedTuple):
    """The container that is probed, and from where."""

    pod: str  # "web_default(uid)"
    container: Document
    ip: str  # the Pod's
    host_ip: str
    outside: Outside  # of the node
    serving: Serving | None = None  # the requests that it has to answer besides


# --- probes ----------------------------------------------------------------------------------------------------------


def probe(action: Document, machine: Machine, at: int, target: Target) -> Outcome:
    """Make one probe at a time for which `machine` is the Pod's."""
    timeout = int(action.get("timeoutSeconds") or 1) * times.SECOND
    if action.get("httpGet"):
        return _http(action["httpGet"], machine, at, timeout, target)
    if action.get("tcpSocket"):
        return _tcp(action["tcpSocket"], machine, at, timeout, target)
    if action.get("exec"):
        return _exec(action["exec"].get("command") or [], machine, at, timeout, target)
    return _grpc(action.get("grpc") or {}, machine, at, timeout, target)


def port_of(container: Document, port: Any) -> int | None:
    """The number of a port given as a number or by its name; None for a name that the container does not have."""
    if isinstance(port, int):
        return port
    for declared in container.get("ports") or []:
        if declared.get("name") == port:
            return int(declared["containerPort"])
    return int(port) if str(port).isdecimal() else None


def _unknown_port(port: Any) -> Outcome:
    return Outcome(None, f'strconv.Atoi: parsing "{port}": invalid syntax')


def url_of(action: Document, ip: str, port: int) -> Url:
    """The address that an httpGet asks."""
    path = str(action.get("path") or "/")
    scheme = str(action.get("scheme") or "HTTP").lower()
    return Url(scheme, str(action.get("host") or ip), port, path if path.startswith("/") else f"/{path}")


def _http(action: Document, machine: Machine, at: int, timeout: int, target: Target) -> Outcome:
    port = port_of(target.container, action.get("port"))
    if port is None:
        return _unknown_port(action.get("port"))
    url = url_of(action, target.ip, port)
    first_host = url.host
    for _ in range(MOST_REDIRECTS + 1):
        answer = _get(url, action, machine, at, timeout, target, "probe")
        if isinstance(answer, Failure):
            return Outcome(False, _http_complaint(url, answer))
        if answer.took + _busy(target, at) > timeout:
            return Outcome(False, _http_complaint(url, Failure("timeout")))
        if not 300 <= answer.status < 400:
            break
        url = url.to(_header(answer, "location"))
        if url.host != first_host:
            return Outcome(True, f"Probe terminated redirects, Response body: {answer.body}")
    else:
        return Outcome(False, f'Get "{url}": stopped after {MOST_REDIRECTS} redirects')
    good = 200 <= answer.status < 400
    return Outcome(good, "" if good else f"HTTP probe failed with statuscode: {answer.status}")


def _header(answer: Response, name: str) -> str:
    return next((value for key, value in answer.headers.items() if key.lower() == name), "")


def _busy(target: Target, at: int) -> float:
    return target.serving.answer_at(at) if target.serving is not None else 0


def _get(
    url: Url, action: Document, machine: Machine, at: int, timeout: int | None, target: Target, purpose: str
) -> Response | Failure:
    headers: dict[str, str] = {"User-Agent": f"kube-{purpose}/{VERSION}", "Accept": "*/*"}
    headers.update({header["name"]: header.get("value", "") for header in action.get("httpHeaders") or []})
    request = Request(
        url.scheme, url.host, url.port, at, "GET", url.path, headers, timeout=timeout, source=target.host_ip,
    )
    return _send(request, machine, target)


def _send(request: Request, machine: Machine, target: Target) -> Response | Failure:
    """To the Pod itself, or to whatever host the probe names; the node's own loopback is that of Pods on its network."""
    if request.host in _LOOPBACK and target.ip != target.host_ip:
        return Failure("refused", address=request.host)
    if request.host == target.ip or request.host in _LOOPBACK:
        return machine.serve(request._replace(host=target.ip), target.outside)[1]
    return target.outside.request(request)


def _http_complaint(url: Url, failure: Failure) -> str:
    address = f"{url.host}:{url.port}"
    text = {
        "refused": f"dial tcp {address}: connect: connection refused",
        "timeout": "context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
        "unknown-host": f"dial tcp: lookup {url.host} on 10.0.0.2:53: no such host",
        "unreachable": f"dial tcp {address}: connect: no route to host",
        "not-tls": _HTTPS_TO_HTTP,
    }.get(failure.kind, "EOF")
    return f'Get "{url}": {text}'


def _tcp(action: Document, machine: Machine, at: int, timeout: int, target: Target) -> Outcome:
    port = port_of(target.container, action.get("port"))
    if port is None:
        return _unknown_port(action.get("port"))
    host = str(action.get("host") or target.ip)
    answer = _send(Request("tcp", host, port, at, timeout=timeout, source=target.host_ip), machine, target)
    return Outcome(True) if isinstance(answer, Response) else Outcome(False, _tcp_complaint(f"{host}:{port}", answer))


def _tcp_complaint(address: str, failure: Failure) -> str:
    host = address.rpartition(":")[0]
    return {
        "timeout": f"dial tcp {address}: i/o timeout",
        "unknown-host": f"dial tcp: lookup {host} on 10.0.0.2:53: no such host",
        "unreachable": f"dial tcp {address}: connect: no route to host",
    }.get(failure.kind, f"dial tcp {address}: connect: connection refused")


def _grpc(action: Document, machine: Machine, at: int, timeout: int, target: Target) -> Outcome:
    address, allowed = f"{target.ip}:{action.get('port')}", go_duration(timeout)
    request = Request("tcp", target.ip, int(action.get("port") or 0), at, timeout=timeout, source=target.host_ip)
    if isinstance(_send(request, machine, target), Failure):
        return Outcome(False, f'timeout: failed to connect service "{address}" within {allowed}: context deadline exceeded')
    if _busy(target, at) > timeout:
        return Outcome(False, f"timeout: health rpc did not complete within {allowed}")
    return Outcome(True)


def _exec(command: list[str], machine: Machine, at: int, timeout: int, target: Target) -> Outcome:
    argv = environment.static_command(command, target.container)
    after, done = machine.execute(target.container["name"], argv, at, target.outside, timeout=timeout)
    touched = _has_changed(machine, after)
    if done.error:
        return Outcome(None, f"rpc error: code = Unknown desc = failed to exec in container: {done.error}")
    if done.timed_out:
        return Outcome(False, f'command timed out: "{" ".join(argv)}" timed out after {go_duration(timeout)}', touched)
    # An event without a text says nothing: the probe's own words end with nothing then.
    return Outcome(done.code == 0, "" if done.code == 0 else _said(done) or " ", touched)


def _said(done: Executed) -> str:
    return (done.stdout + done.stderr)[:MOST_OUTPUT].rstrip("\n")


def _has_changed(before: Machine, after: Machine) -> bool:
    return before.volumes != after.volumes or before.layers != after.layers


# --- hooks -----------------------------------------------------------------------------------------------------------


class Hooked(NamedTuple):
    """What a hook came to: the machine at its end, how long it took (ms), and why it failed ("" when it did not)."""

    machine: Machine
    took: int
    problem: str = ""


def hook(action: Mapping[str, Any], machine: Machine, at: int, target: Target) -> Hooked:
    """Run a postStart or preStop hook that begins at a time for which `machine` is the Pod's."""
    who = f'for Container "{target.container["name"]}" in Pod "{target.pod}" failed - error'
    if action.get("sleep"):
        return Hooked(machine, int(action["sleep"].get("seconds") or 0) * times.SECOND)
    if action.get("httpGet"):
        return _http_hook(action["httpGet"], machine, at, target, who)
    if action.get("exec"):
        return _exec_hook(action["exec"].get("command") or [], machine, at, target, who)
    return Hooked(machine, 0)


def _exec_hook(command: list[str], machine: Machine, at: int, target: Target, who: str) -> Hooked:
    after, done = machine.execute(target.container["name"], command, at, target.outside, timeout=HOOK_PATIENCE)
    if done.error:
        return Hooked(after, done.took, f'Exec lifecycle hook ([{" ".join(command)}]) {who}: {done.error}, message: ""')
    if done.code == 0:
        return Hooked(after, done.took)
    error = f"command '{' '.join(command)}' exited with {done.code}: {done.stderr}"
    message = f'"{_quoted(done.stdout + done.stderr)}"'
    return Hooked(after, done.took, f"Exec lifecycle hook ([{' '.join(command)}]) {who}: {error}, message: {message}")


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")


def _http_hook(action: Document, machine: Machine, at: int, target: Target, who: str) -> Hooked:
    """Whatever is answered is good; only that nothing is answered is a failure."""
    port = port_of(target.container, action.get("port"))
    path = action.get("path") or "/"
    if port is None:
        problem = _unknown_port(action.get("port")).text
        return Hooked(machine, 0, f"HTTP lifecycle hook ({path}) {who}: {problem}")
    url = url_of(action, target.ip, port)
    answer = _get(url, action, machine, at, None, target, "lifecycle")
    problem = _http_complaint(url, answer) if isinstance(answer, Failure) else ""
    return Hooked(machine, answer.took, f"HTTP lifecycle hook ({path}) {who}: {problem}" if problem else "")
