"""Durations as Go prints them."""

import pytest

from cluster.kubelet.durations import go_duration


@pytest.mark.parametrize(("milliseconds", "text"), [
    (0, "0s"), (5, "5ms"), (999, "999ms"), (1000, "1s"), (1203, "1.203s"), (1500, "1.5s"), (60_000, "1m0s"),
    (80_000, "1m20s"), (61_030, "1m1.03s"), (300_000, "5m0s"), (3_600_000, "1h0m0s"), (3_661_001, "1h1m1.001s"),
])
def test_it_works(milliseconds, text):
    assert go_duration(milliseconds) == text
