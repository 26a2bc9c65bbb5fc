"""What server and child say to each other over a socket: messages with their length (4 bytes, little endian) before them.

To the child: JSON. From the child: one byte with the kind, then JSON (ANSWER) or a picture as cluster/large/picture.py
makes it (FIRST, UPDATE). The end of the stream is the end of the child.
"""

from __future__ import annotations

from typing import Any

import orjson

ANSWER, FIRST, UPDATE = b"A", b"F", b"U"
LENGTH = 4
# No message is larger (bytes); what comes from visitors is far smaller (see the socket's own limit).
LIMIT = 8 * 1024 * 1024


class Broken(Exception):
    """The other side does not keep to the protocol."""


def packed(message: bytes) -> bytes:
    """A message with its length."""
    if len(message) > LIMIT:
        raise Broken(f"a message of {len(message)} bytes")
    return len(message).to_bytes(LENGTH, "little") + message


def packed_json(message: dict[str, Any]) -> bytes:
    return packed(orjson.dumps(message))


class Unpacker:
    """Bytes as they come, messages as they are complete."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that are complete now. Raises Broken for one that is too large."""
        self._buffer += data
        found = []
        while len(self._buffer) >= LENGTH:
            size = int.from_bytes(self._buffer[:LENGTH], "little")
            if size > LIMIT:
                raise Broken(f"a message of {size} bytes")
            if len(self._buffer) < LENGTH + size:
                break
            found.append(bytes(self._buffer[LENGTH : LENGTH + size]))
            del self._buffer[: LENGTH + size]
        return found
