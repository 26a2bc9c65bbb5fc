"""The processes of one Pod, of all its containers, in virtual time: an immutable value that can be stored and copied.

Nothing polls. The value is what was true at `at`; whoever wants to know the present advances a copy of it. Only what
touches it from outside (a start, a signal, an exec, a request, a write from another Pod) has to be stored.

    machine = Machine.boot(Sandbox(hostname="web-1", ip="10.244.1.7"), at)
    machine = machine.start(ContainerRun("web", software, ("sh", "-c", "sleep 5; exit 3")), at)
    future = machine.look_ahead(at + HOUR, outside)        # future.ends["web"] == Exit(at + 5001, 3, "Error")
    machine, outcome = machine.execute("web", ["ps"], at + 100, outside)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from cluster.containers.files import File, Tree
from cluster.containers.software import Software

# What one machine keeps and does.
KEPT_LINES = 1_000
MOST_PROCESSES = 200
# So many commands are followed in one look ahead; then the horizon is where it stopped.
LOOK_AHEAD_COMMANDS = 20_000
MOST_TURNS = 500


class StartError(Exception):
    """The runtime cannot start the container at all: `str()` is its message, `code` the exit code (128, reason StartError)."""

    code = 128


class Exit(NamedTuple):
    """The end of a container: when (virtual ms), with which code, and `terminated.reason`."""

    at: int
    code: int
    reason: str  # Completed, Error, OOMKilled


class Line(NamedTuple):
    """A line of a container's log."""

    at: int  # virtual ms
    stream: str  # stdout, stderr
    text: str


class Outcome(NamedTuple):
    """What a command that was executed in a container came to."""

    code: int
    stdout: str
    stderr: str
    took: int  # ms
    timed_out: bool = False
    error: str = ""  # the runtime's own complaint when the command could not be started


class Process(NamedTuple):
    """A process as `ps` and `top` show it."""

    pid: int
    parent: int
    container: str
    command: str
    state: str  # R, S, Z
    started: int  # virtual ms
    cpu: int  # millicores that it would take
    memory: int  # bytes
    uid: int = 0


@dataclass(frozen=True, slots=True)
class Mount:
    """A volume in a container: `volume` is the key of its contents."""

    path: str
    volume: str
    sub_path: str = ""
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class Sandbox:
    """What the containers of a Pod share: names and network."""

    hostname: str
    ip: str = ""
    node: str = ""
    nameserver: str = "10.96.0.10"
    searches: tuple[str, ...] = ()
    hosts: tuple[tuple[str, str], ...] = ()  # (address, names) of hostAliases


@dataclass(frozen=True, slots=True)
class ContainerRun:
    """What the runtime is told to run. `command` and `args` are those of the Pod; empty means the image's own."""

    name: str
    software: Software
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    mounts: tuple[Mount, ...] = ()
    workdir: str = ""
    uid: int | None = None
    read_only: bool = False  # readOnlyRootFilesystem
    ports: tuple[int, ...] = ()  # containerPorts: what an unknown server listens on
    memory_limit: int | None = None  # bytes; more than that is OOMKilled
    cpu_limit: int | None = None  # millicores


class Request(NamedTuple):
    """Something sent to a port: an HTTP request, a database's command (in `body`), a mere connection ("tcp")."""

    protocol: str  # http, https, redis, mysql, postgres, tcp, udp, ping
    host: str  # as it was typed: a name or an address
    port: int
    at: int  # virtual ms
    method: str = "GET"
    path: str = "/"
    headers: Mapping[str, str] = {}
    body: str = ""
    timeout: int | None = None  # ms
    source: str = ""  # the address that it comes from


class Response(NamedTuple):
    """What a server answered."""

    status: int = 200
    headers: Mapping[str, str] = {}
    body: str = ""
    took: int = 1  # ms
    address: str = ""  # who answered


class Failure(NamedTuple):
    """Why there was no answer."""

    kind: str  # "refused", "timeout", "unknown-host", "unreachable", "reset"
    took: int = 1  # ms
    address: str = ""


class Outside(Protocol):
    """The world beyond the Pod, as its network shows it."""

    def resolve(self, name: str, at: int) -> Sequence[str] | None:
        """The addresses of a name as the cluster's DNS knows them; None when there is no such name."""

    def request(self, request: Request) -> Response | Failure:
        """Send a request to a host that is not this Pod itself."""


class Nowhere:
    """An outside in which there is nothing: names are unknown, addresses do not answer."""

    def resolve(self, name: str, at: int) -> Sequence[str] | None:
        return None

    def request(self, request: Request) -> Response | Failure:
        known = request.host.replace(".", "").isdecimal()
        return Failure("timeout", request.timeout or 130_000, request.host) if known else Failure("unknown-host")


class Future(NamedTuple):
    """What will happen by itself, as long as nobody touches the machine."""

    ends: Mapping[str, Exit]  # containers that end by themselves
    turns: tuple[int, ...]  # when something that a probe could see changes: files, ports, processes
    horizon: int  # until when this is known


@dataclass(frozen=True, slots=True)
class Machine:
    """All processes of one Pod at one moment."""

    at: int
    state: Mapping[str, Any]  # JSON
    layers: Mapping[str, Tree]  # container -> its root file system: the image's files and what was written over them
    volumes: Mapping[str, Tree]  # contents of the mounted volumes; what has changed is another Tree than was given
    software: Mapping[str, Software]  # container -> its image

    @classmethod
    def boot(cls, sandbox: Sandbox, at: int, volumes: Mapping[str, Tree] | None = None) -> Machine:
        """A Pod without containers."""
        raise NotImplementedError

    def with_volumes(self, volumes: Mapping[str, Tree]) -> Machine:
        """The machine with these contents of its volumes (others may have written to them)."""
        raise NotImplementedError

    # --- what happens ----------------------------------------------------------------------------------------------

    def start(self, run: ContainerRun, at: int, outside: Outside | None = None) -> Machine:
        """Start (or start again, with a fresh layer) a container; raises StartError with the runtime's message."""
        raise NotImplementedError

    def advance(self, until: int, outside: Outside | None = None) -> Machine:
        """The machine at a later time (ms). In parts or at once: the same."""
        raise NotImplementedError

    def signal(self, container: str, name: str, at: int, outside: Outside | None = None) -> Machine:
        """Send process 1 of a container a signal ("TERM"); what has no handler for it is not moved, but by KILL."""
        raise NotImplementedError

    def kill(self, container: str, at: int, reason: str = "Error", code: int = 137) -> Machine:
        """End all processes of a container at once, as the kernel does when its memory is used up ("OOMKilled")."""
        raise NotImplementedError

    def remove(self, container: str) -> Machine:
        """Forget a container: its processes, its layer, its log."""
        raise NotImplementedError

    def execute(
        self, container: str, argv: Sequence[str], at: int, outside: Outside | None = None, *,
        stdin: str = "", timeout: int | None = None,
    ) -> tuple[Machine, Outcome]:
        """Run a command in a container (exec probe, hook, `kubectl exec`) to its end or until its timeout (ms).

        The machine returned is that of the command's end.
        """
        raise NotImplementedError

    def serve(self, request: Request, outside: Outside | None = None) -> tuple[Machine, Response | Failure]:
        """What the process that listens on the request's port answers; Failure("refused") when none does."""
        raise NotImplementedError

    # --- what is known ---------------------------------------------------------------------------------------------

    def look_ahead(self, until: int, outside: Outside | None = None) -> Future:
        """What will happen by itself until then, or as far as the budget of commands reaches."""
        raise NotImplementedError

    def exit_of(self, container: str) -> Exit | None:
        """How a container has ended; None as long as it runs."""
        raise NotImplementedError

    def logs(self, container: str) -> list[Line]:
        """The last lines that a container's processes have written to the runtime."""
        raise NotImplementedError

    def ports(self, container: str | None = None) -> dict[int, str]:
        """The ports that are listened on now, with the container that does."""
        raise NotImplementedError

    def processes(self, container: str | None = None) -> list[Process]:
        """The processes of a container, or of all."""
        raise NotImplementedError

    def memory(self, container: str) -> int:
        """Bytes that the processes of a container hold."""
        raise NotImplementedError

    def cpu(self, container: str) -> int:
        """Millicores that the processes of a container would take by themselves (without requests to serve)."""
        raise NotImplementedError

    def stat(self, container: str, path: str) -> File | None:
        """What a process of the container finds at a path, links followed; None when nothing."""
        raise NotImplementedError

    def listing(self, container: str, path: str) -> list[str]:
        """The names in a directory as a container sees it; raises FileError."""
        raise NotImplementedError

    # --- rows ------------------------------------------------------------------------------------------------------

    def to_row(self) -> dict[str, Any]:
        """The machine as JSON, without the contents of volumes and images."""
        raise NotImplementedError

    @classmethod
    def from_row(
        cls, row: Mapping[str, Any], software: Mapping[str, Software], volumes: Mapping[str, Tree] | None = None,
    ) -> Machine:
        """The machine of a row; `software` by container, `volumes` by key."""
        raise NotImplementedError
