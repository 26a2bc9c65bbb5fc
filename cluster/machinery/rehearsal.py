"""What a component would do if it looked now: its own code, on a copy of the cluster that nobody else sees.

A World is a value, so the copy costs nothing, and an explanation that rehearses cannot disagree with what happens.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from cluster.apiserver.errors import APIError
from cluster.apiserver.server import APIServer
from cluster.apiserver.state import MEMORY, Etcd, World
from cluster.machinery import recorder
from cluster.machinery.component import Component, Context, Key, Story
from cluster.machinery.settings import Settings


class Due(NamedTuple):
    """When a component asked to be called again (virtual ms)."""

    key: Key
    at: int


class Stage(Context):
    """A Context on a copy of the World: it writes there and nowhere else."""

    def __init__(self, world: World, component: str, key: Key, settings: Settings | None = None) -> None:
        etcd = Etcd(world)
        super().__init__(etcd, APIServer(etcd), self, settings or Settings(), component, component, self._note)
        self.key = key
        self.story: Story | None = None
        self.why: Any = None
        self.due: list[Due] = []

    def _note(self, story: Story, why: Any) -> None:
        self.story, self.why = story, why

    def schedule(self, component: str, key: Key, due: int, quiet: bool) -> None:
        """The agenda of the copy: only the component's own wishes are kept."""
        if component == self._component:
            self.due.append(Due(key, due))

    @property
    def events(self) -> list[dict[str, Any]]:
        """The Events that it asked for, in order, as the recorder was told of them."""
        notes = self.world.table(MEMORY)
        return [notes[key] for key in sorted(notes) if key[0] == recorder.COMPONENT]


class Rehearsal(NamedTuple):
    """What came of it. `story`: the write that it would make, None for none; `error`: why a write would fail."""

    story: Story | None
    why: Any
    error: APIError | None
    due: list[Due]


def rehearse(world: World, component: Component, key: Key) -> Rehearsal:
    """One look of the component at this key, in thought."""
    stage = Stage(world, component.name, key)
    error = None
    try:
        component.reconcile(stage, key)
    except APIError as problem:
        error = problem
    return Rehearsal(stage.story if stage.wrote else None, stage.why if stage.wrote else None, error, stage.due)
