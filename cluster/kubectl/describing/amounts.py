"""What Pods ask for, beside what there is."""

from __future__ import annotations

from cluster.objects import quantity
from cluster.objects.pod_amounts import Amounts, pod_limits, pod_requests

__all__ = ["Amounts", "pod_limits", "pod_requests", "share"]


def share(amounts: Amounts, name: str, available: dict[str, str]) -> str:
    """`100m (2%)`: an amount and its part of what is available, rounded down."""
    amount = amounts.get(name, "0")
    units = quantity.milli_value if name == "cpu" else quantity.value
    whole = units(available.get(name, "0"))
    percent = units(amount) * 100 // whole if whole else 0
    return f"{quantity.canonical(amount)} ({percent}%)"
