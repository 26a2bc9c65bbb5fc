"""Whether a pod's tolerations tolerate a node's taints (k8s.io/api/core/v1/toleration.go)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cluster.objects.documents import Document, dig

NO_SCHEDULE = "NoSchedule"
PREFER_NO_SCHEDULE = "PreferNoSchedule"
NO_EXECUTE = "NoExecute"


def of(pod: Document) -> list[Document]:
    return dig(pod, "spec", "tolerations", default=[])


def taints_of(node: Document) -> list[Document]:
    return dig(node, "spec", "taints", default=[])


def tolerates(toleration: Document, taint: Document) -> bool:
    """An empty effect or key of the toleration stands for any. The operators Lt and Gt are alpha and off in 1.36."""
    if toleration.get("effect") and toleration["effect"] != taint["effect"]:
        return False
    if toleration.get("key") and toleration["key"] != taint["key"]:
        return False
    operator = toleration.get("operator") or "Equal"
    if operator == "Exists":
        return True
    return operator == "Equal" and (toleration.get("value") or "") == (taint.get("value") or "")


def any_tolerates(tolerations: Iterable[Document], taint: Document) -> bool:
    return any(tolerates(toleration, taint) for toleration in tolerations)


def first_untolerated(
    taints: Iterable[Document], tolerations: Sequence[Document], effects: Sequence[str]
) -> Document | None:
    """The first taint with one of these effects that no toleration tolerates."""
    for taint in taints:
        if taint["effect"] in effects and not any_tolerates(tolerations, taint):
            return taint
    return None
