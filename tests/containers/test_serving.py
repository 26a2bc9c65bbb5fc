"""A server under load, as functions of time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.containers.image import MIB, Work
from cluster.containers.serving import Serving

WORK = Work(waits=0, memory=MIB, at_once=10, line=100)


def server(rate: int, **changes: int) -> Serving:
    """5 ms of CPU a request on 200 millicores: 40 requests a second, 25 ms each."""
    return Serving(0, rate * 1_000, 5_000, 200, WORK)._replace(**changes)


def test_it_works() -> None:
    calm = server(20)
    assert (calm.capacity, calm.alone) == (40, 25)
    assert calm.cpu_at(0) == 100 and calm.answer_at(0) == 50  # half busy: twice as slow
    assert calm.line_at(60_000) == 0 and calm.throttled_at(0) == 0


def test_more_than_it_can_answer_stands_in_line() -> None:
    busy = server(60)
    assert busy.is_overloaded
    assert [busy.line_at(at) for at in (0, 1_000, 2_000)] == [0, 20, 40]
    assert busy.cpu_at(0) == 200 and busy.wanted_cpu() == 300 and busy.throttled_at(0) == 333
    assert busy.answer_at(2_000) - busy.answer_at(0) == 1_000  # 40 in line before it, 40 a second


def test_the_line_is_bounded_and_then_requests_are_refused() -> None:
    busy = server(60)
    assert busy.line_at(5_000) == busy.line_at(60_000) == 100
    assert busy.refused_at(4_000) == 0 and busy.refused_at(5_000) == 20


def test_a_line_goes_away_when_the_load_does() -> None:
    after = server(60).at(5_000, rate=20_000)
    assert after.line == 100 and after.cpu_at(5_000) == 200
    assert after.line_at(6_000) == 80
    assert after.emptied() == 10_001 and after.line_at(10_000) == 0 and after.cpu_at(10_001) == 100


def test_when_answers_become_too_slow_and_fast_again() -> None:
    busy = server(60)
    slow = busy.slow_between(1_000)
    assert slow is not None and slow[1] is None
    assert busy.answer_at(slow[0] - 60) <= 1_000 < busy.answer_at(slow[0] + 60)
    calm = busy.at(5_000, rate=20_000)
    begin, end = calm.slow_between(1_000) or (0, None)
    assert begin == 5_000 and end is not None
    assert calm.answer_at(end - 100) > 1_000 >= calm.answer_at(end + 100)
    assert server(20).slow_between(1_000) is None
    assert server(60).slow_between(10_000) is None  # the line never grows so long


def test_memory_grows_with_the_requests_in_flight() -> None:
    assert server(20).memory_at(0) == MIB // 2  # half a request at a time
    assert server(60).memory_at(60_000) == 10 * MIB  # never more than its workers
    assert server(60).outgrows(5 * MIB) == pytest.approx(200, abs=5)
    assert server(60).outgrows(10 * MIB) is None
    assert server(20).outgrows(100) == 0


def test_a_leak_kills_in_the_end() -> None:
    leaking = server(20, leak=1_000)
    assert leaking.kept_at(10_000) == 200_000
    when = leaking.outgrows(10 * MIB)
    assert when is not None
    assert leaking.memory_at(when - 60) <= 10 * MIB < leaking.memory_at(when)
    assert server(0, leak=1_000).outgrows(MIB) is None


def test_no_limit_on_time_but_on_workers() -> None:
    slow = Serving(0, 50_000, 100, 4_000, Work(waits=1_000, at_once=10))
    assert slow.capacity == pytest.approx(10, rel=0.01)
    assert slow.is_overloaded and slow.cpu_at(0) <= 1


@given(
    rate=st.integers(0, 500_000), after=st.integers(0, 500_000), cost=st.integers(100, 100_000), cores=st.integers(10, 8_000),
    at=st.integers(0, 600_000), most=st.integers(50, 20_000), leak=st.integers(0, 2_000), room=st.integers(MIB, 64 * MIB),
)
def test_what_is_foretold_comes(
    rate: int, after: int, cost: int, cores: int, at: int, most: int, leak: int, room: int
) -> None:
    one = Serving(0, rate, cost, cores, WORK, leak=leak).at(at, rate=after)
    assert 0 <= one.line <= WORK.line and 0 <= one.cpu_at(at) <= cores
    slow = one.slow_between(most)
    if slow is None:
        assert one.answer_at(at) <= most + 1 and one.answer_at(at + 10**7) <= most + 1
    else:
        assert one.answer_at(slow[0]) >= most - 1
    killed = one.outgrows(room)
    if killed is None:
        assert all(one.memory_at(at + later) <= room for later in (0, 1_000, 60_000, 10**6))
    else:
        assert one.memory_at(killed) > room
        assert killed == at or one.memory_at(killed - 1) <= room
    assert all(one.memory_at(at + later) <= one.most_memory(at + 60_000) for later in (0, 1_000, 60_000))


def test_a_row_keeps_it() -> None:
    one = server(60, leak=5).at(1_500)
    again = Serving.from_row(one.to_row(), WORK)
    assert again == one
