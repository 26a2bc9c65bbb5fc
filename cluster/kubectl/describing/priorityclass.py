"""describePriorityClass in kubectl/pkg/describe/describe.go."""

from __future__ import annotations

from cluster.apiserver.reader import Reader
from cluster.kubectl.describing.page import NONE, Page
from cluster.objects import metadata
from cluster.objects.documents import Document
from cluster.objects.kinds import priorityclass


def describe(page: Page, reader: Reader, document: Document) -> None:
    """Write the page of a PriorityClass, without its events."""
    page.line(0, "Name:", metadata.name(document))
    page.line(0, "Value:", priorityclass.value(document))
    page.line(0, "GlobalDefault:", priorityclass.is_global_default(document))
    page.line(0, "PreemptionPolicy:", priorityclass.preemption_policy(document))
    page.line(0, "Description:", document.get("description", ""))
    annotations = ",".join(f"{key}={value}" for key, value in sorted(metadata.annotations(document).items()))
    page.line(0, "Annotations:", annotations or NONE)
