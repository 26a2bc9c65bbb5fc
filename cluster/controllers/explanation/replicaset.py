"""Why a ReplicaSet or ReplicationController has not the Pods that it wants, and which of them would go first."""

from __future__ import annotations

from collections.abc import Iterator

from cluster.apiserver.reader import Reader
from cluster.controllers.explanation.hindrance import hindrances
from cluster.controllers.explanation.refusals import refused
from cluster.controllers.explanation.words import STATE, Cell, Explained, Table, Word, seconds, table, word
from cluster.controllers.pod_control import pod_from_template
from cluster.controllers.replicaset import related_pods
from cluster.controllers.replicaset_ranking import Candidate, compare, facts, ranked
from cluster.objects import metadata
from cluster.objects.documents import Document
from cluster.objects.kinds import pod as pods
from cluster.objects.kinds import replicaset as replicasets
from cluster.objects.registry import REGISTRY

COLUMNS = [
    "column.place", "column.pod", "column.because", "column.ready", "column.ready-for", "column.phase", "column.cost",
    "column.colocated", "column.restarts", "column.age", "column.node",
]


def explained(reader: Reader, replicaset: Document) -> Explained:
    """ReplicaSets and ReplicationControllers alike."""
    active = active_pods(reader, replicaset)
    return Explained(list(_words(reader, replicaset, active)), order(reader, replicaset, active))


def active_pods(reader: Reader, replicaset: Document) -> list[Document]:
    return [pod for pod in reader.owned("pods", metadata.uid(replicaset)) if pods.is_active(pod)]


def _words(reader: Reader, replicaset: Document, active: list[Document]) -> Iterator[Word]:
    want, have, delay = replicasets.wanted(replicaset), len(active), replicasets.min_ready_seconds(replicaset)
    available = sum(pods.is_available(pod, delay, reader.now) for pod in active)
    yield word("replicaset.state", STATE, name=metadata.name(replicaset), want=want, have=have, available=available)
    if metadata.is_being_deleted(replicaset):
        return
    if have < want:
        refusals = list(refused(reader, pod_from_template(replicaset["spec"]["template"], replicaset)))
        yield from refusals or [word("replicaset.creates", missing=want - have)]
    elif have > want:
        yield word("replicaset.deletes", surplus=have - want)
    yield from hindrances(reader, active, delay)


def order(reader: Reader, replicaset: Document, active: list[Document]) -> list[Table]:
    """The Pods in the order in which a smaller size would take them, each with what puts it before the next one."""
    if REGISTRY.of(replicaset).resource not in ("replicasets.apps", "replicationcontrollers") or len(active) < 2:
        return []
    candidates = ranked(active, related_pods(reader, replicaset), reader.now)
    following: list[Candidate | None] = [*candidates[1:], None]
    rows = [_row(reader, place, *pair) for place, pair in enumerate(zip(candidates, following, strict=True), 1)]
    return table("table.order", COLUMNS, rows)



def _row(reader: Reader, place: int, candidate: Candidate, after: Candidate | None) -> list[Cell]:
    fact = facts(candidate, reader.now)
    because: Cell = ""
    if after is not None:
        because = word(f"rank.{compare(candidate, after, reader.now)[1]}", "rank")
    ready_for = "" if fact["readyFor"] is None else f"{seconds(fact['readyFor'])} s"
    return [
        place, metadata.name(candidate.pod), because, word("cell.yes" if fact["ready"] else "cell.no", "cell"), ready_for,
        fact["phase"], fact["deletionCost"], fact["colocated"], fact["restarts"], f"{seconds(fact['age'])} s",
        fact["node"] or word("cell.none", "cell"),
    ]
