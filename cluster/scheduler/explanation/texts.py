"""How explanations write what stands in documents: amounts, taints, labels, terms. The same in every language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import lru_cache

from cluster.objects import quantity
from cluster.objects.documents import Document
from cluster.scheduler.resources import CPU, EPHEMERAL_STORAGE, MEMORY

BYTES = (MEMORY, EPHEMERAL_STORAGE)
_UNITS = (("Gi", 2**30), ("Mi", 2**20), ("Ki", 2**10))


@lru_cache(maxsize=4096)
def exact(resource: str, amount: int) -> str:
    """An amount as a quantity: millicores of CPU, bytes or pieces of everything else. 1500 cpu → "1500m"."""
    if resource == CPU:
        return quantity.format(Fraction(amount, 1000))
    return quantity.format(amount, quantity.Family.BINARY_SI if resource in BYTES else quantity.Family.DECIMAL_SI)


def amount(resource: str, value: int) -> str:
    """An amount to be read by people: as `exact`, but odd bytes are rounded to a tenth of the next unit ("312.4Mi")."""
    text = exact(resource, value)
    if resource not in BYTES or len(text) <= 6:
        return text
    unit, size = next(((unit, size) for unit, size in _UNITS if abs(value) >= size), ("", 1))
    return f"{value / size:.1f}".removesuffix(".0") + unit


def taint(document: Document) -> str:
    """ "dedicated=gpu:NoSchedule"."""
    value = f"={document['value']}" if document.get("value") else ""
    return f"{document['key']}{value}:{document['effect']}"


def toleration(document: Document) -> str:
    """A toleration as a taint that it covers; what it leaves open is `*`."""
    value = f"={document['value']}" if document.get("value") else ""
    seconds = document.get("tolerationSeconds")
    limit = "" if seconds is None else f" {seconds}s"
    return f"{document.get('key') or '*'}{value}:{document.get('effect') or '*'}{limit}"


def labels(found: Mapping[str, str | None]) -> list[str]:
    """["disk=ssd", "zone="] in the order of the keys; a label that is missing (None) is left out."""
    return [f"{key}={value}" for key, value in sorted(found.items()) if value is not None]


def rule(expression: Document) -> str:
    """One matchExpression: "disk In [ssd nvme]"."""
    values = expression.get("values")
    return f"{expression['key']} {expression['operator']}" + (f" [{' '.join(values)}]" if values else "")


def term(document: Document) -> str:
    """A node selector term: its rules, all of which must hold."""
    rules = [*(document.get("matchExpressions") or ()), *(document.get("matchFields") or ())]
    return " & ".join(rule(each) for each in rules)


def terms(documents: Iterable[Document]) -> list[str]:
    """Terms, one of which must hold."""
    return [term(each) for each in documents]


def selector(document: Document | None) -> str:
    """A label selector of a Pod affinity term or spread constraint: "app=web & tier In [a b]", "*" for all Pods."""
    if document is None:
        return ""
    rules = [*labels(document.get("matchLabels") or {}), *(rule(each) for each in document.get("matchExpressions") or ())]
    return " & ".join(rules) or "*"
