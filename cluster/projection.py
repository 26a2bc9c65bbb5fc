"""The present of a cluster's current branch as rows of the models: which documents, with which columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.db import models

from cluster.apiserver.state import World, is_resource
from cluster.models import Node, Pod, Resource, Service, Stored
from cluster.objects import metadata
from cluster.objects.documents import Document, Key, dig
from cluster.objects.kinds import node as nodes
from cluster.objects.kinds import pod as pods
from cluster.objects.kinds import service as services


def _node(document: Document) -> dict[str, Any]:
    condition = nodes.condition(document, "Ready")
    return {
        "ready": condition["status"] if condition else "Unknown",
        "unschedulable": bool(dig(document, "spec", "unschedulable")),
        "taints": ",".join(nodes.taint_text(taint) for taint in nodes.taints(document)),
        "internal_ip": nodes.internal_ip(document),
        "kubelet_version": dig(document, "status", "nodeInfo", "kubeletVersion", default=""),
    }


def _pod(document: Document) -> dict[str, Any]:
    return {
        "phase": dig(document, "status", "phase", default=""),
        "status": pods.status_text(document),
        "node": dig(document, "spec", "nodeName", default=""),
        "ready": pods.is_ready(document),
        "restarts": pods.restarts(document),
        "pod_ip": dig(document, "status", "podIP", default=""),
    }


def _service(document: Document) -> dict[str, Any]:
    return {
        "type": dig(document, "spec", "type", default=""),
        "cluster_ip": dig(document, "spec", "clusterIP", default=""),
        "ports": services.ports_text(document),
    }


# Kinds with a model of their own: the model and its columns for a document.
MODELS: dict[str, tuple[type[Stored], Callable[[Document], dict[str, Any]]]] = {
    "nodes": (Node, _node), "pods": (Pod, _pod), "services": (Service, _service),
}


def _row(cluster: str, table: str, document: Document) -> Stored:
    common: dict[str, Any] = {
        "cluster_id": cluster, "name": metadata.name(document), "uid": metadata.uid(document), "document": document,
    }
    if table not in MODELS:
        return Resource(**common, resource=table, namespace=metadata.namespace(document))
    model, columns = MODELS[table]
    if model is not Node:
        common["namespace"] = metadata.namespace(document)
    return model(**common, **columns(document))


def _unique_fields(model: type[models.Model]) -> list[str]:
    constraint = model._meta.constraints[0]
    assert isinstance(constraint, models.UniqueConstraint)
    return list(constraint.fields)


def _upsert(rows: Iterable[Stored]) -> None:
    by_model: dict[type[Stored], list[Stored]] = {}
    for row in rows:
        by_model.setdefault(type(row), []).append(row)
    for model, found in by_model.items():
        unique = _unique_fields(model)
        others = [f.name for f in model._meta.concrete_fields if not f.primary_key and f.name not in unique]
        model._default_manager.bulk_create(found, update_conflicts=True, unique_fields=unique, update_fields=others)


def _remove(cluster: str, table: str, key: Key) -> None:
    model: type[models.Model] = MODELS[table][0] if table in MODELS else Resource
    wanted: dict[str, str] = {"cluster": cluster, "name": key[1]}
    if model is not Node:
        wanted["namespace"] = key[0]
    if model is Resource:
        wanted["resource"] = table
    model._default_manager.filter(**wanted).delete()


def update(cluster: str, documents: Mapping[tuple[str, Key], Document | None]) -> None:
    """Bring the rows of these objects up to date; None removes one."""
    for (table, key), document in documents.items():
        if document is None:
            _remove(cluster, table, key)
    _upsert(_row(cluster, table, document) for (table, _), document in documents.items() if document is not None)


def replace_all(cluster: str, world: World) -> None:
    """Make the rows of a cluster those of `world`, whatever they were."""
    for model in (Node, Pod, Service, Resource):
        model._default_manager.filter(cluster=cluster).delete()
    _upsert(
        _row(cluster, table, document)
        for table, rows in world.tables.items() if is_resource(table) for document in rows.values()
    )
