"""PersistentVolume: a piece of storage that outlives every Pod."""

from __future__ import annotations

from collections.abc import Iterable

from cluster.objects import metadata, quantity
from cluster.objects.documents import Document, dig
from cluster.objects.printing import AGE, NAME
from cluster.objects.registry import REGISTRY, Column, Kind
from cluster.objects.selectors import node_selector_terms_match
from cluster.objects.storage_validation import volume_errors

UNSET = "<unset>"
PROTECTION = "kubernetes.io/pv-protection"
BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller"
PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"
FILESYSTEM = "Filesystem"
# Short forms in the order in which they are listed (pkg/apis/core/v1/helper/helpers.go).
ACCESS_MODES = {
    "ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP",
}


def phase(volume: Document) -> str:
    """Pending, Available, Bound, Released or Failed."""
    return str(dig(volume, "status", "phase", default=""))


def storage_class(volume: Document) -> str:
    """The name of its class, "" for none (GetPersistentVolumeClass in component-helpers/storage/volume/helpers.go)."""
    noted = metadata.annotations(volume).get(CLASS_ANNOTATION)
    return str(noted if noted is not None else dig(volume, "spec", "storageClassName", default=""))


def capacity(volume: Document) -> str:
    """Its size as a quantity, "0" when it says none."""
    return str(dig(volume, "spec", "capacity", "storage", default="0"))


def access_modes(volume: Document) -> list[str]:
    found: list[str] = dig(volume, "spec", "accessModes", default=[])
    return found


def mode(document: Document) -> str:
    """Filesystem or Block, of a volume or a claim."""
    return str(dig(document, "spec", "volumeMode", default=FILESYSTEM))


def reclaim_policy(volume: Document) -> str:
    return str(dig(volume, "spec", "persistentVolumeReclaimPolicy", default="Retain"))


def claim_reference(volume: Document) -> Document | None:
    """The claim that it is bound to or kept for; one without uid was written by hand."""
    found: Document | None = dig(volume, "spec", "claimRef")
    return found


def claim_text(volume: Document) -> str:
    """ "namespace/name" of its claim, "" without one."""
    reference = claim_reference(volume)
    return f"{reference.get('namespace', '')}/{reference.get('name', '')}" if reference is not None else ""


def reaches(volume: Document, labels: dict[str, str]) -> bool:
    """Whether a node with these labels can use it (CheckNodeAffinity in component-helpers/storage/volume/helpers.go)."""
    required = dig(volume, "spec", "nodeAffinity", "required")
    return required is None or node_selector_terms_match(required.get("nodeSelectorTerms"), labels, {})


def modes_text(modes: Iterable[str]) -> str:
    """Access modes in short: `RWO,ROX`."""
    present = set(modes)
    return ",".join(short for name, short in ACCESS_MODES.items() if name in present)


def attributes_class_text(document: Document) -> str:
    return str(dig(document, "spec", "volumeAttributesClassName", default=UNSET))


def mode_text(document: Document) -> str:
    return str(dig(document, "spec", "volumeMode", default=UNSET))


def status_text(document: Document) -> str:
    """The STATUS cell of a volume or a claim."""
    return "Terminating" if metadata.is_being_deleted(document) else str(dig(document, "status", "phase", default=""))


def default(volume: Document) -> Document:
    """SetDefaults_PersistentVolume and SetDefaults_HostPathVolumeSource in pkg/apis/core/v1/defaults.go."""
    spec = {**(volume.get("spec") or {})}
    spec["persistentVolumeReclaimPolicy"] = spec.get("persistentVolumeReclaimPolicy") or "Retain"
    spec["volumeMode"] = spec.get("volumeMode") or FILESYSTEM
    if isinstance(spec.get("hostPath"), dict):
        spec["hostPath"] = {"type": "", **spec["hostPath"]}
    return {**volume, "spec": spec}


def prepare(volume: Document) -> Document:
    """A new volume waits for the binder to look at it (pkg/registry/core/persistentvolume/strategy.go)."""
    since = volume["metadata"]["creationTimestamp"]
    return {**volume, "status": {"phase": "Pending", "lastPhaseTransitionTime": since}}


KIND = REGISTRY.register(
    Kind(
        group="",
        version="v1",
        kind="PersistentVolume",
        plural="persistentvolumes",
        singular="persistentvolume",
        short_names=("pv",),
        namespaced=False,
        subresources=frozenset({"status"}),
        default=default,
        prepare=prepare,
        validate=volume_errors,
        columns=(
            NAME,
            Column("Capacity", lambda volume, now: quantity.canonical(capacity(volume))),
            Column("Access Modes", lambda volume, now: modes_text(access_modes(volume))),
            Column("Reclaim Policy", lambda volume, now: reclaim_policy(volume)),
            Column("Status", lambda volume, now: status_text(volume)),
            Column("Claim", lambda volume, now: claim_text(volume)),
            Column("StorageClass", lambda volume, now: storage_class(volume)),
            Column("VolumeAttributesClass", lambda volume, now: attributes_class_text(volume)),
            Column("Reason", lambda volume, now: str(dig(volume, "status", "reason", default=""))),
            AGE,
            Column("VolumeMode", lambda volume, now: mode_text(volume), wide=True),
        ),
    )
)
