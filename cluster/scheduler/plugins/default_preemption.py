"""DefaultPreemption: evict less important pods from a node to make room for one that fits nowhere.

pkg/scheduler/framework/plugins/defaultpreemption, pkg/scheduler/framework/preemption. This chooses node and victims;
evictions.py carries it out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from cluster.objects import times
from cluster.objects.documents import Document, dig
from cluster.objects.metadata import is_being_deleted
from cluster.scheduler import diagnosis
from cluster.scheduler.budgets import Budgets
from cluster.scheduler.conditions import DISRUPTION_TARGET, PREEMPTED
from cluster.scheduler.framework import SUCCESS, Code, CycleState, Plugin, PostFilterResult, Status
from cluster.scheduler.snapshot import NodeInfo, PodInfo, Snapshot, nominated_node, priority_of
from cluster.scheduler.verdict import Verdict, add_pod, remove_pod, run_filters

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

# What candidates are compared by, in this order, and the only one or a tie after that (pickOneNodeForPreemption).
CRITERIA = ("violations", "highest-priority", "sum-of-priorities", "count", "latest-start")
ONLY, TIE = "only", "tie"


class Cost(NamedTuple):
    """What the victims of a candidate are worth; the lowest is the best. `start` is the latest start made negative."""

    violations: int
    highest: int
    total: int
    victims: int
    start: int


class Candidate(NamedTuple):
    """A node and the pods to evict from it, the most important first; `violating` are the keys that a budget protects."""

    node: str
    victims: tuple[PodInfo, ...]
    violating: frozenset[str]

    @property
    def cost(self) -> Cost:
        priorities = [victim.priority for victim in self.victims]
        highest = max(priorities)
        first = min(_started(victim) for victim in self.victims if victim.priority == highest)
        total = sum(priority - LOWEST_PRIORITY for priority in priorities)
        return Cost(len(self.violating), highest, total, len(priorities), -first)

    def values(self, cost: Cost) -> dict[str, Any]:
        """JSON-able. `sum` adds up the priorities as they are; `earliestStart` of the most important victims, "" for none."""
        return {
            "node": self.node,
            "victims": [
                {"pod": victim.key, "priority": victim.priority, "violates": victim.key in self.violating}
                for victim in self.victims
            ],
            "violations": cost.violations, "highest": cost.highest, "count": cost.victims,
            "sum": cost.total + cost.victims * LOWEST_PRIORITY,
            "earliestStart": "" if -cost.start == NOT_STARTED else times.rfc3339(-cost.start),
        }


class DryRun(NamedTuple):
    """Where evictions would make room, and what was said about the nodes where they would not."""

    candidates: list[Candidate]
    rejected: list[Verdict]


class DefaultPreemption(Plugin):
    """Looks for candidates on a share of the nodes in question (percent), but not on fewer than a number of them."""

    name = "DefaultPreemption"
    # How many candidates go into the record, the best first; None for all.
    recorded: int | None = None

    def __init__(self, percent: int = MIN_CANDIDATES_PERCENT, least: int = MIN_CANDIDATES) -> None:
        self.percent = percent
        self.least = least

    def post_filter(
        self, state: CycleState, pod: Document, snapshot: Snapshot, statuses: Mapping[str, Status],
        filters: Sequence[Plugin],
    ) -> PostFilterResult:
        objection = not_eligible(pod, snapshot, statuses)
        if objection:
            return PostFilterResult(_said(objection))
        hopeful = [name for name, status in statuses.items() if status.code is Code.UNSCHEDULABLE]
        tried = self._dry_run(state, pod, snapshot, hopeful, filters)
        ordered = sorted(((self.cost_of(each), each) for each in tried.candidates), key=itemgetter(0))
        record = _record(tried, ordered[: self.recorded])
        if not ordered:
            answers = dict.fromkeys(statuses, NOT_HELPFUL) | {each.node: each.status for each in tried.rejected}
            message = diagnosis.filter_message(len(snapshot), answers.values())
            return PostFilterResult(_said(message), nominated="", values=record)
        best = ordered[0][1]
        return PostFilterResult(SUCCESS, best.node, tuple(victim.document for victim in best.victims), record)

    def candidate(
        self, state: CycleState, pod: Document, snapshot: Snapshot, name: str, filters: Sequence[Plugin], budgets: Budgets
    ) -> tuple[Verdict, Candidate] | None:
        """Whom to evict from a node, or why that does not help; None when there is no such node."""
        node = snapshot.node(name)
        return None if node is None else victims_on(state, pod, node, filters, snapshot.nominated(name), budgets)

    def cost_of(self, candidate: Candidate) -> Cost:
        return candidate.cost

    def _dry_run(
        self, state: CycleState, pod: Document, snapshot: Snapshot, hopeful: Sequence[str], filters: Sequence[Plugin]
    ) -> DryRun:
        """Try the nodes on which evictions may help, until enough are found and one of them violates no budget."""
        budgets, enough = Budgets.of(snapshot.lister), self._enough(len(hopeful))
        tried, harmless = DryRun([], []), False
        for name in hopeful:
            if harmless and len(tried.candidates) >= enough:
                break
            answer = self.candidate(state, pod, snapshot, name, filters, budgets)
            if answer is None:
                continue
            verdict, found = answer
            if not found.victims:
                tried.rejected.append(verdict)
                continue
            tried.candidates.append(found)
            harmless = harmless or not found.violating
        return tried

    def _enough(self, nodes: int) -> int:
        """How many candidates are enough (calculateNumCandidates)."""
        return min(nodes, max(nodes * self.percent // 100, self.least))


def not_eligible(pod: Document, snapshot: Snapshot, statuses: Mapping[str, Status]) -> str:
    """Why the pod may not evict others now, "" when it may."""
    if dig(pod, "spec", "preemptionPolicy") == "Never":
        return NEVER
    node = snapshot.node(nominated_node(pod))
    if node is None or statuses.get(node.name, NOT_HELPFUL).code is Code.UNRESOLVABLE:
        return ""
    leaving = any(other.priority < priority_of(pod) and _is_leaving(other.document) for other in node.pods)
    return TERMINATING if leaving else ""


def victims_on(
    state: CycleState, pod: Document, node: NodeInfo, filters: Sequence[Plugin], nominated: Sequence[PodInfo],
    budgets: Budgets,
) -> tuple[Verdict, Candidate]:
    """The fewest pods whose eviction makes room, or the verdict that none does.

    All less important pods go in thought; then those come back that still fit: first those whose eviction a budget
    forbids, the most important first.
    """
    nobody = Candidate(node.name, (), frozenset())
    lower = sorted((other for other in node.pods if other.priority < priority_of(pod)), key=importance)
    if not lower:
        return Verdict(node.name, status=NO_VICTIMS), nobody
    dry, emptier = dict(state), node
    for other in lower:
        emptier = remove_pod(dry, pod, other, emptier, filters)
    verdict = run_filters(dry, pod, emptier, filters, nominated)
    if not verdict.is_feasible:
        return verdict, nobody
    violating, others = budgets.split(lower)
    victims = []
    for other in (*violating, *others):
        trial = dict(dry)
        fuller = add_pod(trial, pod, other, emptier, filters)
        if run_filters(trial, pod, fuller, filters, nominated).is_feasible:
            dry, emptier = trial, fuller
        else:
            victims.append(other)
    chosen = {victim.key for victim in victims}
    protected = frozenset(other.key for other in violating if other.key in chosen)
    return verdict, Candidate(node.name, tuple(sorted(victims, key=importance)), protected)


def _said(message: str) -> Status:
    return Status(Code.UNSCHEDULABLE, (f"preemption: {message}",))


def _record(tried: DryRun, ordered: Sequence[tuple[Cost, Candidate]]) -> dict[str, Any]:
    """The JSON-able record of why: the candidates, the best of them, the first criterion by which one of them won."""
    costs = {candidate.node: cost for cost, candidate in ordered}
    record = {
        "candidates": [each.values(costs[each.node]) for each in tried.candidates if each.node in costs],
        "rejected": [
            {
                "node": each.node, "plugin": each.plugin, "code": each.status.code.value,
                "reasons": list(each.status.reasons), "values": dict(each.status.values),
            }
            for each in tried.rejected
        ],
        "best": [candidate.node for cost, candidate in ordered if cost == ordered[0][0]],
    }
    if not ordered:
        return record
    winner = ordered[0][1].values(ordered[0][0])
    return record | {"node": winner["node"], "victims": winner["victims"], "because": _because(ordered)}


def _because(ordered: Sequence[tuple[Cost, Candidate]]) -> str:
    """What separated the winner from the runner-up."""
    if len(ordered) == 1:
        return ONLY
    pairs = zip(CRITERIA, ordered[0][0], ordered[1][0], strict=True)
    return next((name for name, winner, other in pairs if winner != other), TIE)


def importance(pod: PodInfo) -> tuple[int, int]:
    """Sorts the most important first: higher priority, then longer running."""
    return -pod.priority, _started(pod)


def _started(pod: PodInfo) -> int:
    start = dig(pod.document, "status", "startTime")
    return NOT_STARTED if start is None else times.parse(start)


def _is_leaving(pod: Document) -> bool:
    """Whether the pod is going because it was preempted."""
    conditions: Iterable[Document] = dig(pod, "status", "conditions", default=())
    return is_being_deleted(pod) and any(
        each["type"] == DISRUPTION_TARGET and each["status"] == "True" and each.get("reason") == PREEMPTED
        for each in conditions
    )
