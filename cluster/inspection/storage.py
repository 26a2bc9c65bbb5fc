"""Storage looked at closely: a claim, a PersistentVolume, the volumes of a class, the disk of a node, each with its files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cluster.apiserver.reader import Reader
from cluster.containers.files import Tree
from cluster.inspection import files, volumes
from cluster.kubelet import inspect as kubelet
from cluster.objects import metadata
from cluster.objects.documents import Document
from cluster.objects.kinds import persistentvolume as persistent
from cluster.objects.kinds import persistentvolumeclaim as claims
from cluster.objects.kinds import pod as pods
from cluster.storage import contents

CLASSES = "storageclasses.storage.k8s.io"
NODES = "nodes"
RESOURCES = (volumes.CLAIMS, volumes.VOLUMES, CLASSES, NODES)

Row = dict[str, Any]


def inspect(view: Reader, resource: str, namespace: str, name: str) -> Row | None:
    """{volumes: [rows of volumes.of_volume with phase, claim, pods, files], disk: a node's files}; None for what is not there.

    Of a class only its volumes are listed, without files. A path that each node has for itself is a row for each of them.
    """
    document = view.get(resource, namespace, name)
    if document is None:
        return None
    if resource == NODES:
        return {"volumes": [], "disk": _written(view, name)}
    if resource == CLASSES:
        found = [volume for volume in view.list(volumes.VOLUMES) if persistent.storage_class(volume) == name]
        return {"volumes": [{**_row(view, volume, []), "files": None} for volume in found], "disk": None}
    volume = document if resource == volumes.VOLUMES else view.get(volumes.VOLUMES, "", claims.volume_name(document))
    return {"volumes": [] if volume is None else list(_places(view, volume)), "disk": None}


def _places(view: Reader, volume: Document) -> Iterator[Row]:
    """The volume once for each place where files of it lie."""
    users = _users(view, volume)
    row = _row(view, volume, users)
    nodes = sorted({pods.node_name(pod) for pod in users if pods.node_name(pod)}) if row["place"] == "node" else [""]
    for node in [row["node"]] if row["node"] else nodes or [""]:
        place = contents.of_volume(volume, node) if node or row["place"] != "node" else None
        yield {**row, "node": node, "files": None if place is None else _listing(view, place)}


def _listing(view: Reader, place: contents.Place) -> Row:
    return files.listing(kubelet.tree_of(view, place.key) or Tree(), place.path)


def _row(view: Reader, volume: Document, users: list[Document]) -> Row:
    return {
        **volumes.of_volume(view, volume), "name": metadata.name(volume), "phase": persistent.status_text(volume),
        "claim": persistent.claim_text(volume), "pods": [f"{metadata.namespace(pod)}/{metadata.name(pod)}" for pod in users],
    }


def _users(view: Reader, volume: Document) -> list[Document]:
    """The Pods that mount it through its claim."""
    reference = persistent.claim_reference(volume) or {}
    return [
        pod for pod in view.list("pods", reference.get("namespace", ""))
        if not pods.is_terminal(pod) and any(name == reference.get("name") for name, _ in claims.of_pod(pod))
    ]


def _written(view: Reader, node: str) -> Row:
    """What Pods have written on the disk of a node."""
    return files.listing(contents.written(node, kubelet.tree_of(view, contents.disk(node))))
