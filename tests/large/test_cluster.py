"""A large cluster from empty to ready, and what a user can do to it. Small here: the numbers do not matter."""

from __future__ import annotations

from itertools import pairwise

import pytest

from cluster.apiserver.state import Change
from cluster.large.cluster import LargeCluster
from cluster.large.commands import MAX_PODS, Refused
from cluster.large.inventory import NODES, PODS
from cluster.objects import metadata, times
from cluster.objects.kinds import node as nodes
from cluster.objects.kinds import pod as pods
from tests.large.counting import differences

MINUTE = times.MINUTE


def _filled(pods_wanted: int = 400, size: int = 60, seed: int = 1) -> LargeCluster:
    cluster = LargeCluster(size, seed=seed)
    cluster.advance(10 * times.SECOND)
    cluster.command({"do": "add", "pods": pods_wanted})
    cluster.run(5 * MINUTE)
    return cluster


def test_it_works() -> None:
    cluster = LargeCluster(60, seed=1)
    cluster.advance(10 * times.SECOND)
    assert [len(cluster.world.table(NODES)), sum(node.ready for node in cluster.inventory.nodes)] == [60, 60]
    cluster.command({"do": "add", "pods": 400})
    cluster.run(5 * MINUTE)
    assert not cluster.is_busy()
    found = list(cluster.world.table(PODS).values())
    assert len(found) == 400
    assert all(pods.is_ready(pod) for pod in found)
    statuses = [deployment["status"] for deployment in cluster.world.table("deployments.apps").values()]
    assert sum(status["availableReplicas"] for status in statuses) == 400
    assert all(status["conditions"][1]["reason"] == "NewReplicaSetAvailable" for status in statuses)
    assert differences(cluster) == []


def test_the_same_commands_give_the_same_cluster() -> None:
    def played() -> LargeCluster:
        cluster = _filled(200)
        cluster.command({"do": "stop", "nodes": 3, "zone": "zone-c"})
        cluster.advance(2 * MINUTE)
        cluster.command({"do": "drain", "nodes": 2})
        cluster.advance(MINUTE)
        return cluster

    one, other = played(), played()
    assert one.world == other.world
    assert one.world.revision > 1000
    assert _filled(200, seed=2).world != _filled(200).world


def test_it_does_not_matter_how_time_is_cut() -> None:
    one, other = LargeCluster(20), LargeCluster(20)
    for cluster in (one, other):
        cluster.advance(10 * times.SECOND)
        cluster.command({"do": "add", "pods": 100})
    one.advance(30 * times.SECOND)
    for _ in range(1000):
        other.advance(30)
    assert one.world == other.world


def test_watchers_hear_of_every_write_in_order() -> None:
    cluster = LargeCluster(20)
    seen: list[Change] = []
    cluster.subscribe(seen.append)
    cluster.advance(10 * times.SECOND)
    cluster.command({"do": "add", "pods": 50})
    cluster.run(MINUTE)
    world = {key: change.new for change in seen if change.table == PODS for key in [change.key]}
    assert world == dict(cluster.world.table(PODS))
    of_one = [change.type for change in seen if change.table == PODS and change.key == next(iter(world))]
    assert of_one == ["ADDED", "MODIFIED", "MODIFIED", "MODIFIED", "MODIFIED"]


def test_scaling_down_takes_the_pods_away() -> None:
    cluster = _filled(400)
    cluster.command({"do": "remove", "pods": 300})
    cluster.advance(2 * times.SECOND)
    assert differences(cluster) == []
    cluster.run(5 * MINUTE)
    assert len(cluster.world.table(PODS)) == 100
    assert differences(cluster) == []
    assert sum(d["status"].get("readyReplicas", 0) for d in cluster.world.table("deployments.apps").values()) == 100


def test_silent_nodes_lose_their_pods_after_five_minutes() -> None:
    cluster = _filled(400)
    cluster.command({"do": "stop", "nodes": 4, "zone": "zone-c"})
    silent = [node for node in cluster.inventory.nodes if node.silent]
    doomed = sum(len(node.pods) for node in silent)
    assert len(silent) == 4
    tainted: list[int] = []  # when (s)
    for second in range(100):
        cluster.advance(times.SECOND)
        tainted += [second] * (sum(node.tainted for node in silent) - len(tainted))
    documents = [cluster.world.row(NODES, ("", node.name)) for node in silent]
    assert all((nodes.condition(node, "Ready") or {})["status"] == "Unknown" for node in documents)
    assert cluster.inventory.evicted == 0
    # After 50 s of silence one node each ten seconds gets the taint that evicts.
    assert 40 <= tainted[0] <= 60
    assert [later - earlier for earlier, later in pairwise(tainted)] == [10, 10, 10]
    assert differences(cluster) == []
    cluster.advance(6 * MINUTE)
    assert cluster.inventory.evicted == doomed
    assert differences(cluster) == []
    on_silent = [pod for pod in cluster.world.table(PODS).values() if pods.node_name(pod) in {node.name for node in silent}]
    assert len(on_silent) == doomed
    assert all(metadata.is_being_deleted(pod) for pod in on_silent)
    # The others have taken over.
    assert sum(pods.is_ready(pod) for pod in cluster.world.table(PODS).values()) == 400

    cluster.command({"do": "start"})
    cluster.advance(MINUTE)
    assert len(cluster.world.table(PODS)) == 400
    assert all(nodes.is_ready(document) for document in cluster.world.table(NODES).values())
    assert not any(node.tainted for node in cluster.inventory.nodes)
    assert differences(cluster) == []


def test_a_kubelet_that_comes_back_in_time_keeps_its_pods() -> None:
    cluster = _filled(400)
    before = {key: pods.node_name(pod) for key, pod in cluster.world.table(PODS).items()}
    cluster.command({"do": "stop", "nodes": 2, "zone": "zone-a"})
    cluster.advance(2 * MINUTE)
    assert cluster.inventory.ready_pods < 400
    cluster.command({"do": "start"})
    cluster.advance(10 * MINUTE)
    assert {key: pods.node_name(pod) for key, pod in cluster.world.table(PODS).items()} == before
    assert cluster.inventory.ready_pods == 400
    assert differences(cluster) == []


def test_pods_that_were_about_to_start_wait_for_their_kubelet() -> None:
    cluster = LargeCluster(20)
    cluster.advance(10 * times.SECOND)
    cluster.command({"do": "add", "pods": 100})
    cluster.advance(500)
    cluster.command({"do": "stop", "nodes": 5})
    cluster.advance(30 * times.SECOND)
    assert 0 < cluster.inventory.ready_pods < 100
    assert differences(cluster) == []
    cluster.command({"do": "start"})
    cluster.advance(MINUTE)
    assert cluster.inventory.ready_pods == 100
    assert differences(cluster) == []


def test_cordoned_nodes_take_nothing_new() -> None:
    cluster = _filled(100)
    cluster.command({"do": "cordon", "nodes": 30})
    cordoned = {node.name for node in cluster.inventory.nodes if node.cordoned}
    assert len(cordoned) == 30
    before = {key for key, pod in cluster.world.table(PODS).items() if pods.node_name(pod) in cordoned}
    cluster.command({"do": "add", "pods": 200})
    cluster.run(5 * MINUTE)
    after = {key for key, pod in cluster.world.table(PODS).items() if pods.node_name(pod) in cordoned}
    assert after == before
    taints = nodes.taints(cluster.world.row(NODES, ("", min(cordoned))))
    assert [taint["key"] for taint in taints if taint["effect"] == "NoSchedule"][-1] == nodes.UNSCHEDULABLE_TAINT
    cluster.command({"do": "uncordon"})
    cluster.run(MINUTE)
    assert not any(nodes.is_unschedulable(node) for node in cluster.world.table(NODES).values())
    assert differences(cluster) == []


def test_draining_moves_the_pods() -> None:
    cluster = _filled(400)
    cluster.command({"do": "cordon", "nodes": 3})
    drained = [node for node in cluster.inventory.nodes if node.cordoned]
    moved = sum(len(node.pods) for node in drained)
    cluster.command({"do": "drain", "nodes": 10})
    cluster.run(5 * MINUTE)
    assert [len(node.pods) for node in drained] == [0, 0, 0]
    assert cluster.inventory.evicted == moved
    assert cluster.inventory.ready_pods == 400
    assert differences(cluster) == []


def test_what_does_not_fit_waits_and_says_why() -> None:
    cluster = LargeCluster(5)
    cluster.advance(10 * times.SECOND)
    cluster.command({"do": "add", "pods": 600})
    cluster.advance(2 * MINUTE)
    assert 0 < cluster.scheduler.parked < 600
    owner, count, message = next((w.owner, n, text) for w, n, text in cluster.scheduler.messages())
    assert message.startswith("0/5 nodes are available: ")
    waiting = [pod for pod in cluster.world.table(PODS).values() if not pods.node_name(pod)]
    of_owner = [pod for pod in waiting if metadata.labels(pod)["app"] == owner]
    assert len(of_owner) == count
    assert all((pods.condition(pod, "PodScheduled") or {})["message"] == message for pod in of_owner)
    assert differences(cluster) == []
    # When others leave, they get their turn.
    cluster.command({"do": "remove", "pods": 500})
    cluster.run(5 * MINUTE)
    assert cluster.scheduler.waiting == 0
    assert cluster.inventory.ready_pods == 100
    assert differences(cluster) == []


def test_spreading_an_app_over_the_zones_is_a_rolling_update() -> None:
    cluster = _filled(400)
    cluster.command({"do": "spread", "app": "web"})
    cluster.run(20 * MINUTE)
    web = [pod for pod in cluster.world.table(PODS).values() if metadata.labels(pod)["app"] == "web"]
    zones = [metadata.labels(pod)["topology.kubernetes.io/zone"] for pod in web]
    assert len(web) == cluster.world.row("deployments.apps", ("default", "web"))["spec"]["replicas"]
    counts = sorted(zones.count(zone) for zone in set(zones))
    assert counts[-1] - counts[0] <= 1
    assert all(pod["spec"]["topologySpreadConstraints"] for pod in web)
    assert differences(cluster) == []


@pytest.mark.parametrize(("command", "why"), [
    ({}, "unknown"), ({"do": "explode"}, "unknown"), ({"do": "add"}, "number"), ({"do": "add", "pods": -1}, "number"),
    ({"do": "add", "pods": True}, "number"), ({"do": "add", "pods": 10**9}, "number"), ({"do": "remove", "pods": "9"}, "number"),
    ({"do": "stop", "nodes": 3, "zone": "zone-z"}, "zone"), ({"do": "stop", "nodes": 0}, "number"),
    ({"do": "start"}, "none-silent"), ({"do": "uncordon"}, "none-cordoned"), ({"do": "spread", "app": "nothing"}, "app"),
    ({"do": "spread"}, "app"),
])
def test_commands_that_make_no_sense(command: dict[str, object], why: str) -> None:
    cluster = LargeCluster(10)
    cluster.advance(10 * times.SECOND)
    before = cluster.world
    with pytest.raises(Refused, match=rf"^{why}$"):
        cluster.command(command)
    assert cluster.world == before
    assert cluster.log == []


def test_there_is_a_limit() -> None:
    cluster = _filled(100)
    with pytest.raises(Refused, match=r"^full$"):
        cluster.command({"do": "add", "pods": MAX_PODS})


def test_a_silent_node_cannot_be_stopped_again() -> None:
    cluster = LargeCluster(10)
    cluster.advance(10 * times.SECOND)
    cluster.command({"do": "stop", "nodes": 10})
    with pytest.raises(Refused, match=r"^no-nodes$"):
        cluster.command({"do": "stop", "nodes": 1})


def test_the_machines_register_while_nothing_else_happens() -> None:
    cluster = LargeCluster(3)
    assert len(cluster.world.table(NODES)) == 0
    cluster.advance(0)
    assert cluster.is_busy()
    cluster.run(MINUTE)
    assert not cluster.is_busy()
    assert cluster.elapsed < MINUTE
