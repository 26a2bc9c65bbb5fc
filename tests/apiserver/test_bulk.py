"""Many writes at once are the same writes: revisions, history, watchers and indexes."""

from __future__ import annotations

from typing import Any

import pytest

from cluster.apiserver.state import Change, Etcd, World, filled
from cluster.objects.documents import Document, Key

Write = tuple[str, Key, Document | None]


def _pod(name: str, node: str = "", owner: str = "") -> Document:
    meta: Document = {"name": name, "namespace": "default"}
    if owner:
        meta["ownerReferences"] = [{"uid": owner, "controller": True, "kind": "ReplicaSet", "name": owner}]
    return {"metadata": meta, "spec": {"nodeName": node} if node else {}}


def _key(name: str) -> Key:
    return ("default", name)


WRITES: list[Write] = [
    ("pods", _key("a"), _pod("a", owner="rs-1")),
    ("pods", _key("b"), _pod("b", owner="rs-1")),
    ("pods", _key("a"), _pod("a", "node-1", "rs-1")),
    ("nodes", ("", "node-1"), {"metadata": {"name": "node-1"}, "spec": {}}),
    ("pods", _key("b"), _pod("b", "node-1", "rs-1")),
    ("pods", _key("a"), _pod("a", "node-1", "rs-1")),
    ("pods", _key("b"), None),
    ("pods", _key("c"), _pod("c")),
    ("pods", _key("c"), _pod("c", owner="rs-2")),
]


def _heard(etcd: Etcd) -> list[Change]:
    heard: list[Change] = []
    etcd.subscribe(heard.append)
    return heard


def _plain(etcd: Etcd, writes: list[Write]) -> None:
    for write in writes:
        etcd.next_revision()
        etcd.write(*write)


def test_it_works() -> None:
    one, many = Etcd(World()), Etcd(World())
    heard_of_one, heard_of_many = _heard(one), _heard(many)
    _plain(one, WRITES)
    with many.bulk() as bulk:
        for write in WRITES:
            bulk.next_revision()
            bulk.write(*write)
    assert many.world == one.world
    assert heard_of_many == heard_of_one
    assert many.since(0) == one.since(0)


def test_both_ways_take_turns() -> None:
    one, mixed = Etcd(World()), Etcd(World())
    _plain(one, WRITES)
    _plain(mixed, WRITES[:3])
    with mixed.bulk() as bulk:
        for write in WRITES[3:6]:
            bulk.next_revision()
            bulk.write(*write)
    _plain(mixed, WRITES[6:])
    assert mixed.world == one.world
    assert mixed.world_at(4) == one.world_at(4)


def test_an_index_without_entries_is_gone() -> None:
    etcd = Etcd(filled({"pods": {_key("a"): _pod("a", "node-1", "rs-1")}}))
    with etcd.bulk() as bulk:
        bulk.next_revision()
        bulk.write("pods", _key("a"), None)
    assert len(etcd.world.index) == 0
    assert len(etcd.world.table("pods")) == 0


def test_work_that_is_due_may_be_noted_meanwhile() -> None:
    etcd = Etcd(World())
    with etcd.bulk() as bulk:
        bulk.next_revision()
        bulk.write("pods", _key("a"), _pod("a"))
        etcd.set("agenda", ("somebody", "a"), [5, 1, False])
        etcd.take_sequence()
        etcd.at(70)
    assert etcd.world.row("agenda", ("somebody", "a")) == [5, 1, False]
    assert etcd.world.row("pods", _key("a")) is not None
    assert (etcd.world.now, etcd.world.sequence, etcd.world.revision) == (70, 1, 1)


def test_watchers_see_the_finished_world() -> None:
    etcd = Etcd(World())
    seen: list[Any] = []
    etcd.subscribe(lambda change: seen.append(len(etcd.world.table("pods"))))
    with etcd.bulk() as bulk:
        for name in ("a", "b"):
            bulk.next_revision()
            bulk.write("pods", _key(name), _pod(name))
        assert len(etcd.world.table("pods")) == 0
        assert bulk.row("pods", _key("a")) is not None
    assert seen == [2, 2]


def test_an_exception_leaves_everything_as_it_was() -> None:
    etcd = Etcd(filled({"pods": {_key("a"): _pod("a", "node-1", "rs-1")}}))
    before = etcd.world

    def fail() -> None:
        with etcd.bulk() as bulk:
            bulk.next_revision()
            bulk.write("pods", _key("a"), None)
            bulk.write("pods", _key("b"), _pod("b", "node-1"))
            raise RuntimeError("interrupted")

    with pytest.raises(RuntimeError):
        fail()
    assert etcd.world is before
    assert etcd.world.filed("node", "node-1") == [("pods", _key("a"))]
    assert etcd.since(0) == []
