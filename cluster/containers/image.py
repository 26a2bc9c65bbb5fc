"""What is known of an image: what a registry serves, what runs in a container of it, and what that consumes.

Everything here is data; nothing decides. `images.find` gives the Image of a name, `catalogue` holds the well-known ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from cluster.objects import times

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
SECOND = times.SECOND

# How a container of an image ends when it is asked to (SIGTERM, or the image's own STOPSIGNAL) and takes it well.
GRACEFUL = 0
TERMINATED = 143

NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something about a container that its image does not stand: the process says so and ends."""

    code: int  # exit code
    after: int  # ms from the start
    lines: tuple[str, ...]  # what it writes to stderr
    # When it happens: every field that is given must hold.
    without_env: frozenset[str] = frozenset()  # none of these variables is set
    not_root: bool = False  # the container runs as another user than root
    read_only: str = ""  # the root file system is read-only, and no volume is mounted at this directory


@dataclass(frozen=True, slots=True)
class Work:
    """What one request costs a server, and how much it bears. The CPU time of one is a matter of the load itself."""

    cpu: int = 5_000  # microseconds of CPU
    waits: int = 2  # ms that a request takes besides its CPU time
    memory: int = 64 * KIB  # bytes while it is being answered
    at_once: int = 200  # requests being answered at the same time; more wait in line
    line: int = 511  # requests that can wait; more are refused (a listening socket's backlog)


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """What is known of a repository."""

    size: int  # compressed bytes
    ports: tuple[int, ...] | None = ()  # what it listens on; None: whatever its Pod declares
    serves: bool = False  # runs until it is stopped; else it ends at once with 0, as a shell without a terminal does
    start: int = 100  # ms until its ports are open
    stop_code: int = TERMINATED
    stops: bool = True  # whether it heeds the stop signal
    programs: frozenset[str] = frozenset()  # what can be called in it besides the usual tools
    has_shell: bool = True
    needs_env: frozenset[str] = frozenset()  # it refuses to start without one of these
    paths: frozenset[str] | None = None  # what its web server has; None: anything
    newest: tuple[int, int] | None = None  # no tag beyond this version (major, minor) exists yet

    # The image's configuration, as `docker inspect` shows it.
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    user: str = ""  # name or number; "" is root
    workdir: str = "/"

    # Its root file system.
    system: str = "debian"  # what it is built on: debian, ubuntu, alpine, busybox, fedora, rocky; "" for nothing at all
    has_bash: bool = False
    files: Mapping[str, str] = field(default_factory=lambda: NOTHING)  # path -> text, besides the system's own

    # What it consumes.
    memory: int = 8 * MIB  # bytes at rest
    idle_cpu: int = 1  # millicores at rest
    start_cpu: int = 0  # milliseconds of CPU time that its start takes
    work: Work = Work()
    layer: int = 0  # bytes that it writes into its own layer when it starts

    log: tuple[tuple[int, str], ...] = ()  # what it says by itself: (ms after the start, line)
    troubles: tuple[Trouble, ...] = ()
    generic: bool = False  # nothing is known of it: a server stands in

    def but(self, **changes: Any) -> Image:
        """The same image but for some fields."""
        return replace(self, **changes)


def words(text: str) -> frozenset[str]:
    """The words of a text, as a set."""
    return frozenset(text.split())

