"""Pod affinity terms, parsed: which pods a pod wants near it or far from it.

staging/src/k8s.io/kube-scheduler/framework/types.go (AffinityTerm), pkg/scheduler/framework/plugins/interpodaffinity.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
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


class _Affinity:
    """The affinity of a pod as a key of a cache: documents are never mutated, so the same one always means the same."""

    __slots__ = ("document", "namespace")

    def __init__(self, document: Document, namespace: str) -> None:
        self.document = document
        self.namespace = namespace

    def __hash__(self) -> int:
        return hash((id(self.document), self.namespace))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, _Affinity) and self.document is other.document and self.namespace == other.namespace
        )


def terms_of(pod: Document) -> Terms:
    """The terms of a pod; each decision asks for those of every pod in the cluster."""
    affinity = pod["spec"].get("affinity")
    if not affinity or not (affinity.get("podAffinity") or affinity.get("podAntiAffinity")):
        return NONE
    return _terms(_Affinity(affinity, pod["metadata"].get("namespace", "")))


def matches_all(terms: Sequence[Term], pod: Document) -> bool:
    """Whether the pod matches every term, and there are any. The terms know their namespaces by name."""
    return bool(terms) and all(term.matches(pod, None) for term in terms)


@lru_cache(maxsize=4096)
def _terms(key: _Affinity) -> Terms:
    near, away = key.document.get("podAffinity") or {}, key.document.get("podAntiAffinity") or {}
    return Terms(
        _required(near, key.namespace), _required(away, key.namespace),
        _preferred(near, key.namespace), _preferred(away, key.namespace),
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
