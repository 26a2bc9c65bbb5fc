"""One scheduling attempt as a pure function: which node a pod goes to, and why.

pkg/scheduler/schedule_one.go, pkg/scheduler/framework/runtime/framework.go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from cluster.objects.documents import Document
from cluster.scheduler import diagnosis
from cluster.scheduler.decision import Decision, Outcome
from cluster.scheduler.framework import SUCCESS, Code, CycleState, Plugin, PostFilterResult, Profile, Status
from cluster.scheduler.snapshot import NodeInfo, Snapshot, nominated_node, pod_key
from cluster.scheduler.verdict import Score, Verdict, run_filters

# With fewer nodes than this all are looked at; otherwise a share of them, but never fewer than this.
MIN_FEASIBLE_NODES = 100
MIN_PERCENTAGE = 5


class Attempt(NamedTuple):
    """What one scheduling cycle is about."""

    pod: Document
    snapshot: Snapshot
    profile: Profile
    state: CycleState
    filters: tuple[Plugin, ...]
    idle: tuple[str, ...]  # filter plugins that have nothing to say about the pod


class PreFilterOutcome(NamedTuple):
    """What the PreFilter plugins said together. `restricting` are those that named the only nodes worth trying."""

    status: Status = SUCCESS
    plugin: str = ""
    nodes: frozenset[str] | None = None
    restricting: frozenset[str] = frozenset()
    skipped: frozenset[str] = frozenset()


def decide(
    pod: Document, snapshot: Snapshot, profile: Profile, random: Callable[[], float], start_index: int = 0
) -> Decision:
    """Try to find a node for `pod`.

    `random` gives numbers in [0, 1) and is asked only when nodes tie; `start_index` is where the search among many
    nodes begins (`next_start_index` of the decision before).
    """
    if not len(snapshot):
        return Decision(pod_key(pod), Outcome.UNSCHEDULABLE, 0, message=diagnosis.NO_NODES, nominated="")

    state: CycleState = {}
    before = run_pre_filter(state, pod, snapshot, profile)
    filters = tuple(plugin for plugin in profile.filter if plugin.name not in before.skipped)
    idle = tuple(plugin.name for plugin in profile.filter if plugin.name in before.skipped)
    attempt = Attempt(pod, snapshot, profile, state, filters, idle)
    if before.status.code is Code.ERROR:
        return _failed(attempt, before.status.message, start_index)
    if not before.status.is_success:
        return _rejected_before_filtering(attempt, before, start_index)

    if profile.unprepared["filter"]:
        name = profile.unprepared["filter"][0].name
        message = f'running "{name}" filter plugin: error reading "PreFilter{name}" from cycleState: not found'
        return _failed(attempt, message, start_index)

    nominated = _nominated_node(attempt)
    if nominated is not None:
        return _with_node(attempt, [nominated], random, start_index)

    tried = _filtered(attempt, _worth_trying(snapshot, before), start_index)
    next_start = (start_index + len(tried)) % len(snapshot)
    verdicts = tried + _left_out(snapshot, before)
    error = next((verdict for verdict in tried if verdict.status.code is Code.ERROR), None)
    if error is not None:
        return _failed(attempt, f'running "{error.plugin}" filter plugin: {error.status.message}', start_index)
    if any(verdict.is_feasible for verdict in verdicts):
        return _with_node(attempt, verdicts, random, next_start)
    message = diagnosis.filter_message(len(snapshot), (verdict.status for verdict in verdicts))
    rejectors = before.restricting | {verdict.plugin for verdict in tried}
    return _without_node(attempt, verdicts, message, rejectors, next_start)


def run_pre_filter(state: CycleState, pod: Document, snapshot: Snapshot, profile: Profile) -> PreFilterOutcome:
    """Run the PreFilter plugins in order. After a rejection that removing pods may lift the others still take notes."""
    rejection: tuple[Status, str] = (SUCCESS, "")
    nodes: frozenset[str] | None = None
    restricting: set[str] = set()
    skipped: set[str] = set()
    for plugin in profile.pre_filter:
        result = plugin.pre_filter(state, pod, snapshot)
        if result.status.code is Code.SKIP:
            skipped.add(plugin.name)
            continue
        if result.status.code is Code.UNRESOLVABLE:
            return PreFilterOutcome(result.status, plugin.name)
        if result.status.code is Code.ERROR:
            message = f'running PreFilter plugin "{plugin.name}": {result.status.message}'
            return PreFilterOutcome(Status(Code.ERROR, (message,)), plugin.name)
        if not result.status.is_success:
            rejection = (result.status, plugin.name)
            continue
        if result.nodes is None:
            continue
        restricting.add(plugin.name)
        nodes = result.nodes if nodes is None else nodes & result.nodes
        if not nodes:
            return PreFilterOutcome(_no_common_node(restricting), plugin.name, nodes, frozenset(restricting))
    return PreFilterOutcome(*rejection, nodes, frozenset(restricting), frozenset(skipped))


def nodes_to_find(nodes: int, percentage: int = 0) -> int:
    """How many feasible nodes are enough. `percentage` of nodes to score; 0 means that it falls with their number."""
    if nodes < MIN_FEASIBLE_NODES:
        return nodes
    share = percentage or max(50 - nodes // 125, MIN_PERCENTAGE)
    return max(nodes * share // 100, MIN_FEASIBLE_NODES)


def enough_nodes(nodes: int, profile: Profile) -> int:
    """How many feasible nodes end the search: one where nobody compares them."""
    return nodes_to_find(nodes, profile.percentage_of_nodes_to_score) if profile.score else 1


def _no_common_node(plugins: set[str]) -> Status:
    if len(plugins) == 1:
        return Status(Code.UNRESOLVABLE, (f"node(s) didn't satisfy plugin {next(iter(plugins))}",))
    return Status(
        Code.UNRESOLVABLE, (f"node(s) didn't satisfy plugin(s) {diagnosis.list_of(plugins)} simultaneously",)
    )


def _worth_trying(snapshot: Snapshot, before: PreFilterOutcome) -> list[NodeInfo]:
    if before.nodes is None:
        return snapshot.nodes
    return [node for node in snapshot.nodes if node.name in before.nodes]


def _left_out(snapshot: Snapshot, before: PreFilterOutcome) -> list[Verdict]:
    """Verdicts of the nodes that a PreFilter plugin did not name."""
    if before.nodes is None:
        return []
    reason = f"node(s) didn't satisfy plugin(s) {diagnosis.list_of(before.restricting)}"
    status = Status(Code.UNRESOLVABLE, (reason,), {"only": sorted(before.nodes)})
    plugins = ", ".join(sorted(before.restricting))
    return [Verdict(node.name, plugins, status) for node in snapshot.nodes if node.name not in before.nodes]


def _nominated_node(attempt: Attempt) -> Verdict | None:
    """The node on which preemption made room is tried alone first; None when there is none or it is full again."""
    node = attempt.snapshot.node(nominated_node(attempt.pod))
    if node is None:
        return None
    verdict = _filter(attempt, node)
    return verdict if verdict.is_feasible else None


def _filtered(attempt: Attempt, nodes: Sequence[NodeInfo], start: int) -> list[Verdict]:
    """Verdicts from `start` on, round the list, until enough nodes are feasible."""
    wanted = enough_nodes(len(nodes), attempt.profile)
    verdicts: list[Verdict] = []
    for offset in range(len(nodes)):
        verdict = _filter(attempt, nodes[(start + offset) % len(nodes)])
        verdicts.append(verdict)
        wanted -= verdict.is_feasible
        if not wanted:
            break
    return verdicts


def _filter(attempt: Attempt, node: NodeInfo) -> Verdict:
    return run_filters(attempt.state, attempt.pod, node, attempt.filters, attempt.snapshot.nominated(node.name))


def _rejected_before_filtering(attempt: Attempt, before: PreFilterOutcome, next_start: int) -> Decision:
    verdicts = [Verdict(node.name, before.plugin, before.status) for node in attempt.snapshot.nodes]
    message = diagnosis.pre_filter_message(len(attempt.snapshot), before.status)
    return _without_node(attempt, verdicts, message, before.restricting | {before.plugin}, next_start)


def _without_node(
    attempt: Attempt, verdicts: Sequence[Verdict], message: str, rejectors: Iterable[str], next_start: int
) -> Decision:
    """No node passed: ask the PostFilter plugins until one can help."""
    after = post_filtered(attempt, {verdict.node: verdict.status for verdict in verdicts})
    return Decision(
        pod_key(attempt.pod), Outcome.NOMINATED if after.nominated else Outcome.UNSCHEDULABLE,
        len(attempt.snapshot), tuple(verdicts),
        message=diagnosis.with_post_filter(message, after.status.message), rejectors=tuple(sorted(rejectors)),
        next_start_index=next_start, post_filter_message=after.status.message,
        nominated=after.nominated, victims=after.victims, preemption=after.values,
        filters=_names(attempt.filters), without_rules=attempt.idle,
    )


def post_filtered(
    attempt: Attempt, statuses: Mapping[str, Status], plugins: Iterable[Plugin] | None = None
) -> PostFilterResult:
    """What the PostFilter plugins (those of the profile) say: the first that helps or gives up, or the reasons of all."""
    reasons: list[str] = []
    nominated: str | None = None
    values: Mapping[str, Any] | None = None
    for plugin in attempt.profile.post_filter if plugins is None else plugins:
        result = plugin.post_filter(attempt.state, attempt.pod, attempt.snapshot, statuses, attempt.filters)
        if result.status.code is not Code.UNSCHEDULABLE:
            return result
        reasons += result.status.reasons
        nominated = nominated if result.nominated is None else result.nominated
        values = values if result.values is None else result.values
    return PostFilterResult(Status(Code.UNSCHEDULABLE, tuple(reasons)), nominated, values=values)


def _with_node(
    attempt: Attempt, verdicts: Sequence[Verdict], random: Callable[[], float], next_start: int
) -> Decision:
    feasible = [node for verdict in verdicts if verdict.is_feasible and (node := attempt.snapshot.node(verdict.node))]
    skipped: set[str] = set()
    scores: dict[str, dict[str, Score]] = {}
    if len(feasible) > 1:
        skipped, problem = _pre_scored(attempt, feasible)
        if problem:
            return _failed(attempt, problem, next_start)
        scores = _scored(attempt, feasible, skipped)
    judged = tuple(
        Verdict(verdict.node, scores=scores[verdict.node]) if verdict.node in scores else verdict
        for verdict in verdicts
    )
    totals = {verdict.node: verdict.total for verdict in judged if verdict.is_feasible}
    highest = max(totals.values())
    best = tuple(name for name, total in totals.items() if total == highest)
    chosen = best[int(random() * len(best))] if len(best) > 1 else best[0]
    key = pod_key(attempt.pod)
    return reserved(attempt, Decision(
        key, Outcome.SCHEDULED, len(attempt.snapshot), judged, best, chosen,
        message=f"Successfully assigned {key} to {chosen}", next_start_index=next_start,
        filters=_names(attempt.filters), without_rules=(*attempt.idle, *sorted(skipped - set(attempt.idle))),
    ))


def reserved(attempt: Attempt, decision: Decision) -> Decision:
    """The decision with what Reserve and Permit plugins say of the chosen node: its notes, or their objection."""
    node = attempt.snapshot.node(decision.chosen)
    assert node is not None
    notes: dict[str, Any] = {}
    for plugin in attempt.profile.reserve:
        result = plugin.reserve(attempt.state, attempt.pod, node)
        if not result.status.is_success:
            return _objected(attempt, decision, plugin, result.status, "Reserve")
        notes[plugin.name] = result.note
    for plugin in attempt.profile.permit:
        status = plugin.permit(attempt.pod, node.name)
        if not status.is_success:
            return _objected(attempt, decision, plugin, status, "Permit")
    return replace(decision, notes=notes)


def _objected(attempt: Attempt, decision: Decision, plugin: Plugin, status: Status, point: str) -> Decision:
    if not status.is_rejected:
        message = f'running {point} plugin "{plugin.name}": {status.message}'
        return _failed(attempt, message, decision.next_start_index)
    return replace(
        decision, outcome=Outcome.UNSCHEDULABLE, best=(), chosen="", nominated="", rejectors=(plugin.name,),
        message=diagnosis.filter_message(1, [status]),
    )


def _failed(attempt: Attempt, message: str, next_start: int) -> Decision:
    """The attempt ended with an error: nobody rejected the pod."""
    return Decision(
        pod_key(attempt.pod), Outcome.ERROR, len(attempt.snapshot), message=message, nominated="",
        next_start_index=next_start, filters=_names(attempt.filters), without_rules=attempt.idle,
    )


def _names(plugins: Iterable[Plugin]) -> tuple[str, ...]:
    return tuple(plugin.name for plugin in plugins)


def _pre_scored(attempt: Attempt, nodes: Sequence[NodeInfo]) -> tuple[set[str], str]:
    """The plugins that PreScore left out, and what keeps the nodes from being scored, "" for nothing."""
    state, pod, snapshot, profile = attempt.state, attempt.pod, attempt.snapshot, attempt.profile
    skipped: set[str] = set()
    for plugin in profile.pre_score:
        status = plugin.pre_score(state, pod, nodes, snapshot)
        if status.code is Code.SKIP:
            skipped.add(plugin.name)
        elif not status.is_success:
            return skipped, f'running PreScore plugin "{plugin.name}": {status.message}'
    if not profile.unprepared["score"]:
        return skipped, ""
    name = profile.unprepared["score"][0].name
    return skipped, f'running Score plugins: plugin "{name}" failed with: reading "PreScore{name}" from cycleState: not found'


def _scored(attempt: Attempt, nodes: Sequence[NodeInfo], skipped: set[str]) -> dict[str, dict[str, Score]]:
    """Scores by node and plugin."""
    state, pod, profile = attempt.state, attempt.pod, attempt.profile
    scores: dict[str, dict[str, Score]] = {node.name: {} for node in nodes}
    for plugin in profile.score:
        if plugin.name in skipped:
            continue
        raw = {node.name: plugin.score(state, pod, node) for node in nodes}
        weight = profile.weights[plugin.name]
        for name, normalized in plugin.normalize(state, raw).items():
            scores[name][plugin.name] = Score(raw[name], normalized, weight)
    return scores
