"""One line of the console on its way: what it may use, its words and flags, what it prints."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from cluster.apiserver.server import APIServer
    from cluster.scheduler.explanation.explain import Case
    from cluster.simulation.simulation import Simulation, UserServer


class Output(NamedTuple):
    """Text for the reader, with its line ends."""

    stream: str  # "stdout" or "stderr"
    text: str


class Wait(NamedTuple):
    """Resume me after the cluster's next step, or at this virtual time (ms) at the latest; None: no deadline."""

    until: int | None = None


class Recall(NamedTuple):
    """Send me what is known of the newest scheduling decision about this Pod ("pods/default/web-1"): a Case, None for nothing.

    Past decisions are not part of the cluster's present state; whoever runs the command may have kept them.
    """

    reference: str


Run = Generator[Output | Wait | Recall, "Case | None", int]


class CommandError(Exception):
    """The command ends with this text on stderr, word for word (no line end), and this exit code."""

    def __init__(self, text: str, code: int = 1) -> None:
        super().__init__(text)
        self.text = text
        self.code = code


@dataclass(frozen=True)
class Shell:
    """What a command may use: the cluster, and files by name (the editor's buffer, the built-in manifests)."""

    simulation: Simulation
    files: Mapping[str, str] = field(default_factory=dict)
    actor: str = "user"

    @property
    def api(self) -> APIServer:
        """For reading."""
        return self.simulation.api

    def writer(self) -> UserServer:
        """For writing: each write is a step of the user."""
        return self.simulation.user(self.actor)


@dataclass(frozen=True)
class Invocation:
    """A parsed line: `words` are the arguments after the command, `flags` every flag of the command with its value."""

    shell: Shell
    command: str  # "get", "rollout status"
    words: tuple[str, ...]
    flags: Mapping[str, object]
    given: frozenset[str]  # names of the flags that stand in the line

    @property
    def api(self) -> APIServer:
        return self.shell.api

    @property
    def namespace(self) -> str:
        """The namespace of -n, else default."""
        return self.text("namespace") or "default"

    def text(self, flag: str) -> str:
        return str(self.flags[flag] or "")

    def number(self, flag: str) -> int:
        value = self.flags[flag]
        assert isinstance(value, int)
        return value

    def on(self, flag: str) -> bool:
        return bool(self.flags[flag])

    def many(self, flag: str) -> tuple[str, ...]:
        """The values of a flag that can stand several times."""
        value = self.flags[flag]
        assert isinstance(value, tuple)
        return value
