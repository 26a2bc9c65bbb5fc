"""`kubectl get -w`: rows as they change, in line with the ones before."""

from __future__ import annotations

from collections.abc import Iterator

from cluster import kubectl
from cluster.kubectl import Output, Shell, Wait
from cluster.simulation.simulation import Simulation
from tests.kubectl.builders import frozen, made


def config(name: str, **data: str) -> dict[str, object]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"}, "data": data}


class Watching:
    """A watch that is running."""

    def __init__(self, simulation: Simulation, line: str) -> None:
        self._command = kubectl.run(line, Shell(simulation))

    def text(self) -> str:
        """What it prints until it waits again."""
        return "".join(output.text for output in self._outputs() if output.stream == "stdout")

    def _outputs(self) -> Iterator[Output]:
        for said in self._command:
            if isinstance(said, Wait):
                return
            yield said

    def interrupt(self) -> None:
        self._command.close()


def test_it_works():
    simulation = frozen(made("v1", "Namespace", "default", namespace="")).simulation
    user = simulation.user()
    user.create(config("a"))
    watch = Watching(simulation, "get cm -w")
    assert watch.text() == "NAME   DATA   AGE\na      0      0s\n"
    user.create(config("much-longer", x="y"))
    user.update(config("a", x="y", z="z"))
    assert watch.text() == "much-longer   1      0s\na             2      0s\n"
    user.delete("configmaps", "default", "a")
    assert watch.text() == "a             2      0s\n"
    watch.interrupt()


def test_only_what_is_selected():
    simulation = frozen(made("v1", "Namespace", "default", namespace="")).simulation
    user = simulation.user()
    user.create(config("a"))
    watch = Watching(simulation, "get cm b -w --ignore-not-found")
    assert watch.text() == ""
    watch = Watching(simulation, "get cm a -w --no-headers")
    assert watch.text() == "a   0   0s\n"
    user.create(config("b"))
    assert watch.text() == ""


def test_the_header_comes_with_the_first_row():
    simulation = frozen(made("v1", "Namespace", "default", namespace="")).simulation
    watch = Watching(simulation, "get cm --watch")
    assert watch.text() == ""
    simulation.user().create(config("a"))
    assert watch.text().startswith("NAME   DATA   AGE\na ")


def test_documents_are_separated():
    simulation = frozen(made("v1", "Namespace", "default", namespace="")).simulation
    simulation.user().create(config("a"))
    watch = Watching(simulation, "get cm -w -o yaml")
    assert watch.text().startswith("apiVersion: v1\n")
    simulation.user().create(config("b"))
    assert watch.text().startswith("---\napiVersion: v1\n")


def test_watch_only():
    simulation = frozen(made("v1", "Namespace", "default", namespace="")).simulation
    simulation.user().create(config("a"))
    watch = Watching(simulation, "get cm --watch-only -o name")
    assert watch.text() == ""
    simulation.user().create(config("b"))
    assert watch.text() == "configmap/b\n"
