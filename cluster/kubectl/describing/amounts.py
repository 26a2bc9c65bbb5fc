"""What Pods ask for, as quantities that keep their spelling (component-helpers/resource/helpers.go)."""

from __future__ import annotations

from cluster.objects import quantity
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import pod as pods

Amounts = dict[str, str]


def pod_requests(pod: Document) -> Amounts:
    """What a Pod asks for, by resource."""
    return _of_pod(pod, "requests")


def pod_limits(pod: Document) -> Amounts:
    """What a Pod may use at most, by resource."""
    return _of_pod(pod, "limits")


def share(amounts: Amounts, name: str, available: dict[str, str]) -> str:
    """`100m (2%)`: an amount and its part of what is available, rounded down."""
    amount = amounts.get(name, "0")
    units = quantity.milli_value if name == "cpu" else quantity.value
    whole = units(available.get(name, "0"))
    percent = units(amount) * 100 // whole if whole else 0
    return f"{quantity.canonical(amount)} ({percent}%)"


def _of_pod(pod: Document, field: str) -> Amounts:
    total: Amounts = {}
    for container in pods.containers(pod):
        _add(total, _of_container(container, field))
    beside: Amounts = {}
    peak: Amounts = {}
    for container in pods.init_containers(pod):
        wanted = dict(_of_container(container, field))
        if pods.is_sidecar(container):
            _add(total, wanted)
            _add(beside, wanted)
            _raise_to(peak, beside)
        else:
            _add(wanted, beside)
            _raise_to(peak, wanted)
    _raise_to(total, peak)
    total.update(dig(pod, "spec", "resources", field, default={}))
    overhead: Amounts = dig(pod, "spec", "overhead", default={})
    _add(total, {name: amount for name, amount in overhead.items() if field == "requests" or name in total})
    return total


def _of_container(container: Document, field: str) -> Amounts:
    found: Amounts = dig(container, "resources", field, default={})
    return found


def _add(total: Amounts, more: Amounts) -> None:
    for name, amount in more.items():
        total[name] = quantity.add(total.get(name, "0"), amount)


def _raise_to(total: Amounts, other: Amounts) -> None:
    for name, amount in other.items():
        if quantity.compare(total.get(name, "0"), amount) < 0:
            total[name] = amount
