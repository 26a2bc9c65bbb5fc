"""The console for tests: runs a line to its end, letting the cluster go on whenever the command waits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cluster import kubectl
from cluster.simulation.simulation import Simulation

# A command that waits for something that never comes is interrupted after so many steps.
PATIENCE = 20_000


@dataclass
class Result:
    """What a line printed, and its exit code (130: it was interrupted)."""

    stdout: str = ""
    stderr: str = ""
    code: int = 0

    @property
    def lines(self) -> list[str]:
        return self.stdout.splitlines()


@dataclass
class Console:
    """A console on a simulation, with files by name."""

    simulation: Simulation
    files: Mapping[str, str] = field(default_factory=dict)

    def run(self, line: str, **files: str) -> Result:
        """Run a line; `files` (dots written as _) are added for this line, for example run("apply -f a.yaml", a_yaml="…")."""
        named = {name.replace("_", "."): text for name, text in files.items()}
        command = kubectl.run(line, kubectl.Shell(self.simulation, {**self.files, **named}))
        result = Result()
        for _ in range(PATIENCE):
            try:
                said = next(command)
            except StopIteration as end:
                result.code = end.value or 0
                return result
            if isinstance(said, kubectl.Wait):
                if not self._wait(said):
                    break
            elif isinstance(said, kubectl.Recall):
                continue  # nothing is kept here
            elif said.stream == "stdout":
                result.stdout += said.text
            else:
                result.stderr += said.text
        command.close()
        result.code = 130
        return result

    def _wait(self, wait: kubectl.Wait) -> bool:
        """Let the cluster go on to its next step or to the wait's end; False when nothing will ever happen."""
        if self.simulation.step(wait.until) is not None:
            return True
        if wait.until is None:
            return False
        self.simulation.advance_clock(wait.until)
        return True
