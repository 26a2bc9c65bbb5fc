"""Worlds and steps as JSON-able data: what the journal keeps, and how a World is built again from it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cluster.apiserver.state import Change, World, changed, filled
from cluster.simulation.step import Step


def encode_world(world: World) -> dict[str, Any]:
    """A whole World; `decode_world` gives an equal one."""
    return {
        "revision": world.revision, "now": world.now, "sequence": world.sequence, "random": str(world.random),
        "tables": {name: [[list(key), value] for key, value in sorted(rows.items())]
                   for name, rows in sorted(world.tables.items()) if rows},
    }


def decode_world(data: dict[str, Any]) -> World:
    world = filled({table: {tuple(key): value for key, value in rows} for table, rows in data["tables"].items()})
    return replace(
        world, revision=data["revision"], now=data["now"], sequence=data["sequence"], random=int(data["random"]),
    )


def encode_step(step: Step) -> dict[str, Any]:
    """What has to be kept of a step to tell it and to do it again."""
    world = step.world
    return {
        "revision": step.revision, "at": step.at, "actor": step.actor, "verb": step.verb,
        "objects": list(step.objects), "say": step.say, "args": step.args, "weight": step.weight, "why": step.why,
        "changes": [[change.table, list(change.key), change.new] for change in step.changes],
        "sequence": world.sequence, "random": str(world.random),
    }


def redo(world: World, entry: dict[str, Any]) -> World:
    """The World after a kept step, from the World before it."""
    changes = (Change(table, tuple(key), None, value) for table, key, value in entry["changes"])
    return replace(
        changed(world, changes), revision=entry["revision"], now=entry["at"],
        sequence=entry["sequence"], random=int(entry["random"]),
    )


def decode_step(world: World, entry: dict[str, Any]) -> Step:
    """The kept step again, given the World before it."""
    changes = tuple(
        Change(table, tuple(key), world.row(table, tuple(key)), value) for table, key, value in entry["changes"]
    )
    return Step(
        entry["revision"], entry["at"], entry["actor"], entry["verb"], tuple(entry["objects"]), entry["say"],
        entry["args"], entry["weight"], entry["why"], changes, redo(world, entry),
    )
