"""The processes of one Pod, of all its containers, in virtual time: an immutable value that can be stored and copied.

Nothing polls. The value is what was true at `at`; whoever wants to know the present advances a copy of it. Only what
touches it from outside (a start, a signal, an exec, a request, a write from another Pod) has to be stored.

    machine = Machine.boot(Sandbox(hostname="web-1", ip="10.244.1.7"), at)
    machine = machine.start(ContainerRun("web", software, ("sh", "-c", "sleep 5; exit 3")), at)
    future = machine.look_ahead(at + HOUR, outside)        # future.ends["web"] == Exit(at + 5001, 3, "Error")
    machine, outcome = machine.execute("web", ["ps"], at + 100, outside)
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from cluster.containers.files import FILE, File, FileError, Tree, join, parent
from cluster.containers.image import Trouble
from cluster.containers.kernel import MS, Kernel, NoProgram, OutOfBudget
from cluster.containers.network import Failure, Nowhere, Outside, Request, Response
from cluster.containers.process import RUN, WATCH, Open, Proc
from cluster.containers.programs import everything
from cluster.containers.programs.call import SMALL
from cluster.containers.shell import loading
from cluster.containers.software import Software

# So many commands are followed in one look ahead; then the horizon is where it stopped.
LOOK_AHEAD_COMMANDS = 20_000
# A command that is executed without a timeout and never ends is given up (ms).
LONGEST_EXECUTION = 600_000


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
    in_memory: bool = False  # a memory file system: what lies in it counts as the container's memory


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
    stdin: bool = False  # kept open: a shell without a script waits for commands instead of ending
    trouble: Trouble | None = None  # what its image does not stand (images.troubles.first)


class Future(NamedTuple):
    """What will happen by itself, as long as nobody touches the machine."""

    ends: Mapping[str, Exit]  # containers that end by themselves
    turns: tuple[int, ...]  # when something that a probe could see changes: files, ports, the end of a container
    horizon: int  # until when this is known; EVER when nothing will happen by itself any more
    demands: Mapping[str, tuple[tuple[int, int, int], ...]]  # container -> (from ms, millicores, bytes), steps over time


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
        row = {
            "hostname": sandbox.hostname,
            "ip": sandbox.ip,
            "node": sandbox.node,
            "nameserver": sandbox.nameserver,
            "searches": list(sandbox.searches),
            "hosts": [list(entry) for entry in sandbox.hosts],
        }
        state: dict[str, Any] = {"sandbox": row, "last": 0, "wake": None, "procs": []}
        state.update({name: {} for name in _TABLES})
        return cls(at, state, {}, volumes or {}, {})

    def with_volumes(self, volumes: Mapping[str, Tree]) -> Machine:
        """The machine with these contents of its volumes (others may have written to them)."""
        changed = any(self.volumes.get(key) is not tree for key, tree in volumes.items())
        if not changed and len(volumes) == len(self.volumes):
            return self
        machine = replace(self, volumes=volumes)
        if not any(row.get("state") == WATCH for row in self.state["procs"]):
            return machine
        kernel = machine._thaw(NOWHERE)
        kernel.files_changed("")
        return machine._frozen(kernel, self.at)

    # --- what happens ----------------------------------------------------------------------------------------------

    def start(self, run: ContainerRun, at: int, outside: Outside | None = None) -> Machine:
        """Start (or start again, with a fresh layer) a container; raises StartError with the runtime's message."""
        machine = self.advance(at, outside).remove(run.name)
        software = run.software
        kernel = Kernel(
            at,
            machine.state,
            {**machine.layers, run.name: software.files},
            machine.volumes,
            {**machine.software, run.name: software},
            outside or NOWHERE,
        )
        kernel.runs[run.name] = _run_row(run, kernel.sandbox["hostname"])
        kernel.logs[run.name] = []
        _mount_points(kernel, run)
        kernel.add(_first_process(kernel, run))
        kernel.run(at * MS)
        return machine._frozen(kernel, at)

    def advance(self, until: int, outside: Outside | None = None) -> Machine:
        """The machine at a later time (ms). In parts or at once: the same."""
        if until <= self.at:
            return self
        wake = self.state["wake"]
        if wake is None or wake > until * MS:
            return replace(self, at=until)
        kernel = self._thaw(outside)
        kernel.run(until * MS)
        return self._frozen(kernel, until)

    def signal(self, container: str, name: str, at: int, outside: Outside | None = None) -> Machine:
        """Send process 1 of a container a signal ("TERM"); what has no handler for it is not moved, but by KILL."""
        machine = self.advance(at, outside)
        kernel = machine._thaw(outside)
        first = kernel.init_of(container)
        if first is None:
            return machine
        kernel.kill(first, name.removeprefix("SIG"), outside=True)
        kernel.run(at * MS)
        return machine._frozen(kernel, at)

    def kill(self, container: str, at: int, reason: str = "Error", code: int = 137) -> Machine:
        """End all processes of a container at once, as the kernel does when its memory is used up ("OOMKilled")."""
        machine = self.advance(at)
        if container not in machine.state["runs"] or container in machine.state["exits"]:
            return machine
        kernel = machine._thaw(None)
        kernel.end_container(container, code, reason)
        return machine._frozen(kernel, at)

    def remove(self, container: str) -> Machine:
        """Forget a container: its processes, its layer, its log."""
        if container not in self.state["runs"]:
            return self
        kernel = self._thaw(None)
        if container not in kernel.exits:
            kernel.end_container(container, 137, "Error")
        for table in (kernel.runs, kernel.logs, kernel.exits, kernel.pids, kernel.layers):
            table.pop(container, None)
        machine = self._frozen(kernel, self.at)
        return replace(machine, software={name: known for name, known in self.software.items() if name != container})

    def execute(
        self,
        container: str,
        argv: Sequence[str],
        at: int,
        outside: Outside | None = None,
        *,
        stdin: str = "",
        timeout: int | None = None,
    ) -> tuple[Machine, Outcome]:
        """Run a command in a container (exec probe, hook, `kubectl exec`) to its end or until its timeout (ms).

        The machine returned is that of the command's end. Without a timeout a command that never ends is given up after
        LONGEST_EXECUTION.
        """
        machine = self.advance(at, outside)
        if container not in machine.state["runs"] or container in machine.state["exits"]:
            return machine, Outcome(1, "", "", 0, error="container not running")
        kernel = machine._thaw(outside)
        run = kernel.runs[container]
        out, stdout = kernel.sink()
        err, stderr = kernel.sink()
        proc = Proc(
            kernel.number(),
            kernel.next_pid(container),
            0,
            container,
            list(argv),
            "",
            wake=at * MS,
            fds={0: kernel.source(stdin), 1: stdout, 2: stderr},
            cwd=run["workdir"],
            uid=run["uid"],
            started=at,
            memory=SMALL,
        )
        proc.bucket = f"exec/{proc.id}"
        try:
            loading.load(kernel, proc, list(argv), run["env"].get("PATH", loading.PATH))
        except NoProgram as problem:
            return machine, Outcome(problem.code, "", "", 0, error=_exec_error(argv, problem))
        kernel.add(proc)
        limit = at + (timeout if timeout is not None else LONGEST_EXECUTION)
        kernel.run(limit * MS, watched=proc.id)
        timed_out = proc.id in kernel.procs
        for left in [left for left in kernel.procs.values() if left.bucket == proc.bucket]:
            if timed_out and left.id in kernel.procs:
                kernel.exit(left, 137)
        ended = max(at, -(-kernel.now // MS)) if not timed_out else limit
        stdout_text, stderr_text = kernel.pipes.pop(out).text, kernel.pipes.pop(err).text
        for number in [number for number, opened in kernel.opens.items() if opened.kind == "pipe" and opened.n in (out, err)]:
            kernel.opens[number] = Open("null", "w", uses=kernel.opens[number].uses)
        kernel.loads.pop(proc.bucket, None)
        code = 137 if timed_out else kernel.results[proc.id]
        kernel.run(ended * MS)
        return machine._frozen(kernel, ended), Outcome(code, stdout_text, stderr_text, ended - at, timed_out)

    def serve(self, request: Request, outside: Outside | None = None) -> tuple[Machine, Response | Failure]:
        """What the process that listens on the request's port answers; Failure("refused") when none does."""
        machine = self.advance(request.at, outside)
        kernel = machine._thaw(outside)
        answer = kernel.serve(request)
        return machine._frozen(kernel, machine.at), answer

    # --- what is known ---------------------------------------------------------------------------------------------

    def look_ahead(self, until: int, outside: Outside | None = None, budget: int = LOOK_AHEAD_COMMANDS) -> Future:
        """What will happen by itself until then, or as far as the budget of commands reaches."""
        kernel = Kernel(self.at, self.state, self.layers, self.volumes, self.software, outside or NOWHERE, budget)
        kernel.demands = {
            name: [(self.at, kernel.cpu(name), kernel.memory(name))] for name in kernel.runs if name not in kernel.exits
        }
        try:
            kernel.run(until * MS)
            horizon = max(until, kernel.next_wake() // MS - 1)
        except OutOfBudget:
            horizon = kernel.now // MS
        demands = {name: tuple(steps) for name, steps in kernel.demands.items()}
        return Future(
            {name: Exit(*end) for name, end in kernel.exits.items() if name not in self.state["exits"]},
            tuple(kernel.turns or ()),
            horizon,
            demands,
        )

    def exit_of(self, container: str) -> Exit | None:
        """How a container has ended; None as long as it runs."""
        found = self.state["exits"].get(container)
        return Exit(*found) if found else None

    def logs(self, container: str) -> list[Line]:
        """The last lines that a container's processes have written to the runtime."""
        lines = [Line(*line) for line in self.state["logs"].get(container, ())]
        for stream in ("stdout", "stderr"):
            rest = self.state["partial"].get(f"{container}/{stream}")
            if rest:
                lines.append(Line(self.at, stream, rest))
        return lines

    def ports(self, container: str | None = None) -> dict[int, str]:
        """The ports that are listened on now, with the container that does."""
        return {
            port: row["container"]
            for row in self.state["procs"]
            for port in row.get("memo", {}).get("ports", ())
            if container in (None, row["container"])
        }

    def processes(self, container: str | None = None) -> list[Process]:
        """The processes of a container, or of all."""
        rows = [row for row in self.state["procs"] if container in (None, row["container"])]
        pids = {row["id"]: row["pid"] for row in rows}
        return [
            Process(
                row["pid"],
                pids.get(row["parent"], 0),
                row["container"],
                " ".join(row["argv"]),
                "R" if row.get("busy", -1) >= 0 or row.get("cpu", 0) >= 500 else "S",
                row.get("started", 0),
                row.get("cpu", 0),
                row.get("memory", 0),
                row.get("uid", 0),
            )
            for row in sorted(rows, key=lambda row: (row["container"], row["pid"]))
        ]

    def memory(self, container: str) -> int:
        """Bytes that the processes of a container hold, and what lies in its memory file systems."""
        held = sum(row.get("memory", 0) for row in self.state["procs"] if row["container"] == container)
        mounts = self.state["runs"].get(container, {}).get("mounts", ())
        return held + sum(self.volumes[volume].used for _, volume, _, _, memory in mounts if memory and volume in self.volumes)

    def cpu(self, container: str) -> int:
        """Millicores that the processes of a container would take by themselves (without requests to serve)."""
        return sum(row.get("cpu", 0) for row in self.state["procs"] if row["container"] == container)

    def stat(self, container: str, path: str) -> File | None:
        """What a process of the container finds at a path, links followed; None when nothing."""
        return self._thaw(None).view(container).get(path)

    def listing(self, container: str, path: str) -> list[str]:
        """The names in a directory as a container sees it; raises FileError."""
        return self._thaw(None).view(container).names(path)

    # --- rows ------------------------------------------------------------------------------------------------------

    def to_row(self) -> dict[str, Any]:
        """The machine as JSON, without the contents of volumes and images."""
        layers = {name: tree.to_row(self.software[name].files) for name, tree in self.layers.items()}
        return {"at": self.at, "state": self.state, "layers": layers}

    @classmethod
    def from_row(
        cls,
        row: Mapping[str, Any],
        software: Mapping[str, Software],
        volumes: Mapping[str, Tree] | None = None,
    ) -> Machine:
        """The machine of a row; `software` by container, `volumes` by key."""
        layers = {name: Tree.from_row(layer, software[name].files) for name, layer in row["layers"].items()}
        return cls(row["at"], row["state"], layers, volumes or {}, {name: software[name] for name in layers})

    # --- inside ----------------------------------------------------------------------------------------------------

    def _thaw(self, outside: Outside | None) -> Kernel:
        return Kernel(self.at, self.state, self.layers, self.volumes, self.software, outside or NOWHERE)

    def _frozen(self, kernel: Kernel, at: int) -> Machine:
        volumes = (
            kernel.volumes if any(self.volumes.get(key) is not tree for key, tree in kernel.volumes.items()) else self.volumes
        )
        return Machine(at, kernel.state(), kernel.layers, volumes, kernel.software)


NOWHERE = Nowhere()
__all__ = [
    "ContainerRun",
    "Exit",
    "Failure",
    "Future",
    "Line",
    "Machine",
    "Mount",
    "Nowhere",
    "Outcome",
    "Outside",
    "Process",
    "Request",
    "Response",
    "Sandbox",
    "StartError",
    "everything",
]
_TABLES = ("runs", "opens", "pipes", "logs", "partial", "exits", "texts", "pids", "loads")


def _run_row(run: ContainerRun, hostname: str) -> dict[str, Any]:
    software = run.software
    uid = software.uid if run.uid is None else run.uid
    env = {"PATH": loading.PATH, "HOSTNAME": hostname, **software.env, **run.env}
    env.setdefault("HOME", "/root" if uid == 0 else "/")
    row: dict[str, Any] = {
        "command": list(run.command),
        "args": list(run.args),
        "env": env,
        "workdir": run.workdir or software.workdir,
        "uid": uid,
        "mounts": [
            [join("/", mount.path), mount.volume, mount.sub_path, mount.read_only, mount.in_memory] for mount in run.mounts
        ],
    }
    for name in ("read_only", "memory_limit", "cpu_limit", "stdin"):
        if getattr(run, name) not in (None, False):
            row[name] = getattr(run, name)
    if run.ports:
        row["ports"] = list(run.ports)
    if run.trouble is not None:
        row["trouble"] = [run.trouble.code, run.trouble.after, list(run.trouble.lines)]
    return row


# Containers of one image with the same mounts begin with one and the same tree: (image's files, points) -> tree.
_BEGINNINGS: dict[tuple[Any, ...], tuple[Tree, Tree]] = {}
MOST_BEGINNINGS = 256


def _mount_points(kernel: Kernel, run: ContainerRun) -> None:
    """What volumes are mounted on lies in the layer, as the runtime makes it."""
    points = []
    for mount in run.mounts:
        source = _source(kernel, mount, kernel.now // MS)
        points.append((join("/", mount.path), source is not None and source.kind == FILE))
    workdir = "" if run.read_only else kernel.runs[run.name]["workdir"]
    files = kernel.layers[run.name]
    key = (id(files), tuple(points), workdir)
    known = _BEGINNINGS.get(key)
    if known is None or known[0] is not files:
        if len(_BEGINNINGS) >= MOST_BEGINNINGS:
            _BEGINNINGS.clear()
        known = _BEGINNINGS[key] = (files, _beginning(files, points, workdir))
    kernel.layers[run.name] = known[1]


def _beginning(tree: Tree, points: Sequence[tuple[str, bool]], workdir: str) -> Tree:
    """An image's files with what is mounted over, and with the working directory."""
    for path, is_file in points:
        if path in tree or path.startswith(("/dev/", "/proc/", "/sys/")):
            continue
        with contextlib.suppress(FileError):
            tree = tree.make_directories(parent(path), 0).write(path, "", 0) if is_file else tree.make_directories(path, 0)
    if workdir and workdir not in tree:
        with contextlib.suppress(FileError):
            tree = tree.make_directories(workdir, 0)
    return tree


def _source(kernel: Kernel, mount: Mount, now: int) -> File | None:
    """What a volume shows at a mount; a part of it that is not there becomes a directory."""
    volume = kernel.volumes.get(mount.volume) or Tree()
    inner = join("/", mount.sub_path)
    if volume.get(inner) is None:
        with contextlib.suppress(FileError):
            kernel.volumes[mount.volume] = volume = volume.make_directories(inner, now)
    return volume.get(inner)


def _first_process(kernel: Kernel, run: ContainerRun) -> Proc:
    """Process 1; raises StartError."""
    software, row = run.software, kernel.runs[run.name]
    argv = [*run.command, *run.args] if run.command else [*software.entrypoint, *(run.args or software.command)]
    if not argv:
        raise StartError("no command specified")
    stdin = Open("tty", "r") if run.stdin else Open("null", "r")
    proc = Proc(
        kernel.number(),
        kernel.next_pid(run.name),
        0,
        run.name,
        argv,
        "",
        RUN,
        kernel.now,
        fds={
            0: kernel.open(stdin),
            1: kernel.open(Open("log", "w", run.name, "stdout")),
            2: kernel.open(Open("log", "w", run.name, "stderr")),
        },
        cwd=row["workdir"],
        uid=row["uid"],
        bucket=run.name,
        started=kernel.now // MS,
        memory=SMALL,
    )
    if run.trouble is not None and not run.command:
        proc.program = "troubled"
        return proc
    try:
        loading.load(kernel, proc, argv, row["env"].get("PATH", loading.PATH))
    except NoProgram as problem:
        raise StartError(
            "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: "
            f"unable to start container process: error during container init: {_reason(argv, problem)}"
        ) from None
    return proc


def _reason(argv: Sequence[str], problem: NoProgram) -> str:
    """Why a program cannot be started, in the words of Go's os/exec and of runc."""
    word = argv[0] if argv else ""
    text = str(problem)
    if problem.code == 127:
        return f'exec: "{word}": ' + (
            f"stat {word}: no such file or directory" if "/" in word else "executable file not found in $PATH"
        )
    if text == "exec format error":
        return f"exec {word}: exec format error"
    return f'exec: "{word}": ' + {"Is a directory": "is a directory", "Permission denied": "permission denied"}.get(
        text, text.lower()
    )


def _exec_error(argv: Sequence[str], problem: NoProgram) -> str:
    return f"OCI runtime exec failed: exec failed: unable to start container process: {_reason(argv, problem)}"
