"""PodTopologySpread: pods that belong together are spread over zones, nodes or any other domains.

pkg/scheduler/framework/plugins/podtopologyspread (filtering.go, scoring.go, plugin.go).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from immutables import Map

from cluster.objects.documents import Document, dig
from cluster.scheduler import events
from cluster.scheduler.events import ClusterEvent
from cluster.scheduler.framework import (
    MAX_NODE_SCORE,
    SKIP,
    SUCCESS,
    Code,
    CycleState,
    Plugin,
    PreFilterResult,
    Status,
)
from cluster.scheduler.listers import Lister
from cluster.scheduler.snapshot import NodeInfo, PodInfo, Snapshot
from cluster.scheduler.spread_constraints import (
    HARD,
    HOSTNAME,
    SOFT,
    SYSTEM_DEFAULTS,
    Constraint,
    Inclusion,
    count,
    default_constraints,
    has_all_keys,
    own_constraints,
    parsed,
)

REASON = "node(s) didn't match pod topology spread constraints"
NO_LABEL = f"{REASON} (missing required label)"
SYSTEM = "System"
LIST = "List"
UNKNOWN = 2**31 - 1
"""The minimum while no domain is known."""


class Lowest(NamedTuple):
    """The domain with the fewest matching pods, and another one to compare it with.

    That is enough to follow the minimum while pods come and go in one and the same domain.
    """

    domain: str | None = None
    pods: int = UNKNOWN
    next_domain: str | None = None
    next_pods: int = UNKNOWN

    def updated(self, domain: str, pods: int) -> Lowest:
        """After the number of matching pods in a domain became known or changed."""
        if domain == self.domain:
            return Lowest(domain, pods, self.next_domain, self.next_pods)._in_order()
        if domain == self.next_domain:
            return Lowest(self.domain, self.pods, domain, pods)._in_order()
        if pods < self.pods:
            return Lowest(domain, pods, self.domain, self.pods)
        if pods < self.next_pods:
            return Lowest(self.domain, self.pods, domain, pods)
        return self

    def _in_order(self) -> Lowest:
        if self.pods <= self.next_pods:
            return self
        return Lowest(self.next_domain, self.next_pods, self.domain, self.pods)


class Counted(NamedTuple):
    """A hard constraint and the matching pods in each of its domains."""

    constraint: Constraint
    matches_self: bool
    pods: Map[str, int]
    lowest: Lowest

    @property
    def minimum(self) -> int:
        """The fewest matching pods in any domain; 0 while there are fewer domains than there should be."""
        return 0 if len(self.pods) < self.constraint.min_domains else self.lowest.pods

    def changed(self, domain: str, by: int) -> Counted:
        now = self.pods.get(domain, 0) + by
        return self._replace(pods=self.pods.set(domain, now), lowest=self.lowest.updated(domain, now))


class Hard(NamedTuple):
    """Notes for filtering."""

    counted: tuple[Counted, ...]
    inclusion: Inclusion

    @property
    def constraints(self) -> list[Constraint]:
        return [each.constraint for each in self.counted]


class Weighed(NamedTuple):
    """A soft constraint: the matching pods by domain (not for host names) and what each of them weighs."""

    constraint: Constraint
    pods: Mapping[str, int]
    weight: float


class Soft(NamedTuple):
    """Notes for scoring."""

    weighed: tuple[Weighed, ...]
    ignored: frozenset[str]  # names of nodes that lack some topology key


class PodTopologySpread(Plugin):
    """`constraints` are for pods without any of their own; with `defaulting` System it is the built-in ones."""

    name = "PodTopologySpread"
    events = frozenset({
        (events.ASSIGNED_POD, events.ADD),
        (events.ASSIGNED_POD, events.DELETE),
        (events.ASSIGNED_POD, events.UPDATE_POD_LABEL),
        (events.UNSCHEDULED_POD, events.UPDATE_POD_LABEL),
        (events.UNSCHEDULED_POD, events.UPDATE_POD_TOLERATION),
        (events.NODE, events.ADD),
        (events.NODE, events.DELETE),
        (events.NODE, events.UPDATE_NODE_LABEL),
        (events.NODE, events.UPDATE_NODE_TAINT),
    })
    score_key = f"{name}/score"

    def __init__(self, constraints: Iterable[Document] = (), defaulting: str = SYSTEM) -> None:
        self._system = defaulting == SYSTEM
        defaults = SYSTEM_DEFAULTS if self._system else tuple(constraints)
        self._defaults = {
            action: tuple(default for default in defaults if default["whenUnsatisfiable"] == action) for action in (HARD, SOFT)
        }

    # --- hard constraints ------------------------------------------------------------------------------------------------

    def pre_filter(self, state: CycleState, pod: Document, snapshot: Snapshot) -> PreFilterResult:
        constraints = self.constraints(pod, HARD, snapshot.lister)
        if not constraints:
            return PreFilterResult(SKIP)
        inclusion = Inclusion(pod, constraints)
        namespace = pod["metadata"].get("namespace", "")
        totals: list[dict[str, int]] = [{} for _ in constraints]
        for node in snapshot.nodes:
            if not has_all_keys(node.labels, constraints):
                continue
            included = inclusion.of(node.document, constraints)
            for constraint, total, counts in zip(constraints, totals, included, strict=True):
                if counts:
                    domain = node.labels[constraint.topology_key]
                    total[domain] = total.get(domain, 0) + count(node.pods, constraint.selector, namespace)
        labels = pod["metadata"].get("labels")
        state[self.name] = Hard(
            tuple(
                Counted(constraint, constraint.selector.matches(labels), Map(total), _lowest(total))
                for constraint, total in zip(constraints, totals, strict=True)
            ),
            inclusion,
        )
        return PreFilterResult()

    def add_pod(self, state: CycleState, pod: Document, other: PodInfo, node: NodeInfo) -> None:
        self._change(state, pod, other, node, 1)

    def remove_pod(self, state: CycleState, pod: Document, other: PodInfo, node: NodeInfo) -> None:
        self._change(state, pod, other, node, -1)

    def _change(self, state: CycleState, pod: Document, other: PodInfo, node: NodeInfo, by: int) -> None:
        notes: Hard = state[self.name]
        meta = other.document["metadata"]
        if meta.get("namespace", "") != pod["metadata"].get("namespace", ""):
            return
        constraints = notes.constraints
        if not has_all_keys(node.labels, constraints):
            return
        included = notes.inclusion.of(node.document, constraints)
        labels = meta.get("labels")
        state[self.name] = notes._replace(counted=tuple(
            each.changed(node.labels[each.constraint.topology_key], by)
            if counts and each.constraint.selector.matches(labels) else each
            for each, counts in zip(notes.counted, included, strict=True)
        ))

    def filter(self, state: CycleState, pod: Document, node: NodeInfo) -> Status:
        notes: Hard = state[self.name]
        labels = node.labels
        for each in notes.counted:
            constraint = each.constraint
            domain = labels.get(constraint.topology_key)
            if domain is None:
                return Status(Code.UNRESOLVABLE, (NO_LABEL,), {"constraint": constraint.summary(), "domain": None})
            here, minimum = each.pods.get(domain, 0), each.minimum
            skew = here + each.matches_self - minimum
            if skew > constraint.max_skew:
                return Status(Code.UNSCHEDULABLE, (REASON,), {
                    "constraint": constraint.summary(), "domain": domain, "count": here, "minimum": minimum,
                    "skew": skew, "domains": len(each.pods), "itself": each.matches_self,
                })
        return SUCCESS

    # --- soft constraints ------------------------------------------------------------------------------------------------

    def pre_score(self, state: CycleState, pod: Document, nodes: Sequence[NodeInfo], snapshot: Snapshot) -> Status:
        constraints = self.constraints(pod, SOFT, snapshot.lister)
        if not constraints:
            return SKIP
        strict = self.is_strict(pod)
        scored = [node for node in nodes if not strict or has_all_keys(node.labels, constraints)]
        totals: list[dict[str, int]] = [
            {} if each.topology_key == HOSTNAME else dict.fromkeys((_domain(node, each) for node in scored), 0)
            for each in constraints
        ]
        inclusion = Inclusion(pod, constraints)
        namespace = pod["metadata"].get("namespace", "")
        for node in snapshot.nodes:
            if strict and not has_all_keys(node.labels, constraints):
                continue
            included = inclusion.of(node.document, constraints)
            for constraint, total, counts in zip(constraints, totals, included, strict=True):
                domain = _domain(node, constraint)
                if counts and domain in total:
                    total[domain] += count(node.pods, constraint.selector, namespace)
        state[self.score_key] = Soft(
            tuple(
                Weighed(each, total, _weight(len(scored) if each.topology_key == HOSTNAME else len(total)))
                for each, total in zip(constraints, totals, strict=True)
            ),
            frozenset(node.name for node in nodes) - frozenset(node.name for node in scored),
        )
        return SUCCESS

    def score(self, state: CycleState, pod: Document, node: NodeInfo) -> int:
        """Matching pods in the node's domains, weighed: fewer is better."""
        notes: Soft = state[self.score_key]
        if node.name in notes.ignored:
            return 0
        total = 0.0
        for each in notes.weighed:
            here = _here(each, pod, node)
            if here is not None:
                total += _counted_score(here, each)
        return _rounded(total)

    def normalize(self, state: CycleState, scores: Mapping[str, int]) -> Mapping[str, int]:
        ignored = state[self.score_key].ignored
        taking_part = [score for name, score in scores.items() if name not in ignored]
        highest, lowest = max(taking_part, default=0), min(taking_part, default=0)
        return {
            name: 0 if name in ignored
            else MAX_NODE_SCORE * (highest + lowest - score) // highest if highest
            else MAX_NODE_SCORE
            for name, score in scores.items()
        }

    def explain_score(self, state: CycleState, pod: Document, node: NodeInfo) -> Mapping[str, Any]:
        """For each constraint how many matching pods are in the node's domain, and what that adds to the score."""
        notes: Soft = state[self.score_key]
        if node.name in notes.ignored:
            missing = [key for each in notes.weighed if (key := each.constraint.topology_key) not in node.labels]
            return {"ignored": True, "missing": missing}
        parts = []
        for each in notes.weighed:
            here = _here(each, pod, node)
            part: dict[str, Any] = {"constraint": each.constraint.summary(), "domain": None}
            if here is not None:
                part |= {
                    "domain": _domain(node, each.constraint), "count": here,
                    "weight": round(each.weight, 3), "adds": round(_counted_score(here, each), 3),
                }
            parts.append(part)
        return {"ignored": False, "default": not own_constraints(pod), "constraints": parts}

    # --- when a rejected pod is worth another try ------------------------------------------------------------------------

    def worth_retrying(self, pod: Document, event: ClusterEvent) -> bool:
        """When matching pods came, went or changed, or domains did."""
        own = own_constraints(pod)
        if not own:
            # By default constraints: who belongs together with the pod is known only at the next attempt.
            return event.resource == events.NODE or _is_involved(pod, event)
        constraints = parsed(own, pod["metadata"].get("labels") or {}, HARD)
        if event.resource == events.NODE:
            return _nodes_help(constraints, event)
        if not _is_involved(pod, event):
            return False
        if event.old is None or event.new is None:
            (found,) = (document for document in (event.old, event.new) if document is not None)
            labels = found["metadata"].get("labels")
            return any(constraint.selector.matches(labels) for constraint in constraints)
        if (
            event.new["metadata"].get("uid") == pod["metadata"].get("uid")
            and _tolerations(event.old) != _tolerations(event.new)
            and any(constraint.honors_taints for constraint in constraints)
        ):
            return True
        before, after = (document["metadata"].get("labels") for document in (event.old, event.new))
        return any(each.selector.matches(before) != each.selector.matches(after) for each in constraints)

    def is_strict(self, pod: Document) -> bool:
        """Whether only nodes with all topology keys are scored: not with the built-in constraints, so that nodes without
        a zone still take part in the spreading over nodes.
        """
        return bool(own_constraints(pod)) or not self._system

    def constraints(self, pod: Document, action: str, lister: Lister) -> tuple[Constraint, ...]:
        """The pod's constraints with this whenUnsatisfiable, or the default ones."""
        own = own_constraints(pod)
        if own:
            return parsed(own, pod["metadata"].get("labels") or {}, action)
        return default_constraints(pod, self._defaults[action], lister)


def _lowest(total: Mapping[str, int]) -> Lowest:
    found = Lowest()
    for domain, pods in total.items():
        found = found.updated(domain, pods)
    return found


def _domain(node: NodeInfo, constraint: Constraint) -> str:
    """The node's domain; nodes without the label share one that has no name."""
    return node.labels.get(constraint.topology_key, "")


def _here(each: Weighed, pod: Document, node: NodeInfo) -> int | None:
    """Matching pods in the node's domain; None when it has none."""
    constraint = each.constraint
    if constraint.topology_key not in node.labels:
        return None
    if constraint.topology_key == HOSTNAME:
        return count(node.pods, constraint.selector, pod["metadata"].get("namespace", ""))
    return each.pods[node.labels[constraint.topology_key]]


def _counted_score(pods: int, each: Weighed) -> float:
    """A larger skew that is allowed makes the differences between domains matter less."""
    return pods * each.weight + (each.constraint.max_skew - 1)


def _weight(domains: int) -> float:
    """With many domains each holds few pods: a pod there weighs more."""
    return math.log(domains + 2)


def _rounded(score: float) -> int:
    """Half a point goes up."""
    whole = int(score)
    return whole + (score - whole >= 0.5)


def _is_involved(pod: Document, event: ClusterEvent) -> bool:
    """Whether the event is about the pod itself or a placed pod of its namespace."""
    meta = pod["metadata"]
    for other in (event.old, event.new):
        if other is None or other["metadata"].get("uid") == meta.get("uid"):
            continue
        if event.resource == events.UNSCHEDULED_POD or other["metadata"].get("namespace") != meta.get("namespace"):
            return False
    return True


def _nodes_help(constraints: Sequence[Constraint], event: ClusterEvent) -> bool:
    """Whether a node with a domain for every constraint came, went, moved or changed its taints."""
    old, new = event.old, event.new
    before = {} if old is None else old["metadata"].get("labels") or {}
    after = {} if new is None else new["metadata"].get("labels") or {}
    counted = old is not None and has_all_keys(before, constraints)
    counts = new is not None and has_all_keys(after, constraints)
    if old is None or new is None:
        return counted or counts
    if counted != counts:
        return True
    moved = any(before.get(each.topology_key) != after.get(each.topology_key) for each in constraints)
    return counts and (moved or old["spec"].get("taints") != new["spec"].get("taints"))


def _tolerations(pod: Document) -> list[Document]:
    return dig(pod, "spec", "tolerations", default=[])
