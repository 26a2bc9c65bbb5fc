"""TaintNodesByCondition: a new node takes no Pods until the node controller has seen it ready.

plugin/pkg/admission/nodetaint/admission.go
"""

from __future__ import annotations

from cluster.apiserver.admission.request import Request
from cluster.objects.documents import Document
from cluster.objects.kinds import node as nodes

NOT_READY = {"key": nodes.NOT_READY_TAINT, "effect": "NoSchedule"}


def admit(request: Request) -> Document | None:
    if request.object is None or request.kind.resource != "nodes" or request.operation != "CREATE":
        return request.object
    if any(nodes.same_taint(taint, NOT_READY) for taint in nodes.taints(request.object)):
        return request.object
    return nodes.with_taint(request.object, NOT_READY)
