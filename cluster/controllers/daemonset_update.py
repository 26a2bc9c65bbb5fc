"""A DaemonSet's rolling update: which old Pods may go now, and which nodes get a second Pod first.

pkg/controller/daemon/update.go (rollingUpdate). With maxUnavailable an old Pod is deleted and the node gets a new one
when it is gone; with maxSurge the new one comes first. Real controllers see the nodes in random order, here by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from cluster.controllers.daemonset_nodes import NOTHING, Wish
from cluster.objects import metadata
from cluster.objects.documents import Document
from cluster.objects.kinds import daemonset as daemonsets
from cluster.objects.kinds import pod as pods

# Rules that say why a Pod goes.
OLD_UNAVAILABLE = "old-unavailable"
ROLLING = "rolling"
REPLACED = "replaced"
UNWANTED_NODE = "unwanted-node"


class Plan(NamedTuple):
    """Pods to delete, each with its rule, and nodes that get a further Pod.

    `budget`: how many nodes may be without an available Pod, or with maxSurge have a second one; `used`: how many are.
    """

    delete: list[tuple[Document, str]]
    create: list[str]
    budget: int
    used: int


class _OnNode(NamedTuple):
    """The Pods of one node that are not being deleted; `clear` when there is at most one of each."""

    name: str
    new: Document | None
    old: Document | None
    clear: bool


def is_updated(daemonset: Document, pod: Document, hash_: str) -> bool:
    """Whether the Pod is of the current template (IsPodUpdated)."""
    labels, generation = metadata.labels(pod), daemonsets.template_generation(daemonset)
    return labels.get(daemonsets.HASH_LABEL) == hash_ or (
        bool(generation) and labels.get(daemonsets.GENERATION_LABEL) == generation
    )


def plan(
    daemonset: Document, by_node: Mapping[str, Sequence[Document]], wishes: Mapping[str, Wish], hash_: str, now: int
) -> Plan:
    """What the update may do now. `by_node`: the daemon's Pods; `wishes`: of every node there is."""
    desired = [name for name, wanted in wishes.items() if wanted.run]
    found = [
        _on_node(daemonset, name, by_node.get(name, ()), hash_) for name in sorted({*by_node, *desired})
    ]
    surge = daemonsets.max_surge(daemonset, len(desired))
    if surge:
        return _surging(daemonset, found, wishes, surge, len(desired), now)
    unavailable = daemonsets.max_unavailable(daemonset, len(desired)) or 1
    return _deleting(daemonset, found, unavailable, now)


def _on_node(daemonset: Document, name: str, placed: Iterable[Document], hash_: str) -> _OnNode:
    alive = [pod for pod in placed if not metadata.is_being_deleted(pod)]
    new = [pod for pod in alive if is_updated(daemonset, pod, hash_)]
    old = [pod for pod in alive if not is_updated(daemonset, pod, hash_)]
    clear = len(new) <= 1 and len(old) <= 1
    return _OnNode(name, new[0] if new and clear else None, old[0] if old and clear else None, clear)


def _is_available(daemonset: Document, pod: Document, now: int) -> bool:
    return pods.is_available(pod, daemonsets.min_ready_seconds(daemonset), now)


def _deleting(daemonset: Document, found: Iterable[_OnNode], allowed: int, now: int) -> Plan:
    """Old Pods that serve nobody, and as many that do as may be missing."""
    missing = 0
    useless: list[tuple[Document, str]] = []
    candidates: list[tuple[Document, str]] = []
    for node in found:
        if not node.clear or (node.new is None) == (node.old is None):
            # Being cleared up, or between two Pods.
            missing += 1
        elif node.new is not None:
            missing += not _is_available(daemonset, node.new, now)
        elif node.old is not None and not _is_available(daemonset, node.old, now):
            useless.append((node.old, OLD_UNAVAILABLE))
            missing += 1
        elif node.old is not None and missing < allowed:
            candidates.append((node.old, ROLLING))
    return Plan(useless + candidates[: max(0, allowed - missing)], [], allowed, missing)


def _surging(
    daemonset: Document, found: Iterable[_OnNode], wishes: Mapping[str, Wish], allowed: int, desired: int, now: int
) -> Plan:
    """Old Pods whose successor is available go; nodes with an old Pod get a second one, as many as may be extra."""
    extra = available = 0
    delete: list[tuple[Document, str]] = []
    unwanted: list[tuple[Document, str]] = []
    useless: list[str] = []
    candidates: list[str] = []
    for node in found:
        # A node that is gone wants nothing; its Pods go with it.
        wish = wishes.get(node.name, NOTHING)
        if not node.clear:
            extra += 1
            continue
        counted = node.old or node.new
        available += counted is not None and _is_available(daemonset, counted, now)
        if node.old is None:
            continue
        if node.new is not None:
            if _is_available(daemonset, node.new, now):
                delete.append((node.old, REPLACED))
            else:
                extra += 1
        elif not _is_available(daemonset, node.old, now):
            if wish.run:
                useless.append(node.name)
            else:
                delete.append((node.old, UNWANTED_NODE))
        elif not wish.run:
            unwanted.append((node.old, UNWANTED_NODE))
        elif extra < allowed:
            candidates.append(node.name)
    # Where a Pod no longer belongs it goes only once enough others serve.
    delete += unwanted[: max(0, available - desired)]
    return Plan(delete, useless + candidates[: max(0, allowed - extra)], allowed, extra)
