"""Explanations: the standing of a Pod, the matrix, the sentences."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from cluster.apiserver.reader import Reader
from cluster.apiserver.state import MEMORY
from cluster.objects.documents import Document
from cluster.scheduler.explanation.explain import Case, Recorded, explain, recorded_for
from tests.scheduler.builders import container, node, pod, taint
from tests.scheduler.explained import bound, changes, row, sentences, told, world


def asking(cpu: str = "500m", memory: str = "512Mi", **spec: Any) -> Document:
    return pod("p", container(cpu=cpu, memory=memory), **spec)


def filler(name: str, on: str, cpu: str, memory: str = "64Mi", **spec: Any) -> Document:
    return pod(name, container(cpu=cpu, memory=memory), on=on, **spec)


NODES = [
    node("n1", taints=[taint("dedicated", "gpu")]), node("n2"), node("n3"), node("n4", cordoned=True), node("n10"),
]
PODS = [filler("full", "n2", "3700m"), filler("half", "n3", "1")]


def test_it_works() -> None:
    answer = explain(bound(asking(), NODES, PODS))
    json.dumps(answer)
    assert answer["situation"] == "placed"
    assert answer["decided_at"] == {"revision": 7, "t": 1000}
    assert [row["node"] for row in answer["rows"]] == ["n1", "n2", "n3", "n4", "n10"]
    assert [row["verdict"] for row in answer["rows"]] == ["filtered", "filtered", "feasible", "filtered", "chosen"]
    chosen, other = row(answer, "n10"), row(answer, "n3")
    assert chosen["total"] is not None
    assert chosen["total"] == sum(score["weighted"] for score in chosen["scores"].values())
    assert answer["decision"] is not None
    assert (answer["decision"]["runner_up"], answer["decision"]["tie"]) == ("n3", None)
    assert sentences(answer, "summary") == [
        "The scheduler filtered out 3 of 5 nodes and scored 2. n10 wins with "
        f"{chosen['total']} points, {chosen['total'] - (other['total'] or 0)} more than n3, mostly for Free space."
    ]
    assert sentences(answer, "nodes")[:2] == [
        "n1 has the taint dedicated=gpu:NoSchedule, which the Pod does not tolerate.",
        "n2 has too little cpu: the Pod needs 500m, 300m of 4 is free.",
    ]
    assert sentences(answer, "nodes")[3] == "n4 is cordoned: it takes no new Pods."


def test_cells() -> None:
    answer = told(asking(), NODES, PODS)
    plugins = [column["plugin"] for column in answer["columns"]["filters"] if not column["idle"]]
    assert plugins[:3] == ["NodeUnschedulable", "NodeName", "TaintToleration"]
    assert [row(answer, "n1")["cells"][name] for name in plugins] == ["pass", "pass", "stopped", "not-run"]
    assert [row(answer, "n4")["cells"][name] for name in plugins] == ["stopped", "not-run", "not-run", "not-run"]
    assert [row(answer, "n10")["cells"][name] for name in plugins] == ["pass"] * 4
    idle = [column["plugin"] for column in answer["columns"]["filters"] if column["idle"]]
    assert {"NodePorts", "NodeAffinity", "PodTopologySpread", "InterPodAffinity", "VolumeBinding"} <= set(idle)
    assert all(row(answer, "n1")["cells"][name] == "idle" for name in idle)


def test_score_columns() -> None:
    answer = told(asking(), NODES, PODS)
    active = {column["plugin"]: column["weight"] for column in answer["columns"]["scores"] if not column["idle"]}
    assert active == {
        "TaintToleration": 3, "NodeResourcesFit": 1, "NodeResourcesBalancedAllocation": 1, "ImageLocality": 1,
    }
    assert answer["columns"]["scored"]
    fit = row(answer, "n3")["scores"]["NodeResourcesFit"]
    # n3 has 4 CPUs and 8Gi; 1500m and 576Mi are taken then.
    assert fit["detail"] == {"key": "score.free", "args": {"shares": ["cpu 63%", "memory 93%"]}}
    assert fit["weighted"] == fit["normalized"] * fit["weight"]


def test_what_is_used() -> None:
    used = row(told(asking(), NODES, PODS), "n2")["used"]
    assert (used["cpu"], used["cpu_free"], used["cpu_allocatable"]) == ("3700m", "300m", "4")
    assert (used["memory"], used["memory_free"], used["pods"]) == ("64Mi", "8128Mi", "1")


def test_one_node_left() -> None:
    answer = told(asking("3"), NODES, [*PODS, filler("x", "n10", "2")])
    assert not answer["columns"]["scored"]
    assert answer["rows"][2]["scores"] == {}
    assert "only n3 was possible" in sentences(explain(bound(asking("3"), NODES, [*PODS, filler("x", "n10", "2")])), "summary")[0]


def test_a_tie() -> None:
    answer = explain(bound(asking(), [node("n1"), node("n2"), node("n3", cordoned=True)]))
    assert answer["decision"] is not None
    assert answer["decision"]["tie"] == {"nodes": ["n1", "n2"], "drawn": "n1"}
    assert answer["decision"]["deciding"] is None
    assert "as many as n2: chance decided" in sentences(answer, "summary")[0]
    assert "Chance drew n1" in sentences(answer, "tie")[0]
    assert [one for one in sentences(answer, "nodes") if "same" in one]


def test_nobody_has_drawn_yet() -> None:
    """What would be a tie is no draw: not for a Pod that waits, and not with changes made in thought."""
    nodes = [node("n1"), node("n2"), node("n3", cordoned=True)]
    waiting = told(asking(schedulingGates=[{"name": "example.com/a"}]), nodes)
    changed = explain(bound(asking(), nodes), [{"do": "request", "resource": "cpu", "quantity": "100m"}])
    for answer in (waiting, changed):
        (sentence,) = sentences(answer, "tie")
        assert sentence.endswith("points: chance would decide between them.")


def test_the_emptiest_node_was_filtered() -> None:
    nodes = [node("big", cpu="32", taints=[taint("a")]), node("n1"), node("n2")]
    answer = explain(bound(asking(), nodes, [filler("x", "n1", "1")]))
    assert sentences(answer, "emptiest") == [
        "big has the most room (32 cpu, 8Gi memory free), but it did not come into question: Taints stopped it."
    ]


def test_the_emptiest_node_was_outvoted() -> None:
    nodes = [node("n1", taints=[taint("a", effect="PreferNoSchedule")]), node("n2")]
    answer = explain(bound(asking(), nodes, [filler("x", "n2", "1", "1Gi")]))
    assert answer["pod"]["node"] == "n2"
    (sentence,) = sentences(answer, "emptiest")
    assert sentence.startswith("n1 has the most room (4 cpu, 8Gi memory free) and leads in Free space by ")
    assert sentence.endswith("But Taints gives n2 300 points more.")
    assert row(answer, "n2")["deciding"] == "TaintToleration"
    assert "each of its points counts 3 times" in sentences(answer, "here")[0]


# --- why it waits --------------------------------------------------------------------------------------------------------


def test_no_node_fits() -> None:
    answer = told(asking("30"), NODES, PODS)
    assert answer["situation"] == "pending"
    assert answer["live"]
    assert sentences(answer, "summary") == [
        "p waits for its turn: the scheduler has not tried it yet. As things are, no node fits."
    ]
    case = bound(asking("30"), NODES, PODS)
    assert sentences(explain(case), "summary") == ["The scheduler finds no node for p: none of 5 nodes fits."]


def test_no_nodes() -> None:
    answer = explain(bound(asking(), []))
    assert sentences(answer, "summary") == ["The scheduler finds no node for p: the cluster has no nodes."]
    assert answer["rows"] == []
    assert answer["changes"] == []


def test_it_would_fit_now() -> None:
    case = bound(asking("30"), [node("n1")])
    later = replace(case, now=Reader(world([node("n1"), node("n2", cpu="64")], [case.pod])))
    answer = explain(later)
    assert answer["live"]
    assert answer["decided_at"] == {"revision": 7, "t": 1000}
    assert sentences(answer, "summary")[0].startswith("p still waits, but 1 of 2 nodes would take it now: n2 wins as soon as")


def test_the_same_as_before_is_not_new() -> None:
    assert not explain(bound(asking("30"), NODES))["live"]


def test_gated() -> None:
    answer = told(asking(schedulingGates=[{"name": "a"}, {"name": "b"}]), NODES)
    assert answer["situation"] == "gated"
    assert sentences(answer, "summary") == ["The scheduler does not look at p until its gates are removed: a, b."]
    assert answer["rows"]
    assert "would win" in sentences(answer, "pending")[0]


def test_another_scheduler() -> None:
    answer = told(asking(schedulerName="mine"), NODES)
    assert answer["situation"] == "foreign"
    assert "asks for the scheduler mine" in sentences(answer, "summary")[0]
    assert sentences(answer, "pending")[0] == "Schedulers that run here: default-scheduler."


def test_the_scheduler_is_off() -> None:
    answer = told(asking(), NODES, off=["default-scheduler"])
    assert answer["situation"] == "off"
    assert sentences(answer, "summary") == ["The scheduler is switched off: nobody looks for a node for p."]


def test_being_deleted() -> None:
    leaving = asking()
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    answer = told(leaving, NODES)
    assert (answer["situation"], answer["decision"], answer["rows"], answer["changes"]) == ("leaving", None, [], [])


def test_ended_without_a_node() -> None:
    ended = asking() | {"status": {"phase": "Failed"}}
    assert told(ended, NODES)["situation"] == "finished"


def test_placed_without_a_record() -> None:
    answer = told(pod("p", container(cpu="1"), on="n2"), NODES)
    assert answer["situation"] == "unscheduled"
    assert "no decision about it is kept" in sentences(answer, "summary")[0]
    # As if it had no node yet: it does not take room itself.
    assert row(answer, "n2")["used"]["cpu"] == "0"


def test_state_of_then_is_gone() -> None:
    case = bound(asking(), NODES, PODS)
    assert case.recorded is not None
    answer = explain(replace(case, recorded=replace(case.recorded, before=None)), ['{"do":"drop-spread"}'])
    assert answer["decision"] is not None
    assert answer["decision"]["chosen"] == "n10"
    assert row(answer, "n3")["used"]["cpu"] == ""
    assert answer["changes"] == []
    assert answer["problem"] == {"key": "problem.nothing", "args": {}}


def test_a_namesake() -> None:
    old, new = asking(), asking()
    old["metadata"]["uid"] = "older"
    assert recorded_for(new, {"chosen": ""}, 3, 0, world([], [old])) is None
    assert recorded_for(old, {"chosen": ""}, 3, 0, world([], [old])) is not None
    new["metadata"]["creationTimestamp"] = "2026-01-01T00:00:10Z"
    assert recorded_for(new, {"chosen": ""}, 3, 0, None) is None


def test_rejected_before_any_node() -> None:
    stuck = asking(affinity={"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
        {"matchFields": [
            {"key": "metadata.name", "operator": "In", "values": ["n1"]},
            {"key": "metadata.name", "operator": "In", "values": ["n2"]},
        ]},
    ]}}})
    answer = told(stuck, NODES)
    cells = row(answer, "n3")["cells"]
    assert (cells["NodeUnschedulable"], cells["NodeAffinity"], cells["NodeResourcesFit"]) == ("not-run", "stopped", "not-run")
    assert sentences(answer, "nodes") == [
        "NodeAffinity rejects the Pod before any node is looked at: pod affinity terms conflict."
    ]


def test_only_named_nodes() -> None:
    named = asking(affinity={"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
        {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n2"]}]},
    ]}}})
    answer = told(named, NODES)
    assert row(answer, "n3")["cells"]["NodeUnschedulable"] == "not-run"
    assert "Only n2 can be meant by the Pod, not n3 (NodeAffinity)." in sentences(answer, "nodes")


def test_its_node_is_prepared() -> None:
    case = bound(asking(), NODES, PODS)
    assert case.recorded is not None
    waiting = case.recorded.before.get("pods", "default", "p") if case.recorded.before else None
    assert waiting is not None
    row_of_queue = {"place": "binding", "attempts": 0, "plugins": [], "expires": 0, "binding": {"node": "n10"}}
    now = world(NODES, [*PODS, waiting]).with_row(MEMORY, ("default-scheduler", "pod", "default/p"), row_of_queue)
    answer = explain(replace(case, pod=waiting, now=Reader(now)))
    assert answer["situation"] == "binding"
    assert sentences(answer, "summary") == [
        "The scheduler has chosen n10 for p and prepares there what it needs before it is bound."
    ]
    assert row(answer, "n10")["verdict"] == "chosen"
    other = explain(Case(asking() | {"metadata": {**waiting["metadata"], "name": "q", "uid": "q"}}, Reader(now)))
    assert row(other, "n10")["used"]["cpu"] == "500m"


def test_the_queue_is_told() -> None:
    case = bound(asking("30"), NODES, PODS)
    queued = {"place": "backoff", "attempts": 3, "plugins": ["NodeResourcesFit"], "expires": 2000}
    memory = case.now.world.with_row(MEMORY, ("default-scheduler", "pod", "default/p"), queued)
    assert sentences(explain(replace(case, now=Reader(memory))), "pending")[:2] == [
        "It was tried 3 times; the last time no node fitted.",
        "It backs off for another 3 seconds before it is tried again.",
    ]
    waits = memory.with_row(MEMORY, ("default-scheduler", "pod", "default/p"), queued | {"place": "unschedulable"})
    assert sentences(explain(replace(case, now=Reader(waits))), "pending")[1] == (
        "It is tried again as soon as a change could satisfy NodeResourcesFit, and after 5 minutes at the latest."
    )


# --- sentences about nodes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("wish", "there", "sentence"), [
    ({"cpu": "9"}, {}, "n1 is too small: the Pod needs 9 cpu, and even empty it has only 4."),
    ({"cpu": "3900m", "memory": "8Gi"}, {}, "n1 has too little of 2 resources; needed and free: cpu 3900m > 3500m, "
                                            "memory 8Gi > 8128Mi."),
    ({"example.com_gpu": "1"}, {}, "n1 has no example.com/gpu at all; the Pod needs 1."),
    ({}, {"pods": "1"}, "n1 is full: it holds 1 of at most 1 Pods."),
])
def test_resources(wish: dict[str, str], there: dict[str, str], sentence: str) -> None:
    wishes = {name.replace("example.com_gpu", "example.com/gpu"): text for name, text in wish.items()}
    incoming = pod("p", container(**wishes))
    answer = told(incoming, [node("n1", **there)], [filler("x", "n1", "500m")])
    assert sentences(answer, "nodes") == [sentence]


@pytest.mark.parametrize(("spec", "sentence"), [
    ({"nodeSelector": {"disk": "ssd"}}, "n1 has disk=hdd; the Pod's nodeSelector asks for disk=ssd."),
    ({"nodeSelector": {"gpu": "yes"}}, "n1 lacks the label gpu=yes, which the Pod's nodeSelector asks for."),
    ({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
        {"matchExpressions": [{"key": "disk", "operator": "NotIn", "values": ["hdd"]}]}]}}}},
     "n1 does not match the Pod's required node affinity: disk NotIn [hdd]."),
    ({"topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule",
                                     "labelSelector": {"matchLabels": {"app": "web"}}}]},
     "n1 has no label zone, by which the Pod has to be spread."),
    ({"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
        {"labelSelector": {"matchLabels": {"app": "db"}}, "topologyKey": "disk"}]}}},
     "n1 is in disk hdd, where none of the Pods is that this one has to be near: app=db."),
    ({"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
        {"labelSelector": {"matchLabels": {"app": "web"}}, "topologyKey": "kubernetes.io/hostname"}]}}},
     "n1 is in the same kubernetes.io/hostname (n1) as web, and the Pod keeps away from such Pods: app=web."),
])
def test_rules(spec: dict[str, Any], sentence: str) -> None:
    web = filler("web", "n1", "1m")
    web["metadata"]["labels"] = {"app": "web"}
    assert sentences(told(asking(**spec), [node("n1", labels={"disk": "hdd"})], [web]), "nodes") == [sentence]


def test_ports() -> None:
    answer = told(pod("p", container(host_port=8080)), [node("n1")], [pod("x", container(host_port=8080), on="n1")])
    assert sentences(answer, "nodes") == ["n1 has another Pod on 8080/TCP."]


def test_uneven_spreading() -> None:
    constraint = {
        "maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "web"}},
    }
    webs = [pod(f"web-{number}", on="n1") for number in (1, 2)]
    incoming = asking("5", topologySpreadConstraints=[constraint])
    for each in (*webs, incoming):
        each["metadata"]["labels"] = {"app": "web"}
    answer = told(incoming, [node("n1", labels={"zone": "a"}, cpu="9"), node("n2", labels={"zone": "b"})], webs)
    assert sentences(answer, "nodes")[0] == (
        "On n1 the Pods would be spread too unevenly by zone: a has 2 of them already and the emptiest place has 0; "
        "that would be a difference of 3, and 1 is allowed."
    )
    assert {"do": "drop-spread"} in changes(answer)


def test_keeps_others_away() -> None:
    hermit = filler("hermit", "n1", "1m", affinity={"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
        {"labelSelector": {"matchLabels": {"app": "web"}}, "topologyKey": "kubernetes.io/hostname"}]}})
    incoming = asking()
    incoming["metadata"]["labels"] = {"app": "web"}
    answer = told(incoming, [node("n1")], [hermit])
    assert sentences(answer, "nodes") == [
        "n1 is in the same kubernetes.io/hostname (n1) as hermit, which keeps Pods like this one away."
    ]
    assert changes(answer)[0] == {"do": "remove-pod", "pod": "default/hermit"}


# --- preemption ---------------------------------------------------------------------------------------------------------------


def test_preemption() -> None:
    urgent = asking("3", priority=1000)
    low, high = filler("low", "n1", "2", priority=1), filler("high", "n2", "2", priority=500)
    case = bound(urgent, [node("n1"), node("n2")], [low, high])
    waiting = {**case.pod, "status": {**case.pod["status"], "nominatedNodeName": "n1"}}
    answer = explain(replace(case, pod=waiting))
    assert answer["situation"] == "nominated"
    assert sentences(answer, "summary") == [
        "The scheduler finds no room for p and makes some: n1 is nominated, and 1 less important Pod has to leave."
    ]
    assert sentences(answer, "preemption") == [
        "On n1 these Pods are less important and make room: low.",
        "n1 was preferred to n2: its most important victim matters less.",
    ]


def test_preemption_cannot_help() -> None:
    answer = told(asking("3"), [node("n1")], [filler("x", "n1", "2")])
    assert sentences(answer, "preemption")[0].startswith("Making room does not help either: 0/1 nodes are available:")


def test_room_was_made() -> None:
    awaited = asking("3", priority=1000) | {"status": {"phase": "Pending", "nominatedNodeName": "n2"}}
    answer = explain(bound(awaited, [node("n1"), node("n2")]))
    assert answer["pod"]["node"] == "n2"
    assert "preemption made room there for it" in sentences(answer, "summary")[0]
    assert row(answer, "n1")["verdict"] == "not-looked-at"
    assert sentences(answer, "nodes") == ["1 node was not looked at: n2 was tried before them."]


# --- many nodes ----------------------------------------------------------------------------------------------------------------


def test_many_nodes() -> None:
    nodes = [node(f"n{number}", cpu=str(1 + number % 3), cordoned=number % 10 == 0) for number in range(400)]
    case = bound(asking("1500m"), nodes)
    assert case.recorded is not None
    why = case.recorded.why
    assert len(why["nodes"]) <= 10
    assert why["summary"]["feasible"] >= 100
    assert len(json.dumps(why)) < 10_000
    answer = explain(case)
    assert answer["nodes"] == 400
    assert len(answer["rows"]) <= 60
    assert row(answer, answer["pod"]["node"])["verdict"] == "chosen"
    assert {(group["plugin"], group["reason"]) for group in answer["groups"]} == {
        ("NodeUnschedulable", "node(s) were unschedulable"), ("NodeResourcesFit", "Insufficient cpu"),
    }
    assert any("not looked at" in sentence for sentence in sentences(answer, "nodes"))
    assert answer["decision"] is not None
    assert answer["decision"]["nodes"] == []


def test_many_nodes_and_nothing_else_is_kept() -> None:
    case = bound(asking("1500m"), [node(f"n{number}", cordoned=number % 2 == 0) for number in range(300)])
    assert case.recorded is not None
    answer = explain(Case(case.pod, case.now, Recorded(case.recorded.why, 7, 1000, None)))
    assert answer["nodes"] == case.recorded.why["summary"]["nodes"]
    assert answer["groups"][0]["plugin"] == "NodeUnschedulable"
    assert row(answer, answer["pod"]["node"])["verdict"] == "chosen"


# --- what-ifs ----------------------------------------------------------------------------------------------------------


def test_changes_are_made_in_place() -> None:
    case = bound(asking(), NODES, PODS)
    change = {"do": "remove-pod", "pod": "default/full"}
    answer = explain(case, [change])
    assert row(answer, "n2")["verdict"] != "filtered"
    assert {"NodeResourcesFit", "verdict", "total"} <= set(row(answer, "n2")["changed"])
    assert row(answer, "n1")["changed"] == []
    assert answer["before"] is not None
    assert [before["verdict"] for before in answer["before"] if before["node"] == "n2"] == ["filtered"]
    assert [one["change"] for one in answer["changes"] if one["active"]] == [change]
    assert sentences(answer, "summary")[0].startswith("With this changed, ")


def test_a_new_node_is_all_new() -> None:
    answer = told(asking("30"), [node("n1")], changes=[{"do": "add-node", "like": "n1"}])
    assert {"verdict", "NodeResourcesFit"} <= set(row(answer, "n1-2")["changed"])


def test_a_wrong_change_changes_nothing() -> None:
    plain, wrong = told(asking(), NODES), told(asking(), NODES, changes=[{"do": "uncordon", "node": "nobody"}])
    assert wrong["problem"] == {"key": "problem.node", "args": {"node": "nobody"}}
    assert {**wrong, "problem": None} == plain
