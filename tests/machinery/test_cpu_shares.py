"""A machine's CPU time among those who want more of it than there is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cluster.machinery.cpu_shares import LEAST, Want, granted

WANTS = st.dictionaries(st.text(max_size=3), st.builds(Want, st.integers(0, 9_000), st.integers(0, 4_000)), max_size=8)


def test_it_works() -> None:
    assert granted({"a": Want(4_000, 1_000), "b": Want(4_000, 3_000)}, 4_000) == {"a": 1_000, "b": 3_000}


def test_enough_for_all() -> None:
    assert granted({"a": Want(1_000, 0), "b": Want(3_000, 0)}, 4_000) == {}


def test_what_one_leaves_goes_to_the_others() -> None:
    assert granted({"a": Want(500, 1_000), "b": Want(9_000, 1_000)}, 4_000) == {"a": 3_500, "b": 3_500}


def test_without_a_request_there_is_little() -> None:
    found = granted({"asked": Want(4_000, 998), "did-not": Want(4_000, 0)}, 4_000)
    assert found == {"asked": 3_992, "did-not": 8}


@given(WANTS, st.integers(100, 16_000))
def test_no_more_than_there_is_and_nothing_idle(wants: dict[str, Want], capacity: int) -> None:
    found = granted(wants, capacity)
    taken = sum(min(want.wanted, found.get(name, want.wanted)) for name, want in wants.items())
    assert taken <= capacity + len(wants)  # each may use at least one
    if found:
        assert taken >= capacity - len(wants) * LEAST
