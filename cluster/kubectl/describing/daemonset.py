"""describeDaemonSet in kubectl/pkg/describe/describe.go."""

from __future__ import annotations

from cluster.apiserver.reader import Reader
from cluster.kubectl.describing.page import Page
from cluster.kubectl.describing.pod_parts import describe_template, pods_status, selector_text
from cluster.objects import metadata
from cluster.objects.documents import Document, dig
from cluster.objects.kinds.deployment import count
from cluster.objects.printing import labels_cell


def describe(page: Page, reader: Reader, daemonset: Document) -> None:
    """Write the page of a DaemonSet, without its events."""
    status = daemonset.get("status") or {}
    page.line(0, "Name:", metadata.name(daemonset))
    page.line(0, "Namespace:", metadata.namespace(daemonset))
    page.line(0, "Selector:", selector_text(daemonset["spec"]["selector"]))
    page.line(0, "Node-Selector:", labels_cell(dig(daemonset, "spec", "template", "spec", "nodeSelector")))
    page.labels("Labels", metadata.labels(daemonset))
    page.annotations("Annotations", metadata.annotations(daemonset))
    page.line(0, f"Desired Number of Nodes Scheduled: {count(status, 'desiredNumberScheduled')}")
    page.line(0, f"Current Number of Nodes Scheduled: {count(status, 'currentNumberScheduled')}")
    page.line(0, f"Number of Nodes Scheduled with Up-to-date Pods: {count(status, 'updatedNumberScheduled')}")
    page.line(0, f"Number of Nodes Scheduled with Available Pods: {count(status, 'numberAvailable')}")
    page.line(0, f"Number of Nodes Misscheduled: {count(status, 'numberMisscheduled')}")
    page.line(0, "Pods Status:", pods_status(reader, daemonset))
    describe_template(page, daemonset["spec"]["template"])
