"""LimitRange: what a container, Pod or claim of a namespace gets by default, and between which bounds it must stay."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from cluster.objects import names, quantity
from cluster.objects.documents import Document, dig
from cluster.objects.field_errors import duplicate, forbidden, invalid, required
from cluster.objects.printing import NAME
from cluster.objects.registry import REGISTRY, Column, FieldError, Kind
from cluster.objects.resource_names import (
    container_resource_errors,
    may_overcommit,
    resource_errors,
)

CONTAINER, POD, CLAIM = "Container", "Pod", "PersistentVolumeClaim"
TYPES = (POD, CONTAINER, CLAIM)
MAX, MIN, DEFAULT, DEFAULT_REQUEST, RATIO = "max", "min", "default", "defaultRequest", "maxLimitRequestRatio"
AMOUNTS = (MAX, MIN, DEFAULT, DEFAULT_REQUEST, RATIO)
NOT_FOR_PODS = "may not be specified when `type` is 'Pod'"

Amounts = dict[str, str]


# --- questions -------------------------------------------------------------------------------------------------------


def items(limit_range: Document) -> list[Document]:
    """Its rules: each for one type of object."""
    found: list[Document] = dig(limit_range, "spec", "limits", default=[])
    return found


def amounts(item: Document, field: str) -> Amounts:
    """One of the five lists of a rule, by resource."""
    found: Amounts = item.get(field) or {}
    return found


def defaults_of_containers(limit_range: Document) -> tuple[Amounts, Amounts]:
    """The requests and limits that a container gets which names none."""
    requests: Amounts = {}
    limits: Amounts = {}
    for item in items(limit_range):
        if item.get("type") == CONTAINER:
            requests.update(amounts(item, DEFAULT_REQUEST))
            limits.update(amounts(item, DEFAULT))
    return requests, limits


# --- defaults --------------------------------------------------------------------------------------------------------


def default(limit_range: Document) -> Document:
    """SetDefaults_LimitRangeItem in pkg/apis/core/v1/defaults.go, and quantities as the server writes them."""
    spec = limit_range.get("spec") or {}
    limits = [_default_item(item) for item in spec.get("limits") or []]
    return {**limit_range, "spec": {**spec, "limits": limits}}


def _default_item(item: Document) -> Document:
    lists = {field: _canonical(amounts(item, field)) for field in AMOUNTS if field in item}
    if item.get("type") == CONTAINER:
        # A limit that is not given is the largest one; a request the limit, or the least.
        lists[DEFAULT] = {**lists.get(MAX, {}), **lists.get(DEFAULT, {})}
        lists[DEFAULT_REQUEST] = {**lists.get(MIN, {}), **lists[DEFAULT], **lists.get(DEFAULT_REQUEST, {})}
    return {**item, **{field: dict(sorted(found.items())) for field, found in lists.items() if found}}


def _canonical(found: Amounts) -> Amounts:
    written = dict(found)
    for name, amount in found.items():
        with suppress(quantity.QuantityError):  # validation, which comes later, names the field
            written[name] = quantity.canonical(amount)
    return written


# --- validation ------------------------------------------------------------------------------------------------------


def validate(limit_range: Document, old: Document | None) -> list[FieldError]:
    """ValidateLimitRange in pkg/apis/core/validation/validation.go."""
    found: list[FieldError] = []
    seen: set[Any] = set()
    for index, item in enumerate(items(limit_range)):
        path, kind = f"spec.limits[{index}]", item.get("type") or ""
        found += _type_errors(kind, f"{path}.type")
        if kind in seen:
            found.append(duplicate(f"{path}.type", kind))
        seen.add(kind)
        found += _list_errors(item, kind, path)
        found += _order_errors(item, kind, path)
    return found


def _type_errors(kind: str, path: str) -> list[FieldError]:
    found = [invalid(path, kind, complaint) for complaint in names.qualified_name(kind)]
    if not found and "/" not in kind and kind not in TYPES:
        found.append(invalid(path, kind, "must be a standard limit type or fully qualified"))
    return found


def _list_errors(item: Document, kind: str, path: str) -> list[FieldError]:
    check = container_resource_errors if kind in (POD, CONTAINER) else resource_errors
    found = []
    for field in AMOUNTS:
        if kind == POD and field in (DEFAULT, DEFAULT_REQUEST):
            if amounts(item, field):
                found.append(forbidden(f"{path}.{field}", NOT_FOR_PODS))
            continue
        if kind == CLAIM and field == RATIO and "storage" not in {**amounts(item, MIN), **amounts(item, MAX)}:
            complaint = "either minimum or maximum storage value is required, but neither was provided"
            found.append(required(f"{path}.limits", complaint))
        for name, amount in sorted(amounts(item, field).items()):
            found += check(name, f"{path}.{field}[{name}]")
            found += _quantity_errors(amount, f"{path}.{field}[{name}]")
    return found


def _quantity_errors(amount: Any, path: str) -> list[FieldError]:
    try:
        quantity.parse(amount)
    except quantity.QuantityError as problem:
        return [invalid(path, amount, str(problem))]
    return []


def _order_errors(item: Document, kind: str, path: str) -> list[FieldError]:
    """Complaints about amounts of one resource that contradict each other."""
    fields = [field for field in AMOUNTS if kind != POD or field not in (DEFAULT, DEFAULT_REQUEST)]
    found = []
    for name in sorted({name for field in fields for name in amounts(item, field)}):
        given = {field: amounts(item, field)[name] for field in fields if name in amounts(item, field)}
        with suppress(quantity.QuantityError):  # said already
            found += _contradictions(name, given, path)
    return found


# What must not be more than what, which of the two is complained about, and the words for both.
_ORDER = (
    (MIN, MAX, MIN, MIN, "min value", "max value"),
    (MIN, DEFAULT_REQUEST, DEFAULT_REQUEST, DEFAULT_REQUEST, "min value", "default request value"),
    (DEFAULT_REQUEST, MAX, DEFAULT_REQUEST, DEFAULT_REQUEST, "default request value", "max value"),
    (DEFAULT_REQUEST, DEFAULT, DEFAULT_REQUEST, DEFAULT_REQUEST, "default request value", "default limit value"),
    (MIN, DEFAULT, DEFAULT, MIN, "min value", "default value"),
    (DEFAULT, MAX, DEFAULT, MAX, "default value", "max value"),
)


def _contradictions(name: str, given: Amounts, path: str) -> list[FieldError]:
    found = []
    for low, high, blamed, shown, low_words, high_words in _ORDER:
        if low in given and high in given and quantity.compare(given[low], given[high]) > 0:
            complaint = f"{low_words} {given[low]} is greater than {high_words} {given[high]}"
            found.append(invalid(f"{path}.{blamed}[{name}]", given[shown], complaint))
    found += _ratio_errors(name, given, path)
    both = DEFAULT in given and DEFAULT_REQUEST in given
    if both and not may_overcommit(name) and quantity.compare(given[DEFAULT], given[DEFAULT_REQUEST]):
        complaint = f"default value {given[DEFAULT]} must equal to defaultRequest value {given[DEFAULT_REQUEST]} in {name}"
        found.append(invalid(f"{path}.{DEFAULT_REQUEST}[{name}]", given[DEFAULT_REQUEST], complaint))
    return found


def _ratio_errors(name: str, given: Amounts, path: str) -> list[FieldError]:
    if RATIO not in given:
        return []
    found = []
    ratio, place = given[RATIO], f"{path}.{RATIO}[{name}]"
    if quantity.compare(ratio, 1) < 0:
        found.append(invalid(place, ratio, f"ratio {ratio} is less than 1"))
    if MIN in given and MAX in given and quantity.milli_value(given[MIN]) != 0:
        largest = quantity.milli_value(given[MAX]) / quantity.milli_value(given[MIN])
        if quantity.milli_value(ratio) / 1000 > largest:
            found.append(invalid(place, ratio, f"ratio {ratio} is greater than max/min = {largest:f}"))
    return found


KIND = REGISTRY.register(
    Kind(
        group="",
        version="v1",
        kind="LimitRange",
        plural="limitranges",
        singular="limitrange",
        short_names=("limits",),
        namespaced=True,
        default=default,
        validate=validate,
        columns=(NAME, Column("Created At", lambda limit_range, now: str(limit_range["metadata"]["creationTimestamp"]))),
    )
)
