"""StorageClass: a way of making volumes, and when a claim of the class gets its own."""

from __future__ import annotations

from collections.abc import Iterable

from cluster.objects import metadata, times
from cluster.objects.documents import Document
from cluster.objects.printing import AGE
from cluster.objects.registry import REGISTRY, Column, Kind
from cluster.objects.storage_validation import storage_class_errors

DEFAULT_ANNOTATION = "storageclass.kubernetes.io/is-default-class"
BETA_DEFAULT_ANNOTATION = "storageclass.beta.kubernetes.io/is-default-class"
IMMEDIATE = "Immediate"
WAIT = "WaitForFirstConsumer"
# The provisioner of a class whose volumes are all made by hand (component-helpers/storage/volume/pv_helpers.go).
NO_PROVISIONER = "kubernetes.io/no-provisioner"


def is_default(storage_class: Document) -> bool:
    """Whether claims that name no class get this one (pkg/volume/util/storageclass.go)."""
    noted = metadata.annotations(storage_class)
    return "true" in (noted.get(DEFAULT_ANNOTATION), noted.get(BETA_DEFAULT_ANNOTATION))


def default_of(classes: Iterable[Document]) -> Document | None:
    """The newest of the default classes, the first by name among equally old ones; None without any."""
    found = [storage_class for storage_class in classes if is_default(storage_class)]
    return min(found, key=lambda c: (-times.parse(c["metadata"]["creationTimestamp"]), metadata.name(c)), default=None)


def waits(storage_class: Document) -> bool:
    """Whether a claim of the class is bound only when a Pod needs it."""
    return binding_mode(storage_class) == WAIT


def binding_mode(storage_class: Document) -> str:
    return str(storage_class.get("volumeBindingMode") or IMMEDIATE)


def reclaim_policy(storage_class: Document) -> str:
    return str(storage_class.get("reclaimPolicy") or "Delete")


def can_expand(storage_class: Document) -> bool:
    return bool(storage_class.get("allowVolumeExpansion"))


def default(storage_class: Document) -> Document:
    """SetDefaults_StorageClass in pkg/apis/storage/v1/defaults.go."""
    return {
        **storage_class, "reclaimPolicy": reclaim_policy(storage_class),
        "volumeBindingMode": binding_mode(storage_class),
    }


def _name_cell(storage_class: Document, now: int) -> str:
    return metadata.name(storage_class) + (" (default)" if is_default(storage_class) else "")


KIND = REGISTRY.register(
    Kind(
        group="storage.k8s.io",
        version="v1",
        kind="StorageClass",
        plural="storageclasses",
        singular="storageclass",
        short_names=("sc",),
        namespaced=False,
        default=default,
        validate=storage_class_errors,
        columns=(
            Column("Name", _name_cell),
            Column("Provisioner", lambda storage_class, now: str(storage_class.get("provisioner", ""))),
            Column("ReclaimPolicy", lambda storage_class, now: reclaim_policy(storage_class)),
            Column("VolumeBindingMode", lambda storage_class, now: binding_mode(storage_class)),
            Column("AllowVolumeExpansion", lambda storage_class, now: str(can_expand(storage_class)).lower()),
            AGE,
        ),
    )
)
