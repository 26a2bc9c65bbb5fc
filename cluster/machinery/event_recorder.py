"""The event recorder: writes what components noted, a step per Event, and lets Events expire after an hour."""

from __future__ import annotations

from collections.abc import Iterable

from cluster.machinery import correlation, recorder
from cluster.machinery.component import Component, Context, Key, Reader
from cluster.machinery.story import FOLDED, Story
from cluster.objects import metadata, times
from cluster.objects.documents import Document

# kube-apiserver's --event-ttl (pkg/controlplane/apiserver/options/options.go).
TTL = times.HOUR
EXPIRE = "expire"


class EventRecorder(Component):
    """Keys: (note,) for an Event to be written, ("expire", namespace, name) for one whose hour is over."""

    name = recorder.COMPONENT

    def all_keys(self, view: Reader) -> Iterable[Key]:
        return []

    def reconcile(self, context: Context, key: Key) -> None:
        if key[0] == EXPIRE:
            self._expire(context, *key[1:])
        else:
            self._write(context, key)

    def _write(self, context: Context, key: Key) -> None:
        note = context.memory(key)
        if note is None:
            return
        context.forget(key)
        count = 1
        if recorder.is_of_new_api(note):
            known = self._known(context, note)
        else:
            note = self._aggregated(context, note)
            known = self._known(context, note)
            count = self._admitted(context, note, known)
        if not count:
            return
        story = Story("event.recorded", {"reason": note["reason"], "message": note["message"]}, FOLDED)
        if known is not None:
            context.update(recorder.counted(known, note, count), story=story)
            return
        # The real name ends in nanoseconds since 1970; here the sequence number tells equal moments apart.
        nanoseconds = int(times.EPOCH.timestamp()) * 10**9 + note["at"] * 10**6 + int(key[0]) % 10**6
        event = context.create(recorder.new_event(note, f"{nanoseconds:x}"), story=story)
        meta = event["metadata"]
        context.again(TTL, (EXPIRE, meta["namespace"], meta["name"]), quiet=True)

    def _known(self, context: Context, note: correlation.Note) -> Document | None:
        """The Event that already says what the note says."""
        events = context.events_regarding(note["regarding"].get("uid", ""))
        return next((event for event in events if recorder.is_same(event, note)), None)

    def _aggregated(self, context: Context, note: correlation.Note) -> correlation.Note:
        """The note as it is to be written: one of many similar ones has a combined message."""
        similar = correlation.similar_key(note)
        note, seen = correlation.aggregated(note, context.memory(similar))
        context.remember(similar, seen)
        return note

    def _admitted(self, context: Context, note: correlation.Note, known: Document | None) -> int:
        """How often the note counts; 0 when its source has said too much about the object."""
        flood, name = correlation.flood_key(note), metadata.name(known) if known is not None else ""
        count, bucket = correlation.admitted(note, context.memory(flood), name)
        context.remember(flood, bucket)
        return count

    def _expire(self, context: Context, namespace: str, name: str) -> None:
        event = context.get("events", namespace, name)
        if event is None:
            return
        last = event.get("lastTimestamp") or (event.get("series") or {}).get("lastObservedTime") or event["eventTime"]
        left = times.parse(last) + TTL - context.now
        if left > 0:
            context.again(left, quiet=True)
            return
        self._forget_caches(context, event)
        context.delete("events", namespace, name, story=Story("event.expired", {"reason": event["reason"]}, FOLDED))

    def _forget_caches(self, context: Context, event: Document) -> None:
        """Let go what correlation knew of an object of which nothing has been heard for an hour, or no Event is left."""
        uid = event["involvedObject"].get("uid", "")
        last = len(context.events_regarding(uid)) == 1
        for kind in ("similar", "flood"):
            for key, cache in context.memories(kind, uid):
                if last or context.now - cache["last"] >= TTL:
                    context.forget(key)
