"""Walks on a mutated engine, in a process of its own, until one fails."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import NamedTuple

from tests.mutations.mutation import Mutation
from tests.walks.walk import SEQUENCES_OF_A_GROUND, Outcome, Sequence, Walk

# How far one mutation is followed: sequences on so many grounds, a whole walk after each of them.
GROUNDS = 40
SEQUENCES = 20


class Found(NamedTuple):
    """What became of a mutation; `by` is the first line of the failure, "" when it survived."""

    name: str
    by: str
    seed: str
    runs: int
    seconds: float


def check(mutation: Mutation | None, grounds: int = GROUNDS) -> Found:
    """Mutate this process and walk; without a mutation every walk must hold."""
    if mutation is not None:
        mutation.apply()
    started, runs = time.monotonic(), 0
    for outcome, seed in _outcomes(grounds):
        runs += 1
        if outcome.problem:
            return Found(mutation.name if mutation else "", outcome.problem, seed, runs, time.monotonic() - started)
    return Found(mutation.name if mutation else "", "", "", runs, time.monotonic() - started)


def _outcomes(grounds: int) -> Iterator[tuple[Outcome, str]]:
    for number in range(grounds):
        first = number * SEQUENCES_OF_A_GROUND
        for seed in range(first, first + SEQUENCES):
            yield Sequence(seed).run(), f"sequence {seed}"
        yield Walk(number + 1).run(), f"walk {number + 1}"


def check_safely(job: tuple[Mutation, int]) -> Found:
    """`check` for a pool of processes: a bug that breaks a new cluster is found as well."""
    try:
        return check(*job)
    except Exception as problem:  # noqa: BLE001  (whatever it is, it is the mutation's doing)
        return Found(job[0].name, f"{type(problem).__name__}: {problem}", "a new cluster", 0, 0.0)
