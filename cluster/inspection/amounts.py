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
    """CPU (millicores), then memory (bytes): {resource, request, limit, used}; None for what there is not or nobody knows."""
    used = next((one for one in usage.of_pod(view, pod) or [] if one.container == container["name"]), None)
    taken = {"cpu": used.cpu, "memory": used.memory} if used is not None else {}
    return [
        {
            "resource": name, "request": _amount(container, "requests", name), "limit": _amount(container, "limits", name),
            "used": taken.get(name),
        }
        for name in _UNITS
    ]


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
