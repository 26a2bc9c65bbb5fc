"""Explains where a Pod is or why it waits: from the record that was kept with its decision, or by deciding again.

`explain` reads Worlds and changes nothing. What it returns is described in `explanation.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cluster.apiserver.reader import Reader
from cluster.apiserver.state import MEMORY, World
from cluster.objects import times
from cluster.objects.documents import Document, dig, without
from cluster.objects.metadata import is_being_deleted
from cluster.scheduler import configuration
from cluster.scheduler.decision import MANY
from cluster.scheduler.events import is_assigned, is_finished
from cluster.scheduler.explanation import what_helps, what_if
from cluster.scheduler.explanation.asks import asks_of
from cluster.scheduler.explanation.changes import change_row
from cluster.scheduler.explanation.rows import Matrix, best_other, columns_of, deciding_plugin, differing, rows_of
from cluster.scheduler.explanation.shape import (
    BeforeRow,
    ChangeRow,
    Columns,
    ExplainedPod,
    Explanation,
    Moment,
    Row,
    Situation,
    Word,
)
from cluster.scheduler.explanation.what_if import Change, ChangeError, Question
from cluster.scheduler.explanation.words import Queued, Told, words_of
from cluster.scheduler.framework import DEFAULT_SCHEDULER, Profile
from cluster.scheduler.queue import BACKOFF, BACKOFF_WINDOW, BINDING
from cluster.scheduler.snapshot import Snapshot, pod_key

COUNTERS = (DEFAULT_SCHEDULER, "counters")
QUEUED = (DEFAULT_SCHEDULER, "pod")
# Standings in which the kept decision is what counts, and not what it would be now.
KEPT = ("placed", "binding", "nominated", "leaving", "finished")
NO_COLUMNS: Columns = {"filters": [], "scores": [], "scored": False}


@dataclass(frozen=True, slots=True)
class Recorded:
    """A decision as the journal has it. `before` is the state that the scheduler saw, None when it is no longer kept."""

    why: Mapping[str, Any]
    revision: int
    t: int
    before: Reader | None


def recorded_for(pod: Document, why: Mapping[str, Any], revision: int, t: int, before: World | None) -> Recorded | None:
    """The kept decision, when it was about this Pod and not about an earlier one of the same name."""
    meta = pod["metadata"]
    then = None if before is None else before.row("pods", (meta.get("namespace", ""), meta["name"]))
    if then is not None and then["metadata"].get("uid") != meta.get("uid"):
        return None
    if then is None and times.parse(meta["creationTimestamp"]) > t:
        return None
    return Recorded(why, revision, t, None if before is None else Reader(before))


@dataclass(frozen=True, slots=True)
class Case:
    """What is to be explained: a Pod at the moment of `now`, or as it was last when it is `gone` by then.

    `snapshot`: the nodes and Pods of `now`, from whoever has them at hand; otherwise they are read from `now`.
    """

    pod: Document
    now: Reader
    recorded: Recorded | None = None
    gone: bool = False
    snapshot: Snapshot | None = None


@dataclass(frozen=True, slots=True)
class _Base:
    """The decision that is explained. `question` is None when it can no longer be asked again."""

    record: Mapping[str, Any]
    question: Question | None
    live: bool

    @property
    def chosen(self) -> str:
        return str(self.record["chosen"])


@dataclass(frozen=True, slots=True)
class _Changed:
    """The changes that were asked for, and the question with them; None when there are none or something is wrong."""

    changes: Sequence[Change] = ()
    question: Question | None = None
    problem: Word | None = None


def explain(case: Case, changes: Sequence[object] = (), *, suggest: bool = True) -> Explanation:
    """The explanation, with `changes` (see `what_if`) made in thought. Wrong changes are told of and left out."""
    situation = situation_of(case)
    base = _base(case, situation)
    changed = _changed(changes, base)
    matrix = _matrix(case, base)
    before = None if changed.question is None or matrix is None else [_before(row) for row in rows_of(matrix)[0]]
    if base is not None and changed.question is not None:
        matrix = _matrix_of(changed.question, changed.question.answer(base.chosen).record())
    rows, groups, nodes = ([], [], 0) if matrix is None else rows_of(matrix)
    offered = _offered(base, changed.changes) if suggest else _active(base, changed.changes)
    words = words_of(Told(
        case.pod if matrix is None else matrix.pod, situation, matrix, tuple(rows), tuple(groups), nodes,
        live=base is not None and base.live, tried_at=None if case.recorded is None else case.recorded.revision,
        queued=_queued(case), schedulers=tuple(configuration.profiles(case.now).by_name),
        before=None if before is None or base is None else base.chosen,
        helpless=suggest and not offered and _is_stuck(base),
    ))
    return {
        "type": "explained",
        "pod": _pod(case),
        "situation": situation,
        "revision": case.now.revision,
        "decided_at": _moment(case.recorded),
        "live": base is not None and base.live,
        "decision": None if matrix is None else _decision(matrix),
        "columns": NO_COLUMNS if matrix is None else columns_of(matrix),
        "rows": rows if before is None else [_flagged(row, before) for row in rows],
        "groups": groups, "nodes": nodes,
        "words": words,
        "changes": offered,
        "before": before,
        "problem": changed.problem,
    }


def situation_of(case: Case) -> Situation:
    """The Pod's standing with the scheduler."""
    pod, recorded = case.pod, case.recorded
    if is_assigned(pod):
        return "placed" if recorded is not None and recorded.why["chosen"] == pod["spec"]["nodeName"] else "unscheduled"
    if is_finished(pod):
        return "finished"
    if is_being_deleted(pod) or case.gone:
        return "leaving"
    if _queued(case).place == BINDING and recorded is not None and recorded.why["chosen"]:
        return "binding"
    if dig(pod, "spec", "schedulingGates"):
        return "gated"
    if profile_for(case.now, pod) is None:
        return "foreign"
    if case.now.is_off(DEFAULT_SCHEDULER):
        return "off"
    nominated = dig(pod, "status", "nominatedNodeName")
    if nominated and recorded is not None and (recorded.why.get("preemption") or {}).get("node") == nominated:
        return "nominated"
    return "pending"


def profile_for(view: Reader, pod: Document) -> Profile | None:
    """The profile that places the Pod; None when another scheduler has to."""
    return configuration.profiles(view).of(pod)


def _profile(view: Reader, pod: Document) -> Profile:
    """The Pod's profile, the first one for a Pod of another scheduler."""
    return profile_for(view, pod) or next(iter(configuration.profiles(view).by_name.values()))


def question_of(view: Reader, pod: Document, snapshot: Snapshot | None = None) -> Question:
    """Where the Pod would go in the state that `view` shows, as if it had no node yet."""
    if snapshot is None:
        snapshot = _snapshot(view, pod)
    elif is_assigned(pod):
        snapshot = snapshot.without_pod(pod)
    counters = view.world.row(MEMORY, COUNTERS) or {}
    return Question(without(pod, ("spec", "nodeName")), snapshot, _profile(view, pod), counters.get("start_index", 0))


def _snapshot(view: Reader, pod: Document) -> Snapshot:
    """Nodes and Pods without this one. Who has got a node and is not bound yet takes room there already."""
    key = pod_key(pod)
    others = [other for other in view.list("pods") if pod_key(other) != key]
    snapshot = Snapshot.of(view.list("nodes"), others, view)
    for other in others:
        row = None if is_assigned(other) else view.world.row(MEMORY, (*QUEUED, pod_key(other)))
        if row is not None and row["place"] == BINDING:
            snapshot = snapshot.assuming(other, row["binding"]["node"])
    return snapshot


# --- what is explained ------------------------------------------------------------------------------------------------


def _base(case: Case, situation: Situation) -> _Base | None:
    """The kept decision where it still says how things are, otherwise one made now; None when there is nothing to decide."""
    recorded = case.recorded
    if recorded is not None and (situation in KEPT or recorded.revision == case.now.revision):
        return _kept(case, recorded)
    if situation in ("finished", "leaving"):
        return None
    question = question_of(case.now, case.pod, case.snapshot)
    record = question.answer().record()
    return _Base(record, question, live=recorded is None or not _is_same(record, recorded.why))


def _is_same(record: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two decisions say the same of every node."""
    return all(record[field] == other.get(field) for field in ("nodes", "chosen", "message"))


def _kept(case: Case, recorded: Recorded) -> _Base:
    if recorded.before is None:
        return _Base(recorded.why, None, live=False)
    meta = case.pod["metadata"]
    then = recorded.before.get("pods", meta.get("namespace", ""), meta["name"])
    question = question_of(recorded.before, case.pod if then is None else then)
    if "summary" not in recorded.why:
        return _Base(recorded.why, question, live=False)
    return _Base(question.answer(str(recorded.why["chosen"])).record(), question, live=False)


def _matrix(case: Case, base: _Base | None) -> Matrix | None:
    if base is None:
        return None
    if base.question is None:
        return Matrix.of(case.pod, base.record, _profile(case.now, case.pod), None)
    return _matrix_of(base.question, base.record)


def _matrix_of(question: Question, record: Mapping[str, Any]) -> Matrix:
    return Matrix.of(question.pod, record, question.profile, question.snapshot)


def _is_stuck(base: _Base | None) -> bool:
    """Whether no node fits, in spite of there being some, and that could be tried out."""
    return base is not None and base.question is not None and not base.chosen and bool(base.record["nodes"])


# --- parts of the answer ------------------------------------------------------------------------------------------------


def _pod(case: Case) -> ExplainedPod:
    meta = case.pod["metadata"]
    return {
        "name": meta["name"], "namespace": meta.get("namespace", ""), "ref": f"pods/{meta.get('namespace', '')}/{meta['name']}",
        "uid": meta.get("uid", ""), "phase": dig(case.pod, "status", "phase", default="Pending"),
        "node": dig(case.pod, "spec", "nodeName", default=""), "gone": case.gone, "asks": asks_of(case.pod),
    }


def _moment(recorded: Recorded | None) -> Moment | None:
    return None if recorded is None else {"revision": recorded.revision, "t": recorded.t}


def _decision(matrix: Matrix) -> dict[str, Any]:
    """The record with what follows from it. The nodes are left to the rows in large clusters."""
    record = matrix.record
    other = best_other(record)
    best = list(record["best"])
    nodes = record["nodes"] if len(record["nodes"]) <= MANY else []
    return {
        **record, "nodes": nodes, "runner_up": other["node"] if other else None, "deciding": deciding_plugin(record),
        "tie": {"nodes": best, "drawn": record["chosen"]} if len(best) > 1 else None,
    }


def _queued(case: Case) -> Queued:
    """What the scheduler remembers of the Pod."""
    row = case.now.world.row(MEMORY, (*QUEUED, pod_key(case.pod)))
    if row is None:
        return Queued()
    left = row["expires"] + BACKOFF_WINDOW - case.now.now if row["place"] == BACKOFF else 0
    return Queued(row["place"], row["attempts"], tuple(row["plugins"]), max(0, -(-left // times.SECOND)))


def _before(row: Row) -> BeforeRow:
    return {
        "node": row["node"], "verdict": row["verdict"], "total": row["total"], "cells": row["cells"],
        "scores": {plugin: score["weighted"] for plugin, score in row["scores"].items()},
    }


def _flagged(row: Row, before: Sequence[BeforeRow]) -> Row:
    """The row with what the changes altered in it; everything for a node that was not there."""
    old = next((one for one in before if one["node"] == row["node"]), None)
    if old is None:
        return {**row, "changed": [*row["cells"], *row["scores"], "verdict", "total"]}
    return {**row, "changed": differing(row, old["cells"], old["scores"], old["verdict"], old["total"])}


# --- changes --------------------------------------------------------------------------------------------------------------


def _changed(changes: Sequence[object], base: _Base | None) -> _Changed:
    if not changes:
        return _Changed()
    try:
        wanted = what_if.parsed(changes)
        if base is None or base.question is None:
            raise ChangeError("nothing")
        return _Changed(wanted, what_if.applied(wanted, base.question))
    except ChangeError as error:
        return _Changed(problem=error.word)


def _active(base: _Base | None, wanted: Sequence[Change]) -> list[ChangeRow]:
    if base is None or base.question is None:
        return []
    return [change_row(change, base.question, None, base.chosen, active=True) for change in wanted]


def _offered(base: _Base | None, wanted: Sequence[Change]) -> list[ChangeRow]:
    """The changes that are on, and those that would alter the decision."""
    if base is None or base.question is None:
        return []
    decision = base.question.answer(base.chosen)
    if decision.chosen != base.chosen:
        return _active(base, wanted)  # the record knows more than can be found again
    on = {what_if.identity(change) for change in wanted}
    found = [
        change_row(tried.change, base.question, tried.decision, base.chosen, active=what_if.identity(tried.change) in on)
        for tried in what_helps.proposals(base.question, decision)
    ]
    known = {row["id"] for row in found}
    return [*(row for row in _active(base, wanted) if row["id"] not in known), *found]
