"""What the scheduler knows of nodes during one decision. Immutable: adding or removing a pod makes a new snapshot.

pkg/scheduler/framework/types.go (NodeInfo), pkg/scheduler/backend/cache (cache.go, node_tree.go, snapshot.go).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain, zip_longest
from typing import NamedTuple

from immutables import Map

from cluster.objects.documents import Document, dig
from cluster.scheduler import resources
from cluster.scheduler.events import is_assigned, is_finished
from cluster.scheduler.listers import NOTHING, Lister
from cluster.scheduler.resources import CPU, MEMORY, Amounts

ANY_ADDRESS = "0.0.0.0"
# Where both are there the old name counts (GetZoneKey in component-helpers/node/topology/helpers.go).
ZONE_LABELS = ("failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone")
REGION_LABELS = ("failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/region")


class HostPort(NamedTuple):
    """A port that a pod takes on its node."""

    address: str
    protocol: str
    port: int

    def conflicts_with(self, other: HostPort) -> bool:
        """The same protocol and port, on the same address or with either on all addresses."""
        same = self.protocol == other.protocol and self.port == other.port
        return same and (self.address == other.address or ANY_ADDRESS in (self.address, other.address))


def host_ports(pod: Document) -> tuple[HostPort, ...]:
    """Host ports of containers and sidecars (pkg/scheduler/util/utils.go)."""
    spec = pod["spec"]
    sidecars = [c for c in spec.get("initContainers") or [] if c.get("restartPolicy") == "Always"]
    return tuple(
        HostPort(port.get("hostIP") or ANY_ADDRESS, port.get("protocol") or "TCP", port["hostPort"])
        for container in [*sidecars, *(spec.get("containers") or [])]
        for port in container.get("ports") or []
        if port.get("hostPort")
    )


def priority_of(pod: Document) -> int:
    return dig(pod, "spec", "priority", default=0)


def nominated_node(pod: Document) -> str:
    """The node on which preemption makes room for the pod, "" for none."""
    return dig(pod, "status", "nominatedNodeName", default="")


def pod_key(pod: Document) -> str:
    """ "namespace/name"."""
    meta = pod["metadata"]
    return f"{meta.get('namespace', '')}/{meta['name']}"


class _SpecAndStatus:
    """A pod as a key of a cache: documents are never mutated, so the same two objects always take the same."""

    __slots__ = ("pod", "spec", "status")

    def __init__(self, pod: Document) -> None:
        self.pod = pod
        self.spec = pod["spec"]
        self.status = pod.get("status")

    def __hash__(self) -> int:
        return hash((id(self.spec), id(self.status)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _SpecAndStatus) and self.spec is other.spec and self.status is other.status


@lru_cache(maxsize=4096)
def _taken(key: _SpecAndStatus) -> tuple[Amounts, Amounts, tuple[HostPort, ...]]:
    """Requests, requests for scores and host ports: each decision asks for those of every pod in the cluster."""
    return resources.pod_requests(key.pod), resources.placed_non_zero_requests(key.pod), host_ports(key.pod)


@dataclass(frozen=True, slots=True)
class PodInfo:
    """A placed pod and what it takes."""

    document: Document
    requests: Amounts
    non_zero_requests: Amounts
    ports: tuple[HostPort, ...]

    @classmethod
    def of(cls, pod: Document) -> PodInfo:
        return cls(pod, *_taken(_SpecAndStatus(pod)))

    @property
    def key(self) -> str:
        return pod_key(self.document)

    @property
    def priority(self) -> int:
        return priority_of(self.document)

    @property
    def has_affinity(self) -> bool:
        """Whether it has an opinion on other pods near it, and not only on nodes."""
        affinity = self.document["spec"].get("affinity") or {}
        return bool(affinity.get("podAffinity") or affinity.get("podAntiAffinity"))


@dataclass(frozen=True, slots=True)
class NodeInfo:
    """A node with the sums of what its pods take. CPU in millicores, the rest in bytes or pieces.

    `requested` holds real requests; `non_zero_requested` CPU and memory with a guess for containers without a request.
    """

    document: Document
    name: str
    allocatable: Amounts
    images: Mapping[str, int]  # image name -> bytes
    pods: tuple[PodInfo, ...]
    requested: Amounts
    non_zero_requested: Amounts
    pods_with_affinity: tuple[PodInfo, ...] = ()  # of `pods`, those that have an opinion on others: often none

    @classmethod
    def of(cls, node: Document, pods: Iterable[Document] = ()) -> NodeInfo:
        return cls.holding(node, (PodInfo.of(pod) for pod in pods))

    @classmethod
    def holding(cls, node: Document, pods: Iterable[PodInfo]) -> NodeInfo:
        allocatable = resources.amounts(dig(node, "status", "allocatable"))
        empty = cls(node, node["metadata"]["name"], allocatable, images_of(node), (), {}, {CPU: 0, MEMORY: 0})
        return empty.with_pods(pods)

    @property
    def labels(self) -> dict[str, str]:
        return self.document["metadata"].get("labels") or {}

    @property
    def used_ports(self) -> Iterator[HostPort]:
        return chain.from_iterable(pod.ports for pod in self.pods)

    def with_pods(self, more: Iterable[PodInfo]) -> NodeInfo:
        """This node with more pods on it."""
        added = tuple(more)
        requested, non_zero = dict(self.requested), dict(self.non_zero_requested)
        for pod in added:
            _count(requested, non_zero, pod, 1)
        opinionated = self.pods_with_affinity + tuple(pod for pod in added if pod.has_affinity)
        return replace(
            self, pods=self.pods + added, requested=requested, non_zero_requested=non_zero, pods_with_affinity=opinionated,
        )

    def without_pods(self, gone: Iterable[PodInfo]) -> NodeInfo:
        """This node as if these pods were not there."""
        removed = {pod.key: pod for pod in gone}
        requested, non_zero = dict(self.requested), dict(self.non_zero_requested)
        for pod in self.pods:
            if pod.key in removed:
                _count(requested, non_zero, pod, -1)
        left = tuple(pod for pod in self.pods if pod.key not in removed)
        opinionated = tuple(pod for pod in self.pods_with_affinity if pod.key not in removed)
        return replace(
            self, pods=left, requested=requested, non_zero_requested=non_zero, pods_with_affinity=opinionated,
        )

    def in_order(self, pods: tuple[PodInfo, ...]) -> NodeInfo:
        """This node with the same pods, or versions of them that take the same, in this order."""
        return replace(self, pods=pods, pods_with_affinity=tuple(pod for pod in pods if pod.has_affinity))


class ImageState(NamedTuple):
    """An image that some nodes have; the size is the one that the first of them reported."""

    size: int
    nodes: int


class Snapshot:
    """Nodes in the order in which they are tried (zones take turns) and what they hold."""

    def __init__(
        self, nodes: Map[str, NodeInfo], order: tuple[str, ...], images: Mapping[str, ImageState],
        nominated: Mapping[str, tuple[PodInfo, ...]], lister: Lister = NOTHING,
    ) -> None:
        self.lister = lister
        self._nodes = nodes
        self._order = order
        self._images = images
        self._nominated = nominated

    @classmethod
    def of(cls, nodes: Iterable[Document], pods: Iterable[Document], lister: Lister = NOTHING) -> Snapshot:
        """A snapshot of documents; finished pods do not count, nodes keep their given order.

        `lister` answers for everything that is neither node nor pod.
        """
        placed: dict[str, list[Document]] = {}
        nominated: dict[str, tuple[PodInfo, ...]] = {}
        for pod in pods:
            if is_finished(pod):
                continue
            if is_assigned(pod):
                placed.setdefault(pod["spec"]["nodeName"], []).append(pod)
            elif name := nominated_node(pod):
                nominated[name] = (*nominated.get(name, ()), PodInfo.of(pod))
        infos = [NodeInfo.of(node, placed.get(node["metadata"]["name"], ())) for node in nodes]
        return cls(Map({info.name: info for info in infos}), interleaved(infos), image_states(infos), nominated, lister)

    @property
    def nodes(self) -> list[NodeInfo]:
        return [self._nodes[name] for name in self._order]

    def __len__(self) -> int:
        return len(self._order)

    def node(self, name: str) -> NodeInfo | None:
        return self._nodes.get(name)

    def nominated(self, node: str) -> tuple[PodInfo, ...]:
        """Waiting pods for which preemption makes room on the node."""
        return self._nominated.get(node, ())

    def image(self, name: str) -> ImageState | None:
        return self._images.get(name)

    def with_pod(self, pod: Document) -> Snapshot:
        """With one more placed pod; a pod on a node that is not there changes nothing."""
        info = self._nodes.get(pod["spec"]["nodeName"])
        return self if info is None else self._with_node(info.with_pods([PodInfo.of(pod)]))

    def assuming(self, pod: Document, node: str) -> Snapshot:
        """With a waiting pod as if it were bound to the node, and no longer nominated for any."""
        key = pod_key(pod)
        nominated = {name: tuple(p for p in pods if p.key != key) for name, pods in self._nominated.items()}
        unnominated = Snapshot(self._nodes, self._order, self._images, nominated, self.lister)
        return unnominated.with_pod({**pod, "spec": {**pod["spec"], "nodeName": node}})

    def without_pod(self, pod: Document) -> Snapshot:
        info = self._nodes.get(pod["spec"]["nodeName"])
        return self if info is None else self._with_node(info.without_pods([PodInfo.of(pod)]))

    def _with_node(self, info: NodeInfo) -> Snapshot:
        return Snapshot(self._nodes.set(info.name, info), self._order, self._images, self._nominated, self.lister)


def _count(requested: Amounts, non_zero: Amounts, pod: PodInfo, sign: int) -> None:
    for name, amount in pod.requests.items():
        requested[name] = requested.get(name, 0) + sign * amount
    for name in (CPU, MEMORY):
        non_zero[name] += sign * pod.non_zero_requests.get(name, 0)


def images_of(node: Document) -> dict[str, int]:
    found: dict[str, int] = {}
    for image in dig(node, "status", "images", default=()):
        for name in image.get("names") or ():
            found.setdefault(name, image.get("sizeBytes", 0))
    return found


def image_states(infos: Iterable[NodeInfo]) -> dict[str, ImageState]:
    states: dict[str, ImageState] = {}
    for info in infos:
        for name, size in info.images.items():
            known = states.get(name, ImageState(size, 0))
            states[name] = ImageState(known.size, known.nodes + 1)
    return states


def zone_of(info: NodeInfo) -> tuple[str, str]:
    def label(names: Iterable[str]) -> str:
        return next((info.labels[name] for name in names if name in info.labels), "")

    return label(REGION_LABELS), label(ZONE_LABELS)


def interleaved(infos: Iterable[NodeInfo]) -> tuple[str, ...]:
    """Names with zones taking turns, so that a search that stops early has seen all zones."""
    zones: dict[tuple[str, str], list[str]] = {}
    for info in infos:
        zones.setdefault(zone_of(info), []).append(info.name)
    return tuple(name for turn in zip_longest(*zones.values()) for name in turn if name is not None)
