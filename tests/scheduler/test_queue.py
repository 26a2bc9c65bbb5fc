"""The queue: order, back-off, hints, left-over pods."""

import json

import pytest

from cluster.scheduler import events
from cluster.scheduler.events import ClusterEvent, node_events
from cluster.scheduler.queue import ACTIVE, BACKOFF, GATED, UNSCHEDULABLE, SchedulingQueue
from tests.scheduler.builders import PROFILE, container, node, pod, taint


class Clock:
    """A queue that goes through its JSON before each use, as between two cycles."""

    def __init__(self, *pods):
        self.now = 0
        self.data = None
        self.waiting = {f"default/{each['metadata']['name']}": each for each in pods}

    def at(self, now):
        self.now = now
        return self

    def __enter__(self):
        self.queue = SchedulingQueue(json.loads(json.dumps(self.data)), PROFILE, self.now)
        self.queue.sync(self.waiting)
        self.queue.flush()
        return self.queue

    def __exit__(self, *error):
        self.data = self.queue.data


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
    clock.waiting = {"default/p": pod("p", tolerations=[{"key": "x", "operator": "Exists"}])}
    assert place(clock.at(5000)) == after


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
    assert ClusterEvent.of_key(event.key()) == event


def test_irrelevant_changes_of_a_node_are_no_events():
    changed = node()
    changed["status"] = {**changed["status"], "conditions": [{"type": "Ready", "status": "True"}]}
    assert list(node_events(node(), changed)) == []
    assert [event.action for event in node_events(node(), node(labels={"a": "b"}, cpu="1"))] == [
        events.UPDATE_NODE_ALLOCATABLE, events.UPDATE_NODE_LABEL,
    ]
