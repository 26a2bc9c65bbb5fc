"""Event correlation: many similar Events about one object become one, and a source that floods is cut short.

client-go/tools/record/events_cache.go. Its caches are kept as notes of the event recorder.
"""

from __future__ import annotations

from typing import Any

from cluster.objects import times

# Different messages of one source about one object for one reason, within the interval, before they are combined.
MAXIMUM_SIMILAR = 10
SIMILAR_INTERVAL = 10 * times.MINUTE
COMBINED = "(combined from similar events): "
# Token bucket of one source about one object.
BURST = 25
REFILL = 5 * times.MINUTE

Note = dict[str, Any]


def similar_key(note: Note) -> tuple[str, ...]:
    """Notes with equal keys differ in their message at most (EventAggregatorByReasonFunc)."""
    return ("similar", *_about(note), note["type"], note["reason"])


def flood_key(note: Note) -> tuple[str, ...]:
    """Notes with equal keys share a token bucket (getSpamKey)."""
    return ("flood", *_about(note))


def _about(note: Note) -> tuple[str, ...]:
    regarding = note["regarding"]
    return (
        regarding.get("uid", ""), note["source"], note["host"], regarding["kind"],
        regarding.get("namespace", ""), regarding["name"],
    )


def aggregated(note: Note, seen: Note | None) -> tuple[Note, Note]:
    """(the note, its message combined if there are too many similar ones; what to keep in mind for the next one)."""
    messages = list(seen["messages"]) if seen and note["at"] - seen["last"] <= SIMILAR_INTERVAL else []
    if note["message"] not in messages:
        messages.append(note["message"])
    if len(messages) < MAXIMUM_SIMILAR:
        return note, {"messages": messages, "last": note["at"]}
    combined = {**note, "message": COMBINED + note["message"]}
    return combined, {"messages": messages[1:], "last": note["at"]}


def admitted(note: Note, bucket: Note | None, event: str) -> tuple[int, Note]:
    """(how often it counts, 0 when the bucket has no token for it; the bucket after it).

    `event` names the Event that says the same, "" without one. Whatever is cut short is counted all the same, by the
    next one that is not (EventCorrelate observes before it filters).
    """
    tokens, missed = float(BURST), {}
    if bucket is not None:
        tokens = min(BURST, bucket["tokens"] + (note["at"] - bucket["last"]) / REFILL)
        missed = dict(bucket.get("missed", {}))
    count = 0
    if tokens >= 1:
        tokens, count = tokens - 1, 1 + missed.pop(event, 0)
    elif event:
        missed[event] = missed.get(event, 0) + 1
    return count, {"tokens": tokens, "last": note["at"], **({"missed": missed} if missed else {})}
