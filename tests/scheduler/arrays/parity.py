"""`python -m tests.scheduler.arrays.parity --count 100000`: the arrays and the readable path decide alike.

A case is one decision. Clusters live for some decisions while pods and nodes come, change and go, so that what the
arrays keep is tried as well as what they compute.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from random import Random
from typing import Any

from cluster.objects.documents import Document
from cluster.scheduler.arrays.decision import ArrayDecision
from cluster.scheduler.arrays.scheduler import ArrayScheduler
from cluster.scheduler.decision import Decision, Outcome
from cluster.scheduler.framework import Profile
from cluster.scheduler.plugins.inter_pod_affinity import InterPodAffinity
from cluster.scheduler.plugins.node_resources_balanced_allocation import NodeResourcesBalancedAllocation
from cluster.scheduler.plugins.node_resources_fit import FitArgs, NodeResourcesFit, ShapePoint
from cluster.scheduler.plugins.pod_topology_spread import PodTopologySpread
from cluster.scheduler.profile import default_profile
from cluster.scheduler.schedule import decide
from cluster.scheduler.snapshot import Snapshot
from tests.scheduler.arrays.clusters import GPU, Cluster

DECISIONS = 10
RESOURCES = (("cpu", 2), ("memory", 1), (GPU, 3))


def profiles() -> list[Profile]:
    """The default profile, and others in which scores are computed differently."""
    ratio = FitArgs("RequestedToCapacityRatio", RESOURCES, (ShapePoint(0, 2), ShapePoint(40, 9), ShapePoint(100, 1)))
    found = [default_profile()]
    for fit in (FitArgs("MostAllocated", RESOURCES), ratio, FitArgs(ignored_resource_groups=frozenset({"example.com"}))):
        plugins = [
            NodeResourcesFit(fit) if isinstance(plugin, NodeResourcesFit)
            else NodeResourcesBalancedAllocation(RESOURCES) if isinstance(plugin, NodeResourcesBalancedAllocation)
            else InterPodAffinity(7, ignore_existing_preferences=True) if isinstance(plugin, InterPodAffinity)
            else PodTopologySpread([
                {"maxSkew": 1, "topologyKey": "rack", "whenUnsatisfiable": "ScheduleAnyway"},
                {"maxSkew": 2, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "DoNotSchedule"},
            ], "List") if isinstance(plugin, PodTopologySpread)
            else plugin
            for plugin in found[0].plugins
        ]
        weights = {name: weight + 2 for name, weight in found[0].weights.items()}
        found.append(Profile(plugins, weights, percentage_of_nodes_to_score=100))
    return found


PROFILES = profiles()


def readable(decision: Decision) -> dict[str, Any]:
    """What both paths must agree on, as the readable path says it."""
    totals = {verdict.node: verdict.total for verdict in decision.verdicts if verdict.is_feasible}
    scheduled = decision.outcome is Outcome.SCHEDULED
    return common(decision) | {
        "totals": totals if scheduled and len(totals) > 1 else {}, "best": sorted(decision.best),
        "feasible": len(totals) if scheduled else 0,
    }


def by_arrays(scheduler: ArrayScheduler, decision: ArrayDecision) -> dict[str, Any]:
    names = scheduler.columns.names
    return common(decision) | {
        "totals": {names[row]: total for row, total in decision.totals.items()},
        "best": sorted(names[row] for row in decision.best_rows), "feasible": decision.feasible,
    }


def recorded(decision: Decision) -> dict[str, Any]:
    """All that is known of single nodes, but for the values behind rejections."""
    # Reasons of the same verdict may come in another order.
    return {
        "verdicts": [
            (verdict.node, verdict.plugin, verdict.status.code, sorted(verdict.status.reasons), dict(verdict.scores))
            for verdict in decision.verdicts
        ],
        "ordered best": decision.best, "filters": decision.filters, "without rules": decision.without_rules,
    }


def common(decision: Decision | ArrayDecision) -> dict[str, Any]:
    return {
        "outcome": decision.outcome, "nodes": decision.total_nodes, "chosen": decision.chosen,
        "message": decision.message, "rejectors": decision.rejectors, "next": decision.next_start_index,
        "after": decision.post_filter_message, "nominated": decision.nominated,
        "victims": [victim["metadata"]["name"] for victim in decision.victims],
    }


class Walk:
    """One cluster in two shapes: documents for the readable path, and an ArrayScheduler that follows them."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        # Above a hundred nodes the search may stop before it has seen all.
        large = self.random.random() < 0.02
        self.cluster = Cluster(self.random, (101, 130) if large else (5, 40))
        self.profile = self.random.choice(PROFILES)
        self.start = 0
        # Either the scheduler hears of each change, or it takes over a snapshot before each decision.
        self.hears = self.random.random() < 0.7
        self.scheduler = ArrayScheduler(self.profile)
        if self.hears:
            nodes, pods = self.cluster.documents()
            for pod in pods:
                self.scheduler.add_pod(pod)
            for node in nodes:
                self.scheduler.add_node(node)

    def snapshot(self) -> Snapshot:
        return Snapshot.of(*self.cluster.documents(), self.cluster.lister)

    def step(self) -> tuple[Outcome, dict[str, tuple[Any, Any]]]:
        """One decision both ways: the outcome, and in what they differ."""
        self.change()
        pod = self.cluster.pod()
        if self.random.random() < 0.1:
            pod["status"]["nominatedNodeName"] = self.random.choice([*self.cluster.nodes])
        chance = self.random.random()
        snapshot = self.snapshot()
        if not self.hears:
            self.scheduler.sync(snapshot)
        one = decide(pod, snapshot, self.profile, lambda: chance, self.start)
        other = self.scheduler.decide(pod, lambda: chance, self.cluster.lister, self.start)
        expected, found = readable(one), by_arrays(self.scheduler, other)
        if self.random.random() < 0.3:
            whole = self.scheduler.decide_recorded(pod, lambda: chance, self.cluster.lister, self.start)
            expected, found = expected | recorded(one), found | recorded(whole)
        self.start = one.next_start_index
        if one.chosen and self.random.random() < 0.9:
            self.place(pod, one.chosen)
        return one.outcome, {name: (expected[name], found[name]) for name in expected if expected[name] != found[name]}

    def place(self, pod: Document, node: str) -> None:
        bound = {**pod, "spec": {**pod["spec"], "nodeName": node}}
        self.cluster.put_pod(bound)
        if self.hears:
            self.scheduler.add_pod(bound)

    def change(self) -> None:
        """Something else happens in the cluster."""
        random, cluster, scheduler = self.random, self.cluster, self.scheduler if self.hears else ArrayScheduler(self.profile)
        choice = random.random()
        if choice < 0.2 and cluster.pods:
            pod = random.choice([*cluster.pods.values()])
            cluster.drop_pod(pod)
            scheduler.remove_pod(pod)
        elif choice < 0.3 and cluster.pods:
            old = random.choice([*cluster.pods.values()])
            new = cluster.put_pod({**old, "metadata": {**old["metadata"], "deletionTimestamp": "2026-01-01T02:00:00Z"}})
            scheduler.update_pod(old, new)
        elif choice < 0.35:
            scheduler.add_pod(cluster.nominate())
        elif choice < 0.45:
            scheduler.add_node(cluster.put_node(random.choice([*cluster.nodes])))
        elif choice < 0.5:
            scheduler.add_node(cluster.put_node())
        elif choice < 0.55 and len(cluster.nodes) > 3:
            name = random.choice([*cluster.nodes])
            del cluster.nodes[name]
            scheduler.remove_node(name)


def differences(first_seed: int, count: int) -> tuple[Counter[Outcome], list[str]]:
    """Outcomes of so many decisions, and a line for each in which the two paths differ."""
    outcomes: Counter[Outcome] = Counter()
    found: list[str] = []
    for number in range(count):
        if number % DECISIONS == 0:
            seed = first_seed + number // DECISIONS
            walk = Walk(seed)
        outcome, wrong = walk.step()
        outcomes[outcome] += 1
        if wrong:
            told = "; ".join(f"{name}: readable {one}, arrays {other}" for name, (one, other) in wrong.items())
            found.append(f"seed {seed}, decision {number % DECISIONS}: {told}")
            # What follows in this cluster says nothing.
            walk = Walk(-seed - number - 1)
    return outcomes, found


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.scheduler.arrays.parity", description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    outcomes, found = differences(chosen.seed, chosen.count)
    told = ", ".join(f"{count} {outcome.value}" for outcome, count in sorted(outcomes.items()))
    print(f"{sum(outcomes.values())} decisions from seed {chosen.seed}: {told}; {len(found)} differ")
    for line in found[:20]:
        print(line[:2000])
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
