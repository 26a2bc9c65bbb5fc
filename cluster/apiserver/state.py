"""The cluster's whole state as one persistent value, and etcd, the one thing that changes it.

A `World` is never mutated: keeping an old one is a rewind, keeping two is a fork. Besides the API objects it holds
everything that decides what happens next (due work, the private notes of components, what lies on the nodes, the
random generator), so that going on from an old World repeats history exactly.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from operator import itemgetter
from typing import Any, Literal, NamedTuple

from immutables import Map

from cluster.objects.documents import Document, Key, dig
from cluster.objects.metadata import controller_of, owner_references

Table = Map[Key, Any]
EMPTY: Table = Map()

# Tables that are not API objects.
AGENDA = "agenda"  # due work: (component, *key) -> [due, sequence, quiet]
MEMORY = "memory"  # private notes of components: (component, *key) -> anything JSON-able
SWITCHES = "switches"  # what is switched off: (name,) -> {"since": ms}
# What controllers find by labels when nobody owns it.
ADOPTABLE = frozenset({"pods", "replicasets.apps", "controllerrevisions.apps"})
HOST_PREFIX = "host/"  # what lies on nodes: (node, …) -> anything JSON-able


class Change(NamedTuple):
    """One row that changed: an API object or a row of another table. `old` or `new` is None when there is none."""

    table: str
    key: Key
    old: Any
    new: Any

    @property
    def type(self) -> Literal["ADDED", "MODIFIED", "DELETED"]:
        if self.old is None:
            return "ADDED"
        return "DELETED" if self.new is None else "MODIFIED"


def _owner_uids(table: str, document: Document) -> Iterable[str]:
    return [reference["uid"] for reference in owner_references(document)]


def _controllers(table: str, document: Document) -> Iterable[str]:
    """By table too, so that who asks for the Pods of a ReplicaSet need not look at each of them."""
    reference = controller_of(document)
    return [f"{table}/{reference['uid']}"] if reference is not None else []


def _node_names(table: str, document: Document) -> Iterable[str]:
    node = dig(document, "spec", "nodeName") if table == "pods" else None
    return [node] if node else []


def _orphan_places(table: str, document: Document) -> Iterable[str]:
    """What a controller may adopt is found by its namespace."""
    if table not in ADOPTABLE or controller_of(document) is not None:
        return []
    return [f"{table}/{document['metadata'].get('namespace', '')}"]


def _regarding_uids(table: str, document: Document) -> Iterable[str]:
    uid = dig(document, "involvedObject", "uid") if table == "events" else None
    return [uid] if uid else []


# Ways to find objects without reading a whole table: index name -> values of a document under which it is filed.
INDEXES: dict[str, Callable[[str, Document], Iterable[str]]] = {
    "owner": _owner_uids,
    "controller": _controllers,
    "node": _node_names,
    "regarding": _regarding_uids,
    "orphan": _orphan_places,
}


def is_resource(table: str) -> bool:
    """Whether a table holds API objects."""
    return table not in (AGENDA, MEMORY, SWITCHES) and not table.startswith(HOST_PREFIX)


@dataclass(frozen=True, slots=True)
class World:
    """Everything about a cluster at one moment. Times are virtual milliseconds."""

    revision: int = 0
    now: int = 0
    sequence: int = 0
    random: int = 0
    tables: Map[str, Table] = field(default_factory=Map)
    index: Map[tuple[str, str], Map[tuple[str, Key], None]] = field(default_factory=Map)

    def table(self, name: str) -> Table:
        return self.tables.get(name, EMPTY)

    def row(self, table: str, key: Key) -> Any:
        return self.table(table).get(key)

    def filed(self, index: str, value: str) -> list[tuple[str, Key]]:
        """(table, key) of the objects filed under `value`, in order."""
        return sorted(self.index.get((index, value), ()))

    def with_row(self, table: str, key: Key, value: Any) -> World:
        """This World with one row set, or removed when `value` is None."""
        rows = self.table(table)
        index = self.index
        if is_resource(table):
            index = _reindexed(index, table, key, rows.get(key), value)
        if value is not None:
            rows = rows.set(key, value)
        elif key in rows:
            rows = rows.delete(key)
        # Written out: dataclasses.replace takes 4 µs, and this runs ten times a step.
        return World(self.revision, self.now, self.sequence, self.random, self.tables.set(table, rows), index)


def _is_filed_alike(old: Document, new: Document) -> bool:
    """Whether nothing has changed of what INDEXES read; then nothing need be filed anew."""
    owners, owners_then = new["metadata"].get("ownerReferences"), old["metadata"].get("ownerReferences")
    if owners is not owners_then and owners != owners_then:
        return False
    spec, then = new.get("spec"), old.get("spec")
    if spec is not then and (spec or {}).get("nodeName") != (then or {}).get("nodeName"):
        return False
    return bool(new.get("involvedObject") == old.get("involvedObject"))


def _reindexed(index: Any, table: str, key: Key, old: Document | None, new: Document | None) -> Any:
    if old is not None and new is not None and _is_filed_alike(old, new):
        return index
    entry = (table, key)
    for name, values in INDEXES.items():
        before = set(values(table, old)) if old is not None else set()
        after = set(values(table, new)) if new is not None else set()
        for value in sorted(before - after):
            left = index[name, value].delete(entry)
            index = index.set((name, value), left) if left else index.delete((name, value))
        for value in sorted(after - before):
            index = index.set((name, value), index.get((name, value), EMPTY).set(entry, None))
    return index


def filled(tables: dict[str, dict[Key, Any]]) -> World:
    """A World with these rows at time and revision 0: built at once, five times as fast as row by row."""
    filing: dict[tuple[str, str], dict[Any, None]] = {}
    for table, found in tables.items():
        for name, values in INDEXES.items() if is_resource(table) else ():
            for key, document in found.items():
                for value in values(table, document):
                    filing.setdefault((name, value), {})[table, key] = None
    return World(
        tables=Map({table: Map(found) for table, found in tables.items()}),
        index=Map({place: Map(entries) for place, entries in filing.items()}),
    )


def changed(world: World, changes: Iterable[Change]) -> World:
    """`world` with the new values of `changes`; clock, counters and revision are the caller's."""
    for change in changes:
        world = world.with_row(change.table, change.key, change.new)
    return world


class Etcd:
    """The current World, what changed since the last cut, and the recent history that watches read.

    `subscribe` names the function that hears of each write (objects, host rows, switches) at once.
    """

    HISTORY = 10_000

    def __init__(self, world: World) -> None:
        self.world = world
        self.changes: list[Change] = []
        self._history: list[tuple[int, Change]] = []
        self._history_start = world.revision
        self._listener: Callable[[Change], None] = lambda change: None

    def subscribe(self, listener: Callable[[Change], None]) -> None:
        self._listener = listener

    def set(self, table: str, key: Key, value: Any) -> None:
        """Set a row that is nobody's write: due work, private notes."""
        old = self.world.row(table, key)
        if value is None and old is None:
            return
        self.world = self.world.with_row(table, key, value)
        self.changes.append(Change(table, key, old, value))

    def next_revision(self) -> int:
        # Written out, as in `World.with_row`: a replace costs as much as the write itself.
        world = self.world
        self.world = World(world.revision + 1, world.now, world.sequence, world.random, world.tables, world.index)
        return self.world.revision

    def write(self, table: str, key: Key, value: Any) -> None:
        """One write under the current revision (see `next_revision`); watchers hear of it."""
        change = Change(table, key, self.world.row(table, key), value)
        self.world = self.world.with_row(table, key, value)
        self.changes.append(change)
        self._remember(change)
        self._listener(change)

    def bulk(self) -> Bulk:
        """Many writes at once; use as a context manager."""
        return Bulk(self)

    def settle(self, bulk: Bulk) -> None:
        """Take over what was written in bulk, and tell the watchers of it in order (Bulk only)."""
        world = self.world
        tables, index = bulk.finished(world.tables)
        self.world = World(bulk.revision, world.now, world.sequence, world.random, tables, index)
        self._history += bulk.changes
        self._forget_old_history()
        for _, change in bulk.changes:
            self._listener(change)

    def _remember(self, change: Change) -> None:
        self._history.append((self.world.revision, change))
        self._forget_old_history()

    def _forget_old_history(self) -> None:
        if len(self._history) > 2 * self.HISTORY:
            dropped = self._history[: -self.HISTORY]
            self._history_start = dropped[-1][0]
            self._history = self._history[-self.HISTORY :]

    def since(self, revision: int) -> Sequence[tuple[int, Change]] | None:
        """Writes after `revision` in order; None when that is older than what is kept."""
        if revision < self._history_start:
            return None
        return self._history[bisect_right(self._history, revision, key=itemgetter(0)) :]

    def world_at(self, revision: int) -> World | None:
        """The API objects as they were at `revision`, found by undoing later writes; None when that is too old."""
        later = self.since(revision)
        if later is None:
            return None
        world = self.world
        for _, change in reversed(later):
            world = world.with_row(change.table, change.key, change.old)
        return replace(world, revision=revision)

    def at(self, now: int) -> None:
        world = self.world
        self.world = World(world.revision, now, world.sequence, world.random, world.tables, world.index)

    def take_sequence(self) -> int:
        world = self.world
        self.world = World(world.revision, world.now, world.sequence + 1, world.random, world.tables, world.index)
        return self.world.sequence

    def set_random(self, state: int) -> None:
        world = self.world
        self.world = World(world.revision, world.now, world.sequence, state, world.tables, world.index)

    def cut(self) -> tuple[Change, ...]:
        """What changed since the last cut: first old value to last new value of each row, in order of first change."""
        merged: dict[tuple[str, Key], Change] = {}
        for change in self.changes:
            earlier = merged.get((change.table, change.key))
            old = earlier.old if earlier else change.old
            merged[change.table, change.key] = Change(change.table, change.key, old, change.new)
        self.changes = []
        return tuple(change for change in merged.values() if change.old is not change.new)


class Bulk:
    """Writes that become visible together, each with a revision of its own: for hundreds of Pods at one moment.

    Half as dear as one by one, because the maps are changed in place until they are finished. Nothing else may write
    to the same tables meanwhile; the changes are no part of what `Etcd.cut` returns. An exception inside the `with`
    block leaves everything as it was.
    """

    def __init__(self, etcd: Etcd) -> None:
        self._etcd = etcd
        self._world = etcd.world
        self.revision = etcd.world.revision
        self.changes: list[tuple[int, Change]] = []
        self._tables: dict[str, Any] = {}
        self._filed: dict[tuple[str, str], Any] = {}

    def __enter__(self) -> Bulk:
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if kind is None and self.changes:
            self._etcd.settle(self)

    def row(self, table: str, key: Key) -> Any:
        """A row as it is now, what was written in bulk included."""
        rows = self._tables.get(table)
        return self._world.row(table, key) if rows is None else rows.get(key)

    def next_revision(self) -> int:
        self.revision += 1
        return self.revision

    def write(self, table: str, key: Key, value: Any) -> None:
        """One write under the current revision (see `next_revision`)."""
        rows = self._tables.get(table)
        if rows is None:
            rows = self._tables[table] = self._world.table(table).mutate()
        old = rows.get(key)
        if value is not None:
            rows.set(key, value)
        elif old is not None:
            del rows[key]
        if is_resource(table) and (old is None or value is None or not _is_filed_alike(old, value)):
            self._file(table, key, old, value)
        self.changes.append((self.revision, Change(table, key, old, value)))

    def _file(self, table: str, key: Key, old: Document | None, new: Document | None) -> None:
        entry = (table, key)
        for name, values in INDEXES.items():
            before = values(table, old) if old is not None else ()
            after = values(table, new) if new is not None else ()
            if before == after:
                continue
            for value in before:
                self._place(name, value).pop(entry, None)
            for value in after:
                self._place(name, value).set(entry, None)

    def _place(self, name: str, value: str) -> Any:
        found = self._filed.get((name, value))
        if found is None:
            found = self._filed[name, value] = self._world.index.get((name, value), EMPTY).mutate()
        return found

    def finished(self, tables: Map[str, Table]) -> tuple[Map[str, Table], Any]:
        """The tables with what was written, and the index."""
        for name, rows in self._tables.items():
            tables = tables.set(name, rows.finish())
        if not self._filed:
            return tables, self._world.index
        index = self._world.index.mutate()
        for place, entries in self._filed.items():
            if entries:
                index.set(place, entries.finish())
            else:
                index.pop(place, None)
        return tables, index.finish()


def rows(table: Table) -> Iterator[tuple[Key, Any]]:
    """The rows of a table in the order of their keys, so that nothing depends on hashing."""
    for key in sorted(table):
        yield key, table[key]
