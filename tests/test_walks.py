"""Random walks hold their rules, and the past repeats itself. `python -m tests.walks` walks further."""

from random import Random

import pytest

from cluster.simulation.bootstrap import new_cluster
from tests.walks import quiet, rules
from tests.walks.commands import WEIGHTS, Hand
from tests.walks.many import run_sequences, run_walks
from tests.walks.rules import Broken, Seen
from tests.walks.walk import Sequence, Walk

FIRST, WALKS, SEQUENCES = 1, 30, 600


def test_it_works(capsys):
    sums = run_walks(range(FIRST, FIRST + WALKS), processes=2)
    with capsys.disabled():
        print(f"\nwalks: seeds {FIRST} to {FIRST + WALKS - 1}, {sums.steps} steps, {sums.rewinds} rewinds")
    assert not sums.failures, "\n".join(sums.failures)
    assert sums.steps > 100 * WALKS
    assert sums.rewinds >= 5 * WALKS


def test_sequences(capsys):
    sums = run_sequences(range(FIRST, FIRST + SEQUENCES), processes=2)
    with capsys.disabled():
        print(f"\nsequences: seeds {FIRST} to {FIRST + SEQUENCES - 1}, {sums.steps} steps, {sums.rewinds} rewinds")
    assert not sums.failures, "\n".join(sums.failures)
    assert sums.steps > 30 * SEQUENCES
    assert sums.rewinds >= SEQUENCES // 5


def test_there_are_enough_rules():
    assert len(rules.RULES) >= 40
    assert len(quiet.RULES) >= 10


@pytest.mark.parametrize("make", [lambda: Walk(5, 10), lambda: Sequence(1234)])
def test_equal_seeds_give_equal_walks(make):
    one, other = make(), make()
    assert [line.text for line in one.run().lines] == [line.text for line in other.run().lines]
    assert [(step.say, step.at) for step in one.steps] == [(step.say, step.at) for step in other.steps]


def test_a_sequence_does_not_depend_on_those_before_it():
    alone = Sequence(700)
    alone.run()
    Sequence(2600).run()  # on another ground
    after = Sequence(700)
    after.run()
    assert [(step.say, step.at) for step in alone.steps] == [(step.say, step.at) for step in after.steps]


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
    simulation.on_step = lambda step: rules.check(seen, step)
    with pytest.raises(Broken, match="revisions_are_contiguous"):
        simulation.user().create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}})


def test_a_changed_document_is_found():
    seen = Seen.at(new_cluster().world)
    seen.samples.append(({"kind": "Pod", "metadata": {"name": "a"}}, b"{}"))
    with pytest.raises(Broken, match="changed in place"):
        rules.check_samples(seen)
