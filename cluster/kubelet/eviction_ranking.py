"""Which Pod goes first when a node runs out of something, and what it is told.

pkg/kubelet/eviction/helpers.go (rankMemoryPressure, rankDiskPressureFunc, evictionMessage).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from cluster.kubelet.eviction_signals import Signal, Stats
from cluster.objects import metadata, quantity
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import pod as pods
from cluster.objects.pod_amounts import container_amounts

# From this priority on a Pod is critical (pkg/apis/scheduling: SystemCriticalPriority).
CRITICAL_PRIORITY = 2_000_000_000


class Candidate(NamedTuple):
    """A Pod in the order of eviction, with what put it there."""

    stats: Stats
    used: int  # bytes
    request: int  # bytes
    priority: int

    @property
    def pod(self) -> Document:
        return self.stats.pod

    @property
    def exceeds(self) -> bool:
        return self.used > self.request

    @property
    def why(self) -> dict[str, Any]:
        """The facts of the ranking, for the record of the decision."""
        return {
            "pod": f"pods/{metadata.namespace(self.pod)}/{metadata.name(self.pod)}", "used": self.used,
            "request": self.request, "priority": self.priority, "exceeds": self.exceeds, "critical": is_critical(self.pod),
            "qos": pods.qos_class(self.pod),
        }


def is_critical(pod: Document) -> bool:
    """Whether a Pod is never evicted: a static one, or one of a system priority (pkg/kubelet/types/pod_update.go)."""
    return pods.is_mirror(pod) or pods.priority(pod) >= CRITICAL_PRIORITY


def ranked(taken: Iterable[Stats], resource: str) -> list[Candidate]:
    """The order of eviction: above its request first, then of lower priority, then with more above its request."""
    found = [
        Candidate(each, each.used(resource), pods.requests(each.pod).get(resource, 0), pods.priority(each.pod))
        for each in taken
    ]
    return sorted(found, key=lambda one: (not one.exceeds, one.priority, one.request - one.used))


def message(candidate: Candidate, signal: Signal) -> str:
    """`status.message` of a Pod that goes because its node runs out of something."""
    text = (
        f"The node was low on resource: {signal.resource}. "
        f"Threshold quantity: {in_binary(signal.threshold)}, available: {in_binary(signal.available)}. "
    )
    request = dig(candidate.pod, "spec", "resources", "requests", signal.resource)
    if request is not None and signal.resource == "memory":
        name = metadata.name(candidate.pod)
        text += _larger("Pod", name, candidate.used, request, signal.resource)
    for container in [*pods.containers(candidate.pod), *pods.init_containers(candidate.pod)]:
        used = candidate.stats.used_by(container["name"], signal.resource)
        request = container_amounts(container, "requests").get(signal.resource, "0")
        if used > quantity.value(request):
            text += _larger("Container", container["name"], used, request, signal.resource)
    return text


def _larger(what: str, name: str, used: int, request: str, resource: str) -> str:
    asked = quantity.canonical(request)
    return f"{what} {name} was using {in_binary(used)}, request is {asked}, has larger consumption of {resource}. "


def in_binary(amount: int) -> str:
    """Bytes as a quantity of the largest suffix without a fraction."""
    return quantity.format(amount, quantity.Family.BINARY_SI)
