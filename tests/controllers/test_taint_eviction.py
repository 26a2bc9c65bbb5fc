"""The taint eviction controller."""

from __future__ import annotations

import pytest

from cluster.controllers.taint_eviction import TaintEvictionController, judge
from cluster.objects import metadata
from cluster.objects.kinds import pod as pods
from cluster.simulation.simulation import Simulation
from tests.controllers.builders import add_pod, change, delete, events, names, new_cluster

MAINT = {"key": "maint", "value": "yes", "effect": "NoExecute"}


@pytest.fixture
def cluster() -> Simulation:
    return new_cluster(TaintEvictionController(), zones=("", ""))


def tolerate(seconds=None, key="maint"):
    toleration = {"key": key, "operator": "Exists", "effect": "NoExecute"}
    return toleration if seconds is None else {**toleration, "tolerationSeconds": seconds}


def taint(cluster, *taints, node="node-1"):
    change(cluster, "nodes", "", node, ("spec", "taints"), list(taints))


def left(cluster):
    return names(cluster, "pods", "default")


def told(cluster):
    return [message for _, _, reason, message in events(cluster) if reason == "TaintManagerEviction"]


def test_it_works(cluster):
    """As recorded: at once, after its seconds, or never."""
    add_pod(cluster, "bare", "node-1")
    for name, seconds in (("tol-0", 0), ("tol-4", 4), ("tol-forever", None)):
        add_pod(cluster, name, "node-1", tolerations=[tolerate(seconds)])
    add_pod(cluster, "elsewhere", "node-2")
    cluster.until_quiet()
    taint(cluster, MAINT)
    cluster.advance(2_000)
    assert left(cluster) == ["elsewhere", "tol-4", "tol-forever"]
    cluster.advance(5_000)
    assert left(cluster) == ["elsewhere", "tol-forever"]
    assert told(cluster) == [f"Marking for deletion Pod default/{name}" for name in ("bare", "tol-0", "tol-4")]


def test_condition_then_deletion(cluster):
    add_pod(cluster, "bare", "node-1")
    cluster.until_quiet()
    taint(cluster, MAINT)
    mark, gone = [step for step in cluster.until_quiet() if step.actor == "taint-eviction-controller"]
    assert (mark.say, gone.say) == ("taint-eviction.mark", "taint-eviction.delete")
    pod = next(c.new for c in mark.changes if c.table == "pods")
    condition = pods.condition(pod, "DisruptionTarget")
    assert {k: condition[k] for k in ("status", "reason", "message", "observedGeneration", "lastProbeTime")} == {
        "status": "True", "reason": "DeletionByTaintManager", "message": "Taint manager: deleting due to NoExecute taint",
        "observedGeneration": 1, "lastProbeTime": None,
    }
    assert next(c.new for c in gone.changes if c.table == "pods")["metadata"]["deletionGracePeriodSeconds"] == 30


def test_the_record_of_why(cluster):
    add_pod(cluster, "web", "node-1", tolerations=[tolerate(4)])
    cluster.until_quiet()
    taint(cluster, MAINT)
    why = next(step.why for step in cluster.advance(6_000) if step.why is not None)
    assert {**why, "since": 0, "at": 0} == {
        "decision": "evict", "pod": "default/web", "node": "node-1", "taint": MAINT, "toleration": tolerate(4),
        "tolerationSeconds": 4, "since": 0, "at": 0,
    }
    assert why["at"] - why["since"] == 4_000


def test_the_event_names_the_pod_without_its_uid(cluster):
    add_pod(cluster, "bare", "node-1")
    taint(cluster, MAINT)
    cluster.until_quiet()
    (event,) = cluster.api.list("events")
    about = event["involvedObject"]
    assert (about["kind"], about["namespace"], about["name"]) == ("Pod", "default", "bare")
    assert not about.get("uid") and event["source"] == {"component": "taint-eviction-controller"}


def test_untainted_in_time(cluster):
    add_pod(cluster, "web", "node-1", tolerations=[tolerate(10)])
    cluster.until_quiet()
    taint(cluster, MAINT)
    cluster.advance(5_000)
    taint(cluster)
    cluster.advance(60_000)
    assert left(cluster) == ["web"]
    assert told(cluster) == ["Cancelling deletion of Pod default/web"]


def test_deleted_in_time(cluster):
    add_pod(cluster, "web", "node-1", tolerations=[tolerate(10)])
    cluster.until_quiet()
    taint(cluster, MAINT)
    cluster.advance(5_000)
    delete(cluster, "pods", "default", "web")
    cluster.advance(60_000)
    assert told(cluster) == ["Cancelling deletion of Pod default/web"]


def test_waiting_does_not_keep_a_cluster_busy(cluster):
    add_pod(cluster, "web", "node-1", tolerations=[tolerate(300)])
    taint(cluster, MAINT)
    cluster.until_quiet()
    assert left(cluster) == ["web"] and cluster.now < 10_000


def test_a_second_taint_shortens_nothing_that_is_planned(cluster):
    """The plan stands, unless the Pod has to go at once."""
    add_pod(cluster, "web", "node-1", tolerations=[tolerate(20), tolerate(2, "other")])
    cluster.until_quiet()
    taint(cluster, MAINT)
    cluster.advance(1_000)
    taint(cluster, MAINT, {"key": "other", "effect": "NoExecute"})
    cluster.advance(10_000)
    assert left(cluster) == ["web"]
    taint(cluster, MAINT, {"key": "third", "effect": "NoExecute"})
    cluster.advance(1_000)
    assert left(cluster) == []
    assert told(cluster) == ["Cancelling deletion of Pod default/web", "Marking for deletion Pod default/web"]


def test_other_effects_evict_nobody(cluster):
    add_pod(cluster, "web", "node-1")
    taint(cluster, {"key": "a", "effect": "NoSchedule"}, {"key": "b", "effect": "PreferNoSchedule"})
    cluster.until_quiet()
    assert left(cluster) == ["web"]


def test_a_pod_that_comes_to_a_tainted_node(cluster):
    taint(cluster, MAINT)
    cluster.until_quiet()
    add_pod(cluster, "late", "node-1")
    cluster.until_quiet()
    assert left(cluster) == []


def test_a_namesake_gets_its_own_time(cluster):
    add_pod(cluster, "web", "node-1", tolerations=[tolerate(10)])
    cluster.until_quiet()
    taint(cluster, MAINT)
    cluster.advance(8_000)
    delete(cluster, "pods", "default", "web", grace=0)
    add_pod(cluster, "web", "node-1", tolerations=[tolerate(10)])
    cluster.advance(5_000)
    assert left(cluster) == ["web"]
    cluster.advance(8_000)
    assert left(cluster) == []


def test_switched_off_in_the_meantime(cluster):
    add_pod(cluster, "web", "node-1")
    cluster.until_quiet()
    cluster.switch("taint-eviction-controller", on=False)
    taint(cluster, MAINT)
    cluster.advance(60_000)
    assert left(cluster) == ["web"]
    cluster.switch("taint-eviction-controller", on=True)
    cluster.until_quiet()
    assert left(cluster) == []


def test_a_dead_kubelet_keeps_its_pods(cluster):
    add_pod(cluster, "web", "node-1")
    cluster.until_quiet()
    cluster.switch("kubelet/node-1", on=False)
    taint(cluster, MAINT)
    cluster.until_quiet()
    assert metadata.is_being_deleted(cluster.api.read("pods", "default", "web"))


@pytest.mark.parametrize(("tolerations", "seconds"), [
    ([], 0),
    ([tolerate()], None),
    ([tolerate(5)], 5),
    ([tolerate(-5)], 0),
    ([tolerate(5), tolerate(1)], 5),
    ([tolerate(), tolerate(5)], None),
    ([{"operator": "Exists"}], None),
    ([{"key": "maint", "operator": "Equal", "value": "no", "effect": "NoExecute"}], 0),
    ([{"key": "maint", "value": "yes", "tolerationSeconds": 7}], 7),
])
def test_how_long_a_pod_may_stay(tolerations, seconds):
    assert judge([MAINT], tolerations).seconds == seconds


def test_the_shortest_time_counts():
    other = {"key": "other", "effect": "NoExecute"}
    verdict = judge([MAINT, other], [tolerate(30), tolerate(3, "other")])
    assert (verdict.seconds, verdict.taint) == (3, other)


def stories(steps):
    return [step.say for step in steps if step.actor == "taint-eviction-controller"]


def test_a_plan_is_told_at_once(cluster):
    """Nothing is written to the API, but who watches sees that the time runs."""
    add_pod(cluster, "web", "node-1", tolerations=[tolerate(60)])
    cluster.until_quiet()
    taint(cluster, MAINT)
    steps = cluster.advance(2_000)
    assert stories(steps) == ["taint-eviction.plan"]
    plan = next(step for step in steps if step.say == "taint-eviction.plan")
    assert (plan.args["seconds"], plan.args["node"]) == (60, "node-1")
    assert {change.table for change in plan.changes} & {"pods", "nodes", "events"} == set()


def test_a_plan_that_is_called_off_is_told(cluster):
    add_pod(cluster, "web", "node-1", tolerations=[tolerate(60)])
    cluster.until_quiet()
    taint(cluster, MAINT)
    cluster.advance(2_000)
    taint(cluster)
    assert stories(cluster.advance(2_000)) == ["taint-eviction.cancel"]
    assert dict(cluster.world.table("host/evictions")) == {}
    assert left(cluster) == ["web"]


def test_no_plan_is_left_behind(cluster):
    add_pod(cluster, "web", "node-1", tolerations=[tolerate(4)])
    cluster.until_quiet()
    taint(cluster, MAINT)
    cluster.advance(60_000)
    assert left(cluster) == []
    assert dict(cluster.world.table("host/evictions")) == {}
