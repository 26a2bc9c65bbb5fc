"""Explanations of small clusters given as documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cluster.apiserver.reader import Reader
from cluster.apiserver.state import SWITCHES, World, filled
from cluster.objects.documents import Document
from cluster.scheduler.explanation.explain import Case, Recorded, explain, question_of
from cluster.scheduler.explanation.sentences import english
from cluster.scheduler.explanation.shape import Explanation, Row


def world(nodes: Sequence[Document], pods: Sequence[Document] = (), *, off: Sequence[str] = ()) -> World:
    """A cluster with these nodes and Pods; `off` names what is switched off."""
    return filled({
        "nodes": {("", node["metadata"]["name"]): node for node in nodes},
        "pods": {(pod["metadata"]["namespace"], pod["metadata"]["name"]): pod for pod in pods},
        SWITCHES: {(name,): {"since": 0} for name in off},
    })


def told(pod: Document, nodes: Sequence[Document], pods: Sequence[Document] = (), changes: Sequence[object] = (),
         **more: Any) -> Explanation:
    """The explanation for a Pod that waits."""
    return explain(Case(pod, Reader(world(nodes, [*pods, pod], **more))), changes)


def bound(pod: Document, nodes: Sequence[Document], pods: Sequence[Document] = ()) -> Case:
    """The Pod after the scheduler has decided on it, with the record of that."""
    before = Reader(world(nodes, [*pods, pod]))
    why = question_of(before, pod).answer().why()
    after = {**pod, "spec": {**pod["spec"], "nodeName": why["chosen"]}} if why["chosen"] else pod
    return Case(after, Reader(world(nodes, [*pods, after])), Recorded(why, 7, 1000, before))


def sentences(answer: Explanation, topic: str = "") -> list[str]:
    """The words in English, those of one topic."""
    return [english(word) for word in answer["words"] if not topic or word.get("topic") == topic]


def row(answer: Explanation, node: str) -> Row:
    return next(row for row in answer["rows"] if row["node"] == node)


def changes(answer: Explanation) -> list[dict[str, Any]]:
    return [change["change"] for change in answer["changes"]]
