"""DefaultPreemption with plain numbers: whom to evict from a node when only room is lacking, remembered while it lasts.

A node on which other rules are at stake (host ports, spreading, pods near pods, volumes, nominated pods) is tried by the
readable plugin. Node and victims are the same either way; the record names only the best candidates.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cluster.objects.documents import Document
from cluster.scheduler.arrays.attempt import Attempt
from cluster.scheduler.arrays.columns import Row
from cluster.scheduler.arrays.local import LOCAL_FILTERS
from cluster.scheduler.budgets import Budgets
from cluster.scheduler.framework import CycleState, Plugin
from cluster.scheduler.plugins.default_preemption import (
    NO_VICTIMS,
    Candidate,
    Cost,
    DefaultPreemption,
    importance,
)
from cluster.scheduler.plugins.node_ports import NodePorts
from cluster.scheduler.plugins.node_resources_fit import NodeResourcesFit, shortages
from cluster.scheduler.resources import Amounts
from cluster.scheduler.snapshot import PodInfo, Snapshot
from cluster.scheduler.verdict import Verdict

# How many candidates the record names.
RECORDED = 20


class Remembered(NamedTuple):
    """What was found for a row when its room was in this version."""

    version: int
    verdict: Verdict
    candidate: Candidate
    cost: Cost | None


# By row, for pods with the same needs and importance.
Memory = dict[int, Remembered]


class ArrayPreemption(DefaultPreemption):
    """DefaultPreemption for one attempt over the columns."""

    recorded = RECORDED

    def __init__(self, plugin: DefaultPreemption, attempt: Attempt, memory: Memory) -> None:
        super().__init__(plugin.percent, plugin.least)
        self._attempt = attempt
        self._memory = memory
        self.is_hopeless = not attempt.parts.places.any_below(attempt.template.priority)
        self._fit = next((each for each in attempt.filters if isinstance(each, NodeResourcesFit)), None)
        self._is_plain = self._fit is not None and all(
            isinstance(each, LOCAL_FILTERS) and not isinstance(each, NodePorts) for each in attempt.filters
        )

    def candidate(
        self, state: CycleState, pod: Document, snapshot: Snapshot, name: str, filters: Sequence[Plugin], budgets: Budgets
    ) -> tuple[Verdict, Candidate] | None:
        """Measured: 1 µs for a node that has not changed since, 45 µs for another, 160 µs by the readable plugin."""
        places, columns = self._attempt.parts.places, self._attempt.parts.columns
        if self.is_hopeless:
            return Verdict(name, status=NO_VICTIMS), Candidate(name, (), frozenset())
        if self._fit is None or not self._is_plain or name in places.nominated:
            return super().candidate(state, pod, snapshot, name, filters, budgets)
        row = columns.row_of[name]
        version = columns.rooms[row].version
        known = self._memory.get(row)
        if known is None or known.version != version or budgets:
            verdict, candidate = self._tried(self._fit, row, budgets)
            known = Remembered(version, verdict, candidate, candidate.cost if candidate.victims else None)
            self._memory[row] = known
        return known.verdict, known.candidate

    def cost_of(self, candidate: Candidate) -> Cost:
        known = self._memory.get(self._attempt.parts.columns.row_of[candidate.node])
        if known is None or known.candidate is not candidate or known.cost is None:
            return candidate.cost
        return known.cost

    def _tried(self, fit: NodeResourcesFit, row: int, budgets: Budgets) -> tuple[Verdict, Candidate]:
        """`victims_on` for a node on which nothing but room matters."""
        columns, requests = self._attempt.parts.columns, self._attempt.template.requests
        name = columns.names[row]
        nobody = Candidate(name, (), frozenset())
        lower = sorted(
            (pod for pod in self._attempt.parts.places.infos(row) if pod.priority < self._attempt.template.priority),
            key=importance,
        )
        if not lower:
            return Verdict(name, status=NO_VICTIMS), nobody
        room = _copy(columns.rooms[row])
        for pod in lower:
            _count(room, pod.requests, -1)
        status = fit.status_of(room, requests)
        if not status.is_success:
            return Verdict(name, fit.name, status), nobody
        violating, others = budgets.split(lower)
        victims: list[PodInfo] = []
        for pod in (*violating, *others):
            _count(room, pod.requests, 1)
            if shortages(requests, room, fit.args):
                _count(room, pod.requests, -1)
                victims.append(pod)
        chosen = {victim.key for victim in victims}
        protected = frozenset(pod.key for pod in violating if pod.key in chosen)
        return Verdict(name), Candidate(name, tuple(sorted(victims, key=importance)), protected)


def _copy(room: Row) -> Row:
    return Row(room.allocatable, dict(room.requested), room.non_zero_requested, room.pods)


def _count(room: Row, requests: Amounts, sign: int) -> None:
    room.pods = range(len(room.pods) + sign)
    for name, amount in requests.items():
        room.requested[name] = room.requested.get(name, 0) + sign * amount
