"""The story of a step: which sentence tells it. Languages are the dashboard's business; here are keys and arguments."""

from __future__ import annotations

from typing import Any, NamedTuple

from cluster.apiserver.state import is_resource
from cluster.objects.documents import Key

# How much a step matters to somebody who watches.
FOLDED = 0  # status no-ops, bookkeeping: shown as "+12"
NORMAL = 1
NARRATED = 2  # an act that gets its sentence and its time


class Story(NamedTuple):
    """`key` names the sentence ("scheduler.bind"), `args` fill its places. Objects are written "pods/default/web-1"."""

    key: str
    args: dict[str, Any] = {}
    weight: int = NORMAL
    objects: tuple[str, ...] = ()


def reference(table: str, key: Key) -> str:
    """How a story names a row: "pods/default/web-1", "nodes//node-1", "host/iptables/node-1"."""
    parts = key if is_resource(table) else tuple(part for part in key if part)
    return "/".join((table, *parts))


def object_reference(resource: str, document: dict[str, Any]) -> str:
    """How a story names an API object."""
    meta = document["metadata"]
    return f"{resource}/{meta.get('namespace', '')}/{meta['name']}"
