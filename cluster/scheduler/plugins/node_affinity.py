"""NodeAffinity: nodeSelector and node affinity against the labels of nodes.

pkg/scheduler/framework/plugins/nodeaffinity.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cluster.objects.documents import Document, dig
from cluster.objects.selectors import node_selector_term_errors, node_selector_terms_match
from cluster.scheduler import events, normalization
from cluster.scheduler.events import ClusterEvent
from cluster.scheduler.framework import SKIP, SUCCESS, Code, CycleState, Plugin, PreFilterResult, Status
from cluster.scheduler.snapshot import NodeInfo, Snapshot

REASON = "node(s) didn't match Pod's node affinity/selector"
ENFORCED = "node(s) didn't match scheduler-enforced node affinity"
CONFLICT = "pod affinity terms conflict"
NAME_FIELD = "metadata.name"


_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def required_terms(pod: Document) -> list[Document] | None:
    """The terms of the required node affinity; None when the pod has none."""
    return _required_terms(dig(pod, "spec", "affinity", "nodeAffinity"))


def preferred_terms(pod: Document) -> list[Document] | None:
    return dig(pod, "spec", "affinity", "nodeAffinity", _PREFERRED)


def _required_terms(affinity: Document | None) -> list[Document] | None:
    required = (affinity or {}).get(_REQUIRED)
    return None if required is None else required.get("nodeSelectorTerms") or []


def matches(pod: Document, node: Document) -> bool:
    """Whether the node has all labels of the nodeSelector and satisfies one of the required terms."""
    labels = node["metadata"].get("labels") or {}
    selector = dig(pod, "spec", "nodeSelector", default={})
    if any(labels.get(key) != value for key, value in selector.items()):
        return False
    terms = required_terms(pod)
    return terms is None or _any_term_matches(terms, node)


def named_nodes(terms: Sequence[Document]) -> frozenset[str] | None:
    """The only node names that the terms allow by `metadata.name In`; None when some term leaves the name open."""
    allowed: frozenset[str] = frozenset()
    for term in terms:
        lists = [
            frozenset(field.get("values") or ())
            for field in term.get("matchFields") or ()
            if field["key"] == NAME_FIELD and field["operator"] == "In"
        ]
        if not lists:
            return None
        allowed |= frozenset.intersection(*lists)
    return allowed


class NodeAffinity(Plugin):
    name = "NodeAffinity"
    events = frozenset({(events.NODE, events.ADD), (events.NODE, events.UPDATE_NODE_LABEL)})
    manages_without_notes = frozenset({"filter"})

    def __init__(self, added: Document | None = None) -> None:
        """`added`: a node affinity that counts for every pod of the profile, besides the pod's own."""
        self.added_terms = _required_terms(added)
        self.added_preferences = meaningful((added or {}).get(_PREFERRED) or ())

    def pre_filter(self, state: CycleState, pod: Document, snapshot: Snapshot) -> PreFilterResult:
        terms = required_terms(pod)
        if terms is None and self.added_terms is None and not dig(pod, "spec", "nodeSelector"):
            return PreFilterResult(SKIP)
        names = named_nodes(terms) if terms else None
        if names is not None and not names:
            return PreFilterResult(Status(Code.UNRESOLVABLE, (CONFLICT,), {"terms": terms}))
        return PreFilterResult(nodes=names)

    def filter(self, state: CycleState, pod: Document, node: NodeInfo) -> Status:
        if not self._is_allowed(node.document):
            return Status(Code.UNRESOLVABLE, (ENFORCED,), {"terms": self.added_terms})
        if matches(pod, node.document):
            return SUCCESS
        return Status(Code.UNRESOLVABLE, (REASON,), _difference(pod, node))

    def pre_score(self, state: CycleState, pod: Document, nodes: Sequence[NodeInfo], snapshot: Snapshot) -> Status:
        terms = preferred_terms(pod)
        if not terms and not self.added_preferences:
            return SKIP
        problem = problem_with(terms or ())
        if problem:
            return Status(Code.ERROR, (problem,))
        state[self.name] = [*meaningful(terms or ()), *self.added_preferences]
        return SUCCESS

    def score(self, state: CycleState, pod: Document, node: NodeInfo) -> int:
        """The sum of the weights of the preferred terms that the node satisfies."""
        return sum(
            term["weight"] for term in state[self.name]
            if _any_term_matches([term["preference"]], node.document)
        )

    def normalize(self, state: CycleState, scores: Mapping[str, int]) -> Mapping[str, int]:
        return normalization.proportional(scores)

    def worth_retrying(self, pod: Document, event: ClusterEvent) -> bool:
        """When a node came that matches, or one began to match."""
        if event.new is None or not self._is_allowed(event.new) or not matches(pod, event.new):
            return False
        return event.old is None or not self._is_allowed(event.old) or not matches(pod, event.old)

    def _is_allowed(self, node: Document) -> bool:
        """Whether the profile lets its pods onto the node."""
        return self.added_terms is None or _any_term_matches(self.added_terms, node)


def _any_term_matches(terms: Sequence[Document], node: Document) -> bool:
    meta = node["metadata"]
    return node_selector_terms_match(terms, meta.get("labels") or {}, {NAME_FIELD: meta["name"]})


def meaningful(preferred: Iterable[Document]) -> list[Document]:
    """The preferred terms that can change a score: with a weight and a condition."""
    return [term for term in preferred if term.get("weight") and _says_something(term.get("preference") or {})]


def _says_something(term: Document) -> bool:
    return bool(term.get("matchExpressions") or term.get("matchFields"))


def problem_with(preferred: Sequence[Document]) -> str:
    """What cannot be understood of preferred terms, "" for nothing: the API server lets some wrong values pass."""
    problems = [
        problem for index, term in enumerate(preferred) if term.get("weight")
        for problem in node_selector_term_errors(term.get("preference") or {}, f"[{index}]")
    ]
    distinct = list(dict.fromkeys(problems))
    return distinct[0] if len(distinct) == 1 else f"[{', '.join(distinct)}]" if distinct else ""


def _difference(pod: Document, node: NodeInfo) -> dict[str, Any]:
    """Which labels the pod asks for and what the node has instead."""
    selector = dig(pod, "spec", "nodeSelector", default={})
    wrong = {key: value for key, value in selector.items() if node.labels.get(key) != value}
    if wrong:
        return {"nodeSelector": wrong, "labels": {key: node.labels.get(key) for key in wrong}}
    terms = required_terms(pod) or []
    keys = {rule["key"] for term in terms for rule in term.get("matchExpressions") or ()}
    return {"terms": terms, "labels": {key: node.labels.get(key) for key in sorted(keys)}}
