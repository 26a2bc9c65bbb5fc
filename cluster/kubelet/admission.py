"""Whether a node takes a Pod that was bound to it: the kubelet checks again what the scheduler checked.

pkg/kubelet/lifecycle/predicate.go, pkg/scheduler/eventhandlers.go (AdmissionCheck).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import NamedTuple

from cluster.objects import quantity
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import node as nodes
from cluster.objects.kinds import pod as pods
from cluster.objects.selectors import node_selector_terms_match

REASONS = {"cpu": "OutOfcpu", "memory": "OutOfmemory", "ephemeral-storage": "OutOfephemeral-storage", "pods": "OutOfpods"}


class Refusal(NamedTuple):
    reason: str
    message: str


def refusal(
    pod: Document, node: Document, others: Iterable[Document], is_admitted: Callable[[Document], bool]
) -> Refusal | None:
    """Why the node refuses the Pod; None when it takes it. `others`: Pods bound to it; only admitted ones count."""
    present = [other for other in others if other is not pod and not pods.is_terminal(other)]
    return (
        _resources(pod, node, present, is_admitted)
        or _affinity(pod, node)
        or _ports(pod, present, is_admitted)
        or _taints(pod, node)
    )


def _resources(
    pod: Document, node: Document, others: list[Document], is_admitted: Callable[[Document], bool]
) -> Refusal | None:
    allocatable = nodes.allocatable(node)
    wanted = {**_requests(pod), "pods": 1}
    for admitted_only in (False, True):
        counted = [other for other in others if is_admitted(other)] if admitted_only else others
        found = _lacking(wanted, allocatable, counted)
        if found is None:
            return None
    return found


def _lacking(wanted: dict[str, int], allocatable: dict[str, str], counted: list[Document]) -> Refusal | None:
    used = {"pods": len(counted)}
    if len(wanted) > 1:
        for other in counted:
            for name, amount in _requests(other).items():
                used[name] = used.get(name, 0) + amount
    capacities = _amounts(allocatable)
    for name in ("pods", *(name for name in wanted if name != "pods")):
        capacity, amount = capacities.get(name, 0), wanted[name]
        if amount and used.get(name, 0) + amount > capacity:
            message = (
                f"Node didn't have enough resource: {name}, requested: {amount}, "
                f"used: {used.get(name, 0)}, capacity: {capacity}"
            )
            return Refusal(REASONS.get(name, f"OutOf{name}"), message)
    return None


@lru_cache(maxsize=8192)
def _amount(name: str, text: str) -> int:
    """CPU in millicores, everything else in units."""
    return quantity.milli_value(text) if name == "cpu" else quantity.value(text)


def _amounts(quantities: dict[str, str]) -> dict[str, int]:
    return {name: _amount(name, amount) for name, amount in quantities.items()}


def _requests(pod: Document) -> dict[str, int]:
    """What a Pod reserves; the plain case is counted at once because every other Pod of the node is counted, too."""
    spec = pod["spec"]
    if "initContainers" in spec or "overhead" in spec or "resources" in spec:
        return pods.requests(pod)
    total: dict[str, int] = {}
    for container in spec["containers"]:
        for name, amount in ((container.get("resources") or {}).get("requests") or {}).items():
            total[name] = total.get(name, 0) + _amount(name, amount)
    return total


def _affinity(pod: Document, node: Document) -> Refusal | None:
    labels = node["metadata"].get("labels") or {}
    selector = dig(pod, "spec", "nodeSelector", default={})
    required = dig(
        pod, "spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"
    )
    fields = {"metadata.name": node["metadata"]["name"]}
    fits = all(labels.get(name) == value for name, value in selector.items())
    if fits and (required is None or node_selector_terms_match(required, labels, fields)):
        return None
    message = "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector"
    return Refusal("NodeAffinity", message)


def _ports(pod: Document, others: list[Document], is_admitted: Callable[[Document], bool]) -> Refusal | None:
    wanted = _host_ports(pod)
    if not wanted:
        return None
    for other in others:
        if wanted & _host_ports(other) and is_admitted(other):
            message = "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports"
            return Refusal("NodePorts", message)
    return None


def _host_ports(pod: Document) -> set[tuple[str, int]]:
    return {
        (port.get("protocol", "TCP"), port["hostPort"])
        for container in pods.containers(pod) for port in container.get("ports") or [] if port.get("hostPort")
    }


def _taints(pod: Document, node: Document) -> Refusal | None:
    for taint in nodes.taints(node):
        if taint["effect"] == "NoExecute" and not pods.tolerates_taint(pod, taint):
            message = "Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate"
            return Refusal("TaintToleration", message)
    return None
