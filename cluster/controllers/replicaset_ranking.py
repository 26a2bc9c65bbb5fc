"""Which Pods a ReplicaSet gives up first (ActivePodsWithRanks in pkg/controller/controller_utils.go)."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cmp_to_key
from typing import Any, NamedTuple

from cluster.objects import metadata, times
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import pod as pods

DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
_COST = re.compile(r"0|-?[1-9]\d*")
_PHASES = {"Pending": 0, "Unknown": 1, "Running": 2}


class Candidate(NamedTuple):
    """What the rules ask about a Pod. Times in virtual ms."""

    pod: Document
    assigned: bool
    phase: int
    ready: bool
    cost: int
    colocated: int  # active Pods on its node that belong to ReplicaSets of the same owner
    ready_since: int | None
    restarts: tuple[int, int]  # the most of a container, the most of a sidecar
    created: int


class Doomed(NamedTuple):
    """A Pod to delete, and the rule that put it before the first Pod that stays."""

    name: str
    why: dict[str, Any]


def deletion_cost(pod: Document) -> int:
    """The Pod's annotation; 0 without one or for one that is no 32-bit number (GetDeletionCostFromPodAnnotations)."""
    text = metadata.annotations(pod).get(DELETION_COST, "")
    if not _COST.fullmatch(text):
        return 0
    return int(text) if -(2**31) <= int(text) < 2**31 else 0


def to_delete(active: Sequence[Document], related: Iterable[Document], count: int, now: int) -> list[Doomed]:
    """The `count` Pods to delete, first one first. `related`: the Pods of all ReplicaSets of the same owner."""
    if count >= len(active):
        return [Doomed(metadata.name(pod), {"rule": "all", "kept": None}) for pod in active]
    ordered = ranked(active, related, now)
    survivor = ordered[count]
    return [
        Doomed(metadata.name(candidate.pod), {**_why(candidate, survivor, now), "place": place, "of": len(ordered)})
        for place, candidate in enumerate(ordered[:count], 1)
    ]


def ranked(active: Sequence[Document], related: Iterable[Document], now: int) -> list[Candidate]:
    """All active Pods in the order in which they would go; `related` as above."""
    on_node = Counter(pods.node_name(pod) for pod in related if pods.is_active(pod))
    candidates = [_candidate(pod, on_node[pods.node_name(pod)]) for pod in active]

    def order(first: Candidate, second: Candidate) -> int:
        return compare(first, second, now)[0]

    return sorted(candidates, key=cmp_to_key(order))


def _candidate(pod: Document, colocated: int) -> Candidate:
    ready = pods.is_ready(pod)
    since = (pods.condition(pod, "Ready") or {}).get("lastTransitionTime") if ready else None
    return Candidate(
        pod=pod, assigned=bool(pods.node_name(pod)), phase=_PHASES.get(pods.phase(pod), 0), ready=ready,
        cost=deletion_cost(pod), colocated=colocated, ready_since=times.parse(since) if since else None,
        restarts=_restarts(pod), created=times.parse(pod["metadata"]["creationTimestamp"]),
    )


def _restarts(pod: Document) -> tuple[int, int]:
    sidecars = {container["name"] for container in pods.init_containers(pod) if pods.is_sidecar(container)}
    regular = [status.get("restartCount", 0) for status in dig(pod, "status", "containerStatuses", default=[])]
    beside = [
        status.get("restartCount", 0)
        for status in dig(pod, "status", "initContainerStatuses", default=[]) if status["name"] in sidecars
    ]
    return max(regular, default=0), max(beside, default=0)


def compare(first: Candidate, second: Candidate, now: int) -> tuple[int, str]:
    """-1 when `first` goes first, 1 when `second` does, 0 when nothing tells them apart; and the rule that decided."""
    rules = (
        ("unassigned", int(first.assigned), int(second.assigned)),
        ("phase", first.phase, second.phase),
        ("not-ready", int(first.ready), int(second.ready)),
        ("deletion-cost", first.cost, second.cost),
        ("colocated", -first.colocated, -second.colocated),
    )
    for rule, mine, other in rules:
        if mine != other:
            return (-1 if mine < other else 1), rule
    if first.ready and first.ready_since != second.ready_since:
        return _newer_first(first, second, first.ready_since, second.ready_since, now, "ready-time")
    if first.restarts != second.restarts:
        return (-1 if first.restarts > second.restarts else 1), "restarts"
    if first.created != second.created:
        return _newer_first(first, second, first.created, second.created, now, "creation-time")
    return 0, "equal"


def _newer_first(
    first: Candidate, second: Candidate, mine: int | None, other: int | None, now: int, rule: str
) -> tuple[int, str]:
    """Ages are compared by their power of two; Pods of about the same age go in an order of chance, the uid's."""
    if mine is None or other is None:
        return (-1 if mine is None else 1), rule
    difference = _age_rank(mine, now) - _age_rank(other, now)
    if difference:
        return (-1 if difference < 0 else 1), rule
    return (-1 if metadata.uid(first.pod) < metadata.uid(second.pod) else 1), f"{rule}-same-scale"


def _age_rank(moment: int, now: int) -> int:
    nanoseconds = (now - moment) * 1_000_000
    return int(math.log2(nanoseconds)) if nanoseconds > 0 else -1


def _why(candidate: Candidate, survivor: Candidate, now: int) -> dict[str, Any]:
    return {
        "rule": compare(candidate, survivor, now)[1],
        "pod": facts(candidate, now),
        "kept": {"name": metadata.name(survivor.pod), **facts(survivor, now)},
    }


def facts(candidate: Candidate, now: int) -> dict[str, Any]:
    """What was compared, to be shown; times in ms."""
    return {
        "node": pods.node_name(candidate.pod), "phase": pods.phase(candidate.pod), "ready": candidate.ready,
        "deletionCost": candidate.cost, "colocated": candidate.colocated,
        "readyFor": None if candidate.ready_since is None else now - candidate.ready_since,
        "restarts": candidate.restarts[0], "age": now - candidate.created,
    }
