"""Switching components off and on again."""

from __future__ import annotations

from cluster.apiserver.state import World
from cluster.simulation.simulation import Simulation
from tests.simulation.test_steps import Stamper, namespace


def test_it_works() -> None:
    simulation = Simulation(World(), [Stamper()])
    step = simulation.switch("stamper", on=False)
    assert step is not None
    assert (step.say, step.args) == ("switch.off", {"component": "stamper"})
    simulation.user().create(namespace("one"))
    assert simulation.until_quiet() == []
    simulation.switch("stamper", on=True)
    assert len(simulation.until_quiet()) == 3


def test_switching_twice_is_nothing() -> None:
    simulation = Simulation(World(), [Stamper()])
    assert simulation.switch("stamper", on=True) is None
    simulation.switch("stamper", on=False)
    assert simulation.switch("stamper", on=False) is None


def test_off_in_the_middle_of_its_work() -> None:
    simulation = Simulation(World(), [Stamper()])
    simulation.user().create(namespace("one"))
    simulation.step()
    simulation.switch("stamper", on=False)
    assert simulation.until_quiet() == []
    simulation.switch("stamper", on=True)
    assert [step.args["label"] for step in simulation.until_quiet()] == ["b", "c"]


def test_what_the_switch_wakes_belongs_to_its_step() -> None:
    """A cluster that is loaded again right after the switch must still look at everything anew."""
    simulation = Simulation(World(), [Stamper()])
    simulation.switch("stamper", on=False)
    simulation.user().create(namespace("one"))
    step = simulation.switch("stamper", on=True)
    assert step is not None
    assert len(Simulation(step.world, [Stamper()]).until_quiet()) == 3
