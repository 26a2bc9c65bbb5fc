"""Admission: what the API server adds to a request or refuses, in the real order.

The order is that of pkg/kubeapiserver/options/plugins.go; each plugin has a file of its own.
"""

from __future__ import annotations

from cluster.apiserver.admission import (
    default_toleration_seconds,
    namespace_lifecycle,
    priority,
    service_account,
    taint_nodes_by_condition,
)
from cluster.apiserver.admission.request import Plugin, Request
from cluster.objects.documents import Document

CHAIN: tuple[Plugin, ...] = (
    namespace_lifecycle.admit,
    service_account.admit,
    taint_nodes_by_condition.admit,
    priority.admit,
    default_toleration_seconds.admit,
)

__all__ = ["CHAIN", "Plugin", "Request", "admit"]


def admit(request: Request) -> Document | None:
    """The request's object after all plugins; raises the APIError of the first plugin that refuses."""
    for plugin in CHAIN:
        request = request.with_object(plugin(request))
    return request.object
