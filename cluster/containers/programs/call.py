"""How a program is written: a function of a Call that gives an exit code, or what it waits for.

A program that waits is called again from its beginning when it may go on. What it has to remember lies in `call.memo`
(JSON). Reading input that is not there yet, and waiting for an answer from the network, make it start over by
themselves: so a program reads and asks first, and writes afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from cluster.containers.files import File, FileError, join
from cluster.containers.kernel import MS, BrokenPipe, Kernel, NoProgram
from cluster.containers.process import NEVER, READ, RUN, SLEEP, WAIT, WAIT_UNTIL, WATCH, WRITE, Open, Proc
from cluster.containers.view import View

if TYPE_CHECKING:
    from cluster.containers.network import Failure, Request, Response

Wait = tuple[str, int]
Program = Callable[["Call"], int | Wait]

PROGRAMS: dict[str, Program] = {}

FOREVER: Wait = (NEVER, 0)
FILES: Wait = (WATCH, 0)
CHILDREN: Wait = (WAIT, 0)

# Bytes that a program holds when it says nothing else.
SMALL = 700 << 10


def program(*names: str) -> Callable[[Program], Program]:
    """Put a function among the programs under these names."""

    def register(function: Program) -> Program:
        for name in names:
            PROGRAMS[name] = function
        return function

    return register


class Again(Exception):
    """The program has to wait and then to begin again."""

    def __init__(self, wait: Wait) -> None:
        super().__init__(wait)
        self.wait = wait


class UsageError(Exception):
    """Arguments that a program does not take: its message and its exit code."""

    def __init__(self, text: str, code: int = 1) -> None:
        super().__init__(text)
        self.code = code


def play(call: Call) -> int | Wait:
    """Let a program run until it ends or waits."""
    name = call.proc.program
    function = PROGRAMS.get(name)
    if function is None or (name in call.software.servers and not name.startswith("nginx")):
        from cluster.containers.programs import unknown

        function = unknown.run
    try:
        return function(call)
    except Again as again:
        return again.wait
    except BrokenPipe:
        return 141
    except UsageError as error:
        call.err(f"{call.name}: {error}\n")
        return error.code
    except FileError as error:
        try:
            call.err(f"{call.name}: {'write error: ' if error.name == 'ENOSPC' else ''}{error}\n")
        except (FileError, BrokenPipe):
            return 1
        return 1


class Call:
    """A program's view of its process and of the world."""

    __slots__ = ("asked", "kernel", "proc")

    def __init__(self, kernel: Kernel, proc: Proc) -> None:
        self.kernel, self.proc = kernel, proc
        self.asked = 0

    # --- itself ------------------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """What it was called as, without the path."""
        return self.proc.argv[0].rpartition("/")[2]

    @property
    def args(self) -> list[str]:
        return self.proc.argv[1:]

    @property
    def memo(self) -> dict[str, Any]:
        return self.proc.memo

    @property
    def now(self) -> int:
        """Virtual ms."""
        return self.kernel.now // MS

    @property
    def env(self) -> dict[str, str]:
        if self.proc.env is None and self.proc.parent:
            parent = self.kernel.procs.get(self.proc.parent)
            if parent is not None and parent.shell is not None:
                self.proc.env = self.kernel.environment(parent)
        return self.kernel.environment(self.proc)

    @property
    def software(self) -> Any:
        return self.kernel.software[self.proc.container]

    @property
    def busybox(self) -> bool:
        """Whether its messages are those of BusyBox."""
        return bool(self.software.userland == "busybox")

    @property
    def run(self) -> dict[str, Any]:
        """What the container was started with."""
        return self.kernel.runs[self.proc.container]

    # --- output ------------------------------------------------------------------------------------------------------

    def out(self, text: str) -> None:
        self.put(1, text)

    def err(self, text: str) -> None:
        self.put(2, text)

    def put(self, fd: int, text: str) -> None:
        number = self.proc.fds.get(fd)
        if number is not None:
            self.kernel.write(self.kernel.opens[number], text)

    def fail(self, text: str, code: int = 1) -> int:
        """Write a complaint with the program's name, and the code to end with."""
        self.err(f"{self.name}: {text}\n")
        return code

    @property
    def is_tty(self) -> bool:
        """Whether somebody sits in front of the output."""
        opened = self.kernel.opens.get(self.proc.fds.get(1, 0))
        return opened is not None and opened.a == "tty"

    def is_clogged(self) -> Wait | None:
        """What to wait for before more is written, if the reader is slower."""
        number = self.proc.fds.get(1)
        if number is None:
            return None
        opened = self.kernel.opens[number]
        return (WRITE, opened.n) if self.kernel.is_clogged(opened) else None

    # --- input -------------------------------------------------------------------------------------------------------

    def stdin(self) -> Open | None:
        number = self.proc.fds.get(0)
        return self.kernel.opens[number] if number is not None else None

    def take(self) -> tuple[str, bool]:
        """What can be read from the input now, and whether that was the end."""
        opened = self.stdin()
        if opened is None:
            return "", True
        kernel = self.kernel
        if opened.kind == "pipe":
            pipe = kernel.pipes[opened.n]
            text = pipe.take()
            if text:
                kernel._wake_all(WRITE, opened.n)
            return text, not pipe.writers
        if opened.kind == "file":
            entry = kernel.view(opened.a).entry(opened.b)
            text = entry.text[opened.at :] if entry is not None else ""
            opened.at += len(text)
            return text, True
        if opened.kind in ("tty", "zero", "random", "full"):
            return "", False
        return "", True

    def more(self) -> Wait:
        """Wait for more input."""
        opened = self.stdin()
        return (READ, opened.n) if opened is not None and opened.kind == "pipe" else FOREVER

    def read(self) -> str:
        """All of the input; waits for its end."""
        text, ended = self.take()
        if not ended or "input" in self.memo:
            text = self.memo.pop("input", "") + text
        if ended:
            return text
        self.memo["input"] = text[: 4 << 20]
        raise Again(self.more())

    def lines(self) -> tuple[list[str], bool]:
        """The whole lines that can be read now (with their ends), and whether that was the end; waits for at least one."""
        text, ended = self.take()
        text = self.memo.pop("rest", "") + text
        if ended:
            return _split(text), True
        place = text.rfind("\n") + 1
        if place < len(text):
            self.memo["rest"] = text[place:]
        if not place:
            raise Again(self.more())
        return _split(text[:place]), False

    # --- files -------------------------------------------------------------------------------------------------------

    @property
    def view(self) -> View:
        return self.kernel.view(self.proc.container)

    def path(self, name: str) -> str:
        """An absolute path."""
        return join(self.proc.cwd, name)

    def resolved(self, name: str) -> str:
        """The path that a name leads to, links followed."""
        return self.view.resolve(join(self.proc.cwd, name))

    def stat(self, name: str, *, follow: bool = True) -> File:
        if name == "":
            raise FileError("ENOENT")
        return self.view.stat(join(self.proc.cwd, name), follow=follow)

    def text(self, name: str) -> str:
        """The text of a file."""
        if name == "":
            raise FileError("ENOENT")
        return self.view.read(join(self.proc.cwd, name), self.proc.uid)

    def write(self, name: str, text: str, *, append: bool = False, mode: int | None = None, filler: int = 0) -> None:
        where = self.resolved(name)
        if mode is None and self.view.entry(where) is None:
            mode = 0o666 & ~self.proc.umask
        self.view.write(where, text, append=append, uid=self.proc.uid, mode=mode, filler=filler)

    # --- other processes ---------------------------------------------------------------------------------------------

    def spawn(self, argv: list[str], *, stdin: int | None = None, env: dict[str, str] | None = None) -> Proc | int:
        """Start a child with the same open files; its exit code at once when it cannot be started."""
        from cluster.containers.shell import loading

        kernel, proc = self.kernel, self.proc
        if not kernel.can_fork():
            return self.fail(
                "can't fork: Resource temporarily unavailable" if self.busybox else "fork: Resource temporarily unavailable", 126
            )
        environment = env if env is not None else dict(self.env)
        child = Proc(
            kernel.number(),
            kernel.next_pid(proc.container),
            proc.id,
            proc.container,
            list(argv),
            "",
            RUN,
            kernel.now,
            env=environment,
            cwd=proc.cwd,
            uid=proc.uid,
            umask=proc.umask,
            bucket=proc.bucket,
            started=self.now,
            memory=SMALL,
        )
        child.fds = kernel.share(proc.fds)
        if stdin is not None:
            if 0 in child.fds:
                kernel.close(child.fds[0])
            child.fds[0] = stdin
        try:
            loading.load(kernel, child, list(argv), environment.get("PATH", loading.PATH))
        except NoProgram as problem:
            for number in child.fds.values():
                kernel.close(number)
            return self.fail(self._cannot(argv[0], problem), problem.code)
        kernel.charge(child, program=True)
        kernel.add(child)
        return child

    def _cannot(self, name: str, problem: NoProgram) -> str:
        text = "No such file or directory" if problem.code == 127 else str(problem)
        return f"can't execute '{name}': {text}" if self.busybox else f"‘{name}’: {text}"

    def become(self, argv: list[str], env: dict[str, str] | None = None) -> int | Wait:
        """Go on as another program (exec)."""
        from cluster.containers.shell import loading

        proc = self.proc
        environment = env if env is not None else dict(self.env)
        loaded = Proc(
            proc.id,
            proc.pid,
            proc.parent,
            proc.container,
            list(argv),
            "",
            fds=proc.fds,
            env=environment,
            cwd=proc.cwd,
            uid=proc.uid,
            umask=proc.umask,
            bucket=proc.bucket,
            started=proc.started,
            memory=SMALL,
        )
        try:
            loading.load(self.kernel, loaded, list(argv), environment.get("PATH", loading.PATH))
        except NoProgram as problem:
            return self.fail(self._cannot(argv[0], problem), problem.code)
        proc.argv, proc.program, proc.shell, proc.env = loaded.argv, loaded.program, loaded.shell, environment
        proc.memo, proc.handles, proc.memory = loaded.memo, [], loaded.memory
        if proc.shell is not None:
            return (RUN, 0)
        return play(Call(self.kernel, proc))

    def wait_or(self, due: int | None) -> Wait:
        """Wait for a child, or until a time."""
        return CHILDREN if due is None else (WAIT_UNTIL, due * MS)

    # --- time, memory, network -----------------------------------------------------------------------------------------

    def until(self, at: int) -> Wait:
        """Wait until a time (ms)."""
        return (SLEEP, at * MS)

    def hold(self, size: int, cpu: int | None = None) -> None:
        """Say how many bytes, and millicores, the process takes from now on. It may not survive that."""
        self.proc.memory = size
        if cpu is not None:
            self.proc.cpu = cpu
        if self.proc.id in self.kernel.procs:
            self.kernel.demanded(self.proc.container)

    @property
    def is_alive(self) -> bool:
        """Whether it still runs: taking too much memory ends the whole container. (A shell's command may not be listed yet.)"""
        return self.proc.id in self.kernel.procs or self.proc.parent in self.kernel.procs

    def request(self, request: Request) -> Response | Failure:
        """Send a request and wait for what comes of it."""
        from cluster.containers.network import Failure, Response

        replies: list[list[Any]] = self.memo.setdefault("replies", [])
        self.asked += 1
        if len(replies) >= self.asked:
            kind, values = replies[self.asked - 1]
            return Response(*values) if kind == "response" else Failure(*values)
        found = self.kernel.request(request)
        limit = request.timeout
        if limit is not None and found.took > limit:
            found = Failure("timeout", limit, found.address)
        kind = "response" if isinstance(found, Response) else "failure"
        replies.append([kind, [dict(value) if isinstance(value, Mapping) else value for value in found]])
        raise Again(self.until(self.now + found.took))


def _split(text: str) -> list[str]:
    """Lines with their ends; only a newline ends a line."""
    lines = [line + "\n" for line in text.split("\n")]
    last = lines.pop()[:-1]
    return [*lines, last] if last else lines


def lines_of(text: str) -> list[str]:
    """The lines of a text without their ends."""
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    return lines
