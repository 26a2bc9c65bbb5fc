"""describeReplicaSet in kubectl/pkg/describe/describe.go."""

from __future__ import annotations

from cluster.apiserver.reader import Reader
from cluster.kubectl.describing.deployment import describe_conditions
from cluster.kubectl.describing.page import Page
from cluster.kubectl.describing.pod_parts import controlled_by, describe_template, pods_status, selector_text
from cluster.objects import metadata
from cluster.objects.documents import Document
from cluster.objects.kinds import replicaset as replicasets


def describe(page: Page, reader: Reader, replicaset: Document) -> None:
    """Write the page of a ReplicaSet, without its events."""
    page.line(0, "Name:", metadata.name(replicaset))
    page.line(0, "Namespace:", metadata.namespace(replicaset))
    page.line(0, "Selector:", selector_text(replicaset["spec"]["selector"]))
    page.labels("Labels", metadata.labels(replicaset))
    page.annotations("Annotations", metadata.annotations(replicaset))
    controlled_by(page, replicaset)
    page.line(
        0, "Replicas:", f"{replicasets.current(replicaset)} current / {replicasets.wanted(replicaset)} desired"
    )
    page.line(0, "Pods Status:", pods_status(reader, replicaset))
    describe_template(page, replicaset["spec"]["template"])
    describe_conditions(page, replicaset.get("status") or {})
