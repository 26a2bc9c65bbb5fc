"""ResourceQuota: how much the objects of a namespace may add up to, and how much they do."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from cluster.objects import quantity
from cluster.objects.container_validation import NEGATIVE
from cluster.objects.documents import Document, dig
from cluster.objects.field_errors import IMMUTABLE, invalid, required
from cluster.objects.printing import AGE, NAME
from cluster.objects.registry import REGISTRY, Column, FieldError, Kind
from cluster.objects.resource_names import is_counted, is_of_quotas, quota_resource_errors

TERMINATING, NOT_TERMINATING = "Terminating", "NotTerminating"
BEST_EFFORT, NOT_BEST_EFFORT = "BestEffort", "NotBestEffort"
PRIORITY_CLASS, CROSS_NAMESPACE = "PriorityClass", "CrossNamespacePodAffinity"
ATTRIBUTES_CLASS = "VolumeAttributesClass"
SCOPES = (
    TERMINATING, NOT_TERMINATING, BEST_EFFORT, NOT_BEST_EFFORT, PRIORITY_CLASS, CROSS_NAMESPACE, ATTRIBUTES_CLASS,
)
IN, NOT_IN, EXISTS, DOES_NOT_EXIST = "In", "NotIn", "Exists", "DoesNotExist"
# Scopes that a selector can only ask for as such.
_ONLY_EXISTS = (BEST_EFFORT, NOT_BEST_EFFORT, TERMINATING, NOT_TERMINATING, CROSS_NAMESPACE)
_COMPUTE = frozenset({"pods", "cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory"})
_FITTING = {
    **dict.fromkeys(SCOPES, _COMPUTE), BEST_EFFORT: frozenset({"pods"}),
    ATTRIBUTES_CLASS: frozenset({"persistentvolumeclaims", "requests.storage"}),
}
_CONFLICTS = ((BEST_EFFORT, NOT_BEST_EFFORT), (TERMINATING, NOT_TERMINATING))
EXISTS_ONLY_TEXT = (
    "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, "
    "ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"
)

Amounts = dict[str, str]


# --- questions -------------------------------------------------------------------------------------------------------


def wanted(quota: Document) -> Amounts:
    """The limits that its owner wants."""
    found: Amounts = dig(quota, "spec", "hard", default={})
    return found


def hard(quota: Document) -> Amounts:
    """The limits that are in force: those that its controller has seen."""
    found: Amounts = dig(quota, "status", "hard", default={})
    return found


def used(quota: Document) -> Amounts:
    """What its controller has counted."""
    found: Amounts = dig(quota, "status", "used", default={})
    return found


def scopes(quota: Document) -> list[str]:
    found: list[str] = dig(quota, "spec", "scopes", default=[])
    return found


def requirements(quota: Document) -> list[Document]:
    """What an object must fulfil to be counted: its scopes and its selector (getScopeSelectorsFromQuota)."""
    found: list[Document] = [{"scopeName": scope, "operator": EXISTS} for scope in scopes(quota)]
    return found + dig(quota, "spec", "scopeSelector", "matchExpressions", default=[])


# --- defaults and validation -----------------------------------------------------------------------------------------


def default(quota: Document) -> Document:
    """Quantities as the server writes them."""
    spec = quota.get("spec") or {}
    if not spec.get("hard"):
        return {**quota, "spec": spec}
    return {**quota, "spec": {**spec, "hard": canonical(spec["hard"])}}


def canonical(amounts: Amounts) -> Amounts:
    """Quantities in their canonical spelling, by name."""
    written = dict(sorted(amounts.items()))
    for name, amount in written.items():
        with suppress(quantity.QuantityError):  # validation, which comes later, names the field
            written[name] = quantity.canonical(amount)
    return written


def prepare(quota: Document) -> Document:
    """pkg/registry/core/resourcequota/strategy.go"""
    return {**quota, "status": {}}


def validate(quota: Document, old: Document | None) -> list[FieldError]:
    """ValidateResourceQuota and ValidateResourceQuotaUpdate in pkg/apis/core/validation/validation.go."""
    found = _amount_errors(wanted(quota), "spec.hard") + _scope_errors(quota) + _selector_errors(quota)
    if old is not None and set(scopes(quota)) != set(scopes(old)):
        found.append(invalid("spec.scopes", scopes(quota), IMMUTABLE))
    return found


def validate_status(quota: Document) -> list[FieldError]:
    """ValidateResourceQuotaStatusUpdate."""
    return _amount_errors(hard(quota), "status.hard") + _amount_errors(used(quota), "status.used")


def _amount_errors(amounts: dict[str, Any], path: str) -> list[FieldError]:
    found = []
    for name, amount in sorted(amounts.items()):
        place = f"{path}[{name}]"
        found += quota_resource_errors(name, place)
        try:
            value = quantity.parse(amount)
        except quantity.QuantityError as problem:
            found.append(invalid(place, amount, str(problem)))
            continue
        if value < 0:
            found.append(invalid(place, quantity.canonical(amount), NEGATIVE))
        if is_counted(name) and value.denominator != 1:
            found.append(invalid(place, quantity.canonical(amount), "must be an integer"))
    return found


def _scope_errors(quota: Document) -> list[FieldError]:
    path, given = "spec.scopes", scopes(quota)
    found = []
    for scope in given:
        if scope not in SCOPES:
            found.append(invalid(path, given, "unsupported scope"))
        found += [invalid(path, given, "unsupported scope applied to resource")] * _misfits(quota, scope)
    return found + [invalid(path, given, "conflicting scopes") for pair in _CONFLICTS if set(pair) <= set(given)]


def _misfits(quota: Document, scope: str) -> int:
    """How many of its limits are about nothing that has such a scope."""
    fitting = _FITTING.get(scope, frozenset(wanted(quota)))
    return sum(is_of_quotas(name) and name not in fitting for name in wanted(quota))


def _selector_errors(quota: Document) -> list[FieldError]:
    selector = dig(quota, "spec", "scopeSelector")
    if selector is None:
        return []
    path, found = "spec.scopeSelector.matchExpressions", []
    expressions = selector.get("matchExpressions") or []
    for expression in expressions:
        scope = expression.get("scopeName", "")
        if scope not in SCOPES:
            found.append(invalid(f"{path}.scopeName", scope, "unsupported scope"))
        found += [invalid(path, selector, "unsupported scope applied to resource")] * _misfits(quota, scope)
        found += _operator_errors(expression, scope, path)
    given = {expression.get("scopeName") for expression in expressions}
    return found + [invalid(path, scopes(quota), "conflicting scopes") for pair in _CONFLICTS if set(pair) <= given]


def _operator_errors(expression: Document, scope: str, path: str) -> list[FieldError]:
    operator, values = expression.get("operator", ""), expression.get("values") or []
    found = []
    if scope in _ONLY_EXISTS and operator != EXISTS:
        found.append(invalid(f"{path}.operator", operator, EXISTS_ONLY_TEXT))
    if operator in (IN, NOT_IN):
        if not values:
            complaint = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"
            found.append(required(f"{path}.values", complaint))
    elif operator in (EXISTS, DOES_NOT_EXIST):
        if values:
            complaint = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"
            found.append(invalid(f"{path}.values", values, complaint))
    else:
        found.append(invalid(f"{path}.operator", operator, "not a valid selector operator"))
    return found


# --- the kind --------------------------------------------------------------------------------------------------------


def _cell(quota: Document, *, limits: bool) -> str:
    """`pods: 0/4, requests.cpu: 0/1`: of what begins with "limits.", or of everything else."""
    return ", ".join(
        f"{name}: {quantity.canonical(used(quota).get(name, '0'))}/{quantity.canonical(amount)}"
        for name, amount in sorted(hard(quota).items()) if name.startswith("limits.") == limits
    )


KIND = REGISTRY.register(
    Kind(
        group="",
        version="v1",
        kind="ResourceQuota",
        plural="resourcequotas",
        singular="resourcequota",
        short_names=("quota",),
        subresources=frozenset({"status"}),
        namespaced=True,
        default=default,
        prepare=prepare,
        validate=validate,
        validate_status=validate_status,
        columns=(
            NAME,
            Column("Request", lambda quota, now: _cell(quota, limits=False)),
            Column("Limit", lambda quota, now: _cell(quota, limits=True)),
            AGE,
        ),
    )
)
