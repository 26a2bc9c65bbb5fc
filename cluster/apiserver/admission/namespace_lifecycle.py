"""NamespaceLifecycle: nothing is made in a namespace that is missing or going away.

plugin/pkg/admission: k8s.io/apiserver/pkg/admission/plugin/namespace/lifecycle/admission.go
"""

from __future__ import annotations

from cluster.apiserver import errors
from cluster.apiserver.admission.request import Request
from cluster.objects.documents import Document
from cluster.objects.metadata import is_being_deleted
from cluster.objects.registry import REGISTRY

IMMORTAL = frozenset({"default", "kube-system", "kube-public"})


def admit(request: Request) -> Document | None:
    if request.kind.resource == "namespaces":
        if request.operation == "DELETE" and request.name in IMMORTAL:
            raise errors.forbidden(request.kind, request.name, "this namespace may not be deleted")
        return request.object
    if request.operation != "CREATE" or not request.kind.namespaced:
        return request.object
    namespace = request.reader.get("namespaces", "", request.namespace)
    if namespace is None:
        raise errors.not_found(REGISTRY["namespaces"], request.namespace)
    if is_being_deleted(namespace):
        why = f"unable to create new content in namespace {request.namespace} because it is being terminated"
        cause = {
            "reason": "NamespaceTerminating",
            "message": f"namespace {request.namespace} is being terminated",
            "field": "metadata.namespace",
        }
        raise errors.forbidden(request.kind, request.name, why, [cause])
    return request.object
