"""describeStatefulSet in kubectl/pkg/describe/describe.go."""

from __future__ import annotations

from cluster.apiserver.reader import Reader
from cluster.kubectl.describing.page import Page, date
from cluster.kubectl.describing.pod_parts import describe_template, pods_status, selector_text
from cluster.objects import metadata
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import persistentvolumeclaim as claims
from cluster.objects.kinds import statefulset as statefulsets
from cluster.objects.kinds.deployment import count


def describe(page: Page, reader: Reader, statefulset: Document) -> None:
    """Write the page of a StatefulSet, without its events."""
    page.line(0, "Name:", metadata.name(statefulset))
    page.line(0, "Namespace:", metadata.namespace(statefulset))
    page.line(0, "CreationTimestamp:", date(statefulset["metadata"]["creationTimestamp"]))
    page.line(0, "Selector:", selector_text(statefulset["spec"]["selector"]))
    page.labels("Labels", metadata.labels(statefulset))
    page.annotations("Annotations", metadata.annotations(statefulset))
    total = count(statefulset.get("status") or {}, "replicas")
    page.line(0, "Replicas:", f"{statefulsets.replicas(statefulset)} desired | {total} total")
    page.line(0, "Update Strategy:", dig(statefulset, "spec", "updateStrategy", "type"))
    border = statefulsets.partition(statefulset)
    if border is not None:
        page.line(1, "Partition:", border)
    page.line(0, "Pods Status:", pods_status(reader, statefulset))
    describe_template(page, statefulset["spec"]["template"])
    _describe_claims(page, statefulsets.claim_templates(statefulset))


def _describe_claims(page: Page, templates: list[Document]) -> None:
    if not templates:
        page.line(0, "Volume Claims:", "<none>")
        return
    page.line(0, "Volume Claims:")
    for claim in templates:
        page.line(1, "Name:", metadata.name(claim))
        page.line(1, "StorageClass:", claims.storage_class(claim))
        page.labels("Labels", metadata.labels(claim), 1)
        page.annotations("Annotations", metadata.annotations(claim), 1)
        page.line(1, "Capacity:", dig(claim, "spec", "resources", "requests", "storage", default="<default>"))
        page.line(1, "Access Modes:", f"[{' '.join(claims.access_modes(claim))}]")
