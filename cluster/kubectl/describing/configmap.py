"""ConfigMapDescriber in kubectl/pkg/describe/describe.go."""

from __future__ import annotations

import base64

from cluster.apiserver.reader import Reader
from cluster.kubectl.describing.page import Page
from cluster.objects import metadata
from cluster.objects.documents import Document


def describe(page: Page, reader: Reader, config: Document) -> None:
    """Write the page of a ConfigMap, without its events."""
    page.line(0, "Name:", metadata.name(config))
    page.line(0, "Namespace:", metadata.namespace(config))
    page.labels("Labels", metadata.labels(config))
    page.annotations("Annotations", metadata.annotations(config))
    page.line(0, "\nData\n====")
    for key, value in sorted((config.get("data") or {}).items()):
        page.line(0, f"{key}:\n----\n{value}\n")
    page.line(0, "\nBinaryData\n====")
    for key, value in sorted((config.get("binaryData") or {}).items()):
        page.line(0, f"{key}: {len(base64.b64decode(value))} bytes")
    page.line(0, "")
