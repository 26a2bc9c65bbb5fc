"""How many messages a socket may send."""

from __future__ import annotations

import time


class Allowance:
    """`rate` messages a second in the long run, `burst` of them at once."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst = rate, burst
        self._left, self._filled = burst, time.monotonic()

    def take(self) -> bool:
        """Take one message out of the allowance; False when nothing is left."""
        now = time.monotonic()
        self._left = min(self._burst, self._left + (now - self._filled) * self._rate)
        self._filled = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
