"""InterPodAffinity: pods that want to be near other pods, or far from them.

pkg/scheduler/framework/plugins/interpodaffinity (filtering.go, scoring.go, plugin.go).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from immutables import Map

from cluster.objects.documents import Document
from cluster.scheduler import events
from cluster.scheduler.affinity_terms import NONE, Term, Terms, matches_all, terms_of
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
from cluster.scheduler.snapshot import NodeInfo, PodInfo, Snapshot, pod_key

AFFINITY_REASON = "node(s) didn't match pod affinity rules"
ANTI_AFFINITY_REASON = "node(s) didn't match pod anti-affinity rules"
EXISTING_REASON = "node(s) didn't satisfy existing pods anti-affinity rules"
# How many pods a rejection names.
NAMED = 5

# Rules that add to a score: of the incoming pod, and of pods that are there already.
PREFERS = "prefers"
AVOIDS = "avoids"
REQUIRED_BY = "required by"
PREFERRED_BY = "preferred by"
AVOIDED_BY = "avoided by"


class Domain(NamedTuple):
    """All nodes on which this label has this value."""

    key: str
    value: str


class Match(NamedTuple):
    """A pod that is in a domain, and the term that matches: of the incoming pod, or of that pod."""

    pod: str  # "namespace/name"
    term: Term


Matches = Map[Domain, tuple[Match, ...]]


class Notes(NamedTuple):
    """Notes for filtering. A domain is in one of the maps only while there are matches in it."""

    terms: Terms  # of the incoming pod, with the namespaces that their selectors find
    namespace_labels: Mapping[str, str]  # of the incoming pod's namespace
    near: Matches  # pods that match all affinity terms
    away: Matches  # pods that match an anti-affinity term
    repelled: Matches  # pods with an anti-affinity term that matches the incoming pod


class Share(NamedTuple):
    """What one kind of rule adds to the scores of a domain's nodes."""

    matches: int
    points: int


class Scores(NamedTuple):
    """Notes for scoring: points by topology key and value, and what they are made of."""

    points: Mapping[str, Mapping[str, int]]
    shares: Mapping[Domain, Mapping[str, Share]]


class InterPodAffinity(Plugin):
    """`hard_weight`: points of a node near a pod whose required affinity matches the incoming one (0..100).

    `ignore_existing_preferences`: pods without preferences of their own do not mind those of others.
    """

    name = "InterPodAffinity"
    events = frozenset({
        (events.ASSIGNED_POD, events.ADD),
        (events.ASSIGNED_POD, events.DELETE),
        (events.ASSIGNED_POD, events.UPDATE_POD_LABEL),
        (events.UNSCHEDULED_POD, events.UPDATE_POD_LABEL),
        (events.NODE, events.ADD),
        (events.NODE, events.UPDATE_NODE_LABEL),
    })
    score_key = f"{name}/score"

    def __init__(self, hard_weight: int = 1, *, ignore_existing_preferences: bool = False) -> None:
        self.hard_weight = hard_weight
        self.ignores_existing = ignore_existing_preferences

    # --- required terms --------------------------------------------------------------------------------------------------

    def pre_filter(self, state: CycleState, pod: Document, snapshot: Snapshot) -> PreFilterResult:
        notes = _empty_notes(pod, snapshot.lister)
        near: dict[Domain, list[Match]] = {}
        away: dict[Domain, list[Match]] = {}
        repelled: dict[Domain, list[Match]] = {}
        asks = bool(notes.terms.affinity or notes.terms.anti_affinity)
        for node in snapshot.nodes:
            if notes.terms.affinity:
                _note(near, _matches_near(notes, node.pods, node))
            if notes.terms.anti_affinity:
                _note(away, _matches_away(notes, node.pods, node))
            _note(repelled, _matches_repelled(notes, pod, node.pods_with_affinity, node))
        if not asks and not repelled:
            return PreFilterResult(SKIP)
        state[self.name] = notes._replace(near=_frozen(near), away=_frozen(away), repelled=_frozen(repelled))
        return PreFilterResult()

    def add_pod(self, state: CycleState, pod: Document, other: PodInfo, node: NodeInfo) -> None:
        notes: Notes = state[self.name]
        state[self.name] = notes._replace(
            near=_with(notes.near, _matches_near(notes, (other,), node)),
            away=_with(notes.away, _matches_away(notes, (other,), node)),
            repelled=_with(notes.repelled, _matches_repelled(notes, pod, (other,), node)),
        )

    def remove_pod(self, state: CycleState, pod: Document, other: PodInfo, node: NodeInfo) -> None:
        notes: Notes = state[self.name]
        state[self.name] = notes._replace(
            near=_without(notes.near, _matches_near(notes, (other,), node)),
            away=_without(notes.away, _matches_away(notes, (other,), node)),
            repelled=_without(notes.repelled, _matches_repelled(notes, pod, (other,), node)),
        )

    def filter(self, state: CycleState, pod: Document, node: NodeInfo) -> Status:
        notes: Notes = state[self.name]
        lonely = _missing_near(notes, node)
        if lonely is not None and not _is_first_of_its_kind(notes, pod, node):
            return Status(Code.UNRESOLVABLE, (AFFINITY_REASON,), _values("affinity", lonely, node, ()))
        for term in notes.terms.anti_affinity:
            found = _found(notes.away, term.topology_key, node)
            if found:
                return Status(Code.UNSCHEDULABLE, (ANTI_AFFINITY_REASON,), _values("anti-affinity", term, node, found))
        if notes.repelled:
            for key in node.labels:
                found = _found(notes.repelled, key, node)
                if found:
                    values = _values("anti-affinity of others", found[0].term, node, found)
                    return Status(Code.UNSCHEDULABLE, (EXISTING_REASON,), values)
        return SUCCESS

    # --- preferred terms -------------------------------------------------------------------------------------------------

    def pre_score(self, state: CycleState, pod: Document, nodes: Sequence[NodeInfo], snapshot: Snapshot) -> Status:
        own = terms_of(pod)
        prefers = bool(own.preferred or own.preferred_anti)
        if self.ignores_existing and not prefers:
            return SKIP
        if prefers:
            own = _in_namespaces(own, snapshot.lister)
        namespace_labels = _namespace_labels(pod, snapshot.lister)
        points: dict[str, dict[str, int]] = {}
        shares: dict[Domain, dict[str, Share]] = {}
        for node in snapshot.nodes:
            labels = node.labels
            for other in node.pods if prefers else node.pods_with_affinity:
                for rule, term, weight in self._weighed(own, pod, other.document, namespace_labels):
                    value = labels.get(term.topology_key)
                    if value is not None:
                        sums = points.setdefault(term.topology_key, {})
                        sums[value] = sums.get(value, 0) + weight
                        _add_share(shares.setdefault(Domain(term.topology_key, value), {}), rule, weight)
        if not points:
            return SKIP
        state[self.score_key] = Scores(points, shares)
        return SUCCESS

    def _weighed(
        self, own: Terms, pod: Document, other: Document, namespace_labels: Mapping[str, str]
    ) -> Iterator[tuple[str, Term, int]]:
        """Which terms match, of the incoming pod for `other` and the other way round, and how many points they give."""
        for term in own.preferred:
            if term.matches(other, None):
                yield PREFERS, term, term.weight
        for term in own.preferred_anti:
            if term.matches(other, None):
                yield AVOIDS, term, -term.weight
        theirs = terms_of(other)
        if theirs is NONE:
            return
        for term in theirs.affinity if self.hard_weight > 0 else ():
            if term.matches(pod, namespace_labels):
                yield REQUIRED_BY, term, self.hard_weight
        for term in theirs.preferred:
            if term.matches(pod, namespace_labels):
                yield PREFERRED_BY, term, term.weight
        for term in theirs.preferred_anti:
            if term.matches(pod, namespace_labels):
                yield AVOIDED_BY, term, -term.weight

    def score(self, state: CycleState, pod: Document, node: NodeInfo) -> int:
        """The points of all domains in which the node is; they may be negative."""
        notes: Scores = state[self.score_key]
        labels = node.labels
        return sum(sums.get(labels[key], 0) for key, sums in notes.points.items() if key in labels)

    def normalize(self, state: CycleState, scores: Mapping[str, int]) -> Mapping[str, int]:
        lowest = min(scores.values())
        span = max(scores.values()) - lowest
        return {
            name: int(MAX_NODE_SCORE * ((score - lowest) / span)) if span else 0 for name, score in scores.items()
        }

    def explain_score(self, state: CycleState, pod: Document, node: NodeInfo) -> Mapping[str, Any]:
        """For each of the node's domains and each kind of rule how many matches there are and how many points they give."""
        notes: Scores = state[self.score_key]
        labels = node.labels
        return {"domains": [
            {"topologyKey": domain.key, "domain": domain.value, "rule": rule, "count": share.matches, "points": share.points}
            for domain, shares in notes.shares.items() if labels.get(domain.key) == domain.value
            for rule, share in shares.items()
        ]}

    # --- when a rejected pod is worth another try ------------------------------------------------------------------------

    def worth_retrying(self, pod: Document, event: ClusterEvent) -> bool:
        """When a wanted pod came, one that repels went, or a node changed its domain."""
        terms = terms_of(pod)
        if event.resource == events.NODE:
            return _nodes_help(terms, event)
        if event.resource == events.UNSCHEDULED_POD:
            # Its own labels changed: others may no longer keep it away.
            return True
        old, new = event.old, event.new
        if old is not None and new is not None:
            begins = not matches_all(terms.affinity, old) and matches_all(terms.affinity, new)
            ends = matches_all(terms.anti_affinity, old) and not matches_all(terms.anti_affinity, new)
            return begins or ends
        if new is not None:
            return matches_all(terms.affinity, new)
        return old is not None and (
            matches_all(terms.anti_affinity, old) or matches_all(terms_of(old).anti_affinity, pod)
        )


def _empty_notes(pod: Document, lister: Lister) -> Notes:
    terms = terms_of(pod)
    if terms.affinity or terms.anti_affinity:
        terms = _in_namespaces(terms, lister)
    return Notes(terms, _namespace_labels(pod, lister), Map(), Map(), Map())


def _in_namespaces(terms: Terms, lister: Lister) -> Terms:
    return Terms(*(tuple(term.in_namespaces(lister) for term in group) for group in terms))


def _namespace_labels(pod: Document, lister: Lister) -> Mapping[str, str]:
    """Labels of the pod's namespace; none when it cannot be found."""
    namespace = lister.get("namespaces", "", pod["metadata"].get("namespace", ""))
    return {} if namespace is None else namespace["metadata"].get("labels") or {}


# --- matches by domain ---------------------------------------------------------------------------------------------------


def _matches_near(notes: Notes, others: Iterable[PodInfo], node: NodeInfo) -> Iterator[tuple[Domain, Match]]:
    """A pod counts for affinity only when it matches all terms; then it counts for each of them."""
    for other in others:
        if matches_all(notes.terms.affinity, other.document):
            yield from _in_domains(notes.terms.affinity, other.document, node)


def _matches_away(notes: Notes, others: Iterable[PodInfo], node: NodeInfo) -> Iterator[tuple[Domain, Match]]:
    for other in others:
        for term in notes.terms.anti_affinity:
            if term.matches(other.document, None):
                yield from _in_domains((term,), other.document, node)


def _matches_repelled(
    notes: Notes, pod: Document, others: Iterable[PodInfo], node: NodeInfo
) -> Iterator[tuple[Domain, Match]]:
    for other in others:
        for term in terms_of(other.document).anti_affinity:
            if term.matches(pod, notes.namespace_labels):
                yield from _in_domains((term,), other.document, node)


def _in_domains(terms: Iterable[Term], other: Document, node: NodeInfo) -> Iterator[tuple[Domain, Match]]:
    for term in terms:
        value = node.labels.get(term.topology_key)
        if value is not None:
            yield Domain(term.topology_key, value), Match(pod_key(other), term)


def _note(noted: dict[Domain, list[Match]], found: Iterable[tuple[Domain, Match]]) -> None:
    for domain, match in found:
        noted.setdefault(domain, []).append(match)


def _frozen(noted: Mapping[Domain, Sequence[Match]]) -> Matches:
    return Map({domain: tuple(matches) for domain, matches in noted.items()})


def _with(noted: Matches, more: Iterable[tuple[Domain, Match]]) -> Matches:
    for domain, match in more:
        noted = noted.set(domain, (*noted.get(domain, ()), match))
    return noted


def _without(noted: Matches, gone: Iterable[tuple[Domain, Match]]) -> Matches:
    for domain, match in gone:
        left = list(noted.get(domain, ()))
        if match in left:
            left.remove(match)
        noted = noted.set(domain, tuple(left)) if left else noted.delete(domain) if domain in noted else noted
    return noted


def _found(noted: Matches, key: str, node: NodeInfo) -> tuple[Match, ...]:
    value = node.labels.get(key)
    return () if value is None else noted.get(Domain(key, value), ())


def _missing_near(notes: Notes, node: NodeInfo) -> Term | None:
    """The first affinity term that nothing in the node's domain satisfies."""
    return next((term for term in notes.terms.affinity if not _found(notes.near, term.topology_key, node)), None)


def _is_first_of_its_kind(notes: Notes, pod: Document, node: NodeInfo) -> bool:
    """A pod that wants to be near its own kind may start anywhere when there is none of it, where there are domains."""
    if notes.near or not matches_all(notes.terms.affinity, pod):
        return False
    return all(term.topology_key in node.labels for term in notes.terms.affinity)


def _values(rule: str, term: Term, node: NodeInfo, found: Sequence[Match]) -> dict[str, Any]:
    pods = list(dict.fromkeys(match.pod for match in found))
    values: dict[str, Any] = {
        "rule": rule, "term": term.document, "topologyKey": term.topology_key,
        "domain": node.labels.get(term.topology_key), "count": len(pods), "pods": pods[:NAMED],
    }
    return values | ({"pod": pods[0]} if pods else {})


def _add_share(shares: dict[str, Share], rule: str, points: int) -> None:
    matches, sum_of_points = shares.get(rule, (0, 0))
    shares[rule] = Share(matches + 1, sum_of_points + points)


def _nodes_help(terms: Terms, event: ClusterEvent) -> bool:
    """Whether a node came or changed its domains in a way that may satisfy a term."""
    after = {} if event.new is None else event.new["metadata"].get("labels") or {}
    if event.old is None:
        return bool(terms.anti_affinity) or any(term.topology_key in after for term in terms.affinity)
    before = event.old["metadata"].get("labels") or {}

    def moved(term: Term) -> bool:
        key = term.topology_key
        return key in before and key in after and before[key] != after[key]

    entered = any(term.topology_key not in before and term.topology_key in after for term in terms.affinity)
    left = any(term.topology_key in before and term.topology_key not in after for term in terms.anti_affinity)
    return entered or left or any(map(moved, (*terms.affinity, *terms.anti_affinity)))
