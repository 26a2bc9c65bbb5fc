"""Requests between containers, and the world outside of a Pod as its processes reach it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol


class Request(NamedTuple):
    """Something sent to a port: an HTTP request, a database's command (in `body`), a mere connection ("tcp")."""

    protocol: str  # http, https, redis, mysql, postgres, tcp, udp, ping
    host: str  # as it was typed: a name or an address
    port: int
    at: int  # virtual ms
    method: str = "GET"
    path: str = "/"
    headers: Mapping[str, str] = {}
    body: str = ""
    timeout: int | None = None  # ms
    source: str = ""  # the address that it comes from


class Response(NamedTuple):
    """What a server answered."""

    status: int = 200
    headers: Mapping[str, str] = {}
    body: str = ""
    took: int = 1  # ms
    address: str = ""  # who answered


class Failure(NamedTuple):
    """Why there was no answer."""

    kind: str  # "refused", "timeout", "unknown-host", "unreachable", "reset"
    took: int = 1  # ms
    address: str = ""


class Outside(Protocol):
    """The world beyond the Pod, as its network shows it."""

    def resolve(self, name: str, at: int) -> Sequence[str] | None:
        """The addresses of a name as the cluster's DNS knows them; None when there is no such name."""

    def request(self, request: Request) -> Response | Failure:
        """Send a request to a host that is not this Pod itself."""


class Nowhere:
    """An outside in which there is nothing: names are unknown, addresses do not answer."""

    def resolve(self, name: str, at: int) -> Sequence[str] | None:
        return None

    def request(self, request: Request) -> Response | Failure:
        known = request.host.replace(".", "").isdecimal()
        return Failure("timeout", request.timeout or 130_000, request.host) if known else Failure("unknown-host")
