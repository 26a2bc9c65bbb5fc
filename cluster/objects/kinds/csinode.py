"""CSINode: which storage drivers run on a node and how many of their volumes it takes."""

from __future__ import annotations

from cluster.objects.documents import Document, dig
from cluster.objects.printing import AGE, NAME
from cluster.objects.registry import REGISTRY, Column, Kind
from cluster.objects.storage_validation import csi_node_errors


def drivers(csi_node: Document) -> list[Document]:
    found: list[Document] = dig(csi_node, "spec", "drivers", default=[])
    return found


def limits(csi_node: Document | None) -> dict[str, int]:
    """How many volumes may be attached to the node, by driver; a driver that says nothing has no limit."""
    counts = {
        driver["name"]: dig(driver, "allocatable", "count") for driver in (drivers(csi_node) if csi_node is not None else [])
    }
    return {name: count for name, count in counts.items() if count is not None}


KIND = REGISTRY.register(
    Kind(
        group="storage.k8s.io",
        version="v1",
        kind="CSINode",
        plural="csinodes",
        singular="csinode",
        namespaced=False,
        validate=csi_node_errors,
        columns=(NAME, Column("Drivers", lambda csi_node, now: str(len(drivers(csi_node)))), AGE),
    )
)
