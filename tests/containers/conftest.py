"""Containers to try things in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from cluster.containers import software
from cluster.containers.files import Tree
from cluster.containers.machine import ContainerRun, Machine, Outcome, Sandbox
from cluster.containers.software import Software

BUSYBOX = software.plain("busybox")
DEBIAN = software.plain("gnu", bash=True)


def pod(at: int = 0, volumes: Mapping[str, Tree] | None = None) -> Machine:
    """A Pod without containers."""
    return Machine.boot(Sandbox(hostname="web-1", ip="10.244.1.7"), at, volumes)


def run(script: str, until: int = 60_000, image: Software = BUSYBOX, shell: str = "sh", **settings: Any) -> Machine:
    """A container "c" whose process 1 is a script, at a time (ms)."""
    volumes = settings.pop("volumes", None)
    return pod(0, volumes).start(ContainerRun("c", image, (shell, "-c", script), **settings), 0).advance(until)


def output(machine: Machine, container: str = "c") -> str:
    """What a container has written, stdout and stderr together."""
    return "".join(f"{line.text}\n" for line in machine.logs(container))


@pytest.fixture
def idle() -> Callable[..., Machine]:
    """A container "c" that waits; commands are executed in it."""

    def start(image: Software = BUSYBOX, **settings: Any) -> Machine:
        volumes = settings.pop("volumes", None)
        return pod(0, volumes).start(ContainerRun("c", image, ("sleep", "1000000"), **settings), 0)

    return start


def execute(machine: Machine, script: str, at: int | None = None, **settings: Any) -> tuple[Machine, Outcome]:
    """Run a script in the container "c"."""
    return machine.execute("c", ["sh", "-c", script], machine.at if at is None else at, **settings)
