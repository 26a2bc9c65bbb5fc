"""Bugs that are seeded into the engine are found by walks. `python -m tests.mutations` tries all of them."""

from multiprocessing import get_context

import pytest

from tests.mutations.catalogue import MUTATIONS
from tests.mutations.check import check_safely
from tests.mutations.mutation import DoesNotApply, Mutation

SAMPLE = ("cluster-ip-twice", "worst-node-wins", "generation-not-counted", "rewind-forgets-chance")


def test_it_works():
    """Each in a process of its own: a mutation stays for as long as its process."""
    chosen = [mutation for mutation in MUTATIONS if mutation.name in SAMPLE]
    with get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        found = pool.map(check_safely, [(mutation, 3) for mutation in chosen], chunksize=1)
    assert sorted(one.name for one in found if one.by) == sorted(SAMPLE), found


def test_there_are_enough_of_all_parts():
    assert len(MUTATIONS) >= 30
    assert len({mutation.name for mutation in MUTATIONS}) == len(MUTATIONS)
    parts = {mutation.place.partition(".")[0] for mutation in MUTATIONS}
    assert parts >= {"apiserver", "controllers", "kubelet", "network", "scheduler", "simulation", "storage"}


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_each_has_its_line(mutation):
    assert mutation.source()
    assert mutation.old != mutation.new


def test_a_line_that_is_gone_is_told():
    with pytest.raises(DoesNotApply, match="has 0 times"):
        Mutation("a", "apiserver.deletion:is_finished", "no such line", "").source()
    with pytest.raises(DoesNotApply, match="there is no"):
        Mutation("a", "apiserver.deletion:no_such_function", "a", "b").source()
