"""VolumeAttachment: the wish, and the fact, that a volume is attached to a node."""

from __future__ import annotations

from cluster.objects.documents import Document, dig
from cluster.objects.printing import AGE, NAME
from cluster.objects.registry import REGISTRY, Column, Kind
from cluster.objects.storage_validation import attachment_errors


def attacher(attachment: Document) -> str:
    """The driver that attaches it."""
    return str(dig(attachment, "spec", "attacher", default=""))


def volume_name(attachment: Document) -> str:
    return str(dig(attachment, "spec", "source", "persistentVolumeName", default=""))


def node_name(attachment: Document) -> str:
    return str(dig(attachment, "spec", "nodeName", default=""))


def is_attached(attachment: Document) -> bool:
    return bool(dig(attachment, "status", "attached", default=False))


def prepare(attachment: Document) -> Document:
    """pkg/registry/storage/volumeattachment/strategy.go"""
    return {**attachment, "status": {"attached": False}}


KIND = REGISTRY.register(
    Kind(
        group="storage.k8s.io",
        version="v1",
        kind="VolumeAttachment",
        plural="volumeattachments",
        singular="volumeattachment",
        namespaced=False,
        subresources=frozenset({"status"}),
        prepare=prepare,
        validate=attachment_errors,
        columns=(
            NAME,
            Column("Attacher", lambda attachment, now: attacher(attachment)),
            Column("PV", lambda attachment, now: volume_name(attachment)),
            Column("Node", lambda attachment, now: node_name(attachment)),
            Column("Attached", lambda attachment, now: str(is_attached(attachment)).lower()),
            AGE,
        ),
    )
)
