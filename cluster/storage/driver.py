"""The storage driver of the simulation: what it is called, what it knows of nodes, the classes that it serves."""

from __future__ import annotations

from cluster.objects import metadata
from cluster.objects.documents import Document
from cluster.objects.kinds import storageclass as classes

# A driver that exists nowhere else: its disks are made up.
NAME = "csi.clusterscope.dev"
# Disks are made in a zone and can be used on all nodes of it; without zones they can be used everywhere.
ZONE = "topology.kubernetes.io/zone"
# How many of its volumes a node takes.
LIMIT = 16


def registration(node: Document) -> Document:
    """The driver's entry in the CSINode of a node."""
    zoned = ZONE in metadata.labels(node)
    keys = {"topologyKeys": [ZONE]} if zoned else {}
    return {"name": NAME, "nodeID": metadata.name(node), "allocatable": {"count": LIMIT}, **keys}


def csi_node(node: Document) -> Document:
    """The CSINode that the kubelet makes for its node."""
    owner = {"apiVersion": "v1", "kind": "Node", "name": metadata.name(node), "uid": metadata.uid(node)}
    return {
        "apiVersion": "storage.k8s.io/v1", "kind": "CSINode",
        "metadata": {"name": metadata.name(node), "ownerReferences": [owner]},
        "spec": {"drivers": [registration(node)]},
    }


def storage_classes() -> tuple[Document, ...]:
    """What a cluster offers: the default class makes a volume where the first Pod goes, the other one at once."""
    return (_class("standard", classes.WAIT, {classes.DEFAULT_ANNOTATION: "true"}), _class("immediate", classes.IMMEDIATE, {}))


def _class(name: str, mode: str, annotations: dict[str, str]) -> Document:
    return {
        "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": name, "annotations": annotations},
        "provisioner": NAME, "reclaimPolicy": "Delete", "volumeBindingMode": mode, "allowVolumeExpansion": True,
    }
