"""Clusters that hold exactly the documents a test names and in which nothing happens by itself; recorded transcripts."""

from __future__ import annotations

import re
from typing import NamedTuple

import cluster.objects.kinds  # noqa: F401  (registers the kinds)
from cluster.apiserver.state import World
from cluster.objects import times
from cluster.objects.documents import Document
from cluster.objects.registry import REGISTRY
from cluster.simulation.simulation import Simulation
from tests.support.console import Console
from tests.support.golden import golden

START = "2026-01-01T00:00:00Z"


def frozen(*documents: Document, now: str = START) -> Console:
    """A console on a cluster that holds these documents at this moment."""
    world = World(now=times.parse(now), revision=len(documents))
    for document in documents:
        meta = document["metadata"]
        world = world.with_row(REGISTRY.of(document).resource, (meta.get("namespace", ""), meta["name"]), document)
    return Console(Simulation(world, []))


def made(
    api_version: str, kind: str, name: str, *, namespace: str = "default", created: str = START, **fields: object
) -> Document:
    """A document with the metadata that the server adds; `labels`, `annotations` … go to metadata, the rest beside it."""
    meta: Document = {"name": name, "uid": f"uid-{name}", "creationTimestamp": created, "resourceVersion": "1"}
    if namespace:
        meta["namespace"] = namespace
    for field in ("labels", "annotations", "ownerReferences", "deletionTimestamp", "deletionGracePeriodSeconds"):
        if field in fields:
            meta[field] = fields.pop(field)
    return {"apiVersion": api_version, "kind": kind, "metadata": meta, **fields}


def pod(name: str, **fields: object) -> Document:
    """A Pod; bound and running unless its fields say otherwise."""
    usual: Document = {
        "spec": {"containers": [{"name": "c", "image": "nginx:1"}], "nodeName": "node-1"},
        "status": {
            "phase": "Running", "podIP": "10.244.0.2", "hostIP": "10.0.0.11",
            "containerStatuses": [
                {"name": "c", "ready": True, "restartCount": 0, "image": "nginx:1", "imageID": "", "state": {"running": {}}},
            ],
        },
    }
    return made("v1", "Pod", name, **{**usual, **fields})


def event(about: Document, reason: str, message: str, **fields: object) -> Document:
    """An Event about a document."""
    meta = about["metadata"]
    regarding = {"kind": about["kind"], "name": meta["name"], "uid": meta["uid"], "namespace": meta.get("namespace", "")}
    number = fields.pop("number", 1)
    usual: Document = {"involvedObject": regarding, "reason": reason, "message": message, "type": "Normal", "count": 1}
    namespace = meta.get("namespace") or "default"
    return made("v1", "Event", f"{meta['name']}.{number}", namespace=namespace, **{**usual, **fields})


class Recorded(NamedTuple):
    """One command of a transcript."""

    command: str
    code: int
    stdout: str
    stderr: str


def recorded(transcript: str, key: str) -> Recorded:
    """What kubectl printed in a recording, for example recorded("13-taints", "describe")."""
    text = (golden() / "transcripts" / f"{transcript}.txt").read_text()
    found = re.search(rf"^### {re.escape(key)}: ([^\n]*) \[rc (\d+)\]\n(.*?)(?=^### |\Z)", text, re.DOTALL | re.MULTILINE)
    assert found is not None, key
    stdout, _, stderr = found[3].removesuffix("\n").partition("STDERR: ")
    return Recorded(found[1].removeprefix("kubectl "), int(found[2]), stdout, stderr)
