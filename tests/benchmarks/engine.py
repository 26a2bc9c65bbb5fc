"""Steps a second of the pure engine."""

from __future__ import annotations

import time

from cluster.simulation.bootstrap import new_cluster
from tests.support.console import Console

ROUNDS = 10
MANIFEST = """apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 20
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: "nginx:1.27"}]}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
"""


def steps_a_second() -> tuple[float, int]:
    """Rolling updates of 20 replicas behind a Service, on three nodes: (steps a second, steps)."""
    simulation = new_cluster()
    console = Console(simulation)
    console.run("apply -f web.yaml", web_yaml=MANIFEST)
    first, started = simulation.revision, time.perf_counter()
    for number in range(ROUNDS):
        console.run(f"set image deployment web c=nginx:1.2{number}")
        simulation.until_quiet()
    steps = simulation.revision - first
    return steps / (time.perf_counter() - started), steps
