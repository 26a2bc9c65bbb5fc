"""How long an explanation takes: in a sandbox of 10 nodes, in a cluster of 5,000."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from statistics import median

from cluster.apiserver.reader import Reader
from cluster.apiserver.state import World, filled
from cluster.large.cluster import all_nodes_profile
from cluster.objects.documents import Document, Key
from cluster.scheduler.arrays.scheduler import ArrayScheduler
from cluster.scheduler.explanation.explain import Case, explain
from cluster.scheduler.snapshot import Snapshot

SIZES = (10, 5000)
ZONES = 5
ROUNDS = 5


def measure(tell: Callable[[str, str], None]) -> None:
    """A line for each size of cluster and kind of Pod."""
    for nodes in SIZES:
        reader = Reader(_world(nodes))
        snapshot = Snapshot.of(reader.list("nodes"), reader.list("pods"), reader)
        for name, pod in _pods():
            case = Case(pod, reader, snapshot=snapshot)
            plain = _milliseconds(lambda case=case: explain(case, suggest=False))
            helpful = _milliseconds(lambda case=case: explain(case))
            tell(f"explanation, {nodes} nodes, {name}", f"{plain:.1f} ms, with what would change it {helpful:.1f} ms")
    # Large clusters are explained from the arrays that they are scheduled with.
    arrays = ArrayScheduler.of(all_nodes_profile(), snapshot)
    for name, pod in _pods():
        spent = _milliseconds(lambda pod=pod: arrays.decide_recorded(pod, lambda: 0.0, reader))
        tell(f"explanation by arrays, {nodes} nodes, {name}", f"{spent:.1f} ms")


def _milliseconds(work: Callable[[], object]) -> float:
    """The median of processor time."""
    times = []
    for _ in range(ROUNDS):
        started = time.process_time()
        work()
        times.append((time.process_time() - started) * 1000)
    return median(times)


def _pods() -> Iterator[tuple[str, Document]]:
    """A Pod that fits, one that is too big, one with rules about other Pods."""
    yield "a Pod that fits", _pod("newcomer", "500m", "")
    yield "a Pod that fits nowhere", _pod("newcomer", "30", "")
    ruled = _pod("newcomer", "500m", "")
    labels = {"labelSelector": {"matchLabels": {"app": "app-1"}}}
    ruled["spec"]["topologySpreadConstraints"] = [
        {"maxSkew": 5, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule", **labels},
        {"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway", **labels},
    ]
    ruled["spec"]["affinity"] = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
        {"topologyKey": "kubernetes.io/hostname", **labels},
    ]}}
    yield "a Pod with spreading and anti-affinity", ruled


def _world(count: int) -> World:
    nodes: dict[Key, Document] = {("", f"node-{number}"): _node(number) for number in range(count)}
    pods: dict[Key, Document] = {
        ("default", f"pod-{number}"): _pod(f"pod-{number}", f"{100 + number % 5 * 100}m", f"node-{number % count}")
        for number in range(count * 6)
    }
    return filled({"nodes": nodes, "pods": pods})


def _node(number: int) -> Document:
    name = f"node-{number}"
    labels = {"kubernetes.io/hostname": name, "zone": f"zone-{number % ZONES}"}
    taints = [{"key": "dedicated", "value": "gpu", "effect": "NoSchedule"}] if number % 10 == 9 else []
    return {
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}, "spec": {"taints": taints},
        "status": {"allocatable": {"cpu": str(4 + number % 3 * 4), "memory": "32Gi", "pods": "110"}, "images": []},
    }


def _pod(name: str, cpu: str, node: str) -> Document:
    app = f"app-{sum(map(ord, name)) % 40}"
    spec: Document = {
        "containers": [{"name": "c", "image": "nginx:1.27", "resources": {"requests": {"cpu": cpu, "memory": "500Mi"}}}],
        "schedulerName": "default-scheduler",
    }
    meta = {"name": name, "namespace": "default", "uid": name, "labels": {"app": app}}
    return {
        "apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {**spec, "nodeName": node} if node else spec,
        "status": {"phase": "Running" if node else "Pending"},
    }
