"""A live cluster in the worker: its simulation, its clock against the wall's, and the commands that it is given.

Everything here runs on the worker's event loop, one command at a time per cluster. Long work is cut into slices of a few
milliseconds, so that no cluster makes the others wait. What happened is handed to the committer; only what is on disk is
answered and shown.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any, Protocol

from cluster import board, kubectl, store
from cluster.apiserver.state import World
from cluster.machinery.settings import Settings
from cluster.manifests import BUILT_IN
from cluster.models import Cluster
from cluster.simulation.components import all_components
from cluster.simulation.simulation import Simulation
from cluster.simulation.step import Step

SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 64.0)
# Work on one cluster before the others get their turn (seconds of wall time).
SLICE = 0.005
# A cluster that nobody watches stands still after this many seconds, and leaves the memory after the second number.
SLEEPS_AFTER = 90.0
LEAVES_AFTER = 600.0
LOG_LENGTH = 200
MAX_ADVANCE = 24 * 3600
# What one sandbox may have (see README): the API server refuses what goes beyond it.
LIMITS = {"pods": 500, "objects": 3000}
COMPONENTS = all_components()

Send = Callable[[dict[str, Any]], Awaitable[None]]


class Refused(Exception):
    """A command that cannot be done; the text is one sentence for the user."""


class Committer(Protocol):
    """Writes what happened, then shows it."""

    def dirty(self, live: LiveCluster) -> None: ...

    async def committed(self, live: LiveCluster) -> None: ...

    async def database(self, function: Callable[..., Any], *arguments: Any) -> Any: ...

    async def publish(self, cluster: str, messages: list[dict[str, Any]]) -> None: ...


class LiveCluster:
    """One cluster in memory. Made by the worker that holds its lease."""

    def __init__(self, row: Cluster, world: World, worker: str, committer: Committer) -> None:
        self.id = row.id
        self.worker = worker
        self.branch = row.branch
        self.playing = row.playing
        self.speed = row.speed
        self.steps: list[Step] = []  # not yet on disk
        self.state_changed = False  # playing or speed, not yet on disk
        self.broken = False  # what happened could not be saved
        self.watched = time.monotonic()
        self._committer = committer
        self._lock = asyncio.Lock()
        self._wake = asyncio.Event()
        self._stop_work = False
        self._player: asyncio.Task[None] | None = None
        self._consoles: dict[str, kubectl.Run] = {}
        self._moved = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()
        self._simulation = self._simulate(world)
        self._anchor = (time.monotonic(), world.now)

    def _simulate(self, world: World) -> Simulation:
        return Simulation(world, COMPONENTS, Settings(limits=LIMITS), self._on_step)

    def _on_step(self, step: Step) -> None:
        self.steps.append(step)
        self._committer.dirty(self)

    @property
    def head(self) -> int:
        return self._simulation.revision

    # --- the clock -------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to play (or to wait for commands)."""
        self._anchor = (time.monotonic(), self._simulation.now)
        self._player = asyncio.create_task(self._play(), name=f"play {self.id}")

    async def stop(self) -> None:
        """End playing and every console command; what happened so far is committed."""
        self._stop_work = True
        for identifier in list(self._consoles):
            self._interrupt(identifier)
        if self._player is not None:
            self._player.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._player
        await self._committer.committed(self)

    def asleep(self) -> bool:
        """Whether nobody has watched for so long that time stands still."""
        return time.monotonic() - self.watched > SLEEPS_AFTER

    def forgotten(self) -> bool:
        return time.monotonic() - self.watched > LEAVES_AFTER

    def look(self) -> None:
        """Somebody watches."""
        if self.asleep():
            self._anchor = (time.monotonic(), self._simulation.now)
        self.watched = time.monotonic()
        self._wake.set()

    def _virtual_now(self) -> int:
        """What the cluster's clock shows now (ms)."""
        if not self.playing:
            return self._simulation.now
        wall, virtual = self._anchor
        return max(self._simulation.now, virtual + round((time.monotonic() - wall) * 1000 * self.speed))

    async def _play(self) -> None:
        while True:
            self._wake.clear()
            await self._wait_for_work()
            async with self._lock:
                if self.playing and not self.asleep():
                    await self._catch_up()

    async def _wait_for_work(self) -> None:
        due = self._simulation.next_due() if self.playing and not self.asleep() else None
        timeout = None if due is None else max(0.0, (due - self._virtual_now()) / 1000 / self.speed)
        if due is not None and timeout == 0:
            await asyncio.sleep(0)
            return
        # While somebody watches, look now and then whether they still do.
        limit = SLEEPS_AFTER if self.playing and not self.asleep() else None
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), _earlier(timeout, limit))

    async def _catch_up(self) -> None:
        """Do what was due up to now. When the machine cannot keep up, virtual time falls behind instead of jumping."""
        target = self._virtual_now()
        await self._work(self._simulation.steps_until(target))
        if self._virtual_now() - target > 1000 * self.speed:
            self._anchor = (time.monotonic(), self._simulation.now)

    async def _work(self, steps: Iterable[Step]) -> int:
        """Run steps in slices; returns how many. Ends early when told to stop."""
        count, began = 0, time.monotonic()
        iterator = iter(steps)
        while not self._stop_work and next(iterator, None) is not None:
            count += 1
            if time.monotonic() - began > SLICE:
                await self._moved_on()
                await asyncio.sleep(0)
                began = time.monotonic()
        await self._moved_on()
        return count

    async def _moved_on(self) -> None:
        async with self._moved:
            self._moved.notify_all()

    # --- commands --------------------------------------------------------------------------------------------------

    async def command(self, command: dict[str, Any], send: Send) -> dict[str, Any]:
        """Do one command; the answer is given when everything it did is on disk. Raises Refused."""
        name = command.get("type")
        handler = COMMANDS.get(name) if isinstance(name, str) else None
        if handler is None:
            raise Refused(f"Unknown command {name!r}: allowed are {', '.join(sorted(COMMANDS))}.")
        self.look()
        if name in IMMEDIATE:
            return await handler(self, command, send)
        async with self._lock:
            self._stop_work = False
            before = self.branch
            if name in TIME_TRAVELLERS:
                await self._travel(command.get("at"))
            if self.playing:
                await self._catch_up()
            answer = await handler(self, command, send)
            if name in KEEPERS:
                self._simulation.keep_clock()
        await self._committer.committed(self)
        if self.branch != before:
            await self._announce_branch()
        self._wake.set()
        return answer

    async def _travel(self, at: Any) -> None:
        """Go back to a past revision before acting there: the present becomes another branch."""
        if at is None or at == self.head:
            return
        if not isinstance(at, int) or not 0 <= at < self.head:
            raise Refused(f"There is no revision {at!r} here: the newest is {self.head}.")
        await self._committer.committed(self)
        try:
            number, world = await self._committer.database(store.fork, self.id, self.worker, self.branch, at)
        except store.Missing as problem:
            raise Refused(f"Revision {at} can no longer be reached: {problem}.") from problem
        self._live_on(number, world)

    def _live_on(self, branch: int, world: World) -> None:
        for identifier in list(self._consoles):
            self._interrupt(identifier)
        self.branch = branch
        self._simulation = self._simulate(world)
        self._anchor = (time.monotonic(), world.now)

    async def _announce_branch(self) -> None:
        branches = await self._committer.database(store.branches, self.id)
        message = {"type": "branch", "branch": self.branch, "branches": _branch_rows(branches)}
        await self._committer.publish(self.id, [message, await self._frame_of(self._simulation.world)])

    async def frame(self, command: dict[str, Any], send: Send) -> dict[str, Any]:
        """The picture of the present, or of a past revision."""
        revision = command.get("revision")
        if revision is None or revision == self.head:
            async with self._lock:
                if self.playing and not self.asleep():
                    await self._catch_up()
                world = self._simulation.world
            await self._committer.committed(self)
            return await self._frame_of(world)
        return await self._frame_of(await self.world_at(revision))

    async def world_at(self, revision: Any) -> World:
        """The World of a revision of the current branch; raises Refused."""
        if revision is None or revision == self.head:
            return self._simulation.world
        if not isinstance(revision, int):
            raise Refused(f"A revision is a whole number, not {revision!r}.")
        await self._committer.committed(self)
        try:
            world: World = await self._committer.database(store.load, self.id, self.branch, revision)
        except store.Missing as problem:
            raise Refused(f"Revision {revision} cannot be shown: {problem}.") from problem
        return world

    async def _frame_of(self, world: World) -> dict[str, Any]:
        branches, first, log = await self._committer.database(_history, self.id, self.branch, world.revision)
        return {
            "type": "frame", "cluster": self.id, "branch": self.branch, "branches": _branch_rows(branches), "first": first,
            "revision": world.revision, "now": self._virtual_now() if world.revision == self.head else world.now,
            "head": self.head, "playing": self.playing, "speed": self.speed,
            "state": board.state(world), "log": [board.header(entry) for entry in log],
        }

    async def _say_clock(self) -> None:
        await self._committer.publish(self.id, [self.clock()])

    def clock(self) -> dict[str, Any]:
        """What viewers extrapolate the time from."""
        return {
            "type": "clock", "now": self._virtual_now(), "playing": self.playing, "speed": self.speed, "head": self.head,
        }

    def _set_clock(self, playing: bool, speed: float) -> None:
        self._anchor = (time.monotonic(), self._simulation.now)
        self.playing, self.speed = playing, speed
        self.state_changed = True
        self._committer.dirty(self)

    async def play(self, command: dict[str, Any], send: Send) -> dict[str, Any]:
        """Let time run."""
        self._set_clock(True, self.speed)
        await self._say_clock()
        return self.clock()

    async def pause(self, command: dict[str, Any], send: Send) -> dict[str, Any]:
        """Stop time, and whatever long command is under way."""
        self._stop_work = True
        async with self._lock:
            self._stop_work = False
            if self.playing:
                await self._catch_up()
            self._set_clock(False, self.speed)
            self._simulation.keep_clock()
        await self._committer.committed(self)
        await self._say_clock()
        return self.clock()

    async def set_speed(self, command: dict[str, Any], send: Send) -> dict[str, Any]:
        """Choose how fast time runs."""
        value = command.get("value")
        if value not in SPEEDS:
            raise Refused(f"Speed {value!r} is not offered: allowed are {', '.join(f'{speed:g}' for speed in SPEEDS)}.")
        self._set_clock(self.playing, float(value))
        await self._say_clock()
        return self.clock()

    async def step(self, command: dict[str, Any], send: Send) -> dict[str, Any]:
        """One write, however long it takes to come; time stands still afterwards."""
        return await self._go(iter(lambda: self._simulation.step(), None), limit=1)

    async def quiet(self, command: dict[str, Any], send: Send) -> dict[str, Any]:
        """On until nothing is under way."""
        return await self._go(self._simulation.steps_until_quiet())

    async def decision(self, command: dict[str, Any], send: Send) -> dict[str, Any]:
        """On to the next decision."""
        return await self._go(self._simulation.steps_until_decision())

    async def advance(self, command: dict[str, Any], send: Send) -> dict[str, Any]:
        """Some seconds of virtual time at once."""
        seconds = command.get("seconds", 10)
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds <= MAX_ADVANCE:
            raise Refused(f"seconds must be a number above 0 and at most {MAX_ADVANCE}, not {seconds!r}.")
        return await self._go(self._simulation.steps_until(self._simulation.now + round(seconds * 1000)))

    async def _go(self, steps: Iterable[Step], limit: int | None = None) -> dict[str, Any]:
        self._set_clock(False, self.speed)
        count = await self._work(_at_most(steps, limit))
        await self._say_clock()
        return {**self.clock(), "steps": count}

    async def fork(self, command: dict[str, Any], send: Send) -> dict[str, Any]:
        """A new branch here (or at `at`); `_travel` has done it when `at` lies in the past."""
        if command.get("at") in (None, self.head) and "at" in command:
            number, world = await self._committer.database(store.fork, self.id, self.worker, self.branch, self.head)
            self._live_on(number, world)
        return {"type": "ok", "branch": self.branch, "head": self.head}

    async def change_branch(self, command: dict[str, Any], send: Send) -> dict[str, Any]:
        """Live on in another branch, from its end."""
        number = command.get("id")
        if not isinstance(number, int):
            raise Refused(f"A branch is a whole number, not {number!r}.")
        if number != self.branch:
            await self._committer.committed(self)
            try:
                world = await self._committer.database(store.switch_branch, self.id, self.worker, number)
            except store.Missing as problem:
                raise Refused(f"There is no branch {number}.") from problem
            self._live_on(number, world)
        return {"type": "ok", "branch": self.branch, "head": self.head}

    async def watch(self, command: dict[str, Any], send: Send) -> dict[str, Any]:
        """A viewer's sign of life."""
        return self.clock()

    # --- console ---------------------------------------------------------------------------------------------------

    async def console(self, command: dict[str, Any], send: Send) -> dict[str, Any]:
        """Begin a line; what it prints follows by itself, also after this has been answered (for waiting commands)."""
        identifier, line = str(command.get("id", "")), command.get("line")
        if not isinstance(line, str) or len(line) > MAX_LINE:
            raise Refused(f"A line has at most {MAX_LINE} characters.")
        files = {**BUILT_IN, **_texts(command.get("files"))}
        shell = kubectl.Shell(self._simulation, files)
        self._consoles[identifier] = kubectl.run(line, shell)
        wait = await self._resume(identifier, send)
        if wait is not None:
            task = asyncio.create_task(self._follow(identifier, wait, send), name=f"console {self.id} {identifier}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return {"type": "ok", "running": wait is not None}

    async def _resume(self, identifier: str, send: Send) -> kubectl.Wait | None:
        """Let a command go on until it waits (then how long) or ends (then None)."""
        run = self._consoles.get(identifier)
        if run is None:
            return None
        try:
            while True:
                said = next(run)
                if isinstance(said, kubectl.Wait):
                    return said
                await self._committer.committed(self)
                await send({"type": "console", "id": identifier, "stream": said.stream, "text": said.text})
                if self._consoles.get(identifier) is not run:
                    return None  # interrupted meanwhile
        except StopIteration as end:
            self._consoles.pop(identifier, None)
            await self._committer.committed(self)
            await send({"type": "console-end", "id": identifier, "code": end.value or 0})
            return None

    async def _follow(self, identifier: str, wait: kubectl.Wait, send: Send) -> None:
        """Resume a waiting command after each move of the cluster, until it ends or is interrupted."""
        next_wait: kubectl.Wait | None = wait
        while next_wait is not None and identifier in self._consoles:
            await self._until_moved(next_wait)
            async with self._lock:
                next_wait = await self._resume(identifier, send)

    async def _until_moved(self, wait: kubectl.Wait) -> None:
        timeout = None
        if wait.until is not None:
            if self._virtual_now() >= wait.until:
                return
            timeout = (wait.until - self._virtual_now()) / 1000 / self.speed if self.playing else None
        async with self._moved:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._moved.wait(), timeout)

    def _interrupt(self, identifier: str) -> bool:
        run = self._consoles.pop(identifier, None)
        if run is None:
            return False
        run.close()
        return True

    async def interrupt(self, command: dict[str, Any], send: Send) -> dict[str, Any]:
        """^C."""
        identifier = str(command.get("id", ""))
        if self._interrupt(identifier):
            await send({"type": "console", "id": identifier, "stream": "stderr", "text": "^C\n"})
            await send({"type": "console-end", "id": identifier, "code": 130})
            await self._moved_on()
        return {"type": "ok"}

    async def complete(self, command: dict[str, Any], send: Send) -> dict[str, Any]:
        """What Tab offers."""
        line = str(command.get("line", ""))[:MAX_LINE]
        files = {**BUILT_IN, **_texts(command.get("files"))}
        start, items = kubectl.complete(line, len(line), kubectl.Shell(self._simulation, files))
        return {"type": "completions", "id": command.get("id"), "items": items[:100], "start": start}

    async def look_at(self, command: dict[str, Any], send: Send) -> dict[str, Any]:
        """What a console line prints at a revision, or the board's rows there (`line` missing). Nothing can come of it:
        the line runs on a fork that is thrown away."""
        world = await self.world_at(command.get("revision"))
        line = command.get("line")
        if line is None:
            return {"type": "look", "revision": world.revision, "now": world.now, "state": board.state(world)}
        fork = Simulation(world, COMPONENTS, self._simulation.settings)
        code, stdout, stderr = _printed(kubectl.run(str(line)[:MAX_LINE], kubectl.Shell(fork, BUILT_IN)))
        return {"type": "look", "revision": world.revision, "now": world.now, "code": code, "stdout": stdout, "stderr": stderr}

    async def why(self, command: dict[str, Any], send: Send) -> dict[str, Any]:
        """The newest decision about an object up to a revision, as it was recorded; `why` is None when there is none."""
        revision = command.get("revision")
        until = self.head if not isinstance(revision, int) else revision
        await self._committer.committed(self)
        entry = await self._committer.database(store.decision, self.id, self.branch, str(command.get("ref", "")), until)
        return {"type": "why", "why": entry["why"] if entry else None, "step": board.header(entry) if entry else None}

    async def apply(self, command: dict[str, Any], send: Send) -> dict[str, Any]:
        """Apply the editor's text. Either everything is right and is applied, or the errors come back with their lines."""
        text = command.get("text")
        files = _texts({EDITOR: text})
        errors = kubectl.errors_by_line(files[EDITOR], self._simulation)
        if errors:
            return {"type": "applied", "errors": [{"line": line, "message": message} for line, message in errors], "output": ""}
        run = kubectl.run(f"kubectl apply -f {EDITOR}", kubectl.Shell(self._simulation, files))
        code, stdout, stderr = _printed(run)
        return {"type": "applied", "errors": [], "output": stdout + stderr, "code": code}


EDITOR = "editor.yaml"
MAX_LINE = 4096
MAX_FILE = 256 * 1024

Handler = Callable[[LiveCluster, dict[str, Any], Send], Awaitable[dict[str, Any]]]
COMMANDS: dict[str, Handler] = {
    "frame": LiveCluster.frame, "watch": LiveCluster.watch,
    "play": LiveCluster.play, "pause": LiveCluster.pause, "speed": LiveCluster.set_speed,
    "step": LiveCluster.step, "quiet": LiveCluster.quiet, "decision": LiveCluster.decision, "advance": LiveCluster.advance,
    "fork": LiveCluster.fork, "branch": LiveCluster.change_branch,
    "console": LiveCluster.console, "interrupt": LiveCluster.interrupt, "complete": LiveCluster.complete,
    "look": LiveCluster.look_at, "why": LiveCluster.why, "apply": LiveCluster.apply,
}
# Commands that do not wait for the one before: they only look, or are there to stop it.
IMMEDIATE = frozenset({"frame", "watch", "pause", "interrupt", "complete", "look", "why"})
# Commands that act: at a past revision they begin a new branch there.
TIME_TRAVELLERS = frozenset({"play", "step", "quiet", "decision", "advance", "fork", "console", "apply"})
# Commands after which the clock's position is kept even if nothing was written.
KEEPERS = frozenset({"advance"})


def _printed(run: kubectl.Run) -> tuple[int, str, str]:
    """(exit code, stdout, stderr) of a command up to its end or its first wait."""
    texts = {"stdout": "", "stderr": ""}
    try:
        while not isinstance(said := next(run), kubectl.Wait):
            texts[said.stream] += said.text
    except StopIteration as end:
        return end.value or 0, texts["stdout"], texts["stderr"]
    run.close()
    return 0, texts["stdout"], texts["stderr"]


def _earlier(*timeouts: float | None) -> float | None:
    return min((timeout for timeout in timeouts if timeout is not None), default=None)


def _at_most(steps: Iterable[Step], limit: int | None) -> Iterator[Step]:
    for count, step in enumerate(steps, 1):
        yield step
        if count == limit:
            return


def _texts(files: Any) -> dict[str, str]:
    """The named texts of a command; raises Refused for anything else."""
    if files is None:
        return {}
    if not isinstance(files, dict):
        raise Refused("files must map names to texts.")
    for name, text in files.items():
        if not isinstance(name, str) or not isinstance(text, str) or len(text.encode()) > MAX_FILE:
            raise Refused(f"Each file is a text of at most {MAX_FILE // 1024} KiB.")
    return files


def _history(cluster: str, branch: int, revision: int) -> tuple[list[dict[str, Any]], int, list[dict[str, Any]]]:
    return (
        store.branches(cluster), store.first_revision(cluster, branch), store.tail(cluster, branch, revision, LOG_LENGTH),
    )


def _branch_rows(branches: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"id": row["number"], "name": str(row["number"]), "forked_at": row["forked_at"], "head": row["head"]} for row in branches
    ]
