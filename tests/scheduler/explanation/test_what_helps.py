"""What would change a decision: the smallest single changes, each of them tried."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from cluster.apiserver.reader import Reader
from cluster.objects import quantity
from cluster.objects.documents import Document
from cluster.scheduler.explanation import texts
from cluster.scheduler.explanation.explain import question_of
from cluster.scheduler.explanation.what_helps import MAX_OF_A_KIND, MAX_PROPOSALS, Proposal, proposals
from cluster.scheduler.explanation.what_if import Change, Question, applied
from tests.scheduler.builders import container, node, pod, taint
from tests.scheduler.explained import told, world


def question(incoming: Document, nodes: list[Document], pods: list[Document] | None = None) -> Question:
    return question_of(Reader(world(nodes, [*(pods or []), incoming])), incoming)


def found(incoming: Document, nodes: list[Document], pods: list[Document] | None = None) -> list[Proposal]:
    asked = question(incoming, nodes, pods)
    return proposals(asked, asked.answer())


def changes(incoming: Document, nodes: list[Document], pods: list[Document] | None = None) -> list[Change]:
    return [proposal.change for proposal in found(incoming, nodes, pods)]


def small(name: str, on: str, cpu: str, **spec: Any) -> Document:
    return pod(name, container(cpu=cpu), on=on, **spec)


def test_it_works() -> None:
    nodes, pods = [node("n1")], [small("big", "n1", "3"), small("tiny", "n1", "400m"), small("medium", "n1", "600m")]
    assert changes(pod("p", container(cpu="500m")), nodes, pods) == [
        {"do": "request", "resource": "cpu", "quantity": "0"},
        {"do": "remove-pod", "pod": "default/medium"},
        {"do": "free", "node": "n1", "resource": "cpu", "quantity": "500m"},
        {"do": "priority", "value": 1},
        {"do": "add-node", "like": "n1"},
        {"do": "remove-pod", "pod": "default/big"},
    ]


@pytest.mark.parametrize(("cordoned", "taints", "expected"), [
    (True, [], [{"do": "uncordon", "node": "n1"}]),
    (False, [taint("a", "b")], [
        {"do": "tolerate", "taint": taint("a", "b")}, {"do": "untaint", "node": "n1", "taint": taint("a", "b")},
    ]),
    (False, [taint("node.kubernetes.io/not-ready")], []),
])
def test_closed_nodes(cordoned: bool, taints: list[Document], expected: list[Change]) -> None:
    got = changes(pod("p", container(cpu="1")), [node("n1", cordoned=cordoned, taints=taints)])
    assert got[: len(expected)] == expected
    assert {change["do"] for change in got[len(expected) :]} <= {"add-node"}


def test_two_obstacles_need_two_changes() -> None:
    got = changes(pod("p", container(cpu="9")), [node("n1", cordoned=True), node("n2", taints=[taint("a"), taint("b")])])
    assert got == []
    answer = told(pod("p", container(cpu="9")), [node("n1", cordoned=True)])
    assert "pending.no-single-change" in [word["key"] for word in answer["words"]]


@pytest.mark.parametrize(("spec", "labels"), [
    ({"nodeSelector": {"disk": "ssd", "zone": "a"}}, {"disk": "ssd"}),
    ({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
        {"matchExpressions": [{"key": "disk", "operator": "In", "values": ["nvme", "ssd"]}]}]}}}}, {"disk": "nvme"}),
    ({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
        {"matchExpressions": [{"key": "gpu", "operator": "Exists"}, {"key": "zone", "operator": "NotIn", "values": ["b"]}]},
    ]}}}}, {"gpu": "true"}),
    ({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
        {"matchExpressions": [{"key": "cores", "operator": "Gt", "values": ["7"]}]}]}}}}, {"cores": "8"}),
])
def test_labels(spec: Document, labels: dict[str, str]) -> None:
    got = changes(pod("p", container(cpu="1"), **spec), [node("n1", labels={"zone": "a", "disk": "hdd"})])
    assert got[0] == {"do": "label-node", "node": "n1", "labels": labels}
    assert got[1] in ({"do": "drop-node-selector"}, {"do": "drop-affinity", "which": "node"})


def test_no_label_can_help() -> None:
    terms = [{"matchExpressions": [{"key": "zone", "operator": "DoesNotExist"}]}]
    spec = {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}}
    got = changes(pod("p", container(cpu="1"), **spec), [node("n1", labels={"zone": "a"})])
    assert got == [{"do": "drop-affinity", "which": "node"}]


def test_ports() -> None:
    there = [pod("x", container(host_port=80), on="n1"), pod("y", container(host_port=81), on="n1")]
    assert changes(pod("p", container(host_port=80)), [node("n1")], there)[0] == {"do": "remove-pod", "pod": "default/x"}


def test_owned_and_system_pods_are_spared() -> None:
    owned = small("a-owned", "n1", "2")
    owned["metadata"]["ownerReferences"] = [{"kind": "ReplicaSet", "name": "r", "uid": "r", "controller": True}]
    system = small("a-system", "n1", "1")
    system["metadata"]["namespace"] = "kube-system"
    got = [one["pod"] for one in changes(pod("p", container(cpu="1")), [node("n1")], [owned, system, small("z", "n1", "1")])
           if one["do"] == "remove-pod"]
    assert got == ["default/z", "default/a-owned"]


def test_never_preempting() -> None:
    got = changes(pod("p", container(cpu="3"), preemptionPolicy="Never"), [node("n1")], [small("x", "n1", "2")])
    assert "priority" not in {change["do"] for change in got}


# --- another node wins ------------------------------------------------------------------------------------------------------


def test_another_node_wins() -> None:
    nodes = [node("n1"), node("n2")]
    got = found(pod("p", container(cpu="1", memory="2Gi")), nodes, [small("x", "n2", "500m")])
    assert {"do": "remove-pod", "pod": "default/x"} not in [proposal.change for proposal in got if proposal.wins]
    strategy = next(proposal for proposal in got if proposal.change["do"] == "strategy")
    assert strategy.wins
    assert strategy.decision.chosen == "n2"


def test_the_nearest_weight() -> None:
    nodes = [node("n1", taints=[taint("a", effect="PreferNoSchedule")]), node("n2")]
    incoming = pod("p", container(cpu="1", memory="2Gi"))
    asked = question(incoming, nodes, [small("x", "n2", "2")])
    base = asked.answer()
    assert base.chosen == "n2"
    weights = [one.change for one in proposals(asked, base) if one.change["do"] == "weight"]
    assert weights
    for change in weights:
        now, step = asked.profile.weights[change["plugin"]], 1
        step = 1 if change["weight"] > now else -1
        assert applied([change], asked).answer("n2").chosen == "n1"
        nearer = {**change, "weight": change["weight"] - step}
        if nearer["weight"] != now:
            assert applied([nearer], asked).answer("n2").chosen == "n2"


# --- exactness and bounds ---------------------------------------------------------------------------------------------------


def crowd(seed: int) -> tuple[Document, list[Document], list[Document]]:
    """A Pod that fits nowhere for want of CPU or memory, or of several things."""
    random = Random(seed)
    nodes = [
        node(f"n{number}", cpu=str(random.randint(2, 8)), memory=f"{random.randint(2, 16)}Gi", cordoned=random.random() < 0.2)
        for number in range(random.randint(1, 8))
    ]
    pods = [
        pod(f"x{number}", container(cpu=f"{random.randint(1, 15) * 100}m", memory=f"{random.randint(1, 1500)}Mi"),
            on=random.choice(nodes)["metadata"]["name"])
        for number in range(random.randint(0, 20))
    ]
    return pod("p", container(cpu=f"{random.randint(1, 9)}", memory=f"{random.randint(1, 17)}Gi")), nodes, pods


@pytest.mark.parametrize("seed", range(60))
def test_no_smaller_change_would_do(seed: int) -> None:
    asked = question(*crowd(seed))
    base = asked.answer()
    for proposal in proposals(asked, base):
        change = proposal.change
        assert applied([change], asked).answer(base.chosen) == proposal.decision
        if base.chosen or change["do"] not in ("request", "free"):
            continue
        amount = quantity.parse(change["quantity"])
        least = quantity.parse("1m") if change["resource"] == "cpu" else 1
        nearer = amount + least if change["do"] == "request" else amount - least
        text = texts.exact(change["resource"], int(nearer * 1000) if change["resource"] == "cpu" else int(nearer))
        before = applied([{**change, "quantity": text}], asked).answer()
        where = change.get("node")
        assert where not in before.feasible if where else before.feasible == ()


@pytest.mark.parametrize("seed", range(60, 90))
def test_bounds(seed: int) -> None:
    got = found(*crowd(seed))
    assert len(got) <= MAX_PROPOSALS
    kinds = [proposal.change["do"] for proposal in got]
    assert all(kinds.count(kind) <= MAX_OF_A_KIND for kind in kinds)
    assert [proposal.wins for proposal in got] == sorted((proposal.wins for proposal in got), reverse=True)


def test_large_clusters_are_asked_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    nodes = [node(f"n{number}", cordoned=number % 3 == 0, labels={"zone": str(number)}) for number in range(600)]
    asked = question(pod("p", container(cpu="5")), nodes)
    base = asked.answer()
    asking: list[Question] = []
    answer = Question.answer

    def counted(self: Question, prefer: str = "") -> Any:
        asking.append(self)
        return answer(self, prefer)

    monkeypatch.setattr(Question, "answer", counted)
    proposals(asked, base)
    assert 0 < len(asking) <= 8
