"""A cluster that has only the storage controllers, and small documents for it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import cluster.objects.kinds  # noqa: F401  (registers the kinds)
from cluster.apiserver.state import World
from cluster.controllers.persistent_volume_binder import PersistentVolumeBinder
from cluster.controllers.storage_protection import ClaimProtection, VolumeProtection
from cluster.machinery.component import Component
from cluster.machinery.event_recorder import EventRecorder
from cluster.objects import metadata
from cluster.objects.documents import Document
from cluster.objects.kinds import persistentvolume as volumes
from cluster.objects.kinds import persistentvolumeclaim as claims
from cluster.simulation.simulation import Simulation
from cluster.storage.provisioner import Provisioner

CLAIMS, VOLUMES = "persistentvolumeclaims", "persistentvolumes"


class StorageLab(Simulation):
    """Binder, protection and provisioner; Pods are only objects here."""

    def __init__(self, components: Iterable[Component] | None = None) -> None:
        parts = components or (PersistentVolumeBinder(), ClaimProtection(), VolumeProtection(), Provisioner())
        super().__init__(World(random=1), [EventRecorder(), *parts])
        self.user().create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}})

    def make(self, *documents: Document) -> None:
        """Create them one after the other and let everything happen."""
        for document in documents:
            self.user().create(document)
        self.until_quiet()

    def remove(self, resource: str, name: str) -> None:
        self.user().delete(resource, "" if resource == VOLUMES else "default", name)
        self.until_quiet()

    def claim(self, name: str = "c") -> Document | None:
        return self.api.get(CLAIMS, "default", name)

    def volume(self, name: str = "v") -> Document | None:
        return self.api.get(VOLUMES, "", name)

    def phases(self) -> dict[str, str]:
        """Every claim and volume with its phase."""
        found = {metadata.name(claim): claims.phase(claim) for claim in self.api.list(CLAIMS)}
        return found | {metadata.name(volume): volumes.phase(volume) for volume in self.api.list(VOLUMES)}

    def reasons(self, name: str) -> list[tuple[str, str]]:
        """Reason and message of the Events about an object, in order."""
        events = [event for event in self.api.list("events") if event["involvedObject"]["name"] == name]
        return [(event["reason"], event["message"]) for event in events]


def volume(
    name: str = "v", size: str = "1Gi", *, modes: Iterable[str] = ("ReadWriteOnce",), policy: str = "Retain",
    source: Document | None = None, storage_class: str = "manual", **spec: Any,
) -> Document:
    fields = source or {"hostPath": {"path": "/data"}}
    whole = {
        "capacity": {"storage": size}, "accessModes": list(modes), "persistentVolumeReclaimPolicy": policy,
        "storageClassName": storage_class, **fields, **spec,
    }
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}, "spec": whole}


def claim(name: str = "c", size: str = "1Gi", *, modes: Iterable[str] = ("ReadWriteOnce",), storage_class: str | None = "manual",
          **spec: Any) -> Document:
    whole: Document = {"accessModes": list(modes), "resources": {"requests": {"storage": size}}, **spec}
    whole |= {} if storage_class is None else {"storageClassName": storage_class}
    meta = {"name": name, "namespace": "default"}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta, "spec": whole}


def pod_using(name: str, claim_name: str, node: str = "") -> Document:
    volumes_ = [{"name": "v", "persistentVolumeClaim": {"claimName": claim_name}}]
    spec: Document = {"containers": [{"name": "c", "image": "nginx:1"}], "volumes": volumes_}
    spec |= {"nodeName": node} if node else {}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "default"}, "spec": spec}
