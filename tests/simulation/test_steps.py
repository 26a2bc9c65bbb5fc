"""Steps: one write each, told by its actor, in the order of virtual time."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from cluster.apiserver.errors import APIError
from cluster.apiserver.state import AGENDA, Change, World
from cluster.machinery.component import Component, Context, Key, Reader
from cluster.machinery.story import Story
from cluster.objects import kinds  # noqa: F401  (registers them)
from cluster.objects.documents import Document, dig, with_value
from cluster.simulation.simulation import Simulation, Stuck


def namespace(name: str, **labels: str) -> Document:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


class Stamper(Component):
    """Gives every Namespace the labels a, b, c, one write at a time."""

    name = "stamper"
    watches = ("namespaces",)
    wanted = ("a", "b", "c")

    def reconcile(self, context: Context, key: Key) -> None:
        found = context.get("namespaces", *key)
        if found is None:
            return
        labels = dig(found, "metadata", "labels", default={})
        for label in self.wanted:
            if label not in labels:
                story = Story("test.stamped", {"label": label})
                context.update(with_value(found, ("metadata", "labels", label), "yes"), story=story)
                return


class Greedy(Component):
    name = "greedy"
    watches = ("namespaces",)

    def reconcile(self, context: Context, key: Key) -> None:
        for label in ("x", "y"):
            found = context.get("namespaces", *key)
            assert found is not None
            context.update(with_value(found, ("metadata", "labels", label), "yes"), story=Story("test.greedy"))


class Restless(Component):
    name = "restless"
    watches = ("namespaces",)

    def reconcile(self, context: Context, key: Key) -> None:
        context.again(0)


class Failing(Component):
    """Tries to make something in a namespace that is not there."""

    name = "failing"
    watches = ("namespaces",)

    def reconcile(self, context: Context, key: Key) -> None:
        config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "nowhere"}}
        context.create(config, story=Story("test.failing"))


class Timer(Component):
    """Notes the time now and at +60 s, as a watchdog."""

    name = "timer"
    watches = ("namespaces",)

    def keys_for(self, change: Change, view: Reader) -> Iterable[Key]:
        return [change.key] if change.type == "ADDED" else []

    def reconcile(self, context: Context, key: Key) -> None:
        seen = context.memory(key, [])
        if len(seen) < 2:
            context.remember(key, [*seen, context.now])
            context.again(60_000, quiet=True)


def test_it_works() -> None:
    simulation = Simulation(World(), [Stamper()])
    simulation.user().create(namespace("one"))
    steps = simulation.until_quiet()
    assert [step.args["label"] for step in steps] == ["a", "b", "c"]
    assert [step.actor for step in steps] == ["stamper"] * 3
    assert [step.revision for step in steps] == [2, 3, 4]
    assert steps[0].objects == ("namespaces//one",)
    assert simulation.is_quiet()


def test_a_write_of_a_user_is_a_step_too() -> None:
    told = []
    simulation = Simulation(World(), [], on_step=told.append)
    api = simulation.user()
    api.tell(Story("test.made", {"name": "one"}))
    api.create(namespace("one"))
    api.create(namespace("two"))
    assert [(step.actor, step.verb, step.say) for step in told] == [
        ("user", "create", "test.made"), ("user", "create", "api.create"),
    ]


def test_a_refused_write_is_no_step_and_changes_nothing() -> None:
    told = []
    simulation = Simulation(World(), [], on_step=told.append)
    api = simulation.user()
    api.create(namespace("one"))
    before = simulation.world
    with pytest.raises(APIError, match='namespaces "one" already exists'):
        api.create(namespace("one"))
    assert simulation.world.tables == before.tables
    assert simulation.revision == before.revision
    assert len(told) == 1


def test_two_writes_in_one_reconcile_are_a_defect() -> None:
    simulation = Simulation(World(), [Greedy()])
    simulation.user().create(namespace("one"))
    with pytest.raises(RuntimeError, match="second write"):
        simulation.until_quiet()


def test_a_component_that_never_writes_nor_waits_is_found() -> None:
    simulation = Simulation(World(), [Restless()])
    simulation.user().create(namespace("one"))
    with pytest.raises(Stuck, match="no write"):
        simulation.step()


def test_failures_are_retried_later_and_later() -> None:
    simulation = Simulation(World(), [Failing()])
    simulation.user().create(namespace("one"))
    assert simulation.step(until=2_000) is None
    entry = simulation.world.row(AGENDA, ("failing", "", "one"))
    assert entry[0] > 2_000
    assert entry[2], "after many failures a retry is only a watchdog"


def test_quiet_does_not_wait_for_watchdogs() -> None:
    simulation = Simulation(World(), [Timer()])
    simulation.user().create(namespace("one"))
    simulation.until_quiet()
    assert simulation.now < 1_000
    simulation.advance(61_000)
    assert simulation.now > 61_000
    assert len(simulation.world.row("memory", ("timer", "", "one"))) == 2


def test_advance_ends_exactly_then() -> None:
    simulation = Simulation(World(), [Stamper()])
    simulation.user().create(namespace("one"))
    simulation.advance(10_000)
    assert simulation.now == 10_000
    assert simulation.step() is None


def test_equal_seeds_give_equal_histories() -> None:
    def history(seed: int) -> list[tuple[object, ...]]:
        told: list[tuple[object, ...]] = []
        simulation = Simulation(World(random=seed), [Stamper()], on_step=lambda s: told.append((s.at, s.objects, s.changes)))
        api = simulation.user()
        for number in range(5):
            api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"generateName": "n-"}})
            simulation.advance(number * 7)
        simulation.until_quiet()
        return told

    assert history(1) == history(1)
    assert history(1) != history(2)
