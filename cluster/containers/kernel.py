"""The machine at work: a copy that may change, while virtual time passes. `Machine` makes one for every call.

Times are microseconds here. Processes are played one after another in order of (time, number), so that the outcome
does not depend on how an advance was cut into parts.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cluster.containers import signals
from cluster.containers.files import DIRECTORY, LINK, File, FileError, Tree, join
from cluster.containers.process import NEVER, READ, RUN, SLEEP, WAIT, WAIT_UNTIL, WATCH, WRITE, Open, Pipe, Proc, Row, copied
from cluster.containers.software import Software
from cluster.containers.view import DEVICES, View, may, stream_of

if TYPE_CHECKING:
    from cluster.containers.network import Failure, Outside, Request, Response

MS = 1_000
SECOND = 1_000_000
EVER = 1 << 50  # ms: later than any cluster lives

NDOTS = 5  # resolv.conf of a Pod
_ADDRESS = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9a-fA-F:]*:[0-9a-fA-F:]+")

# What goes on by itself when its time has come.
TIMED = (RUN, SLEEP, WAIT_UNTIL)

MOST_PROCESSES = 200
MOST_OPENS = 2_000
KEPT_LINES = 1_000
KEPT_CHARACTERS = 256 << 10
LONGEST_LINE = 16 << 10
MOST_TURNS = 500
WORTH_TELLING = 2 << 20  # bytes: smaller changes of what a container holds are no step of its demand
PIPE = 64 << 10  # characters that a pipe takes before its writer has to wait
SINK = 1 << 20  # characters of output that are kept of an exec or a command substitution

# What a command takes: a program, something in the shell itself.
PROGRAM_TAKES = 1 * MS
BUILTIN_TAKES = 10
# So that an endless script does not take endless work: a bucket fills with commands (in millionths), and the time
# that passes lets it out again, while resting faster than while working. Every thousand in it double the time of a command.
COMMAND, BUILTIN = 1_000_000, 500_000
DOUBLING = 1_000 * COMMAND
FREE = 100 * COMMAND  # as long as there is less in it, what the shell does itself takes no time
RESTING, WORKING = 8, 16  # let out per microsecond of rest; one per so many microseconds of work
SLOWEST = 16  # doublings
BUSY_AFTER = 500 * MS  # without a rest it counts as taking a whole CPU


class OutOfBudget(Exception):
    """A look ahead has followed enough commands."""


class BrokenPipe(Exception):
    """Nobody reads any longer what is written."""


class NoProgram(Exception):
    """A command that cannot be run: code 127 (not found) or 126, `str()` the reason."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


class Kernel:
    """All that changes while a machine runs."""

    def __init__(
        self,
        at: int,
        state: Mapping[str, Any],
        layers: Mapping[str, Tree],
        volumes: Mapping[str, Tree],
        software: Mapping[str, Software],
        outside: Outside,
        budget: int | None = None,
    ) -> None:
        # What stands above the kernel and is called by it.
        from cluster.containers import above

        self.modules = above
        self.now = at * MS
        self.sandbox: Row = state["sandbox"]
        self.layers, self.volumes = dict(layers), dict(volumes)
        self.software, self.outside = software, outside
        self.budget = budget
        self.commands = 0
        self.turns: list[int] | None = None if budget is None else []
        self.demands: dict[str, list[tuple[int, int, int]]] | None = None if budget is None else {}
        self.runs: dict[str, Row] = dict(state["runs"])
        self.procs = {row["id"]: Proc.from_row(row) for row in state["procs"]}
        self.opens = {int(number): Open(*row) for number, row in state["opens"].items()}
        self.pipes = {int(number): Pipe.from_row(row) for number, row in state["pipes"].items()}
        self.logs: dict[str, list[list[Any]]] = {name: list(lines) for name, lines in state["logs"].items()}
        self.partial: dict[str, str] = dict(state["partial"])
        self.exits: dict[str, list[Any]] = dict(state["exits"])
        self.texts: dict[str, str] = dict(state["texts"])
        self.pids: dict[str, int] = dict(state["pids"])
        self.loads: dict[str, list[int]] = copied(state["loads"])
        self.last: int = state["last"]
        self.results: dict[int, int] = {}  # of watched processes: their exit codes
        self.views: dict[str, View] = {}
        self.heap: list[tuple[int, int]] = []
        for proc in self.procs.values():
            if proc.state in TIMED:
                heapq.heappush(self.heap, (proc.wake, proc.id))

    def state(self) -> Row:
        """What is to be kept, as JSON."""
        waits = [proc.wake for proc in self.procs.values() if proc.state in TIMED]
        return {
            "sandbox": self.sandbox,
            "runs": self.runs,
            "procs": [proc.to_row() for proc in self.procs.values()],
            "opens": {str(number): opened.to_row() for number, opened in self.opens.items()},
            "pipes": {str(number): pipe.to_row() for number, pipe in self.pipes.items()},
            "logs": {name: _kept(lines) for name, lines in self.logs.items()},
            "partial": {name: text for name, text in self.partial.items() if text},
            "exits": self.exits,
            "texts": self._used_texts(),
            "pids": self.pids,
            "loads": self.loads,
            "last": self.last,
            "wake": min(waits, default=None),
        }

    def _used_texts(self) -> dict[str, str]:
        if not self.texts:
            return {}
        used: set[str] = set()
        for proc in self.procs.values():
            shell = proc.shell
            if shell is not None:
                used.add(shell.unit)
                used.update(where[0] for where in shell.functions.values())
                used.update(frame[1] for frame in shell.stack if frame[0] == "call")
        return {key: text for key, text in self.texts.items() if key in used}

    # --- time --------------------------------------------------------------------------------------------------------

    def run(self, until: int, watched: int = 0) -> None:
        """Play everything up to a time (µs), or until a watched process has ended."""
        heap = self.heap
        while heap:
            wake, number = heap[0]
            proc = self.procs.get(number)
            if proc is None or proc.wake != wake or proc.state not in TIMED:
                heapq.heappop(heap)
                continue
            if wake > until:
                break
            heapq.heappop(heap)
            self.now = wake
            proc.state = RUN
            self._step(proc, until)
            if proc.state in TIMED and number in self.procs:
                heapq.heappush(heap, (proc.wake, number))
            if watched and watched not in self.procs:
                return
        self.now = max(self.now, until)

    def next_wake(self) -> int:
        """When a process will go on by itself (µs); EVER when none will."""
        return min((proc.wake for proc in self.procs.values() if proc.state in TIMED), default=(EVER + 1) * MS)

    def is_next(self, proc: Proc, until: int) -> bool:
        """Whether a process that runs may go on at its own time before anybody else."""
        if proc.wake > until:
            return False
        return not self.heap or (proc.wake, proc.id) <= self.heap[0]

    def _step(self, proc: Proc, until: int) -> None:
        if proc.shell is not None:
            self.modules.run_shell(self, proc, until)
        else:
            self.step_program(proc)

    def step_program(self, proc: Proc) -> None:
        """Let a program go on until it waits or ends."""
        result = self.modules.play(self.modules.Call(self, proc))
        if proc.id not in self.procs or proc.shell is not None:
            return
        if isinstance(result, int):
            self.exit(proc, result)
        else:
            self.settle(proc, result)

    def settle(self, proc: Proc, wait: tuple[str, int]) -> None:
        """Let a process wait."""
        state, when = wait
        proc.state = state
        if state in (SLEEP, WAIT_UNTIL):
            proc.wake = max(when, self.now)
        elif state == RUN:
            proc.wake = max(proc.wake, self.now)
            return
        elif state in (READ, WRITE):
            proc.on = when
        self.rest(proc)

    def charge(self, proc: Proc, *, program: bool) -> None:
        """Let a command take its time: 1 ms for a program, less inside the shell; more when there is no rest."""
        self.commands += 1
        if self.budget is not None and self.commands > self.budget:
            raise OutOfBudget
        load = self.loads.get(proc.bucket)
        if load is None:
            load = self.loads[proc.bucket] = [0, proc.wake, 0]
        level, since, worked = load
        passed = proc.wake - since
        if passed > 0:
            rested = max(passed - worked, 0)
            level = max(level - rested * RESTING - (passed - rested) // WORKING, 0)
        takes = PROGRAM_TAKES if program else (BUILTIN_TAKES if level > FREE else 0)
        takes <<= min(level // DOUBLING, SLOWEST)
        load[0] = level + (COMMAND if program else BUILTIN)
        load[1], load[2] = proc.wake, takes
        if proc.busy < 0:
            proc.busy = proc.wake
        proc.wake += takes
        if proc.wake - proc.busy > BUSY_AFTER and not proc.cpu:
            proc.cpu = 1_000
            self.demanded(proc.container)

    def rest(self, proc: Proc) -> None:
        """A process that waits does not take any CPU, unless it says so."""
        proc.busy = -1
        if proc.shell is not None and proc.cpu:
            proc.cpu = 0
            self.demanded(proc.container)

    def wake_up(self, proc: Proc) -> None:
        """Let a process that waits go on now."""
        proc.state = RUN
        proc.wake = self.now
        heapq.heappush(self.heap, (proc.wake, proc.id))

    def turned(self) -> None:
        """Something has changed that a probe could see."""
        if self.turns is None:
            return
        at = -(-self.now // MS)
        if not self.turns or self.turns[-1] != at:
            if len(self.turns) >= MOST_TURNS:
                raise OutOfBudget
            self.turns.append(at)

    def demanded(self, container: str) -> None:
        """The CPU or the memory that a container's processes take has changed: too much memory ends it."""
        limit = self.runs[container].get("memory_limit")
        memory = self.memory(container)
        if self.demands is not None:
            steps = self.demands.setdefault(container, [])
            cpu = self.cpu(container)
            if not steps or steps[-1][1] != cpu or abs(steps[-1][2] - memory) >= WORTH_TELLING:
                steps.append((-(-self.now // MS), cpu, memory))
        if limit is not None and memory > limit:
            self.end_container(container, 137, "OOMKilled")

    # --- processes ---------------------------------------------------------------------------------------------------

    def view(self, container: str) -> View:
        found = self.views.get(container)
        if found is None:
            found = self.views[container] = View(self, container, self.runs[container])
        return found

    def number(self) -> int:
        self.last += 1
        return self.last

    def next_pid(self, container: str) -> int:
        pid = self.pids.get(container, 0) + 1
        self.pids[container] = pid
        return pid

    def init_of(self, container: str) -> Proc | None:
        return next((proc for proc in self.procs.values() if proc.pid == 1 and proc.container == container), None)

    def add(self, proc: Proc) -> None:
        """A new process is there; whoever is there first goes on first."""
        self.procs[proc.id] = proc
        if proc.state in TIMED:
            heapq.heappush(self.heap, (proc.wake, proc.id))

    def can_fork(self) -> bool:
        return len(self.procs) < MOST_PROCESSES and len(self.opens) < MOST_OPENS

    def environment(self, proc: Proc) -> dict[str, str]:
        """The variables of a process."""
        if proc.shell is not None:
            variables = proc.shell.variables
            return {name: variables[name] for name in proc.shell.exported if name in variables}
        return proc.env if proc.env is not None else self.runs[proc.container]["env"]

    def find_program(self, container: str, name: str, path: str, cwd: str, uid: int = 0) -> tuple[str, str]:
        """Path and kind of a command: the name of a program, or "#!…" of a script; raises NoProgram."""
        view = self.view(container)
        if "/" in name:
            where = join(cwd, name)
            try:
                file = view.stat(where)
            except FileError as error:
                raise NoProgram(127, str(error)) from None
            if file.kind == DIRECTORY:
                raise NoProgram(126, "Is a directory")
            if not may(file, uid, 1):
                raise NoProgram(126, "Permission denied")
            return where, self._kind(container, where, file)
        # Nearly always nothing is mounted over the tools: then they are looked up in the layer at once.
        look = view.entry if view.mounts else self.layers[container].get
        for directory in path.split(":"):
            where = f"{directory}/{name}"
            found = look(where)
            if found is None:
                continue
            if found.kind == LINK:
                found = view.get(where)
            if found is not None and found.kind != DIRECTORY and may(found, uid, 1):
                return where, self._kind(container, where, found)
        software = self.software[container]
        if software.generic and name:
            return name, name
        raise NoProgram(127, "not found")

    def _kind(self, container: str, where: str, file: File) -> str:
        if file.text.startswith("#!"):
            return file.text.partition("\n")[0]
        if file.text:
            return "#"
        name = where.rpartition("/")[2]
        if file.filler == 0 and name not in self.software[container].programs:
            return "#"
        return name

    def exit(self, proc: Proc, code: int) -> None:
        """A process has ended."""
        self.procs.pop(proc.id, None)
        if proc.pid == 1:
            self._release(proc)
            reason = "Completed" if code == 0 else "Error"
            self.end_container(proc.container, code, reason)
            return
        self._release(proc)
        init = 0
        for child in self.procs.values():
            if child.parent == proc.id:
                init = init or getattr(self.init_of(proc.container), "id", 0)
                child.parent = init
        self.results[proc.id] = code
        if proc.cpu or proc.memory:
            self.demanded(proc.container)
        parent = self.procs.get(proc.parent)
        if parent is None:
            return
        if parent.shell is not None:
            self.modules.child_ended(self, parent, proc, code)
        elif parent.state in (WAIT, WAIT_UNTIL):
            parent.memo["ended"] = [proc.id, code]
            self.wake_up(parent)

    def end_container(self, container: str, code: int, reason: str) -> None:
        """Process 1 has ended, or the kernel ends everything: nothing of the container runs any longer."""
        for proc in [proc for proc in self.procs.values() if proc.container == container]:
            self.procs.pop(proc.id, None)
            self._release(proc)
            self.results[proc.id] = 137
        for stream in ("stdout", "stderr"):
            rest = self.partial.pop(f"{container}/{stream}", "")
            if rest:
                self.logs[container].append([self.now // MS, stream, rest])
        self.exits[container] = [-(-self.now // MS), code, reason]
        self.loads.pop(container, None)
        self.turned()

    def kill(self, proc: Proc, signal: str, *, outside: bool = False) -> None:
        """Send a signal. Process 1 ignores what it does not handle, and even KILL when it comes from inside."""
        if signal == "0":
            return
        if signal == "KILL":
            if proc.pid != 1 or outside:
                self.exit(proc, 137)
            return
        shell = proc.shell
        if shell is not None and signal in shell.traps:
            if shell.traps[signal]:
                shell.pending.append(signal)
                if proc.state == WAIT and shell.waiting and shell.waiting[0] == "wait":
                    shell.waiting = []
                    shell.status = signals.exit_code(signal)
                    self.wake_up(proc)
                elif proc.state in (READ, NEVER):
                    self.wake_up(proc)
            return
        if signal in proc.handles:
            proc.signals.append(signal)
            self.wake_up(proc)
            return
        if proc.pid != 1 and signal not in signals.HARMLESS:
            self.exit(proc, signals.exit_code(signal))

    # --- open files --------------------------------------------------------------------------------------------------

    def open(self, opened: Open) -> int:
        number = self.number()
        self.opens[number] = opened
        return number

    def pipe(self) -> tuple[int, int]:
        """The reading and the writing end of a new pipe."""
        number = self.number()
        self.pipes[number] = Pipe(readers=1, writers=1)
        return self.open(Open("pipe", "r", n=number)), self.open(Open("pipe", "w", n=number))

    def sink(self) -> tuple[int, int]:
        """(pipe, writing end) of a pipe that the machine reads."""
        number = self.number()
        self.pipes[number] = Pipe(writers=1, sink=True)
        return number, self.open(Open("pipe", "w", n=number))

    def source(self, text: str) -> int:
        """The reading end of a pipe that holds a text and gets no more."""
        number = self.number()
        self.pipes[number] = Pipe([text] if text else [], len(text), 1, 0)
        return self.open(Open("pipe", "r", n=number))

    def share(self, fds: Mapping[int, int]) -> dict[int, int]:
        """The same open files for another process."""
        for number in fds.values():
            self.opens[number].uses += 1
        return dict(fds)

    def close(self, number: int) -> None:
        """One descriptor less; the last one closes."""
        opened = self.opens[number]
        opened.uses -= 1
        if opened.uses:
            return
        del self.opens[number]
        if opened.kind != "pipe":
            return
        pipe = self.pipes[opened.n]
        if opened.mode == "r":
            pipe.readers -= 1
            self._wake_all(WRITE, opened.n)
        else:
            pipe.writers -= 1
            if not pipe.writers:
                self._wake_all(READ, opened.n)
        if not pipe.readers and not pipe.writers and not pipe.sink:
            del self.pipes[opened.n]

    def _release(self, proc: Proc) -> None:
        for number in proc.fds.values():
            self.close(number)
        proc.fds = {}
        if proc.shell is not None:
            for frame in proc.shell.stack:
                if frame[0] == "redir":
                    for _, number in frame[1]:
                        if number:
                            self.close(number)
            proc.shell.stack = []
            for sink in proc.shell.waiting[2:3] if proc.shell.waiting[:1] == ["sub"] else ():
                self.pipes.pop(sink, None)

    def _wake_all(self, state: str, pipe: int) -> None:
        for proc in list(self.procs.values()):
            if proc.state == state and proc.on == pipe:
                self.wake_up(proc)

    def files_changed(self, tree: str) -> None:
        """Whoever watches files looks again."""
        for proc in list(self.procs.values()):
            if proc.state == WATCH:
                self.wake_up(proc)

    def open_path(self, proc: Proc, path: str, mode: str) -> Open:
        """Open a file: "r", "w" (emptied first), "a"; raises FileError."""
        where = join(proc.cwd, path)
        view = self.view(proc.container)
        where = view.resolve(where)
        stream = stream_of(where)
        if stream is not None:
            holder = self.init_of(proc.container) if where.startswith("/proc/1/") else proc
            number = holder.fds.get(stream) if holder is not None else None
            if number is None:
                raise FileError("ENOENT")
            same = self.opens[number]
            if same.kind == "pipe":
                pipe = self.pipes[same.n]
                pipe.readers += same.mode == "r"
                pipe.writers += same.mode == "w"
            return Open(same.kind, same.mode, same.a, same.b, same.n, same.at)
        if where.startswith("/dev/") and where[5:] in DEVICES:
            return Open({"urandom": "random"}.get(where[5:], where[5:]), mode)
        entry = view.entry(where)
        if mode == "r":
            if entry is None:
                view.stat(where)
            elif proc.uid and not may(entry, proc.uid, 4):
                raise FileError("EACCES")
            return Open("file", "r", proc.container, where)
        if entry is not None and entry.kind == DIRECTORY:
            raise FileError("EISDIR")
        if mode == "w" or entry is None:
            view.write(where, "", uid=proc.uid, mode=0o666 & ~proc.umask if entry is None else None)
        elif mode == "a":
            view.write(where, "", append=True, uid=proc.uid)
        return Open("file", "w", proc.container, where)

    def write(self, opened: Open, text: str) -> None:
        """Write to an open file; raises FileError, BrokenPipe."""
        kind = opened.kind
        if not text:
            return
        if kind == "log":
            self.log(opened.a, opened.b, text)
        elif kind == "file":
            view = self.view(opened.a)
            if view.entry(opened.b) is not None:
                view.write(opened.b, text, append=True)
        elif kind == "pipe":
            pipe = self.pipes[opened.n]
            if pipe.sink:
                if pipe.size < SINK:
                    pipe.put(text)
                return
            if not pipe.readers:
                raise BrokenPipe
            pipe.put(text)
            self._wake_all(READ, opened.n)
        elif kind == "full":
            raise FileError("ENOSPC")

    def is_clogged(self, opened: Open) -> bool:
        """Whether a writer has to wait."""
        if opened.kind != "pipe":
            return False
        pipe = self.pipes[opened.n]
        return pipe.size >= PIPE and pipe.readers > 0

    def log(self, container: str, stream: str, text: str) -> None:
        """What a process writes to the runtime, line by line."""
        key = f"{container}/{stream}"
        *lines, rest = (self.partial.get(key, "") + text).split("\n")
        at = self.now // MS
        kept = self.logs[container]
        # `yes` writes half a million lines a second: what would be cut off again is not looked at.
        kept += [[at, stream, line[:LONGEST_LINE]] for line in lines[-KEPT_LINES:]]
        while len(rest) > LONGEST_LINE:
            kept.append([at, stream, rest[:LONGEST_LINE]])
            rest = rest[LONGEST_LINE:]
        self.partial[key] = rest
        if len(kept) > 2 * KEPT_LINES:
            del kept[:-KEPT_LINES]

    # --- what the kernel shows -----------------------------------------------------------------------------------------

    def special(self, container: str, path: str) -> File | None:
        """What lies under /dev, /proc and /sys, and the files that the kubelet brings along."""
        return self.modules.special(self, container, path)

    def special_names(self, container: str, path: str) -> set[str]:
        return self.modules.special_names(self, container, path)

    def memory(self, container: str) -> int:
        """Bytes that the processes of a container hold, and what lies in its memory file systems."""
        held = sum(proc.memory for proc in self.procs.values() if proc.container == container)
        for _, volume, _, _, in_memory in self.runs[container].get("mounts", ()):
            if in_memory and volume in self.volumes:
                held += self.volumes[volume].used
        return held

    def cpu(self, container: str) -> int:
        """Millicores."""
        return sum(proc.cpu for proc in self.procs.values() if proc.container == container)

    # --- the network ---------------------------------------------------------------------------------------------------

    def listeners(self) -> list[tuple[int, Proc]]:
        return [(port, proc) for proc in self.procs.values() for port in proc.memo.get("ports", ())]

    def is_here(self, host: str) -> bool:
        return host in ("localhost", "0.0.0.0", "::1", self.sandbox["ip"], self.sandbox["hostname"]) or host.startswith("127.")

    def request(self, request: Request) -> Response | Failure:
        """Send a request to a host: this Pod itself, or the world outside."""
        from cluster.containers.network import Failure

        if self.is_here(request.host):
            return self.serve(request)
        if _ADDRESS.fullmatch(request.host):
            return self._ask_outside(request)
        addresses = self.resolve(request.host)
        if not addresses:
            return Failure("unknown-host", 5)
        if self.is_here(addresses[0]):
            return self.serve(request._replace(host=addresses[0]))
        return self._ask_outside(request._replace(host=addresses[0]))

    def _ask_outside(self, request: Request) -> Response | Failure:
        """Send a request to an address; whoever answers, the client has spoken with that address."""
        return self.outside.request(request)._replace(address=request.host)

    def resolve(self, name: str) -> Sequence[str] | None:
        """The addresses of a name, as the C library finds them."""
        known = self.hosts().get(name)
        if known is not None:
            return [known]
        if name in ("localhost", self.sandbox["hostname"]):
            return ["127.0.0.1" if name == "localhost" else self.sandbox["ip"]]
        found = self.look_up(name)
        return found[1] if found is not None else None

    def candidates(self, name: str) -> list[str]:
        """The full names that the resolver tries for a name (resolv.conf: search, ndots:5)."""
        if name.endswith("."):
            return [name.rstrip(".")]
        searched = [f"{name}.{domain}" for domain in self.sandbox["searches"]]
        return [*searched, name] if name.count(".") < NDOTS else [name, *searched]

    def look_up(self, name: str) -> tuple[str, Sequence[str]] | None:
        """The first full name that the DNS knows, and its addresses."""
        for candidate in self.candidates(name):
            addresses = self.ask(candidate)
            if addresses:
                return candidate, addresses
        return None

    def ask(self, name: str) -> Sequence[str] | None:
        """Ask the DNS for a full name."""
        return self.outside.resolve(name, self.now // MS)

    def hosts(self) -> dict[str, str]:
        return {name: address for address, names in self.sandbox["hosts"] for name in names.split()}

    def serve(self, request: Request) -> Response | Failure:
        """What the process answers that listens on the request's port."""
        from cluster.containers.network import Failure, Response
        from cluster.containers.programs import serving

        if request.protocol == "ping":
            return Response(0, {}, "", 0, self.sandbox["ip"])
        for port, proc in self.listeners():
            if port == request.port:
                return serving.answer(self, proc, request)
        return Failure("refused", 1, self.sandbox["ip"])


def _kept(lines: list[list[Any]]) -> list[list[Any]]:
    kept = lines[-KEPT_LINES:]
    total = sum(len(line[2]) for line in kept)
    if total <= KEPT_CHARACTERS:
        return kept
    place = 0
    while total > KEPT_CHARACTERS:
        total -= len(kept[place][2])
        place += 1
    return kept[place:]
