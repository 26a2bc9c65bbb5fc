"""Numbers that may be given as a percentage: maxSurge, maxUnavailable, minAvailable (apimachinery/pkg/util/intstr)."""

from __future__ import annotations

from typing import Any

from cluster.objects.field_errors import invalid
from cluster.objects.registry import FieldError


def scaled_value(value: int | str, total: int, *, round_up: bool) -> int:
    """A number as it is, a percentage of `total` rounded."""
    if isinstance(value, int):
        return value
    product = int(value.rstrip("%")) * total
    return -(-product // 100) if round_up else product // 100


def is_zero(value: int | str) -> bool:
    return value in (0, "0%")


def amount_errors(value: Any, path: str) -> list[FieldError]:
    """Complaints about what is neither a number from 0 on nor a percentage.

    ValidatePositiveIntOrPercent in pkg/apis/apps/validation/validation.go.
    """
    if isinstance(value, int):
        return [invalid(path, value, "must be greater than or equal to 0")] if value < 0 else []
    number = str(value).removesuffix("%")
    if str(value).endswith("%") and number.isascii() and number.isdigit():
        return []
    complaint = (
        "a valid percent string must be a numeric string followed by an ending '%' "
        "(e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"
    )
    return [invalid(path, value, complaint)]


def over_100_percent_errors(value: Any, path: str) -> list[FieldError]:
    """A complaint about a percentage above 100 (IsNotMoreThan100Percent)."""
    if isinstance(value, str) and value[:-1].isdigit() and int(value[:-1]) > 100:
        return [invalid(path, value, "must not be greater than 100%")]
    return []
