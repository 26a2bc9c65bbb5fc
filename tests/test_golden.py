"""The recordings of a real control plane agree, family by family."""

import pytest

from tests.golden_replay.families import FAMILIES
from tests.golden_replay.transcript import ages, are_near, counts_grow, normalised
from tests.support.golden import golden


@pytest.mark.parametrize("family", FAMILIES)
def test_agrees(family):
    file, replay = FAMILIES[family]
    if not (golden() / file).exists():
        pytest.skip(f"no recording {file}")
    report = replay(golden())
    assert report.total
    assert not report.differences, "\n".join(report.lines())


def test_chance_is_not_compared():
    assert normalised("web-889dd49f5-5wv4m  10.244.0.7   7s") == normalised("web-889dd49f5-zzzzz  10.244.1.12  31m")
    assert normalised("web-889dd49f5-5wv4m") != normalised("web-889dd49f6-5wv4m")


def test_ages_are_compared_apart():
    assert ages("10s 1m30s 2h") == [10, 90, 7200]
    assert are_near([10, 100], [11, 109])
    assert not are_near([10], [12])
    assert not are_near([10], [10, 10])


def test_counts_of_a_rollout_grow():
    line = 'Waiting for deployment "a" rollout to finish: {} of 4 updated replicas are available...\n'
    assert counts_grow(line.format(1) + line.format(3))
    assert not counts_grow(line.format(3) + line.format(1))
