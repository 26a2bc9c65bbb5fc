"""A live cluster in the worker: its simulation, its clock against the wall's, and the commands that it is given.

Everything here runs on the worker's event loop, one command at a time per cluster. Long work is cut into slices of a few
milliseconds, so that no cluster makes the others wait. What happened is handed to the committer; only what is on disk is
answered and shown.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple, Protocol

from cluster import board, kubectl, live_api, store
from cluster.apiserver.reader import Reader
from cluster.apiserver.state import World
from cluster.inspection import storage
from cluster.inspection.pod import inspect
from cluster.kubectl import remote
from cluster.live_api import Present, Streams
from cluster.machinery.settings import Settings
from cluster.manifests import BUILT_IN
from cluster.models import Cluster
from cluster.rest import handler, messages
from cluster.rest.reading import View
from cluster.rollout_history import recalled
from cluster.rollouts import picture as pictures
from cluster.rollouts import plan as plans
from cluster.rollouts import workload as workloads
from cluster.rollouts.trace import Trace
from cluster.scheduler.explanation.explain import Case, explain, recorded_for
from cluster.simulation.components import all_components
from cluster.simulation.simulation import Simulation
from cluster.simulation.step import Step

logger = logging.getLogger(__name__)

SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 64.0)
# Work on one cluster before the others get their turn (seconds of wall time).
SLICE = 0.005
# So many steps may wait to be written before a cluster goes on.
MAX_UNSAVED = 250
# A cluster that nobody watches stands still after this many seconds, and leaves the memory after the second number.
SLEEPS_AFTER = 90.0
LEAVES_AFTER = 600.0
LOG_LENGTH = 200
# Console commands that may wait at the same time in one cluster.
MAX_RUNNING = 32
MAX_ADVANCE = 24 * 3600
# What one sandbox may have (see README): the API server refuses what goes beyond it.
LIMITS = {"pods": 500, "objects": 3000}
COMPONENTS = all_components()

RESTARTING = "The simulator is restarting; please try again."


class Send(Protocol):
    """Says something to the one socket that a command came from."""

    @property
    def socket(self) -> str:
        """Which socket that is; "" for a command that came from no socket."""

    async def __call__(self, message: dict[str, Any]) -> None: ...


class Running(NamedTuple):
    """A console command that has not ended yet, and where it prints to."""

    run: kubectl.Run
    send: Send


# Two sockets may choose the same number for a command.
ConsoleKey = tuple[str, str]


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
        self.shown = world  # the newest World that is on disk: what viewers may see
        self.broken = False  # what happened could not be saved
        self.closed = False  # given up; another LiveCluster may take its place
        self.watched = time.monotonic()
        self._committer = committer
        self._lock = asyncio.Lock()
        self._wake = asyncio.Event()
        self._stop_work = False
        self._player: asyncio.Task[None] | None = None
        self._consoles: dict[ConsoleKey, Running] = {}
        self._loaded = world
        self.grown = 0  # steps written since the history was last cut short
        self._recent: deque[dict[str, Any]] = deque(maxlen=LOG_LENGTH)  # headers of the steps up to `shown`
        self._moved = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()
        self._pasts: dict[tuple[int, int], World] = {}  # by branch and revision
        self._streams = Streams(self._api_present, self.look, self._seconds_until)
        self._simulation = self._simulate(world)
        self._anchor = (time.monotonic(), world.now)

    def _simulate(self, world: World) -> Simulation:
        return Simulation(world, COMPONENTS, Settings(limits=LIMITS), self._on_step)

    def _on_step(self, step: Step) -> None:
        self.steps.append(step)
        self._committer.dirty(self)

    def saved(self, steps: list[Step], events: list[dict[str, Any]]) -> None:
        """These steps are on disk. Called before viewers hear of them: a frame is then never older than what they know."""
        self.grown += len(steps)
        if not self.closed:
            self.shown = steps[-1].world
            self._recent.extend(_header(event) for event in events)
            self._streams.saved()

    @property
    def head(self) -> int:
        return self._simulation.revision

    # --- the clock -------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to play (or to wait for commands)."""
        self._anchor = (time.monotonic(), self._simulation.now)
        self._player = asyncio.create_task(self._play(), name=f"play {self.id}")

    async def stop(self) -> None:
        """End playing and every console command; what happened so far is committed. Raises Refused when it cannot be."""
        self.closed = True
        await self._streams.stop()
        await self._end_consoles(RESTARTING)
        tasks = [*self._tasks, *([self._player] if self._player is not None else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._committer.committed(self)
        if self.shown is not self._loaded:
            await self._committer.database(store.keep_snapshot, self.id, self.branch, self.shown)

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
        if not self.playing or self.asleep():
            return self._simulation.now
        wall, virtual = self._anchor
        return max(self._simulation.now, virtual + round((time.monotonic() - wall) * 1000 * self.speed))

    async def _play(self) -> None:
        while True:
            self._wake.clear()
            await self._wait_for_work()
            async with self._lock:
                if self.playing and not self.asleep():
                    await self._play_on()
            # Those who wait for a time reckon it anew: the cluster may have slept, or its speed may be another.
            await self._moved_on()

    async def _play_on(self) -> None:
        try:
            await self._catch_up()
        except Refused:
            return  # it could not be saved: the worker lets go of it
        except Exception:
            # A defect of a component must not end the player: time would stand still while viewers see it run.
            logger.exception("cluster %s cannot go on", self.id)
            self._set_clock(False, self.speed)
            sentence = "Something went wrong in the simulator; time was stopped."
            await self._committer.publish(self.id, [self.clock(), {"type": "error", "message": sentence}])

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
        while not self._stop_work and not self.closed and next(iterator, None) is not None:
            count += 1
            if len(self.steps) > MAX_UNSAVED:
                # The disk sets the pace: viewers get what is saved, and not thousands of events at once.
                await self._committer.committed(self)
            if time.monotonic() - began > SLICE:
                await self._moved_on()
                await asyncio.sleep(0)
                began = time.monotonic()
        if count:
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
        if name != "gone":
            self.look()
        if name in IMMEDIATE:
            return await handler(self, command, send)
        async with self._lock:
            if self.closed:
                raise Refused(RESTARTING)
            self._stop_work = False
            if name in TIME_TRAVELLERS:
                await self._travel(command.get("at"), fork=name == "fork")
            if self.playing:
                await self._catch_up()
            answer = await handler(self, command, send)
            if name in KEEPERS:
                self._simulation.keep_clock()
            await self._moved_on()
        await self._committer.committed(self)
        self._wake.set()
        return answer

    async def _travel(self, at: Any, fork: bool) -> None:
        """Go back to a past revision before acting there: the present becomes another branch (`fork`: also at the newest)."""
        at = self.head if at is None else at
        if at == self.head and not fork:
            return
        if not isinstance(at, int) or not 0 <= at <= self.head:
            raise Refused(f"There is no revision {at!r} here: the newest is {self.head}.")
        await self._committer.committed(self)
        try:
            number, world = await self._committer.database(store.fork, self.id, self.worker, self.branch, at)
        except store.Missing as problem:
            raise Refused(f"Revision {at} can no longer be reached: {problem}.") from problem
        await self._live_on(number, world)

    async def _live_on(self, branch: int, world: World) -> None:
        """Go on in a branch that is on disk. Viewers are told at once: what happens next continues from there."""
        self.branch, self.shown = branch, world
        self._recent.clear()
        self._simulation = self._simulate(world)
        self._anchor = (time.monotonic(), world.now)
        self._streams.other_branch()
        await self._end_consoles("Another branch is shown now; this command has ended.")
        await self._announce_branch()

    async def _announce_branch(self) -> None:
        branches = await self._committer.database(store.branches, self.id)
        message = {"type": "branch", "branch": self.branch, "branches": _branch_rows(branches)}
        await self._committer.publish(self.id, [message, await self._present()])

    async def frame(self, command: dict[str, Any], send: Send) -> dict[str, Any]:
        """The picture of the present, or of a past revision."""
        revision = command.get("revision")
        await self._committer.committed(self)
        if revision is None or revision == self.shown.revision:
            return await self._present()
        world, branch = await self._past(revision)
        branches, first, log = await self._committer.database(_history, self.id, branch, world.revision)
        return self._picture(world, branch, world.now, branches, first, log)

    async def world_at(self, revision: Any) -> World:
        """The World of a revision of the current branch, the newest for None; raises Refused."""
        await self._committer.committed(self)
        if revision is None or revision == self.shown.revision:
            return self.shown
        return (await self._past(revision))[0]

    async def _past(self, revision: Any) -> tuple[World, int]:
        if not isinstance(revision, int):
            raise Refused(f"A revision is a whole number, not {revision!r}.")
        branch = self.branch
        try:
            return await self._committer.database(store.load, self.id, branch, revision), branch
        except store.Missing as problem:
            raise Refused(f"Revision {revision} cannot be shown: {problem}.") from problem

    async def _present(self) -> dict[str, Any]:
        """The picture of the newest moment on disk.

        The World is taken after the database was asked: what is committed meanwhile is shown to viewers before this answer,
        and a picture older than the events that they have would be a gap to them.
        """
        while True:
            branch, kept = self.branch, self.shown.revision
            branches, first, log = await self._committer.database(_history, self.id, branch, kept)
            if branch == self.branch:
                break
        newer = [header for header in self._recent if header["r"] > kept]
        return self._picture(self.shown, branch, self._virtual_now(), branches, first, [*log, *newer][-LOG_LENGTH:])

    def _picture(
        self, world: World, branch: int, now: int, branches: list[dict[str, Any]], first: int, log: list[dict[str, Any]],
    ) -> dict[str, Any]:
        return {
            "type": "frame", "cluster": self.id, "branch": branch, "branches": _branch_rows(branches), "first": first,
            "revision": world.revision, "now": now, "head": self.shown.revision, "playing": self.playing, "speed": self.speed,
            "state": board.state(world), "log": log,
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
        """A new branch at `at`, by default at the newest revision; `_travel` has made it."""
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
            await self._live_on(number, world)
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
        key = (send.socket, identifier)
        self._interrupt(key)
        if len(self._consoles) >= MAX_RUNNING:
            raise Refused(f"At most {MAX_RUNNING} commands may wait at the same time; end one with Ctrl-C.")
        return await self._begin_console(key, Running(kubectl.run(line, kubectl.Shell(self._simulation, files)), send))

    async def _begin_console(self, key: ConsoleKey, running: Running) -> dict[str, Any]:
        self._consoles[key] = running
        wait = await self._resume(key)
        if wait is not None:
            task = asyncio.create_task(self._follow(key, running, wait, self.head), name=f"console {self.id} {key[1]}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return {"type": "ok", "running": wait is not None}

    async def _resume(self, key: ConsoleKey) -> kubectl.Wait | None:
        """Let a command go on until it waits (then how long) or ends (then None)."""
        running = self._consoles.get(key)
        if running is None:
            return None
        run, send = running
        recalled: Case | None = None
        try:
            while True:
                said, recalled = run.send(recalled), None
                if isinstance(said, kubectl.Wait):
                    return said
                await self._committer.committed(self)
                if isinstance(said, kubectl.Recall):
                    recalled = await self._recalled(said.reference, self.shown)
                    continue
                await send({"type": "console", "id": key[1], "stream": said.stream, "text": said.text})
                if self._consoles.get(key) is not running:
                    return None  # interrupted meanwhile
        except StopIteration as end:
            self._consoles.pop(key, None)
            await self._committer.committed(self)
            await send({"type": "console-end", "id": key[1], "code": end.value or 0})
            return None
        except BaseException:
            if self._consoles.get(key) is running:
                self._interrupt(key)
            raise

    async def _follow(self, key: ConsoleKey, running: Running, wait: kubectl.Wait, seen: int) -> None:
        """Resume a waiting command after each move of the cluster, until it ends or is interrupted."""
        next_wait: kubectl.Wait | None = wait
        try:
            while next_wait is not None and self._consoles.get(key) is running:
                await self._until_moved(next_wait, seen)
                async with self._lock:
                    if self.playing and not self.asleep():
                        await self._catch_up()
                    if self._consoles.get(key) is running:
                        next_wait, seen = await self._resume(key), self.head
        except Refused as refusal:
            await self._end(key, running, str(refusal), 1)
        except Exception:
            # Whoever waits for the command's end must hear of it.
            logger.exception("a console command of cluster %s failed", self.id)
            await self._end(key, running, "Something went wrong in the simulator.", 1)

    async def _until_moved(self, wait: kubectl.Wait, seen: int) -> None:
        """Return after the next step beyond revision `seen`, when it is time, or when there is a reason to look again."""
        timeout = None
        if wait.until is not None:
            left = wait.until - self._virtual_now()
            if left <= 0:
                return
            timeout = left / 1000 / self.speed if self.playing and not self.asleep() else None
        async with self._moved:
            if self.head == seen:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._moved.wait(), timeout)

    def _interrupt(self, key: ConsoleKey) -> Running | None:
        running = self._consoles.pop(key, None)
        if running is not None:
            running.run.close()
        return running

    async def _end(self, key: ConsoleKey, running: Running, text: str, code: int) -> None:
        self._interrupt(key)
        await running.send({"type": "console", "id": key[1], "stream": "stderr", "text": f"{text}\n"})
        await running.send({"type": "console-end", "id": key[1], "code": code})

    async def _end_consoles(self, text: str) -> None:
        """End every waiting command and say why."""
        for key, running in list(self._consoles.items()):
            await self._end(key, running, text, 1)
        await self._moved_on()

    async def interrupt(self, command: dict[str, Any], send: Send) -> dict[str, Any]:
        """^C."""
        key = (send.socket, str(command.get("id", "")))
        running = self._consoles.get(key)
        if running is not None:
            await self._end(key, running, "^C", 130)
            await self._moved_on()
        return {"type": "ok"}

    async def gone(self, command: dict[str, Any], send: Send) -> dict[str, Any]:
        """The socket was closed: nobody reads any more what its commands print."""
        for key in [key for key in self._consoles if key[0] == send.socket]:
            self._interrupt(key)
        await self._streams.end(send.socket)
        await self._moved_on()
        return {"type": "ok"}

    # --- the Kubernetes API ----------------------------------------------------------------------------------------

    def _api_present(self) -> Present:
        """What clients may see: the newest moment on disk, at the time that the clock shows."""
        shown = replace(self.shown, now=max(self.shown.now, self._virtual_now()))
        return Present(View(Reader(shown), self._simulation.api.world_at), self._simulation.api)

    async def api_read(self, command: dict[str, Any], send: Send) -> dict[str, Any]:
        """GET."""
        return live_api.reply(handler.read(self._api_present().view, live_api.request_of(command)))

    async def api_write(self, command: dict[str, Any], send: Send) -> dict[str, Any]:
        """Everything else."""
        server = self._simulation.user("user")
        return live_api.reply(handler.write(server, live_api.request_of(command), live_api.USER))

    def _seconds_until(self, at: int) -> float | None:
        """How long it takes until the clock shows a virtual time (s of wall time); None while it stands still."""
        return max(0.0, (at - self._virtual_now()) / 1000 / self.speed) if self.playing and not self.asleep() else None

    async def api_log(self, command: dict[str, Any], send: Send) -> dict[str, Any]:
        """A container's log."""
        return await self._streams.begin_log(command, send)

    async def api_simulate(self, command: dict[str, Any], send: Send) -> dict[str, Any]:
        """What a script does to machines: a line of `simulate`, answered with what it prints."""
        texts: dict[str, list[str]] = {"stdout": [], "stderr": []}
        run = kubectl.run(f"simulate {command['line']}"[:MAX_LINE], kubectl.Shell(self._simulation, {}))
        code = 0
        try:
            while isinstance(said := next(run), kubectl.Output):
                texts[said.stream].append(said.text)
            run.close()
        except StopIteration as end:
            code = end.value or 0
        answer = {"code": code, **{stream: "".join(parts) for stream, parts in texts.items()}}
        return live_api.reply(messages.answer(answer))

    async def api_exec(self, command: dict[str, Any], send: Send) -> dict[str, Any]:
        """A command in a container; what it prints follows by itself, like that of a console command."""
        if len(self._consoles) >= MAX_RUNNING:
            raise Refused(f"At most {MAX_RUNNING} commands may wait at the same time; end one with Ctrl-C.")
        run = remote.session(
            kubectl.Shell(self._simulation, {}), command["namespace"], command["pod"], command["container"],
            command["argv"], command["stdin"],
        )
        return await self._begin_console((send.socket, str(command["id"])), Running(run, send))

    async def api_watch(self, command: dict[str, Any], send: Send) -> dict[str, Any]:
        """GET without an end."""
        return await self._streams.begin(command, send)

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
        run = kubectl.run(str(line)[:MAX_LINE], kubectl.Shell(fork, BUILT_IN))
        code, stdout, stderr = await self._printed(run, world)
        return {"type": "look", "revision": world.revision, "now": world.now, "code": code, "stdout": stdout, "stderr": stderr}

    async def _printed(self, run: kubectl.Run, world: World) -> tuple[int, str, str]:
        """(exit code, stdout, stderr) of a command up to its end or its first wait; it asks for decisions up to `world`."""
        texts = {"stdout": "", "stderr": ""}
        recalled: Case | None = None
        try:
            while not isinstance(said := run.send(recalled), kubectl.Wait):
                recalled = None
                if isinstance(said, kubectl.Recall):
                    recalled = await self._recalled(said.reference, world)
                else:
                    texts[said.stream] += said.text
        except StopIteration as end:
            return end.value or 0, texts["stdout"], texts["stderr"]
        run.close()
        return 0, texts["stdout"], texts["stderr"]

    async def _recalled(self, ref: str, world: World) -> Case | None:
        """What a command that explains a decision is told; None when there is no such Pod and never was."""
        try:
            return await self._case(ref, world)
        except Refused:
            return None

    async def why(self, command: dict[str, Any], send: Send) -> dict[str, Any]:
        """The newest decision about an object up to a revision, as it was recorded; `why` is None when there is none."""
        revision = command.get("revision")
        until = self.head if not isinstance(revision, int) else revision
        await self._committer.committed(self)
        entry = await self._committer.database(store.decision, self.id, self.branch, str(command.get("ref", "")), until)
        return {"type": "why", "why": entry["why"] if entry else None, "step": board.header(entry) if entry else None}

    async def explain(self, command: dict[str, Any], send: Send) -> dict[str, Any]:
        """Why a Pod ("pods/default/web-1"; "": the one that was decided on last) is where it is, or waits, at a revision.

        `changes` are made in thought (cluster/scheduler/explanation/what_if.py); the answer: see shape.py beside it.
        """
        world, changes = await self.world_at(command.get("revision")), command.get("changes") or []
        if not isinstance(changes, list):
            raise Refused("changes must be a list.")
        case = await self._case(str(command.get("ref") or ""), world)
        # Deciding dozens of times would hold up the other clusters; it only reads what never changes.
        suggest = command.get("suggest", True) is not False
        return {**await asyncio.to_thread(explain, case, changes, suggest=suggest)}

    async def inspect(self, command: dict[str, Any], send: Send) -> dict[str, Any]:
        """A Pod ("pods/default/web-1") or a piece of storage ("persistentvolumes//disk", a claim, a class, a node) from the
        inside at a revision; at the newest one at the time that the clock shows (`live`)."""
        world = await self.world_at(command.get("revision"))
        if command.get("live") and world is self.shown:
            world = replace(world, now=max(world.now, self._virtual_now()))
        # What goes on inside is computed, which may take a while; it only reads what never changes.
        ref, extra_images = str(command.get("ref") or ""), self._simulation.settings.extra_images
        found = await asyncio.to_thread(_inspected, Reader(world), ref, extra_images)
        return {"type": "inspected", "ref": ref, "revision": world.revision, "now": world.now, **found}

    async def rollout(self, command: dict[str, Any], send: Send) -> dict[str, Any]:
        """A workload's rollout around a revision ("" for `ref`: the one that matters most); see cluster/rollouts/picture.py.

        With `changes` of its numbers what lies ahead is not what happened but what would happen with them.
        """
        branch, world = self.branch, await self.world_at(command.get("revision"))
        view = Reader(world)
        ref = workloads.workload_of(view, str(command.get("ref") or "")) or workloads.newest(view)
        table, key = workloads.split(ref)
        answer = {"type": "rollout", "workloads": pictures.listed(view), "ref": ref, "plan": None}
        if not table or view.get(table, *key) is None:
            return {**answer, "picture": None}
        past = await self._committer.database(recalled, self.id, branch, ref, world, self.shown.now)
        try:
            # Sliders may have been moved for another workload than the one that is selected meanwhile.
            wishes = command.get("changes") or {}
            if not isinstance(wishes, dict):
                raise Refused("changes must map fields to numbers.")
            wishes = wishes if command.get("for") in (None, ref) else {}
            changes = plans.checked(past.shown.workload, wishes)
        except plans.Unplannable as problem:
            raise Refused(str(problem)) from problem
        if not changes:
            return {**answer, "picture": pictures.picture(world, past.shown, past.whole, past.began, past.end, past.veil)}
        plan, without = [await self._foreseen(world, past.shown, wish) for wish in (changes, {})]
        told = pictures.picture(world, past.shown, plan.trace, past.began, plan.end, "plan")
        return {**answer, "picture": told, "plan": pictures.planned(plan, without, changes)}

    async def _foreseen(self, world: World, shown: Trace, changes: dict[str, int | str]) -> plans.Plan:
        """What would happen from a moment on. The other clusters get their turns meanwhile."""
        plan = plans.Plan(world, all_components(), self._simulation.settings, shown, changes)
        began = time.monotonic()
        for _ in plan.run():
            if time.monotonic() - began > SLICE:
                await asyncio.sleep(0)
                began = time.monotonic()
        return plan

    async def _case(self, ref: str, world: World) -> Case:
        """The Pod at a moment with the newest decision about it. Raises Refused when there is and was none."""
        branch = self.branch
        entry = await self._committer.database(store.scheduling, self.id, branch, ref, world.revision)
        ref = ref or (entry["objects"][0] if entry else "")
        _, _, key = ref.partition("/")
        pod = world.row("pods", tuple(key.split("/"))) if ref.startswith("pods/") else None
        before = None if entry is None else await self._kept(branch, entry["revision"] - 1)
        if pod is None and entry is not None:
            after = await self._kept(branch, entry["revision"])
            pod = None if after is None else after.row("pods", tuple(key.split("/")))
        if pod is None:
            raise Refused("No decision has been made yet." if not ref else f"There is no Pod {key} at this moment.")
        recorded = None if entry is None else recorded_for(pod, entry["why"], entry["revision"], entry["at"], before)
        return Case(pod, Reader(world), recorded, gone=world.row("pods", tuple(key.split("/"))) is None)

    async def _kept(self, branch: int, revision: int) -> World | None:
        """A past World, None when it has been let go. The last few stay in memory: what-ifs ask for the same again."""
        found = self._pasts.get((branch, revision))
        if found is None:
            try:
                found = await self._committer.database(store.load, self.id, branch, revision)
            except store.Missing:
                return None
            while len(self._pasts) >= MAX_PASTS:
                del self._pasts[next(iter(self._pasts))]
            self._pasts[branch, revision] = found
        return found

    async def apply(self, command: dict[str, Any], send: Send) -> dict[str, Any]:
        """Apply the editor's text. Either everything is right and is applied, or the errors come back with their lines."""
        text = command.get("text")
        files = _texts({EDITOR: text})
        errors = kubectl.errors_by_line(files[EDITOR], self._simulation)
        if errors:
            return {"type": "applied", "errors": [{"line": line, "message": message} for line, message in errors], "output": ""}
        run = kubectl.run(f"kubectl apply -f {EDITOR}", kubectl.Shell(self._simulation, files))
        code, stdout, stderr = await self._printed(run, self.shown)
        return {"type": "applied", "errors": [], "output": stdout + stderr, "code": code}


EDITOR = "editor.yaml"
MAX_LINE = 4096
MAX_PASTS = 4
MAX_FILE = 256 * 1024

Handler = Callable[[LiveCluster, dict[str, Any], Send], Awaitable[dict[str, Any]]]
COMMANDS: dict[str, Handler] = {
    "frame": LiveCluster.frame, "watch": LiveCluster.watch,
    "play": LiveCluster.play, "pause": LiveCluster.pause, "speed": LiveCluster.set_speed,
    "step": LiveCluster.step, "quiet": LiveCluster.quiet, "decision": LiveCluster.decision, "advance": LiveCluster.advance,
    "fork": LiveCluster.fork, "branch": LiveCluster.change_branch,
    "console": LiveCluster.console, "interrupt": LiveCluster.interrupt, "gone": LiveCluster.gone,
    "complete": LiveCluster.complete, "look": LiveCluster.look_at, "why": LiveCluster.why,
    "explain": LiveCluster.explain, "inspect": LiveCluster.inspect,
    "rollout": LiveCluster.rollout, "apply": LiveCluster.apply,
    "api-read": LiveCluster.api_read, "api-write": LiveCluster.api_write, "api-watch": LiveCluster.api_watch,
    "api-log": LiveCluster.api_log, "api-exec": LiveCluster.api_exec,
    "api-simulate": LiveCluster.api_simulate,
}
# Commands that do not wait for the one before: they only look, or are there to stop it.
IMMEDIATE = frozenset({
    "frame", "watch", "pause", "interrupt", "gone", "complete", "look", "why", "explain", "inspect", "rollout",
    "api-read", "api-watch", "api-log",
})
# Commands that act: at a past revision they begin a new branch there.
TIME_TRAVELLERS = frozenset({"play", "step", "quiet", "decision", "advance", "fork", "console", "apply"})
# Commands after which the clock's position is kept even if nothing was written.
KEEPERS = frozenset({"advance"})


def _inspected(view: Reader, ref: str, extra_images: Mapping[str, int]) -> dict[str, Any]:
    resource, namespace, name = (*ref.split("/", 2), "", "")[:3]
    if resource in storage.RESOURCES:
        found = storage.inspect(view, resource, namespace, name)
        if found is None:
            raise Refused(f"There is no {name} at this moment.")
        return {"storage": found}
    pod = view.get("pods", namespace, name) if resource == "pods" else None
    if pod is None:
        raise Refused(f"There is no Pod {namespace}/{name} at this moment.")
    return {"row": board.pod_row(view, pod), "pod": inspect(view, pod, extra_images)}


def _header(event: dict[str, Any]) -> dict[str, Any]:
    """An event without what it changes, as it stands in a frame's log."""
    return {name: value for name, value in event.items() if name not in ("type", "set", "del")}


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
