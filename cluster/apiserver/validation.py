"""Validation of metadata, the same for every kind (apimachinery/pkg/api/validation/objectmeta.go)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cluster.objects import metadata, metadata_rules, names
from cluster.objects.documents import Document
from cluster.objects.field_errors import IMMUTABLE, forbidden, invalid, required
from cluster.objects.registry import FieldError, Kind

NAME_RULES: dict[str, Callable[[str], list[str]]] = {
    "subdomain": names.subdomain,
    "label": names.label,
    "service": names.label,
}
# What stays as it was at creation.
IMMUTABLE_FIELDS = ("name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds")


def metadata_errors(kind: Kind, document: Document, old: Document | None) -> list[FieldError]:
    """Complaints about the metadata of a new object, or of a changed one when `old` is given."""
    meta = document["metadata"]
    found = _update_errors(meta, old["metadata"]) if old is not None else _name_errors(kind, meta)
    found += metadata_rules.label_errors(metadata.labels(document), "metadata.labels")
    found += metadata_rules.annotation_errors(metadata.annotations(document), "metadata.annotations")
    found += metadata_rules.owner_errors(metadata.owner_references(document), "metadata.ownerReferences")
    if old is None or metadata.finalizers(document) != metadata.finalizers(old):
        found += metadata_rules.finalizer_errors(metadata.finalizers(document), "metadata.finalizers")
    return found


def status_errors(document: Document) -> list[FieldError]:
    """Complaints about the status of any kind: everybody finds conditions by their type."""
    conditions = (document.get("status") or {}).get("conditions") or []
    return [
        required(f"status.conditions[{index}].type") for index, condition in enumerate(conditions) if not condition.get("type")
    ]


def _name_errors(kind: Kind, meta: dict[str, Any]) -> list[FieldError]:
    rule = NAME_RULES[kind.name_rule]
    found = []
    base = meta.get("generateName")
    if base:
        # A suffix follows, so a hyphen or dot at the end of the base is fine (maskTrailingDash).
        masked = base[:-2] + "a" if base.endswith("-") and len(base) > 1 else base
        found += [invalid("metadata.generateName", base, complaint) for complaint in rule(masked)]
    name = meta.get("name", "")
    if not name:
        found.append(required("metadata.name", "name or generateName is required"))
    else:
        found += [invalid("metadata.name", name, complaint) for complaint in rule(name)]
    if kind.namespaced:
        namespace = meta.get("namespace", "")
        found += [invalid("metadata.namespace", namespace, complaint) for complaint in names.label(namespace)]
    return found


def _update_errors(meta: dict[str, Any], old: dict[str, Any]) -> list[FieldError]:
    found = []
    if "deletionTimestamp" in old:
        extra = sorted(set(meta.get("finalizers") or []) - set(old.get("finalizers") or []))
        if extra:
            listed = ", ".join(f'"{name}"' for name in extra)
            complaint = (
                "no new finalizers can be added if the object is being deleted, "
                f"found new finalizers []string{{{listed}}}"
            )
            found.append(forbidden("metadata.finalizers", complaint))
    for field in IMMUTABLE_FIELDS:
        if meta.get(field) != old.get(field):
            found.append(invalid(f"metadata.{field}", meta.get(field), IMMUTABLE))
    return found
