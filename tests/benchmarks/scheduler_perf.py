"""Pods a second of the scheduler for large clusters, beside the thresholds of Kubernetes' scheduler_perf.

A measured pod is decided over all nodes (none is left out), written to the store by the API server's binding with a
revision of its own, and its watch event has reached the scheduler again, which counts the pod from then on. Pods are in
the store before. One process, one thread.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from random import Random

from cluster.apiserver.server import APIServer
from cluster.apiserver.state import Change, Etcd, filled
from cluster.objects.documents import Document, with_value
from cluster.scheduler import conditions
from cluster.scheduler.arrays.decision import ArrayDecision
from cluster.scheduler.arrays.scheduler import ArrayScheduler
from cluster.scheduler.decision import Outcome
from cluster.scheduler.framework import Profile
from cluster.scheduler.profile import default_profile
from tests.benchmarks.workloads import HOSTNAME, PODS, ZONE, Nodes, Pods, Workload

AT = "2026-01-01T00:00:00Z"


@dataclass(frozen=True)
class Result:
    """Pods a second, and the times of single pods in milliseconds."""

    rate: float
    cpu_rate: float  # the same by seconds of the processor's time: what a machine of its own would do
    median: float
    slowest: float  # of a hundred pods the slowest but one
    pods: int
    attempts: int

    def line(self, workload: Workload) -> str:
        ratio = self.rate / workload.threshold
        verdict = "" if ratio >= workload.goal else f", below {workload.goal} times"
        return (
            f"{self.rate:.0f} pods a second ({self.cpu_rate:.0f} by processor time),"
            f" {ratio:.0f} times upstream's threshold of {workload.threshold}{verdict}"
            f" (p50 {self.median:.2f} ms, p99 {self.slowest:.2f} ms, {self.pods} pods)"
        )


def all_nodes_scored() -> Profile:
    default = default_profile()
    return Profile(default.plugins, default.weights, percentage_of_nodes_to_score=100)


class Bench:
    """A store, an API server, and a scheduler that hears of every write."""

    def __init__(self, workload: Workload) -> None:
        self.workload = workload
        self.random = Random(1).random
        self.scheduler = ArrayScheduler(all_nodes_scored())
        self.counter = 0
        self.queue: deque[Document] = deque()
        self.urgent: deque[Document] = deque()
        self.attempts = 0
        self.etcd = Etcd(filled({
            "namespaces": {("", name): document for name, document in self._namespaces()},
            "nodes": {("", node["metadata"]["name"]): node for nodes in workload.nodes for node in self._nodes(nodes)},
        }))
        self.etcd.subscribe(self._heard)
        self.server = APIServer(self.etcd)
        for _, node in sorted(self.etcd.world.table("nodes").items()):
            self.scheduler.add_node(node)

    # --- documents ---------------------------------------------------------------------------------------------------

    def _namespaces(self) -> list[tuple[str, Document]]:
        labelled = {f"init-ns-{number}" for number in range(self.workload.labelled)} | {"measure-ns-0"}
        names = {each.namespace for each in (*self.workload.before, self.workload.measured)} | {"default"}
        return [
            (name, {"metadata": {"name": name, "labels": {"team": "devops"} if name in labelled else {}}})
            for name in sorted(names)
        ]

    def _nodes(self, nodes: Nodes) -> list[Document]:
        found = []
        for number in range(nodes.count):
            self.counter += 1
            name = nodes.name or f"scheduler-perf-{self.counter:05}"
            zone = {ZONE: nodes.zones[number % len(nodes.zones)]} if nodes.zones else {}
            amounts = {"pods": nodes.pods, "cpu": "4", "memory": "32Gi"}
            found.append({
                "apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": {HOSTNAME: name, **zone}},
                "spec": {"taints": [{"key": nodes.taint, "effect": "NoSchedule"}]} if nodes.taint else {},
                "status": {"capacity": amounts, "allocatable": amounts},
            })
        return found

    def create(self, pods: Pods) -> list[Document]:
        """Pods in the store, still without a node."""
        found = []
        template = PODS[pods.template]
        with self.etcd.bulk() as bulk:
            for _ in range(pods.count):
                self.counter += 1
                name = f"pod-{self.counter:06}"
                pod = {
                    "apiVersion": "v1", "kind": "Pod", "spec": template["spec"],
                    "metadata": {
                        **template["metadata"], "name": name, "namespace": pods.namespace, "uid": f"uid-{name}",
                        "creationTimestamp": AT, "resourceVersion": str(bulk.next_revision()),
                    },
                    "status": {"phase": "Pending", "qosClass": "Burstable"},
                }
                bulk.write("pods", (pods.namespace, name), pod)
                found.append(pod)
        return found

    # --- the scheduler's side ----------------------------------------------------------------------------------------

    def _heard(self, change: Change) -> None:
        """A watch event."""
        if change.table == "pods":
            self.scheduler.update_pod(change.old, change.new)
        elif change.table == "nodes" and change.new is not None:
            self.scheduler.update_node(change.new)
        elif change.table == "nodes":
            self.scheduler.remove_node(change.key[-1])

    def attempt(self, pod: Document) -> bool:
        """One scheduling cycle with its writes; whether the pod has its node now."""
        self.attempts += 1
        meta = pod["metadata"]
        decision = self.scheduler.decide(pod, self.random, self.server)
        if decision.outcome is Outcome.SCHEDULED:
            self.server.bind(meta["namespace"], meta["name"], decision.chosen)
            return True
        self._reject(pod, decision)
        return False

    def _reject(self, pod: Document, decision: ArrayDecision) -> None:
        """Say why in the pod's status; carry out a preemption and try again."""
        marked = conditions.not_scheduled(pod, conditions.UNSCHEDULABLE, decision.message, self.etcd.world.now)
        marked = conditions.with_nomination(marked, decision.nominated)
        if marked is not pod:
            meta = marked["metadata"]
            revision = str(self.etcd.next_revision())
            marked = with_value(marked, ("metadata", "resourceVersion"), revision)
            self.etcd.write("pods", (meta["namespace"], meta["name"]), marked)
        for victim in decision.victims:
            meta = victim["metadata"]
            self.etcd.next_revision()
            self.etcd.write("pods", (meta["namespace"], meta["name"]), None)
        if decision.victims:
            self.urgent.append(marked)

    # --- the workload ------------------------------------------------------------------------------------------------

    def run(self) -> Result:
        for pods in self.workload.before:
            for pod in self.create(pods):
                if not self.attempt(pod):
                    raise RuntimeError(f"{self.workload.name}: a pod of the preparation found no node")
        self.queue.extend(self.create(self.workload.measured))
        self.attempts = 0
        return self._measure()

    def _measure(self) -> Result:
        churn = self.workload.churn
        times: list[float] = []
        busy = time.process_time()
        started = before = time.perf_counter()
        due = started + churn.every if churn else float("inf")
        while self.queue:
            if before >= due and churn is not None:
                self._churn(churn.template, comes_and_goes=churn.comes_and_goes)
                while due <= before:  # a clock that is not heard does not ring later
                    due += churn.every
            while self.urgent:
                self.attempt(self.urgent.popleft())
            if self.attempt(self.queue.popleft()):
                now = time.perf_counter()
                times.append(now - before)
                before = now
        took = time.perf_counter() - started
        times.sort()
        return Result(
            len(times) / took, len(times) / (time.process_time() - busy),
            1000 * times[len(times) // 2], 1000 * times[len(times) * 99 // 100], len(times), self.attempts,
        )

    def _churn(self, template: str, *, comes_and_goes: bool) -> None:
        """A pod that is more important than those that are measured; with a node and a service that come and go."""
        (pod,) = self.create(Pods(1, template))
        self.urgent.append(pod)
        if comes_and_goes:
            self._flip("nodes", ("", "node-churn"), {
                "metadata": {"name": "node-churn"}, "status": {"allocatable": {"pods": "0"}},
            })
            self._flip("services", ("default", "service-churn"), {
                "metadata": {"name": "service-churn", "namespace": "default"}, "spec": {"selector": {"foo": "bar"}},
            })

    def _flip(self, table: str, key: tuple[str, str], document: Document) -> None:
        self.etcd.next_revision()
        self.etcd.write(table, key, None if self.etcd.world.row(table, key) is not None else document)


def measure(workload: Workload, factor: int = 1) -> Result:
    """One workload; with a factor with as many times fewer nodes and pods."""
    chosen = workload if factor == 1 else workload.smaller(factor)
    return Bench(chosen).run()
