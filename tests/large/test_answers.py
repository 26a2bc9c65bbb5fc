"""Questions about a running large cluster."""

from __future__ import annotations

from cluster.large import answers
from cluster.large.cluster import LargeCluster
from cluster.large.plan import MACHINE_TYPES
from cluster.objects import times
from cluster.objects.kinds import pod as pods
from tests.large.counting import differences


def _cluster() -> LargeCluster:
    cluster = LargeCluster(120, seed=4)
    cluster.advance(10 * times.SECOND)
    cluster.command({"do": "add", "pods": 500})
    cluster.run(times.MINUTE)
    return cluster


def test_it_works() -> None:
    cluster = _cluster()
    found = answers.node(cluster, "c-node-0003")
    assert found is not None
    on_it = cluster.controllers.api.pods_on("c-node-0003")
    assert [row["name"] for row in found["rows"]] == [pod["metadata"]["name"] for pod in on_it]
    assert found["cpu"] == sum(pods.requests(pod)["cpu"] for pod in on_it)
    assert found["status"] == "True"
    assert found["silent_for"] is None
    assert {row["status"] for row in found["rows"]} == {"Running"}
    assert answers.node(cluster, "z-node-0000") is None


def test_a_silent_node_says_for_how_long() -> None:
    cluster = _cluster()
    cluster.command({"do": "stop", "nodes": 1})
    cluster.advance(90 * times.SECOND)
    name = next(node.name for node in cluster.inventory.nodes if node.silent)
    found = answers.node(cluster, name)
    assert found is not None
    assert found["silent_for"] == 90
    assert found["status"] == "Unknown"
    assert any(taint.startswith("node.kubernetes.io/unreachable") for taint in found["taints"])


def test_pages_are_ordered_and_complete() -> None:
    cluster = _cluster()
    seen = [row["name"] for number in (1, 2, 3) for row in answers.page(cluster, number, "name")["rows"]]
    assert seen == sorted(cluster.inventory.node_of)
    for order in ("cpu", "memory", "pods", "churn"):
        page = answers.page(cluster, 1, order)
        shares = [
            row[order] / row[f"{order}_capacity"] if order in ("cpu", "memory") else cluster.inventory.churn[row["index"]]
            if order == "churn" else row["pods"] for row in page["rows"]
        ]
        assert shares == sorted(shares, reverse=True)
    assert answers.page(cluster, 99, "name")["page"] == 3
    assert answers.page(cluster, -1, "nonsense")["page"] == 1


def test_finding_by_a_part_of_the_name() -> None:
    cluster = _cluster()
    assert answers.find(cluster, "A-node-0007") == [{"kind": "node", "name": "a-node-0007", "node": "a-node-0007"}]
    record = next(iter(cluster.inventory.pods.values()))
    found = answers.find(cluster, record.name[-9:])
    assert {"kind": "pod", "name": record.name, "node": cluster.inventory.nodes[record.node].name} in found
    assert len(answers.find(cluster, "o")) == answers.FOUND
    assert answers.find(cluster, "  ") == []
    assert answers.find(cluster, "<script>") == []


def test_a_decision_is_explained_by_making_it_again() -> None:
    cluster = _cluster()
    before = cluster.world
    record = next(record for record in cluster.inventory.pods.values() if record.workload.owner == "web")
    found = answers.explain(cluster, record.key)
    assert found is not None
    assert found["nodes"] == 120
    assert found["feasible"] + sum(group["count"] for group in found["stopped"]) == 120
    assert found["scores"][0]["node"] == found["node"] == cluster.inventory.nodes[record.node].name
    assert found["best"] == max(scores["total"] for scores in found["scores"])
    assert 1 <= found["place"] <= found["feasible"]
    assert all(scores["total"] == sum(p["weighted"] for p in scores["plugins"]) for scores in found["scores"])
    # The reserved machines stopped it.
    reserved = [node.name for node in cluster.inventory.nodes if MACHINE_TYPES[node.planned.kind].taints]
    assert reserved
    assert [(group["plugin"], group["count"]) for group in found["stopped"]] == [("TaintToleration", len(reserved))]
    assert cluster.world == before
    assert differences(cluster) == []
    assert answers.explain(cluster, ("default", "nobody")) is None


def test_a_pod_that_waits_is_explained_too() -> None:
    cluster = LargeCluster(5)
    cluster.advance(10 * times.SECOND)
    cluster.command({"do": "add", "pods": 600})
    cluster.advance(2 * times.MINUTE)
    key = next(record.key for record in cluster.inventory.pods.values() if record.node < 0)
    found = answers.explain(cluster, key)
    assert found is not None
    assert (found["node"], found["would_choose"], found["feasible"], found["place"]) == ("", "", 0, None)
    assert found["message"].startswith("0/5 nodes are available")
    assert differences(cluster) == []


def test_the_explanation_agrees_with_the_decision() -> None:
    """What the array path chose is among the best of the readable path a moment before it was bound."""
    cluster = LargeCluster(60, seed=9)
    cluster.advance(10 * times.SECOND)
    cluster.command({"do": "add", "pods": 1})
    cluster.run(times.MINUTE)
    record = next(iter(cluster.inventory.pods.values()))
    found = answers.explain(cluster, record.key)
    assert found is not None
    # Only the image that it brought speaks for its node more than before.
    assert found["place"] == 1
