"""A component: a name, what wakes it, and `reconcile`. It reads, watches and writes the API server and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, TypeVar

from cluster.apiserver.deletion import PROPAGATION_FINALIZER
from cluster.apiserver.reader import LiveReader, Reader
from cluster.apiserver.server import APIServer, Preconditions
from cluster.apiserver.state import MEMORY, Change, Etcd
from cluster.machinery import recorder
from cluster.machinery.settings import Settings
from cluster.machinery.story import Story
from cluster.objects.documents import Document, Key

Item = TypeVar("Item")
# In MEMORY: (FAILURES, component, *key) -> how often in a row a reconcile of that key has failed.
FAILURES = "workqueue"

__all__ = ["FAILURES", "PROPAGATION_FINALIZER", "Change", "Component", "Context", "Key", "Preconditions", "Reader", "Story"]


class Component:
    """Base of all components. Instances hold no state: what must be remembered goes through the Context.

    `reconcile` makes at most one write and returns; it is called again soon after each write until it writes nothing.
    """

    name: str = ""
    watches: tuple[str, ...] = ()

    def keys_for(self, change: Change, view: Reader) -> Iterable[Key]:
        """Which keys a change wakes; by default the changed object's own."""
        return [change.key]

    def all_keys(self, view: Reader) -> Iterable[Key]:
        """Every key there is to look at, as after a restart."""
        return [
            (document["metadata"].get("namespace", ""), document["metadata"]["name"])
            for document in view.list(self.watches[0])
        ]

    def switches(self, key: Key) -> tuple[str, ...]:
        """The switches any of which stops the work on this key."""
        return (self.name,)

    def reconcile(self, context: Context, key: Key) -> None:
        raise NotImplementedError


class Agenda(Protocol):
    """Where a Context asks to be called again."""

    def schedule(self, component: str, key: Key, due: int, quiet: bool) -> None: ...


class Context(LiveReader):
    """What a component may do during one reconcile."""

    def __init__(
        self, etcd: Etcd, server: APIServer, agenda: Agenda, settings: Settings, component: str,
        source: str, tell: Callable[[Story, Any], None],
    ) -> None:
        super().__init__(etcd)
        self._server = server
        self._agenda = agenda
        self._component = component
        self._tell = tell
        self._before = etcd.world.revision
        self.source = source
        self.settings = settings
        self.key: Key = ()

    @property
    def wrote(self) -> bool:
        """Whether this reconcile has made its write."""
        return self.world.revision != self._before

    # --- writes: one per reconcile ---------------------------------------------------------------------------------

    def create(self, document: Document, *, story: Story, why: Any = None) -> Document:
        self._begin(story, why)
        return self._server.create(document, document["metadata"].get("namespace", ""), field_validation="Trusted")

    def update(self, document: Document, *, subresource: str = "", story: Story, why: Any = None) -> Document:
        """Store the document (or its status); nothing happens when nothing changed."""
        self._begin(story, why)
        return self._server.update(document, subresource=subresource)

    def delete(
        self, resource: str, namespace: str, name: str, *, grace: int | None = None, propagation: str | None = None,
        preconditions: Preconditions | None = None, story: Story, why: Any = None,
    ) -> None:
        self._begin(story, why)
        self._server.delete(resource, namespace, name, grace=grace, propagation=propagation, preconditions=preconditions)

    def bind(self, namespace: str, name: str, node: str, *, story: Story, why: Any) -> Document:
        self._begin(story, why)
        return self._server.bind(namespace, name, node)

    def set_host(self, table: str, key: Key, value: Any, *, story: Story, why: Any = None) -> None:
        """Write a node-local row (None removes it): rules, images, containers."""
        self._begin(story, why)
        self._server.write_row("write", table, key, value)

    def keep(self, table: str, key: Key, value: Any) -> None:
        """Set a node-local row (None removes it) that is no write of its own, but part of what happens: nobody is woken."""
        if self.world.row(table, key) != value:
            self._etcd.set(table, key, value)

    def _begin(self, story: Story, why: Any) -> None:
        if self.wrote:
            raise RuntimeError(f"{self._component} makes a second write in one reconcile: {story.key}")
        self._tell(story, why)

    # --- not writes ------------------------------------------------------------------------------------------------

    def event(
        self, regarding: Document, type: str, reason: str, message: str, *,
        action: str = "", related: Document | None = None, field_path: str = "", source: str = "", host: str = "",
    ) -> None:
        """Ask the recorder for an Event; it is written soon after, as a step of its own."""
        note = recorder.note(
            regarding, type, reason, message, self.now,
            source=source or self.source, host=host, action=action, related=related, field_path=field_path,
        )
        sequence = self._etcd.take_sequence()
        key = (f"{sequence:012d}",)
        self._etcd.set(MEMORY, (recorder.COMPONENT, *key), note)
        self._agenda.schedule(recorder.COMPONENT, key, self.now + self.settings.event, False)

    def again(self, after: int, key: Key | None = None, *, quiet: bool = False) -> None:
        """Be called again `after` ms from now. quiet: a watchdog that "until quiet" need not wait for."""
        self._agenda.schedule(self._component, self.key if key is None else key, self.now + max(0, after), quiet)

    def memory(self, key: Key, default: Any = None) -> Any:
        found = self.world.row(MEMORY, (self._component, *key))
        return default if found is None else found

    def memories(self, *prefix: str) -> list[tuple[Key, Any]]:
        """All notes of this component whose key begins with `prefix`, in order."""
        wanted = (self._component, *prefix)
        table = self.world.table(MEMORY)
        return [(key[1:], table[key]) for key in sorted(table) if key[: len(wanted)] == wanted]

    def remember(self, key: Key, value: Any) -> None:
        if self.memory(key) != value:
            self._etcd.set(MEMORY, (self._component, *key), value)

    def forget(self, key: Key) -> None:
        self._etcd.set(MEMORY, (self._component, *key), None)

    # --- chance ----------------------------------------------------------------------------------------------------

    def random(self) -> float:
        """A seeded random number in [0, 1)."""
        return self._server.random()

    def choice(self, items: Sequence[Item]) -> Item:
        return items[int(self.random() * len(items))]

    def jitter(self, duration: int, fraction: float | None = None) -> int:
        """`duration` give or take a fraction of itself (the settings' one by default)."""
        spread = self.settings.jitter if fraction is None else fraction
        return max(0, round(duration * (1 + spread * (2 * self.random() - 1)))) if spread else duration
