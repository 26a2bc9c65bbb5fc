"""describePersistentVolumeClaim in kubectl/pkg/describe/describe.go."""

from __future__ import annotations

from cluster.apiserver.reader import Reader
from cluster.kubectl.describing.page import Page, date
from cluster.kubectl.describing.persistentvolume import go_list, status
from cluster.objects import metadata
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import persistentvolumeclaim as claims


def describe(page: Page, reader: Reader, claim: Document) -> None:
    """Write the page of a PersistentVolumeClaim, without its events."""
    spec = claim["spec"]
    page.line(0, "Name:", metadata.name(claim))
    page.line(0, "Namespace:", metadata.namespace(claim))
    page.line(0, "StorageClass:", claims.storage_class(claim))
    page.line(0, "Status:", status(claim, reader.now))
    page.line(0, "Volume:", claims.volume_name(claim))
    page.labels("Labels", metadata.labels(claim))
    page.annotations("Annotations", metadata.annotations(claim))
    page.line(0, "Finalizers:", go_list(metadata.finalizers(claim)))
    page.line(0, "Capacity:", claims.capacity_text(claim))
    page.line(0, "Access Modes:", claims.access_modes_text(claim))
    if spec.get("volumeMode") is not None:
        page.line(0, "VolumeMode:", spec["volumeMode"])
    if spec.get("dataSource") is not None:
        _data_source(page, spec["dataSource"])
    page.values("Used By", sorted(users(reader, claim)))
    _conditions(page, dig(claim, "status", "conditions", default=[]))


def users(reader: Reader, claim: Document) -> list[str]:
    """Names of the Pods that use the claim, in whatever phase they are."""
    name = metadata.name(claim)
    return [
        metadata.name(pod) for pod in reader.list("pods", metadata.namespace(claim))
        if any(used == name for used, _ in claims.of_pod(pod))
    ]


def _data_source(page: Page, source: Document) -> None:
    page.line(0, "DataSource:")
    if source.get("apiGroup") is not None:
        page.line(1, "APIGroup:", source["apiGroup"])
    page.line(1, "Kind:", source.get("kind", ""))
    page.line(1, "Name:", source.get("name", ""))


def _conditions(page: Page, conditions: list[Document]) -> None:
    if conditions:
        page.line(0, "Conditions:")
        page.line(1, "Type", "Status", "LastProbeTime", "LastTransitionTime", "Reason", "Message")
        page.line(1, "----", "------", "-----------------", "------------------", "------", "-------")
    for condition in conditions:
        page.line(
            1, f"{condition['type']} ", f"{condition['status']} ", f"{date(condition.get('lastProbeTime'))} ",
            f"{date(condition.get('lastTransitionTime'))} ", f"{condition.get('reason', '')} ",
            condition.get("message", ""),
        )
