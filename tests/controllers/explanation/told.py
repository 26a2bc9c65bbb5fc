"""A small cluster with one story for each test, and what is said about its objects."""

from __future__ import annotations

from typing import Any

from cluster.apiserver.reader import Reader
from cluster.controllers.explanation.decisions import words_of
from cluster.controllers.explanation.explain import Explanation, explain
from cluster.controllers.explanation.words import cell_text, english
from cluster.objects.registry import REGISTRY
from cluster.simulation import bootstrap
from cluster.simulation.simulation import Simulation
from cluster.simulation.step import Step

LABELS = {"app": "web"}
BROKEN = "nginx:no-such-tag"


def new() -> Simulation:
    return bootstrap.new_cluster(seed=5)


def container(image: str = "nginx:1.27", cpu: str = "100m", **more: Any) -> dict[str, Any]:
    return {"name": "main", "image": image, "resources": {"requests": {"cpu": cpu}}, **more}


def template(image: str = "nginx:1.27", *, command: list[str] | None = None, **spec: Any) -> dict[str, Any]:
    more = {"command": command} if command else {}
    return {"metadata": {"labels": LABELS}, "spec": {"containers": [container(image, **more)], **spec}}


def document(api: str, kind: str, name: str, **spec: Any) -> dict[str, Any]:
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, "namespace": "default"}, "spec": spec}


def workload(kind: str, name: str = "web", **spec: Any) -> dict[str, Any]:
    return document("apps/v1", kind, name, **{"selector": {"matchLabels": LABELS}, "template": template(), **spec})


def about(simulation: Simulation, resource: str, name: str) -> Explanation:
    """What is said about an object at this moment."""
    found = simulation.api.get(resource, "default" if REGISTRY[resource].namespaced else "", name)
    assert found is not None, name
    return explain(Reader(simulation.world), found)


def said(answer: Explanation, *topics: str) -> list[str]:
    """The sentences about these topics (all without any), as text."""
    return [english(found) for found in answer["words"] if not topics or found["topic"] in topics]


def keys(answer: Explanation) -> list[str]:
    return [found["key"] for found in answer["words"]]


def rows(answer: Explanation, number: int = 0) -> list[list[str]]:
    """The cells of a table as text."""
    return [[cell_text(cell) for cell in row] for row in answer["tables"][number]["rows"]]


def decided(steps: list[Step], say: str) -> list[str]:
    """Why the last step of this sort was made."""
    step = [step for step in steps if step.say.startswith(say)][-1]
    return [english(found) for found in words_of(step.why)]
