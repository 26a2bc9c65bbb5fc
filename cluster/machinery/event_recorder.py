"""The event recorder: writes what components noted, a step per Event, and lets Events expire after an hour."""

from __future__ import annotations

from collections.abc import Iterable

from cluster.machinery import recorder
from cluster.machinery.component import Component, Context, Key, Reader
from cluster.machinery.story import FOLDED, Story
from cluster.objects import times

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
        story = Story("event.recorded", {"reason": note["reason"], "message": note["message"]}, FOLDED)
        for event in context.events_regarding(note["regarding"]["uid"]):
            if recorder.is_same(event, note):
                context.update(recorder.counted(event, note), story=story)
                return
        # The real name ends in nanoseconds since 1970; here the sequence number tells equal moments apart.
        nanoseconds = int(times.EPOCH.timestamp()) * 10**9 + note["at"] * 10**6 + int(key[0]) % 10**6
        event = context.create(recorder.new_event(note, f"{nanoseconds:x}"), story=story)
        meta = event["metadata"]
        context.again(TTL, (EXPIRE, meta["namespace"], meta["name"]), quiet=True)

    def _expire(self, context: Context, namespace: str, name: str) -> None:
        event = context.get("events", namespace, name)
        if event is None:
            return
        last = event.get("lastTimestamp") or (event.get("series") or {}).get("lastObservedTime") or event["eventTime"]
        left = times.parse(last) + TTL - context.now
        if left > 0:
            context.again(left, quiet=True)
            return
        context.delete("events", namespace, name, story=Story("event.expired", {"reason": event["reason"]}, FOLDED))
