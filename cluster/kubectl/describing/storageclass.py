"""describeStorageClass in kubectl/pkg/describe/describe.go."""

from __future__ import annotations

from cluster.apiserver.reader import Reader
from cluster.kubectl.describing.page import NONE, UNSET, Page
from cluster.objects import metadata
from cluster.objects.documents import Document
from cluster.objects.kinds import storageclass as classes
from cluster.objects.printing import labels_cell


def describe(page: Page, reader: Reader, storage_class: Document) -> None:
    """Write the page of a StorageClass, without its events."""
    expansion = storage_class.get("allowVolumeExpansion")
    page.line(0, "Name:", metadata.name(storage_class))
    page.line(0, "IsDefaultClass:", "Yes" if classes.is_default(storage_class) else "No")
    page.line(0, "Annotations:", labels_cell(metadata.annotations(storage_class)))
    page.line(0, "Provisioner:", storage_class.get("provisioner", ""))
    page.line(0, "Parameters:", labels_cell(storage_class.get("parameters")))
    page.line(0, "AllowVolumeExpansion:", UNSET if expansion is None else str(expansion))
    options = storage_class.get("mountOptions") or []
    page.line(0, *(["MountOptions:"] if options else ["MountOptions:", NONE]))
    for option in options:
        page.line(1, option)
    page.line(0, "ReclaimPolicy:", classes.reclaim_policy(storage_class))
    page.line(0, "VolumeBindingMode:", classes.binding_mode(storage_class))
    if storage_class.get("allowedTopologies") is not None:
        _topologies(page, storage_class["allowedTopologies"])


def _topologies(page: Page, terms: list[Document]) -> None:
    page.line(0, "AllowedTopologies:", "" if terms else NONE)
    for index, term in enumerate(terms):
        rules = [
            f"{rule['key']} in [{', '.join(rule.get('values') or [])}]" for rule in term.get("matchLabelExpressions") or []
        ]
        page.values(f"Term {index}", rules, level=1)
