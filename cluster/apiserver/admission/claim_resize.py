"""PersistentVolumeClaimResize: a claim grows only when it is bound and its class allows it.

plugin/pkg/admission/storage/persistentvolume/resize/admission.go
"""

from __future__ import annotations

from cluster.apiserver import errors
from cluster.apiserver.admission.request import Request
from cluster.objects import quantity
from cluster.objects.documents import Document
from cluster.objects.kinds import persistentvolumeclaim as claims
from cluster.objects.kinds import storageclass as classes
from cluster.objects.storage_validation import claim_errors

NOT_EXPANDABLE = (
    "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize"
)


def admit(request: Request) -> Document | None:
    """A validating plugin: what validation refuses, as the growth of a claim that is not bound, never comes here."""
    claim, old = request.object, request.old
    if claim is None or old is None or request.kind.resource != "persistentvolumeclaims":
        return claim
    if request.subresource or quantity.compare(claims.requested(claim), claims.requested(old)) <= 0:
        return claim
    if claim_errors(claim, old):
        return claim
    name = claims.storage_class(claim)
    storage_class = request.reader.get("storageclasses.storage.k8s.io", "", name) if name else None
    if name != claims.storage_class(old) or storage_class is None or not classes.can_expand(storage_class):
        raise errors.forbidden(request.kind, request.name, NOT_EXPANDABLE)
    return claim
