"""Rollouts for tests: a small cluster whose steps are kept, workloads in it, and their traces."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml

from cluster.apiserver.state import World
from cluster.rollouts.trace import Trace
from cluster.rollouts.workload import is_settled
from cluster.simulation import bootstrap
from cluster.simulation.simulation import Simulation
from cluster.simulation.step import Step

TEMPLATE = """
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 5
      containers: [{name: nginx, image: "nginx:1.26"}]
"""
STATEFULSET = """apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  serviceName: web
  replicas: 3""" + TEMPLATE
DAEMONSET = """apiVersion: apps/v1
kind: DaemonSet
metadata: {name: web}
spec:""" + TEMPLATE
DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3""" + TEMPLATE


def cluster() -> tuple[Simulation, list[Step]]:
    """A cluster with three workers, and the list into which its steps go."""
    steps: list[Step] = []
    return bootstrap.new_cluster(seed=3, on_step=steps.append), steps


def made(simulation: Simulation, text: str, **spec: Any) -> None:
    """Create a workload, with fields of its spec replaced, and let it settle."""
    document = yaml.safe_load(text)
    document["spec"].update(spec)
    simulation.user().create({**document, "metadata": {"namespace": "default", **document["metadata"]}})
    until(simulation, f"{document['kind'].lower()}s.apps", document["metadata"]["name"])


def deployment(simulation: Simulation, replicas: int, min_ready: int = 0, **spec: Any) -> None:
    """The Deployment web of nginx:1.26, settled."""
    made(simulation, DEPLOYMENT, replicas=replicas, minReadySeconds=min_ready, **spec)


def until(simulation: Simulation, resource: str, name: str, most: int = 120_000) -> None:
    """Let the cluster go on until a workload is settled and everything quiet, for at most so many virtual ms."""
    for _ in simulation.steps_until(simulation.now + most):
        document = simulation.api.get(resource, "default", name)
        if document is not None and is_settled(document):
            break
    simulation.until_quiet()


def changes(step: Step) -> list[tuple[str, Any, Any]]:
    return [(change.table, change.key, change.new) for change in step.changes]


def followed(base: World, steps: Iterable[Step], reference: str) -> Trace:
    """The trace of a workload from a World on."""
    trace = Trace.begun(base, reference)
    for step in steps:
        trace.see(step.at, changes(step))
    return trace
