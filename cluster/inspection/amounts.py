"""CPU and memory of a container: what it asked for, what it may have, what it uses."""

from __future__ import annotations

from typing import Any

from cluster.apiserver.reader import Reader
from cluster.machinery import usage
from cluster.objects import quantity
from cluster.objects.documents import Document
from cluster.objects.kinds import pod as pods
from cluster.objects.pod_amounts import container_amounts

Row = dict[str, Any]
_UNITS = {"cpu": quantity.milli_value, "memory": quantity.value}


def rows(view: Reader, pod: Document, container: Document) -> list[Row]:
    """CPU (millicores), then memory (bytes): {resource, request, limit, used, wanted: what it does not get}."""
    found = next((one for one in usage.details(view, pod) if one.container == container["name"]), None)
    taken = {"cpu": found.cpu, "memory": found.memory} if found is not None else {}
    wanted = {"cpu": found.wanted_cpu, "memory": 0} if found is not None else {}
    return [
        {
            "resource": name, "request": _amount(container, "requests", name), "limit": _amount(container, "limits", name),
            "used": taken.get(name), "wanted": max(0, wanted.get(name, 0) - taken.get(name, 0)),
        }
        for name in _UNITS
    ]


def serving(view: Reader, pod: Document, container: Document) -> Row | None:
    """What requests do to a running container: {rate, answer, line, refused, throttled, killed_at}; None without any.

    Rates per 1,000 s, `answer` in ms, `throttled` in thousandths, `killed_at` when its memory will be used up.
    """
    found = next((one for one in usage.details(view, pod) if one.container == container["name"]), None)
    if found is None or not (found.rate or found.line or found.throttled):
        return None
    return {
        "rate": found.rate, "answer": found.answer, "line": found.line, "refused": found.refused, "throttled": found.throttled,
        "killed_at": usage.killed_at(view, pod, container),
    }


def _amount(container: Document, group: str, name: str) -> int | None:
    found = container_amounts(container, group).get(name)
    return None if found is None else _UNITS[name](found)


def quality(pod: Document) -> Row:
    """The QoS class with the reason: `what` is "all", "none" or the first thing that Guaranteed lacks."""
    found = pods.qos_class(pod)
    if found != "Burstable":
        return {"class": found, "container": "", "resource": "", "lacks": ""}
    for container in (*pods.containers(pod), *pods.init_containers(pod)):
        limits, requests = container_amounts(container, "limits"), container_amounts(container, "requests")
        for name in _UNITS:
            if name not in limits:
                return {"class": found, "container": container["name"], "resource": name, "lacks": "limit"}
            if name in requests and quantity.compare(requests[name], limits[name]):
                return {"class": found, "container": container["name"], "resource": name, "lacks": "equal"}
    return {"class": found, "container": "", "resource": "", "lacks": ""}
