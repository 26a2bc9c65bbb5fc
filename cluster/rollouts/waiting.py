"""Why a rollout waits right now, or what it does: one sentence as key and arguments, and the Pods that are in trouble."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from cluster import board
from cluster.apiserver.reader import Reader
from cluster.controllers.statefulset_pods import is_unavailable, members, revision_of
from cluster.objects import metadata
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import controllerrevision as revisions
from cluster.objects.kinds import daemonset as daemonsets
from cluster.objects.kinds import deployment as deployments
from cluster.objects.kinds import pod as pods
from cluster.objects.kinds import replicaset as replicasets
from cluster.objects.kinds import statefulset as statefulsets
from cluster.objects.kinds.deployment import count
from cluster.rollouts import workload as workloads

# How many troubles are told of, and how much of each message.
MAX_TROUBLES = 3
MAX_MESSAGE = 300
CONTROLLERS = {
    "Deployment": "deployment-controller", "StatefulSet": "statefulset-controller", "DaemonSet": "daemonset-controller",
}
IN_TROUBLE = ("crash", "failed", "evicted", "unknown")


class Says(NamedTuple):
    """A sentence of dashboard/rollout_words.py. `state`: done, moves, waits, stuck or paused."""

    state: str
    key: str
    args: dict[str, Any] = {}  # never written to


def says(view: Reader, workload: Document, terminating: int) -> Says:
    """What the rollout of a workload does at this moment. `terminating`: its Pods that are still going."""
    status = workload.get("status") or {}
    name = {"name": metadata.name(workload), "wanted": workloads.wanted(workload), "kind": workload["kind"]}
    if view.is_off(CONTROLLERS[workload["kind"]]):
        return Says("stuck", "off", name)
    if metadata.is_being_deleted(workload):
        return Says("moves", "deleted", name)
    if count(status, "observedGeneration") < workload["metadata"].get("generation", 0):
        return Says("moves", "unseen", name)
    if workload["kind"] == "Deployment":
        return _deployment(view, workload, name, terminating)
    if workload["kind"] == "StatefulSet":
        return _statefulset(view, workload, name)
    return _daemonset(view, workload, name)


# --- Deployment -------------------------------------------------------------------------------------------------


def _deployment(view: Reader, workload: Document, name: dict[str, Any], terminating: int) -> Says:
    bounds = workloads.bounds(workload)
    new, old = deployments.new_and_old(workload, workloads.keepers(view, workload))
    everything = [*old, new] if new is not None else old
    made = 0 if new is None else replicasets.wanted(new)
    missing = 0 if new is None else made - replicasets.available(new)
    left, total = sum(map(replicasets.wanted, old)), sum(map(replicasets.wanted, everything))
    available = sum(min(replicasets.available(one), replicasets.wanted(one)) for one in everything)
    floor = bounds.floor or 0
    numbers = {
        **name, "ceiling": bounds.ceiling, "floor": floor, "total": total, "available": available, "made": made,
        "missing": missing, "old": left, "surge": bounds.ceiling - bounds.wanted, "below": bounds.wanted - floor,
        "revision": deployments.revision(workload), "terminating": terminating,
    }
    if workloads.is_paused(workload):
        if new is None:
            return Says("paused", "paused", numbers)
        return Says("paused", "paused-midway" if left or made < bounds.wanted else "paused-whole", numbers)
    if workloads.is_settled(workload):
        return Says("done", "done-terminating" if terminating else "done", numbers)
    if workloads.is_late(workload):
        return Says("stuck", "late", {**numbers, "seconds": deployments.progress_deadline(workload) or 0})
    if not deployments.is_rolling(workload):
        gone = sum(map(replicasets.current, old)) + (terminating if new is None else 0)
        return Says("waits", "recreate-old", {**numbers, "gone": gone}) if gone else Says("waits", "starting", numbers)
    if not left:
        return Says("waits", "starting", numbers) if made == bounds.wanted else Says("moves", "moves-size", numbers)
    room = min(bounds.ceiling - total, bounds.wanted - made)
    if room > 0:
        return Says("moves", "moves-up", {**numbers, "room": room})
    removable = min(total - floor - missing, available - floor, left)
    if removable > 0:
        return Says("moves", "moves-down", {**numbers, "room": removable})
    return Says("waits", "waits-last" if made == bounds.wanted else "waits", numbers)


# --- StatefulSet ------------------------------------------------------------------------------------------------


def _statefulset(view: Reader, workload: Document, name: dict[str, Any]) -> Says:
    owned = view.owned("pods", metadata.uid(workload))
    kept = {metadata.name(one): revisions.number(one) for one in workloads.keepers(view, workload)}
    update = (workload.get("status") or {}).get("updateRevision", "")
    border = (statefulsets.partition(workload) or 0) if statefulsets.is_rolling(workload) else 0
    outdated = [pod for pod in owned if revision_of(pod) != update]
    numbers = {**name, "outdated": len(outdated), "revision": kept.get(update, 0), "border": border}
    placed = members(workload, owned)
    delay, ordered = statefulsets.min_ready_seconds(workload), not statefulsets.is_parallel(workload)
    numbered = list(placed.replicas.items()) if ordered else list(placed.replicas.items())[::-1]
    for number, pod in numbered:
        if not is_unavailable(pod, delay, view.now):
            continue
        due = update if number >= border else (workload.get("status") or {}).get("currentRevision", "")
        return _held_by(workload, number, pod, kept, due, ordered, numbers)
    if placed.condemned:
        return Says("moves", "sts-shrinks", {**numbers, "pod": metadata.name(placed.condemned[0])})
    if outdated and not statefulsets.is_rolling(workload):
        return Says("waits", "on-delete", numbers)
    if outdated and border:
        return Says("done", "sts-partition", numbers) if len(outdated) <= border else Says("moves", "sts-next", numbers)
    return Says("moves", "sts-next", numbers) if outdated else Says("done", "done", numbers)


def _held_by(
    workload: Document, number: int, pod: Document | None, kept: dict[str, int], due: str, ordered: bool, numbers: dict[str, Any],
) -> Says:
    """The Pod that everything waits for."""
    if pod is None:
        return Says("moves", "sts-makes", {**numbers, "pod": statefulsets.pod_name(workload, number)})
    told = {**numbers, "pod": metadata.name(pod), "has": kept.get(revision_of(pod), 0), "status": pods.status_text(pod)}
    if metadata.is_being_deleted(pod):
        return Says("waits", "sts-goes", told)
    rolling = statefulsets.is_rolling(workload)
    if board.mark(pod) not in IN_TROUBLE:
        return Says("waits", "sts-waits", told)
    if ordered and rolling and revision_of(pod) != due:
        return Says("stuck", "sts-stuck", told)
    return Says("stuck", "sts-broken" if rolling and ordered else "sts-trouble", told)


# --- DaemonSet --------------------------------------------------------------------------------------------------


def _daemonset(view: Reader, workload: Document, name: dict[str, Any]) -> Says:
    status, bounds = workload.get("status") or {}, workloads.bounds(workload)
    desired = bounds.wanted
    updated, available = count(status, "updatedNumberScheduled"), count(status, "numberAvailable")
    newest = workloads.newest_keeper(workload, workloads.keepers(view, workload))
    numbers = {
        **name, "updated": updated, "outdated": desired - updated, "missing": desired - available, "available": available,
        "surge": bounds.ceiling - desired, "below": desired - (bounds.floor or 0), "floor": bounds.floor or 0,
        "revision": revisions.number(newest) if newest is not None else 0,
    }
    if workloads.is_settled(workload):
        key = "on-delete" if updated < desired else "done"
        return Says("waits" if key == "on-delete" else "done", key, numbers)
    if not daemonsets.is_rolling(workload) or updated == desired:
        return Says("waits", "starting", numbers)
    if bounds.ceiling > desired:
        return Says("waits", "ds-surge", numbers)
    return Says("waits", "ds-waits", numbers) if numbers["missing"] >= numbers["below"] else Says("moves", "ds-moves", numbers)


# --- trouble ----------------------------------------------------------------------------------------------------


class Trouble(NamedTuple):
    """What is wrong with Pods, told once for all that say the same; without Pods: why none can be made."""

    pods: list[str]
    status: str
    message: str


def troubles(view: Reader, workload: Document) -> list[Trouble]:
    """Its Pods that cannot go on by themselves, and what keeps its controller from making more."""
    found = {("", message): Trouble([], "", message) for message in _failures(view, workload)}
    owners = workloads.keepers(view, workload) if workload["kind"] == "Deployment" else [workload]
    for owner in owners:
        for pod, status, message in _troubled(view, owner):
            found.setdefault((status, message), Trouble([], status, message)).pods.append(pod)
    return list(found.values())[:MAX_TROUBLES]


def _failures(view: Reader, workload: Document) -> Iterator[str]:
    condition = deployments.condition(workload, "ReplicaFailure")
    if condition is not None and condition["status"] == "True":
        yield str(condition.get("message", ""))[:MAX_MESSAGE]


def _troubled(view: Reader, owner: Document) -> Iterator[tuple[str, str, str]]:
    """(Pod, status, message)"""
    for pod in view.owned("pods", metadata.uid(owner)):
        mark = board.mark(pod)
        scheduled = pods.condition(pod, "PodScheduled") or {}
        if mark in IN_TROUBLE:
            message = next((dig(one, "state", "waiting", "message", default="")
                            for one in dig(pod, "status", "containerStatuses", default=[])), "")
        elif mark == "pending" and scheduled.get("reason") == "Unschedulable":
            message = scheduled.get("message", "")
        else:
            continue
        yield metadata.name(pod), pods.status_text(pod), str(message)[:MAX_MESSAGE]
