"""A rollout over time: a fold of the changes of a stretch of history, or of a simulated future, into life lines and counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from cluster import board
from cluster.apiserver.reader import Reader
from cluster.apiserver.state import World
from cluster.controllers.daemonset_nodes import target_node
from cluster.objects import metadata
from cluster.objects.documents import Document, Key
from cluster.objects.kinds import controllerrevision as revisions
from cluster.objects.kinds import pod as pods
from cluster.objects.kinds import replicaset as replicasets
from cluster.objects.kinds import statefulset as statefulsets
from cluster.rollouts import workload as workloads
from cluster.rollouts.workload import REPLICASETS, Bounds

# What a stretch of a life line shows, by the mark of the Pod on the board.
PENDING, STARTING, READY, AVAILABLE, TROUBLE, TERMINATING, ENDED = (
    "pending", "starting", "ready", "available", "trouble", "terminating", "ended",
)
STRETCHES = {
    "pending": PENDING, "creating": STARTING, "init": STARTING, "notready": STARTING, "running": READY,
    "crash": TROUBLE, "failed": TROUBLE, "evicted": TROUBLE, "unknown": TROUBLE,
    "terminating": TERMINATING, "succeeded": ENDED,
}
# Stretches in which a Pod does not count any more.
LEFT = (TERMINATING, ENDED)

Changed = Iterable[tuple[str, Key, Document | None]]


@dataclass(frozen=True, slots=True)
class Line:
    """The life of one Pod: from when on it was what (virtual ms), and when it was gone."""

    name: str
    group: str
    node: str
    ordinal: int
    stretches: tuple[tuple[int, str], ...]
    known: bool  # it was there before the picture begins
    mark: str
    gone: int | None = None

    @property
    def stretch(self) -> str:
        """What it is now; "" when it is gone."""
        return "" if self.gone is not None else self.stretches[-1][1]


class Sample(NamedTuple):
    """The counts from a moment on. `groups`: by name (Pods that count, available ones, wanted by its ReplicaSet).

    Pods beyond the size of their ReplicaSet are as good as gone and do not count: so the Deployment controller counts
    (pkg/controller/deployment/util, GetReplicaCountForReplicaSets).
    """

    at: int
    bounds: Bounds
    groups: dict[str, tuple[int, int, int]]
    terminating: int

    @property
    def counted(self) -> int:
        return sum(pods for pods, _, _ in self.groups.values())

    @property
    def available(self) -> int:
        return sum(available for _, available, _ in self.groups.values())


@dataclass
class Trace:
    """What is known of a workload up to a moment; `see` goes on."""

    reference: str
    workload: Document | None = None
    kept: dict[str, Document] = field(default_factory=dict)  # ReplicaSets or ControllerRevisions by name, gone ones too
    lines: dict[str, Line] = field(default_factory=dict)  # by uid, in the order in which they came
    samples: list[Sample] = field(default_factory=list)
    notes: list[tuple[int, str]] = field(default_factory=list)  # what happened to the workload itself, and when
    _due: dict[str, int] = field(default_factory=dict)  # when ready Pods become available
    _sizes: dict[str, int] = field(default_factory=dict)  # what ReplicaSets ask for

    @classmethod
    def begun(cls, world: World, reference: str) -> Trace:
        """The state of a workload at one moment; it need not be there yet."""
        table, key = workloads.split(reference)
        trace, view = cls(reference), Reader(world)
        document = view.get(table, *key)
        if document is None:
            return trace
        trace._take_workload(document)
        kept = workloads.keepers(view, document)
        for one in kept:
            trace._take_keeper(one)
        owners = kept if table == workloads.DEPLOYMENTS else [document]
        for pod in sorted((pod for owner in owners for pod in view.owned("pods", metadata.uid(owner))), key=_by_age):
            trace._take_pod(pod, world.now, known=True)
        trace._sample(world.now)
        return trace

    def copy(self) -> Trace:
        """Another trace that goes on from here; the two never meet again."""
        return replace(
            self, kept=dict(self.kept), lines=dict(self.lines), samples=list(self.samples), notes=list(self.notes),
            _due=dict(self._due), _sizes=dict(self._sizes),
        )

    # --- going on -----------------------------------------------------------------------------------------------

    def see(self, at: int, changes: Changed) -> None:
        """A step: what it changed, at that virtual time."""
        self.until(at)
        touched = False
        for table, key, new in changes:
            touched = self._change(table, key, new, at) or touched
        if touched:
            self._sample(at)

    def until(self, at: int) -> None:
        """Time has passed: ready Pods may have become available."""
        for moment, uid in sorted((due, uid) for uid, due in self._due.items() if due <= at):
            del self._due[uid]
            self._go_on(uid, AVAILABLE, moment)
            self._sample(moment)

    def _change(self, table: str, key: Key, new: Document | None, at: int) -> bool:
        own_table, own_key = workloads.split(self.reference)
        if table == own_table and key == own_key:
            self.notes += [(at, note) for note in _news(self.workload, new)]
            self._take_workload(new)
            return True
        if table in (REPLICASETS, revisions.RESOURCE):
            return self._keeper_changed(key, new)
        return table == "pods" and self._pod_changed(key, new, at)

    def _take_workload(self, document: Document | None) -> None:
        self.workload = document or self.workload

    def _keeper_changed(self, key: Key, new: Document | None) -> bool:
        if key[0] != self._namespace:
            return False
        if new is None:
            self._sizes.pop(key[1], None)
            return key[1] in self.kept
        owner = metadata.controller_of(new)
        if self.workload is None or owner is None or owner["uid"] != metadata.uid(self.workload):
            return False
        self._take_keeper(new)
        return True

    def _take_keeper(self, keeper: Document) -> None:
        self.kept[metadata.name(keeper)] = keeper
        if keeper["kind"] == "ReplicaSet":
            self._sizes[metadata.name(keeper)] = replicasets.wanted(keeper)

    def _pod_changed(self, key: Key, new: Document | None, at: int) -> bool:
        if key[0] != self._namespace:
            return False
        if new is not None:
            return self._is_own(new) and self._take_pod(new, at)
        uid = next((uid for uid, line in self.lines.items() if line.name == key[1] and line.gone is None), "")
        if uid:
            self._due.pop(uid, None)
            self.lines[uid] = replace(self.lines[uid], gone=at)
        return bool(uid)

    @property
    def _namespace(self) -> str:
        return workloads.split(self.reference)[1][0]

    def _is_own(self, pod: Document) -> bool:
        owner = metadata.controller_of(pod)
        if self.workload is None or owner is None:
            return metadata.uid(pod) in self.lines
        if self.workload["kind"] != "Deployment":
            return bool(owner["uid"] == metadata.uid(self.workload))
        keeper = self.kept.get(owner["name"])
        return keeper is not None and owner["uid"] == metadata.uid(keeper)

    def _take_pod(self, pod: Document, at: int, known: bool = False) -> bool:
        """A Pod as it is from now on; whether that shows."""
        assert self.workload is not None
        uid, mark = metadata.uid(pod), board.mark(pod)
        stretch = TERMINATING if metadata.is_being_deleted(pod) else STRETCHES[mark]
        self._due.pop(uid, None)
        if stretch == READY:
            wait = pods.available_in(pod, workloads.min_ready(self.workload) // 1000, at)
            if wait:
                self._due[uid] = at + wait
            else:
                stretch = AVAILABLE
        before = self.lines.get(uid)
        if before is None:
            group = workloads.group_of(self.workload["kind"], metadata.name(self.workload), pod)
            self.lines[uid] = Line(
                metadata.name(pod), group, target_node(pod), statefulsets.ordinal(pod), ((at, stretch),), known, mark,
            )
            return True
        self.lines[uid] = replace(before, node=target_node(pod), mark=mark)
        return self._go_on(uid, stretch, at) or before.node != target_node(pod)

    def _go_on(self, uid: str, stretch: str, at: int) -> bool:
        line = self.lines[uid]
        if line.stretch == stretch:
            return False
        self.lines[uid] = replace(line, stretches=(*line.stretches, (at, stretch)))
        return True

    def _sample(self, at: int) -> None:
        """Note the counts. Of several at one moment the last one holds."""
        if self.workload is None:
            return
        groups = {name: [0, 0, size] for name, size in self._sizes.items()}
        terminating = 0
        for line in self.lines.values():
            if line.stretch in LEFT:
                terminating += line.stretch == TERMINATING
            elif line.stretch:
                group = groups.setdefault(line.group, [0, 0, 0])
                group[0] += 1
                group[1] += line.stretch == AVAILABLE
        counted = {name: self._as_counted(name, *counts) for name, counts in groups.items()}
        sample = Sample(at, workloads.bounds(self.workload), counted, terminating)
        if self.samples and self.samples[-1][1:] == sample[1:]:
            return
        if self.samples and self.samples[-1].at == at:
            self.samples.pop()
        self.samples.append(sample)

    def _as_counted(self, group: str, found: int, available: int, size: int) -> tuple[int, int, int]:
        if group not in self._sizes:
            return found, available, size
        return min(found, size), min(available, size), size


def _news(old: Document | None, new: Document | None) -> Iterator[str]:
    """What a write to a workload is about, as far as its rollout is concerned."""
    if new is None:
        yield "deleted"
        return
    if old is None or metadata.uid(old) != metadata.uid(new):
        yield "created"
        return
    for field_name, note in (("template", "template"), ("replicas", "scaled")):
        if old["spec"].get(field_name) != new["spec"].get(field_name):
            yield note
    if workloads.is_paused(old) != workloads.is_paused(new):
        yield "paused" if workloads.is_paused(new) else "resumed"
    if workloads.strategy(old) != workloads.strategy(new):
        yield "strategy"
    if workloads.is_late(new) and not workloads.is_late(old):
        yield "late"
    if workloads.is_settled(new) and not workloads.is_settled(old):
        yield "settled"


def _by_age(pod: Document) -> tuple[str, str]:
    return pod["metadata"]["creationTimestamp"], metadata.name(pod)


def changes_of_entry(entry: dict[str, Any]) -> list[tuple[str, Key, Document | None]]:
    """What a kept step of the journal changed."""
    return [(table, tuple(key), new) for table, key, new in entry["changes"]]
