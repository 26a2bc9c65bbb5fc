"""The scheduler in a running cluster: one write per act, events, retries."""

import json

import pytest

from cluster.apiserver.state import MEMORY, World
from cluster.machinery.event_recorder import EventRecorder
from cluster.machinery.story import NARRATED, Story
from cluster.scheduler.framework import SUCCESS, Code, Plugin, Profile, Status
from cluster.scheduler.plugins.default_binder import DefaultBinder
from cluster.scheduler.plugins.priority_sort import PrioritySort
from cluster.scheduler.scheduler import Scheduler
from cluster.simulation.simulation import Simulation
from tests.scheduler.builders import container, node, pod, taint

NO_ROOM = (
    "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, "
    "preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
)


@pytest.fixture
def cluster():
    return started()


def started(profile=None):
    simulation = Simulation(World(), [EventRecorder(), Scheduler(profile)])
    with simulation.act() as api:
        api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}}, "")
        named = {"name": "default", "namespace": "default"}
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": named}
        api.create(account, "default")
    return simulation


def add_node(cluster, *args, **kwargs):
    """A node without the taint that new nodes get."""
    with cluster.act() as api:
        created = api.create(node(*args, **kwargs), "")
        taints = [each for each in created["spec"].get("taints", []) if "not-ready" not in each["key"]]
        api.update({**created, "spec": {**created["spec"], "taints": taints}})


def add_pod(cluster, *args, **kwargs):
    created = pod(*args, **kwargs)
    del created["metadata"]["uid"], created["status"]
    with cluster.act() as api:
        api.create(created, "default")


def change(cluster, resource, namespace, name, **spec):
    with cluster.act() as api:
        found = api.get(resource, namespace, name)
        api.update({**found, "spec": {**found["spec"], **spec}})


def delete_pod(cluster, name):
    with cluster.act() as api:
        api.delete("pods", "default", name, grace=0)


def decisions(steps):
    return [step for step in steps if step.actor == "default-scheduler"]


def scheduled_condition(cluster, name="p"):
    found = cluster.api.get("pods", "default", name)["status"]["conditions"]
    return next(each for each in found if each["type"] == "PodScheduled")


def node_of(cluster, name="p"):
    return cluster.api.get("pods", "default", name)["spec"].get("nodeName")


def events(cluster):
    return [
        (each["type"], each["reason"], each["message"], each["action"])
        for each in sorted(cluster.api.list("events"), key=lambda each: each["eventTime"])
    ]


def test_it_works(cluster):
    add_node(cluster, "a")
    add_node(cluster, "b", cpu="32", memory="64Gi")
    add_pod(cluster, "p", container(cpu="1"))
    (step,) = decisions(cluster.until_quiet())
    assert (step.verb, step.objects, step.say, step.weight) == (
        "bind", ("pods/default/p", "nodes//b"), "scheduler.bind", NARRATED
    )
    assert step.args["node"] == "b"
    assert step.args["runner_up"] == "a"
    assert step.args["score"] > step.args["runner_up_score"]
    assert (step.args["feasible"], step.args["nodes"]) == (2, 2)
    assert step.why["chosen"] == "b"
    assert node_of(cluster) == "b"
    assert scheduled_condition(cluster)["status"] == "True"
    assert events(cluster) == [("Normal", "Scheduled", "Successfully assigned default/p to b", "Binding")]


def test_the_only_feasible_node(cluster):
    add_node(cluster, "a")
    add_node(cluster, "b", taints=[taint("x")])
    add_pod(cluster, "p")
    (step,) = decisions(cluster.until_quiet())
    assert (step.say, step.args) == ("scheduler.bind-only", {"pod": "p", "node": "a", "feasible": 1, "nodes": 2})


def test_a_pod_that_fits_nowhere(cluster):
    add_node(cluster, "a")
    add_pod(cluster, "p", container(cpu="8"))
    (step,) = decisions(cluster.until_quiet())
    assert (step.say, step.args, step.weight) == (
        "scheduler.unschedulable", {"pod": "p", "message": NO_ROOM}, NARRATED
    )
    assert step.why["nodes"][0]["values"]["insufficient"][0]["needs"] == 8000
    condition = scheduled_condition(cluster)
    assert (condition["status"], condition["reason"], condition["message"]) == ("False", "Unschedulable", NO_ROOM)
    assert events(cluster) == [("Warning", "FailedScheduling", NO_ROOM, "Scheduling")]


def test_waits_quietly_and_schedules_when_a_node_comes(cluster):
    add_node(cluster, "a")
    add_pod(cluster, "p", container(cpu="8"))
    cluster.until_quiet()
    assert decisions(cluster.advance(60_000)) == []
    add_node(cluster, "b", cpu="16")
    cluster.advance(20)
    assert node_of(cluster) == "b"


def test_an_untaint_brings_the_pod_back(cluster):
    add_node(cluster, "a", taints=[taint("x")])
    add_pod(cluster, "p")
    cluster.until_quiet()
    change(cluster, "nodes", "", "a", taints=[])
    cluster.until_quiet()
    assert node_of(cluster) == "a"


def test_a_deleted_pod_makes_room(cluster):
    add_node(cluster, "a")
    add_pod(cluster, "first", container(cpu="3"))
    cluster.until_quiet()
    add_pod(cluster, "second", container(cpu="3"))
    cluster.until_quiet()
    assert node_of(cluster, "second") is None
    delete_pod(cluster, "first")
    cluster.until_quiet()
    assert node_of(cluster, "second") == "a"


def test_an_unchanged_condition_is_not_written_again(cluster):
    add_node(cluster, "a")
    add_pod(cluster, "p", container(cpu="8"))
    cluster.until_quiet()
    steps = cluster.advance(400_000)
    assert decisions(steps) == []
    # The second one is about the Pod as it is with the condition.
    assert [event.get("series") for event in cluster.api.list("events")] == [None, None]
    assert decisions(cluster.advance(330_000)) == []
    assert [event["series"]["count"] for event in cluster.api.list("events") if "series" in event] == [2]


def test_a_changed_reason_keeps_the_transition_time(cluster):
    add_node(cluster, "a")
    add_pod(cluster, "p", container(cpu="8"))
    cluster.until_quiet()
    before = scheduled_condition(cluster)
    cluster.advance(5000)
    add_node(cluster, "b", cpu="16", taints=[taint("x")])
    cluster.until_quiet()
    after = scheduled_condition(cluster)
    assert after["message"].startswith("0/2 nodes are available: ")
    assert after["lastTransitionTime"] == before["lastTransitionTime"]


def test_without_nodes_it_tries_again_and_again(cluster):
    add_pod(cluster, "p")
    cluster.advance(30_000)
    assert scheduled_condition(cluster)["message"] == "no nodes available to schedule pods"
    first, second = cluster.api.list("events")
    assert "series" not in first
    assert second["series"]["count"] > 3
    add_node(cluster, "a")
    cluster.advance(12_000)
    assert node_of(cluster) == "a"


def test_other_schedulers_pods_are_ignored(cluster):
    add_node(cluster, "a")
    add_pod(cluster, "p", schedulerName="other-scheduler")
    assert decisions(cluster.until_quiet()) == []


def test_pods_that_name_their_node_are_ignored(cluster):
    add_node(cluster, "a")
    add_pod(cluster, "p", on="a")
    assert decisions(cluster.until_quiet()) == []


def test_gated_pods_wait(cluster):
    add_node(cluster, "a")
    add_pod(cluster, "p", schedulingGates=[{"name": "example.com/wait"}])
    cluster.until_quiet()
    condition = scheduled_condition(cluster)
    assert (condition["status"], condition["reason"], condition["message"]) == (
        "False", "SchedulingGated", "Scheduling is blocked due to non-empty scheduling gates"
    )
    assert events(cluster) == []
    change(cluster, "pods", "default", "p", schedulingGates=[])
    cluster.until_quiet()
    assert node_of(cluster) == "a"


def test_higher_priority_is_served_first(cluster):
    add_node(cluster, "a")
    add_pod(cluster, "low", container(cpu="3"))
    add_pod(cluster, "high", container(cpu="3"), priorityClassName="system-cluster-critical")
    cluster.until_quiet()
    assert (node_of(cluster, "high"), node_of(cluster, "low")) == ("a", None)


def test_one_pod_at_a_time_each_seeing_the_one_before(cluster):
    add_node(cluster, "a")
    for number in range(6):
        add_pod(cluster, f"p{number}", container(cpu="1"))
    steps = decisions(cluster.until_quiet())
    assert [step.say for step in steps] == ["scheduler.bind-only"] * 4 + ["scheduler.unschedulable"] * 2
    assert [step.at for step in steps] == sorted({step.at for step in steps})


def test_switched_off_nothing_is_placed_and_on_again_everything(cluster):
    add_node(cluster, "a")
    cluster.switch("default-scheduler", False)
    add_pod(cluster, "p")
    assert decisions(cluster.until_quiet()) == []
    cluster.switch("default-scheduler", True)
    cluster.until_quiet()
    assert node_of(cluster) == "a"


def test_a_pod_deleted_while_it_waits_leaves_no_trace(cluster):
    add_pod(cluster, "p")
    cluster.advance(1000)
    delete_pod(cluster, "p")
    cluster.until_quiet()
    assert memory(cluster) == {}


def test_a_pod_being_deleted_is_not_placed(cluster):
    with cluster.act() as api:
        waiting = pod("p", schedulingGates=[{"name": "example.com/wait"}])
        waiting["metadata"]["finalizers"] = ["example.com/hold"]
        del waiting["metadata"]["uid"], waiting["status"]
        api.create(waiting, "default")
    cluster.until_quiet()
    delete_pod(cluster, "p")
    change(cluster, "pods", "default", "p", schedulingGates=[])
    add_node(cluster, "a")
    cluster.until_quiet()
    assert node_of(cluster) is None
    assert events(cluster) == [
        ("Warning", "FailedScheduling", "skip schedule deleting pod: default/p", "Scheduling")
    ]


def test_long_messages_are_cut_in_the_event_only(cluster):
    for number in range(60):
        add_node(cluster, f"n{number:02}", labels={"disk": "hdd"})
    wants = {f"example.com/resource-{number}-{'x' * 30}": "1" for number in range(40)}
    spec = {"name": "c", "image": "nginx:1", "resources": {"requests": wants, "limits": wants}}
    add_pod(cluster, "p", spec)
    cluster.until_quiet()
    (event,) = cluster.api.list("events")
    assert len(event["message"]) == 1024
    assert event["message"].endswith(" ...")
    assert len(scheduled_condition(cluster)["message"]) > 1024


class Refuses(Plugin):
    name = "Refuses"

    def permit(self, pod, node):
        return Status(Code.UNSCHEDULABLE, ("not permitted",))


def test_a_plugin_may_object_before_binding():
    cluster = started(Profile([PrioritySort(), Refuses(), DefaultBinder()], {}))
    add_node(cluster, "a")
    add_pod(cluster, "p")
    (step,) = decisions(cluster.until_quiet())
    message = "0/1 nodes are available: 1 not permitted."
    assert (step.say, step.args["message"]) == ("scheduler.unschedulable", message)
    assert memory(cluster)["default/p"]["plugins"] == ["Refuses"]


class Prepares(Plugin):
    """Labels the node before a pod is bound to it."""

    name = "Prepares"

    def pre_bind(self, context, pod, node, note):
        found = context.get("nodes", "", node)
        if "ready-for" in found["metadata"]["labels"]:
            return SUCCESS
        labels = {**found["metadata"]["labels"], "ready-for": pod["metadata"]["name"]}
        context.update({**found, "metadata": {**found["metadata"], "labels": labels}}, story=Story("test.prepared"))
        return Status(Code.WAIT)


def test_a_plugin_may_write_before_binding():
    cluster = started(Profile([PrioritySort(), Prepares(), DefaultBinder()], {}))
    add_node(cluster, "a")
    add_pod(cluster, "p")
    assert [step.say for step in decisions(cluster.until_quiet())] == ["test.prepared", "scheduler.bind-only"]


def test_the_memory_is_json_and_a_fork_goes_on_alike(cluster):
    add_node(cluster, "a")
    for number in range(6):
        add_pod(cluster, f"p{number}", container(cpu="1"))
    for _ in range(3):
        cluster.step()
    assert json.loads(json.dumps(memory(cluster))) == memory(cluster)
    other = cluster.fork()
    assert [step.args for step in other.until_quiet()] == [step.args for step in cluster.until_quiet()]


def memory(cluster):
    """The rows of the queue by pod."""
    rows = cluster.world.table(MEMORY)
    return {key[2]: rows[key] for key in rows if key[:2] == ("default-scheduler", "pod")}


def test_a_more_important_pod_makes_room_for_itself(cluster):
    add_node(cluster, "a")
    for number in range(4):
        add_pod(cluster, f"low-{number}", container(cpu="1"))
    cluster.until_quiet()
    add_pod(cluster, "high", container(cpu="2"), priorityClassName="system-cluster-critical")
    steps = decisions(cluster.advance(100))
    assert [step.say for step in steps] == [
        "scheduler.preempt", "scheduler.disrupt", "scheduler.evict", "scheduler.disrupt", "scheduler.evict",
    ]
    assert steps[0].args == {"pod": "high", "node": "a", "victims": 2}
    assert len(steps[0].why["preemption"]["victims"]) == 2
    condition = scheduled_condition(cluster, "high")
    assert condition["message"] == "0/1 nodes are available: 1 Insufficient cpu."
    assert cluster.api.get("pods", "default", "high")["status"]["nominatedNodeName"] == "a"
    victims = [each for each in cluster.api.list("pods") if "deletionTimestamp" in each["metadata"]]
    assert len(victims) == 2
    (target,) = [each for each in victims[0]["status"]["conditions"] if each["type"] == "DisruptionTarget"]
    assert (target["status"], target["reason"]) == ("True", "PreemptionByScheduler")
    assert target["message"] == "default-scheduler: preempting to accommodate a higher priority pod"
    uid = cluster.api.get("pods", "default", "high")["metadata"]["uid"]
    assert ("Normal", "Preempted", f"Preempted by pod {uid} on node a", "Preempting") in events(cluster)


def test_room_made_is_kept_for_the_nominated_pod(cluster):
    add_node(cluster, "a")
    add_pod(cluster, "low", container(cpu="4"))
    cluster.until_quiet()
    add_pod(cluster, "high", container(cpu="4"), priorityClassName="system-cluster-critical")
    cluster.advance(100)
    add_pod(cluster, "replacement", container(cpu="1"))
    cluster.advance(100)
    delete_pod(cluster, "low")
    cluster.advance(12_000)
    assert (node_of(cluster, "high"), node_of(cluster, "replacement")) == ("a", None)


def test_a_less_important_pod_loses_its_claim_on_the_node(cluster):
    with cluster.act() as api:
        for name, value in (("mid", 50), ("top", 90)):
            found = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name}}
            api.create({**found, "value": value})
    add_node(cluster, "a")
    add_pod(cluster, "low-1", container(cpu="2"))
    add_pod(cluster, "low-2", container(cpu="2"))
    cluster.until_quiet()
    add_pod(cluster, "mid", container(cpu="2"), priorityClassName="mid")
    cluster.advance(100)
    assert cluster.api.get("pods", "default", "mid")["status"]["nominatedNodeName"] == "a"
    add_pod(cluster, "top", container(cpu="4"), priorityClassName="top")
    steps = decisions(cluster.advance(100))
    assert [step.say for step in steps] == [
        "scheduler.preempt", "scheduler.take-back", "scheduler.disrupt", "scheduler.evict", "scheduler.unschedulable",
    ]
    assert steps[4].args["pod"] == "mid"
    assert steps[1].args == {"pod": "top", "other": "mid", "node": "a"}
    assert "nominatedNodeName" not in cluster.api.get("pods", "default", "mid")["status"]
    assert cluster.api.get("pods", "default", "top")["status"]["nominatedNodeName"] == "a"


def test_a_nomination_is_taken_back_when_eviction_no_longer_helps(cluster):
    add_node(cluster, "a")
    add_pod(cluster, "low", container(cpu="4"))
    cluster.until_quiet()
    add_pod(cluster, "high", container(cpu="4"), priorityClassName="system-cluster-critical")
    cluster.advance(100)
    change(cluster, "nodes", "", "a", unschedulable=True)
    delete_pod(cluster, "low")
    cluster.advance(12_000)
    assert "nominatedNodeName" not in cluster.api.get("pods", "default", "high")["status"]


def test_a_tie_is_told_as_chance(cluster):
    add_node(cluster, "a")
    add_node(cluster, "b")
    add_pod(cluster, "p", container(cpu="1"))
    (step,) = decisions(cluster.until_quiet())
    assert step.say == "scheduler.bind-tie"
    assert step.args["score"] == step.args["runner_up_score"]
    assert {step.args["node"], step.args["runner_up"]} == {"a", "b"}
