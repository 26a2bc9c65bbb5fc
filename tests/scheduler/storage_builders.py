"""Volumes, claims and classes for the tests of the volume plugins."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cluster.objects.documents import Document
from cluster.objects.registry import REGISTRY
from cluster.scheduler.decision import Decision
from cluster.scheduler.listers import DocumentLister
from cluster.scheduler.schedule import decide
from cluster.scheduler.snapshot import Snapshot
from tests.scheduler.builders import PROFILE, pod

DRIVER = "disk.example"


def _made(api_version: str, kind: str, name: str, namespace: str = "", **fields: Any) -> Document:
    meta: Document = {"name": name, "uid": f"uid-{name}", "creationTimestamp": "2026-01-01T00:00:00Z"}
    meta |= {"namespace": namespace} if namespace else {}
    for field in ("labels", "annotations", "ownerReferences", "deletionTimestamp"):
        if field in fields:
            meta[field] = fields.pop(field)
    return {"apiVersion": api_version, "kind": kind, "metadata": meta, **fields}


def storage_class(name: str = "late", *, waits: bool = True, provisioner: str = DRIVER, **fields: Any) -> Document:
    mode = "WaitForFirstConsumer" if waits else "Immediate"
    return _made("storage.k8s.io/v1", "StorageClass", name, provisioner=provisioner, volumeBindingMode=mode, **fields)


def claim(
    name: str = "c", size: str = "1Gi", *, storage_class: str | None = "late", volume: str = "", bound: bool = False,
    modes: Iterable[str] = ("ReadWriteOnce",), namespace: str = "default", phase: str = "Pending", **meta: Any,
) -> Document:
    """A claim; `volume` names the one that it has, `bound` says that binding is complete."""
    spec: Document = {"accessModes": list(modes), "resources": {"requests": {"storage": size}}}
    spec |= {} if storage_class is None else {"storageClassName": storage_class}
    spec |= {"volumeName": volume} if volume else {}
    if bound:
        meta["annotations"] = {"pv.kubernetes.io/bind-completed": "yes", **meta.get("annotations", {})}
        phase = "Bound"
    return _made("v1", "PersistentVolumeClaim", name, namespace, spec=spec, status={"phase": phase}, **meta)


def volume(
    name: str = "v", size: str = "1Gi", *, storage_class: str = "late", on: Iterable[str] = (), phase: str = "Available",
    kept_for: Document | None = None, driver: str = "", modes: Iterable[str] = ("ReadWriteOnce",), **meta: Any,
) -> Document:
    """A volume; `on` are the only nodes that reach it, `kept_for` is its claim."""
    spec: Document = {"capacity": {"storage": size}, "accessModes": list(modes), "storageClassName": storage_class}
    spec |= {"csi": {"driver": driver, "volumeHandle": f"handle-{name}"}} if driver else {"hostPath": {"path": "/x"}}
    if on:
        rule = {"key": "kubernetes.io/hostname", "operator": "In", "values": list(on)}
        spec["nodeAffinity"] = {"required": {"nodeSelectorTerms": [{"matchExpressions": [rule]}]}}
    if kept_for is not None:
        spec["claimRef"] = {key: kept_for["metadata"][key] for key in ("namespace", "name", "uid")}
    return _made("v1", "PersistentVolume", name, spec=spec, status={"phase": phase}, **meta)


def csi_node(name: str, **limits: int) -> Document:
    """A CSINode; `_` in a driver's name stands for a dot."""
    drivers = [
        {"name": driver.replace("_", "."), "nodeID": name, "allocatable": {"count": count}} for driver, count in limits.items()
    ]
    return _made("storage.k8s.io/v1", "CSINode", name, spec={"drivers": drivers})


def attachment(name: str, node: str, volume: str, attacher: str = DRIVER) -> Document:
    spec = {"attacher": attacher, "nodeName": node, "source": {"persistentVolumeName": volume}}
    return _made("storage.k8s.io/v1", "VolumeAttachment", name, spec=spec, status={"attached": True})


def using(*names: str, name: str = "p", on: str = "", **sources: Document) -> Document:
    """A pod that uses these claims, and volumes of other sources by the source's name."""
    volumes: list[Document] = [
        {"name": f"v{index}", "persistentVolumeClaim": {"claimName": each}} for index, each in enumerate(names)
    ]
    volumes += [{"name": source.lower(), source: fields} for source, fields in sources.items()]
    return pod(name, on=on, volumes=volumes)


def lister(*documents: Document) -> DocumentLister:
    tables: dict[str, list[Document]] = {}
    for document in documents:
        tables.setdefault(REGISTRY.of(document).resource, []).append(document)
    return DocumentLister(tables)


def decided(incoming: Document, nodes: list[Document], *others: Document, pods: Iterable[Document] = ()) -> Decision:
    """The default profile's decision in a cluster of these nodes, pods and other objects."""
    return decide(incoming, Snapshot.of(nodes, pods, lister(*others)), PROFILE, lambda: 0.0)
