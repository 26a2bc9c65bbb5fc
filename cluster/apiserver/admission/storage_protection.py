"""StorageObjectInUseProtection: volumes and claims do not go away while something uses them.

plugin/pkg/admission/storage/storageobjectinuseprotection/admission.go
"""

from __future__ import annotations

from cluster.apiserver.admission.request import Request
from cluster.objects import metadata
from cluster.objects.documents import Document
from cluster.objects.kinds import persistentvolume as volumes
from cluster.objects.kinds import persistentvolumeclaim as claims

FINALIZERS = {"persistentvolumes": volumes.PROTECTION, "persistentvolumeclaims": claims.PROTECTION}


def admit(request: Request) -> Document | None:
    document = request.object
    finalizer = FINALIZERS.get(request.kind.resource)
    if document is None or finalizer is None or request.operation != "CREATE" or request.subresource:
        return document
    present = metadata.finalizers(document)
    return document if finalizer in present else metadata.with_finalizers(document, [*present, finalizer])
