"""What Pods ask for and may use, as quantities that keep their spelling (component-helpers/resource/helpers.go)."""

from __future__ import annotations

from cluster.objects import quantity
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import pod as pods

Amounts = dict[str, str]


def pod_requests(pod: Document) -> Amounts:
    """What a Pod asks for, by resource, with its overhead."""
    return _with_overhead(pod, pod_total(pod, "requests"), "requests")


def pod_limits(pod: Document) -> Amounts:
    """What a Pod may use at most, by resource, with its overhead."""
    return _with_overhead(pod, pod_total(pod, "limits"), "limits")


def pod_total(pod: Document, field: str) -> Amounts:
    """`requests` or `limits` of a Pod without its overhead: of its containers or of what is said for all of it."""
    total = pods.together(pod, lambda container: container_amounts(container, field), _add, _raise_to)
    total.update(dig(pod, "spec", "resources", field, default={}))
    return total


def container_amounts(container: Document, field: str) -> Amounts:
    """`requests` or `limits` of one container."""
    found: Amounts = dig(container, "resources", field, default={})
    return found


def _with_overhead(pod: Document, total: Amounts, field: str) -> Amounts:
    overhead: Amounts = dig(pod, "spec", "overhead", default={})
    _add(total, {name: amount for name, amount in overhead.items() if field == "requests" or name in total})
    return total


def _add(total: Amounts, more: Amounts) -> None:
    for name, amount in more.items():
        total[name] = quantity.add(total.get(name, "0"), amount)


def _raise_to(total: Amounts, other: Amounts) -> None:
    for name, amount in other.items():
        if quantity.compare(total.get(name, "0"), amount) < 0:
            total[name] = amount
