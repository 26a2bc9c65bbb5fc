"""Rewind and fork: an old World goes on exactly as it did."""

from __future__ import annotations

from cluster.apiserver.state import World
from cluster.simulation import journal
from cluster.simulation.simulation import Simulation
from cluster.simulation.step import Step
from tests.simulation.test_steps import Stamper, Timer, namespace


def recorded(seed: int = 3) -> tuple[Simulation, list[Step]]:
    steps: list[Step] = []
    simulation = Simulation(World(random=seed), [Stamper(), Timer()], on_step=steps.append)
    for name in ("one", "two", "three"):
        simulation.user().create(namespace(name))
        simulation.advance(9)
    simulation.until_quiet()
    return simulation, steps


def signature(steps: list[Step]) -> list[tuple[object, ...]]:
    return [(step.revision, step.at, step.actor, step.objects, step.changes) for step in steps]


def test_it_works() -> None:
    _, steps = recorded()
    last_user_step = max(index for index, step in enumerate(steps) if step.actor == "user")
    for index in range(last_user_step, len(steps)):
        again: list[Step] = []
        fork = Simulation(steps[index].world, [Stamper(), Timer()], on_step=again.append)
        fork.until_quiet()
        assert signature(again) == signature(steps[index + 1 :])


def test_a_fork_leaves_the_original_alone() -> None:
    simulation, _ = recorded()
    before = simulation.world
    fork = simulation.fork()
    fork.user().create(namespace("elsewhere"))
    fork.until_quiet()
    assert simulation.world is before
    assert fork.api.get("namespaces", "", "elsewhere") is not None
    assert simulation.api.get("namespaces", "", "elsewhere") is None


def test_the_journal_builds_every_moment_again() -> None:
    start = World(random=3)
    _, steps = recorded()
    world = start
    for step in steps:
        world = journal.redo(world, journal.encode_step(step))
        assert world == step.world
        assert journal.decode_world(journal.encode_world(world)) == world


def test_a_kept_step_tells_the_same_story() -> None:
    _, steps = recorded()
    before = steps[3].world
    assert journal.decode_step(before, journal.encode_step(steps[4])) == steps[4]


def test_the_clock_alone_is_kept_as_a_step() -> None:
    simulation, steps = recorded()
    before = steps[-1].world
    simulation.advance(5_000)
    step = simulation.keep_clock()
    assert step is not None and step.at == simulation.now
    assert journal.redo(before, journal.encode_step(step)) == simulation.world
    assert simulation.keep_clock() is None
