"""Requests and answers as the transport hands them over and takes them back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from cluster.apiserver.errors import APIError

JSON = "application/json"
TEXT = "text/plain; charset=utf-8"
# Real servers take so much (apiserver/pkg/server/config.go, MaxRequestBodyBytes).
MOST_BODY = 3 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request below a cluster's address. Names of headers are in lower case."""

    method: str
    path: str  # "/api/v1/namespaces/default/pods"
    query: Mapping[str, Sequence[str]] = field(default_factory=dict)  # what stands behind the question mark, decoded
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def parameters(self) -> Parameters:
        return Parameters(self.query)

    def header(self, name: str) -> str:
        return self.headers.get(name, "")


class Parameters:
    """What stands behind the question mark."""

    def __init__(self, values: Mapping[str, Sequence[str]]) -> None:
        self._values = values

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str) -> str:
        """The first value, "" without one."""
        return next(iter(self._values.get(name, ())), "")

    def all(self, name: str) -> Sequence[str]:
        return self._values.get(name, ())

    def on(self, name: str) -> bool:
        """Whether a switch is set: as Go reads booleans, and also when the name stands alone."""
        return name in self._values and self.text(name).lower() not in ("0", "f", "false")

    def number(self, name: str) -> int | None:
        """A whole number, None without one; raises BadRequest for anything else."""
        text = self.text(name)
        if not text:
            return None
        try:
            return int(text)
        except ValueError as problem:
            why = f'strconv.ParseInt: parsing "{text}": invalid syntax'
            raise APIError(400, "BadRequest", f"unable to decode query parameter {name}: {why}") from problem


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer."""

    code: int
    body: bytes
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()


def answer(document: Any, code: int = 200, warnings: Sequence[str] = ()) -> Response:
    """A document as an answer; each warning becomes a header (RFC 7234, code 299)."""
    headers = tuple(("Warning", f'299 - "{_quoted(warning)}"') for warning in warnings)
    return Response(code, orjson.dumps(document) + b"\n", headers=headers)


def refusal(error: APIError) -> Response:
    """An error as the `Status` that clients understand."""
    after = error.details.get("retryAfterSeconds")
    headers = (("Retry-After", str(after)),) if after else ()
    return Response(error.code, orjson.dumps(error.status()) + b"\n", headers=headers)


def text(words: str, code: int = 200) -> Response:
    return Response(code, words.encode(), TEXT)


def _quoted(words: str) -> str:
    return "".join(character for character in words if character.isprintable()).replace("\\", "\\\\").replace('"', '\\"')
