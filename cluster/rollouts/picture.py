"""The Rollout view's data: what templates draw and tests read, JSON-able. Times are virtual milliseconds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cluster.apiserver.reader import Reader
from cluster.apiserver.state import World
from cluster.controllers.explanation.explain import explain
from cluster.objects import metadata, times
from cluster.objects.documents import Document
from cluster.objects.kinds import deployment as deployments
from cluster.rollouts import plan as plans
from cluster.rollouts import workload as workloads
from cluster.rollouts.plan import Plan
from cluster.rollouts.revisions import can_undo, images, revisions
from cluster.rollouts.trace import LEFT, Line, Trace
from cluster.rollouts.waiting import says, troubles
from cluster.rollouts.window import LEAD, TAIL

# More life lines than this are only counted.
MAX_LINES = 120
MAX_GROUPS = 5


def listed(view: Reader) -> list[dict[str, Any]]:
    """The workloads to choose from."""
    return [
        {
            "ref": workloads.reference(one), "kind": one["kind"], "ns": metadata.namespace(one), "name": metadata.name(one),
            "settled": workloads.is_settled(one),
        }
        for one in workloads.all_of(view)
    ]


def picture(world: World, shown: Trace, whole: Trace, began: int, end: int, veil: str) -> dict[str, Any]:
    """A workload at a moment: `shown` is what is known up to it, `whole` what is drawn, from `began` to `end` at most.

    `veil` says what lies behind the moment: "future", "plan" or "" for nothing.
    """
    view, workload = Reader(world), shown.workload
    assert workload is not None
    if veil == "plan" and workloads.is_settled(workload):
        began = max(began, world.now - LEAD)  # what is over does not matter to what is planned
    until = _until(whole, world.now, end, veil)
    groups = _groups(shown, whole)
    drawn = [line for line in whole.lines.values() if line.gone is None or line.gone > began]
    terminating = sum(line.stretch == "terminating" for line in shown.lines.values())
    return {
        "ref": shown.reference, "kind": workload["kind"], "ns": metadata.namespace(workload), "name": metadata.name(workload),
        "generation": workload["metadata"].get("generation", 0),
        "revision": world.revision, "now": world.now, "from": began, "until": until, "veil": veil,
        "settled": workloads.is_settled(workload), "paused": workloads.is_paused(workload),
        **workloads.bounds(workload)._asdict(), "strategy": workloads.strategy(workload),
        "replicas": workloads.wanted(workload), "ready_seconds": workloads.min_ready(workload) // 1000,
        "groups": groups, "samples": _samples(whole, groups),
        "lines": [_line(line) for line in drawn[:MAX_LINES]], "more": max(0, len(drawn) - MAX_LINES),
        "terminating": terminating, "notes": [list(note) for note in whole.notes],
        "words": explain(view, workload)["words"],
        "says": says(view, workload, terminating)._asdict(),
        "troubles": [trouble._asdict() for trouble in troubles(view, workload)],
        "revisions": revisions(view, workload), "undo": can_undo(workload), "fields": list(plans.fields(workload)),
        "deadline": _deadline(workload),
        "lines_of": {verb: plans.rollout_line(workload, verb) for verb in ("pause", "resume", "restart", "undo")},
    }


def _until(whole: Trace, now: int, end: int, veil: str) -> int:
    """Where the picture ends: with a rollout that is over a little after it, else with what is known."""
    if whole.workload is None or not workloads.is_settled(whole.workload):
        return max(end, now)
    last = max([sample.at for sample in whole.samples[-1:]] + [line.gone or 0 for line in whole.lines.values()])
    return max(min(last + TAIL, max(end, now)), now if veil == "plan" else 0)


def _samples(whole: Trace, groups: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    names = {group["name"] for group in groups}
    return [
        {
            "at": sample.at, **sample.bounds._asdict(), "terminating": sample.terminating,
            "groups": {name: list(counts) for name, counts in sample.groups.items() if name in names},
        }
        for sample in whole.samples
    ]


def _groups(shown: Trace, whole: Trace) -> list[dict[str, Any]]:
    """The templates that have Pods somewhere in the picture, the oldest revision first."""
    workload = whole.workload
    assert workload is not None
    used = {name for sample in whole.samples for name, counts in sample.groups.items() if any(counts)}
    newest = workloads.newest_keeper(shown.workload or workload, shown.kept.values())
    found = []
    for name in used:
        keeper = shown.kept.get(name) or whole.kept.get(name)
        last = shown.samples[-1].groups.get(name, (0, 0, 0)) if shown.samples else (0, 0, 0)
        first = whole.samples[0].groups.get(name, (0, 0, 0))
        alive = [line for line in shown.lines.values() if line.group == name and line.stretch]
        found.append({
            "name": name, "number": workloads.number_of(keeper) if keeper else 0,
            "images": images(workloads.template_of(keeper)) if keeper else [],
            "pods": last[0], "available": last[1], "size": last[2], "before": first[0],
            "terminating": sum(line.stretch in LEFT for line in alive), "marks": [line.mark for line in alive],
            "newest": newest is not None and name == metadata.name(newest),
        })
    found.sort(key=lambda group: (group["newest"], group["number"], group["name"]))
    return found[-MAX_GROUPS:]


def _line(line: Line) -> dict[str, Any]:
    return {
        "name": line.name, "group": line.group, "node": line.node, "ordinal": line.ordinal, "known": line.known,
        "stretches": [list(stretch) for stretch in line.stretches], "gone": line.gone,
    }


def _deadline(workload: Document) -> int | None:
    """When a Deployment that makes no progress counts as stuck; None when that does not threaten."""
    if workload["kind"] != "Deployment" or workloads.is_settled(workload) or workloads.is_paused(workload):
        return None
    seconds = deployments.progress_deadline(workload)
    present = deployments.condition(workload, "Progressing")
    if seconds is None or present is None or present.get("reason") == deployments.DEADLINE_EXCEEDED:
        return None
    return times.parse(present["lastUpdateTime"]) + seconds * times.SECOND


def planned(plan: Plan, without: Plan, changes: Mapping[str, int | str]) -> dict[str, Any]:
    """What a plan comes to, beside what would happen without it."""
    assert plan.trace.workload is not None
    return {
        "changes": dict(changes), "line": plans.line(plan.trace.workload, changes), "problem": plan.problem,
        "restarts": plan.restarts, "outcome": plan.outcome(), "before": without.outcome(),
        "baseline": [[sample.at, sample.available] for sample in without.trace.samples if sample.at >= plan.began],
    }
