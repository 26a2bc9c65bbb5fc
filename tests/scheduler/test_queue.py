"""The queue: order, back-off, hints, left-over pods."""

import json

import pytest

from cluster.scheduler import events
from cluster.scheduler.events import ClusterEvent, node_events, pod_events, revision_of
from cluster.scheduler.framework import Profiles
from cluster.scheduler.queue import ACTIVE, BACKOFF, GATED, UNSCHEDULABLE, SchedulingQueue
from tests.scheduler.builders import PROFILE, container, node, pod, taint

PROFILES = Profiles([PROFILE])


class Clock:
    """A queue that is found again from the JSON of its rows before each use, as after a restart of the program."""

    def __init__(self, *pods, profiles=PROFILES):
        self.now = 0
        self.rows = {}
        self.counters = None
        self.profiles = profiles
        self.waiting = {f"default/{each['metadata']['name']}": each for each in pods}

    def at(self, now):
        self.now = now
        return self

    def __enter__(self):
        rows, counters = json.loads(json.dumps([self.rows, self.counters]))
        self.queue = SchedulingQueue(self.profiles, rows, counters)
        self.queue.begin(self.now)
        self.queue.sync({*rows, *self.waiting}, self.waiting)
        self.queue.flush()
        return self.queue

    def __exit__(self, *error):
        for key, row in self.queue.changes():
            if row is None:
                self.rows.pop(key, None)
            else:
                self.rows[key] = row
        self.counters = self.queue.counters
        assert self.rows == self.queue.pods


def update(clock, changed, key="default/p"):
    """The waiting pod changes, and the queue hears of it."""
    old, clock.waiting = clock.waiting[key], {key: changed}
    with clock as queue:
        for event in pod_events(old, changed):
            queue.move(event, clock.waiting)


def reject(clock, *plugins, key="default/p"):
    with clock as queue:
        queue.failed(key, plugins or ("NodeResourcesFit",))


def place(clock, key="default/p"):
    with clock as queue:
        return queue.pods[key]["place"]


def test_it_works():
    clock = Clock(pod("p"))
    with clock as queue:
        assert queue.head() == "default/p"
        queue.done("default/p")
    clock.waiting = {}
    with clock as queue:
        assert queue.head() is None
        assert queue.next_wake() is None


def test_higher_priority_first_then_who_waits_longer():
    clock = Clock(pod("old"), pod("low", priority=-1))
    with clock:
        pass
    clock.at(10).waiting |= {"default/new": pod("new"), "default/high": pod("high", priority=5)}
    order = []
    with clock as queue:
        while (key := queue.head()) is not None:
            order.append(key.removeprefix("default/"))
            queue.done(key)
    assert order == ["high", "old", "new", "low"]


def test_pods_of_one_moment_keep_the_order_of_creation():
    later, earlier = pod("a"), pod("b")
    later["metadata"]["resourceVersion"], earlier["metadata"]["resourceVersion"] = "10", "9"
    with Clock(later, earlier) as queue:
        assert queue.head() == "default/b"


def test_a_rejected_pod_waits_for_an_event():
    clock = Clock(pod("p", container(cpu="8")))
    reject(clock.at(100))
    with clock.at(30_000) as queue:
        assert queue.head() is None
        queue.move(*node_events(None, node(cpu="4")), clock.waiting)
        assert queue.head() is None
        queue.move(*node_events(None, node(cpu="16")), clock.waiting)
        assert queue.head() == "default/p"


def test_only_the_plugins_that_rejected_are_asked():
    clock = Clock(pod("p", container(cpu="8")))
    reject(clock, "TaintToleration")
    (event,) = node_events(node(cpu="4"), node(cpu="16"))
    with clock.at(30_000) as queue:
        queue.move(event, clock.waiting)
        assert queue.head() is None


def test_backoff_doubles_up_to_ten_seconds():
    clock, ends = Clock(pod("p")), []
    for attempt in range(6):
        reject(clock.at(attempt * 100_000))
        with clock as queue:
            queue.move(ClusterEvent(events.ASSIGNED_POD, events.DELETE, pod("x", on="n"), None), clock.waiting)
            assert queue.pods["default/p"]["place"] == BACKOFF
            ends.append(queue.next_wake() - clock.now)
    # The window in which a back-off ends is over one window later.
    assert ends == [2000, 3000, 5000, 9000, 11_000, 11_000]


def test_backoff_ends_at_whole_seconds():
    clock = Clock(pod("p"), pod("other"))
    reject(clock.at(1500))
    with clock as queue:
        queue.move(ClusterEvent(events.ASSIGNED_POD, events.DELETE, pod("x", on="n"), None), clock.waiting)
        assert queue.next_wake() == 3000
    assert place(clock.at(2999)) == BACKOFF
    assert place(clock.at(3000)) == ACTIVE


def test_a_pod_whose_backoff_is_over_is_active_at_once():
    clock = Clock(pod("p"))
    reject(clock)
    with clock.at(2000) as queue:
        queue.move(ClusterEvent(events.ASSIGNED_POD, events.DELETE, pod("x", on="n"), None), clock.waiting)
        assert queue.pods["default/p"]["place"] == ACTIVE


def test_backing_off_pods_are_tried_early_when_no_other_is_active():
    clock = Clock(pod("p"), pod("other"))
    reject(clock)
    with clock as queue:
        queue.move(ClusterEvent(events.ASSIGNED_POD, events.DELETE, pod("x", on="n"), None), clock.waiting)
        assert queue.head() == "default/other"
        queue.done("default/other")
        assert queue.head() == "default/p"


def test_after_an_error_the_backoff_is_kept():
    clock = Clock(pod("p"))
    with clock as queue:
        queue.failed("default/p", ())
        assert (queue.head(), queue.next_wake()) == (None, 2000)
    with clock.at(2000) as queue:
        assert queue.head() == "default/p"
        queue.failed("default/p", ["NodeResourcesFit"])
        assert (queue.pods["default/p"]["errors"], queue.pods["default/p"]["rejections"]) == (0, 1)


def test_left_over_pods_are_tried_again_after_five_minutes():
    clock = Clock(pod("p"))
    reject(clock.at(1000))
    with clock as queue:
        assert queue.next_wake() == 330_000
    assert place(clock.at(329_999)) == UNSCHEDULABLE
    assert place(clock.at(330_000)) == ACTIVE


def test_gated_pods_wait_for_their_last_gate():
    gates = [{"name": "example.com/one"}, {"name": "example.com/two"}]
    clock = Clock(pod("p", schedulingGates=gates))
    assert place(clock) == GATED
    with clock.at(10**9) as queue:
        assert (queue.head(), queue.next_wake()) == (None, None)
    clock.waiting = {"default/p": pod("p", schedulingGates=gates[1:])}
    assert place(clock) == GATED
    clock.waiting = {"default/p": pod("p")}
    assert place(clock) == ACTIVE


@pytest.mark.parametrize(("rejector", "after"), [("TaintToleration", ACTIVE), ("NodeResourcesFit", UNSCHEDULABLE)])
def test_a_new_toleration_brings_back_who_lacked_one(rejector, after):
    clock = Clock(pod("p"))
    reject(clock, rejector)
    update(clock.at(5000), pod("p", tolerations=[{"key": "x", "operator": "Exists"}]))
    assert place(clock) == after


def test_a_pod_of_the_same_name_is_another_pod():
    clock = Clock(pod("p"))
    reject(clock)
    again = pod("p")
    again["metadata"]["uid"] = "another"
    clock.waiting = {"default/p": again}
    with clock as queue:
        assert queue.pods["default/p"]["place"] == ACTIVE
        assert queue.pods["default/p"]["rejections"] == 0


def test_pods_that_are_gone_leave():
    clock = Clock(pod("p"))
    reject(clock)
    clock.waiting = {}
    with clock as queue:
        assert queue.pods == {}


def test_skipped_pods_are_not_tried():
    with Clock(pod("p")) as queue:
        queue.skip("default/p")
        assert (queue.head(), queue.next_wake()) == (None, None)


def test_events_survive_being_keys():
    (event,) = node_events(node(taints=[taint("x")]), node())
    assert ClusterEvent.of_key(event.key(7)) == event
    assert revision_of(event.key(7)) == 7


def test_irrelevant_changes_of_a_node_are_no_events():
    changed = node()
    changed["status"] = {**changed["status"], "phase": "Running"}
    assert list(node_events(node(), changed)) == []
    changed["status"] = {**changed["status"], "conditions": [{"type": "Ready", "status": "True"}]}
    assert [event.action for event in node_events(node(), changed)] == [events.UPDATE_NODE_CONDITION]
    assert [event.action for event in node_events(node(), node(labels={"a": "b"}, cpu="1"))] == [
        events.UPDATE_NODE_ALLOCATABLE, events.UPDATE_NODE_LABEL,
    ]


def test_a_pod_that_was_tried_since_has_seen_the_change():
    clock = Clock(pod("p"))
    with clock as queue:
        queue.failed("default/p", ["NodeResourcesFit"], 10)
    freed = ClusterEvent(events.ASSIGNED_POD, events.DELETE, pod("x", on="n"), None)
    with clock.at(30_000) as queue:
        queue.move(freed, clock.waiting, 10)
        assert queue.head() is None
        queue.move(freed, clock.waiting, 11)
        assert queue.head() == "default/p"


def test_room_of_a_nomination_is_for_those_that_are_not_more_important():
    nominated, still = pod("n", priority=5), pod("n", priority=5)
    nominated["status"]["nominatedNodeName"] = "a"
    (event,) = [each for each in pod_events(nominated, still) if each.resource == events.ASSIGNED_POD]
    clock = Clock(pod("p", priority=6), pod("q", priority=5))
    for key in ("default/p", "default/q"):
        reject(clock, key=key)
    with clock.at(30_000) as queue:
        queue.move(event, clock.waiting)
        assert queue.rejected == ["default/p"]


def test_a_nominated_pod_that_is_bound_frees_nothing():
    nominated = pod("n")
    nominated["status"]["nominatedNodeName"] = "a"
    assert [event.kind for event in pod_events(nominated, pod("n", on="a"))] == [(events.ASSIGNED_POD, events.ADD)]


def test_an_update_of_a_waiting_pod_concerns_only_itself():
    clock = Clock(pod("p"), pod("q"))
    for key in ("default/p", "default/q"):
        reject(clock, "TaintToleration", key=key)
    tolerant = pod("q", tolerations=[{"key": "x", "operator": "Exists"}])
    (event,) = pod_events(pod("q"), tolerant)
    with clock.at(30_000) as queue:
        queue.move(event, clock.waiting)
        assert queue.rejected == ["default/p"]


@pytest.mark.parametrize(("change", "action"), [
    ({"labels": {"a": "b"}}, events.UPDATE_POD_LABEL),
    ({"cpu": "1"}, events.UPDATE_POD_SCALE_DOWN),
    ({"cpu": "3"}, events.UPDATE),
    ({"schedulingGates": []}, events.UPDATE_POD_GATES_ELIMINATED),
])
@pytest.mark.parametrize(("on", "resource"), [("", events.UNSCHEDULED_POD), ("n", events.ASSIGNED_POD)])
def test_updates_of_pods_are_told_apart(change, action, on, resource):
    def version(cpu="2", labels=None, schedulingGates=({"name": "example.com/wait"},)):
        found = pod("p", container(cpu=cpu), on=on, schedulingGates=list(schedulingGates))
        found["metadata"]["labels"] = labels
        return found

    assert [event.kind for event in pod_events(version(), version(**change))] == [(resource, action)]


def test_whoever_registers_update_hears_of_every_update():
    event = ClusterEvent(events.NODE, events.UPDATE_NODE_LABEL, node(), node())
    assert events.concerns({(events.NODE, events.UPDATE)}, event)
    assert not events.concerns({(events.NODE, events.ADD)}, event)
    assert not events.concerns({(events.ASSIGNED_POD, events.UPDATE)}, event)


def test_the_binding_cycle_is_a_place_of_its_own():
    clock = Clock(pod("p"))
    binding = {"node": "a", "notes": {}, "message": "", "story": [], "why": None}
    with clock as queue:
        queue.reserve("default/p", binding)
    with clock.at(10**9) as queue:
        assert (queue.head(), queue.next_wake(), queue.binding) == (None, None, ["default/p"])
        assert queue.counters["idle"] == 1
        queue.failed("default/p", ())
        assert queue.pods["default/p"]["binding"] is None


def test_backoffs_are_as_configured():
    clock = Clock(pod("p"), profiles=Profiles([PROFILE], initial_backoff=2000, max_backoff=3000))
    with clock as queue:
        queue.failed("default/p", ())
        assert queue.next_wake() == 3000
        queue.failed("default/p", ())
        assert queue.next_wake() == 4000


def test_a_long_backoff_goes_on_doubling():
    clock = Clock(pod("p"), profiles=Profiles([PROFILE], initial_backoff=1000, max_backoff=3_600_000))
    ends = []
    for _ in range(13):
        with clock as queue:
            queue.failed("default/p", ())
            ends.append(queue.pods["default/p"]["expires"])
    assert ends[-3:] == [1_024_000, 2_048_000, 3_600_000]


@pytest.mark.parametrize(("asked", "freed", "after"), [
    ({"cpu": "8"}, {"cpu": "1"}, ACTIVE), ({"memory": "8Gi"}, {"cpu": "1"}, UNSCHEDULABLE),
])
def test_a_placed_pod_that_takes_less_makes_room_for_who_asks_for_that(asked, freed, after):
    clock = Clock(pod("p", container(**asked)))
    reject(clock)
    big, small = (pod("x", container(**amounts), on="n") for amounts in ({"cpu": "2"}, freed))
    (event,) = pod_events(big, small)
    with clock.at(30_000) as queue:
        queue.move(ClusterEvent.of_key(event.key()), clock.waiting)
    assert place(clock) == after


def test_a_waiting_pod_that_asks_for_less_is_tried_again():
    clock = Clock(pod("p", container(cpu="8")))
    reject(clock)
    update(clock.at(30_000), pod("p", container(cpu="1")))
    assert place(clock) == ACTIVE


def test_conditions_that_say_little_are_heard_of():
    before, after = node(), node()
    before["status"]["conditions"], after["status"]["conditions"] = [{"type": "Ready"}], [{"type": "Ready", "status": "True"}, {}]
    assert [event.action for event in node_events(before, after)] == [events.UPDATE_NODE_CONDITION]
