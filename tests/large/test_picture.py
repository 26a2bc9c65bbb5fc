"""The bytes of the map: the first picture and what changes, against the documents."""

from __future__ import annotations

import gzip
from typing import Any

import numpy as np
import orjson

from cluster.large.cluster import LargeCluster
from cluster.large.picture import CORDONED, READY, RESERVED, ROW, SILENT, Picture
from cluster.objects import times
from cluster.objects.kinds import node as nodes
from cluster.objects.kinds import pod as pods


def _read(message: bytes, count: int = -1) -> tuple[dict[str, Any], Any, bytes]:
    size = int.from_bytes(message[:4], "little")
    header = orjson.loads(message[4 : 4 + size])
    body = message[4 + size :]
    end = len(body) if count < 0 else count * ROW.itemsize
    return header, np.frombuffer(body[:end], ROW), body[end:]


def _cluster(size: int = 50) -> LargeCluster:
    cluster = LargeCluster(size, seed=5)
    cluster.advance(10 * times.SECOND)
    return cluster


def test_it_works() -> None:
    cluster = _cluster()
    cluster.command({"do": "add", "pods": 300})
    cluster.run(times.MINUTE)
    header, rows, rest = _read(Picture(cluster).first({"speed": 1}), 50)
    assert (header["type"], header["count"], header["speed"], len(rest)) == ("first", 50, 1, 100)
    assert (header["pods"], header["ready"], header["waiting"]) == (300, 300, 0)
    assert rows["pods"].sum() == 300
    for row in rows:
        name = cluster.inventory.nodes[row["index"]].name
        document = cluster.world.row("nodes", ("", name))
        used = sum(pods.requests(pod)["cpu"] for pod in cluster.controllers.api.pods_on(name))
        offered = pods.container_requests({"resources": {"requests": nodes.allocatable(document)}})["cpu"]
        assert row["cpu"] == used * 255 // offered
        assert bool(row["flags"] & READY) == nodes.is_ready(document)
        assert bool(row["flags"] & RESERVED) == bool(nodes.taints(document))
    assert sum(zone["nodes"] for zone in header["by_zone"]) == 50


def test_updates_tell_only_what_changed() -> None:
    cluster = _cluster()
    picture = Picture(cluster)
    picture.first({})
    cluster.inventory.changed.clear()
    cluster.command({"do": "cordon", "nodes": 3})
    header, rows, _ = _read(picture.update(cluster.inventory.changed, {}))
    assert header["type"] == "update"
    assert {int(row["index"]) for row in rows} == {node.index for node in cluster.inventory.nodes if node.cordoned}
    assert all(row["flags"] & CORDONED for row in rows)
    _, rows, _ = _read(picture.update(set(), {}))
    assert len(rows) == 0


def test_sentences_and_history_come_once() -> None:
    cluster = _cluster()
    picture = Picture(cluster)
    picture.first({})
    first, _, _ = _read(picture.update(set(), {}))
    cluster.command({"do": "stop", "nodes": 2})
    cluster.advance(70 * times.SECOND)
    header, rows, _ = _read(picture.update(cluster.inventory.changed, {}))
    assert [saying[1] for saying in header["sayings"]].count("node-lifecycle.unknown") == 2
    assert header["history"]
    assert all(note[0] > first["history"][-1][0] for note in header["history"])
    assert sum(bool(row["flags"] & SILENT) for row in rows) == 2
    header, _, _ = _read(picture.update(set(), {}))
    assert (header["sayings"], header["history"]) == ([], [])


def test_one_command_to_many_nodes_is_one_sentence() -> None:
    cluster = _cluster()
    picture = Picture(cluster)

    def told(command: dict[str, Any]) -> list[list[Any]]:
        picture.update(set(), {})
        cluster.command(command)
        return [saying[1:] for saying in _read(picture.update(set(), {}))[0]["sayings"]]

    assert told({"do": "stop", "nodes": 8, "zone": "zone-c"}) == [["large.silenced", {"n": 8, "zones": "zone-c"}]]
    assert told({"do": "start"}) == [["large.heard", {"n": 8, "zones": "zone-c"}]]
    assert told({"do": "cordon", "nodes": 6}) == [["large.cordoned", {"n": 6}]]
    assert told({"do": "uncordon"}) == [["large.uncordoned", {"n": 6}]]
    assert told({"do": "drain", "nodes": 5}) == [["large.drained", {"n": 5}]]


def test_the_first_picture_of_5000_nodes_is_small() -> None:
    cluster = LargeCluster(5000)
    cluster.advance(10 * times.SECOND)
    message = Picture(cluster).first({})
    assert len(message) < 60_000
    assert len(gzip.compress(message)) < 30_000
