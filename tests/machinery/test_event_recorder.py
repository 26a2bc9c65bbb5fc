"""Events: equal ones are counted, many similar ones combined, floods cut short, old ones expire."""

from __future__ import annotations

from collections.abc import Sequence

from cluster.apiserver.state import World
from cluster.machinery.component import Component, Context, Key
from cluster.machinery.event_recorder import EventRecorder
from cluster.objects import kinds  # noqa: F401  (registers them)
from cluster.objects.documents import Document
from cluster.simulation.simulation import Simulation


class Talker(Component):
    """Says what it is told, one message a second, about the Namespace `default`."""

    name = "talker"
    watches = ("namespaces",)

    def __init__(self, messages: Sequence[str]) -> None:
        self.messages = messages

    def reconcile(self, context: Context, key: Key) -> None:
        count = context.memory(("said",), 0)
        if count == len(self.messages):
            return
        namespace = context.get("namespaces", *key)
        assert namespace is not None
        context.event(namespace, "Normal", "Talk", self.messages[count])
        context.remember(("said",), count + 1)
        context.again(1000)


def said(*messages: str) -> Simulation:
    simulation = Simulation(World(), [EventRecorder(), Talker(messages)])
    simulation.user().create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}})
    simulation.advance(1000 * (len(messages) + 1))
    return simulation


def events(simulation: Simulation) -> list[Document]:
    return simulation.api.list("events")


def test_it_works() -> None:
    (event,) = events(said("hello"))
    assert (event["message"], event["count"], event["source"]) == ("hello", 1, {"component": "talker"})
    assert event["involvedObject"]["kind"] == "Namespace"
    assert event["metadata"]["namespace"] == "default"


def test_equal_events_are_counted() -> None:
    (event,) = events(said("hello", "hello", "hello"))
    assert event["count"] == 3
    assert event["firstTimestamp"] < event["lastTimestamp"]


def test_the_tenth_similar_event_is_combined() -> None:
    simulation = said(*(f"number {number}" for number in range(12)))
    texts = {event["message"]: event["count"] for event in events(simulation)}
    assert len(texts) == 10
    assert texts["(combined from similar events): number 11"] == 3


def test_a_flood_is_cut_short() -> None:
    simulation = said(*["again"] * 40)
    assert events(simulation)[0]["count"] == 25


def test_what_was_cut_short_is_counted_by_the_next_that_is_not() -> None:
    event = events(said(*["again"] * 310))[0]
    assert 300 <= event["count"] <= 310


def test_nothing_is_kept_of_an_object_without_events() -> None:
    simulation = said(*["again"] * 40)
    simulation.advance(3_600_000)
    assert events(simulation) == []
    assert not [key for key in simulation.world.table("memory") if key[0] == "event-recorder"]


def test_events_expire_after_an_hour() -> None:
    simulation = said("hello", "world")
    simulation.advance(3_590_000)
    assert len(events(simulation)) == 2
    simulation.advance(10_000)
    assert events(simulation) == []
    assert not [key for key in simulation.world.table("memory") if key[0] == "event-recorder"]
