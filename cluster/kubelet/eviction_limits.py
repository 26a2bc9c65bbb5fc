"""Pods that write more than they may: emptyDir volumes and ephemeral storage above their limits.

pkg/kubelet/eviction/eviction_manager.go (localStorageEviction).
"""

from __future__ import annotations

from cluster.kubelet.eviction_signals import STORAGE, Stats
from cluster.objects import quantity
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import pod as pods
from cluster.objects.pod_amounts import container_amounts


def complaint(taken: Stats) -> str:
    """Why a Pod has to go; "" as long as it keeps within its limits."""
    return _of_volumes(taken) or _of_pod(taken) or _of_containers(taken)


def _of_volumes(taken: Stats) -> str:
    for volume in taken.pod["spec"].get("volumes") or []:
        limit = dig(volume, "emptyDir", "sizeLimit")
        if limit is not None and 0 < quantity.value(limit) < taken.volumes.get(volume["name"], 0):
            return f'Usage of EmptyDir volume "{volume["name"]}" exceeds the limit "{quantity.canonical(limit)}". '
    return ""


def _of_pod(taken: Stats) -> str:
    limit = _limit(taken.pod)
    if limit is None or taken.used(STORAGE) <= quantity.value(limit):
        return ""
    return f"Pod ephemeral local storage usage exceeds the total limit of containers {limit}. "


def _of_containers(taken: Stats) -> str:
    for container in pods.containers(taken.pod):
        limit = container_amounts(container, "limits").get(STORAGE)
        used = taken.storage.get(container["name"], 0)
        if limit is not None and 0 < quantity.value(limit) < used:
            limit = quantity.canonical(limit)
            return f'Container {container["name"]} exceeded its local ephemeral storage limit "{limit}". '
    return ""


def _limit(pod: Document) -> str | None:
    """The sum of the containers' limits, or what an init container may take alone if that is more (PodLimits)."""
    limits = [container_amounts(container, "limits").get(STORAGE) for container in pods.containers(pod)]
    named = [limit for limit in limits if limit is not None]
    if not named:
        return None
    alone = [container_amounts(container, "limits").get(STORAGE, "0") for container in pods.init_containers(pod)]
    return max([quantity.total(named), *alone], key=quantity.value)
