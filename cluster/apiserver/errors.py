"""Errors of the API server, in its own words (apimachinery/pkg/api/errors/errors.go)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cluster.objects.documents import Document
from cluster.objects.registry import FieldError, Kind


class APIError(Exception):
    """A refusal: HTTP `code`, machine-readable `reason`, `message` for people, `details` for clients."""

    def __init__(self, code: int, reason: str, message: str, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details or {}

    def status(self) -> Document:
        """The `Status` document that a client receives."""
        status: Document = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "code": self.code,
        }
        if self.details:
            status["details"] = self.details
        return status


def _details(kind: Kind, name: str) -> dict[str, Any]:
    return {"name": name, "group": kind.group, "kind": kind.plural} if kind.group else {"name": name, "kind": kind.plural}


def not_found(kind: Kind, name: str) -> APIError:
    return APIError(404, "NotFound", f'{kind.resource} "{name}" not found', _details(kind, name))


def already_exists(kind: Kind, name: str) -> APIError:
    return APIError(409, "AlreadyExists", f'{kind.resource} "{name}" already exists', _details(kind, name))


OBJECT_MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"


def conflict(kind: Kind, name: str, why: str = OBJECT_MODIFIED) -> APIError:
    message = f'Operation cannot be fulfilled on {kind.resource} "{name}": {why}'
    return APIError(409, "Conflict", message, _details(kind, name))


def forbidden(kind: Kind, name: str, why: str, causes: Sequence[dict[str, str]] = ()) -> APIError:
    details = _details(kind, name)
    if causes:
        details["causes"] = list(causes)
    subject = f'{kind.resource} "{name}"' if name else kind.resource
    return APIError(403, "Forbidden", f"{subject} is forbidden: {why}", details)


def invalid(kind: Kind, name: str, errors: Sequence[FieldError]) -> APIError:
    """422: several complaints are joined as `[a, b]`, equal ones are named once."""
    texts = list(dict.fromkeys(str(error) for error in errors))
    joined = texts[0] if len(texts) == 1 else "[" + ", ".join(texts) + "]"
    details: dict[str, Any] = {
        "name": name,
        "kind": kind.kind,
        "causes": [{"reason": error.reason, "message": error.detail, "field": error.field} for error in errors],
    }
    if kind.group:
        details["group"] = kind.group
    return APIError(422, "Invalid", f'{kind.qualified_kind} "{name}" is invalid: {joined}', details)


def bad_request(message: str) -> APIError:
    return APIError(400, "BadRequest", message)


def unpatchable(kind: Kind, name: str, code: int, message: str) -> APIError:
    """A patch that cannot be applied; the code tells whose fault it is (apiserver/pkg/endpoints/handlers/patch.go)."""
    reasons = {400: "BadRequest", 413: "RequestEntityTooLarge", 422: "Invalid"}
    return APIError(code, reasons.get(code, "InternalError"), message, _details(kind, name) if code == 422 else None)


def too_many_requests(message: str, causes: Sequence[dict[str, str]] = (), retry_after: int = 0) -> APIError:
    """`retry_after`: seconds that the client is asked to wait, 0 to say nothing about it."""
    details: dict[str, Any] = {"causes": list(causes)} if causes else {}
    if retry_after:
        details["retryAfterSeconds"] = retry_after
    return APIError(429, "TooManyRequests", message, details)


def method_not_allowed(kind: Kind, verb: str) -> APIError:
    message = f"{verb} is not supported on resources of kind \"{kind.resource}\""
    return APIError(405, "MethodNotAllowed", message, {"group": kind.group, "kind": kind.plural})


def expired(message: str) -> APIError:
    """410: a watch or a continue token from before the oldest revision that is kept."""
    return APIError(410, "Expired", message)
