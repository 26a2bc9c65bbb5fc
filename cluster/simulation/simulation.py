"""The simulation of one cluster: a clock, one heap of due work, and the steps that come out of it.

Nothing polls: a component runs when a change wakes it or when a time that it asked for has come. All state is in the
World, so a simulation made from an old World goes on exactly as the first one did.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from cluster.apiserver.errors import APIError
from cluster.apiserver.server import PREPARATIONS, APIServer, Write
from cluster.apiserver.state import AGENDA, MEMORY, SWITCHES, Change, Etcd, World
from cluster.machinery.component import FAILURES, Component, Context
from cluster.machinery.settings import Settings
from cluster.machinery.story import FOLDED, NARRATED, NORMAL, Story, reference
from cluster.objects.documents import Document, Key
from cluster.simulation.step import Step

# client-go/util/workqueue/default_rate_limiters.go: 5 ms · 2^failures, at most 1000 s.
RETRY_BASE = 5
RETRY_MAXIMUM = 1_000_000
# After so many failures in a row (0.6 s) a retry no longer keeps a cluster from being quiet.
QUIET_FAILURES = 7
# How far a single step looks for the next write (virtual ms). A failing controller's retries are up to 1000 s apart.
PATIENCE = 24 * 3_600_000
# A reconcile that neither writes nor waits can only be a component that asks for itself without end.
SILENT_LIMIT = 10_000


class Stuck(RuntimeError):
    """A component keeps asking to be called and never writes: a defect of that component, never of the user."""


class Simulation:
    """One cluster in virtual time. `on_step` hears of every step as soon as it is complete."""

    def __init__(
        self,
        world: World,
        components: Iterable[Component],
        settings: Settings | None = None,
        on_step: Callable[[Step], None] = lambda step: None,
    ) -> None:
        self.settings = settings or Settings()
        self.components = {component.name: component for component in components}
        self.on_step = on_step
        self.etcd = Etcd(world)
        self.etcd.subscribe(self._wake)
        self._server = APIServer(self.etcd, self._note_write, self.settings.limits)
        self._watchers = self._by_table()
        self._heap: list[tuple[int, int, Key]] = []
        self._busy = 0  # entries of the agenda that are not watchdogs
        self._actor = ""
        self._story: Story | None = None
        self._why: Any = None
        self._writes: list[Write] = []
        self._kept = world.now
        self._rebuild_heap()

    def _by_table(self) -> dict[str, list[Component]]:
        watchers: dict[str, list[Component]] = {}
        for component in self.components.values():
            for table in component.watches:
                watchers.setdefault(table, []).append(component)
        return watchers

    def _rebuild_heap(self) -> None:
        agenda = self.world.table(AGENDA)
        self._heap = sorted((entry[0], entry[1], key) for key, entry in agenda.items())
        self._busy = sum(not entry[2] for entry in agenda.values())

    # --- looking ---------------------------------------------------------------------------------------------------

    @property
    def world(self) -> World:
        return self.etcd.world

    @property
    def now(self) -> int:
        """Virtual milliseconds since the epoch."""
        return self.world.now

    @property
    def revision(self) -> int:
        return self.world.revision

    @property
    def api(self) -> APIServer:
        """The API server, for reading. Users write through `act`."""
        return self._server

    def next_due(self) -> int | None:
        """When the next work is due (virtual ms); None when nothing will ever happen by itself."""
        head = self._peek()
        return None if head is None else max(head[0], self.now)

    def is_quiet(self) -> bool:
        """Whether only watchdogs (deadlines, back-offs, expiries) are waiting."""
        return self._busy == 0

    # --- due work --------------------------------------------------------------------------------------------------

    def schedule(self, component: str, key: Key, due: int, quiet: bool) -> None:
        """Call `component` for `key` at `due`, unless it is called earlier anyway."""
        full = (component, *key)
        entry = self.world.row(AGENDA, full)
        if entry is not None and entry[0] <= due:
            return
        sequence = self.etcd.take_sequence()
        self._busy += (not quiet) - (entry is not None and not entry[2])
        self.etcd.set(AGENDA, full, [due, sequence, quiet])
        heapq.heappush(self._heap, (due, sequence, full))

    def _peek(self) -> tuple[int, int, Key] | None:
        agenda = self.world.table(AGENDA)
        while self._heap:
            _, sequence, full = self._heap[0]
            entry = agenda.get(full)
            if entry is not None and entry[1] == sequence:
                return self._heap[0]
            heapq.heappop(self._heap)
        return None

    def _wake(self, change: Change) -> None:
        for component in self._watchers.get(change.table, ()):
            due = self.now + self.settings.reaction_of(component.name)
            for key in component.keys_for(change, self._server):
                if not self._server.is_off(*component.switches(key)):
                    self.schedule(component.name, key, due, False)

    # --- one write -------------------------------------------------------------------------------------------------

    def _note_write(self, write: Write) -> None:
        self._writes.append(write)

    def _tell(self, story: Story, why: Any) -> None:
        self._story, self._why = story, why

    def _finish_step(self) -> Step:
        """Close the step of the write that was just made."""
        write, story = self._writes[-1], self._story
        self._writes = []
        written = reference(write.resource, (write.namespace, write.name))
        if story is None:
            story = Story(f"api.{write.verb}", {"object": written}, NORMAL)
        others = tuple(name for name in story.objects if name != written)
        step = Step(
            revision=self.revision, at=self.now, actor=self._actor, verb=write.verb, objects=(written, *others),
            say=story.key, args=dict(story.args), weight=story.weight, why=self._why,
            changes=self.etcd.cut(), world=self.world,
        )
        self._story = self._why = None
        self._kept = self.now
        self.on_step(step)
        return step

    def _run_next(self) -> Step | None:
        """Run the next due work; the step when it made a write."""
        head = self._peek()
        assert head is not None
        due, _, full = heapq.heappop(self._heap)
        self._busy -= not self.world.row(AGENDA, full)[2]
        self.etcd.set(AGENDA, full, None)
        if due > self.now:
            self.etcd.at(due)
        component = self.components.get(full[0])
        if component is None or self._server.is_off(*component.switches(full[1:])):
            return None
        return self._reconcile(component, full[1:])

    def _reconcile(self, component: Component, key: Key) -> Step | None:
        switch = component.switches(key)[0]
        context = Context(self.etcd, self._server, self, self.settings, component.name, component.name, self._tell)
        context.key = key
        self._actor = switch
        failures = (FAILURES, component.name, *key)
        try:
            component.reconcile(context, key)
        except APIError:
            failed = self.world.row(MEMORY, failures) or 0
            self.etcd.set(MEMORY, failures, failed + 1)
            delay = min(RETRY_BASE << min(failed, 20), RETRY_MAXIMUM)
            self.schedule(component.name, key, self.now + delay, failed >= QUIET_FAILURES)
        else:
            self.etcd.set(MEMORY, failures, None)
        if not self._writes:
            self._story = self._why = None
            return None
        self.schedule(component.name, key, self.now + self.settings.write, False)
        return self._finish_step()

    # --- going forward ---------------------------------------------------------------------------------------------

    def step(self, until: int | None = None) -> Step | None:
        """Go on to the next write, jumping over time in which nothing happens; None when there is none (by `until`).

        Without `until` it looks a day ahead: a controller that fails is retried for ever and never writes.
        """
        limit = self.now + PATIENCE if until is None else until
        for _ in range(SILENT_LIMIT):
            due = self.next_due()
            if due is None or due > limit:
                return None
            step = self._run_next()
            if step is not None:
                return step
        raise Stuck(f"no write in {SILENT_LIMIT} reconciles at {self.now} ms")

    def steps_until(self, until: int) -> Iterator[Step]:
        """Every write due up to `until` (virtual ms); the clock ends there."""
        while (step := self.step(until)) is not None:
            yield step
        self.advance_clock(until)

    def advance(self, milliseconds: int) -> list[Step]:
        """Let virtual time pass."""
        return list(self.steps_until(self.now + milliseconds))

    def advance_clock(self, until: int) -> None:
        """Set the clock forward over time in which nothing is due."""
        if until > self.now:
            self.etcd.at(until)

    def steps_until_quiet(self) -> Iterator[Step]:
        """Writes until only watchdogs wait, for at most the settings' limit of virtual time and steps."""
        limit = self.now + self.settings.quiet_limit
        count = silent = 0
        while not self.is_quiet() and count < self.settings.quiet_steps and silent < SILENT_LIMIT:
            due = self.next_due()
            if due is None or due > limit:
                return
            step = self._run_next()
            silent = 0 if step else silent + 1
            if step is not None:
                count += 1
                yield step

    def until_quiet(self) -> list[Step]:
        return list(self.steps_until_quiet())

    def steps_until_decision(self) -> Iterator[Step]:
        """Writes up to and with the next one that carries a record of why, or until quiet."""
        for step in self.steps_until_quiet():
            yield step
            if step.why is not None:
                return

    def until_decision(self) -> list[Step]:
        return list(self.steps_until_decision())

    # --- users -----------------------------------------------------------------------------------------------------

    def user(self, actor: str = "user") -> UserServer:
        """The API server for somebody outside: each of their writes becomes a step, whatever else goes on meanwhile."""
        return UserServer(self, actor)

    @contextmanager
    def act(self, actor: str = "user") -> Iterator[UserServer]:
        """`user` for a block of writes."""
        yield self.user(actor)

    def begin_user_write(self, actor: str, write: Write, story: Story | None) -> None:
        """Note who writes what, just before the write (UserServer only)."""
        self._actor, self._story, self._why = actor, story, None
        self._note_write(write)

    def finish_user_write(self) -> None:
        """Close the step of a user's write (UserServer only)."""
        self._finish_step()

    def keep_clock(self) -> Step | None:
        """Make a step of the time that has passed since the last write, so that it can be stored; None if none has."""
        if self.now == self._kept:
            return None
        self._actor, self._story = "clock", Story("clock.advanced", {}, FOLDED)
        self._note_write(Write("clock", "clock", "", ""))
        self.etcd.next_revision()
        return self._finish_step()

    # --- switches --------------------------------------------------------------------------------------------------

    def switch(self, name: str, on: bool, actor: str = "user") -> Step | None:
        """Switch a component ("kube-proxy/node-1", "default-scheduler") or a machine ("node/node-1") off or on.

        What is off misses everything; on again it looks at every object anew, as after a restart.
        """
        if on != self._server.is_off(name):
            return None
        self._actor = actor
        self._story = Story("switch.on" if on else "switch.off", {"component": name}, NARRATED)
        self._server.write_row("switch", SWITCHES, (name,), None if on else {"since": self.now})
        if on:
            self._relist(name)
        return self._finish_step()

    def _relist(self, switch: str) -> None:
        for component in self.components.values():
            due = self.now + self.settings.reaction_of(component.name)
            for key in component.all_keys(self._server):
                switches = component.switches(key)
                if switch in switches and not self._server.is_off(*switches):
                    self.schedule(component.name, key, due, False)

    # --- time travel -----------------------------------------------------------------------------------------------

    def fork(self, world: World | None = None) -> Simulation:
        """A second simulation that goes on from `world` (by default from now); the two never meet again."""
        return Simulation(world or self.world, self.components.values(), self.settings)


class UserServer(APIServer):
    """The API server as somebody outside meets it: each write is closed as a step of its own."""

    def __init__(self, simulation: Simulation, actor: str) -> None:
        super().__init__(simulation.etcd, self._begin, simulation.settings.limits)
        self._simulation = simulation
        self._actor = actor
        self._story: Story | None = None

    def tell(self, story: Story) -> None:
        """The sentence for the next write asked for; without one a plain sentence names verb and object."""
        self._story = story

    def _begin(self, write: Write) -> None:
        if write.verb in PREPARATIONS:
            self._simulation.begin_user_write(self._actor, write, None)
            return
        self._simulation.begin_user_write(self._actor, write, self._story)
        self._story = None

    def _store(self, write: Write, document: Document) -> Document:
        stored = super()._store(write, document)
        self._simulation.finish_user_write()
        return stored

    def _remove(self, write: Write, document: Document) -> None:
        super()._remove(write, document)
        self._simulation.finish_user_write()

    def write_row(self, verb: str, table: str, key: Key, value: Any) -> None:
        before = self.revision
        super().write_row(verb, table, key, value)
        if self.revision != before:
            self._simulation.finish_user_write()
