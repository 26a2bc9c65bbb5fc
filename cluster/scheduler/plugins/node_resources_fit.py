"""NodeResourcesFit: the sum of requests must fit; free (or used) room decides the score.

pkg/scheduler/framework/plugins/noderesources: fit.go, least_allocated.go, most_allocated.go,
requested_to_capacity_ratio.go, resource_allocation.go.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Sized
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from cluster.objects.documents import Document, dig
from cluster.scheduler import events, resources
from cluster.scheduler.events import ClusterEvent
from cluster.scheduler.framework import (
    MAX_NODE_SCORE,
    SUCCESS,
    Code,
    CycleState,
    Plugin,
    PreFilterResult,
    Status,
)
from cluster.scheduler.resources import CPU, EPHEMERAL_STORAGE, MEMORY, PODS, Amounts
from cluster.scheduler.snapshot import NodeInfo, Snapshot

LEAST_ALLOCATED = "LeastAllocated"
MOST_ALLOCATED = "MostAllocated"
REQUESTED_TO_CAPACITY_RATIO = "RequestedToCapacityRatio"

# Scores in a RequestedToCapacityRatio shape go to 10 (pkg/scheduler/apis/config/types_pluginargs.go).
MAX_SHAPE_SCORE = 10
MAX_UTILIZATION = 100


class Usage(NamedTuple):
    """One resource of a node as a scorer sees it; `allocated` is without the pod, `requested` with it."""

    requested: int
    allocated: int
    allocatable: int
    weight: int


class ShapePoint(NamedTuple):
    """A corner of a RequestedToCapacityRatio function: utilization 0..100, score 0..10."""

    utilization: int
    score: int


@dataclass(frozen=True, slots=True)
class FitArgs:
    """NodeResourcesFitArgs: the scoring strategy and the weights of resources."""

    strategy: str = LEAST_ALLOCATED
    resources: tuple[tuple[str, int], ...] = ((CPU, 1), (MEMORY, 1))
    shape: tuple[ShapePoint, ...] = (ShapePoint(0, 0), ShapePoint(100, 10))
    ignored_resources: frozenset[str] = frozenset()
    ignored_resource_groups: frozenset[str] = frozenset()


class Room(Protocol):
    """What a node offers and what is taken of it: a NodeInfo, or less."""

    @property
    def allocatable(self) -> Amounts: ...

    @property
    def pods(self) -> Sized: ...

    @property
    def requested(self) -> Amounts: ...

    @property
    def non_zero_requested(self) -> Amounts: ...


class Shortage(NamedTuple):
    """One resource that a node has too little of: millicores for CPU, bytes or pieces otherwise."""

    resource: str
    reason: str
    needs: int
    used: int
    allocatable: int

    @property
    def is_unresolvable(self) -> bool:
        """Even the empty node would be too small. A full pod count can always be helped."""
        return self.resource != PODS and self.needs > self.allocatable

    def values(self) -> dict[str, Any]:
        return {
            "resource": self.resource, "needs": self.needs, "free": self.allocatable - self.used,
            "used": self.used, "allocatable": self.allocatable,
        }


def shortages(requests: Amounts, node: Room, args: FitArgs) -> list[Shortage]:
    """What the node lacks, in the order of the messages: pods, CPU, memory, ephemeral storage, then by name."""
    found = []
    allowed = node.allocatable.get(PODS, 0)
    if len(node.pods) + 1 > allowed:
        found.append(Shortage(PODS, "Too many pods", 1, len(node.pods), allowed))
    others = sorted(name for name in requests if resources.is_scalar(name) and not is_ignored(name, args))
    for name in (CPU, MEMORY, EPHEMERAL_STORAGE, *others):
        needs, used = requests.get(name, 0), node.requested.get(name, 0)
        allocatable = node.allocatable.get(name, 0)
        if needs > 0 and needs > allocatable - used:
            found.append(Shortage(name, f"Insufficient {name}", needs, used, allocatable))
    return found


def usages(
    node: Room, requests: Amounts, weights: Sequence[tuple[str, int]], *, non_zero: bool
) -> list[Usage]:
    """The resources that count for a score: what the node has; beyond the usual ones only what the pod asks for."""
    found = []
    for name, weight in weights:
        allocatable = node.allocatable.get(name, 0)
        request = requests.get(name, 0)
        if not allocatable or (resources.is_scalar(name) and not request):
            continue
        sums = node.non_zero_requested if non_zero and name in (CPU, MEMORY) else node.requested
        allocated = sums.get(name, 0)
        found.append(Usage(allocated + request, allocated, allocatable, weight))
    return found


def least_allocated(used: Sequence[Usage]) -> int:
    """The free share after placing the pod, 0..100, as a weighted mean."""
    return _weighted_mean(used, lambda u: max(u.allocatable - u.requested, 0) * MAX_NODE_SCORE // u.allocatable)


def most_allocated(used: Sequence[Usage]) -> int:
    """The used share after placing the pod, 0..100, as a weighted mean."""
    return _weighted_mean(used, lambda u: min(u.requested, u.allocatable) * MAX_NODE_SCORE // u.allocatable)


def requested_to_capacity_ratio(used: Sequence[Usage], shape: Sequence[ShapePoint]) -> int:
    """The used share through a function of straight lines; resources that score 0 do not count in the mean."""
    scores = [(_on_shape(shape, _utilization(usage)), usage.weight) for usage in used]
    counted = [(score, weight) for score, weight in scores if score > 0]
    total = sum(weight for _, weight in counted)
    if not total:
        return 0
    # Half up, as Go rounds what is positive.
    return (2 * sum(score * weight for score, weight in counted) + total) // (2 * total)


class NodeResourcesFit(Plugin):
    name = "NodeResourcesFit"
    events = frozenset({
        (events.NODE, events.ADD),
        (events.NODE, events.UPDATE_NODE_ALLOCATABLE),
        (events.ASSIGNED_POD, events.DELETE),
        (events.ASSIGNED_POD, events.UPDATE_POD_SCALE_DOWN),
        (events.UNSCHEDULED_POD, events.UPDATE_POD_SCALE_DOWN),
    })

    def __init__(self, args: FitArgs | None = None) -> None:
        self.args = args or FitArgs()

    def pre_filter(self, state: CycleState, pod: Document, snapshot: Snapshot) -> PreFilterResult:
        state[self.name] = resources.pod_requests(pod)
        return PreFilterResult()

    def filter(self, state: CycleState, pod: Document, node: NodeInfo) -> Status:
        return self.status_of(node, state[self.name])

    def status_of(self, node: Room, requests: Amounts) -> Status:
        """Whether a node has room for these requests."""
        found = shortages(requests, node, self.args)
        if not found:
            return SUCCESS
        code = Code.UNRESOLVABLE if any(shortage.is_unresolvable for shortage in found) else Code.UNSCHEDULABLE
        return Status(
            code,
            tuple(shortage.reason for shortage in found),
            {"insufficient": [shortage.values() for shortage in found]},
        )

    def pre_score(self, state: CycleState, pod: Document, nodes: Sequence[NodeInfo], snapshot: Snapshot) -> Status:
        state[self.name] = resources.incoming_non_zero_requests(pod)
        return SUCCESS

    def score(self, state: CycleState, pod: Document, node: NodeInfo) -> int:
        return self.score_of(node, state[self.name])

    def score_of(self, node: Room, requests: Amounts) -> int:
        """The score of a node for a pod that counts for these requests."""
        used = usages(node, requests, self.args.resources, non_zero=True)
        if self.args.strategy == MOST_ALLOCATED:
            return most_allocated(used)
        if self.args.strategy == REQUESTED_TO_CAPACITY_RATIO:
            return requested_to_capacity_ratio(used, self.args.shape)
        return least_allocated(used)

    def worth_retrying(self, pod: Document, event: ClusterEvent) -> bool:
        """When a placed pod is gone, or a node that is big enough came or grew in what the pod asks for.

        Also when the pod itself asks for less, or a placed one takes less of what the pod asks for.
        """
        requests = resources.pod_requests(pod)
        if event.resource == events.UNSCHEDULED_POD:
            return True
        if event.resource == events.ASSIGNED_POD:
            return event.old is None or event.new is None or _shrank(requests, event.old, event.new)
        if event.new is None or shortages(requests, NodeInfo.of(event.new), self.args):
            return False
        return event.old is None or _grew(requests, event.old, event.new)


def is_ignored(name: str, args: FitArgs) -> bool:
    """Whether nobody looks at a resource; only extended ones can be left out."""
    if "/" not in name or "kubernetes.io/" in name:
        return False
    return name in args.ignored_resources or name.partition("/")[0] in args.ignored_resource_groups


def _shrank(requests: Amounts, old: Document, new: Document) -> bool:
    before, after = resources.pod_requests(old), resources.pod_requests(new)
    return any(before.get(name, 0) > after.get(name, 0) for name, amount in requests.items() if amount)


def _grew(requests: Amounts, old: Document, new: Document) -> bool:
    before = resources.amounts(dig(old, "status", "allocatable"))
    after = resources.amounts(dig(new, "status", "allocatable"))
    wanted = [PODS, *(name for name, amount in requests.items() if amount)]
    return any(after.get(name, 0) > before.get(name, 0) for name in wanted)


def _weighted_mean(used: Sequence[Usage], score: Callable[[Usage], int]) -> int:
    total = sum(usage.weight for usage in used)
    return sum(score(usage) * usage.weight for usage in used) // total if total else 0


def _utilization(usage: Usage) -> int:
    if usage.requested > usage.allocatable:
        return MAX_UTILIZATION
    return usage.requested * MAX_UTILIZATION // usage.allocatable


def _on_shape(shape: Sequence[ShapePoint], utilization: int) -> int:
    """The score 0..100 at a utilization, on the line between the two corners around it."""
    scale = MAX_NODE_SCORE // MAX_SHAPE_SCORE
    previous: ShapePoint | None = None
    for point in shape:
        if utilization <= point.utilization:
            if previous is None:
                return point.score * scale
            steps, width = utilization - previous.utilization, point.utilization - previous.utilization
            rise = (point.score - previous.score) * scale * steps
            # Integer division towards zero, as Go's.
            return previous.score * scale + (rise // width if rise >= 0 else -(-rise // width))
        previous = point
    return shape[-1].score * scale
