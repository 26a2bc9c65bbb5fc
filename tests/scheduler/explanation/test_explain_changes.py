"""Toggles: their labels, what comes of them, their console lines."""

from __future__ import annotations

from typing import Any

import pytest

from cluster.apiserver.reader import Reader
from cluster.objects.documents import Document
from cluster.scheduler.explanation.changes import change_row, console_of, label_of
from cluster.scheduler.explanation.explain import Case, explain, question_of
from cluster.scheduler.explanation.sentences import english
from cluster.scheduler.explanation.what_if import Change, applied
from cluster.simulation.bootstrap import new_cluster
from tests.scheduler.builders import container, node, pod, taint
from tests.scheduler.explained import world
from tests.support.console import Console

NODES = [
    node("n1", labels={"disk": "hdd", "zone": "a"}, taints=[taint("a", "b"), taint("node.kubernetes.io/not-ready")]), node("n2"),
]


def owned(name: str, kind: str, owner: str, **spec: Any) -> Document:
    made = pod(name, container(cpu="1"), **spec)
    made["metadata"]["ownerReferences"] = [{"kind": kind, "name": owner, "uid": owner, "controller": True}]
    return made


PODS = [pod("x", on="n1"), owned("y", "ReplicaSet", "web-1", on="n2")]


def row(change: Change, incoming: Document | None = None) -> dict[str, Any]:
    incoming = incoming or pod("p", container(cpu="1"))
    asked = question_of(Reader(world(NODES, [*PODS, incoming])), incoming)
    decision = applied([change], asked).answer()
    return dict(change_row(change, asked, decision, asked.answer().chosen, active=False))


def test_it_works() -> None:
    change = {"do": "untaint", "node": "n1", "taint": taint("a", "b")}
    found = row(change)
    assert english(found) == "n1 loses the taint a=b:NoSchedule"
    assert found["console"] == ["kubectl taint nodes n1 a=b:NoSchedule-"]
    assert english(found["then"]) == "then n2 still wins"
    assert found["id"] == '{"do":"untaint","node":"n1","taint":{"effect":"NoSchedule","key":"a","value":"b"}}'


@pytest.mark.parametrize(("change", "label", "console"), [
    ({"do": "tolerate", "taint": taint("a")}, "the Pod tolerates a:NoSchedule", []),
    ({"do": "uncordon", "node": "n1"}, "n1 is uncordoned", ["kubectl uncordon n1"]),
    ({"do": "label-node", "node": "n1", "labels": {"new": "x"}}, "n1 gets the label new=x", ["kubectl label nodes n1 new=x"]),
    ({"do": "label-node", "node": "n1", "labels": {"disk": "ssd"}}, "n1 gets the label disk=ssd",
     ["kubectl label nodes n1 disk=ssd --overwrite"]),
    ({"do": "drop-node-selector"}, "the Pod has no nodeSelector", []),
    ({"do": "drop-affinity"}, "the Pod has no affinity rules", []),
    ({"do": "drop-affinity", "which": "anti"}, "the Pod has no pod anti-affinity", []),
    ({"do": "drop-spread"}, "the Pod has no spread constraints", []),
    ({"do": "request", "resource": "cpu", "quantity": "300m"}, "the Pod asks for only 300m cpu", []),
    ({"do": "request", "resource": "cpu", "quantity": "0"}, "the Pod asks for no cpu", []),
    ({"do": "remove-pod", "pod": "default/x"}, "x is gone from n1", ["kubectl delete pod x"]),
    ({"do": "remove-pod", "pod": "default/y"}, "y is gone from n2 (ReplicaSet web-1 makes another one)",
     ["kubectl delete pod y"]),
    ({"do": "free", "node": "n2", "resource": "cpu", "quantity": "500m"}, "n2 has 500m more cpu", []),
    ({"do": "add-node", "like": "n1"}, "there is one more node like n1",
     ["simulate node add --cpu 4 --memory 8Gi --pods 110 --labels disk=hdd,zone=a --taints a=b:NoSchedule"]),
    ({"do": "strategy", "type": "MostAllocated"}, "the scheduler fills nodes up (MostAllocated)", []),
    ({"do": "weight", "plugin": "ImageLocality", "weight": 1}, "ImageLocality counts 1 time", []),
    ({"do": "priority", "value": 7}, "the Pod has priority 7", []),
])
def test_labels_and_lines(change: Change, label: str, console: list[str]) -> None:
    found = row(change)
    assert english(found) == label
    assert found["console"] == console


def test_lines_for_another_namespace() -> None:
    other = pod("z", on="n1")
    other["metadata"]["namespace"] = "shop"
    asked = question_of(Reader(world(NODES, [other])), pod())
    assert console_of({"do": "remove-pod", "pod": "shop/z"}, asked) == ["kubectl delete pod z -n shop"]
    assert english(label_of({"do": "remove-pod", "pod": "shop/z"}, asked)) == "shop/z is gone from n1"


def test_the_requests_of_a_deployment() -> None:
    console = Console(new_cluster())
    console.run("create deployment web --image=nginx")
    console.run("set resources deployment web --requests=cpu=9")
    console.simulation.until_quiet()
    stuck = next(each for each in console.simulation.api.list("pods") if not each["spec"].get("nodeName"))
    answer = explain(Case(stuck, console.simulation.api))
    change = answer["changes"][0]
    assert change["console"] == ["kubectl set resources deployment web --requests=cpu=4"]
    assert console.run(change["console"][0]).code == 0
    console.simulation.until_quiet()
    assert all(each["spec"].get("nodeName") for each in console.simulation.api.list("pods", "default"))


@pytest.mark.parametrize("change", [
    {"do": "add-node", "like": "node-1"}, {"do": "uncordon", "node": "node-1"},
    {"do": "label-node", "node": "node-1", "labels": {"a": "b"}},
])
def test_lines_can_be_typed(change: Change) -> None:
    simulation = new_cluster()
    asked = question_of(simulation.api, pod())
    (line,) = console_of(change, asked)
    assert Console(simulation).run(line).code == 0
