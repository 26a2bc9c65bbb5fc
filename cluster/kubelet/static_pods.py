"""Static Pods: what lies in a node's manifest directory runs there, whoever else thinks what.

The kubelet reads the directory itself (/etc/kubernetes/manifests). For each Pod in it the API server gets a mirror: an
object that can be seen and not be stopped, because the kubelet makes it again. A file is the row host/manifests
(node, file name): {"pod": the manifest, "seen": ms}.

pkg/kubelet/config/file.go and common.go (applyDefaults), pkg/kubelet/pod/mirror_client.go, pkg/kubelet/kubelet.go (SyncPod).
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from cluster.apiserver.reader import Reader
from cluster.apiserver.server import Preconditions
from cluster.machinery.component import Context
from cluster.machinery.story import NARRATED, NORMAL, Story
from cluster.objects import metadata, times
from cluster.objects.documents import Document, Key
from cluster.objects.kinds import pod as pods

MANIFESTS = "host/manifests"
DIRECTORY = "/etc/kubernetes/manifests"
HASH = "kubernetes.io/config.hash"
SEEN = "kubernetes.io/config.seen"
SOURCE = "kubernetes.io/config.source"
TOLERATION = {"operator": "Exists", "effect": "NoExecute"}


def key_of(node: str, row: dict[str, Any]) -> Key:
    """The key of a static Pod's worker: (node, namespace, name)."""
    meta = row["pod"]["metadata"]
    return (node, meta.get("namespace") or "default", f"{meta['name']}-{node}")


def keys(reader: Reader, node: str) -> list[Key]:
    """The keys of all static Pods of a node."""
    return [key_of(node, row) for _, row in reader.hosts(MANIFESTS, node)]


def mirror(node: str, file: str, row: dict[str, Any], node_uid: str) -> Document:
    """The object that the API server gets for a static Pod, as the kubelet creates it."""
    manifest = row["pod"]
    meta, spec = manifest["metadata"], manifest["spec"]
    digest = _hash(node, file, manifest)
    owner = {"apiVersion": "v1", "kind": "Node", "name": node, "uid": node_uid, "controller": True}
    tolerations = [one for one in spec.get("tolerations") or [] if one != TOLERATION]
    _, namespace, name = key_of(node, row)
    return {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": name, "namespace": namespace, **({"labels": meta["labels"]} if meta.get("labels") else {}),
            "annotations": {
                **(meta.get("annotations") or {}), HASH: digest, pods.MIRROR: digest, SEEN: times.micro(row["seen"]),
                SOURCE: "file",
            },
            "ownerReferences": [owner],
        },
        "spec": {**spec, "nodeName": node, "tolerations": [*tolerations, TOLERATION]},
    }


def keep(context: Context, key: Key) -> bool:
    """Bring a static Pod's mirror one write closer to its file; whether that is all there is to do now.

    A mirror that somebody deletes is let go at once and made again: the containers never notice.
    """
    node, namespace, name = key
    present = context.world.row("pods", (namespace, name))
    found = next(((file, row) for (_, file), row in context.hosts(MANIFESTS, node) if key_of(node, row) == key), None)
    if found is None:
        if present is None or not pods.is_mirror(present) or pods.node_name(present) != node:
            return False
        _remove(context, key, present, "static-removed")
        return True
    owner = context.world.row("nodes", ("", node))
    if owner is None or context.world.row("namespaces", ("", namespace)) is None:
        return True
    wanted = mirror(node, *found, metadata.uid(owner))
    if present is not None:
        if not pods.is_mirror(present):
            return True  # somebody else's Pod has the name
        outdated = pods.runtime_uid(present) != pods.runtime_uid(wanted)
        if outdated or metadata.is_being_deleted(present):
            _remove(context, key, present, "mirror-removed")
            return True
        return False
    work = context.memory(key)
    if work is not None and work["uid"] != pods.runtime_uid(wanted):
        return False  # the containers of the file's older content end first
    context.create(wanted, story=_story("mirror-created", key, NARRATED))
    return True


def _remove(context: Context, key: Key, present: Document, what: str) -> None:
    context.delete(
        "pods", key[1], key[2], grace=0, preconditions=Preconditions(uid=metadata.uid(present)), story=_story(what, key, NORMAL)
    )


def _hash(node: str, file: str, manifest: Document) -> str:
    """The uid of a static Pod: where it comes from and what stands in it."""
    text = json.dumps([node, f"{DIRECTORY}/{file}", manifest], sort_keys=True)
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _story(name: str, key: Key, weight: int) -> Story:
    pod = f"pods/{key[1]}/{key[2]}"
    return Story(f"kubelet.{name}", {"pod": pod, "node": f"nodes//{key[0]}"}, weight, (pod,))
