"""matchLabelKeys and mismatchLabelKeys: rules that speak of the Pod's own labels, whatever their values are.

The API server writes them into the selectors of a new Pod (pkg/registry/core/pod/strategy.go).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from cluster.objects.documents import Document, dig

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def with_label_keys(pod: Document) -> Document:
    """The Pod with the values of its own labels in the selectors of its affinity terms and spread constraints."""
    spec = pod.get("spec") or {}
    if not any(rule.get("matchLabelKeys") or rule.get("mismatchLabelKeys") for rule in _all_rules(spec)):
        return pod
    labels = dig(pod, "metadata", "labels", default={})
    changes: Document = {}
    if dig(spec, "affinity", "podAffinity") or dig(spec, "affinity", "podAntiAffinity"):
        changes["affinity"] = _affinity(spec["affinity"], labels)
    if spec.get("topologySpreadConstraints"):
        changes["topologySpreadConstraints"] = [_merged(each, labels) for each in spec["topologySpreadConstraints"]]
    return {**pod, "spec": {**spec, **changes}}


def _all_rules(spec: Document) -> Iterator[Document]:
    yield from spec.get("topologySpreadConstraints") or ()
    for kind in ("podAffinity", "podAntiAffinity"):
        yield from dig(spec, "affinity", kind, REQUIRED, default=())
        for each in dig(spec, "affinity", kind, PREFERRED, default=()):
            yield each.get("podAffinityTerm") or {}


def _affinity(affinity: Document, labels: Mapping[str, str]) -> Document:
    return {
        kind: _rules(rules, labels) if kind in ("podAffinity", "podAntiAffinity") and rules else rules
        for kind, rules in affinity.items()
    }


def _rules(rules: Document, labels: Mapping[str, str]) -> Document:
    changed = dict(rules)
    if rules.get(REQUIRED):
        changed[REQUIRED] = [_merged(term, labels) for term in rules[REQUIRED]]
    if rules.get(PREFERRED):
        changed[PREFERRED] = [
            {**each, "podAffinityTerm": _merged(each.get("podAffinityTerm") or {}, labels)} for each in rules[PREFERRED]
        ]
    return changed


def _merged(rule: Document, labels: Mapping[str, str]) -> Document:
    """A term or constraint with its keys in its selector; without a selector it matches nothing anyway."""
    selector = rule.get("labelSelector")
    more = [
        *_expressions(rule.get("matchLabelKeys") or (), "In", labels),
        *_expressions(rule.get("mismatchLabelKeys") or (), "NotIn", labels),
    ]
    if selector is None or not more:
        return rule
    expressions = [*(selector.get("matchExpressions") or ()), *more]
    return {**rule, "labelSelector": {**selector, "matchExpressions": expressions}}


def _expressions(keys: Iterable[str], operator: str, labels: Mapping[str, str]) -> list[Document]:
    """Keys that the Pod has no label for are left out."""
    return [{"key": key, "operator": operator, "values": [labels[key]]} for key in keys if key in labels]
