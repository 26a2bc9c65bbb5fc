"""A process while the machine runs, and its row. Times are virtual microseconds, but for `started` (ms)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# What a process is doing.
RUN = "run"  # it goes on at `wake`
SLEEP = "sleep"  # until `wake`
READ = "read"  # until something comes out of a pipe
WRITE = "write"  # until there is room in a pipe
WAIT = "wait"  # for children
WAIT_UNTIL = "wait until"  # for children, or until `wake`
WATCH = "watch"  # until a file changes
NEVER = "never"  # for a signal

Row = dict[str, Any]


def copied(value: Any) -> Any:
    """A JSON value that shares nothing that could change."""
    if isinstance(value, dict):
        return {name: copied(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [copied(inner) for inner in value]
    return value


@dataclass(slots=True)
class Open:
    """An open file, shared by the descriptors that were duplicated from one another.

    kind: log (a = container, b = stream), file (a = tree, b = path), pipe (n = its number), null, zero, random, full, tty.
    """

    kind: str
    mode: str = "w"  # r, w
    a: str = ""
    b: str = ""
    n: int = 0
    at: int = 0  # where reading goes on
    uses: int = 1

    def to_row(self) -> list[Any]:
        return [self.kind, self.mode, self.a, self.b, self.n, self.at, self.uses]


@dataclass(slots=True)
class Pipe:
    """What was written and not yet read. A sink takes everything and is read by the machine itself."""

    parts: list[str] = field(default_factory=list)
    size: int = 0  # characters
    readers: int = 0
    writers: int = 0
    sink: bool = False

    @property
    def text(self) -> str:
        return "".join(self.parts)

    def put(self, text: str) -> None:
        self.parts.append(text)
        self.size += len(text)

    def take(self) -> str:
        """Everything in it, taken out."""
        text = "".join(self.parts)
        self.parts, self.size = [], 0
        return text

    def to_row(self) -> list[Any]:
        return [self.text, self.readers, self.writers, self.sink]

    @classmethod
    def from_row(cls, row: list[Any]) -> Pipe:
        text, readers, writers, sink = row
        return cls([text] if text else [], len(text), readers, writers, sink)


@dataclass(slots=True)
class Shell:
    """The state of a running shell script. `stack`: frames of loops, redirections, calls (lists whose first is their kind)."""

    unit: str  # key of the script's text
    pc: int = 0
    bash: bool = False
    name: str = "sh"  # $0
    style: str = "ash"  # whose error messages: ash, dash, bash
    stack: list[list[Any]] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    exported: dict[str, bool] = field(default_factory=dict)  # name -> True; in order
    fixed: list[str] = field(default_factory=list)  # readonly
    functions: dict[str, list[Any]] = field(default_factory=dict)  # name -> [unit, address]
    arguments: list[str] = field(default_factory=list)
    status: int = 0
    options: str = ""
    traps: dict[str, str] = field(default_factory=dict)
    pending: list[str] = field(default_factory=list)  # signals whose traps are to run
    results: list[str] = field(default_factory=list)  # of command substitutions of the present command
    substituted: int = 0  # status of the last of them
    waiting: list[Any] = field(default_factory=list)  # what its present wait is for: [kind, …]
    background: int = 0  # $!
    jobs: dict[str, int] = field(default_factory=dict)  # pid -> status of children in the background that have ended
    pid: int = 0  # $$
    child: bool = False  # a subshell
    quiet: bool = False  # set -e does not count here
    depth: int = 0
    seed: int = 0

    def to_row(self) -> Row:
        return {name: copied(value) for name in _SHELL if (value := getattr(self, name)) or name in ("unit",)}

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Shell:
        return cls(**copied(dict(row)))


_SHELL = tuple(Shell.__dataclass_fields__)


@dataclass(slots=True)
class Proc:
    """One process. `id` is its number in the machine, `pid` the one in its container."""

    id: int
    pid: int
    parent: int  # id; 0: nobody inside
    container: str
    argv: list[str]
    program: str
    state: str = RUN
    wake: int = 0
    on: int = 0  # READ, WRITE: the pipe
    fds: dict[int, int] = field(default_factory=dict)
    env: dict[str, str] | None = None  # None: that of its container
    cwd: str = "/"
    uid: int = 0
    umask: int = 0o022
    memo: Row = field(default_factory=dict)
    shell: Shell | None = None
    bucket: str = ""
    started: int = 0  # ms
    busy: int = -1  # since when it has not rested; -1: it rests
    memory: int = 0  # bytes
    cpu: int = 0  # millicores that it says it takes
    signals: list[str] = field(default_factory=list)  # arrived, not yet seen by its program
    handles: list[str] = field(default_factory=list)  # signals that its program takes itself
    awaited: bool = False  # its parent waits for it in the foreground

    def to_row(self) -> Row:
        row: Row = {}
        for name in _PROC:
            value = getattr(self, name)
            if name == "shell":
                if value is not None:
                    row[name] = value.to_row()
            elif name == "fds":
                row[name] = [[fd, number] for fd, number in value.items()]
            elif name in _ALWAYS or value != _DEFAULTS[name]:
                row[name] = copied(value)
        return row

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Proc:
        values = {name: copied(value) for name, value in row.items()}
        values["fds"] = dict(row["fds"])
        if "shell" in row:
            values["shell"] = Shell.from_row(row["shell"])
        return cls(**values)


_PROC = tuple(Proc.__dataclass_fields__)
_ALWAYS = frozenset({"id", "pid", "parent", "container", "argv", "program"})
_DEFAULTS: dict[str, Any] = {
    "state": RUN,
    "wake": 0,
    "on": 0,
    "env": None,
    "cwd": "/",
    "uid": 0,
    "umask": 0o022,
    "memo": {},
    "bucket": "",
    "started": 0,
    "busy": -1,
    "memory": 0,
    "cpu": 0,
    "signals": [],
    "handles": [],
    "awaited": False,
}
