"""Pod affinity terms, parsed: which pods a pod wants near it or far from it.

staging/src/k8s.io/kube-scheduler/framework/types.go (AffinityTerm), pkg/scheduler/framework/plugins/interpodaffinity.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from cluster.objects.documents import Document
from cluster.objects.selectors import LabelSelector
from cluster.scheduler.listers import Lister

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


class Term(NamedTuple):
    """Pods that the selector matches, in these namespaces or in those whose labels match; `weight` is 0 when required."""

    namespaces: frozenset[str]
    namespace_selector: LabelSelector
    selector: LabelSelector
    topology_key: str
    weight: int
    document: Document  # the PodAffinityTerm

    def matches(self, pod: Document, namespace_labels: Mapping[str, str] | None) -> bool:
        """`namespace_labels` are those of the pod's namespace; None where the term knows its namespaces by name."""
        meta = pod["metadata"]
        if meta.get("namespace", "") not in self.namespaces and not self.namespace_selector.matches(namespace_labels):
            return False
        return self.selector.matches(meta.get("labels"))

    def in_namespaces(self, lister: Lister) -> Term:
        """The term of an incoming pod: the namespaces that the selector finds are named.

        The selector stays, as in kube-scheduler 1.36, and is later asked about no labels at all: one that only rules
        labels out (NotIn, DoesNotExist) therefore lets pods of every namespace match.
        """
        if self.namespace_selector.empty or self.namespace_selector.nothing:
            return self
        found = frozenset(
            namespace["metadata"]["name"] for namespace in lister.list("namespaces")
            if self.namespace_selector.matches(namespace["metadata"].get("labels"))
        )
        return self._replace(namespaces=self.namespaces | found)


class Terms(NamedTuple):
    """All terms of one pod."""

    affinity: tuple[Term, ...] = ()
    anti_affinity: tuple[Term, ...] = ()
    preferred: tuple[Term, ...] = ()
    preferred_anti: tuple[Term, ...] = ()


NONE = Terms()


# Affinities seen lately by the identity of their documents, which are never mutated: (affinity, namespace, its terms).
_seen: dict[int, tuple[Document, str, Terms]] = {}
_MAX_SEEN = 16384


def terms_of(pod: Document) -> Terms:
    """The terms of a pod; each decision asks for those of every pod in the cluster."""
    affinity = pod["spec"].get("affinity")
    if not affinity or not (affinity.get("podAffinity") or affinity.get("podAntiAffinity")):
        return NONE
    namespace = pod["metadata"].get("namespace", "")
    seen = _seen.get(id(affinity))
    if seen is not None and seen[0] is affinity and seen[1] == namespace:
        return seen[2]
    terms = _terms(affinity, namespace)
    if len(_seen) >= _MAX_SEEN:
        _seen.clear()
    _seen[id(affinity)] = (affinity, namespace, terms)
    return terms


def matches_all(terms: Sequence[Term], pod: Document) -> bool:
    """Whether the pod matches every term, and there are any. The terms know their namespaces by name."""
    return bool(terms) and all(term.matches(pod, None) for term in terms)


def _terms(affinity: Document, namespace: str) -> Terms:
    near, away = affinity.get("podAffinity") or {}, affinity.get("podAntiAffinity") or {}
    return Terms(
        _required(near, namespace), _required(away, namespace), _preferred(near, namespace), _preferred(away, namespace)
    )


def _required(rules: Document, namespace: str) -> tuple[Term, ...]:
    return tuple(_term(term, namespace, 0) for term in rules.get(REQUIRED) or ())


def _preferred(rules: Document, namespace: str) -> tuple[Term, ...]:
    return tuple(
        _term(weighted["podAffinityTerm"], namespace, weighted["weight"]) for weighted in rules.get(PREFERRED) or ()
    )


def _term(document: Document, namespace: str, weight: int) -> Term:
    named: Iterable[str] = document.get("namespaces") or ()
    if not named and document.get("namespaceSelector") is None:
        named = (namespace,)
    return Term(
        frozenset(named), LabelSelector.from_document(document.get("namespaceSelector")),
        LabelSelector.from_document(document.get("labelSelector")), document["topologyKey"], weight, document,
    )
