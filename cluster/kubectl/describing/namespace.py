"""describeNamespace in kubectl/pkg/describe/describe.go."""

from __future__ import annotations

from cluster.apiserver.reader import Reader
from cluster.kubectl.describing import limitrange, resourcequota
from cluster.kubectl.describing.page import Page, date
from cluster.objects import metadata
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import namespace as namespaces


def describe(page: Page, reader: Reader, namespace: Document) -> None:
    """Write the page of a Namespace, without its events."""
    page.line(0, "Name:", metadata.name(namespace))
    page.labels("Labels", metadata.labels(namespace))
    page.annotations("Annotations", metadata.annotations(namespace))
    page.line(0, "Status:", namespaces.phase(namespace))
    conditions = dig(namespace, "status", "conditions", default=[])
    if conditions:
        page.line(0, "Conditions:")
        page.line(1, "Type", "Status", "LastTransitionTime", "Reason", "Message")
        page.line(1, "----", "------", "------------------", "------", "-------")
    for condition in conditions:
        page.line(
            1, condition["type"], condition["status"], date(condition.get("lastTransitionTime")),
            condition.get("reason", ""), condition.get("message", ""),
        )
    page.line(0)
    resourcequota.describe_all(page, reader.list("resourcequotas", metadata.name(namespace)))
    page.line(0)
    limitrange.describe_all(page, reader.list("limitranges", metadata.name(namespace)))
