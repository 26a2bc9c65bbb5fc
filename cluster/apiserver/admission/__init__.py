"""Admission: what the API server adds to a request or refuses, in the real order.

The order is that of pkg/kubeapiserver/options/plugins.go; each plugin has a file of its own. Plugins of CHAIN may change
the object, before it is validated; those of VALIDATORS see it as it will be stored.
"""

from __future__ import annotations

from cluster.apiserver.admission.claim_resize import admit as admit_claim_resize
from cluster.apiserver.admission.default_storage_class import admit as admit_default_storage_class
from cluster.apiserver.admission.default_toleration_seconds import admit as admit_default_toleration_seconds
from cluster.apiserver.admission.limit_ranger import admit as admit_limit_ranger
from cluster.apiserver.admission.limit_ranger import validate as validate_limit_ranger
from cluster.apiserver.admission.namespace_lifecycle import admit as admit_namespace_lifecycle
from cluster.apiserver.admission.pod_topology_labels import admit as admit_pod_topology_labels
from cluster.apiserver.admission.priority import admit as admit_priority
from cluster.apiserver.admission.request import Plugin, Request, Validator
from cluster.apiserver.admission.resource_quota import validate as validate_resource_quota
from cluster.apiserver.admission.service_account import admit as admit_service_account
from cluster.apiserver.admission.storage_protection import admit as admit_storage_protection
from cluster.apiserver.admission.taint_nodes_by_condition import admit as admit_taint_nodes_by_condition
from cluster.objects.documents import Document

CHAIN: tuple[Plugin, ...] = (
    admit_namespace_lifecycle,
    admit_limit_ranger,
    admit_service_account,
    admit_taint_nodes_by_condition,
    admit_priority,
    admit_default_toleration_seconds,
    admit_default_storage_class,
    admit_storage_protection,
    admit_claim_resize,
    admit_pod_topology_labels,
)
VALIDATORS: tuple[Validator, ...] = (validate_limit_ranger, validate_resource_quota)

__all__ = ["CHAIN", "VALIDATORS", "Plugin", "Request", "admit", "validate"]


def admit(request: Request) -> Document | None:
    """The request's object after all plugins; raises the APIError of the first plugin that refuses."""
    for plugin in CHAIN:
        admitted = plugin(request)
        if admitted is not request.object:
            request = request.with_object(admitted)
    return request.object


def validate(request: Request) -> None:
    """Raise the APIError of the first plugin that refuses the object as it will be stored."""
    for plugin in VALIDATORS:
        plugin(request)
