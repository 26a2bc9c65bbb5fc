"""Namespace."""

from __future__ import annotations

from cluster.objects.documents import Document, dig, with_value
from cluster.objects.metadata import labels, name
from cluster.objects.printing import AGE, NAME
from cluster.objects.registry import REGISTRY, Column, Kind

NAME_LABEL = "kubernetes.io/metadata.name"
FINALIZER = "kubernetes"


def phase(namespace: Document) -> str:
    """`Active` or `Terminating`."""
    return str(dig(namespace, "status", "phase", default=""))


def is_terminating(namespace: Document) -> bool:
    return phase(namespace) == "Terminating"


def default(namespace: Document) -> Document:
    """The label by which selectors name a namespace (SetDefaults_Namespace in pkg/apis/core/v1/defaults.go)."""
    wanted = namespace["metadata"].get("name", "")
    if not wanted or labels(namespace).get(NAME_LABEL) == wanted:
        return namespace
    return with_value(namespace, ("metadata", "labels"), {**labels(namespace), NAME_LABEL: name(namespace)})


def prepare(namespace: Document) -> Document:
    """Active, and kept at deletion until its contents are gone (pkg/registry/core/namespace/strategy.go)."""
    others = [entry for entry in dig(namespace, "spec", "finalizers", default=[]) if entry != FINALIZER]
    return {**namespace, "spec": {"finalizers": [*others, FINALIZER]}, "status": {"phase": "Active"}}


KIND = REGISTRY.register(
    Kind(
        group="",
        version="v1",
        kind="Namespace",
        plural="namespaces",
        singular="namespace",
        short_names=("ns",),
        namespaced=False,
        subresources=frozenset({"status", "finalize"}),
        name_rule="label",
        default=default,
        prepare=prepare,
        columns=(NAME, Column("Status", lambda namespace, now: phase(namespace)), AGE),
        field_labels={"name": name, "status.phase": phase},
    )
)
