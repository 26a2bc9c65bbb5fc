"""describeServiceAccount in kubectl/pkg/describe/describe.go."""

from __future__ import annotations

from cluster.apiserver.reader import Reader
from cluster.kubectl.describing.page import NONE, Page
from cluster.objects import metadata
from cluster.objects.documents import Document

_HEADING = "Image pull secrets:"


def describe(page: Page, reader: Reader, account: Document) -> None:
    """Write the page of a ServiceAccount, without its events."""
    page.line(0, "Name:", metadata.name(account))
    page.line(0, "Namespace:", metadata.namespace(account))
    page.labels("Labels", metadata.labels(account))
    page.annotations("Annotations", metadata.annotations(account))
    heading = _HEADING
    for name in [secret["name"] for secret in account.get("imagePullSecrets") or []] or [NONE]:
        page.line(0, heading, name)
        heading = " " * len(_HEADING)
