"""A small cluster in virtual time for scenarios: write a manifest, let time pass, look, and ask when something became so.

    cluster = Scenario()
    cluster.apply(MANIFEST)
    assert cluster.when(lambda: cluster.status("pod/web") == "Running", within=30) < 5

A started cluster is kept for each choice of machines, so that a scenario begins in well under a millisecond.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from cluster.apiserver.state import World
from cluster.objects import metadata
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import pod as pods
from cluster.objects.selectors import LabelSelector
from cluster.simulation.bootstrap import Machine, default_machines, new_cluster
from cluster.simulation.components import all_components
from cluster.simulation.simulation import Simulation
from cluster.simulation.step import Step
from cluster.storage import driver
from tests.support.console import Console, Result

COMPONENTS = all_components()
SECOND = 1_000  # virtual ms


@lru_cache
def _started(count: int, machines: tuple[Machine, ...], seed: int) -> World:
    simulation = new_cluster(machines or default_machines(count), seed=seed, storage_classes=driver.storage_classes())
    return simulation.world


class Scenario:
    """A control plane node and some workers, all Ready; times are virtual seconds since then."""

    def __init__(self, workers: int = 3, *machines: Machine, seed: int = 1) -> None:
        self.steps: list[Step] = []
        self._checks: list[Callable[[], None]] = []
        self.simulation = Simulation(_started(workers, machines, seed), COMPONENTS, on_step=self._note)
        self.console = Console(self.simulation)
        self.start = self.simulation.now

    def _note(self, step: Step) -> None:
        self.steps.append(step)
        for check in self._checks:
            check()

    # --- acting ----------------------------------------------------------------------------------------------------

    def run(self, line: str, **files: str) -> Result:
        """Run a line of the console that must succeed; `files` as in Console.run."""
        result = self.console.run(line, **files)
        assert result.code == 0, f"{line}: {result.stderr}"
        return result

    def refused(self, line: str, **files: str) -> str:
        """Run a line that must fail; what it says."""
        result = self.console.run(line, **files)
        assert result.code != 0, f"{line} succeeded: {result.stdout}"
        return result.stderr.strip()

    def apply(self, manifest: str, namespace: str = "default") -> Result:
        return self.run(f"apply -f manifest.yaml -n {namespace}", manifest_yaml=manifest)

    # --- time ------------------------------------------------------------------------------------------------------

    @property
    def now(self) -> float:
        return (self.simulation.now - self.start) / SECOND

    def quiet(self) -> None:
        """Until only deadlines and back-offs wait."""
        self.simulation.until_quiet()

    def advance(self, seconds: float) -> None:
        self.simulation.advance(round(seconds * SECOND))

    def when(self, condition: Callable[[], object], within: float = 600) -> float:
        """Go on, step by step, until the condition holds; the virtual second at which it did. It must do so in time."""
        limit = self.simulation.now + round(within * SECOND)
        while not condition():
            assert self.simulation.step(limit) is not None, f"not within {within} s"
        return self.now

    def always(self, check: Callable[[], None]) -> None:
        """Call `check` after every step from now on."""
        self._checks.append(check)

    # --- looking ---------------------------------------------------------------------------------------------------

    def find(self, name: str, namespace: str = "default") -> Document | None:
        """An object by the plural of its kind and its name ("pods/web", "jobs.batch/pi"); None when there is none."""
        resource, _, name = name.partition("/")
        return self.simulation.api.get(resource, namespace, name) or self.simulation.api.get(resource, "", name)

    def get(self, name: str, namespace: str = "default") -> Document:
        found = self.find(name, namespace)
        assert found is not None, name
        return found

    def objects(self, resource: str, selector: str = "", namespace: str = "default") -> list[Document]:
        """Objects of a kind, by name; `selector` is a label selector such as "app=web"."""
        wanted = LabelSelector.parse(selector)
        return [found for found in self.simulation.api.list(resource, namespace) if wanted.matches(metadata.labels(found))]

    def pods(self, selector: str = "", namespace: str = "default") -> list[Document]:
        """The Pods that are not being deleted."""
        return [pod for pod in self.objects("pods", selector, namespace) if not metadata.is_being_deleted(pod)]

    def ready(self, selector: str = "", namespace: str = "default") -> list[str]:
        """Names of the Pods that are Ready."""
        return [metadata.name(pod) for pod in self.pods(selector, namespace) if pods.is_ready(pod)]

    def column(self, line: str) -> list[str]:
        """The words of the last column but for its heading: `column("get pods -o custom-columns=S:.status.phase")`."""
        return [row.split()[-1] for row in self.run(line).lines[1:]]

    def events(self, *reasons: str, namespace: str = "default") -> list[str]:
        """Messages of the Events of these reasons, in the order of their making."""
        found = [event for event in self.simulation.api.list("events", namespace) if event["reason"] in reasons]
        found.sort(key=lambda event: int(event["metadata"]["resourceVersion"]))
        return [event["message"] for event in found]

    def condition(self, name: str, type: str) -> Document:
        """A condition of an object's status; {} when it has none of this type."""
        for found in dig(self.get(name), "status", "conditions", default=[]):
            if found["type"] == type:
                return dict(found)
        return {}
