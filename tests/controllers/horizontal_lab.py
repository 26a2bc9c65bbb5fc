"""HPAs, Pods with metrics and clusters with load, for the tests of the autoscaler."""

from __future__ import annotations

from typing import Any

import cluster.objects.kinds  # noqa: F401  (registers the kinds)
from cluster.apiserver.reader import Reader
from cluster.apiserver.state import World
from cluster.objects import times
from cluster.objects.documents import Document
from cluster.objects.kinds import horizontalpodautoscaler as hpas
from tests.kubectl.running import console
from tests.support.console import Console

NOW = 60 * times.MINUTE
WEB = """apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: "nginx:1.27", resources: {requests: {cpu: 200m, memory: 64Mi}}}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
"""


def hpa(*metrics: Document, **spec: Any) -> Document:
    filled = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}, "maxReplicas": 10, **spec,
        **({"metrics": list(metrics)} if metrics else {}),
    }
    meta = {"name": "web", "namespace": "default"}
    return hpas.default({
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": meta, "spec": filled,
    })


def cpu(share: int = 50) -> Document:
    return {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": share}}}


def each(amount: str, name: str = "cpu") -> Document:
    return {"type": "Resource", "resource": {"name": name, "target": {"type": "AverageValue", "averageValue": amount}}}


def pod(
    name: str, *, phase: str = "Running", ready: bool = True, age: int = 30 * times.MINUTE, request: str | None = "100m",
    since: int | None = None, **meta: Any,
) -> Document:
    """A Pod that has run for `age` ms and has been (not) ready `since` so many ms."""
    started = times.rfc3339(NOW - age)
    status: Document = {
        "phase": phase, "startTime": started,
        "conditions": [{
            "type": "Ready", "status": "True" if ready else "False",
            "lastTransitionTime": times.rfc3339(NOW - (age if since is None else since)),
        }],
    }
    if phase == "Running":
        status["containerStatuses"] = [{"name": "c", "state": {"running": {"startedAt": started}}}]
    resources = {} if request is None else {"requests": {"cpu": request, "memory": "64Mi"}}
    return {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "uid": name, "labels": {"app": "web"}, **meta},
        "spec": {"containers": [{"name": "c", "resources": resources}]}, "status": status,
    }


def reader(*found: Document, rate: str = "0", cost: str = "5m") -> Reader:
    """A world in which Service web has a load and these Pods."""
    service = {
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "default", "uid": "s"},
        "spec": {"selector": {"app": "web"}},
    }
    world = World(now=NOW).with_row("services", ("default", "web"), service)
    for one in found:
        world = world.with_row("pods", ("default", one["metadata"]["name"]), one)
    return Reader(world.with_row("host/load", ("default", "web"), {"rate": rate, "cost": cost}))


def with_hpa(*options: str) -> Console:
    """A cluster in which Deployment web of one replica has an HPA that has looked once or twice."""
    new = console()
    assert new.run("apply -f web.yaml", web_yaml=WEB).code == 0
    assert new.run("rollout status deployment web").code == 0
    assert new.run(f"autoscale deployment web --max=10 --cpu=50% {' '.join(options)}").code == 0
    new.simulation.advance(60 * times.SECOND)
    return new


def replicas(lab: Console) -> int:
    return int(lab.simulation.api.read("deployments.apps", "default", "web")["spec"]["replicas"])


def conditions(lab: Console) -> dict[str, tuple[str, str]]:
    status = lab.simulation.api.read(hpas.KIND.resource, "default", "web")["status"]
    return {one["type"]: (one["status"], one["reason"]) for one in status["conditions"]}
