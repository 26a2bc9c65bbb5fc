"""The arrays decide every recorded case as the readable path does, which agrees with the recordings."""

import pytest

from cluster.scheduler.arrays.scheduler import ArrayScheduler
from cluster.scheduler.schedule import decide
from tests.golden_replay.decisions import CATEGORIES, cases, defaulted, profile, snapshot_of
from tests.scheduler.arrays.parity import by_arrays, readable, recorded
from tests.support.golden import golden

FOLDER = golden() / "scheduler"


def every_case():
    return [
        pytest.param(case, id=f"{category}-{case['id']}")
        for category in CATEGORIES if (FOLDER / f"{category}.json").exists()
        for case in cases(category, golden()) if "pod" in case["input"]
    ]


@pytest.mark.parametrize("case", every_case())
def test_it_works(case):
    given = case["input"]
    pod, snapshot = defaulted(given["pod"], given), snapshot_of(given)
    expected = decide(pod, snapshot, profile(), lambda: 0.0)
    scheduler = ArrayScheduler.of(profile(), snapshot)
    found = scheduler.decide(pod, lambda: 0.0, snapshot.lister)

    assert by_arrays(scheduler, found) == readable(expected)
    whole = scheduler.decide_recorded(pod, lambda: 0.0, snapshot.lister)
    assert recorded(whole) == recorded(expected)
    # Of plugins that the pod gives nothing to do there is no note.
    assert without_none(found.notes) == without_none(expected.notes)


def without_none(notes):
    return {plugin: note for plugin, note in notes.items() if note is not None}


def test_there_are_cases():
    assert len(every_case()) > 100
