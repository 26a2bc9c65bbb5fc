"""One walk: a small cluster, fifty lines, everything looked at after every step; then some of it again from the past."""

from __future__ import annotations

import hashlib
import traceback
from dataclasses import dataclass, field
from random import Random

import orjson

from cluster.apiserver.state import World
from cluster.simulation import journal
from cluster.simulation.bootstrap import Machine, control_plane, new_cluster, worker
from cluster.simulation.components import all_components
from cluster.simulation.simulation import Simulation
from cluster.simulation.step import Step
from tests.support.console import Console
from tests.walks import (
    autoscaler,  # noqa: F401  (its rules)
    invariants,
    jobs,  # noqa: F401  (its rules)
    quiet,
    quotas,  # noqa: F401  (its rules)
    sets,  # noqa: F401  (its rules)
)
from tests.walks.commands import Hand
from tests.walks.invariants import Broken, Seen

LINES = 50
# Commands of the clock run at most so many steps, so that a crash loop does not fill a walk.
MOST_STEPS = 2_000
REWINDS = 7
# After one of the rewinds so many lines are run again.
AGAIN = 6
NO_LIMIT = 10**9


@dataclass
class Line:
    """A line of the walk and the moment at which it was done."""

    text: str
    files: dict[str, str]
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

    def report(self) -> str:
        """Why it failed and how to repeat it."""
        told = "\n".join(f"    {number:2} {line.text}" for number, line in enumerate(self.lines, 1))
        return (
            f"seed {self.seed}: {self.problem}\n  after:\n{told}\n"
            f"  repeat with: python -m tests.walks --seed {self.seed} --count 1"
        )


def machines(random: Random) -> list[Machine]:
    """One to five nodes, some small, sometimes with a control plane node."""
    found = [control_plane()] if random.random() < 0.3 else []
    for number in range(1, random.randint(1, 5) + 1):
        base = worker(number)
        found.append(Machine(base.name, base.ip, cpu=random.choice("124"), pods=random.choice(("5", "110"))))
    return found


def state_hash(world: World) -> str:
    """One value for everything about a cluster: equal states, equal hashes."""
    return hashlib.sha256(orjson.dumps(journal.encode_world(world), option=orjson.OPT_SORT_KEYS)).hexdigest()


def do(simulation: Simulation, line: Line) -> None:
    """Run one line, of the clock or of the console."""
    word, _, number = line.text.partition(" ")
    if line.text == "until quiet":
        for count, _ in enumerate(simulation.steps_until_quiet()):
            if count >= MOST_STEPS:
                break
    elif word == "step":
        for _ in range(int(number)):
            simulation.step()
    elif word == "advance":
        simulation.advance(int(number))
    else:
        result = Console(simulation, line.files).run(line.text)
        if "Traceback" in result.stdout + result.stderr:
            raise Broken(f"{line.text}: {result.stderr}")


class Walk:
    """The walk of a seed."""

    def __init__(self, seed: int, lines: int = LINES) -> None:
        self.random = Random(f"walk {seed}")
        self.outcome = Outcome(seed)
        self.wanted = lines
        self.steps: list[Step] = []
        self.simulation = new_cluster(machines(self.random), seed=seed)
        self.start = self.simulation.world
        self.seen = Seen.at(self.start)
        self.simulation.on_step = self._look

    def _look(self, step: Step) -> None:
        self.steps.append(step)
        invariants.check(self.seen, step)

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
            line = Line(*hand.line(self.simulation))
            self.outcome.lines.append(line)
            do(self.simulation, line)
            line.revision, line.state = self.simulation.revision, self.simulation.world
            quiet.check(self.simulation, self.seen)
        invariants.check_samples(self.seen)

    # --- the past --------------------------------------------------------------------------------------------------

    def _back(self) -> None:
        """Build past moments again from what the journal keeps of them, and go on from one."""
        if not self.steps:
            return
        chosen = {self.random.randrange(len(self.steps)) for _ in range(REWINDS)}
        again = self.random.choice(sorted(chosen))
        world = journal.decode_world(orjson.loads(orjson.dumps(journal.encode_world(self.start))))
        for number, step in enumerate(self.steps):
            world = journal.redo(world, orjson.loads(orjson.dumps(journal.encode_step(step))))
            if number in chosen:
                self.outcome.rewinds += 1
                if state_hash(world) != state_hash(step.world):
                    raise Broken(f"the journal gives another state at revision {step.revision}")
                if number == again:
                    self._go_on(world)

    def _go_on(self, world: World) -> None:
        """From a moment in the middle of a line to its end, then the next lines: the same states as the first time."""
        lines = self.outcome.lines
        first = next(number for number, line in enumerate(lines) if line.revision >= world.revision)
        simulation = Simulation(world, all_components(), self.simulation.settings)
        if not self._finish(simulation, lines[first]):
            simulation = self.simulation.fork(lines[first].state)
        for line in lines[first + 1 : first + 1 + AGAIN]:
            do(simulation, line)
            assert line.state is not None
            if state_hash(simulation.world) != state_hash(line.state):
                raise Broken(f"going on from revision {world.revision} led to another state after {line.text!r}")

    def _finish(self, simulation: Simulation, line: Line) -> bool:
        """Do the rest of a clock's line; False when it is a command, which cannot be resumed in the middle."""
        assert line.state is not None
        word = line.text.partition(" ")[0]
        if word == "advance":
            list(simulation.steps_until(line.state.now))
        elif word == "step":
            while simulation.revision < line.revision:
                simulation.step()
        elif line.text == "until quiet" and self._ended_quietly(line):
            simulation.until_quiet()
        else:
            return False
        if word != "step" and state_hash(simulation.world) != state_hash(line.state):
            raise Broken(f"the rest of {line.text!r} led to another state at revision {line.revision}")
        return word != "step" or state_hash(simulation.world) == state_hash(line.state)

    def _ended_quietly(self, line: Line) -> bool:
        assert line.state is not None
        return self.simulation.fork(line.state).is_quiet()
