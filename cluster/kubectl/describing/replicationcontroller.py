"""describeReplicationController in kubectl/pkg/describe/describe.go."""

from __future__ import annotations

from cluster.apiserver.reader import Reader
from cluster.kubectl.describing.deployment import describe_conditions
from cluster.kubectl.describing.page import Page
from cluster.kubectl.describing.pod_parts import describe_template, pods_status
from cluster.objects import metadata
from cluster.objects.documents import Document
from cluster.objects.kinds import replicaset as replicasets
from cluster.objects.printing import labels_cell


def describe(page: Page, reader: Reader, controller: Document) -> None:
    """Write the page of a ReplicationController, without its events."""
    page.line(0, "Name:", metadata.name(controller))
    page.line(0, "Namespace:", metadata.namespace(controller))
    page.line(0, "Selector:", labels_cell(controller["spec"]["selector"]))
    page.labels("Labels", metadata.labels(controller))
    page.annotations("Annotations", metadata.annotations(controller))
    wanted = replicasets.wanted(controller)
    page.line(0, "Replicas:", f"{replicasets.current(controller)} current / {wanted} desired")
    page.line(0, "Pods Status:", pods_status(reader, controller))
    describe_template(page, controller["spec"]["template"])
    describe_conditions(page, controller.get("status") or {})
