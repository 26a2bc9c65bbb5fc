"""Explanations in whole clusters: every decision is found again, every Pod can be explained at every moment."""

from __future__ import annotations

import json
import re
from random import Random
from typing import Any

import pytest

from cluster.apiserver.reader import Reader
from cluster.machinery.component import Component
from cluster.scheduler.explanation.explain import Case, explain, question_of, recorded_for
from cluster.scheduler.explanation.sentences import SENTENCES, english
from cluster.simulation.simulation import Simulation
from cluster.simulation.step import Step
from tests.scheduler.for_real import furnished, newcomer
from tests.support.console import Console

PLACE = re.compile(r"\{(\w+)(?=[,}])")
MANIFEST = """\
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: urgent}
value: 1000
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: spread}
spec:
  replicas: 4
  selector: {matchLabels: {app: spread}}
  template:
    metadata: {labels: {app: spread}}
    spec:
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: kubernetes.io/hostname
          whenUnsatisfiable: ScheduleAnyway
          labelSelector: {matchLabels: {app: spread}}
      affinity:
        podAffinity:
          preferredDuringSchedulingIgnoredDuringExecution:
            - {weight: 5, podAffinityTerm: {topologyKey: zone, labelSelector: {matchLabels: {app: web}}}}
      containers: [{name: c, image: "nginx:1.27", resources: {requests: {cpu: 300m}}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: urgent}
spec:
  replicas: 2
  selector: {matchLabels: {app: urgent}}
  template:
    metadata: {labels: {app: urgent}}
    spec:
      priorityClassName: urgent
      containers: [{name: c, image: "nginx:1.27", resources: {requests: {cpu: "1500m"}}}]
---
apiVersion: v1
kind: Pod
metadata: {name: gated}
spec: {schedulingGates: [{name: later}], containers: [{name: c, image: nginx}]}
---
apiVersion: v1
kind: Pod
metadata: {name: foreign}
spec: {schedulerName: other, containers: [{name: c, image: nginx}]}
---
apiVersion: v1
kind: Pod
metadata: {name: claims}
spec: {volumes: [{name: v, persistentVolumeClaim: {claimName: none}}], containers: [{name: c, image: nginx}]}
"""


class Life:
    """An eventful life, and the steps of it."""

    def __init__(self, seed: int) -> None:
        self.steps: list[Step] = []
        self.random = Random(seed)
        quiet = furnished(seed)
        components: list[Component] = list(quiet.components.values())
        self.simulation = Simulation(quiet.world, components, quiet.settings, self.steps.append)
        self.start = quiet.world
        self.console = Console(self.simulation)

    def live(self) -> None:
        for number in range(4):
            pod = newcomer(self.random.randrange(10_000))
            self.simulation.user().create({**pod, "metadata": {**pod["metadata"], "name": f"newcomer-{number}"}})
        self.console.run("apply -f all.yaml", all_yaml=MANIFEST)
        self.simulation.advance(20_000)
        self.console.run("uncordon node-1")
        self.console.run("taint nodes node-2 late=yes:NoExecute")
        self.simulation.advance(20_000)
        self.console.run("delete pod newcomer-0 --wait=false")
        self.console.run("simulate component off default-scheduler")
        self.console.run("scale deployment spread --replicas=7")
        self.simulation.advance(60_000)

    def before(self, place: int) -> Reader:
        return Reader(self.steps[place - 1].world if place else self.start)


def decisions(life: Life) -> list[tuple[int, Step]]:
    return [
        (place, step) for place, step in enumerate(life.steps)
        if step.actor == "default-scheduler" and isinstance(step.why, dict) and "feasible" in step.why
    ]


def unfilled(value: Any) -> list[str]:
    """Keys of sentences anywhere in an explanation whose places are not all given."""
    found = []
    if isinstance(value, dict):
        if value.get("key") in SENTENCES and set(PLACE.findall(SENTENCES[value["key"]])) - value["args"].keys():
            found.append(value["key"])
        found += [key for inner in value.values() for key in unfilled(inner)]
    if isinstance(value, list):
        found += [key for inner in value for key in unfilled(inner)]
    return found


@pytest.fixture(scope="module", params=range(6))
def life(request: pytest.FixtureRequest) -> Life:
    made = Life(request.param)
    made.live()
    return made


def test_it_works(life: Life) -> None:
    """A decision made again on what the scheduler saw says the same, down to the last score."""
    found = decisions(life)
    assert len(found) > 8
    for place, step in found:
        _, namespace, name = step.objects[0].split("/")
        before = life.before(place)
        pod = before.get("pods", namespace, name)
        assert pod is not None
        assert question_of(before, pod).answer(step.why["chosen"]).record() == step.why, (step.revision, step.say)


def test_every_pod_at_every_moment(life: Life) -> None:
    last: dict[str, tuple[int, Step]] = {}
    made = dict(decisions(life))
    for place, step in enumerate(life.steps):
        if place in made:
            last[step.objects[0]] = (place, step)
        if place % 25 and place not in made:
            continue
        view = Reader(step.world)
        for pod in view.list("pods", "default"):
            entry = last.get(f"pods/default/{pod['metadata']['name']}")
            recorded = entry and recorded_for(pod, entry[1].why, entry[1].revision, entry[1].at, life.before(entry[0]).world)
            answer = explain(Case(pod, view, recorded or None), suggest=place in made)
            json.dumps(answer)
            assert unfilled(answer) == []
            assert answer["words"][0].get("topic") == "summary", answer["words"][0]
            assert all(english(word) for word in answer["words"])


def test_standings(life: Life) -> None:
    view = Reader(life.simulation.world)
    standing = {pod["metadata"]["name"]: explain(Case(pod, view))["situation"] for pod in view.list("pods", "default")}
    assert (standing["gated"], standing["foreign"], standing["claims"]) == ("gated", "foreign", "off")
