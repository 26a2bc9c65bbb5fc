"""Rules of labels, annotations, finalizers and owner references.

apimachinery/pkg/api/validation/objectmeta.go and apimachinery/pkg/apis/meta/v1/validation/validation.go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cluster.objects.field_errors import forbidden, invalid, required, too_long
from cluster.objects.names import label_value, qualified_name
from cluster.objects.registry import FieldError

ANNOTATIONS_LIMIT = 256 * 1024


def label_errors(labels: Mapping[str, str], path: str) -> list[FieldError]:
    """Complaints about keys and values of labels."""
    found = []
    for key, value in sorted(labels.items()):
        found += [invalid(path, key, complaint) for complaint in qualified_name(key)]
        found += [invalid(path, value, complaint) for complaint in label_value(value)]
    return found


def annotation_errors(annotations: Mapping[str, str], path: str) -> list[FieldError]:
    """Complaints about keys of annotations and their size; values are free."""
    found = []
    for key in sorted(annotations):
        # Capitals are fine everywhere in the key of an annotation.
        found += [invalid(path, key, complaint) for complaint in qualified_name(key.lower())]
    if sum(len(key.encode()) + len(value.encode()) for key, value in annotations.items()) > ANNOTATIONS_LIMIT:
        found.append(too_long(path, ANNOTATIONS_LIMIT))
    return found


def finalizer_errors(finalizers: Sequence[str], path: str) -> list[FieldError]:
    """Complaints about the names of finalizers and about policies that exclude each other."""
    found = [invalid(path, name, complaint) for name in finalizers for complaint in qualified_name(name)]
    if "orphan" in finalizers and "foregroundDeletion" in finalizers:
        found.append(invalid(path, list(finalizers), "finalizer orphan and foregroundDeletion cannot be both set"))
    return found


def owner_errors(owners: Sequence[Mapping[str, Any]], path: str) -> list[FieldError]:
    """Complaints about owner references: complete, and at most one controller."""
    found = []
    for owner in owners:
        if not owner.get("apiVersion"):
            found.append(invalid(f"{path}.apiVersion", "", "version must not be empty"))
        for part in ("kind", "name", "uid"):
            if not owner.get(part):
                found.append(invalid(f"{path}.{part}", "", "must not be empty"))
    controllers = [f"{owner.get('kind')}/{owner.get('name')}" for owner in owners if owner.get("controller")]
    if len(controllers) > 1:
        complaint = (
            "Only one reference can have Controller set to true. "
            f'Found "true" in references for {controllers[0]} and {controllers[1]}'
        )
        found.append(invalid(path, [dict(owner) for owner in owners], complaint))
    return found


def selector_errors(selector: Mapping[str, Any], path: str) -> list[FieldError]:
    """Complaints about a LabelSelector (ValidateLabelSelector)."""
    found = label_errors(selector.get("matchLabels") or {}, f"{path}.matchLabels")
    for index, expression in enumerate(selector.get("matchExpressions") or []):
        found += expression_errors(expression, f"{path}.matchExpressions[{index}]")
    return found


def expression_errors(expression: Mapping[str, Any], path: str) -> list[FieldError]:
    """Complaints about one requirement of a LabelSelector."""
    operator, values = expression.get("operator", ""), expression.get("values") or []
    found = []
    if operator in ("In", "NotIn"):
        if not values:
            found.append(required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'"))
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            complaint = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            found.append(forbidden(f"{path}.values", complaint))
    else:
        found.append(invalid(f"{path}.operator", operator, "not a valid selector operator"))
    key = str(expression.get("key", ""))
    found += [invalid(f"{path}.key", key, complaint) for complaint in qualified_name(key)]
    for index, value in enumerate(values):
        found += [invalid(f"{path}.values[{index}]", value, complaint) for complaint in label_value(value)]
    return found
