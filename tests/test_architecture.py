"""The house: each floor imports only from the floors below it, and the engine is pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# From the ground up. A module belongs to the longest name that it starts with.
FLOORS = (
    ("cluster.objects",),
    ("cluster.containers",),
    ("cluster.apiserver",),
    ("cluster.machinery",),
    ("cluster.network", "cluster.kubelet", "cluster.storage"),
    ("cluster.scheduler", "cluster.controllers"),
    ("cluster.simulation",),
    ("cluster.large",),
    ("cluster.rest",),
    ("cluster.kubectl", "cluster.manifests", "cluster.inspection"),
    (
        "cluster.models", "cluster.projection", "cluster.board", "cluster.board_workloads", "cluster.board_volumes",
        "cluster.rollouts", "cluster.rollout_history", "cluster.store", "cluster.live", "cluster.live_api", "cluster.worker",
        "cluster.bighost", "cluster.failpoints", "cluster.admin", "cluster.apps", "cluster.migrations", "cluster.management",
    ),
    ("dashboard",),
)
PURE = FLOORS[:9]
# What would let the outside in: a clock, chance, files, threads, Django.
IMPURE = frozenset({
    "asyncio", "channels", "django", "io", "logging", "os", "pathlib", "random", "secrets", "socket", "subprocess", "sys",
    "tempfile", "threading", "time", "urllib", "uuid",
})
# Modules that read Kubernetes' schemas, which are data of an installed package.
MAY_READ_FILES = frozenset({"cluster.objects.schema"})


def modules() -> Iterator[tuple[str, Path]]:
    for folder in ("cluster", "dashboard"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"), path


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports when it is loaded or run; what is only for type checkers does not count."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for_checkers = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in for_checkers:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def floor_of(module: str) -> int | None:
    found = [
        (len(name), number)
        for number, names in enumerate(FLOORS) for name in names
        if module == name or module.startswith(name + ".")
    ]
    return max(found)[1] if found else None


def test_it_works() -> None:
    upwards = [
        f"{module} imports {imported}"
        for module, path in modules() for imported in imports(path)
        if (here := floor_of(module)) is not None and (there := floor_of(imported)) is not None and there > here
    ]
    assert upwards == []


def test_every_module_has_its_floor() -> None:
    assert [module for module, _ in modules() if floor_of(module) is None and module != "cluster"] == []


@pytest.mark.parametrize("names", PURE, ids=lambda names: "+".join(names))
def test_the_engine_is_pure(names: tuple[str, ...]) -> None:
    leaks = [
        f"{module} imports {imported}"
        for module, path in modules() if module.startswith(names) and module not in MAY_READ_FILES
        for imported in imports(path) if imported.split(".")[0] in IMPURE
    ]
    assert leaks == []


def test_components_do_not_call_one_another() -> None:
    """Scheduler, kubelet and kube-proxy meet only at the API server."""
    parts = ("cluster.scheduler", "cluster.kubelet", "cluster.network", "cluster.controllers")
    meetings = [
        f"{module} imports {imported}"
        for module, path in modules() for imported in imports(path)
        for here in parts for there in parts
        if here != there and module.startswith(here) and imported.startswith(there)
    ]
    assert meetings == []


def test_nothing_copies_deeply_in_the_engine() -> None:
    found = [
        str(path.relative_to(ROOT))
        for module, path in modules() if module.startswith(tuple(name for names in PURE for name in names))
        if "deepcopy" in path.read_text(encoding="utf-8")
    ]
    assert found == []
