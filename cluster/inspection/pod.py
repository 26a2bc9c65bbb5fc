"""A Pod from the inside: its sandbox, containers, volumes, conditions and events, and what it waits for.

The answer to {"type": "inspect", "ref": "pods/default/web-1", "revision": 41}. Everything is data; times are virtual ms.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cluster.apiserver.reader import Reader
from cluster.inspection import amounts, containers, notes, standing, volumes
from cluster.inspection.inside import Inside
from cluster.kubelet import inspect as kubelet
from cluster.objects import metadata
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import pod as pods

EVENTS = 30
# Of running processes one looks again after so many ms.
AGAIN = 5_000

Row = dict[str, Any]


def inspect(view: Reader, pod: Document, extra_images: Mapping[str, int]) -> Row:
    """Everything that the Pod view shows of a Pod at the time of `view`."""
    inside = Inside(view, pod)
    rows = containers.rows(view, pod, inside, extra_images)
    return {
        "name": metadata.name(pod),
        "namespace": metadata.namespace(pod),
        "uid": metadata.uid(pod),
        "phase": pods.phase(pod),
        "policy": dig(pod, "spec", "restartPolicy", default="Always"),
        "sentences": standing.sentences(view, pod, rows),
        "sandbox": _sandbox(view, pod),
        "containers": rows,
        "volumes": volumes.of_pod(view, pod, inside),
        "quality": amounts.quality(pod),
        "conditions": [_condition(one) for one in dig(pod, "status", "conditions", default=[])],
        "events": [_event(one) for one in _newest_events(view, pod)],
        "leaves": containers.moment(pod["metadata"].get("deletionTimestamp")),
        "next": _next_change(rows, view.now),
    }


def _sandbox(view: Reader, pod: Document) -> Row:
    """The pause container that holds the Pod's network namespace: it is there before and after all others."""
    found = notes.runtime(view, pod)
    operation = kubelet.operation(view, pod) or {}
    return {
        "since": dig(found, "sandbox", "since"),
        "attempt": dig(found, "sandbox", "attempt", default=0),
        "making": operation.get("what") == "sandbox",
        "ip": pods.ip(pod),
        "node": pods.node_name(pod),
        "host_network": bool(dig(pod, "spec", "hostNetwork", default=False)),
        "shares_processes": bool(dig(pod, "spec", "shareProcessNamespace", default=False)),
        "grace": dig(pod, "spec", "terminationGracePeriodSeconds", default=30),
    }


def _condition(condition: Document) -> Row:
    return {
        "type": condition["type"], "status": condition["status"], "reason": condition.get("reason", ""),
        "message": condition.get("message", ""), "since": containers.moment(condition.get("lastTransitionTime")),
    }


def _newest_events(view: Reader, pod: Document) -> list[Document]:
    found = sorted(view.events_regarding(metadata.uid(pod)), key=lambda event: int(event["metadata"]["resourceVersion"]))
    return found[: -EVENTS - 1 : -1]


def _event(event: Document) -> Row:
    return {
        "at": containers.seen(event), "type": event["type"], "reason": event["reason"], "message": event["message"],
        "count": dig(event, "series", "count") or event.get("count") or 1,
    }


def _next_change(rows: list[Row], now: int) -> int | None:
    """When something may be different that no step tells of: the next probe, or what processes do meanwhile."""
    probes = [probe["next"] for row in rows for probe in row["probes"] if probe["next"] is not None]
    again = [now + AGAIN] if any(row["processes"] for row in rows) else []
    return min([*probes, *again], default=None)
