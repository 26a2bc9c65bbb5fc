"""What a plugin's raw score of a node was made of, in one phrase."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from typing import Any

from cluster.objects.documents import Document
from cluster.scheduler import resources
from cluster.scheduler.explanation.shape import Word
from cluster.scheduler.framework import CycleState, Profile
from cluster.scheduler.plugins.image_locality import ImageLocality
from cluster.scheduler.plugins.inter_pod_affinity import InterPodAffinity
from cluster.scheduler.plugins.node_affinity import NodeAffinity
from cluster.scheduler.plugins.node_resources_balanced_allocation import NodeResourcesBalancedAllocation
from cluster.scheduler.plugins.node_resources_fit import LEAST_ALLOCATED, NodeResourcesFit, usages
from cluster.scheduler.plugins.pod_topology_spread import PodTopologySpread
from cluster.scheduler.plugins.taint_toleration import TaintToleration
from cluster.scheduler.resources import CPU, MEMORY
from cluster.scheduler.snapshot import NodeInfo, Snapshot

# Among the notes: which of the plugins that count Pods have something to tell.
COUNTED = "counted"

Weights = tuple[tuple[str, int], ...]


def notes_of(pod: Document, snapshot: Snapshot, profile: Profile, feasible: Iterable[str], scored: Container[str]) -> CycleState:
    """What the plugins that count Pods, of those that scored, noted down in a decision between these nodes, found again."""
    state: CycleState = {}
    counting = [plugin for plugin in profile.pre_score if plugin.name in _COUNTING and plugin.name in scored]
    nodes = [node for name in feasible if (node := snapshot.node(name)) is not None] if counting else []
    state[COUNTED] = {plugin.name for plugin in counting if plugin.pre_score(state, pod, nodes, snapshot).is_success}
    return state


def detail_of(
    plugin: str, raw: int, pod: Document, node: NodeInfo | None, profile: Profile, notes: CycleState
) -> Word | None:
    """The phrase behind a score; None where the node's state is no longer known and would have to be told."""
    if plugin in _RESOURCES:
        return None if node is None else _RESOURCES[plugin](pod, node, profile)
    if plugin in _COUNTING:
        scorer = profile.plugin(plugin)
        if node is None or scorer is None or plugin not in notes.get(COUNTED, ()):
            return None
        return _COUNTING[plugin](scorer.explain_score(notes, pod, node))
    key, argument = _PHRASES.get(plugin, ("score.raw", "raw"))
    if plugin == ImageLocality.name and not raw:
        key = "score.no-images"
    return {"key": key, "args": {argument: raw}}


_PHRASES: Mapping[str, tuple[str, str]] = {
    TaintToleration.name: ("score.taints", "count"),
    NodeAffinity.name: ("score.preferred", "raw"),
    ImageLocality.name: ("score.images", "raw"),
    "VolumeBinding": ("score.volumes", "raw"),
}


def _fit(pod: Document, node: NodeInfo, profile: Profile) -> Word:
    args = _fit_args(profile)
    shares = _shares(node, resources.incoming_non_zero_requests(pod), args.resources, non_zero=True)
    if args.strategy == LEAST_ALLOCATED:
        return _word("score.free", {name: 100 - share for name, share in shares.items()})
    return _word("score.used", shares)


def _balance(pod: Document, node: NodeInfo, profile: Profile) -> Word:
    shares = _shares(node, resources.pod_requests(pod), ((CPU, 1), (MEMORY, 1)), non_zero=False)
    return _word("score.balance", shares)


_RESOURCES: Mapping[str, Callable[[Document, NodeInfo, Profile], Word]] = {
    NodeResourcesFit.name: _fit, NodeResourcesBalancedAllocation.name: _balance,
}


def _spread(counted: Mapping[str, Any]) -> Word:
    if counted["ignored"]:
        return {"key": "score.spread-left-out", "args": {"labels": list(counted["missing"])}}
    counts = [
        f"{part['count']} ({_last(part['constraint']['topologyKey'])} {part['domain']})"
        for part in counted["constraints"] if part["domain"] is not None
    ]
    return {"key": "score.spread", "args": {"counts": counts}}


def _affinity(counted: Mapping[str, Any]) -> Word:
    parts = [f"{share['points']:+d} ({_last(share['topologyKey'])} {share['domain']})" for share in counted["domains"]]
    return {"key": "score.affinity" if parts else "score.no-affinity", "args": {"parts": parts}}


def _last(key: str) -> str:
    """ "hostname" for "kubernetes.io/hostname"."""
    return key.rpartition("/")[2]


# Plugins that count Pods: what they counted is asked of them.
_COUNTING: Mapping[str, Callable[[Mapping[str, Any]], Word]] = {
    PodTopologySpread.name: _spread, InterPodAffinity.name: _affinity,
}


def _fit_args(profile: Profile) -> Any:
    plugin = profile.plugin(NodeResourcesFit.name)
    assert isinstance(plugin, NodeResourcesFit)
    return plugin.args


def _shares(node: NodeInfo, requests: Mapping[str, int], weights: Weights, *, non_zero: bool) -> dict[str, int]:
    """How much of each resource is taken once the Pod is there, in percent rounded down, at most 100."""
    found: dict[str, int] = {}
    for name, weight in weights:
        for usage in usages(node, dict(requests), [(name, weight)], non_zero=non_zero):
            found[name] = min(usage.requested * 100 // usage.allocatable, 100)
    return found


def _word(key: str, shares: Mapping[str, int]) -> Word:
    return {"key": key, "args": {"shares": [f"{name} {share}%" for name, share in shares.items()]}}
