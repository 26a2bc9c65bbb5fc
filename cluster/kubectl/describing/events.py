"""The Events at the end of a description (DescribeEvents in kubectl/pkg/describe/describe.go)."""

from __future__ import annotations

from cluster.apiserver.reader import Reader
from cluster.kubectl.describing.page import NONE, Page
from cluster.objects.documents import Document, dig
from cluster.objects.printing import since


def describe_events(page: Page, reader: Reader, document: Document) -> None:
    """The events about an object, the ones that happened last at the end."""
    found = sorted(_about(reader, document), key=lambda event: event.get("lastTimestamp") or "")
    if not found:
        page.line(0, "Events:", NONE)
        return
    page.flush()
    page.line(0, "Events:")
    page.line(1, "Type", "Reason", "Age", "From", "Message")
    page.line(1, "----", "------", "----", "----", "-------")
    for event in found:
        page.line(
            1, event.get("type", ""), event.get("reason", ""), _age(event, reader.now),
            dig(event, "source", "component") or event.get("reportingComponent") or "", _message(event),
        )


def _about(reader: Reader, document: Document) -> list[Document]:
    found = reader.events_regarding(document["metadata"]["uid"])
    if document["kind"] == "Node":
        # A kubelet knows only the name of its node and takes it for the uid.
        found = [*found, *reader.events_regarding(document["metadata"]["name"])]
    return found


def _age(event: Document, now: int) -> str:
    first = since(event.get("eventTime") or event.get("firstTimestamp"), now)
    series = event.get("series")
    if series:
        return f"{since(series.get('lastObservedTime'), now)} (x{series.get('count', 0)} over {first})"
    if (event.get("count") or 0) > 1:
        return f"{since(event.get('lastTimestamp'), now)} (x{event['count']} over {first})"
    return first


def _message(event: Document) -> str:
    message = event.get("message", "").strip()
    field = dig(event, "involvedObject", "fieldPath", default="")
    return f"{field}: {message}" if field else message
