"""Topology spread constraints of pods, parsed, and those that pods without any of their own get.

pkg/scheduler/framework/plugins/podtopologyspread/common.go, pkg/scheduler/framework/plugins/helper/spread.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from cluster.objects.documents import Document, dig
from cluster.objects.metadata import controller_of
from cluster.objects.selectors import EQUALS, IN, LabelSelector, Requirement
from cluster.scheduler.listers import Lister
from cluster.scheduler.plugins import node_affinity, taint_toleration
from cluster.scheduler.snapshot import PodInfo

HOSTNAME = "kubernetes.io/hostname"
ZONE = "topology.kubernetes.io/zone"
HARD = "DoNotSchedule"
SOFT = "ScheduleAnyway"
HONOR = "Honor"
IGNORE = "Ignore"

# What the scheduler spreads pods by when neither they nor its configuration say anything.
SYSTEM_DEFAULTS: tuple[Document, ...] = (
    {"topologyKey": HOSTNAME, "whenUnsatisfiable": SOFT, "maxSkew": 3},
    {"topologyKey": ZONE, "whenUnsatisfiable": SOFT, "maxSkew": 5},
)

EVERYTHING = LabelSelector()

# Controllers whose selector counts: (apiVersion, kind) of the owner -> resource.
_CONTROLLERS = {
    ("apps/v1", "ReplicaSet"): "replicasets.apps",
    ("apps/v1", "StatefulSet"): "statefulsets.apps",
}
_REPLICATION_CONTROLLER = ("v1", "ReplicationController")
_OPERATORS = {"in": "In", "notin": "NotIn", "exists": "Exists", "!": "DoesNotExist"}


class Constraint(NamedTuple):
    """One constraint. Nodes that do not pass the policies count for nothing, neither as domains nor with their pods."""

    max_skew: int
    topology_key: str
    selector: LabelSelector
    min_domains: int
    honors_affinity: bool
    honors_taints: bool

    def summary(self) -> dict[str, Any]:
        """What identifies it, JSON-able."""
        found = {
            "topologyKey": self.topology_key, "maxSkew": self.max_skew, "labelSelector": selector_document(self.selector),
        }
        return found | ({"minDomains": self.min_domains} if self.min_domains > 1 else {})


def own_constraints(pod: Document) -> list[Document]:
    """The constraints in the pod's spec, hard and soft."""
    return dig(pod, "spec", "topologySpreadConstraints", default=[])


def parsed(documents: Iterable[Document], labels: Mapping[str, str], action: str) -> tuple[Constraint, ...]:
    """The constraints with this whenUnsatisfiable, for a pod with these labels."""
    return tuple(_parsed(document, labels) for document in documents if document.get("whenUnsatisfiable") == action)


class _Same:
    """A value as a key of a cache, by its identity: documents and selectors are never mutated. The key keeps it alive."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __hash__(self) -> int:
        return id(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.value is other.value


def _parsed(document: Document, labels: Mapping[str, str]) -> Constraint:
    if not document.get("matchLabelKeys"):
        return _parsed_alone(_Same(document))
    return _parsed_with(document, labels)


@lru_cache(maxsize=1024)
def _parsed_alone(key: _Same) -> Constraint:
    return _parsed_with(key.value, {})


def _parsed_with(document: Document, labels: Mapping[str, str]) -> Constraint:
    selector = LabelSelector.from_document(document.get("labelSelector"))
    keys = [key for key in document.get("matchLabelKeys") or () if key in labels]
    if keys and not selector.nothing:
        selector = LabelSelector([*(Requirement(key, EQUALS, (labels[key],)) for key in keys), *selector.requirements])
    min_domains = document.get("minDomains")
    return Constraint(
        document["maxSkew"], document["topologyKey"], selector, 1 if min_domains is None else min_domains,
        honors_affinity=(document.get("nodeAffinityPolicy") or HONOR) == HONOR,
        honors_taints=(document.get("nodeTaintsPolicy") or IGNORE) == HONOR,
    )


def default_constraints(pod: Document, documents: tuple[Document, ...], lister: Lister) -> tuple[Constraint, ...]:
    """The defaults, all with the same whenUnsatisfiable, counting the pods that belong together with this one.

    None if it is alone.
    """
    selector = default_selector(pod, lister) if documents else EVERYTHING
    if selector.empty:
        return ()
    if any(document.get("matchLabelKeys") for document in documents):
        labels = pod["metadata"].get("labels") or {}
        return tuple(_parsed_with(document, labels)._replace(selector=selector) for document in documents)
    return _counting(tuple(map(_Same, documents)), _Same(selector))


@lru_cache(maxsize=1024)
def _counting(documents: tuple[_Same, ...], selector: _Same) -> tuple[Constraint, ...]:
    """The constraints with another selector: the same for all pods of a workload."""
    return tuple(_parsed_alone(document)._replace(selector=selector.value) for document in documents)


def default_selector(pod: Document, lister: Lister) -> LabelSelector:
    """Which pods belong together with this one: by the services that select it, and by its controller.

    It selects everything when there are none of them (DefaultSelector).
    """
    namespace = pod["metadata"].get("namespace", "")
    labels = _service_labels(pod, lister.list("services", namespace))
    owner = controller_of(pod)
    kind = ("", "") if owner is None else (owner.get("apiVersion", ""), owner.get("kind", ""))
    if owner is not None and kind == _REPLICATION_CONTROLLER:
        controller = lister.get("replicationcontrollers", namespace, owner["name"])
        return LabelSelector.from_map(labels | dig(controller or {}, "spec", "selector", default={}))
    if owner is None or kind not in _CONTROLLERS:
        return LabelSelector.from_map(labels) if labels else EVERYTHING
    controller = lister.get(_CONTROLLERS[kind], namespace, owner["name"])
    return _joined(tuple(labels.items()), _Same(None if controller is None else dig(controller, "spec", "selector")))


@lru_cache(maxsize=1024)
def _joined(labels: tuple[tuple[str, str], ...], controller: _Same) -> LabelSelector:
    """The labels of services and the selector of a controller together: the same for all pods of a workload."""
    selector = LabelSelector.from_map(dict(labels)) if labels else EVERYTHING
    more = LabelSelector.from_document(controller.value)
    return LabelSelector([*selector.requirements, *more.requirements])


def _service_labels(pod: Document, services: Iterable[Document]) -> dict[str, str]:
    """The labels by which services select the pod, together."""
    labels = pod["metadata"].get("labels") or {}
    found: dict[str, str] = {}
    for service in services:
        selector = dig(service, "spec", "selector", default={})
        if selector and selector.items() <= labels.items():
            found |= selector
    return found


def has_all_keys(labels: Mapping[str, str], constraints: Iterable[Constraint]) -> bool:
    """Whether a node with these labels has a domain for each of the constraints."""
    return all(constraint.topology_key in labels for constraint in constraints)


class Inclusion:
    """Which constraints of a pod take a node into account, by their policies. Each node is judged once."""

    def __init__(self, pod: Document, constraints: Iterable[Constraint]) -> None:
        self._pod = pod
        self._asks_affinity = any(constraint.honors_affinity for constraint in constraints)
        self._asks_taints = any(constraint.honors_taints for constraint in constraints)

    def of(self, node: Document, constraints: Sequence[Constraint]) -> list[bool]:
        """For each constraint whether the node counts."""
        attracts = not self._asks_affinity or node_affinity.matches(self._pod, node)
        admits = not self._asks_taints or taint_toleration.repelling_taint(self._pod, node) is None
        return [
            (attracts or not constraint.honors_affinity) and (admits or not constraint.honors_taints)
            for constraint in constraints
        ]


def count(pods: Iterable[PodInfo], selector: LabelSelector, namespace: str) -> int:
    """How many pods of the namespace match; those being deleted do not, and an empty selector counts nobody."""
    if selector.empty or selector.nothing:
        return 0
    found = 0
    matches = selector.matches
    for pod in pods:
        meta = pod.document["metadata"]
        if meta.get("namespace", "") == namespace and not meta.get("deletionTimestamp") and matches(meta.get("labels")):
            found += 1
    return found


def selector_document(selector: LabelSelector) -> Document | None:
    """A parsed selector as manifests spell it; None for the one that selects nothing."""
    if selector.nothing:
        return None
    equal = {each.key: each.values[0] for each in selector.requirements if each.operator == EQUALS}
    other = [_expression(each) for each in selector.requirements if each.operator != EQUALS]
    return ({"matchLabels": equal} if equal else {}) | ({"matchExpressions": other} if other else {})


def _expression(requirement: Requirement) -> Document:
    found: Document = {"key": requirement.key, "operator": _OPERATORS[requirement.operator]}
    return found | ({"values": list(requirement.values)} if requirement.operator in (IN, "notin") else {})
