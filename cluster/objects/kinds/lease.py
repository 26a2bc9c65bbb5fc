"""Lease: the kubelets' heartbeats and the leaders of the control plane."""

from __future__ import annotations

from cluster.objects.documents import Document, dig
from cluster.objects.field_errors import invalid
from cluster.objects.printing import AGE, NAME
from cluster.objects.registry import REGISTRY, Column, FieldError, Kind


def holder(lease: Document) -> str:
    return str(dig(lease, "spec", "holderIdentity", default=""))


def validate(lease: Document, old: Document | None) -> list[FieldError]:
    """pkg/apis/coordination/validation/validation.go"""
    found = []
    seconds = dig(lease, "spec", "leaseDurationSeconds")
    if seconds is not None and seconds <= 0:
        found.append(invalid("spec.leaseDurationSeconds", seconds, "must be greater than 0"))
    transitions = dig(lease, "spec", "leaseTransitions")
    if transitions is not None and transitions < 0:
        found.append(invalid("spec.leaseTransitions", transitions, "must be greater than or equal to 0"))
    return found


KIND = REGISTRY.register(
    Kind(
        group="coordination.k8s.io",
        version="v1",
        kind="Lease",
        plural="leases",
        singular="lease",
        namespaced=True,
        validate=validate,
        columns=(NAME, Column("Holder", lambda lease, now: holder(lease)), AGE),
    )
)
