"""Places where a test can end the process at once, as a power cut would.

`CLUSTERSCOPE_FAILPOINT=after-journal:3` kills the process the third time that it reaches "after-journal". Without the
variable a place costs one look at a None.
"""

from __future__ import annotations

import os
import signal

NAMES = ("before-save", "after-lease", "after-journal", "after-rows", "after-commit", "before-answer")
VARIABLE = "CLUSTERSCOPE_FAILPOINT"


class _Armed:
    name: str | None = None
    left = 0


def arm(text: str) -> None:
    """Arm the failpoint `NAME:COUNT`, or none for ""; ValueError for a name that is not in NAMES."""
    name, _, count = text.partition(":")
    if name and name not in NAMES:
        raise ValueError(f"{VARIABLE}: unknown failpoint {name!r}; known are {', '.join(NAMES)}")
    _Armed.name, _Armed.left = name or None, int(count or 1)


def reached(name: str) -> None:
    """Die here if this place is armed and it is the last of its countdown."""
    if _Armed.name != name:
        return
    _Armed.left -= 1
    if _Armed.left <= 0:
        os.kill(os.getpid(), signal.SIGKILL)


arm(os.environ.get(VARIABLE, ""))
