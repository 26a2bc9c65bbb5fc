"""describeCSINode in kubectl/pkg/describe/describe.go."""

from __future__ import annotations

from cluster.apiserver.reader import Reader
from cluster.kubectl.describing.page import Page, date
from cluster.kubectl.describing.persistentvolume import go_list
from cluster.objects import metadata
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import csinode


def describe(page: Page, reader: Reader, csi_node: Document) -> None:
    """Write the page of a CSINode, without its events."""
    page.line(0, "Name:", metadata.name(csi_node))
    page.labels("Labels", metadata.labels(csi_node))
    page.annotations("Annotations", metadata.annotations(csi_node))
    page.line(0, "CreationTimestamp:", date(csi_node["metadata"].get("creationTimestamp")))
    page.line(0, "Spec:")
    drivers = csinode.drivers(csi_node)
    if drivers:
        page.line(1, "Drivers:")
    for driver in drivers:
        page.line(2, f"{driver['name']}:")
        page.line(3, "Node ID:", driver.get("nodeID", ""))
        count = dig(driver, "allocatable", "count")
        if count is not None:
            page.line(3, "Allocatables:")
            page.line(4, "Count:", count)
        if driver.get("topologyKeys") is not None:
            page.line(3, "Topology Keys:", go_list(driver["topologyKeys"]))
