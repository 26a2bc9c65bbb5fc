"""NodeResourcesBalancedAllocation: nodes whose CPU and memory are used evenly, or become so, score higher.

pkg/scheduler/framework/plugins/noderesources/balanced_allocation.go; the comparison with the node before the pod is
new in 1.36.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from cluster.objects.documents import Document
from cluster.scheduler import resources
from cluster.scheduler.framework import MAX_NODE_SCORE, SKIP, SUCCESS, CycleState, Plugin, Status
from cluster.scheduler.plugins.node_resources_fit import Usage, usages
from cluster.scheduler.resources import CPU, MEMORY
from cluster.scheduler.snapshot import NodeInfo, Snapshot

HALF = MAX_NODE_SCORE // 2


def balance(fractions: Sequence[float]) -> int:
    """100 when all fractions are equal, less the more they differ (by their standard deviation)."""
    if len(fractions) < 2:
        deviation = 0.0
    elif len(fractions) == 2:
        deviation = abs((fractions[0] - fractions[1]) / 2)
    else:
        mean = sum(fractions) / len(fractions)
        deviation = math.sqrt(sum((fraction - mean) * (fraction - mean) for fraction in fractions) / len(fractions))
    return int((1 - deviation) * MAX_NODE_SCORE)


def score(used: Sequence[Usage]) -> int:
    """75 when the pod leaves the balance as it is, towards 100 when it improves it, towards 50 when it worsens it."""
    with_pod = balance([min(usage.requested / usage.allocatable, 1.0) for usage in used])
    without_pod = balance([min(usage.allocated / usage.allocatable, 1.0) for usage in used])
    return HALF + (HALF + with_pod - without_pod) // 2


class NodeResourcesBalancedAllocation(Plugin):
    name = "NodeResourcesBalancedAllocation"

    def __init__(self, weights: Sequence[tuple[str, int]] = ((CPU, 1), (MEMORY, 1))) -> None:
        self.weights = tuple(weights)

    def pre_score(self, state: CycleState, pod: Document, nodes: Sequence[NodeInfo], snapshot: Snapshot) -> Status:
        """A pod that asks for nothing is left out: it would be drawn to one node."""
        requests = resources.pod_requests(pod)
        if not any(requests.get(name) for name, _ in self.weights):
            return SKIP
        state[self.name] = requests
        return SUCCESS

    def score(self, state: CycleState, pod: Document, node: NodeInfo) -> int:
        return score(usages(node, state[self.name], self.weights, non_zero=False))
