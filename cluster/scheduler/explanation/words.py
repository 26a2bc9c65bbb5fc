"""An explanation in sentences: what was decided, why here, why not there, why not the emptiest node, why it still waits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cluster.objects.documents import Document
from cluster.scheduler.explanation import texts
from cluster.scheduler.explanation.rows import Matrix, best_other, feasible_in, leads, nodes_in, short
from cluster.scheduler.explanation.shape import Group, Row, Situation, Word
from cluster.scheduler.plugins.node_resources_fit import MOST_ALLOCATED, NodeResourcesFit
from cluster.scheduler.resources import CPU, MEMORY
from cluster.scheduler.snapshot import NodeInfo, Snapshot

# Sentences about single nodes, at most; the groups tell the rest.
NODES_TOLD = 24
FIT = NodeResourcesFit.name


@dataclass(frozen=True, slots=True)
class Queued:
    """What the scheduler's queue knows of a waiting Pod. `seconds` until its back-off ends, 0 when it does not back off."""

    place: str = ""
    attempts: int = 0
    plugins: tuple[str, ...] = ()
    seconds: int = 0


@dataclass(frozen=True, slots=True)
class Told:
    """What the sentences are made from."""

    pod: Document
    situation: Situation
    matrix: Matrix | None
    rows: Sequence[Row] = ()
    groups: Sequence[Group] = ()
    nodes: int = 0
    tried_at: int | None = None
    live: bool = False
    queued: Queued = field(default_factory=Queued)
    schedulers: tuple[str, ...] = ()
    before: str | None = None  # with changes: the node that was chosen without them, "" for none
    helpless: bool = False  # nothing that was tried would help

    @property
    def name(self) -> str:
        return str(self.pod["metadata"]["name"])

    @property
    def record(self) -> Mapping[str, Any]:
        assert self.matrix is not None
        return self.matrix.record

    @property
    def chosen(self) -> str:
        return str(self.record["chosen"]) if self.matrix is not None else ""


def words_of(told: Told) -> list[Word]:
    """All sentences; the first is the summary."""
    if told.matrix is None:
        return [*_standing(told), *_schedulers(told)]
    if told.before is not None:
        return [_changed(told), *_placed(told), *_nodes(told)]
    words = [*(_standing(told) or [_decided(told)]), *_pending(told)]
    return [*words, *_placed(told), *_preemption(told), *_nodes(told)]


def _word(key: str, topic: str, **args: Any) -> Word:
    return {"key": key, "args": args, "topic": topic}


# --- the summary ------------------------------------------------------------------------------------------------------


def _standing(told: Told) -> list[Word]:
    """The summary for a Pod that no scheduler looks at; [] for the others."""
    pod, spec = told.name, told.pod["spec"]
    match told.situation:
        case "gated":
            gates = [gate["name"] for gate in spec.get("schedulingGates") or ()]
            return [_word("summary.gated", "summary", pod=pod, gates=gates)]
        case "foreign":
            return [_word("summary.foreign", "summary", pod=pod, scheduler=spec.get("schedulerName", ""))]
        case "off" | "leaving" | "finished":
            return [_word(f"summary.{told.situation}", "summary", pod=pod)]
        case "binding":
            return [_word("summary.binding", "summary", pod=pod, node=told.chosen)]
        case "unscheduled":
            return [_word("summary.unrecorded", "summary", pod=pod, node=spec.get("nodeName", ""))]
    return []


def _decided(told: Told) -> Word:
    """The summary of a decision."""
    record, nodes = told.record, told.nodes
    if not record["chosen"]:
        return _in_vain(told)
    feasible = feasible_in(record)
    if told.situation == "pending":
        key = "fits-now" if told.tried_at is not None else "new"
        return _word(f"summary.{key}", "summary", pod=told.name, node=told.chosen, feasible=feasible, nodes=nodes)
    others = [name for name in record["best"] if name != told.chosen]
    if others:
        score = _entry(told, told.chosen)["total"]
        return _word(
            "summary.tie", "summary", node=told.chosen, score=score, others=others, feasible=feasible, nodes=nodes,
        )
    other = best_other(record)
    if other is None:
        key = "room-made" if _is_room_made(told) else "only"
        return _word(f"summary.{key}", "summary", pod=told.name, node=told.chosen, nodes=nodes)
    chosen = _entry(told, told.chosen)
    plugin = leads(chosen, other)[0][0]
    return _word(
        "summary.won" if feasible < nodes else "summary.won-among-all", "summary", node=told.chosen, nodes=nodes,
        out=nodes - feasible, scored=feasible, score=chosen["total"], lead=chosen["total"] - other["total"],
        runner_up=other["node"], plugin=short(plugin, scoring=True),
    )


def _in_vain(told: Told) -> Word:
    preemption = told.record.get("preemption") or {}
    if told.situation == "nominated" and preemption.get("node"):
        victims = len(preemption["victims"])
        return _word("summary.nominated", "summary", pod=told.name, node=preemption["node"], victims=victims)
    if not told.nodes:
        return _word("summary.no-nodes", "summary", pod=told.name)
    if told.situation == "pending" and told.tried_at is None:
        return _word("summary.new-in-vain", "summary", pod=told.name)
    return _word("summary.none-fits", "summary", pod=told.name, nodes=told.nodes)


def _changed(told: Told) -> Word:
    """The summary of a decision that was made again with changes."""
    record = told.record
    preemption = record.get("preemption") or {}
    args = {
        "pod": told.name, "node": told.chosen, "feasible": feasible_in(record), "nodes": told.nodes,
        "best": list(record["best"]),
    }
    if preemption.get("node"):
        args |= {"node": preemption["node"], "victims": len(preemption["victims"])}
        return {"key": "summary.changed-nominated", "args": args, "topic": "summary"}
    if not told.chosen:
        key = "none"
    elif len(record["best"]) > 1:
        key = "tie"
    else:
        key = "same" if told.chosen == told.before else "wins"
    return {"key": f"summary.changed-{key}", "args": args, "topic": "summary"}


# --- why here ---------------------------------------------------------------------------------------------------------


def _placed(told: Told) -> Iterator[Word]:
    """Why the chosen node, and why not the emptiest one."""
    if not told.chosen:
        return
    chosen = _entry(told, told.chosen)
    if not chosen.get("scores"):
        yield _word("here.not-compared", "here", node=told.chosen)
        yield from _emptiest(told)
        return
    best = told.record["best"]
    if len(best) > 1:
        key = "tie-open" if told.live or told.before is not None else "tie"  # nobody has drawn yet
        yield _word(f"here.{key}", "tie", nodes=list(best), score=chosen["total"], node=told.chosen)
        yield from _emptiest(told)
        return
    other = best_other(told.record)
    if other is not None:
        yield from _compared(told, chosen, other)
    yield from _emptiest(told)


def _compared(told: Told, chosen: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[Word]:
    ahead = leads(chosen, other)
    plugin, _ = ahead[0]
    its, others = chosen["scores"][plugin], other["scores"].get(plugin, {"normalized": 0})
    weighs = its["weight"] > 1
    yield _word(
        "here.deciding-weight" if weighs else "here.deciding", "here", plugin=short(plugin, scoring=True), node=told.chosen,
        runner_up=other["node"], its=its["normalized"], other=others["normalized"], weight=its["weight"],
    )
    behind = [short(name, scoring=True) for name, lead in ahead if lead < 0]
    if behind:
        yield _word("here.against", "here", node=told.chosen, plugins=behind)


# --- why not the emptiest node ------------------------------------------------------------------------------------------


def _emptiest(told: Told) -> Iterator[Word]:
    """Why the node with the most room was not chosen, which is what people ask first."""
    assert told.matrix is not None
    if told.matrix.snapshot is None:
        return
    node = _roomiest(told.matrix.snapshot)
    if node is None or node.name == told.chosen or node.name in told.record["best"]:
        return
    args: dict[str, Any] = {"node": node.name, "free": _free(node), "chosen": told.chosen}
    entry = next((entry for entry in told.record["nodes"] if entry["node"] == node.name), None)
    if entry is None:
        return
    if entry.get("plugin"):
        yield _word("emptiest.filtered", "emptiest", **args, plugin=short(entry["plugin"], scoring=False))
        return
    if not entry.get("scores"):
        return
    ahead = leads(_entry(told, told.chosen), entry)
    plugin, lead = ahead[0]
    fit_lead = -dict(ahead).get(FIT, 0)
    if fit_lead > 0:
        yield _word(
            "emptiest.outvoted", "emptiest", **args, fit=short(FIT, scoring=True), fit_lead=fit_lead,
            plugin=short(plugin, scoring=True), lead=lead,
        )
    elif _packs(told.matrix):
        yield _word("emptiest.packing", "emptiest", **args, fit=short(FIT, scoring=True))


def _roomiest(snapshot: Snapshot) -> NodeInfo | None:
    """The node with the most free CPU, and with equally much the most free memory; None when several have the most."""
    rooms = [(_left(node, CPU), _left(node, MEMORY)) for node in snapshot.nodes]
    most = max(rooms, default=None)
    if most is None or rooms.count(most) > 1:
        return None
    return snapshot.nodes[rooms.index(most)]


def _left(node: NodeInfo, resource: str) -> int:
    return node.allocatable.get(resource, 0) - node.requested.get(resource, 0)


def _free(node: NodeInfo) -> list[str]:
    return [f"{texts.amount(resource, _left(node, resource))} {resource}" for resource in (CPU, MEMORY)]


def _packs(matrix: Matrix) -> bool:
    plugin = matrix.profile.plugin(FIT)
    return isinstance(plugin, NodeResourcesFit) and plugin.args.strategy == MOST_ALLOCATED


# --- why not there ------------------------------------------------------------------------------------------------------


def _nodes(told: Told) -> Iterator[Word]:
    """A sentence for each node that was not chosen; in large clusters groups."""
    for group in told.groups:
        yield _word(
            "nodes.group", "nodes", count=group["count"], plugin=group["plugin"], reason=group["reason"],
            nodes=group["examples"],
        )
    unseen = sum(row["verdict"] == "not-looked-at" for row in told.rows)
    if told.groups:
        unseen = told.nodes - nodes_in(told.record)
    if told.matrix is not None and told.matrix.rejected and told.rows and told.rows[0]["word"]:
        yield told.rows[0]["word"]
        return
    for row in told.rows[:NODES_TOLD] if not told.groups else ():
        if row["verdict"] == "filtered" and row["word"] is not None:
            yield row["word"]
        elif row["verdict"] == "feasible" and row["scores"]:
            yield _behind(told, row["node"])
    if unseen:
        key = "room-made" if _is_room_made(told) else "not-looked-at"
        yield _word(f"nodes.{key}", "nodes", count=unseen, node=told.chosen)


def _is_room_made(told: Told) -> bool:
    """Whether the nominated node was tried first and took the Pod: only then a single node is looked at where there are more."""
    return bool(told.chosen) and told.nodes > nodes_in(told.record) == 1


def _behind(told: Told, node: str) -> Word:
    chosen, entry = _entry(told, told.chosen), _entry(told, node)
    lead = chosen["total"] - entry["total"]
    if not lead:
        word = _word("node.tied", "nodes", node=node, chosen=told.chosen, total=entry["total"])
    else:
        plugin, _ = leads(chosen, entry)[0]
        word = _word(
            "node.behind", "nodes", node=node, chosen=told.chosen, total=entry["total"], lead=lead,
            plugin=short(plugin, scoring=True), its=entry["scores"].get(plugin, {}).get("weighted", 0),
            other=chosen["scores"][plugin]["weighted"],
        )
    return {**word, "node": node}


def _entry(told: Told, node: str) -> Mapping[str, Any]:
    return next(entry for entry in told.record["nodes"] if entry["node"] == node)


# --- why it still waits -------------------------------------------------------------------------------------------------


def _pending(told: Told) -> Iterator[Word]:
    yield from _schedulers(told)
    if told.situation in ("gated", "foreign", "off"):
        key = "would" if told.chosen else "would-not"
        yield _word(f"pending.{key}", "pending", node=told.chosen)
    if told.situation != "pending":
        return
    if told.live and told.tried_at is not None:
        yield _word("pending.changed", "pending", revision=told.tried_at)
    queued = told.queued
    if queued.attempts:
        yield _word("pending.attempts", "pending", attempts=queued.attempts)
    if queued.seconds:
        yield _word("pending.backoff", "pending", seconds=queued.seconds)
    if queued.place == "unschedulable" and queued.plugins:
        yield _word("pending.waits-for", "pending", plugins=list(queued.plugins))
    if told.helpless and told.matrix is not None and not told.matrix.rejected:
        yield _word("pending.no-single-change", "pending")


def _schedulers(told: Told) -> Iterator[Word]:
    if told.situation == "foreign" and told.schedulers:
        yield _word("pending.schedulers", "pending", schedulers=list(told.schedulers))


# --- preemption -----------------------------------------------------------------------------------------------------------


def _preemption(told: Told) -> Iterator[Word]:
    record = told.record.get("preemption") or {}
    message = told.record["message"]
    if not record.get("node"):
        _, found, reason = message.partition("preemption: ")
        if found and not told.chosen:
            yield _word("preemption.none", "preemption", reason=reason)
        return
    names = [victim["pod"].removeprefix("default/") for victim in record["victims"]]
    yield _word("preemption.victims", "preemption", node=record["node"], victims=names)
    others = [candidate["node"] for candidate in record["candidates"] if candidate["node"] != record["node"]]
    yield _word(f"preemption.because.{record['because']}", "preemption", node=record["node"], others=others)
