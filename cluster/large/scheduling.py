"""The scheduler of a large cluster: the array path decides, one Pod after the other, at kube-scheduler's pace.

What cannot be placed waits beside the queue until something changes that may help, as in pkg/scheduler/backend/queue.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from cluster.apiserver.state import Bulk
from cluster.large.inventory import PODS, TICK, UNBOUND, Inventory, PodRecord, Workload
from cluster.large.samples import HOST_IP, MOMENTS, NODE, REVISION, ZONE
from cluster.machinery.settings import Settings
from cluster.objects import times
from cluster.objects.documents import Document, with_value
from cluster.scheduler import conditions
from cluster.scheduler.arrays.decision import ArrayDecision
from cluster.scheduler.arrays.scheduler import ArrayScheduler
from cluster.scheduler.framework import Profile
from cluster.scheduler.listers import Lister

# How long a Pod that found no node rests at least: the longest back-off of kube-scheduler (podMaxBackoffSeconds).
BACK_OFF = 10 * times.SECOND


class BulkScheduler:
    """Takes Pods in the order in which they came."""

    def __init__(self, inventory: Inventory, profile: Profile, settings: Settings) -> None:
        self.arrays = ArrayScheduler(profile)
        self._inventory = inventory
        self._settings = settings
        self._quota = max(1, TICK // settings.write)
        self._queue: deque[PodRecord] = deque()
        self._parked: dict[int, list[PodRecord]] = {}  # id of a workload -> its Pods that found no node
        self._messages: dict[int, str] = {}
        self._tried: dict[int, int] = {}
        self._start = 0
        self.decisions = 0
        self.moved = False  # something changed that may help those who wait

    def add(self, records: Iterable[PodRecord]) -> None:
        self._queue.extend(records)

    @property
    def waiting(self) -> int:
        """How many Pods have no node."""
        return len(self._queue) + sum(map(len, self._parked.values()))

    @property
    def parked(self) -> int:
        """How many of them found none when they were tried."""
        return sum(map(len, self._parked.values()))

    def messages(self) -> list[tuple[Workload, int, str]]:
        """Why Pods wait, by workload: (workload, how many, the scheduler's words)."""
        return [(parked[0].workload, len(parked), self._messages[key]) for key, parked in self._parked.items() if parked]

    def is_busy(self) -> bool:
        return bool(self._queue) or (self.moved and any(self._parked.values()))

    def run(self, bulk: Bulk, lister: Lister, now: int) -> None:
        """One moment's work."""
        self._unpark(now)
        queue, tried = self._queue, 0
        while queue and tried < self._quota:
            record = queue.popleft()
            if record.leaving or record.node != UNBOUND:
                continue
            tried += 1
            if id(record.workload) in self._messages:
                # One of its kind has just found nothing, and nothing has changed since.
                self._park(bulk, record, now)
                continue
            pod = bulk.row(PODS, record.key)
            decision = self.arrays.decide(pod, self._inventory.chance.random, lister, self._start)
            self._start = decision.next_start_index
            self.decisions += 1
            if decision.chosen:
                self._bind(bulk, record, decision, now)
            else:
                self._messages[id(record.workload)] = decision.message
                self._tried[id(record.workload)] = now
                self._park(bulk, record, now)

    def _bind(self, bulk: Bulk, record: PodRecord, decision: ArrayDecision, now: int) -> None:
        node = self._inventory.node_of[decision.chosen]
        life, values = record.workload.life, record.values
        assert values is not None
        values[NODE], values[HOST_IP], values[ZONE] = node.name, node.planned.address, node.values[ZONE]
        values[REVISION], values[MOMENTS + 1] = str(bulk.next_revision()), times.rfc3339(now)
        bound = life.moulds[1].fill(values)
        bulk.write(PODS, record.key, bound)
        record.stage = 1
        self.arrays.add_pod(bound)
        self._inventory.place(record, node)
        self._inventory.due(now, life.offsets[2], "start", record)

    # --- those who wait ---------------------------------------------------------------------------------------------

    def _park(self, bulk: Bulk, record: PodRecord, now: int) -> None:
        key = id(record.workload)
        self._parked.setdefault(key, []).append(record)
        pod: Document = bulk.row(PODS, record.key)
        marked = conditions.not_scheduled(pod, conditions.UNSCHEDULABLE, self._messages[key], now)
        if marked is not pod:
            revision = str(bulk.next_revision())
            bulk.write(PODS, record.key, with_value(marked, ("metadata", "resourceVersion"), revision))

    def _unpark(self, now: int) -> None:
        """Try those again for whom something may have changed, when they have rested."""
        if not self.moved:
            return
        waiting = False
        for key, parked in self._parked.items():
            if not parked:
                continue
            if now - self._tried[key] < BACK_OFF:
                waiting = True
                continue
            self._queue.extend(record for record in parked if not record.leaving)
            parked.clear()
            del self._messages[key]
        self.moved = waiting

    def node_changed(self, node: Document) -> None:
        """A node came or changed."""
        self.arrays.add_node(node)
        self.moved = True

    def pod_left(self, pod: Document) -> None:
        self.arrays.remove_pod(pod)
        self.moved = True


