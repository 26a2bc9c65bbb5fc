"""DefaultStorageClass: a claim that names no class gets the cluster's default one.

plugin/pkg/admission/storage/storageclass/setdefault/admission.go
"""

from __future__ import annotations

from cluster.apiserver.admission.request import Request
from cluster.objects import metadata
from cluster.objects.documents import Document, with_value
from cluster.objects.kinds import persistentvolumeclaim as claims
from cluster.objects.kinds import storageclass as classes


def admit(request: Request) -> Document | None:
    claim = request.object
    if claim is None or request.kind.resource != "persistentvolumeclaims" or request.operation != "CREATE":
        return claim
    if request.subresource or claims.names_class(claim):
        return claim
    found = classes.default_of(request.reader.list("storageclasses.storage.k8s.io"))
    return claim if found is None else with_value(claim, ("spec", "storageClassName"), metadata.name(found))
