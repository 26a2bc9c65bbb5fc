"""The rules of a PodSpec (pkg/apis/core/validation/validation.go)."""

from __future__ import annotations

from cluster.objects.documents import Document
from cluster.objects.field_errors import required
from cluster.objects.registry import FieldError


def pod_spec_errors(spec: Document, path: str) -> list[FieldError]:
    """Complaints about a PodSpec with its defaults; `path` is where it stands, for example "spec.template.spec"."""
    found = []
    if not spec.get("containers"):
        found.append(required(f"{path}.containers"))
    return found


def pod_errors(pod: Document) -> list[FieldError]:
    """Complaints about a new Pod."""
    return pod_spec_errors(pod.get("spec") or {}, "spec")


def pod_update_errors(pod: Document, old: Document) -> list[FieldError]:
    """Complaints about a changed Pod."""
    return []
