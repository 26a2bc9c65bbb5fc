"""What would change a decision: the smallest single changes that make another node win, or a Pod fit that fits nowhere.

Every change that is proposed has been tried: the decision was made again with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any, NamedTuple

from cluster.objects.documents import Document, dig
from cluster.scheduler import tolerations
from cluster.scheduler.decision import Decision
from cluster.scheduler.explanation import texts
from cluster.scheduler.explanation.asks import REQUIRED, node_selector, spread_constraints
from cluster.scheduler.explanation.what_if import (
    HOSTNAME,
    MAX_PRIORITY,
    MAX_WEIGHT,
    SYSTEM_TAINTS,
    Change,
    ChangeError,
    Question,
    applied,
    identity,
)
from cluster.scheduler.plugins.node_affinity import required_terms
from cluster.scheduler.plugins.node_ports import conflicts
from cluster.scheduler.plugins.node_resources_fit import LEAST_ALLOCATED, MOST_ALLOCATED, NodeResourcesFit
from cluster.scheduler.resources import CPU, MEMORY, PODS
from cluster.scheduler.snapshot import NodeInfo, PodInfo, host_ports, priority_of
from cluster.scheduler.verdict import Verdict

MAX_PROPOSALS = 6
MAX_OF_A_KIND = 2
# How often the decision is made again at most: fewer times in clusters where that takes longer.
MOST_TRIALS, FEWEST_TRIALS, NODES_TRIED = 60, 6, 1500
# Nodes whose obstacles are looked at, in a large cluster the most promising ones.
NODES_LOOKED_AT = 30
PODS_LOOKED_AT = 8
# Taints that say what a node is for (the control plane).
ROLE = "node-role.kubernetes.io/"

# The size of an intervention, smallest first.
_SIZES = (
    "uncordon", "tolerate", "untaint", "label-node", "request", "drop-node-selector", "drop-affinity", "drop-spread",
    "remove-pod", "free", "priority", "add-node", "strategy", "weight",
)


class Proposal(NamedTuple):
    """A change and what the decision is with it. `wins`: it does what was wished, and is not only possible."""

    change: Change
    decision: Decision
    wins: bool


def proposals(question: Question, base: Decision) -> list[Proposal]:
    """At most MAX_PROPOSALS changes, those that help first, then by the size of the intervention."""
    kinds: dict[str, list[dict[str, Any]]] = {}
    for change in _candidates(question, base):
        kinds.setdefault(change["do"], []).append(change)
    found: dict[str, list[Proposal]] = {}
    left = max(FEWEST_TRIALS, min(MOST_TRIALS, NODES_TRIED // max(len(question.snapshot), 1)))
    for change in _taking_turns(kinds):
        helping = [proposal for proposal in found.get(change["do"], ()) if proposal.wins]
        if len(helping) == MAX_OF_A_KIND or any(_is_less_than(change, proposal.change) for proposal in helping):
            continue
        if not left:
            break
        left -= 1
        proposal = _tried(question, base, change)
        if proposal is not None:
            found.setdefault(change["do"], []).append(proposal)
    return _best(found)


def _is_less_than(change: Change, other: Change) -> bool:
    """Whether both ask for the same resource: the largest amount comes first, so a smaller one says nothing new."""
    return change["do"] == other["do"] == "request" and change["resource"] == other["resource"]


def _best(found: Mapping[str, Sequence[Proposal]]) -> list[Proposal]:
    chosen = []
    for kind in _SIZES:
        helping = [proposal for proposal in found.get(kind, ()) if proposal.wins]
        chosen += helping[:MAX_OF_A_KIND] or list(found.get(kind, ()))[:1]
    # The second of a kind comes after the first of every other kind.
    seen: dict[str, int] = {}
    ranked: list[tuple[bool, int, Proposal]] = []
    for proposal in chosen:
        number = seen[proposal.change["do"]] = seen.get(proposal.change["do"], 0) + 1
        ranked.append((not proposal.wins, number, proposal))
    return [proposal for _, _, proposal in sorted(ranked, key=lambda item: item[:2])][:MAX_PROPOSALS]


def _taking_turns(kinds: Mapping[str, Sequence[dict[str, Any]]]) -> Iterator[dict[str, Any]]:
    """One change of each kind, then the second of each, without repetitions."""
    unique = [list({identity(change): change for change in kinds[kind]}.values()) for kind in _SIZES if kind in kinds]
    for turn in zip_longest(*unique):
        yield from (change for change in turn if change is not None)


def _tried(question: Question, base: Decision, change: dict[str, Any]) -> Proposal | None:
    """The change with its decision; None when it alters nothing that was wished."""
    try:
        decision = applied([change], question).answer(base.chosen)
    except ChangeError:
        return None
    if not base.chosen:
        helps = bool(decision.chosen or (decision.nominated and not base.nominated))
        return Proposal(change, decision, wins=True) if helps else None
    if not decision.chosen:
        return None
    if base.chosen not in decision.best:
        return Proposal(change, decision, wins=True)
    more = set(decision.feasible) - set(base.feasible)
    return Proposal(change, decision, wins=False) if more or len(decision.best) > len(base.best) else None


# --- candidates -------------------------------------------------------------------------------------------------------


def _candidates(question: Question, base: Decision) -> Iterator[dict[str, Any]]:
    stopped = [verdict for verdict in base.verdicts if not verdict.is_feasible]
    nodes = {node.name: node for node in question.snapshot.nodes}
    for verdict in _promising(stopped):
        yield from _fixes(question, verdict, nodes[verdict.node])
    if base.chosen:
        yield from _reweighted(question, base)
        yield from _emptied(question, base)
        return
    yield from _less(question, stopped)
    yield from _raised(question, stopped)
    yield from _more_nodes(question)


def _promising(stopped: Sequence[Verdict]) -> list[Verdict]:
    """The nodes with the smallest obstacles, taking turns between the plugins that stopped them."""
    by_plugin: dict[str, list[Verdict]] = {}
    for verdict in sorted(stopped, key=_obstacle):
        by_plugin.setdefault(verdict.plugin, []).append(verdict)
    turns = zip_longest(*by_plugin.values())
    return [verdict for turn in turns for verdict in turn if verdict is not None][:NODES_LOOKED_AT]


def _obstacle(verdict: Verdict) -> tuple[bool, int, int]:
    """The size of an obstacle: taints of a node's role are there for good, otherwise what is missing."""
    taint, short = verdict.status.values.get("taint") or {}, _shortages(verdict)
    return taint.get("key", "").startswith(ROLE), len(short), sum(one["needs"] - one["free"] for one in short)


def _shortages(verdict: Verdict) -> Sequence[Mapping[str, Any]]:
    """What NodeResourcesFit found too little of: see `node_resources_fit.Shortage.values`."""
    found: Sequence[Mapping[str, Any]] = verdict.status.values.get("insufficient") or ()
    return found


def _fixes(question: Question, verdict: Verdict, node: NodeInfo) -> Iterator[dict[str, Any]]:
    """What would take away the first obstacle on a node."""
    fixer = _FIXERS.get(verdict.plugin.partition(",")[0])
    if fixer is not None:
        yield from fixer(question, verdict, node)


def _uncordoned(question: Question, verdict: Verdict, node: NodeInfo) -> Iterator[dict[str, Any]]:
    yield {"do": "uncordon", "node": node.name}


def _untainted(question: Question, verdict: Verdict, node: NodeInfo) -> Iterator[dict[str, Any]]:
    """Not for the taints of nodes that are not ready: those come back by themselves."""
    taint = verdict.status.values.get("taint")
    if taint is None or taint["key"].startswith(SYSTEM_TAINTS):
        return
    plain = {field: taint[field] for field in ("key", "value", "effect") if taint.get(field)}
    yield {"do": "tolerate", "taint": plain}
    yield {"do": "untaint", "node": node.name, "taint": plain}


def _selected(question: Question, verdict: Verdict, node: NodeInfo) -> Iterator[dict[str, Any]]:
    selector, terms = node_selector(question.pod), required_terms(question.pod) or []
    missing = {key: value for key, value in selector.items() if node.labels.get(key) != value}
    wanted = [{**missing, **labels} for labels in _satisfying(terms, node)] if terms else [missing]
    for labels in wanted:
        if labels and HOSTNAME not in labels:
            yield {"do": "label-node", "node": node.name, "labels": labels}
    if missing:
        yield {"do": "drop-node-selector"}
    if terms:
        yield {"do": "drop-affinity", "which": "node"}


def _satisfying(terms: Iterable[Document], node: NodeInfo) -> Iterator[dict[str, str]]:
    """Labels that would make the node match a term, for terms that ask for labels only."""
    for term in terms:
        labels = [] if term.get("matchFields") else [_label_for(rule, node) for rule in term.get("matchExpressions") or ()]
        if labels and all(label is not None for label in labels):
            yield {key: value for label in labels if label for key, value in label.items()}


def _label_for(rule: Document, node: NodeInfo) -> dict[str, str] | None:
    """The label that satisfies a rule, {} when the node's labels do, None when no label can."""
    key, values, has = rule["key"], rule.get("values") or [], node.labels.get(rule["key"])
    match rule["operator"]:
        case "In":
            return {} if has in values else {key: values[0]}
        case "Exists":
            return {} if has is not None else {key: "true"}
        case "NotIn":
            return {} if has not in values else None
        case "DoesNotExist":
            return {} if has is None else None
        case "Gt" | "Lt" if values and values[0].lstrip("-").isdecimal():
            return {key: str(int(values[0]) + (1 if rule["operator"] == "Gt" else -1))}
    return None


def _ports_freed(question: Question, verdict: Verdict, node: NodeInfo) -> Iterator[dict[str, Any]]:
    wanted = host_ports(question.pod)
    for other in node.pods:
        if conflicts(wanted, other.ports):
            yield {"do": "remove-pod", "pod": other.key}


def _room_made(question: Question, verdict: Verdict, node: NodeInfo) -> Iterator[dict[str, Any]]:
    short = _shortages(verdict)
    for other in _removable(node, {one["resource"]: one["needs"] - one["free"] for one in short}):
        yield {"do": "remove-pod", "pod": other.key}
    if len(short) == 1 and short[0]["resource"] != PODS and short[0]["needs"] <= short[0]["allocatable"]:
        one = short[0]
        more = texts.exact(one["resource"], one["needs"] - one["free"])
        yield {"do": "free", "node": node.name, "resource": one["resource"], "quantity": more}


def _removable(node: NodeInfo, missing: Mapping[str, int]) -> list[PodInfo]:
    """Pods each of which takes all that is missing: ordinary ones first, the smallest first."""
    enough = [
        other for other in node.pods
        if all((1 if name == PODS else other.requests.get(name, 0)) >= amount for name, amount in missing.items())
    ]
    return sorted(enough, key=_loss)[:PODS_LOOKED_AT]


def _loss(pod: PodInfo) -> tuple[Any, ...]:
    meta = pod.document["metadata"]
    owned = any(owner.get("controller") for owner in meta.get("ownerReferences") or ())
    size = pod.requests.get(CPU, 0), pod.requests.get(MEMORY, 0)
    return meta.get("namespace") == "kube-system", pod.priority, owned, size, pod.key


def _apart(question: Question, verdict: Verdict, node: NodeInfo) -> Iterator[dict[str, Any]]:
    """For rules about other Pods: one of them gone, a label that puts the node into a place that has none, or no rule."""
    values = verdict.status.values
    yield from _in_the_way(question, values, node)
    key = values.get("topologyKey") or (values.get("constraint") or {}).get("topologyKey")
    if key and key not in node.labels and key != HOSTNAME:
        for place in sorted({other.labels[key] for other in question.snapshot.nodes if key in other.labels}):
            yield {"do": "label-node", "node": node.name, "labels": {key: place}}
    for which, field in (("pod", "podAffinity"), ("anti", "podAntiAffinity")):
        if dig(question.pod, "spec", "affinity", field, REQUIRED):
            yield {"do": "drop-affinity", "which": which}
    if spread_constraints(question.pod):
        yield {"do": "drop-spread"}


def _in_the_way(question: Question, values: Mapping[str, Any], node: NodeInfo) -> Iterator[dict[str, Any]]:
    """Pods whose absence may help: those that a rule names, otherwise those on the node with a label in common."""
    if values.get("rule") == "affinity":
        return
    labels = set((question.pod["metadata"].get("labels") or {}).items())
    alike = [other for other in node.pods if labels & set((other.document["metadata"].get("labels") or {}).items())]
    named = values.get("pods") or [other.key for other in sorted(alike, key=_loss)]
    for key in named[:PODS_LOOKED_AT]:
        yield {"do": "remove-pod", "pod": key}


_FIXERS = {
    "NodeUnschedulable": _uncordoned,
    "TaintToleration": _untainted,
    "NodeAffinity": _selected,
    "NodePorts": _ports_freed,
    "NodeResourcesFit": _room_made,
    "InterPodAffinity": _apart,
    "PodTopologySpread": _apart,
}


def _less(question: Question, stopped: Iterable[Verdict]) -> Iterator[dict[str, Any]]:
    """As much as is free somewhere of the one resource that is short there; the most first."""
    free: dict[str, set[int]] = {}
    for verdict in stopped:
        short = _shortages(verdict)
        if len(short) == 1 and short[0]["resource"] != PODS and short[0]["free"] >= 0:
            free.setdefault(short[0]["resource"], set()).add(short[0]["free"])
    for resource, amounts in sorted(free.items()):
        for amount in sorted(amounts, reverse=True)[:PODS_LOOKED_AT]:
            yield {"do": "request", "resource": resource, "quantity": texts.exact(resource, amount)}


def _raised(question: Question, stopped: Iterable[Verdict]) -> Iterator[dict[str, Any]]:
    """A priority just above that of some Pod where evictions could help; the lowest first."""
    if dig(question.pod, "spec", "preemptionPolicy") == "Never":
        return
    names = {verdict.node for verdict in stopped if verdict.status.code == "Unschedulable"}
    own = priority_of(question.pod)
    priorities = {other.priority for node in question.snapshot.nodes if node.name in names for other in node.pods}
    for priority in sorted(value for value in priorities if own <= value < MAX_PRIORITY)[:PODS_LOOKED_AT]:
        yield {"do": "priority", "value": priority + 1}


def _more_nodes(question: Question) -> Iterator[dict[str, Any]]:
    """One more node like one of the largest of each kind; those that repel nobody first."""
    kinds: dict[tuple[Any, ...], str] = {}
    for node in question.snapshot.nodes:
        own_taints = [taint for taint in tolerations.taints_of(node.document) if not taint["key"].startswith(SYSTEM_TAINTS)]
        size = node.allocatable.get(CPU, 0), node.allocatable.get(MEMORY, 0)
        kinds.setdefault((len(own_taints), tuple(-amount for amount in size)), node.name)
    for _, name in sorted(kinds.items())[:PODS_LOOKED_AT]:
        yield {"do": "add-node", "like": name}


def _reweighted(question: Question, base: Decision) -> Iterator[dict[str, Any]]:
    """Another scoring strategy; the smallest changes of weights that put another node in front."""
    fit = question.profile.plugin(NodeResourcesFit.name)
    if isinstance(fit, NodeResourcesFit):
        yield {"do": "strategy", "type": MOST_ALLOCATED if fit.args.strategy == LEAST_ALLOCATED else LEAST_ALLOCATED}
    found = sorted(
        (abs(weight - question.profile.weights[plugin]), plugin, weight) for plugin, weight in _tipping_weights(base)
    )
    for _, plugin, weight in found:
        yield {"do": "weight", "plugin": plugin, "weight": weight}


def _tipping_weights(base: Decision) -> Iterator[tuple[str, int]]:
    """(plugin, nearest weight with which some other node has more points than the chosen one)."""
    chosen = base.verdict(base.chosen)
    for other in base.verdicts:
        if not other.scores or other.node == base.chosen:
            continue
        lead = chosen.total - other.total
        for plugin, score in chosen.scores.items():
            gain = other.scores[plugin].normalized - score.normalized
            if not gain:
                continue
            # The other node is in front when (weight - now) * gain > lead.
            step = lead // abs(gain) + 1
            weight = score.weight + (step if gain > 0 else -step)
            if 1 <= weight <= MAX_WEIGHT:
                yield plugin, weight


def _emptied(question: Question, base: Decision) -> Iterator[dict[str, Any]]:
    """A Pod gone from the node that was closest; the one whose loss matters least first."""
    other = base.runner_up
    node = question.snapshot.node(other.node) if other else None
    for pod in sorted(node.pods if node else (), key=_loss)[:PODS_LOOKED_AT]:
        if any(pod.requests.values()):
            yield {"do": "remove-pod", "pod": pod.key}

