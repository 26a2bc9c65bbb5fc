"""How a node stands with those who watch it: its heartbeat, its taints, who has to leave it and when."""

from __future__ import annotations

from collections.abc import Iterator

from cluster.apiserver.reader import Reader
from cluster.apiserver.state import MEMORY
from cluster.controllers import taint_eviction
from cluster.controllers.explanation.words import NEXT, STATE, SUM, WAITS, Explained, Word, seconds, word
from cluster.controllers.node_lifecycle import NodeLifecycleController, overdue_at
from cluster.controllers.taint_eviction import TaintEvictionController
from cluster.machinery.rehearsal import Stage
from cluster.objects import metadata
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import node as nodes

# So many Pods that have to leave are named.
TOLD = 8


def explained(reader: Reader, node: Document) -> Explained:
    return Explained(list(_words(reader, node)), [])


def _words(reader: Reader, node: Document) -> Iterator[Word]:
    name = metadata.name(node)
    ready = (nodes.condition(node, "Ready") or {}).get("status", "Unknown")
    status = {"True": "Ready", "False": "NotReady"}.get(ready, "Unknown")
    beat = reader.last_heartbeat(name)
    if beat is None:
        yield word("node.unheard", STATE, node=name, status=status)
    else:
        yield word("node.heard", STATE, node=name, status=status, ago=seconds(reader.now - beat))
    if ready == "Unknown":
        yield word("node.unknown", WAITS)
    elif beat is not None and reader.is_off(f"kubelet/{name}", f"node/{name}"):
        stage = Stage(reader.world, NodeLifecycleController.name, (name,))
        yield word("node.silent-in", NEXT, seconds=seconds(overdue_at(stage, node) - reader.now))
    if dig(node, "spec", "unschedulable"):
        yield word("node.unschedulable", SUM)
    repelling = [nodes.taint_text(taint) for taint in nodes.taints(node) if taint["effect"] != "PreferNoSchedule"]
    if repelling:
        yield word("node.repels", SUM, taints=repelling)
    yield from _evictions(reader, name)


def _evictions(reader: Reader, name: str) -> Iterator[Word]:
    """The Pods that a NoExecute taint sends away, the first to leave first."""
    planned = []
    for pod in reader.pods_on(name):
        key = (TaintEvictionController.name, taint_eviction.PENDING, metadata.namespace(pod), metadata.name(pod))
        note = reader.world.row(MEMORY, key)
        if note is not None and not metadata.is_being_deleted(pod):
            planned.append((note["due"], metadata.name(pod)))
    for due, pod_name in sorted(planned)[:TOLD]:
        yield word("node.evicts", NEXT, pod=pod_name, seconds=seconds(due - reader.now))
