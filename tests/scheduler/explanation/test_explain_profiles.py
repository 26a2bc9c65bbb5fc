"""Explanations follow the cluster's KubeSchedulerConfiguration, that of the time of the decision."""

from __future__ import annotations

from cluster.apiserver.reader import Reader
from cluster.apiserver.state import World
from cluster.objects.documents import Document
from cluster.objects.kinds import kubeschedulerconfiguration
from cluster.scheduler.configuration import KEY, TABLE
from cluster.scheduler.explanation.explain import Case, Recorded, explain, question_of
from tests.scheduler.builders import container, node, pod
from tests.scheduler.explained import row, sentences, world

NODES = [node("full"), node("empty")]
THERE = pod("there", container(cpu="2", memory="4Gi"), on="full")
PACKER = {
    "schedulerName": "packer",
    "plugins": {
        "score": {"disabled": [{"name": "ImageLocality"}]},
        "multiPoint": {"enabled": [{"name": "NodeResourcesFit", "weight": 5}]},
    },
    "pluginConfig": [{"name": "NodeResourcesFit", "args": {"scoringStrategy": {
        "type": "MostAllocated", "resources": [{"name": "cpu", "weight": 1}, {"name": "memory", "weight": 1}]}}}],
}


def configured(*profiles: Document) -> World:
    standard = kubeschedulerconfiguration.standard()
    document = {**standard, "profiles": [*standard["profiles"], *profiles]}
    return world(NODES, [THERE]).with_row(TABLE, KEY, document)


def incoming(scheduler: str) -> Document:
    return pod("p", container(cpu="1", memory="2Gi"), schedulerName=scheduler)


def test_it_works() -> None:
    there = Reader(configured(PACKER))
    assert explain(Case(incoming("default-scheduler"), there))["decision"]["chosen"] == "empty"
    packed = explain(Case(incoming("packer"), there))
    assert packed["situation"] == "pending"
    assert packed["decision"] is not None
    assert packed["decision"]["chosen"] == "full"
    columns = {column["plugin"]: column["weight"] for column in packed["columns"]["scores"]}
    assert columns["NodeResourcesFit"] == 5
    assert "ImageLocality" not in columns
    assert row(packed, "full")["scores"]["NodeResourcesFit"]["detail"] == {
        "key": "score.used", "args": {"shares": ["cpu 75%", "memory 75%"]},
    }
    assert sentences(packed, "emptiest") == [
        "empty has the most room (4 cpu, 8Gi memory free), but this scheduler fills nodes up: Free space prefers fuller ones."
    ]


def test_nobody_by_that_name() -> None:
    answer = explain(Case(incoming("nobody"), Reader(configured(PACKER))))
    assert answer["situation"] == "foreign"
    assert sentences(answer, "pending")[0] == "Schedulers that run here: default-scheduler, packer."


def test_the_configuration_of_then() -> None:
    before = Reader(configured(PACKER).with_row("pods", ("default", "p"), incoming("packer")))
    why = question_of(before, incoming("packer")).answer().record()
    placed = incoming("packer")
    placed["spec"]["nodeName"] = why["chosen"]
    # Today there is no such profile any more.
    case = Case(placed, Reader(configured()), Recorded(why, 3, 0, before))
    answer = explain(case, [{"do": "strategy", "type": "LeastAllocated"}])
    assert answer["situation"] == "placed"
    assert answer["decision"] is not None
    assert answer["decision"]["chosen"] == "empty"
    assert next(column["weight"] for column in answer["columns"]["scores"] if column["plugin"] == "NodeResourcesFit") == 5
