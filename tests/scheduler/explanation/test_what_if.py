"""Changes in thought: each kind does what it says, and nothing that comes from outside can do harm."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.apiserver.reader import Reader
from cluster.objects.documents import Document
from cluster.scheduler import resources
from cluster.scheduler.explanation.explain import question_of
from cluster.scheduler.explanation.sentences import english
from cluster.scheduler.explanation.what_if import (
    MAX_CHANGES,
    Change,
    ChangeError,
    Question,
    applied,
    identity,
    parsed,
    with_request,
)
from tests.scheduler.builders import container, node, pod, taint
from tests.scheduler.explained import world

NODES = [
    node("n1", taints=[taint("a", "b"), taint("c")]),
    node("n2", cordoned=True, taints=[taint("node.kubernetes.io/unschedulable")]),
    node("n3", labels={"disk": "hdd"}),
]
PODS = [pod("x", container(cpu="3", memory="1Gi"), on="n3"), pod("y", container(cpu="500m"), on="n3")]


def question(incoming: Document | None = None, nodes: list[Document] = NODES) -> Question:
    incoming = incoming or pod("p", container(cpu="1", memory="1Gi"))
    return question_of(Reader(world(nodes, [*PODS, incoming])), incoming)


def fits(*changes: Change, incoming: Document | None = None) -> list[str]:
    return sorted(applied(changes, question(incoming)).answer().feasible)


def test_it_works() -> None:
    assert fits() == []
    assert fits({"do": "remove-pod", "pod": "default/x"}) == ["n3"]
    assert fits({"do": "remove-pod", "pod": "default/x"}, {"do": "uncordon", "node": "n2"}) == ["n2", "n3"]


@pytest.mark.parametrize(("change", "nodes"), [
    ({"do": "uncordon", "node": "n2"}, ["n2"]),
    ({"do": "request", "resource": "cpu", "quantity": "500m"}, ["n3"]),
    ({"do": "request", "resource": "cpu", "quantity": "501m"}, []),
    ({"do": "free", "node": "n3", "resource": "cpu", "quantity": "500m"}, ["n3"]),
    ({"do": "free", "node": "n3", "resource": "cpu", "quantity": "499m"}, []),
    ({"do": "add-node", "like": "n3"}, ["n3-2"]),
    ({"do": "add-node", "like": "n2"}, ["n2-2"]),
    ({"do": "add-node", "like": "n1"}, []),
    ({"do": "tolerate", "taint": {"key": "a", "value": "b", "effect": "NoSchedule"}}, []),
    ({"do": "untaint", "node": "n1", "taint": {"key": "c", "effect": "NoSchedule"}}, []),
])
def test_one_change(change: Change, nodes: list[str]) -> None:
    assert fits(change) == nodes


def test_both_taints() -> None:
    tolerate: dict[str, Any] = {"do": "tolerate", "taint": {"key": "a", "value": "b", "effect": "NoSchedule"}}
    untaint = {"do": "untaint", "node": "n1", "taint": {"key": "c", "effect": "NoSchedule"}}
    assert fits(tolerate, untaint) == fits(untaint, tolerate) == ["n1"]
    assert fits({**tolerate, "taint": {**tolerate["taint"], "value": "x"}}, untaint) == []


def test_labels_and_selectors() -> None:
    choosy = pod("p", container(cpu="100m"), nodeSelector={"disk": "ssd"})
    assert fits(incoming=choosy) == []
    assert fits({"do": "label-node", "node": "n3", "labels": {"disk": "ssd"}}, incoming=choosy) == ["n3"]
    assert fits({"do": "drop-node-selector"}, incoming=choosy) == ["n3"]


def test_affinity() -> None:
    terms = [{"matchExpressions": [{"key": "disk", "operator": "In", "values": ["ssd"]}]}]
    picky = pod("p", container(cpu="100m"), affinity={
        "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}},
        "podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
            {"topologyKey": "kubernetes.io/hostname", "labelSelector": {}},
        ]},
    })
    assert fits({"do": "drop-affinity", "which": "node"}, incoming=picky) == []
    assert fits({"do": "drop-affinity", "which": "anti"}, incoming=picky) == []
    assert fits({"do": "drop-affinity"}, incoming=picky) == ["n3"]


def test_priority() -> None:
    raised = applied([{"do": "priority", "value": 1}], question()).answer()
    assert (raised.nominated, [victim["metadata"]["name"] for victim in raised.victims]) == ("n3", ["y"])


def test_strategy_and_weights() -> None:
    nodes = [node("full"), node("empty")]
    there, incoming = pod("z", container(cpu="2", memory="4Gi"), on="full"), pod("p", container(cpu="1", memory="2Gi"))
    asked = question_of(Reader(world(nodes, [there, incoming])), incoming)
    assert asked.answer().chosen == "empty"
    packed = applied([{"do": "strategy", "type": "MostAllocated"}], asked)
    assert packed.answer().chosen == "full"
    assert applied([{"do": "strategy", "type": "LeastAllocated"}], packed).answer() == asked.answer()
    weighed = applied([{"do": "weight", "plugin": "NodeResourcesFit", "weight": 7}], asked).answer()
    assert weighed.verdict("empty").scores["NodeResourcesFit"].weight == 7
    assert asked.profile.weights["NodeResourcesFit"] == 1


def test_a_preferred_node_wins_a_tie() -> None:
    asked = question(pod("p", container(cpu="1m")), [node("a"), node("b"), node("c")])
    assert asked.answer().chosen == "a"
    assert asked.answer("b").chosen == "b"
    assert asked.answer("b").message == "Successfully assigned default/p to b"
    assert asked.answer("nobody").chosen == "a"


def test_nothing_is_changed_for_good() -> None:
    asked = question()
    before = json.dumps([asked.pod, NODES, PODS]), asked.answer()
    for change in (
        {"do": "uncordon", "node": "n2"}, {"do": "remove-pod", "pod": "default/x"}, {"do": "add-node", "like": "n3"},
        {"do": "request", "resource": "cpu", "quantity": "1"}, {"do": "weight", "plugin": "ImageLocality", "weight": 9},
    ):
        applied([change], asked)
    assert (json.dumps([asked.pod, NODES, PODS]), asked.answer()) == before


@pytest.mark.parametrize("wanted", [0, 1, 99, 700, 701, 1500, 4000])
def test_requests_of_several_containers(wanted: int) -> None:
    several = pod("p", container("a", cpu="500m", memory="1Gi"), container("b", cpu="200m"), container("c"))
    changed = with_request(several, "cpu", wanted)
    assert resources.pod_requests(changed).get("cpu", 0) == wanted
    assert resources.pod_requests(changed)["memory"] == 2**30


def test_requests_of_init_containers_and_whole_pods() -> None:
    init = pod("p", container(cpu="100m"), initContainers=[container("i", cpu="2")])
    assert resources.pod_requests(with_request(init, "cpu", 300))["cpu"] == 300
    whole = pod("p", container(cpu="100m"), resources={"requests": {"cpu": "2"}})
    assert resources.pod_requests(with_request(whole, "cpu", 300))["cpu"] == 300


# --- from outside --------------------------------------------------------------------------------------------------------


HOSTILE: list[object] = [
    None, 1, [], "", "{", "null", "[]", "1", "{}", '{"do":1}', '{"do":"fly"}', {"do": None}, {"do": ["tolerate"]},
    {"do": "tolerate"}, {"do": "tolerate", "taint": "a"}, {"do": "tolerate", "taint": {"key": "a"}},
    {"do": "tolerate", "taint": {"key": "a", "effect": "Evict"}}, {"do": "tolerate", "taint": {"key": "a", "effect": []}},
    {"do": "tolerate", "taint": {"key": "a b", "effect": "NoSchedule"}},
    {"do": "tolerate", "taint": {"key": "a", "effect": "NoSchedule", "more": 1}},
    {"do": "tolerate", "taint": {"key": "a", "value": None, "effect": "NoSchedule"}},
    {"do": "untaint", "node": "n1", "taint": {"key": "z", "effect": "NoSchedule"}}, {"do": "untaint", "node": "n9"},
    {"do": "uncordon"}, {"do": "uncordon", "node": ["n1"]}, {"do": "uncordon", "node": "x" * 4000},
    {"do": "label-node", "node": "n1"}, {"do": "label-node", "node": "n1", "labels": {}},
    {"do": "label-node", "node": "n1", "labels": {"a": 1}}, {"do": "label-node", "node": "n1", "labels": {"a b": "c"}},
    {"do": "drop-affinity", "which": "all"}, {"do": "drop-affinity", "which": []},
    {"do": "request"}, {"do": "request", "resource": "cpu"}, {"do": "request", "resource": "cpu", "quantity": 1},
    {"do": "request", "resource": "cpu", "quantity": "-1"}, {"do": "request", "resource": "cpu", "quantity": "1e999999999"},
    {"do": "request", "resource": "a b", "quantity": "1"}, {"do": "request", "resource": [], "quantity": "1"},
    {"do": "remove-pod"}, {"do": "remove-pod", "pod": "x"}, {"do": "remove-pod", "pod": {"a": 1}},
    {"do": "free", "node": "n3", "resource": "cpu", "quantity": "99"}, {"do": "free", "node": "n3"},
    {"do": "add-node"}, {"do": "add-node", "like": "nobody"},
    {"do": "strategy"}, {"do": "strategy", "type": "Random"}, {"do": "strategy", "type": {}},
    {"do": "weight"}, {"do": "weight", "plugin": "NodeName", "weight": 1}, {"do": "weight", "plugin": [], "weight": 1},
    {"do": "weight", "plugin": "ImageLocality", "weight": 0}, {"do": "weight", "plugin": "ImageLocality", "weight": True},
    {"do": "weight", "plugin": "ImageLocality", "weight": 101}, {"do": "weight", "plugin": "ImageLocality", "weight": 1.5},
    {"do": "priority"}, {"do": "priority", "value": 10**10}, {"do": "priority", "value": "1"}, "[" * 5000, "x" * 5000,
]


@pytest.mark.parametrize("raw", HOSTILE, ids=lambda raw: str(raw)[:40])
def test_hostile(raw: object) -> None:
    with pytest.raises(ChangeError) as caught:
        applied(parsed([raw]), question())
    sentence = english(caught.value.word)
    assert sentence.endswith((".", "…"))
    assert len(sentence) < 400


def test_not_too_many() -> None:
    changes = [{"do": "priority", "value": value} for value in range(MAX_CHANGES + 1)]
    with pytest.raises(ChangeError):
        parsed(changes)
    assert len(parsed(changes[:-1])) == MAX_CHANGES


def test_the_same_twice_is_once() -> None:
    change = {"do": "add-node", "like": "n3"}
    assert parsed([change, json.dumps(change), {"like": "n3", "do": "add-node"}]) == [change]
    assert identity(change) == '{"do":"add-node","like":"n3"}'


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.sampled_from(["n1", "n3", "cpu", "1", "default/x", "MostAllocated", "NodeResourcesFit", "NoSchedule"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3), max_leaves=6,
)
_FIELDS = st.sampled_from([
    "node", "taint", "labels", "which", "resource", "quantity", "pod", "like", "type", "plugin", "weight", "value", "x",
])
_DOES = st.sampled_from([
    "tolerate", "untaint", "uncordon", "label-node", "drop-node-selector", "drop-affinity", "drop-spread", "request",
    "remove-pod", "free", "add-node", "strategy", "weight", "priority", "nothing",
])


@given(st.dictionaries(_FIELDS, _VALUES, max_size=5), _DOES)
def test_anything_is_done_or_refused(fields: dict[str, Any], do: str) -> None:
    try:
        changed = applied(parsed([{**fields, "do": do}]), question())
    except ChangeError as refusal:
        assert english(refusal.word)
    else:
        changed.answer()
