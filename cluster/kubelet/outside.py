"""The network as the processes of a Pod meet it: names, Services, other Pods, nodes and the world outside.

A request to a Service goes the way of its node's kube-proxy rules; what answers is a machine as well, as it is at that time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from cluster.apiserver.reader import Reader
from cluster.containers.machine import Failure, Request, Response
from cluster.kubelet import runtime
from cluster.machinery import dns
from cluster.objects import metadata
from cluster.objects.documents import Key, dig
from cluster.objects.kinds import pod as pods

RULES = "host/iptables"
API_SERVER_PORT = 6443
CONTROL_PLANE = "node-role.kubernetes.io/control-plane"
# How long a connection is tried that nobody answers (ms): the kernel's six retries.
NO_ANSWER = 130_000
# A request answered by a machine that asks further goes so deep.
DEEPEST = 4
# So much of a body is remembered.
MOST_KEPT = 4_096
_UNAUTHORIZED = (
    '{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Unauthorized","reason":"Unauthorized","code":401}\n'
)


Heard = dict[str, dict[str, Any]]


class Network:
    """The world beyond one Pod (an `Outside`).

    `heard` holds what was answered, as JSON: {"names": {name: addresses}, "answers": {request: answer}}.
    """

    def __init__(self, view: Reader, node: str, address: str, depth: int = 0) -> None:
        self._view, self._node, self._address, self._depth = view, node, address, depth
        self.heard: Heard = {"names": {}, "answers": {}}

    def resolve(self, name: str, at: int) -> Sequence[str] | None:
        found = dns.resolve(self._view, name)
        self.heard["names"][name] = found
        return found

    def request(self, request: Request) -> Response | Failure:
        answer = self._answer(request)
        if isinstance(answer, Response):
            kept = ["response", answer.status, dict(answer.headers), answer.body[:MOST_KEPT], answer.took, answer.address]
        else:
            kept = ["failure", *answer]
        self.heard["answers"][_question(request)] = kept
        return answer

    def signature(self, heard: Heard) -> list[Any]:
        """What the answers depend on, as it is now: as long as it is the same, everything would be answered alike."""
        hosts = {*heard["names"], *(question.split()[1] for question in heard["answers"])}
        found = []
        for host in sorted(hosts):
            addresses = [host] if _is_address(host) else dns.resolve(self._view, host) or []
            found.append([host, *addresses, *(behind for address in addresses for behind in self._behind(address))])
        return found

    def _behind(self, address: str) -> list[str]:
        """The endpoints of a Service's address, and the Pod that has one."""
        rules = self._view.host(RULES, (self._node,)) or {"ports": []}
        ends = [end for port in rules["ports"] if port["ip"] == address for end in port.get("cluster", ())]
        key = runtime.by_address(self._view.world).get(address)
        if key is None:
            return ends
        records = self._view.host(runtime.CONTAINERS, key)["containers"]
        return [*ends, *key, *(f"{name} {record['state']} {record['attempt']}" for name, record in records.items())]

    def _answer(self, request: Request) -> Response | Failure:
        address = request.host
        if not _is_address(address):
            found = dns.resolve(self._view, request.host)
            if not found:
                return Failure("unknown-host")
            address = found[_choice(len(found), request, self._address)]
        return self._send(address, request)

    def _send(self, address: str, request: Request) -> Response | Failure:
        target = self._behind_service(address, request)
        if target is None:
            return Failure("refused", address=address)
        host, port = target
        arrived = request._replace(port=port, source=request.source or self._address)
        if dns.is_outside(host):
            return _from_outside(request, host)
        found = runtime.by_address(self._view.world).get(host)
        if found is not None:
            return self._at_pod(found, host, arrived)
        node = self._node_with(host)
        if node is not None:
            return self._at_node(node, host, arrived)
        return Failure("timeout", _patience(request), host)

    # --- services --------------------------------------------------------------------------------------------------

    def _behind_service(self, address: str, request: Request) -> tuple[str, int] | None:
        """Where the rules of the node send a packet; None when they reject it."""
        rules = self._view.host(RULES, (self._node,)) or {"ports": []}
        protocol = "udp" if request.protocol == "udp" else "tcp"
        for port in rules["ports"]:
            if port["protocol"] == protocol and self._is_meant(port, address, request.port):
                local = port.get("internalLocal") and port["ip"] == address
                ends = port.get("local" if local else "cluster") or []
                if not ends:
                    return None
                host, _, number = ends[_choice(len(ends), request, self._address, bool(port.get("affinity")))].rpartition(":")
                return host, int(number)
        return address, request.port

    def _is_meant(self, port: dict[str, Any], address: str, number: int) -> bool:
        if number == port["port"] and address in (port["ip"], *port.get("externalIPs", ()), *port.get("loadBalancerIPs", ())):
            return True
        return number == port.get("nodePort") and self._node_with(address) is not None

    # --- who answers -----------------------------------------------------------------------------------------------

    def _at_pod(self, key: Key, address: str, request: Request) -> Response | Failure:
        node, uid = key
        if self._view.is_off(f"node/{node}") or self._depth >= DEEPEST:
            return Failure("timeout", _patience(request), address)
        row = self._view.host(runtime.CONTAINERS, key)
        pod = self._view.world.row("pods", tuple(row["pod"]))
        site = runtime.site_of(self._view, pod, node) if pod is not None and pods.runtime_uid(pod) == uid else None
        if site is None:
            return Failure("refused", address=address)
        beyond = Network(self._view, node, address, self._depth + 1)
        machine = runtime.present(self._view, site, request.at, beyond).own
        answer = machine.serve(request, beyond)[1]
        return answer._replace(address=answer.address or address)

    def _node_with(self, address: str) -> str | None:
        for (name,), machine in self._view.hosts(runtime.MACHINES):
            if machine["ip"] == address:
                return str(name)
        return None

    def _at_node(self, node: str, address: str, request: Request) -> Response | Failure:
        """A machine: the API server on a control plane's, and Pods on its own network."""
        if self._view.is_off(f"node/{node}"):
            return Failure("timeout", _patience(request), address)
        if request.port == API_SERVER_PORT and _is_control_plane(self._view, node):
            if request.protocol == "http":
                return Response(400, {}, "Client sent an HTTP request to an HTTPS server.\n", address=address)
            return Response(401, {"content-type": "application/json"}, _UNAUTHORIZED, address=address)
        for pod in self._view.pods_on(node):
            if dig(pod, "spec", "hostNetwork"):
                answer = self._at_pod((node, pods.runtime_uid(pod)), address, request)
                if isinstance(answer, Response):
                    return answer
        return Failure("refused", address=address)


class Recalled:
    """The network as it was: what was asked before is answered as it was then, the rest as it is now."""

    def __init__(self, heard: Heard, now: Network) -> None:
        self._heard, self._now = heard, now

    def resolve(self, name: str, at: int) -> Sequence[str] | None:
        names = self._heard["names"]
        return names[name] if name in names else self._now.resolve(name, at)

    def request(self, request: Request) -> Response | Failure:
        found = self._heard["answers"].get(_question(request))
        if found is None:
            return self._now.request(request)
        return Response(*found[1:]) if found[0] == "response" else Failure(*found[1:])


def _question(request: Request) -> str:
    return f"{request.protocol} {request.host} {request.port} {request.method} {request.path} {request.body[:100]}"


def _is_control_plane(view: Reader, node: str) -> bool:
    document = view.world.row("nodes", ("", node))
    return document is not None and CONTROL_PLANE in metadata.labels(document)


def _is_address(host: str) -> bool:
    return host.replace(".", "").isdecimal() and host.count(".") == 3


def _patience(request: Request) -> int:
    return NO_ANSWER if request.timeout is None else request.timeout


def _choice(count: int, request: Request, source: str, sticky: bool = False) -> int:
    """Which of several is taken: as good as chance, but the same for the same packet; `sticky`: the same for a client."""
    what = source if sticky else f"{source} {request.at} {request.host} {request.port} {request.path}"
    return int.from_bytes(hashlib.sha256(what.encode()).digest()[:4], "big") % count


def _from_outside(request: Request, address: str) -> Response | Failure:
    """The world outside has web servers and nothing else."""
    if request.protocol not in ("http", "https", "tcp", "ping") or (request.protocol != "ping" and request.port not in (80, 443)):
        return Failure("timeout", _patience(request), address)
    title = request.headers.get("Host", request.host)
    body = f"<!DOCTYPE html>\n<html><head><title>{title}</title></head><body>A page of the world outside.</body></html>\n"
    return Response(200, {"content-type": "text/html"}, body, took=40, address=address)
