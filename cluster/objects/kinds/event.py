"""Event: what a component reports about an object."""

from __future__ import annotations

from collections.abc import Callable

from cluster.objects import metadata
from cluster.objects.documents import Document, dig
from cluster.objects.field_errors import invalid
from cluster.objects.printing import since
from cluster.objects.registry import REGISTRY, Column, FieldError, Kind


def _text(*path: str) -> Callable[[Document], str]:
    return lambda event: str(dig(event, *path, default=""))


def regarding(event: Document) -> Document:
    """The reference to the object that the event is about."""
    return event.get("involvedObject") or {}


def count(event: Document) -> int:
    """How often it happened."""
    return int(dig(event, "series", "count") or event.get("count") or 1)


def first_seen(event: Document) -> str | None:
    return event.get("firstTimestamp") or event.get("eventTime")


def last_seen(event: Document) -> str | None:
    """RFC 3339 time of the latest occurrence."""
    return dig(event, "series", "lastObservedTime") or event.get("lastTimestamp") or first_seen(event)


def source(event: Document) -> str:
    """`component, host` as the wide table shows it (formatEventSource)."""
    component = dig(event, "source", "component") or event.get("reportingComponent") or ""
    host = dig(event, "source", "host") or event.get("reportingInstance") or ""
    return f"{component}, {host}" if host else component


def target(event: Document) -> str:
    """`pod/web-1`: the object as a person writes it."""
    kind, name = regarding(event).get("kind", "").lower(), regarding(event).get("name", "")
    return f"{kind}/{name}" if name else kind


def validate(event: Document, old: Document | None) -> list[FieldError]:
    """An event lives in its object's namespace, in "default" without one (pkg/apis/core/validation/events.go)."""
    namespace, about = metadata.namespace(event), regarding(event).get("namespace", "")
    if about == namespace or (not about and namespace in ("default", "kube-system")):
        return []
    return [invalid("involvedObject.namespace", about, "does not match event.namespace")]


KIND = REGISTRY.register(
    Kind(
        group="",
        version="v1",
        kind="Event",
        plural="events",
        singular="event",
        short_names=("ev",),
        namespaced=True,
        validate=validate,
        columns=(
            Column("Last Seen", lambda event, now: since(last_seen(event), now)),
            Column("Type", lambda event, now: event.get("type", "")),
            Column("Reason", lambda event, now: event.get("reason", "")),
            Column("Object", lambda event, now: target(event)),
            Column("Subobject", lambda event, now: regarding(event).get("fieldPath", ""), wide=True),
            Column("Source", lambda event, now: source(event), wide=True),
            Column("Message", lambda event, now: event.get("message", "").strip()),
            Column("First Seen", lambda event, now: since(first_seen(event), now), wide=True),
            Column("Count", lambda event, now: str(count(event)), wide=True),
            Column("Name", lambda event, now: metadata.name(event), wide=True),
        ),
        field_labels={
            **{
                f"involvedObject.{part}": _text("involvedObject", part)
                for part in ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
            },
            "reason": _text("reason"),
            "reportingComponent": _text("reportingComponent"),
            "source": lambda event: dig(event, "source", "component") or event.get("reportingComponent") or "",
            "type": _text("type"),
        },
    )
)
