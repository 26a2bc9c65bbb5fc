"""How many Pods those who control them want (getExpectedScale in pkg/controller/disruption/disruption.go)."""

from __future__ import annotations

from collections.abc import Iterable

from cluster.apiserver.strategy import scale_of
from cluster.machinery.component import Reader
from cluster.objects import metadata
from cluster.objects.documents import Document
from cluster.objects.registry import REGISTRY

DEPLOYMENTS = "deployments.apps"


class UnknownScale(Exception):
    """The number of expected Pods cannot be told; the text says why, in the controller's words."""


def expected_scale(reader: Reader, pods: Iterable[Document]) -> tuple[int, list[str]]:
    """The replicas that the controllers of these Pods want together, and the names of Pods without a controller."""
    wanted: dict[str, int] = {}  # uid of a controller -> its replicas
    known: set[str] = set()
    unmanaged = []
    for pod in pods:
        owner = metadata.controller_of(pod)
        if owner is None:
            unmanaged.append(metadata.name(pod))
        elif owner["uid"] not in known:
            known.add(owner["uid"])
            uid, replicas = _scale(reader, owner, pod)
            wanted[uid] = replicas
    return sum(wanted.values()), unmanaged


def _scale(reader: Reader, owner: Document, pod: Document) -> tuple[str, int]:
    """Uid and wanted replicas of who controls the Pod: of the Deployment, where it controls a ReplicaSet."""
    namespace = metadata.namespace(pod)
    controller = _referred(reader, owner, namespace)
    if controller is None:
        raise UnknownScale(f'found no controllers for pod "{metadata.name(pod)}"')
    above = metadata.controller_of(controller) if owner["kind"] == "ReplicaSet" else None
    if above is not None and above["kind"] == "Deployment":
        controller = _same(reader.get(DEPLOYMENTS, namespace, above["name"]), above) or controller
    scale = scale_of(REGISTRY.of(controller), controller)
    return metadata.uid(controller), int(scale["spec"]["replicas"])


def _referred(reader: Reader, owner: Document, namespace: str) -> Document | None:
    """The object that a reference means, if it is still there; raises UnknownScale for a kind that cannot be scaled."""
    kind = REGISTRY.by_type(owner["apiVersion"], owner["kind"])
    if kind is None:
        raise UnknownScale(f'no matches for kind "{owner["kind"]}" in version "{owner["apiVersion"]}"')
    if "scale" not in kind.subresources:
        raise UnknownScale(f"{kind.resource} does not implement the scale subresource")
    return _same(reader.get(kind.resource, namespace if kind.namespaced else "", owner["name"]), owner)


def _same(found: Document | None, reference: Document) -> Document | None:
    return found if found is not None and metadata.uid(found) == reference["uid"] else None

