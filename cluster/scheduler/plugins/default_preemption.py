"""DefaultPreemption: evict less important pods from a node to make room for one that fits nowhere.

pkg/scheduler/framework/plugins/defaultpreemption, pkg/scheduler/framework/preemption. This chooses node and victims;
evictions.py carries it out. Disruption budgets are not considered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from cluster.objects import times
from cluster.objects.documents import Document, dig
from cluster.objects.metadata import is_being_deleted
from cluster.scheduler import diagnosis
from cluster.scheduler.conditions import DISRUPTION_TARGET, PREEMPTED
from cluster.scheduler.framework import SUCCESS, Code, CycleState, Plugin, PostFilterResult, Status
from cluster.scheduler.snapshot import NodeInfo, PodInfo, Snapshot, nominated_node, priority_of
from cluster.scheduler.verdict import add_pod, remove_pod, run_filters

NEVER = "not eligible due to preemptionPolicy=Never."
TERMINATING = "not eligible due to a terminating pod on the nominated node."
NOT_HELPFUL = Status(Code.UNRESOLVABLE, ("Preemption is not helpful for scheduling",))
NO_VICTIMS = Status(Code.UNRESOLVABLE, ("No preemption victims found for incoming pod",))

# How many candidates are enough: this share of the nodes in question, but not fewer than this.
MIN_CANDIDATES_PERCENT = 10
MIN_CANDIDATES = 100

# Priorities are made positive before they are added up, so that fewer victims are better even below zero.
LOWEST_PRIORITY = -(2**31)
# A pod that has not started yet counts as started just now: after all others.
NOT_STARTED = 2**63


class Candidate(NamedTuple):
    """A node and the pods to evict from it, the most important first."""

    node: str
    victims: tuple[PodInfo, ...]

    def values(self) -> dict[str, Any]:
        return {"node": self.node, "victims": [victim.key for victim in self.victims]}


class DefaultPreemption(Plugin):
    name = "DefaultPreemption"

    def post_filter(
        self, state: CycleState, pod: Document, snapshot: Snapshot, statuses: Mapping[str, Status],
        filters: Sequence[Plugin],
    ) -> PostFilterResult:
        objection = not_eligible(pod, snapshot, statuses)
        if objection:
            return PostFilterResult(_said(objection))
        candidates, answers = _dry_run(state, pod, snapshot, statuses, filters)
        if not candidates:
            message = diagnosis.filter_message(len(snapshot), answers.values())
            return PostFilterResult(_said(message), nominated="")
        best = min(candidates, key=_cost)
        record = {**best.values(), "candidates": [candidate.values() for candidate in candidates]}
        return PostFilterResult(SUCCESS, best.node, tuple(victim.document for victim in best.victims), record)


def not_eligible(pod: Document, snapshot: Snapshot, statuses: Mapping[str, Status]) -> str:
    """Why the pod may not evict others now, "" when it may."""
    if dig(pod, "spec", "preemptionPolicy") == "Never":
        return NEVER
    node = snapshot.node(nominated_node(pod))
    if node is None or statuses.get(node.name, SUCCESS).code is Code.UNRESOLVABLE:
        return ""
    leaving = any(other.priority < priority_of(pod) and _is_leaving(other.document) for other in node.pods)
    return TERMINATING if leaving else ""


def victims_on(state: CycleState, pod: Document, node: NodeInfo, filters: Sequence[Plugin],
               nominated: Sequence[PodInfo]) -> tuple[Status, tuple[PodInfo, ...]]:
    """The fewest pods whose eviction makes room, sparing the most important first; a rejection when none does."""
    lower = sorted((other for other in node.pods if other.priority < priority_of(pod)), key=_importance)
    if not lower:
        return NO_VICTIMS, ()
    dry, emptier = dict(state), node
    for other in lower:
        emptier = remove_pod(dry, pod, other, emptier, filters)
    status = run_filters(dry, pod, emptier, filters, nominated).status
    if not status.is_success:
        return status, ()
    victims = []
    for other in lower:
        trial = dict(dry)
        fuller = add_pod(trial, pod, other, emptier, filters)
        if run_filters(trial, pod, fuller, filters, nominated).is_feasible:
            dry, emptier = trial, fuller
        else:
            victims.append(other)
    return SUCCESS, tuple(victims)


def _said(message: str) -> Status:
    return Status(Code.UNSCHEDULABLE, (f"preemption: {message}",))


def _dry_run(
    state: CycleState, pod: Document, snapshot: Snapshot, statuses: Mapping[str, Status], filters: Sequence[Plugin]
) -> tuple[list[Candidate], dict[str, Status]]:
    """The nodes on which evictions make room, and why the others do not help."""
    answers = dict.fromkeys(statuses, NOT_HELPFUL)
    hopeful = [name for name, status in statuses.items() if status.code is Code.UNSCHEDULABLE]
    enough = max(len(hopeful) * MIN_CANDIDATES_PERCENT // 100, MIN_CANDIDATES)
    candidates: list[Candidate] = []
    for name in hopeful:
        node = snapshot.node(name)
        if node is None or len(candidates) == enough:
            break
        answers[name], victims = victims_on(state, pod, node, filters, snapshot.nominated(name))
        if answers[name].is_success:
            candidates.append(Candidate(name, victims))
    return candidates, answers


def _importance(pod: PodInfo) -> tuple[int, int]:
    """Sorts the most important first: higher priority, then longer running."""
    return -pod.priority, _started(pod)


def _cost(candidate: Candidate) -> tuple[int, int, int, int]:
    """The candidate with the lowest is chosen: least important victims, fewest, and those that started last."""
    priorities = [victim.priority for victim in candidate.victims]
    highest = max(priorities)
    first_start = min(_started(victim) for victim in candidate.victims if victim.priority == highest)
    return highest, sum(priority - LOWEST_PRIORITY for priority in priorities), len(priorities), -first_start


def _started(pod: PodInfo) -> int:
    start = dig(pod.document, "status", "startTime")
    return NOT_STARTED if start is None else times.parse(start)


def _is_leaving(pod: Document) -> bool:
    """Whether the pod is going because it was preempted."""
    conditions = dig(pod, "status", "conditions", default=())
    return is_being_deleted(pod) and any(
        each["type"] == DISRUPTION_TARGET and each["status"] == "True" and each.get("reason") == PREEMPTED
        for each in conditions
    )
