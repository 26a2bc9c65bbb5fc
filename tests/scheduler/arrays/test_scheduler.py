"""What the ArrayScheduler keeps while nodes and pods come, change and go."""

import pytest

from cluster.scheduler.arrays import matching as matching_module
from cluster.scheduler.arrays import scheduler as scheduler_module
from cluster.scheduler.arrays import template as template_module
from cluster.scheduler.arrays.columns import ChangeLog
from cluster.scheduler.arrays.scheduler import ArrayScheduler
from cluster.scheduler.decision import Outcome
from cluster.scheduler.framework import Profile
from cluster.scheduler.plugins.node_affinity import NodeAffinity
from cluster.scheduler.schedule import decide
from cluster.scheduler.snapshot import Snapshot
from tests.scheduler.arrays.parity import by_arrays, readable, recorded
from tests.scheduler.builders import PROFILE, container, node, pod, taint


def scheduler_of(*documents, profile=PROFILE):
    found = ArrayScheduler(profile)
    for each in documents:
        (found.add_node if each["kind"] == "Node" else found.add_pod)(each)
    return found


def chosen(scheduler, incoming, random=0.0):
    return scheduler.decide(incoming, lambda: random).chosen


def test_it_works():
    scheduler = scheduler_of(node("n1", cpu="1"), node("n2"))
    found = scheduler.decide(pod("p", container(cpu="2")), lambda: 0.0)

    assert (found.outcome, found.chosen, found.feasible) == (Outcome.SCHEDULED, "n2", 1)
    assert found.message == "Successfully assigned default/p to n2"
    assert found.summary()["nodes"] == 2


def test_no_nodes():
    found = ArrayScheduler(PROFILE).decide(pod("p"), lambda: 0.0)

    assert (found.outcome, found.message) == (Outcome.UNSCHEDULABLE, "no nodes available to schedule pods")


def test_ties_are_broken_by_chance_in_the_order_of_the_search():
    scheduler = scheduler_of(*(node(f"n{number}", cpu="4") for number in range(4)))

    assert [chosen(scheduler, pod("p"), random) for random in (0.0, 0.3, 0.6, 0.99)] == ["n0", "n1", "n2", "n3"]


def test_zones_take_turns():
    zones = {"n0": "a", "n1": "a", "n2": "b"}
    nodes = [node(name, labels={"topology.kubernetes.io/zone": zone}) for name, zone in zones.items()]
    scheduler = scheduler_of(*nodes)

    assert [chosen(scheduler, pod("p"), random) for random in (0.0, 0.4, 0.7)] == ["n0", "n2", "n1"]


def test_pods_take_room_and_give_it_back():
    scheduler = scheduler_of(node("n1", cpu="1"))
    first = pod("first", container(cpu="800m"), on="n1")
    scheduler.add_pod(first)
    assert chosen(scheduler, pod("p", container(cpu="500m"))) == ""
    scheduler.remove_pod(first)
    assert chosen(scheduler, pod("p", container(cpu="500m"))) == "n1"


def test_removing_a_pod_twice_changes_nothing():
    scheduler = scheduler_of(node("n1", cpu="1"))
    first = pod("first", container(cpu="800m"), on="n1")
    scheduler.add_pod(first)
    scheduler.remove_pod(first)
    scheduler.remove_pod(first)

    assert scheduler.columns.requested("cpu")[scheduler.columns.row_of["n1"]] == 0
    assert scheduler.columns.pod_count.values[scheduler.columns.row_of["n1"]] == 0


def test_pods_wait_for_their_node():
    scheduler = scheduler_of(pod("first", container(cpu="3"), on="n1"), node("n1"))
    assert chosen(scheduler, pod("p", container(cpu="2"))) == ""
    scheduler.remove_node("n1")
    scheduler.add_node(node("n1"))
    assert chosen(scheduler, pod("p", container(cpu="2"))) == ""


def test_a_row_is_used_again_by_another_node():
    scheduler = scheduler_of(node("n1", taints=[taint("a")], labels={"disk": "ssd"}, cpu="8"), node("n2"))
    assert chosen(scheduler, pod("p", nodeSelector={"disk": "ssd"})) == ""
    row = scheduler.columns.row_of["n1"]
    scheduler.remove_node("n1")
    scheduler.add_node(node("n3", cpu="2"))

    assert scheduler.columns.row_of["n3"] == row
    assert chosen(scheduler, pod("p", nodeSelector={"kubernetes.io/hostname": "n3"})) == "n3"
    assert chosen(scheduler, pod("p", container(cpu="3"))) == "n2"


def test_a_heartbeat_changes_nothing():
    scheduler = scheduler_of(node("n1"))
    before = scheduler.columns.node_changes.position
    beat = node("n1")
    scheduler.update_node({**beat, "status": {**beat["status"], "conditions": [{"type": "Ready", "status": "True"}]}})

    assert scheduler.columns.node_changes.position == before


def test_a_changed_node_is_seen_by_what_is_kept():
    scheduler = scheduler_of(node("n1"), node("n2"))
    assert scheduler.decide(pod("p"), lambda: 0.0).feasible == 2
    scheduler.update_node(node("n1", cordoned=True))
    assert scheduler.decide(pod("p"), lambda: 0.0).feasible == 1
    scheduler.update_node(node("n1"))
    assert scheduler.decide(pod("p"), lambda: 0.0).feasible == 2


def test_a_new_status_keeps_the_pod_where_it_is():
    scheduler = scheduler_of(node("n1"))
    old = pod("first", container(cpu="1"), on="n1")
    scheduler.add_pod(old)
    new = {**old, "status": {"phase": "Running"}}
    scheduler.update_pod(old, new)
    assert scheduler.columns.requested("cpu").sum() == 1000
    scheduler.update_pod(new, {**old, "status": {"phase": "Succeeded"}})
    assert scheduler.columns.requested("cpu").sum() == 0


def test_more_rows_than_there_was_room_for():
    scheduler = scheduler_of(*(node(f"n{number}") for number in range(100)))
    found = scheduler.decide(pod("p"), lambda: 0.999)

    assert (found.feasible, found.chosen) == (100, "n99")


def test_a_forgotten_history_means_computing_anew(monkeypatch):
    monkeypatch.setattr(ChangeLog, "LIMIT", 4)
    scheduler = scheduler_of(*(node(f"n{number}", cpu="1") for number in range(3)))
    for number in range(9):
        name = chosen(scheduler, pod("p", container(cpu="300m")))
        scheduler.add_pod(pod(f"p{number}", container(cpu="300m"), on=name))
        scheduler.add_pod(pod(f"q{number}", container(cpu="1m"), on="n1"))

    assert chosen(scheduler, pod("p", container(cpu="300m"))) == ""


def test_caches_are_small(monkeypatch):
    monkeypatch.setattr(scheduler_module, "CACHED_KINDS", 2)
    monkeypatch.setattr(template_module, "_LIMIT", 2)
    monkeypatch.setattr(matching_module, "_LIMIT", 2)
    nodes = [node(f"n{number}") for number in range(3)]
    scheduler, pods = scheduler_of(*nodes), []
    for number in range(12):
        rule = {"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "DoNotSchedule",
                "labelSelector": {"matchLabels": {"app": f"a{number % 4}"}}}
        incoming = pod(f"p{number}", container(cpu=f"{number % 5}m"), topologySpreadConstraints=[rule])
        incoming["metadata"]["labels"] = {"app": f"a{number % 4}"}
        snapshot = Snapshot.of(nodes, pods)
        found = scheduler.decide(incoming, lambda: 0.0)
        assert by_arrays(scheduler, found) == readable(decide(incoming, snapshot, PROFILE, lambda: 0.0))
        pods.append({**incoming, "spec": {**incoming["spec"], "nodeName": found.chosen}})
        scheduler.add_pod(pods[-1])

    assert all(len([p for p in pods if p["spec"]["nodeName"] == name]) == 4 for name in ("n0", "n1", "n2"))


@pytest.mark.parametrize("amount", ["9007199254740992", "9223372036854775807", "100Ei"])
def test_amounts_beyond_floating_point_are_left_to_the_readable_path(amount):
    nodes = [node("n1", memory=amount), node("n2")]
    scheduler, snapshot = scheduler_of(*nodes), Snapshot.of(nodes, [])
    for incoming in (pod("p", container(memory="1Gi")), pod("p", container(memory="9007199254740993"))):
        expected = decide(incoming, snapshot, PROFILE, lambda: 0.0)
        assert by_arrays(scheduler, scheduler.decide(incoming, lambda: 0.0)) == readable(expected)


def test_a_placed_pod_may_ask_for_anything():
    nodes, placed = [node("n1"), node("n2")], [pod("first", container(memory="100Ei"), on="n1")]
    scheduler = scheduler_of(*nodes, *placed)
    expected = decide(pod("p", container(memory="1Gi")), Snapshot.of(nodes, placed), PROFILE, lambda: 0.0)

    assert by_arrays(scheduler, scheduler.decide(pod("p", container(memory="1Gi")), lambda: 0.0)) == readable(expected)


def test_the_search_stops_when_it_has_found_enough():
    nodes = [node(f"n{number:03}", cpu="1" if number % 3 else "4") for number in range(250)]
    profile = Profile(PROFILE.plugins, PROFILE.weights, percentage_of_nodes_to_score=40)
    scheduler, snapshot, start = scheduler_of(*nodes, profile=profile), Snapshot.of(nodes, []), 0
    for _ in range(6):
        incoming = pod("p", container(cpu="500m"))
        expected = decide(incoming, snapshot, profile, lambda: 0.5, start)
        found = scheduler.decide(incoming, lambda: 0.5, start_index=start)
        assert by_arrays(scheduler, found) == readable(expected)
        assert found.feasible == 100
        start = expected.next_start_index


def test_whole_snapshots_are_taken_over():
    nodes, kept, random = [node(f"n{number}") for number in range(5)], ArrayScheduler(PROFILE), 0.0
    pods = []
    for number in range(12):
        incoming = pod(f"p{number}", container(cpu="1"))
        snapshot = Snapshot.of(nodes, pods)
        expected = decide(incoming, snapshot, PROFILE, lambda: random)
        kept.sync(snapshot)
        found = kept.decide_recorded(incoming, lambda: random)
        assert recorded(found) == recorded(expected)
        fresh = ArrayScheduler.of(PROFILE, snapshot).decide_recorded(incoming, lambda: random)
        assert fresh.why()["best"] == list(expected.best)
        pods.append({**incoming, "spec": {**incoming["spec"], "nodeName": found.chosen}})
        if number == 6:
            nodes = nodes[1:]
            pods = [each for each in pods if each["spec"]["nodeName"] != "n0"]

    assert len(kept) == 4


ADDED = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
    {"matchExpressions": [{"key": "disk", "operator": "In", "values": ["ssd"]}]},
]}}
PREFERRED = {"preferredDuringSchedulingIgnoredDuringExecution": [
    {"weight": 9, "preference": {"matchExpressions": [{"key": "disk", "operator": "In", "values": ["ssd"]}]}},
]}
NONSENSE = {"preferredDuringSchedulingIgnoredDuringExecution": [
    {"weight": 9, "preference": {"matchExpressions": [{"key": "disk", "operator": "Gt", "values": ["ssd"]}]}},
]}
EMPTY = {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 9}, {"preference": {}}]}


def with_added(affinity):
    plugins = [NodeAffinity(affinity) if plugin.name == "NodeAffinity" else plugin for plugin in PROFILE.plugins]
    return Profile(plugins, PROFILE.weights)


@pytest.mark.parametrize(("profile", "incoming"), [
    (with_added(ADDED), pod("p")),
    (with_added(PREFERRED), pod("p")),
    (with_added(PREFERRED), pod("p", affinity={"nodeAffinity": NONSENSE})),
    (PROFILE, pod("p", affinity={"nodeAffinity": NONSENSE})),
    (PROFILE, pod("p", affinity={"nodeAffinity": EMPTY})),
    (Profile(PROFILE.plugins, PROFILE.weights, points={"score": ()}), pod("p")),
    (Profile(PROFILE.plugins, PROFILE.weights, points={"pre_score": ()}), pod("p")),
], ids=["required", "preferred", "both", "nonsense", "empty", "no scores", "no PreScore"])
def test_what_columns_do_not_hold_is_left_to_the_readable_path(profile, incoming):
    nodes = [node("n1"), node("n2", labels={"disk": "ssd"}), node("n3", labels={"disk": "hdd"})]
    scheduler, snapshot = scheduler_of(*nodes, profile=profile), Snapshot.of(nodes, [])

    for start in range(3):
        expected = decide(incoming, snapshot, profile, lambda: 0.0, start)
        found = scheduler.decide(incoming, lambda: 0.0, start_index=start)
        assert by_arrays(scheduler, found) == readable(expected)
