"""The binding cycle: a pod that has its node waits for what plugins prepare there, and others go on meanwhile."""

from cluster.machinery.story import Story
from cluster.objects.kinds import priorityclass
from cluster.scheduler import events as kinds
from cluster.scheduler.framework import SUCCESS, Code, Plugin, PreFilterResult, Profile, ReserveResult, Status
from cluster.scheduler.plugins.default_binder import DefaultBinder
from cluster.scheduler.plugins.default_preemption import DefaultPreemption
from cluster.scheduler.plugins.node_resources_fit import NodeResourcesFit
from cluster.scheduler.plugins.priority_sort import PrioritySort
from tests.scheduler.builders import container, node
from tests.scheduler.test_scheduler import (
    add_node,
    add_pod,
    change,
    decisions,
    delete_pod,
    events,
    memory,
    node_of,
    scheduled_condition,
    started,
)


class Prepares(Plugin):
    """Pods that ask for it wait until their node has the label "ready-for"."""

    name = "Prepares"
    events = frozenset({(kinds.NODE, kinds.UPDATE_NODE_LABEL)})

    def reserve(self, state, pod, node):
        return ReserveResult(note={"pod": pod["metadata"]["name"]} if "waits" in pod["metadata"]["name"] else None)

    def pre_bind(self, context, pod, node, note):
        if note is None:
            return SUCCESS
        label = context.get("nodes", "", node)["metadata"]["labels"].get("ready-for")
        if label is None:
            return Status(Code.WAIT)
        assert note == {"pod": pod["metadata"]["name"]}
        if label == "nobody":
            return Status(Code.UNSCHEDULABLE, ("nobody is let in",))
        if label == "broken":
            return Status(Code.ERROR, ("out of order",))
        return SUCCESS


def with_plugin(plugin):
    return started(Profile([PrioritySort(), NodeResourcesFit(), plugin, DefaultBinder()], {"NodeResourcesFit": 1}))


def label(cluster, name, value):
    with cluster.act() as api:
        found = api.get("nodes", "", name)
        labels = {**found["metadata"]["labels"], "ready-for": value}
        api.update({**found, "metadata": {**found["metadata"], "labels": labels}})


def test_it_works():
    cluster = with_plugin(Prepares())
    add_node(cluster, "a")
    add_pod(cluster, "waits")
    assert [step.say for step in decisions(cluster.until_quiet())] == ["scheduler.expect"]
    assert cluster.api.get("pods", "default", "waits")["status"]["nominatedNodeName"] == "a"
    assert node_of(cluster, "waits") is None
    label(cluster, "a", "all")
    (step,) = decisions(cluster.until_quiet())
    assert (step.say, step.args["node"], step.why["chosen"]) == ("scheduler.bind-only", "a", "a")
    assert node_of(cluster, "waits") == "a"
    assert events(cluster) == [("Normal", "Scheduled", "Successfully assigned default/waits to a", "Binding")]


def test_nothing_to_prepare_is_no_detour():
    cluster = with_plugin(Prepares())
    add_node(cluster, "a")
    add_pod(cluster, "p")
    assert [step.say for step in decisions(cluster.until_quiet())] == ["scheduler.bind-only"]


def test_others_are_scheduled_and_count_with_it():
    cluster = with_plugin(Prepares())
    add_node(cluster, "a")
    add_pod(cluster, "waits", container(cpu="3"))
    cluster.until_quiet()
    add_pod(cluster, "small", container(cpu="1"))
    add_pod(cluster, "large", container(cpu="2"))
    cluster.until_quiet()
    assert (node_of(cluster, "small"), node_of(cluster, "large")) == ("a", None)


def test_a_rejection_gives_the_node_back():
    cluster = with_plugin(Prepares())
    add_node(cluster, "a")
    add_pod(cluster, "waits", container(cpu="3"))
    cluster.until_quiet()
    add_pod(cluster, "other", container(cpu="3"))
    cluster.until_quiet()
    assert node_of(cluster, "other") is None
    label(cluster, "a", "nobody")
    cluster.advance(50)
    condition = scheduled_condition(cluster, "waits")
    assert (condition["reason"], condition["message"]) == ("Unschedulable", "nobody is let in")
    assert "nominatedNodeName" not in cluster.api.get("pods", "default", "waits")["status"]
    assert ("Warning", "FailedScheduling", "nobody is let in", "Scheduling") in events(cluster)
    assert node_of(cluster, "other") == "a"
    assert memory(cluster)["default/waits"]["place"] == "backoff"


def test_an_error_is_told_as_one():
    cluster = with_plugin(Prepares())
    add_node(cluster, "a")
    add_pod(cluster, "waits")
    cluster.until_quiet()
    label(cluster, "a", "broken")
    steps = decisions(cluster.advance(50))
    message = 'running PreBind plugin "Prepares": out of order'
    assert [step.say for step in steps] == ["scheduler.error"]
    condition = scheduled_condition(cluster, "waits")
    assert (condition["status"], condition["reason"], condition["message"]) == ("False", "SchedulerError", message)
    label(cluster, "a", "all")
    cluster.advance(3000)
    assert node_of(cluster, "waits") == "a"


def test_a_pod_that_is_deleted_meanwhile_gives_its_node_back():
    cluster = with_plugin(Prepares())
    add_node(cluster, "a")
    add_pod(cluster, "waits", container(cpu="3"))
    cluster.until_quiet()
    add_pod(cluster, "other", container(cpu="3"))
    cluster.until_quiet()
    delete_pod(cluster, "waits")
    cluster.until_quiet()
    assert node_of(cluster, "other") == "a"
    assert memory(cluster) == {}


def test_a_fork_in_the_middle_goes_on_alike():
    cluster = with_plugin(Prepares())
    add_node(cluster, "a")
    add_pod(cluster, "waits")
    cluster.until_quiet()
    other = cluster.fork()
    for each in (cluster, other):
        label(each, "a", "all")
    assert [step.why for step in cluster.until_quiet()] == [step.why for step in other.until_quiet()]
    assert node_of(other, "waits") == "a"


class Writes(Plugin):
    """Prepares by two writes of its own."""

    name = "Writes"

    def pre_bind(self, context, pod, node, note):
        found = context.get("nodes", "", node)
        for name in ("one", "two"):
            if name not in found["metadata"]["labels"]:
                labels = {**found["metadata"]["labels"], name: ""}
                changed = {**found, "metadata": {**found["metadata"], "labels": labels}}
                context.update(changed, story=Story(f"test.{name}"))
                return Status(Code.WAIT)
        return SUCCESS


def test_writes_of_a_binding_come_before_the_next_pod():
    cluster = with_plugin(Writes())
    add_node(cluster, "a")
    add_pod(cluster, "p")
    add_pod(cluster, "q")
    steps = decisions(cluster.until_quiet())
    assert [step.say for step in steps] == ["test.one", "test.two", "scheduler.bind-only", "scheduler.bind-only"]


class Fails(Plugin):
    """Fails at one extension point."""

    name = "Fails"

    def __init__(self, point, code):
        self.point, self.status = point, Status(code, ("no luck",))

    def pre_filter(self, state, pod, snapshot):
        return PreFilterResult(self._at("pre_filter"))

    def filter(self, state, pod, node):
        return self._at("filter")

    def reserve(self, state, pod, node):
        return ReserveResult(self._at("reserve"))

    def permit(self, pod, node):
        return self._at("permit")

    def _at(self, point):
        return self.status if point == self.point else SUCCESS


def told(point, code):
    cluster = with_plugin(Fails(point, code))
    with cluster.act() as api:
        api.create(node("b"), "")
    add_node(cluster, "a")
    change(cluster, "nodes", "", "b", taints=[])
    add_pod(cluster, "p")
    cluster.advance(100)
    condition = scheduled_condition(cluster)
    assert events(cluster)[0][2] == condition["message"]
    return condition["reason"], condition["message"], memory(cluster)["default/p"]["plugins"]


def test_a_preempted_pod_loses_the_node_that_it_was_to_be_bound_to():
    """It is not deleted: it is tried again after its back-off."""
    cluster = started(Profile(
        [PrioritySort(), NodeResourcesFit(), DefaultPreemption(), Prepares(), DefaultBinder()], {"NodeResourcesFit": 1}
    ))
    with cluster.act() as api:
        for found in priorityclass.system_classes():
            api.create(found)
    add_node(cluster, "a")
    add_pod(cluster, "waits", container(cpu="3"))
    cluster.until_quiet()
    add_pod(cluster, "boss", container(cpu="3"), priorityClassName="system-cluster-critical")
    cluster.advance(100)
    assert node_of(cluster, "boss") == "a"
    assert node_of(cluster, "waits") is None
    assert "deletionTimestamp" not in cluster.api.get("pods", "default", "waits")["metadata"]
    assert scheduled_condition(cluster, "waits")["message"] == 'running PreBind plugin "Prepares": context canceled'
    assert "nominatedNodeName" not in cluster.api.get("pods", "default", "waits")["status"]


def test_errors_of_plugins():
    error = "SchedulerError"
    assert told("pre_filter", Code.ERROR) == (error, 'running PreFilter plugin "Fails": no luck', [])
    assert told("filter", Code.ERROR) == (error, 'running "Fails" filter plugin: no luck', [])
    assert told("reserve", Code.ERROR) == (error, 'running Reserve plugin "Fails": no luck', [])
    assert told("permit", Code.ERROR) == (error, 'running Permit plugin "Fails": no luck', [])


def test_rejections_after_the_choice_speak_of_one_node():
    rejected = ("Unschedulable", "0/1 nodes are available: 1 no luck.", ["Fails"])
    assert told("reserve", Code.UNSCHEDULABLE) == rejected
    assert told("permit", Code.UNRESOLVABLE) == rejected
