"""Messages with their length before them, however the bytes are cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.bighost.protocol import LIMIT, Broken, Unpacker, packed, packed_json


def test_it_works() -> None:
    unpacker = Unpacker()
    data = packed(b"one") + packed(b"") + packed_json({"type": "first"})
    assert unpacker.feed(data) == [b"one", b"", b'{"type":"first"}']
    assert unpacker.feed(b"") == []


@given(st.lists(st.binary(max_size=40), max_size=8), st.integers(1, 9))
def test_cuts_do_not_matter(messages: list[bytes], size: int) -> None:
    data = b"".join(packed(message) for message in messages)
    unpacker, found = Unpacker(), []
    for start in range(0, len(data), size):
        found += unpacker.feed(data[start : start + size])
    assert found == messages


def test_what_is_too_large_is_refused_at_once() -> None:
    with pytest.raises(Broken):
        Unpacker().feed((LIMIT + 1).to_bytes(4, "little"))
    with pytest.raises(Broken):
        packed(b"x" * (LIMIT + 1))
