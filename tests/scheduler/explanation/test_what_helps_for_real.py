"""Every change that an explanation proposes keeps its promise when it is made for real in a whole cluster."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.scheduler.for_real import asked, furnished, newcomer, placed

SEEDS = 80
CASES = 200


def promised(seed: int) -> list[str]:
    """The kinds of the changes that were tried for a cluster and a Pod."""
    simulation, pod = furnished(seed), newcomer(seed)
    told = asked(simulation, pod)
    for row in told["changes"]:
        outcome, change = row["outcome"], row["change"]
        assert outcome is not None
        node, nominated = placed(simulation, pod, change, row["console"])
        where = (seed, change, outcome)
        if outcome["nominated"]:
            assert nominated == outcome["nominated"], where
            assert node == nominated, where
        elif change["do"] == "add-node":
            # The machine gets another name than the node in thought.
            assert bool(node) == bool(outcome["chosen"]), where
        else:
            assert node in outcome["best"], (*where, node)
    return [row["change"]["do"] for row in told["changes"]]


def test_it_works() -> None:
    kinds: Counter[str] = Counter()
    for seed in range(SEEDS):
        kinds.update(promised(seed))
    assert kinds.total() >= CASES
    assert kinds.keys() >= {
        "tolerate", "untaint", "uncordon", "label-node", "request", "remove-pod", "free", "add-node", "strategy", "priority",
    }


@pytest.mark.parametrize("seed", range(10))
def test_asking_changes_nothing(seed: int) -> None:
    simulation, pod = furnished(seed), newcomer(seed)
    world = simulation.world
    assert asked(simulation, pod) == asked(simulation, pod)
    assert simulation.world is world
