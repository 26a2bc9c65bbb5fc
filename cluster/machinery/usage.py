"""What Pods use, as a metrics server would tell: computed when somebody asks, from the load on Services.

Load is a row of host/load, (namespace, name of a Service): requests per second and the CPU time of one. Every ready Pod
of the Service takes an equal part; a Pod cannot use more CPU than its containers are limited to. metrics-server scrapes
every 15 s and needs two scrapes of a container, so a young one is not known yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from cluster.apiserver.reader import Reader
from cluster.objects import metadata, quantity, times
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import pod as pods
from cluster.objects.kinds import service as services
from cluster.objects.pod_amounts import container_amounts

LOAD = "host/load"
WINDOW = 15 * times.SECOND
# What a container uses that has nothing to do.
IDLE_CPU = 1  # millicores
IDLE_MEMORY = 8 << 20
COST = "5m"  # CPU seconds of one request, unless the load says otherwise


class Usage(NamedTuple):
    """What one container uses: millicores and bytes."""

    container: str
    cpu: int
    memory: int


def load_key(namespace: str, service: str) -> tuple[str, str, str]:
    """Table and key of the load on a Service, as write_row takes them."""
    return LOAD, namespace, service


def scraped_at(now: int) -> int:
    """When the metrics server looked last."""
    return now // WINDOW * WINDOW


def of_pod(reader: Reader, pod: Document) -> list[Usage] | None:
    """What a Pod's containers use; None while nobody knows."""
    if pods.phase(pod) != "Running" or metadata.is_being_deleted(pod):
        return None
    running = [container for container in pods.containers(pod) if _is_known(pod, container, reader.now)]
    if len(running) < len(pods.containers(pod)):
        return None
    extra = _load_of(reader, pod)
    share = extra / len(running)
    return [
        Usage(container["name"], _limited(container, IDLE_CPU + share), IDLE_MEMORY) for container in running
    ]


def known_from(pod: Document) -> int | None:
    """When the metrics server will know a running Pod; None while a container does not run."""
    starts = [_started(pod, container) for container in pods.containers(pod)]
    known = [start for start in starts if start is not None]
    if len(known) < len(starts) or not known:
        return None
    return -(-(max(known) + WINDOW) // WINDOW) * WINDOW


def _is_known(pod: Document, container: Document, now: int) -> bool:
    started = _started(pod, container)
    return started is not None and started + WINDOW <= scraped_at(now)


def _started(pod: Document, container: Document) -> int | None:
    status = pods.container_status(pod, container["name"])
    started = dig(status, "state", "running", "startedAt")
    return times.parse(started) if started else None


def _load_of(reader: Reader, pod: Document) -> Fraction:
    """The millicores that requests cost a Pod."""
    if not pods.is_ready(pod):
        return Fraction(0)
    return sum((_share(reader, service, load) for service, load in _loads(reader, pod)), Fraction(0))


def _loads(reader: Reader, pod: Document) -> Iterator[tuple[Document, dict[str, str]]]:
    namespace = metadata.namespace(pod)
    for (_, name), load in reader.hosts(LOAD, namespace):
        service = reader.get("services", namespace, name)
        if service is not None and services.selector(service) and services.selects(service, pod):
            yield service, load


def _share(reader: Reader, service: Document, load: dict[str, str]) -> Fraction:
    there = [
        pod for pod in reader.list("pods", metadata.namespace(service))
        if services.selects(service, pod) and pods.is_ready(pod) and not metadata.is_being_deleted(pod)
    ]
    whole = quantity.parse(load["rate"]) * quantity.parse(load["cost"]) * 1000
    return whole / len(there) if there else Fraction(0)


def _limited(container: Document, millicores: Fraction) -> int:
    limit = container_amounts(container, "limits").get("cpu")
    return int(millicores) if limit is None else min(int(millicores), quantity.milli_value(limit))
