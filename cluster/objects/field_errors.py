"""Makers of validation's complaints, worded as apimachinery/pkg/util/validation/field/errors.go does."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from cluster.objects.registry import FieldError

IMMUTABLE = "field is immutable"
_ESCAPED = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}


def _shown(value: Any) -> str:
    """A value as Go's JSON shows it: compact, with keys in the order of the document, and within objects without < > and &."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return text if isinstance(value, str) else text.translate(_ESCAPED)


def invalid(field: str, value: Any, detail: str) -> FieldError:
    """A value of the wrong form or out of bounds."""
    return FieldError("FieldValueInvalid", field, f"Invalid value: {_shown(value)}: {detail}")


def required(field: str, detail: str = "") -> FieldError:
    """A value that is missing or empty."""
    return FieldError("FieldValueRequired", field, "Required value" + (f": {detail}" if detail else ""))


def forbidden(field: str, detail: str) -> FieldError:
    """A well-formed value that is not allowed here."""
    return FieldError("FieldValueForbidden", field, f"Forbidden: {detail}")


def duplicate(field: str, value: Any) -> FieldError:
    """A second value where each must be unique."""
    return FieldError("FieldValueDuplicate", field, f"Duplicate value: {_shown(value)}")


def not_supported(field: str, value: Any, supported: Iterable[str]) -> FieldError:
    """A value outside an enumeration; the supported ones are listed in the order given."""
    listed = ", ".join(_shown(name) for name in supported)
    detail = f"Unsupported value: {_shown(value)}: supported values: {listed}"
    return FieldError("FieldValueNotSupported", field, detail)


def not_found(field: str, value: Any) -> FieldError:
    """A reference to something that does not exist in the same object."""
    return FieldError("FieldValueNotFound", field, f"Not found: {_shown(value)}")


def too_many(field: str, count: int, limit: int) -> FieldError:
    """A list with more than `limit` items."""
    return FieldError("FieldValueTooMany", field, f"Too many: {count}: must have at most {limit} items")


def too_long(field: str, limit: int) -> FieldError:
    """More than `limit` bytes."""
    return FieldError("FieldValueTooLong", field, f"Too long: may not be more than {limit} bytes")
