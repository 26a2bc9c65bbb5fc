"""Workloads of the names and sizes of Kubernetes' scheduler_perf (test/integration/scheduler_perf, 1.36), as data.

Each is the one of 5,000 nodes to which upstream's CI holds a threshold (pods a second). Nodes carry their host name as
those of a kubelet do; upstream's have no labels but those that a workload gives them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Document = dict[str, Any]
ZONE, HOSTNAME = "topology.kubernetes.io/zone", "kubernetes.io/hostname"
REQUIRED, PREFERRED = "requiredDuringSchedulingIgnoredDuringExecution", "preferredDuringSchedulingIgnoredDuringExecution"
TWO = ["sched-1", "sched-0"]
DEVOPS = {"matchLabels": {"team": "devops"}}


def _pod(*, labels: Mapping[str, str] | None = None, cpu: str = "100m", memory: str = "500Mi", limits: bool = True,
         **spec: Any) -> Document:
    requests = {"cpu": cpu, "memory": memory}
    container = {
        "name": "pause", "image": "registry.k8s.io/pause:3.10", "ports": [{"containerPort": 80}],
        "resources": {"requests": requests, **({"limits": requests} if limits else {})},
    }
    return {"metadata": {"labels": dict(labels or {})}, "spec": {"containers": [container], **spec}}


def _term(color: str, key: str, **where: Any) -> Document:
    return {"labelSelector": {"matchLabels": {"color": color}}, "topologyKey": key, **where}


def _near(color: str, kind: str, key: str, *, required: bool, **where: Any) -> Document:
    """A pod of a colour that wants (or avoids) pods of the same colour."""
    term = _term(color, key, **where)
    rules = {REQUIRED: [term]} if required else {PREFERRED: [{"weight": 1, "podAffinityTerm": term}]}
    return _pod(labels={"color": color}, affinity={kind: rules})


def _spread(when: str) -> Document:
    rule = {"maxSkew": 5, "topologyKey": ZONE, "whenUnsatisfiable": when, "labelSelector": {"matchLabels": {"color": "blue"}}}
    return _pod(labels={"color": "blue"}, topologySpreadConstraints=[rule])


def _light(**spec: Any) -> Document:
    return {"metadata": {}, "spec": {"containers": [{"name": "pause", "image": "registry.k8s.io/pause:3.10"}], **spec}}


PODS: Mapping[str, Document] = {
    "default": _pod(),
    "low-priority": _pod(cpu="900m", terminationGracePeriodSeconds=0),
    "high-priority": _pod(cpu="3", priority=10),
    "high-priority-large-cpu": _pod(cpu="9", priority=10, limits=False),
    "secret-volume": _pod(volumes=[{"name": "secret", "secret": {"secretName": "secret"}}]),
    "node-affinity": _pod(affinity={"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": [
        {"matchExpressions": [{"key": ZONE, "operator": "In", "values": ["zone1", "zone2"]}]},
    ]}}}),
    "daemonset": _light(affinity={"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": [
        {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["scheduler-perf-node"]}]},
    ]}}}),
    "light": _light(),
    "affinity": _near("blue", "podAffinity", ZONE, required=True, namespaces=TWO),
    "anti-affinity": _near("green", "podAntiAffinity", HOSTNAME, required=True, namespaces=TWO),
    "anti-affinity-label": _pod(labels={"color": "green"}),
    "preferred-affinity": _near("red", "podAffinity", HOSTNAME, required=False, namespaces=TWO),
    "preferred-anti-affinity": _near("yellow", "podAntiAffinity", HOSTNAME, required=False, namespaces=TWO),
    "affinity-ns": _near("blue", "podAffinity", ZONE, required=True, namespaceSelector=DEVOPS),
    "anti-affinity-ns": _near("green", "podAntiAffinity", HOSTNAME, required=True, namespaceSelector=DEVOPS),
    "preferred-affinity-ns": _near("red", "podAffinity", HOSTNAME, required=False, namespaceSelector=DEVOPS),
    "preferred-anti-affinity-ns": _near("green", "podAntiAffinity", HOSTNAME, required=False, namespaceSelector=DEVOPS),
    "spread": _spread("DoNotSchedule"),
    "preferred-spread": _spread("ScheduleAnyway"),
    "inclusion": _pod(labels={"foo": "bar"}, topologySpreadConstraints=[{
        "maxSkew": 1, "topologyKey": HOSTNAME, "whenUnsatisfiable": "DoNotSchedule",
        "nodeAffinityPolicy": "Honor", "nodeTaintsPolicy": "Honor", "labelSelector": {"matchLabels": {"foo": "bar"}},
    }]),
}


@dataclass(frozen=True)
class Nodes:
    """So many nodes; `zones` take turns."""

    count: int
    zones: tuple[str, ...] = ()
    taint: str = ""
    name: str = ""
    pods: str = "110"


@dataclass(frozen=True)
class Pods:
    """So many pods of a template in a namespace."""

    count: int
    template: str = "default"
    namespace: str = "default"


@dataclass(frozen=True)
class Churn:
    """What happens beside the pods that are measured, every so many seconds: pods that come, or objects that come and go."""

    every: float
    template: str
    comes_and_goes: bool = False


@dataclass(frozen=True)
class Workload:
    """`before` is placed without being measured; `labelled` namespaces have the label team=devops."""

    name: str
    threshold: int
    nodes: tuple[Nodes, ...]
    measured: Pods
    before: tuple[Pods, ...] = ()
    churn: Churn | None = None
    labelled: int = 0
    goal: int = field(default=5)
    """How many times the threshold is to be reached."""

    def smaller(self, factor: int) -> Workload:
        """The same with fewer nodes and pods."""
        return Workload(
            self.name, self.threshold,
            tuple(Nodes(max(each.count // factor, 1), each.zones, each.taint, each.name, each.pods) for each in self.nodes),
            Pods(max(self.measured.count // factor, 1), self.measured.template, self.measured.namespace),
            _smaller(self.before, factor),
            self.churn, self.labelled, self.goal,
        )


def _smaller(before: tuple[Pods, ...], factor: int) -> tuple[Pods, ...]:
    """Fewer pods in each namespace, or one in each of fewer namespaces."""
    fewer = tuple(Pods(each.count // factor, each.template, each.namespace) for each in before if each.count >= factor)
    few = [each for each in before if each.count < factor]
    left = sum(each.count for each in few) // factor
    return fewer + tuple(Pods(1, each.template, each.namespace) for each in few[:left])


FIVE = (Nodes(5000),)
ZONE1 = (Nodes(5000, ("zone1",)),)
MOON = (Nodes(5000, ("moon-1", "moon-2", "moon-3")),)


def _colours(count: int, template: str) -> dict[str, Any]:
    """Pods in one namespace before, and pods of the same template in another that are measured."""
    return {"before": (Pods(1000 if count < 5000 else 5000, template, "sched-0"),), "measured": Pods(count, template, "sched-1")}


def _selected(before: int, measured: int, template: str) -> dict[str, Any]:
    """Pods in a hundred labelled namespaces before, and pods in one more that are measured."""
    spaces = tuple(Pods(before, template, f"init-ns-{number}") for number in range(100))
    return {"before": spaces, "measured": Pods(measured, template, "measure-ns-0"), "labelled": 100}


WORKLOADS: Mapping[str, Workload] = {each.name: each for each in (
    Workload("SchedulingBasic", 270, FIVE, Pods(10_000), (Pods(1000),)),
    Workload("SchedulingDaemonset", 390, (Nodes(1, name="scheduler-perf-node", pods="90000"), Nodes(15_000)),
             Pods(30_000, "daemonset")),
    Workload("SchedulingSecrets", 260, FIVE, Pods(10_000, "secret-volume"), (Pods(1000, "secret-volume"),)),
    Workload("SchedulingNodeAffinity", 220, ZONE1, Pods(10_000, "node-affinity"), (Pods(5000, "node-affinity"),)),
    Workload("TopologySpreading", 85, MOON, Pods(5000, "spread"), (Pods(5000),)),
    Workload("PreferredTopologySpreading", 125, MOON, Pods(5000, "preferred-spread"), (Pods(5000),)),
    Workload("SchedulingWithNodeInclusionPolicy", 68, (Nodes(4000), Nodes(1000, taint="foo")), Pods(4000, "inclusion")),
    Workload("SchedulingPodAntiAffinity", 60, FIVE, goal=10, **_colours(2000, "anti-affinity")),
    Workload("SchedulingPodMatchingAntiAffinity", 540, FIVE, Pods(5000, "anti-affinity-label", "sched-1"),
             (Pods(1000, "anti-affinity", "sched-0"),)),
    Workload("SchedulingPodAffinity", 35, ZONE1, goal=10, **_colours(5000, "affinity")),
    Workload("SchedulingPreferredPodAffinity", 90, FIVE, goal=10, **_colours(5000, "preferred-affinity")),
    Workload("SchedulingPreferredPodAntiAffinity", 90, FIVE, goal=10, **_colours(5000, "preferred-anti-affinity")),
    Workload("SchedulingRequiredPodAntiAffinityWithNSSelector", 24, (Nodes(6000),), goal=10,
             **_selected(40, 2000, "anti-affinity-ns")),
    Workload("SchedulingPreferredAntiAffinityWithNSSelector", 55, FIVE, goal=10,
             **_selected(40, 2000, "preferred-anti-affinity-ns")),
    Workload("SchedulingRequiredPodAffinityWithNSSelector", 35, ZONE1, goal=10, **_selected(50, 2000, "affinity-ns")),
    Workload("SchedulingPreferredAffinityWithNSSelector", 90, FIVE, goal=10, **_selected(50, 5000, "preferred-affinity-ns")),
    Workload("MixedSchedulingBasePod", 140, ZONE1, Pods(5000), tuple(
        Pods(2000, template, "sched-0")
        for template in ("default", "affinity", "anti-affinity", "preferred-affinity", "preferred-anti-affinity")
    )),
    Workload("PreemptionAsync", 160, FIVE, Pods(5000), (Pods(20_000, "low-priority"),), Churn(0.2, "high-priority")),
    Workload("Unschedulable", 170, FIVE, Pods(10_000), (Pods(100),), Churn(0.2, "high-priority-large-cpu")),
    Workload("SchedulingWithMixedChurn", 265, FIVE, Pods(10_000),
             churn=Churn(1.0, "high-priority-large-cpu", comes_and_goes=True)),
)}
