"""A walk: a small cluster, random lines, everything looked at after every step; then some of it again from the past.

There are two lengths. A whole walk begins with a new cluster and takes fifty lines. A sequence goes on from a cluster in
which much has happened already (its ground, shared with its neighbours) and ends after some forty steps, so that very
many of them can be run. Both are decided by their seed alone.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from random import Random

import orjson

import cluster.objects.kinds  # noqa: F401  (registers the kinds)
from cluster.apiserver.state import World
from cluster.simulation import journal
from cluster.simulation.bootstrap import Machine, control_plane, new_cluster, worker
from cluster.simulation.components import all_components
from cluster.simulation.simulation import Simulation
from cluster.simulation.step import Step
from cluster.storage import driver
from tests.support.console import Console
from tests.walks import (
    autoscaler,  # noqa: F401  (its rules)
    jobs,  # noqa: F401  (its rules)
    keepers,  # noqa: F401  (its rules)
    kubelets,  # noqa: F401  (its rules)
    placement,  # noqa: F401  (its rules)
    quiet,
    quotas,  # noqa: F401  (its rules)
    resources,  # noqa: F401  (its rules)
    rollouts,  # noqa: F401  (its rules)
    rules,
    scheduling,  # noqa: F401  (its rules)
    server,  # noqa: F401  (its rules)
    sets,  # noqa: F401  (its rules)
    storage,  # noqa: F401  (its rules)
)
from tests.walks.commands import NAMESPACES, Hand
from tests.walks.rules import Broken, Seen

LINES = 50
# Commands of the clock run at most so many steps, so that a crash loop does not fill a walk.
MOST_STEPS = 2_000
REWINDS = 7
# After one of the rewinds so many lines are run again.
AGAIN = 6
# A sequence ends with the line that brings it to so many steps, and a line of the clock makes no more than are left.
STEPS = 32
FEWEST_STEPS = 8
GROUND_LINES = 25
GROUND_STEPS = 120
SEQUENCES_OF_A_GROUND = 250
# One sequence in so many goes back to its middle.
REWOUND = 4
COMPONENTS = all_components()


@dataclass
class Line:
    """A line of the walk and the moment at which it was done."""

    text: str
    files: dict[str, str]
    most: int = MOST_STEPS  # a line of the clock makes no more steps than this
    revision: int = 0
    state: World | None = None


@dataclass
class Outcome:
    """What came of a walk."""

    seed: int
    steps: int = 0
    rewinds: int = 0
    lines: list[Line] = field(default_factory=list)
    problem: str = ""
    command: str = "--whole "

    def report(self) -> str:
        """Why it failed and how to repeat it."""
        told = "\n".join(f"    {number:2} {line.text}" for number, line in enumerate(self.lines, 1))
        return (
            f"seed {self.seed}: {self.problem}\n  after:\n{told}\n"
            f"  repeat with: python -m tests.walks {self.command}--seed {self.seed} --count 1"
        )


def machines(random: Random) -> list[Machine]:
    """One to five nodes, some small, sometimes with a control plane node."""
    found = [control_plane()] if random.random() < 0.3 else []
    for number in range(1, random.randint(1, 5) + 1):
        base = worker(number)
        found.append(Machine(base.name, base.ip, cpu=random.choice("124"), pods=random.choice(("5", "110"))))
    return found


def new_ground(random: Random, seed: int) -> Simulation:
    """A cluster in which nothing has happened yet but that there are namespaces; some offer storage classes."""
    offered = driver.storage_classes() if random.random() < 0.7 else ()
    simulation = new_cluster(machines(random), seed=seed, storage_classes=offered)
    for name in sorted(set(NAMESPACES) - {"default"}):
        simulation.user().create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    return simulation


def _clock(simulation: Simulation, text: str) -> Iterator[Step]:
    """The steps of a line of the clock: "quiet", "step 3", "advance 5000"."""
    word, _, number = text.partition(" ")
    if word == "quiet":
        return simulation.steps_until_quiet()
    if word == "advance":
        return simulation.steps_until(simulation.now + int(number))
    return (step for step in (simulation.step() for _ in range(int(number))) if step is not None)


def is_clock(line: Line) -> bool:
    return line.text.partition(" ")[0] in ("quiet", "step", "advance")


def do(simulation: Simulation, line: Line) -> None:
    """Run one line, of the clock or of the console."""
    if is_clock(line):
        for _ in islice(_clock(simulation, line.text), line.most):
            pass
        return
    result = Console(simulation, line.files).run(line.text)
    if "Traceback" in result.stdout + result.stderr:
        raise Broken(f"{line.text}: {result.stderr}")


def same(one: World, other: World, steps: list[Step]) -> bool:
    """Whether two Worlds are equal that can differ only in what the steps wrote."""
    counters = ("revision", "now", "sequence", "random")
    if any(getattr(one, name) != getattr(other, name) for name in counters):
        return False
    for table in {*one.tables, *other.tables}:
        if set(one.table(table)) != set(other.table(table)):
            return False
    touched = {(change.table, change.key) for step in steps for change in step.changes}
    return all(one.row(*place) == other.row(*place) for place in touched)


def redone(world: World, steps: list[Step]) -> World:
    """The World that the journal gives: each step written down, read again and done to the World before it."""
    for step in steps:
        world = journal.redo(world, orjson.loads(orjson.dumps(journal.encode_step(step))))
    return world


def reloaded(world: World) -> World:
    """The World from its rows, as a worker loads it that takes over a cluster."""
    return journal.decode_world(orjson.loads(orjson.dumps(journal.encode_world(world))))


class Walk:
    """The whole walk of a seed."""

    name = "walk"
    again = AGAIN

    def __init__(self, seed: int, lines: int = LINES) -> None:
        self.random = Random(f"{self.name} {seed}")
        self.outcome = Outcome(seed)
        self.wanted = lines
        self._begin(new_ground(self.random, seed))

    def _begin(self, simulation: Simulation, seen: Seen | None = None) -> None:
        self.steps: list[Step] = []
        self.simulation = simulation
        self.start = simulation.world
        self.seen = seen or Seen.at(self.start)
        simulation.on_step = self._look

    def _look(self, step: Step) -> None:
        self.steps.append(step)
        rules.check(self.seen, step)

    def run(self) -> Outcome:
        """Walk; a failure is told in the outcome, not raised."""
        try:
            self._forward()
            self._back()
        except Exception as problem:  # noqa: BLE001  (whatever goes wrong is a finding, told with its seed)
            where = traceback.extract_tb(problem.__traceback__)[-1]
            known = "" if isinstance(problem, Broken) else f" ({where.filename.rpartition('/')[2]}:{where.lineno})"
            self.outcome.problem = f"{type(problem).__name__}: {problem}{known}"
        self.outcome.steps = len(self.steps)
        return self.outcome

    def _forward(self) -> None:
        hand = Hand(self.random)
        for _ in range(self.wanted):
            self._line(hand)
            quiet.check(self.simulation, self.seen)
        rules.check_samples(self.seen)

    def _line(self, hand: Hand) -> Line:
        line = Line(*hand.line(self.simulation))
        self.outcome.lines.append(line)
        line.most = self._most_steps()
        do(self.simulation, line)
        line.revision, line.state = self.simulation.revision, self.simulation.world
        return line

    def _most_steps(self) -> int:
        return MOST_STEPS

    # --- the past --------------------------------------------------------------------------------------------------

    def _back(self) -> None:
        """Build past moments again from what the journal keeps of them, and go on from one."""
        if not self.steps:
            return
        chosen = sorted({self.random.randrange(len(self.steps)) for _ in range(REWINDS)})
        again = self.random.choice(chosen)
        world, done = reloaded(self.start), 0
        for number in chosen:
            world, done = redone(world, self.steps[done : number + 1]), number + 1
            self._compare(world, number)
            if number == again:
                self._go_on(world)

    def _compare(self, world: World, number: int) -> None:
        self.outcome.rewinds += 1
        if not same(world, self.steps[number].world, self.steps[: number + 1]):
            raise Broken(f"the journal gives another state at revision {world.revision}")

    def _go_on(self, world: World) -> None:
        """From a moment in the middle of a line to its end, then the next lines: the same states as the first time."""
        lines = self.outcome.lines
        first = next(number for number, line in enumerate(lines) if line.revision >= world.revision)
        steps: list[Step] = []
        simulation = Simulation(world, COMPONENTS, self.simulation.settings, steps.append)
        if not self._finish(simulation, lines[first]):
            # A command cannot be taken up in its middle; from its end on everything is as it was.
            state = lines[first].state
            assert state is not None
            simulation = Simulation(reloaded(state), COMPONENTS, self.simulation.settings, steps.append)
        for line in lines[first + 1 : first + 1 + self.again]:
            do(simulation, line)
            assert line.state is not None
            if not same(simulation.world, line.state, steps + self.steps):
                raise Broken(f"going on from revision {world.revision} led to another state after {line.text!r}")

    def _finish(self, simulation: Simulation, line: Line) -> bool:
        """Do the rest of a clock's line; False when it is a command."""
        if not is_clock(line):
            return False
        assert line.state is not None
        while simulation.revision < line.revision:
            simulation.step()
        simulation.advance_clock(line.state.now)
        return same(simulation.world, line.state, self.steps)


class _Making(Walk):
    """A walk that ends as a ground: of other chances than the walk of its number, and with fewer steps to a line."""

    name = "ground"

    def _most_steps(self) -> int:
        return GROUND_STEPS


@dataclass
class Ground:
    """A cluster that sequences begin with, once as it became and once loaded from its rows."""

    world: World
    reloaded: World
    seen: Seen
    problem: str


@lru_cache(maxsize=1)
def ground(number: int) -> Ground:
    """The ground of a number: a walk of its own."""
    walk = _Making(number, GROUND_LINES)
    walk.run()
    world = next((line.state for line in reversed(walk.outcome.lines) if line.state is not None), walk.start)
    seen = walk.seen.copy()
    seen.world = world
    return Ground(world, reloaded(world), seen, walk.outcome.report() if walk.outcome.problem else "")


class Sequence(Walk):
    """The sequence of a seed."""

    def __init__(self, seed: int) -> None:
        self.random = Random(f"sequence {seed}")
        self.outcome = Outcome(seed, command="")
        number, self.place = divmod(seed, SEQUENCES_OF_A_GROUND)
        self.ground = ground(number)
        self._begin(Simulation(self.ground.world, COMPONENTS), self.ground.seen.copy())

    def _forward(self) -> None:
        if self.place == 0 and self.ground.problem:
            raise Broken(f"its ground: {self.ground.problem}")
        hand = Hand(self.random)
        while len(self.steps) < STEPS:
            line = self._line(hand)
            if line.text == "quiet":
                quiet.check(self.simulation, self.seen)
        rules.check_samples(self.seen)

    def _most_steps(self) -> int:
        return max(FEWEST_STEPS, STEPS - len(self.steps))

    def _back(self) -> None:
        if self.random.randrange(REWOUND):
            return
        number = self.random.randrange(len(self.steps))
        world = redone(self.ground.reloaded, self.steps[: number + 1])
        self._compare(world, number)
        self._go_on(world)
