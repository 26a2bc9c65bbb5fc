"""Random walks hold their rules, and the past repeats itself. `python -m tests.walks` walks further."""

from random import Random

import pytest

from cluster.simulation.bootstrap import new_cluster
from tests.walks import invariants, quiet
from tests.walks.commands import WEIGHTS, Hand
from tests.walks.invariants import Broken, Seen
from tests.walks.many import run
from tests.walks.walk import Walk

FIRST, COUNT = 1, 150


def test_it_works(capsys):
    steps, rewinds, failures = run(range(FIRST, FIRST + COUNT), processes=2)
    with capsys.disabled():
        print(f"\nwalks: seeds {FIRST} to {FIRST + COUNT - 1}, {steps} steps, {rewinds} rewinds")
    assert not failures, "\n".join(failures)
    assert steps > 100 * COUNT
    assert rewinds >= 1000


def test_there_are_enough_rules():
    assert len(invariants.RULES) + len(quiet.RULES) >= 20


def test_equal_seeds_give_equal_walks():
    one, other = Walk(5, 10), Walk(5, 10)
    assert [line.text for line in one.run().lines] == [line.text for line in other.run().lines]
    assert [step.say for step in one.steps] == [step.say for step in other.steps]


@pytest.mark.parametrize("verb", WEIGHTS)
def test_every_kind_of_line_can_be_made(verb):
    simulation = new_cluster()
    line = getattr(Hand(Random(verb)), f"_{verb}")(simulation)
    assert isinstance(line if isinstance(line, str) else line[0], str)


def test_a_broken_rule_is_found():
    simulation = new_cluster()
    seen = Seen.at(simulation.world)
    simulation.advance(1)
    simulation.etcd.next_revision()
    simulation.on_step = lambda step: invariants.check(seen, step)
    with pytest.raises(Broken, match="revisions_are_contiguous"):
        simulation.user().create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}})


def test_a_changed_document_is_found():
    seen = Seen.at(new_cluster().world)
    seen.samples.append(({"kind": "Pod", "metadata": {"name": "a"}}, b"{}"))
    with pytest.raises(Broken, match="changed in place"):
        invariants.check_samples(seen)
