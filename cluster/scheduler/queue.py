"""The scheduling queue: which waiting pod is tried next, and when a rejected one is tried again.

pkg/scheduler/backend/queue (scheduling_queue.go, active_queue.go, backoff_queue.go). The queue is data, one row for
each waiting pod, kept in the scheduler's memory; everything else here is found again from the rows. Times are virtual
milliseconds.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypedDict

from cluster.objects import times
from cluster.objects.documents import Document
from cluster.scheduler import events
from cluster.scheduler.events import ClusterEvent
from cluster.scheduler.framework import Profiles
from cluster.scheduler.snapshot import priority_of

# Back-offs end together, at whole windows, so that the order within a window is that of the active queue.
BACKOFF_WINDOW = 1 * times.SECOND
# More of them would be beyond any maximum that can be configured.
MOST_DOUBLINGS = 62
# How long a rejected pod waits for an event before it is tried again anyway, and how often that is looked at.
MAX_UNSCHEDULABLE = 5 * times.MINUTE
UNSCHEDULABLE_FLUSH = 30 * times.SECOND

# Where a waiting pod is.
ACTIVE = "active"
BACKOFF = "backoff"
UNSCHEDULABLE = "unschedulable"
GATED = "gated"
BINDING = "binding"
"""It has got its node; plugins prepare what it needs there."""
SKIPPED = "skipped"
"""Being deleted: it is not tried any more."""


class Binding(TypedDict):
    """What a binding cycle has to remember."""

    node: str
    notes: dict[str, Any]  # plugin -> what its Reserve said
    message: str
    story: list[Any]  # key, arguments and objects of the sentence for the binding
    why: Any


class QueuedPod(TypedDict):
    """A waiting pod in the queue."""

    uid: str
    place: str
    priority: int
    timestamp: int  # when it came, or when it was last tried
    serial: int  # settles equal timestamps: who came first
    attempts: int
    rejections: int  # attempts in which plugins rejected it
    errors: int  # attempts in a row that failed for another reason
    expires: int  # window in which its back-off ends
    seen: int  # revision of the cluster that the last attempt saw
    plugins: list[str]  # who rejected it last
    victims: list[list[str]]  # [namespace, name, uid] of the pods still to be evicted for it
    binding: Binding | None


class _Heap:
    """Pods by a moment or an order; entries whose row has been replaced meanwhile do not count."""

    def __init__(self, pods: Mapping[str, QueuedPod]) -> None:
        self._pods = pods
        self._entries: list[tuple[Any, int, str, QueuedPod]] = []

    def push(self, order: Any, key: str, row: QueuedPod) -> None:
        # id() only keeps rows, which have no order, from being compared; it decides nothing: one of two is outdated.
        heapq.heappush(self._entries, (order, id(row), key, row))

    def first(self) -> tuple[Any, str] | None:
        while self._entries:
            order, _, key, row = self._entries[0]
            if self._pods.get(key) is row:
                return order, key
            heapq.heappop(self._entries)
        return None


class SchedulingQueue:
    """The queue of one cluster. `begin` each turn with the clock; `changes` are the rows to write back after it."""

    def __init__(self, profiles: Profiles, rows: Mapping[str, QueuedPod] | None = None, counters: Any = None) -> None:
        self.profiles = profiles
        self.pods: dict[str, QueuedPod] = {}
        self.start_index: int = (counters or {}).get("start_index", 0)
        self._serial: int = (counters or {}).get("serial", 0)
        self._now = 0
        self._places: dict[str, dict[str, None]] = {
            place: {} for place in (ACTIVE, BACKOFF, UNSCHEDULABLE, GATED, BINDING, SKIPPED)
        }
        self._with_victims: dict[str, None] = {}
        self._active = _Heap(self.pods)
        self._backing_off = _Heap(self.pods)
        self._backing_off_after_error = _Heap(self.pods)
        self._left_over = _Heap(self.pods)
        for key, row in sorted((rows or {}).items()):
            self._index(key, row)
        self._changed: dict[str, None] = {}

    @property
    def counters(self) -> dict[str, int]:
        """What is remembered besides the rows; `idle` of them wait for an event or for their binding cycle to go on."""
        idle = len(self._places[UNSCHEDULABLE]) + len(self._places[BINDING])
        return {"serial": self._serial, "start_index": self.start_index, "idle": idle}

    def begin(self, now: int) -> None:
        self._now = now

    def changes(self) -> list[tuple[str, QueuedPod | None]]:
        """The rows that changed since this was last asked; None for one that is gone."""
        changed, self._changed = self._changed, {}
        return [(key, self.pods.get(key)) for key in changed]

    # --- what came, went and changed ---------------------------------------------------------------------------------

    def sync(self, touched: Iterable[str], waiting: Mapping[str, Document]) -> None:
        """Take in waiting pods by key ("namespace/name"): new ones come, those that wait no longer leave."""
        found = {key: pod for key in touched if (pod := waiting.get(key)) is not None and self.profiles.of(pod)}
        for key in sorted(set(touched) - set(found)):
            if key in self.pods:
                self._remove(key)
        for key, pod in sorted(found.items(), key=lambda item: _age(item[1])):
            known = self.pods.get(key)
            if known is None or known["uid"] != pod["metadata"].get("uid", ""):
                self._add(key, pod)
            elif known["place"] == GATED and self._place(pod) == ACTIVE:
                self._put(key, known, place=ACTIVE)

    def _add(self, key: str, pod: Document) -> None:
        self._serial += 1
        row: QueuedPod = {
            "uid": pod["metadata"].get("uid", ""), "place": self._place(pod), "priority": priority_of(pod),
            "timestamp": self._now, "serial": self._serial, "attempts": 0, "rejections": 0, "errors": 0, "expires": 0,
            "seen": 0, "plugins": [], "victims": [], "binding": None,
        }
        self._put(key, row)

    def _place(self, pod: Document) -> str:
        profile = self.profiles.of(pod)
        passes = profile is None or all(plugin.pre_enqueue(pod).is_success for plugin in profile.pre_enqueue)
        return ACTIVE if passes else GATED

    # --- rows and where they are filed -------------------------------------------------------------------------------

    @property
    def rejected(self) -> list[str]:
        """The keys of the pods that wait for an event."""
        return self._by_age(self._places[UNSCHEDULABLE])

    @property
    def binding(self) -> list[str]:
        """The keys of the pods in their binding cycle."""
        return self._by_age(self._places[BINDING])

    def _by_age(self, keys: Iterable[str]) -> list[str]:
        """Those that came first before others."""
        return sorted(keys, key=lambda key: self.pods[key]["serial"])

    @property
    def preempting(self) -> list[str]:
        """The keys of the pods for which others are still to be evicted."""
        return self._by_age(self._with_victims)

    def _put(self, key: str, known: QueuedPod, **changes: Any) -> None:
        if key in self.pods:
            self._unfile(key)
        self._index(key, {**known, **changes})  # type: ignore[typeddict-item]
        self._changed[key] = None

    def _remove(self, key: str) -> None:
        self._unfile(key)
        del self.pods[key]
        self._changed[key] = None

    def _unfile(self, key: str) -> None:
        del self._places[self.pods[key]["place"]][key]
        self._with_victims.pop(key, None)

    def _index(self, key: str, row: QueuedPod) -> None:
        self.pods[key] = row
        place = row["place"]
        self._places[place][key] = None
        if row["victims"]:
            self._with_victims[key] = None
        if place == ACTIVE:
            self._active.push(self._order(row), key, row)
        elif place == BACKOFF:
            heap = self._backing_off_after_error if row["errors"] else self._backing_off
            heap.push((row["expires"], self._order(row)), key, row)
        elif place == UNSCHEDULABLE:
            self._left_over.push((_left_over_at(row), row["serial"]), key, row)

    # --- events ------------------------------------------------------------------------------------------------------

    def move(self, event: ClusterEvent, waiting: Mapping[str, Document], revision: int | None = None) -> None:
        """Bring back the rejected pods that the event may help, as the plugins that rejected them see it.

        `revision` is that of the change: a pod that was tried since has seen it.
        """
        for key in self.rejected:
            if revision is None or self.pods[key]["seen"] < revision:
                self._requeue(key, waiting[key], event)

    def _requeue(self, key: str, pod: Document, event: ClusterEvent) -> None:
        known = self.pods[key]
        if event.up_to is not None and known["priority"] > event.up_to:
            return
        if event.resource == events.UNSCHEDULED_POD and known["uid"] != _subject(event):
            return
        if self._is_worth_it(known, pod, event):
            self._put(key, known, place=BACKOFF if self._backs_off(known) else ACTIVE)

    def _is_worth_it(self, known: QueuedPod, pod: Document, event: ClusterEvent) -> bool:
        profile = self.profiles.of(pod)
        return profile is None or any(
            plugin.name in known["plugins"] and events.concerns(plugin.events, event)
            and plugin.worth_retrying(pod, event)
            for plugin in profile.plugins
        )

    # --- time --------------------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Bring back pods whose back-off is over or that were left over for too long."""
        for heap in (self._backing_off, self._backing_off_after_error):
            self._activate_from(heap, lambda order: order[0] < _window(self._now))
        self._activate_from(self._left_over, lambda order: order[0] <= self._now)

    def _activate_from(self, heap: _Heap, is_due: Callable[[Any], bool]) -> None:
        while (found := heap.first()) is not None and is_due(found[0]):
            self._put(found[1], self.pods[found[1]], place=ACTIVE)

    def next_wake(self) -> int | None:
        """When `flush` has something to do; None when only an event can help."""
        backing_off = [heap.first() for heap in (self._backing_off, self._backing_off_after_error)]
        moments = [found[0][0] + BACKOFF_WINDOW for found in backing_off if found is not None]
        left_over = self._left_over.first()
        if left_over is not None:
            moments.append(left_over[0][0])
        return min(moments, default=None)

    def _backs_off(self, known: QueuedPod) -> bool:
        failed = known["rejections"] + known["errors"]
        return failed > 0 and known["expires"] >= _window(self._now)

    # --- attempts ----------------------------------------------------------------------------------------------------

    def head(self) -> str | None:
        """The key of the pod to try now. When no pod is active, one that still backs off after a rejection is next."""
        found = self._active.first() or self._backing_off.first()
        return None if found is None else found[1]

    def _order(self, known: QueuedPod) -> tuple[int, ...]:
        return (*self.profiles.queue_sort.sort_key(known["priority"], known["timestamp"]), known["serial"])

    def failed(self, key: str, plugins: Iterable[str], seen: int = 0) -> None:
        """Put back a pod that was tried in vain at revision `seen`.

        Without `plugins` to wait for it only backs off and is tried again.
        """
        known, rejectors = self.pods[key], sorted(plugins)
        rejections = known["rejections"] + bool(rejectors)
        errors = 0 if rejectors else known["errors"] + 1
        doublings = min((errors or rejections) - 1, MOST_DOUBLINGS)
        backoff = min(self.profiles.initial_backoff << doublings, self.profiles.max_backoff)
        self._put(
            key, known, place=UNSCHEDULABLE if rejectors else BACKOFF, timestamp=self._now,
            attempts=known["attempts"] + 1, rejections=rejections, errors=errors,
            expires=_window(self._now + backoff), seen=seen, plugins=rejectors, binding=None,
        )

    def reserve(self, key: str, binding: Binding) -> None:
        """The pod has its node; its binding cycle begins."""
        self._put(key, self.pods[key], place=BINDING, binding=binding)

    def evict(self, key: str, victims: Iterable[Document]) -> None:
        """Remember whom to evict for a pod."""
        metas = [victim["metadata"] for victim in victims]
        if metas:
            self._put(key, self.pods[key], victims=[[meta["namespace"], meta["name"], meta["uid"]] for meta in metas])

    def evicted(self, key: str) -> None:
        """All victims of a pod are on their way."""
        self._put(key, self.pods[key], victims=[])

    def done(self, key: str) -> None:
        """The pod has its node."""
        self._remove(key)

    def skip(self, key: str) -> None:
        """The pod is being deleted: do not try it."""
        self._put(key, self.pods[key], place=SKIPPED)


def _subject(event: ClusterEvent) -> str:
    """The uid of the pod that an event is about."""
    document = event.new or event.old or {}
    return str(document["metadata"]["uid"])


def _age(pod: Document) -> tuple[Any, ...]:
    meta = pod["metadata"]
    version = str(meta.get("resourceVersion", ""))
    return meta.get("creationTimestamp", ""), int(version) if version.isdecimal() else 0, meta["name"]


def _window(moment: int) -> int:
    return moment - moment % BACKOFF_WINDOW


def _left_over_at(known: QueuedPod) -> int:
    """The first look at left-over pods that finds this one past its time."""
    return (known["timestamp"] + MAX_UNSCHEDULABLE) // UNSCHEDULABLE_FLUSH * UNSCHEDULABLE_FLUSH + UNSCHEDULABLE_FLUSH
