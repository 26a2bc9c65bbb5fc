"""What if: a scheduling question with changes made to it in thought. Nothing here touches a cluster.

A change is a small JSON object, as it stands in an address:
{"do": "tolerate", "taint": {"key", "value"?, "effect"}} · {"do": "untaint", "node", "taint"} · {"do": "uncordon", "node"} ·
{"do": "label-node", "node", "labels": {…}} · {"do": "drop-node-selector"} · {"do": "drop-affinity", "which"?: "node|pod|anti"} ·
{"do": "drop-spread"} · {"do": "request", "resource", "quantity"} · {"do": "remove-pod", "pod": "namespace/name"} ·
{"do": "free", "node", "resource", "quantity"} · {"do": "add-node", "like"} · {"do": "strategy", "type"} ·
{"do": "weight", "plugin", "weight"} · {"do": "priority", "value"}
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from immutables import Map

from cluster.objects import quantity
from cluster.objects.documents import Document, dig, with_value, without
from cluster.objects.selectors import label_key_errors, label_value_errors
from cluster.scheduler import resources, tolerations
from cluster.scheduler.decision import Decision
from cluster.scheduler.explanation import texts
from cluster.scheduler.explanation.shape import Word
from cluster.scheduler.framework import Plugin, Profile
from cluster.scheduler.plugins.node_resources_fit import LEAST_ALLOCATED, MOST_ALLOCATED, NodeResourcesFit
from cluster.scheduler.schedule import decide
from cluster.scheduler.snapshot import NodeInfo, Snapshot, image_states, interleaved, pod_key

Change = Mapping[str, Any]

MAX_CHANGES = 12
# Larger than any text of a change that this program offers.
MAX_TEXT = 4096
MAX_WEIGHT = 100
# What a PriorityClass may have (pkg/apis/scheduling/types.go).
MAX_PRIORITY = 1_000_000_000
EFFECTS = (tolerations.NO_SCHEDULE, tolerations.PREFER_NO_SCHEDULE, tolerations.NO_EXECUTE)
AFFINITIES = {"node": "nodeAffinity", "pod": "podAffinity", "anti": "podAntiAffinity"}
STRATEGIES = (LEAST_ALLOCATED, MOST_ALLOCATED)
HOSTNAME = "kubernetes.io/hostname"
# Taints that the node life cycle gives and takes: a new node is not born with them.
SYSTEM_TAINTS = "node.kubernetes.io/"

_POINTS = (
    "pre_enqueue", "pre_filter", "filter", "post_filter", "pre_score", "score", "reserve", "permit", "pre_bind", "bind",
    "post_bind",
)


class ChangeError(ValueError):
    """A change that cannot be made; `word` is one sentence about it."""

    def __init__(self, key: str, **args: Any) -> None:
        super().__init__(key)
        self.word: Word = {"key": f"problem.{key}", "args": args}


@dataclass(frozen=True, slots=True)
class Question:
    """Where does this Pod go? Everything that a scheduling decision depends on but chance."""

    pod: Document
    snapshot: Snapshot
    profile: Profile
    start_index: int = 0

    def answer(self, prefer: str = "") -> Decision:
        """The decision. When nodes tie it is `prefer`, when that is one of them, or the first."""
        decision = decide(self.pod, self.snapshot, self.profile, lambda: 0.0, self.start_index)
        if prefer in decision.best and prefer != decision.chosen:
            message = f"Successfully assigned {pod_key(self.pod)} to {prefer}"
            return replace(decision, chosen=prefer, message=message)
        return decision

    def node(self, name: object) -> NodeInfo:
        """The node; raises ChangeError when there is none of that name."""
        found = self.snapshot.node(name) if isinstance(name, str) else None
        if found is None:
            raise ChangeError("node", node=_shown(name))
        return found

    def with_node(self, document: Document) -> Question:
        """With a node's document changed."""
        name = document["metadata"]["name"]
        return self.with_nodes(
            NodeInfo.holding(document, info.pods) if info.name == name else info for info in self.snapshot.nodes
        )

    def with_nodes(self, infos: Iterable[NodeInfo]) -> Question:
        found = list(infos)
        nominated = {info.name: self.snapshot.nominated(info.name) for info in found}
        nodes = Map({info.name: info for info in found})
        snapshot = Snapshot(nodes, interleaved(found), image_states(found), nominated, self.snapshot.lister)
        return replace(self, snapshot=snapshot)


def parsed(raw: Iterable[object]) -> list[dict[str, Any]]:
    """Changes as they came from outside: JSON texts or objects. Raises ChangeError for what is no change."""
    found = [_parsed(one) for one in raw]
    if len(found) > MAX_CHANGES:
        raise ChangeError("many", limit=MAX_CHANGES)
    return list({identity(change): change for change in found}.values())


def identity(change: Change) -> str:
    """The change as compact text."""
    return json.dumps(change, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def applied(changes: Sequence[Change], question: Question) -> Question:
    """The question with all changes made, one after the other. Raises ChangeError."""
    for change in changes:
        question = _DOERS[change["do"]](question, change)
    return question


# --- reading what came from outside ----------------------------------------------------------------------------------


def _parsed(raw: object) -> dict[str, Any]:
    if isinstance(raw, str):
        try:
            raw = json.loads(raw) if len(raw) <= MAX_TEXT else None
        except (ValueError, RecursionError):
            raw = None
    if not isinstance(raw, dict) or not isinstance(raw.get("do"), str) or raw["do"] not in _DOERS:
        raise ChangeError("shape", allowed=sorted(_DOERS))
    if not all(isinstance(field, str) for field in raw):
        raise ChangeError("shape", allowed=sorted(_DOERS))
    return raw


def _shown(value: object) -> str:
    return str(value)[:100]


def _field(change: Change, name: str, expected: str) -> ChangeError:
    return ChangeError("field", do=change["do"], field=name, expected=expected)


def _text(change: Change, name: str, expected: str, allowed: Iterable[str] | None = None) -> str:
    value = change.get(name)
    if not isinstance(value, str) or not value or (allowed is not None and value not in allowed):
        raise _field(change, name, expected)
    return value


def _whole(change: Change, name: str, lowest: int, highest: int) -> int:
    value = change.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
        raise _field(change, name, f"{lowest} … {highest}")
    return value


def _amount(change: Change) -> tuple[str, int]:
    """(resource, amount in its unit)."""
    resource = _text(change, "resource", "cpu, memory, …")
    if label_key_errors(resource):
        raise _field(change, "resource", "cpu, memory, …")
    text = change.get("quantity")
    try:
        if not isinstance(text, str) or quantity.parse(text) < 0:
            raise _field(change, "quantity", "500m, 1Gi, …")
    except quantity.QuantityError as problem:
        raise _field(change, "quantity", "500m, 1Gi, …") from problem
    return resource, resources.amounts({resource: text})[resource]


def _taint(change: Change) -> Document:
    taint = change.get("taint")
    expected = "{key, value, effect}"
    if not isinstance(taint, dict) or taint.keys() - {"key", "value", "effect"}:
        raise _field(change, "taint", expected)
    key, value, effect = taint.get("key"), taint.get("value", ""), taint.get("effect")
    if not isinstance(key, str) or not isinstance(value, str) or effect not in EFFECTS:
        raise _field(change, "taint", expected)
    if label_key_errors(key) or label_value_errors(value):
        raise _field(change, "taint", expected)
    return {"key": key, "value": value, "effect": effect}


# --- making changes ---------------------------------------------------------------------------------------------------


def _tolerate(question: Question, change: Change) -> Question:
    taint = _taint(change)
    toleration = {"key": taint["key"], "operator": "Equal", "value": taint["value"], "effect": taint["effect"]}
    more = [*tolerations.of(question.pod), toleration if taint["value"] else _existing(taint)]
    return replace(question, pod=with_value(question.pod, ("spec", "tolerations"), more))


def _existing(taint: Document) -> Document:
    return {"key": taint["key"], "operator": "Exists", "effect": taint["effect"]}


def _untaint(question: Question, change: Change) -> Question:
    node, taint = question.node(change.get("node")), _taint(change)
    left = [each for each in tolerations.taints_of(node.document) if not _is_same(each, taint)]
    if len(left) == len(tolerations.taints_of(node.document)):
        raise ChangeError("taint", node=node.name)
    return question.with_node(with_value(node.document, ("spec", "taints"), left))


def _is_same(taint: Document, other: Document) -> bool:
    return all((taint.get(field) or "") == (other.get(field) or "") for field in ("key", "value", "effect"))


def _uncordon(question: Question, change: Change) -> Question:
    """Also without the taint that the node life cycle adds to cordoned nodes."""
    node = question.node(change.get("node"))
    document = without(node.document, ("spec", "unschedulable"))
    taints = [t for t in tolerations.taints_of(document) if t["key"] != f"{SYSTEM_TAINTS}unschedulable"]
    return question.with_node(with_value(document, ("spec", "taints"), taints))


def _label_node(question: Question, change: Change) -> Question:
    node, labels = question.node(change.get("node")), change.get("labels")
    expected = "{key: value}"
    if not isinstance(labels, dict) or not labels:
        raise _field(change, "labels", expected)
    for key, value in labels.items():
        if not isinstance(value, str) or label_key_errors(key) or label_value_errors(value):
            raise _field(change, "labels", expected)
    return question.with_node(with_value(node.document, ("metadata", "labels"), {**node.labels, **labels}))


def _drop_node_selector(question: Question, change: Change) -> Question:
    return replace(question, pod=without(question.pod, ("spec", "nodeSelector")))


def _drop_affinity(question: Question, change: Change) -> Question:
    if "which" not in change:
        return replace(question, pod=without(question.pod, ("spec", "affinity")))
    which = _text(change, "which", ", ".join(AFFINITIES), AFFINITIES)
    return replace(question, pod=without(question.pod, ("spec", "affinity", AFFINITIES[which])))


def _drop_spread(question: Question, change: Change) -> Question:
    return replace(question, pod=without(question.pod, ("spec", "topologySpreadConstraints")))


def _request(question: Question, change: Change) -> Question:
    resource, wanted = _amount(change)
    return replace(question, pod=with_request(question.pod, resource, wanted))


def _remove_pod(question: Question, change: Change) -> Question:
    key = _text(change, "pod", "namespace/name")
    for node in question.snapshot.nodes:
        for other in node.pods:
            if other.key == key:
                return replace(question, snapshot=question.snapshot.without_pod(other.document))
    raise ChangeError("pod", pod=_shown(key))


def _free(question: Question, change: Change) -> Question:
    """As if Pods on the node asked for so much less."""
    node = question.node(change.get("node"))
    resource, less = _amount(change)
    used = node.requested.get(resource, 0)
    if less > used:
        raise _field(change, "quantity", f"≤ {texts.exact(resource, used)}")
    counted = node.non_zero_requested
    freed = replace(
        node, requested={**node.requested, resource: used - less},
        non_zero_requested=counted | {resource: max(counted[resource] - less, 0)} if resource in counted else counted,
    )
    return question.with_nodes(freed if info.name == node.name else info for info in question.snapshot.nodes)


def _add_node(question: Question, change: Change) -> Question:
    like = question.node(change.get("like"))
    return question.with_nodes([*question.snapshot.nodes, NodeInfo.of(twin(like.document, question.snapshot))])


def _strategy(question: Question, change: Change) -> Question:
    strategy = _text(change, "type", ", ".join(STRATEGIES), STRATEGIES)
    plugins = [_with_strategy(plugin, strategy) for plugin in question.profile.plugins]
    return replace(question, profile=_profile(question.profile, plugins, question.profile.weights))


def _with_strategy(plugin: Plugin, strategy: str) -> Plugin:
    if not isinstance(plugin, NodeResourcesFit):
        return plugin
    return NodeResourcesFit(replace(plugin.args, strategy=strategy))


def _weight(question: Question, change: Change) -> Question:
    profile = question.profile
    scoring = [plugin.name for plugin in profile.score]
    plugin = change.get("plugin")
    if not isinstance(plugin, str) or plugin not in scoring:
        raise ChangeError("plugin", plugin=_shown(plugin), allowed=scoring)
    weights = {**profile.weights, plugin: _whole(change, "weight", 1, MAX_WEIGHT)}
    return replace(question, profile=_profile(profile, profile.plugins, weights))


def _profile(profile: Profile, plugins: Iterable[Plugin], weights: Mapping[str, int]) -> Profile:
    points = {point: [plugin.name for plugin in getattr(profile, point)] for point in _POINTS}
    return Profile(
        plugins, weights, scheduler_name=profile.scheduler_name, points=points,
        percentage_of_nodes_to_score=profile.percentage_of_nodes_to_score,
    )


def _priority(question: Question, change: Change) -> Question:
    value = _whole(change, "value", -MAX_PRIORITY, MAX_PRIORITY)
    return replace(question, pod=with_value(question.pod, ("spec", "priority"), value))


_DOERS: Mapping[str, Callable[[Question, Change], Question]] = {
    "tolerate": _tolerate, "untaint": _untaint, "uncordon": _uncordon, "label-node": _label_node,
    "drop-node-selector": _drop_node_selector, "drop-affinity": _drop_affinity, "drop-spread": _drop_spread,
    "request": _request, "remove-pod": _remove_pod, "free": _free, "add-node": _add_node,
    "strategy": _strategy, "weight": _weight, "priority": _priority,
}


def twin(node: Document, snapshot: Snapshot) -> Document:
    """A new empty node like `node`: its size, labels and own taints, and a name that no node has."""
    meta = node["metadata"]
    name = next(name for number in range(2, len(snapshot) + 3) if snapshot.node(name := f"{meta['name']}-{number}") is None)
    taints = [taint for taint in tolerations.taints_of(node) if not taint["key"].startswith(SYSTEM_TAINTS)]
    return {
        **node,
        "metadata": {"name": name, "labels": {**(meta.get("labels") or {}), HOSTNAME: name}},
        "spec": {"taints": taints} if taints else {},
        "status": {**(node.get("status") or {}), "images": []},
    }


def with_request(pod: Document, resource: str, wanted: int) -> Document:
    """The Pod asking for `wanted` of a resource in all: its largest containers ask for less, or its first one for more."""
    if any(name == resource for name in dig(pod, "spec", "resources", "requests", default=())):
        return with_value(pod, ("spec", "resources", "requests", resource), texts.exact(resource, wanted))
    surplus = resources.pod_requests(pod).get(resource, 0) - wanted
    asked = [_asks(container, resource) for container in pod["spec"]["containers"]]
    if surplus < 0:
        asked[0] -= surplus
    for place in sorted(range(len(asked)), key=lambda place: -asked[place]):
        taken = min(max(surplus, 0), asked[place])
        asked[place] -= taken
        surplus -= taken
    containers = [
        _asking(container, resource, amount) for container, amount in zip(pod["spec"]["containers"], asked, strict=True)
    ]
    changed = with_value(pod, ("spec", "containers"), containers)
    if resources.pod_requests(changed).get(resource, 0) <= wanted or not pod["spec"].get("initContainers"):
        return changed
    lowered = [_asking(each, resource, min(_asks(each, resource), wanted)) for each in pod["spec"]["initContainers"]]
    return with_value(changed, ("spec", "initContainers"), lowered)


def _asks(container: Document, resource: str) -> int:
    requests = dig(container, "resources", "requests", default={})
    return resources.amounts({resource: requests[resource]})[resource] if resource in requests else 0


def _asking(container: Document, resource: str, amount: int) -> Document:
    if _asks(container, resource) == amount:
        return container
    return with_value(container, ("resources", "requests", resource), texts.exact(resource, amount))

