"""PersistentVolumeClaim: a wish for storage, and the volume that it got."""

from __future__ import annotations

from collections.abc import Iterator

from cluster.objects import metadata, quantity
from cluster.objects.documents import Document, dig
from cluster.objects.kinds.persistentvolume import (
    CLASS_ANNOTATION,
    FILESYSTEM,
    attributes_class_text,
    mode_text,
    modes_text,
    status_text,
)
from cluster.objects.printing import AGE, NAME
from cluster.objects.registry import REGISTRY, Column, Kind
from cluster.objects.storage_validation import claim_errors

PROTECTION = "kubernetes.io/pvc-protection"
BIND_COMPLETED = "pv.kubernetes.io/bind-completed"
BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller"
SELECTED_NODE = "volume.kubernetes.io/selected-node"
STORAGE_PROVISIONER = "volume.kubernetes.io/storage-provisioner"
BETA_STORAGE_PROVISIONER = "volume.beta.kubernetes.io/storage-provisioner"


def phase(claim: Document) -> str:
    """Pending, Bound or Lost."""
    return str(dig(claim, "status", "phase", default=""))


def storage_class(claim: Document) -> str:
    """The name of its class; "" for none, named or not (GetPersistentVolumeClaimClass)."""
    noted = metadata.annotations(claim).get(CLASS_ANNOTATION)
    return str(noted if noted is not None else dig(claim, "spec", "storageClassName", default=""))


def names_class(claim: Document) -> bool:
    """Whether it says which class it wants, be it none (PersistentVolumeClaimHasClass)."""
    if CLASS_ANNOTATION in metadata.annotations(claim):
        return True
    return dig(claim, "spec", "storageClassName") is not None


def volume_name(claim: Document) -> str:
    """The volume that it has or insists on, "" for none."""
    return str(dig(claim, "spec", "volumeName", default=""))


def requested(claim: Document) -> str:
    """The size that it asks for as a quantity."""
    return str(dig(claim, "spec", "resources", "requests", "storage", default="0"))


def access_modes(claim: Document) -> list[str]:
    found: list[str] = dig(claim, "spec", "accessModes", default=[])
    return found


def is_bound(claim: Document) -> bool:
    """Whether binding is complete on its side (isPVCFullyBound in pkg/scheduler/framework/plugins/volumebinding)."""
    return bool(volume_name(claim)) and BIND_COMPLETED in metadata.annotations(claim)


def selected_node(claim: Document) -> str:
    """The node for which the scheduler wants its volume made, "" before that."""
    return metadata.annotations(claim).get(SELECTED_NODE, "")


def of_pod(pod: Document) -> Iterator[tuple[str, bool]]:
    """Names of the claims that a Pod's volumes use, and whether each is made for this Pod (an ephemeral volume).

    component-helpers/storage/ephemeral/ephemeral.go
    """
    for volume in dig(pod, "spec", "volumes", default=[]):
        if volume.get("persistentVolumeClaim") is not None:
            yield str(volume["persistentVolumeClaim"].get("claimName", "")), False
        elif volume.get("ephemeral") is not None:
            yield f"{metadata.name(pod)}-{volume['name']}", True


def capacity_text(claim: Document) -> str:
    if not volume_name(claim):
        return ""
    return quantity.canonical(dig(claim, "status", "capacity", "storage", default="0"))


def access_modes_text(claim: Document) -> str:
    """The modes of the volume that it has."""
    return modes_text(dig(claim, "status", "accessModes", default=[])) if volume_name(claim) else ""


def default(claim: Document) -> Document:
    """SetDefaults_PersistentVolumeClaim in pkg/apis/core/v1/defaults.go."""
    spec = {**(claim.get("spec") or {})}
    spec["volumeMode"] = spec.get("volumeMode") or FILESYSTEM
    return {**claim, "spec": spec}


def prepare(claim: Document) -> Document:
    """pkg/registry/core/persistentvolumeclaim/strategy.go"""
    return {**claim, "status": {"phase": "Pending"}}


KIND = REGISTRY.register(
    Kind(
        group="",
        version="v1",
        kind="PersistentVolumeClaim",
        plural="persistentvolumeclaims",
        singular="persistentvolumeclaim",
        short_names=("pvc",),
        namespaced=True,
        subresources=frozenset({"status"}),
        default=default,
        prepare=prepare,
        validate=claim_errors,
        columns=(
            NAME,
            Column("Status", lambda claim, now: status_text(claim)),
            Column("Volume", lambda claim, now: volume_name(claim)),
            Column("Capacity", lambda claim, now: capacity_text(claim)),
            Column("Access Modes", lambda claim, now: access_modes_text(claim)),
            Column("StorageClass", lambda claim, now: storage_class(claim)),
            Column("VolumeAttributesClass", lambda claim, now: attributes_class_text(claim)),
            AGE,
            Column("VolumeMode", lambda claim, now: mode_text(claim), wide=True),
        ),
    )
)
