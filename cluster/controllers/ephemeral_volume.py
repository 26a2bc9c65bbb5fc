"""Ephemeral volumes: a claim of its own for each volume that lives as long as its Pod.

pkg/controller/volume/ephemeral/controller.go
"""

from __future__ import annotations

from collections.abc import Iterable

from cluster.machinery.component import Change, Component, Context, Key, Reader
from cluster.machinery.story import NARRATED, Story, object_reference
from cluster.objects import metadata
from cluster.objects.documents import Document, dig

CLAIMS = "persistentvolumeclaims"


class EphemeralVolumeController(Component):
    """Keys: (namespace, name) of a Pod."""

    name = "ephemeral-volume-controller"
    watches = ("pods", CLAIMS)

    def keys_for(self, change: Change, view: Reader) -> Iterable[Key]:
        if change.table == "pods":
            return [change.key] if change.old is None and _ephemeral(change.new or {}) else []
        if change.new is not None or change.old is None:
            return []
        owner = metadata.controller_of(change.old)
        return [(change.key[0], owner["name"])] if owner is not None and owner["kind"] == "Pod" else []

    def reconcile(self, context: Context, key: Key) -> None:
        pod = context.get("pods", *key)
        if pod is None or metadata.is_being_deleted(pod):
            return
        for volume in _ephemeral(pod):
            name = f"{metadata.name(pod)}-{volume['name']}"
            claim = context.get(CLAIMS, key[0], name)
            if claim is None:
                _create(context, pod, name, volume["ephemeral"].get("volumeClaimTemplate") or {})
                return
            if not metadata.is_controlled_by(claim, pod):
                problem = f"PVC {key[0]}/{name} was not created for pod {key[0]}/{key[1]} (pod is not owner)"
                context.event(pod, "Warning", "EphemeralVolumeInvalid", problem, source="ephemeral_volume")


def _ephemeral(pod: Document) -> list[Document]:
    return [volume for volume in dig(pod, "spec", "volumes", default=[]) if volume.get("ephemeral") is not None]


def _create(context: Context, pod: Document, name: str, template: Document) -> None:
    meta = {field: value for field, value in (template.get("metadata") or {}).items() if field in ("labels", "annotations")}
    claim = {
        "apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {
            **meta, "name": name, "namespace": metadata.namespace(pod),
            "ownerReferences": [metadata.controller_reference(pod)],
        },
        "spec": template.get("spec") or {},
    }
    args = {"claim": name, "pod": metadata.name(pod)}
    objects = (f"{CLAIMS}/{metadata.namespace(pod)}/{name}", object_reference("pods", pod))
    context.create(claim, story=Story("ephemeral-volume.create", args, NARRATED, objects))
