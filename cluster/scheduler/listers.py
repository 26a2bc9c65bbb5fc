"""What plugins may ask for besides nodes and pods: claims, volumes, services, namespaces, budgets.

pkg/scheduler/framework/listers.go. A `Reader` of the API server is a Lister; so are plain lists of documents.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from cluster.objects.documents import Document

# `list` is a method here, so the type has a name of its own.
Documents = list[Document]


class Lister(Protocol):
    """Objects by resource ("services", "persistentvolumeclaims", "replicasets.apps")."""

    def get(self, resource: str, namespace: str, name: str) -> Document | None:
        """The object, or None; `namespace` is "" for what has none."""

    def list(self, resource: str, namespace: str | None = None) -> Documents:
        """Objects ordered by namespace and name; `namespace=None` means all namespaces."""


class DocumentLister:
    """A Lister of given documents, by resource."""

    def __init__(self, documents: Mapping[str, Iterable[Document]]) -> None:
        self._tables = {
            resource: dict(sorted((_key(document), document) for document in found))
            for resource, found in documents.items()
        }

    def get(self, resource: str, namespace: str, name: str) -> Document | None:
        return self._tables.get(resource, {}).get((namespace, name))

    def list(self, resource: str, namespace: str | None = None) -> Documents:
        rows = self._tables.get(resource, {})
        return [document for key, document in rows.items() if namespace is None or key[0] == namespace]


NOTHING = DocumentLister({})


def _key(document: Document) -> tuple[str, str]:
    meta = document["metadata"]
    return meta.get("namespace", ""), meta["name"]
