"""The driver's provisioner: makes volumes for claims that ask for them, makes them larger, and deletes them.

Behaves like the sidecars of a CSI driver: sigs.k8s.io/sig-storage-lib-external-provisioner (controller.go),
kubernetes-csi/external-provisioner (pkg/controller) and kubernetes-csi/external-resizer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from cluster.machinery.component import Change, Component, Context, Key, Reader
from cluster.machinery.story import NARRATED, NORMAL, Story, object_reference
from cluster.objects import metadata, quantity
from cluster.objects.documents import Document, dig, with_value, without
from cluster.objects.kinds import persistentvolume as volumes
from cluster.objects.kinds import persistentvolumeclaim as claims
from cluster.objects.kinds import storageclass as classes
from cluster.objects.registry import REGISTRY
from cluster.storage import driver, work

CLAIMS = "persistentvolumeclaims"
VOLUMES = "persistentvolumes"
FINALIZER = "external-provisioner.volume.kubernetes.io/finalizer"


class Provisioner(Component):
    """Keys: (table, namespace, name) of a claim or a volume. In memory, by key: when the work under way is done (ms)."""

    name = "csi-provisioner"
    watches = (CLAIMS, VOLUMES)

    def keys_for(self, change: Change, view: Reader) -> Iterable[Key]:
        return [(change.table, *change.key)]

    def all_keys(self, view: Reader) -> Iterable[Key]:
        return [
            (table, metadata.namespace(document), metadata.name(document))
            for table in (CLAIMS, VOLUMES) for document in view.list(table)
        ]

    def reconcile(self, context: Context, key: Key) -> None:
        document = context.get(*key)
        if document is None:
            context.forget(key)
        elif key[0] == VOLUMES:
            _look_after_volume(context, key, document)
        elif claims.volume_name(document):
            _grow(context, key, document)
        else:
            _provision(context, key, document)


# --- making --------------------------------------------------------------------------------------------------------------


def _provision(context: Context, key: Key, claim: Document) -> None:
    storage_class = context.get("storageclasses.storage.k8s.io", "", claims.storage_class(claim))
    made = context.get(VOLUMES, "", _name_for(claim))
    if made is not None or not _is_ours(claim) or storage_class is None or metadata.is_being_deleted(claim):
        context.forget(key)
        return
    node_name = claims.selected_node(claim)
    if classes.waits(storage_class) and not node_name:
        return
    node = context.get("nodes", "", node_name) if node_name else None
    if node_name and node is None:
        _give_back(context, key, claim, f'error getting selected node: node "{node_name}" not found')
        return
    if context.memory(key) is None:
        where = f"{metadata.namespace(claim)}/{metadata.name(claim)}"
        text = f'External provisioner is provisioning volume for claim "{where}"'
        context.event(claim, "Normal", "Provisioning", text, source=driver.NAME)
    if not work.is_done(context, key, context.settings.volume_provision):
        return
    volume = new_volume(claim, storage_class, _zone(context, claim, storage_class, node))
    name = metadata.name(volume)
    context.event(claim, "Normal", "ProvisioningSucceeded", f"Successfully provisioned volume {name}", source=driver.NAME)
    args = {"claim": metadata.name(claim), "volume": name, "size": volumes.capacity(volume)}
    objects = (f"{VOLUMES}//{name}", object_reference(CLAIMS, claim))
    context.create(volume, story=Story("provisioner.create", args, NARRATED, objects))


def _name_for(claim: Document) -> str:
    return f"pvc-{metadata.uid(claim)}"


def _is_ours(claim: Document) -> bool:
    return metadata.annotations(claim).get(claims.STORAGE_PROVISIONER) == driver.NAME


def _give_back(context: Context, key: Key, claim: Document, problem: str) -> None:
    """No volume can be made there: without the annotation the scheduler looks for another node."""
    context.forget(key)
    text = f'failed to provision volume with StorageClass "{claims.storage_class(claim)}": {problem}'
    context.event(claim, "Warning", "ProvisioningFailed", text, source=driver.NAME)
    args = {"claim": metadata.name(claim), "node": claims.selected_node(claim)}
    freed = without(claim, ("metadata", "annotations", claims.SELECTED_NODE))
    story = Story("provisioner.give-back", args, NARRATED, (object_reference(CLAIMS, claim),))
    context.update(freed, story=story)


def _zone(context: Context, claim: Document, storage_class: Document, node: Document | None) -> str:
    """In which zone the volume is made: that of the node, otherwise one of those allowed, spread by the claim's name.

    "" where nodes have no zones.
    """
    if node is not None:
        return metadata.labels(node).get(driver.ZONE, "")
    allowed = _allowed_zones(storage_class.get("allowedTopologies") or [])
    zones = allowed or sorted({metadata.labels(each).get(driver.ZONE, "") for each in context.list("nodes")} - {""})
    if not zones:
        return ""
    digest = hashlib.sha256(metadata.name(claim).encode()).digest()
    return zones[int.from_bytes(digest[:4], "big") % len(zones)]


def _allowed_zones(terms: Sequence[Document]) -> list[str]:
    rules = [rule for term in terms for rule in term.get("matchLabelExpressions") or []]
    return sorted({value for rule in rules if rule["key"] == driver.ZONE for value in rule["values"]})


def new_volume(claim: Document, storage_class: Document, zone: str) -> Document:
    """The PersistentVolume for a claim, named after the claim's uid and kept for it."""
    name = _name_for(claim)
    spec: dict[str, Any] = {
        "accessModes": claims.access_modes(claim), "capacity": {"storage": quantity.canonical(claims.requested(claim))},
        "claimRef": REGISTRY.of(claim).reference(claim),
        "csi": {
            "driver": driver.NAME, "fsType": "ext4", "volumeHandle": name,
            "volumeAttributes": {"storage.kubernetes.io/csiProvisionerIdentity": driver.NAME},
        },
        "persistentVolumeReclaimPolicy": classes.reclaim_policy(storage_class),
        "storageClassName": metadata.name(storage_class), "volumeMode": volumes.mode(claim),
    }
    if volumes.mode(claim) != volumes.FILESYSTEM:
        spec["csi"].pop("fsType")
    if storage_class.get("mountOptions"):
        spec["mountOptions"] = storage_class["mountOptions"]
    if zone:
        rule = {"key": driver.ZONE, "operator": "In", "values": [zone]}
        spec["nodeAffinity"] = {"required": {"nodeSelectorTerms": [{"matchExpressions": [rule]}]}}
    meta = {
        "name": name, "annotations": {volumes.PROVISIONED_BY: driver.NAME},
        "finalizers": [volumes.PROTECTION, FINALIZER],
    }
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": meta, "spec": spec}


# --- growing -------------------------------------------------------------------------------------------------------------


def _grow(context: Context, key: Key, claim: Document) -> None:
    """A bound claim that asks for more than it has gets it: first the volume grows, then the claim is told."""
    volume = context.get(VOLUMES, "", claims.volume_name(claim))
    wanted, has = claims.requested(claim), dig(claim, "status", "capacity", "storage")
    mine = volume is not None and dig(volume, "spec", "csi", "driver") == driver.NAME
    if volume is None or not mine or has is None or quantity.compare(wanted, has) <= 0:
        context.forget(key)
        return
    args = {"claim": metadata.name(claim), "volume": metadata.name(volume), "size": wanted}
    objects = (object_reference(VOLUMES, volume), object_reference(CLAIMS, claim))
    if quantity.compare(volumes.capacity(volume), wanted) < 0:
        if context.memory(key) is None:
            text = f"External resizer is resizing volume {metadata.name(volume)}"
            context.event(claim, "Normal", "Resizing", text, source=driver.NAME)
        if work.is_done(context, key, context.settings.volume_provision):
            grown = with_value(volume, ("spec", "capacity", "storage"), wanted)
            context.update(grown, story=Story("provisioner.grow", args, NORMAL, objects))
            context.again(context.settings.write)
        return
    context.event(claim, "Normal", "VolumeResizeSuccessful", "Resize volume succeeded", source=driver.NAME)
    changed = with_value(claim, ("status", "capacity", "storage"), wanted)
    context.update(changed, subresource="status", story=Story("provisioner.grown", args, NARRATED, objects))


# --- deleting ------------------------------------------------------------------------------------------------------------


def _look_after_volume(context: Context, key: Key, volume: Document) -> None:
    """Delete the storage of a volume that nobody claims any more, then the volume's object."""
    if metadata.annotations(volume).get(volumes.PROVISIONED_BY) != driver.NAME:
        return
    going = metadata.is_being_deleted(volume)
    if volumes.phase(volume) == "Released" and volumes.reclaim_policy(volume) == "Delete" and not going:
        if work.is_done(context, key, context.settings.volume_delete):
            name = metadata.name(volume)
            story = Story("provisioner.delete", {"volume": name}, NARRATED, (object_reference(VOLUMES, volume),))
            context.delete(VOLUMES, "", name, story=story)
    elif going and volumes.phase(volume) != "Bound" and FINALIZER in metadata.finalizers(volume):
        kept = [name for name in metadata.finalizers(volume) if name != FINALIZER]
        story = Story("provisioner.let-go", {"volume": metadata.name(volume)}, NORMAL, (object_reference(VOLUMES, volume),))
        context.update(metadata.with_finalizers(volume, kept), story=story)
