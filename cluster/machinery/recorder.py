"""What components report becomes Event objects, equal reports a count.

client-go/tools/record/event.go and events_cache.go; for those who report through events.k8s.io
client-go/tools/events/event_broadcaster.go.
"""

from __future__ import annotations

from typing import Any

from cluster.machinery.correlation import COMBINED
from cluster.objects import times
from cluster.objects.documents import Document, dig
from cluster.objects.registry import REGISTRY

COMPONENT = "event-recorder"
SERIES_ENDS = 6 * times.MINUTE


def note(
    regarding: Document, type: str, reason: str, message: str, now: int, *,
    source: str, host: str, action: str, related: Document | None, field_path: str,
) -> dict[str, Any]:
    """What a component reported, as it waits to be written."""
    reference = REGISTRY.of(regarding).reference(regarding)
    if field_path:
        reference["fieldPath"] = field_path
    found: dict[str, Any] = {
        "regarding": reference, "type": type, "reason": reason, "message": message,
        "at": now, "source": source, "host": host, "action": action,
    }
    if related is not None:
        found["related"] = REGISTRY.of(related).reference(related)
    return found


def is_of_new_api(found: dict[str, Any]) -> bool:
    """Whether it is reported through events.k8s.io: an action belongs to it, the reporter stands in reportingComponent."""
    return bool(found["action"])


def is_same(event: Document, found: dict[str, Any]) -> bool:
    """Whether an Event already says what the note says, so that only its count grows."""
    if is_of_new_api(found):
        return _is_same_series(event, found)
    regarding, source = found["regarding"], event.get("source") or {}
    return (
        event["type"] == found["type"]
        and event["reason"] == found["reason"]
        and (event["message"] == found["message"] or _both_combined(event["message"], found["message"]))
        and dig(event, "involvedObject", "fieldPath", default="") == regarding.get("fieldPath", "")
        and (source.get("component") or event.get("reportingComponent")) == found["source"]
        and source.get("host", "") == found["host"]
    )


def _is_same_series(event: Document, found: dict[str, Any]) -> bool:
    """Whether it is the same act about the same version of the same object, and not too long ago; its words do not matter."""
    last = dig(event, "series", "lastObservedTime", default=event.get("eventTime"))
    return (
        (event["type"], event["reason"], event.get("action"), event.get("reportingComponent"))
        == (found["type"], found["reason"], found["action"], found["source"])
        and event["involvedObject"] == found["regarding"]
        and event.get("related") == found.get("related")
        and found["at"] - times.parse(last) <= SERIES_ENDS
    )


def _both_combined(one: str, other: str) -> bool:
    return one.startswith(COMBINED) and other.startswith(COMBINED)


def new_event(found: dict[str, Any], unique: str) -> Document:
    """The Event for a note. `unique` ends the name: the time in hexadecimal in the real thing."""
    regarding = found["regarding"]
    event: Document = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{regarding['name']}.{unique}", "namespace": regarding.get("namespace") or "default"},
        "involvedObject": regarding,
        "reason": found["reason"],
        "message": found["message"],
        "type": found["type"],
    }
    if found.get("related"):
        event["related"] = found["related"]
    if is_of_new_api(found):
        return {
            **event, "source": {}, "firstTimestamp": None, "lastTimestamp": None,
            "eventTime": times.micro(found["at"]), "action": found["action"],
            "reportingComponent": found["source"], "reportingInstance": found["source"],
        }
    source = {"component": found["source"], **({"host": found["host"]} if found["host"] else {})}
    stamp = times.rfc3339(found["at"])
    return {
        **event, "source": source, "firstTimestamp": stamp, "lastTimestamp": stamp, "count": 1,
        "eventTime": None, "reportingComponent": found["source"], "reportingInstance": found["host"],
    }


def counted(event: Document, found: dict[str, Any], times_more: int = 1) -> Document:
    """The Event seen once more, or several times."""
    if event.get("eventTime"):
        count = dig(event, "series", "count", default=1) + times_more
        return {**event, "series": {"count": count, "lastObservedTime": times.micro(found["at"])}}
    seen = {"message": found["message"], "count": event.get("count", 1) + times_more, "lastTimestamp": times.rfc3339(found["at"])}
    return {**event, **seen}
