"""describeSecret in kubectl/pkg/describe/describe.go: the sizes of the values, never the values."""

from __future__ import annotations

import base64

from cluster.apiserver.reader import Reader
from cluster.kubectl.describing.page import Page
from cluster.objects import metadata
from cluster.objects.documents import Document

TOKEN_TYPE = "kubernetes.io/service-account-token"


def describe(page: Page, reader: Reader, secret: Document) -> None:
    """Write the page of a Secret, without its events."""
    page.line(0, "Name:", metadata.name(secret))
    page.line(0, "Namespace:", metadata.namespace(secret))
    page.labels("Labels", metadata.labels(secret))
    page.annotations("Annotations", metadata.annotations(secret))
    page.line(0, "\nType:", secret.get("type", ""))
    page.line(0, "\nData\n====")
    for key, value in sorted((secret.get("data") or {}).items()):
        content = base64.b64decode(value)
        if key == "token" and secret.get("type") == TOKEN_TYPE:
            page.line(0, f"{key}:", content.decode(errors="replace"))
        else:
            page.line(0, f"{key}:", f"{len(content)} bytes")
