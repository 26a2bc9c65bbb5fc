"""The scheduling queue: which waiting pod is tried next, and when a rejected one is tried again.

pkg/scheduler/backend/queue (scheduling_queue.go, active_queue.go, backoff_queue.go). The queue is data: it is read from
the scheduler's memory at the start of a cycle and written back at its end. Times are virtual milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypedDict

from cluster.objects import times
from cluster.objects.documents import Document, dig
from cluster.scheduler import events
from cluster.scheduler.events import ClusterEvent
from cluster.scheduler.framework import Profile
from cluster.scheduler.snapshot import priority_of

INITIAL_BACKOFF = 1 * times.SECOND
MAX_BACKOFF = 10 * times.SECOND
# Back-offs end together, at whole windows, so that the order within a window is that of the active queue.
BACKOFF_WINDOW = 1 * times.SECOND
# How long a rejected pod waits for an event before it is tried again anyway, and how often that is looked at.
MAX_UNSCHEDULABLE = 5 * times.MINUTE
UNSCHEDULABLE_FLUSH = 30 * times.SECOND

# Where a waiting pod is.
ACTIVE = "active"
BACKOFF = "backoff"
UNSCHEDULABLE = "unschedulable"
GATED = "gated"
SKIPPED = "skipped"
"""Being deleted: it is not tried any more."""


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
    plugins: list[str]  # who rejected it last
    tolerations: int
    victims: list[list[str]]  # [namespace, name, uid] of the pods still to be evicted for it


class SchedulingQueue:
    """The queue during one cycle. `data` is what goes back to memory."""

    def __init__(self, data: Mapping[str, Any] | None, profile: Profile, now: int) -> None:
        data = data or {}
        self.pods: dict[str, QueuedPod] = dict(data.get("pods", {}))
        self.start_index: int = data.get("start_index", 0)
        self._serial: int = data.get("serial", 0)
        self._profile = profile
        self._now = now

    @property
    def data(self) -> dict[str, Any]:
        """The queue as JSON."""
        return {"pods": self.pods, "serial": self._serial, "start_index": self.start_index}

    # --- what came, went and changed ---------------------------------------------------------------------------------

    def sync(self, waiting: Mapping[str, Document]) -> None:
        """Take in the waiting pods by key ("namespace/name"): new ones come, gone ones leave, changed ones may move."""
        for key in [key for key in self.pods if key not in waiting]:
            del self.pods[key]
        for key, pod in sorted(waiting.items(), key=lambda item: _age(item[1])):
            known = self.pods.get(key)
            if known is None or known["uid"] != pod["metadata"].get("uid", ""):
                self._add(key, pod)
            else:
                self._update(key, known, pod)

    def _add(self, key: str, pod: Document) -> None:
        self._serial += 1
        self.pods[key] = {
            "uid": pod["metadata"].get("uid", ""), "place": self._place(pod), "priority": priority_of(pod),
            "timestamp": self._now, "serial": self._serial, "attempts": 0, "rejections": 0, "errors": 0, "expires": 0,
            "plugins": [], "tolerations": _tolerations(pod), "victims": [],
        }

    def _update(self, key: str, known: QueuedPod, pod: Document) -> None:
        if known["place"] == GATED and self._place(pod) == ACTIVE:
            self._put(key, known, place=ACTIVE)
        elif known["tolerations"] != _tolerations(pod):
            self._put(key, known, tolerations=_tolerations(pod))
            event = ClusterEvent(events.UNSCHEDULED_POD, events.UPDATE_POD_TOLERATION, None, None)
            self._requeue(key, pod, event)

    def _place(self, pod: Document) -> str:
        passes = all(plugin.pre_enqueue(pod).is_success for plugin in self._profile.pre_enqueue)
        return ACTIVE if passes else GATED

    # --- events ------------------------------------------------------------------------------------------------------

    @property
    def rejected(self) -> list[str]:
        """The keys of the pods that wait for an event."""
        return [key for key, known in self.pods.items() if known["place"] == UNSCHEDULABLE]

    def move(self, event: ClusterEvent, waiting: Mapping[str, Document]) -> None:
        """Bring back the rejected pods that the event may help, as the plugins that rejected them see it."""
        for key in self.rejected:
            self._requeue(key, waiting[key], event)

    def _requeue(self, key: str, pod: Document, event: ClusterEvent) -> None:
        known = self.pods[key]
        if known["place"] == UNSCHEDULABLE and self._is_worth_it(known, pod, event):
            self._put(key, known, place=BACKOFF if self._backs_off(known) else ACTIVE)

    def _is_worth_it(self, known: QueuedPod, pod: Document, event: ClusterEvent) -> bool:
        return any(
            plugin.name in known["plugins"] and event.kind in plugin.events and plugin.worth_retrying(pod, event)
            for plugin in self._profile.plugins
        )

    # --- time --------------------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Bring back pods whose back-off is over or that were left over for too long."""
        for key, known in list(self.pods.items()):
            backed_off = known["place"] == BACKOFF and not self._backs_off(known)
            left_over = known["place"] == UNSCHEDULABLE and _left_over_at(known) <= self._now
            if backed_off or left_over:
                self._put(key, known, place=ACTIVE)

    def next_wake(self) -> int | None:
        """When `flush` has something to do; None when only an event can help."""
        moments = [
            known["expires"] + BACKOFF_WINDOW if known["place"] == BACKOFF else _left_over_at(known)
            for known in self.pods.values()
            if known["place"] in (BACKOFF, UNSCHEDULABLE)
        ]
        return min(moments, default=None)

    def _backs_off(self, known: QueuedPod) -> bool:
        failed = known["rejections"] + known["errors"]
        return failed > 0 and known["expires"] >= _window(self._now)

    # --- attempts ----------------------------------------------------------------------------------------------------

    def head(self) -> str | None:
        """The key of the pod to try now. When no pod is active, one that still backs off after a rejection is next."""
        active = [key for key, known in self.pods.items() if known["place"] == ACTIVE]
        if active:
            return min(active, key=lambda key: self._order(self.pods[key]))
        early = [key for key, known in self.pods.items() if known["place"] == BACKOFF and not known["errors"]]
        return min(early, key=lambda key: (self.pods[key]["expires"], self._order(self.pods[key])), default=None)

    def _order(self, known: QueuedPod) -> tuple[int, ...]:
        return (*self._profile.queue_sort.sort_key(known["priority"], known["timestamp"]), known["serial"])

    def failed(self, key: str, plugins: Iterable[str]) -> None:
        """Put back a pod that was tried in vain. Without `plugins` to wait for it only backs off and is tried again."""
        known, rejectors = self.pods[key], sorted(plugins)
        rejections = known["rejections"] + bool(rejectors)
        errors = 0 if rejectors else known["errors"] + 1
        backoff = min(INITIAL_BACKOFF << min((errors or rejections) - 1, 10), MAX_BACKOFF)
        self._put(
            key, known, place=UNSCHEDULABLE if rejectors else BACKOFF, timestamp=self._now,
            attempts=known["attempts"] + 1, rejections=rejections, errors=errors,
            expires=_window(self._now + backoff), plugins=rejectors,
        )

    def evict(self, key: str, victims: Iterable[Document]) -> None:
        """Remember whom to evict for a pod."""
        metas = [victim["metadata"] for victim in victims]
        self._put(key, self.pods[key], victims=[[meta["namespace"], meta["name"], meta["uid"]] for meta in metas])

    def evicted(self, key: str) -> None:
        """All victims of a pod are on their way."""
        self._put(key, self.pods[key], victims=[])

    def done(self, key: str) -> None:
        """The pod has its node."""
        del self.pods[key]

    def skip(self, key: str) -> None:
        """The pod is being deleted: do not try it."""
        self._put(key, self.pods[key], place=SKIPPED)

    def _put(self, key: str, known: QueuedPod, **changes: Any) -> None:
        self.pods[key] = {**known, **changes}  # type: ignore[typeddict-item]


def _tolerations(pod: Document) -> int:
    """Tolerations can only be added, so their number tells whether they changed."""
    return len(dig(pod, "spec", "tolerations", default=()))


def _age(pod: Document) -> tuple[Any, ...]:
    meta = pod["metadata"]
    version = str(meta.get("resourceVersion", ""))
    return meta.get("creationTimestamp", ""), int(version) if version.isdecimal() else 0, meta["name"]


def _window(moment: int) -> int:
    return moment - moment % BACKOFF_WINDOW


def _left_over_at(known: QueuedPod) -> int:
    """The first look at left-over pods that finds this one past its time."""
    return (known["timestamp"] + MAX_UNSCHEDULABLE) // UNSCHEDULABLE_FLUSH * UNSCHEDULABLE_FLUSH + UNSCHEDULABLE_FLUSH
