"""How much of each resource a pod asks for and a node has: whole numbers, CPU in millicores, everything else in units.

Facts: component-helpers/resource/helpers.go, pkg/scheduler/framework/types.go, pkg/scheduler/util/pod_resources.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from cluster.objects import quantity
from cluster.objects.documents import Document, dig

CPU = "cpu"
MEMORY = "memory"
EPHEMERAL_STORAGE = "ephemeral-storage"
PODS = "pods"
HUGE_PAGES_PREFIX = "hugepages-"

Amounts = dict[str, int]

# A container that asks for no CPU or memory counts this much when nodes are scored, so that such pods do not all land
# on one node.
NON_ZERO_DEFAULTS: Mapping[str, int] = {CPU: 100, MEMORY: 200 * 1024 * 1024}


@lru_cache(maxsize=8192)
def _milli(text: str) -> int:
    return quantity.milli_value(text)


def _whole(milli: int) -> int:
    return -(-milli // 1000)


def is_scalar(name: str) -> bool:
    """Whether a resource is neither CPU, memory, ephemeral storage nor the pod count."""
    return name not in (CPU, MEMORY, EPHEMERAL_STORAGE, PODS)


def amounts(quantities: Mapping[str, Any] | None) -> Amounts:
    """A ResourceList as whole numbers: millicores for CPU, bytes or pieces for everything else, rounded up."""
    return _from_milli(_all_milli(quantities))


def pod_requests(pod: Document) -> Amounts:
    """What a pod reserves on its node: all containers or the largest init container, with sidecars and overhead."""
    return _from_milli(_pod_milli(pod, {}))


def placed_non_zero_requests(pod: Document) -> Amounts:
    """CPU and memory that a placed pod counts for in scores: missing requests count as `NON_ZERO_DEFAULTS`."""
    defaults = NON_ZERO_DEFAULTS
    if _has_pod_level_requests(pod):
        # The pod's own total is known then; only what nobody asked for is guessed.
        asked = _pod_milli(pod, {})
        defaults = {name: amount for name, amount in defaults.items() if name not in asked}
    return _from_milli(_pod_milli(pod, defaults))


def incoming_non_zero_requests(pod: Document) -> Amounts:
    """What the pod to be scheduled counts for when free room is scored.

    Only its containers and overhead: kube-scheduler 1.36 does not hand this score the pod-level requests.
    """
    total = _containers_milli(pod, _in_milli(NON_ZERO_DEFAULTS))
    _add(total, _all_milli(dig(pod, "spec", "overhead")))
    return _from_milli(total)


def _all_milli(quantities: Mapping[str, Any] | None) -> Amounts:
    return {name: _milli(str(text)) for name, text in (quantities or {}).items()}


def _in_milli(amounts: Mapping[str, int]) -> Amounts:
    return {name: amount if name == CPU else amount * 1000 for name, amount in amounts.items()}


def _from_milli(milli: Amounts) -> Amounts:
    return {name: amount if name == CPU else _whole(amount) for name, amount in milli.items()}


def _pod_milli(pod: Document, defaults: Mapping[str, int]) -> Amounts:
    total = _containers_milli(pod, _in_milli(defaults))
    if _has_pod_level_requests(pod):
        total.update(_pod_level_milli(pod))
    _add(total, _all_milli(dig(pod, "spec", "overhead")))
    return total


def _containers_milli(pod: Document, missing: Amounts) -> Amounts:
    statuses = _container_statuses(pod)
    infeasible = _is_resize_infeasible(pod)
    total: Amounts = {}
    for container in pod["spec"].get("containers") or []:
        _add(total, missing | _container_milli(container, statuses, infeasible))

    sidecars: Amounts = {}
    peak: Amounts = {}
    for container in pod["spec"].get("initContainers") or []:
        is_sidecar = container.get("restartPolicy") == "Always"
        asked = missing | _container_milli(container, statuses if is_sidecar else {}, infeasible)
        if is_sidecar:
            # It keeps running: beside the later init containers, and beside the containers.
            _add(total, asked)
            _add(sidecars, asked)
            asked = sidecars
        else:
            asked = dict(asked)
            _add(asked, sidecars)
        _raise_to(peak, asked)
    _raise_to(total, peak)
    return total


def _container_milli(container: Document, statuses: Mapping[str, Document], infeasible: bool) -> Amounts:
    """A container's requests; while it is resized in place the larger of wish and reality counts."""
    asked = _all_milli(dig(container, "resources", "requests"))
    status = statuses.get(container["name"])
    if status is None or not status.get("resources"):
        return asked
    if infeasible:
        asked = {}
    _raise_to(asked, _all_milli(dig(status, "resources", "requests")))
    _raise_to(asked, _all_milli(status.get("allocatedResources")))
    return asked


def _pod_level_milli(pod: Document) -> Amounts:
    asked = _all_milli(pod["spec"]["resources"]["requests"])
    return {name: amount for name, amount in asked.items() if _is_pod_level(name)}


def _has_pod_level_requests(pod: Document) -> bool:
    return any(_is_pod_level(name) for name in dig(pod, "spec", "resources", "requests", default=()))


def _is_pod_level(name: str) -> bool:
    return name in (CPU, MEMORY) or name.startswith(HUGE_PAGES_PREFIX)


def _container_statuses(pod: Document) -> dict[str, Document]:
    status = pod.get("status") or {}
    groups = (status.get("containerStatuses"), status.get("initContainerStatuses"))
    return {entry["name"]: entry for group in groups for entry in group or ()}


def _is_resize_infeasible(pod: Document) -> bool:
    conditions = dig(pod, "status", "conditions", default=())
    return any(c["type"] == "PodResizePending" and c.get("reason") == "Infeasible" for c in conditions)


def _add(total: Amounts, more: Mapping[str, int]) -> None:
    for name, amount in more.items():
        total[name] = total.get(name, 0) + amount


def _raise_to(total: Amounts, other: Mapping[str, int]) -> None:
    for name, amount in other.items():
        total[name] = max(total.get(name, 0), amount)
