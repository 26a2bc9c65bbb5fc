"""DefaultTolerationSeconds: a Pod stays five minutes on a node that is not ready or cannot be reached.

plugin/pkg/admission/defaulttolerationseconds/admission.go
"""

from __future__ import annotations

from cluster.apiserver.admission.request import Request
from cluster.objects.documents import Document
from cluster.objects.kinds import node as nodes
from cluster.objects.kinds import pod as pods

SECONDS = 300


def admit(request: Request) -> Document | None:
    pod = request.object
    if pod is None or request.kind.resource != "pods" or request.operation == "DELETE" or request.subresource:
        return pod
    present = pods.tolerations(pod)
    added = [_toleration(key) for key in (nodes.NOT_READY_TAINT, nodes.UNREACHABLE_TAINT) if not _covers(present, key)]
    if not added:
        return pod
    return {**pod, "spec": {**pod["spec"], "tolerations": [*present, *added]}}


def _covers(tolerations: list[Document], key: str) -> bool:
    return any(
        toleration.get("key") in (key, None, "") and toleration.get("effect") in ("NoExecute", None, "")
        for toleration in tolerations
    )


def _toleration(key: str) -> Document:
    return {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": SECONDS}
