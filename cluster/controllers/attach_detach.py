"""Attach/detach controller: volumes of drivers are attached to the nodes whose Pods use them, and detached afterwards.

pkg/controller/volume/attachdetach (reconciler), pkg/volume/csi/csi_attacher.go
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from cluster.machinery.component import Change, Component, Context, Key, Reader
from cluster.machinery.story import NARRATED, Story, object_reference
from cluster.objects import metadata, times
from cluster.objects.documents import Document
from cluster.objects.kinds import node as nodes
from cluster.objects.kinds import persistentvolume as volumes
from cluster.objects.kinds import persistentvolumeclaim as claims
from cluster.objects.kinds import pod as pods
from cluster.objects.kinds import volumeattachment as attachments

ATTACHMENTS = "volumeattachments.storage.k8s.io"
CLAIMS = "persistentvolumeclaims"
VOLUMES = "persistentvolumes"
OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"
# How long a volume stays with a node that does not answer (maxWaitForUnmountDuration).
UNMOUNT = 6 * times.MINUTE
# Access modes with which several nodes may have a volume.
SHARED = frozenset({"ReadOnlyMany", "ReadWriteMany"})
# In memory: (ASKED, volume, node) -> since when it ought to be detached (ms); (TOLD, pod uid) -> the volume that it waits
# for; (DONE, volume, node) -> the Pods there know that it is attached.
ASKED, TOLD, DONE = "asked", "told", "done"


class AttachDetachController(Component):
    """Keys: (volume,)."""

    name = "attachdetach-controller"
    watches = ("pods", "nodes", CLAIMS, ATTACHMENTS)

    def keys_for(self, change: Change, view: Reader) -> Iterable[Key]:
        document = change.new or change.old or {}
        if change.table == ATTACHMENTS:
            return [(attachments.volume_name(document),)]
        if change.table == CLAIMS:
            bound = change.new is not None and claims.phase(change.new) == "Bound"
            return [(claims.volume_name(document),)] if bound else []
        if change.table == "nodes":
            # Most changes of nodes are heartbeats and images.
            if change.old is not None and change.new is not None and nodes.is_ready(change.old) == nodes.is_ready(change.new):
                return []
            return [(attachments.volume_name(found),) for found in view.list(ATTACHMENTS)
                    if attachments.node_name(found) == change.key[1]]
        if change.old is not None and change.new is not None and _place(change.old) == _place(change.new):
            return []
        return [(name,) for name in _volumes_of(view, document)]

    def all_keys(self, view: Reader) -> Iterable[Key]:
        return [(metadata.name(volume),) for volume in view.list(VOLUMES) if "csi" in volume["spec"]]

    def reconcile(self, context: Context, key: Key) -> None:
        volume = context.get(VOLUMES, "", key[0])
        present = {attachments.node_name(found): found for found in attachments_of(context, key[0])}
        users = _users(context, volume) if volume is not None and "csi" in volume["spec"] else {}
        for node, attachment in present.items():
            if node in users:
                context.forget((ASKED, *key, node))
                _tell_attached(context, attachment, users[node])
            elif not metadata.is_being_deleted(attachment) and _may_detach(context, key[0], node):
                _detach(context, attachment)
                return
        for node, pod in users.items():
            if volume is None or node in present:
                continue
            if not present or SHARED & set(volumes.access_modes(volume)):
                _attach(context, volume, node, pod)
                return
            _tell_taken(context, volume, pod, users)


def attachments_of(view: Reader, volume: str) -> list[Document]:
    """Attachments of a volume, whether they are complete or not."""
    return [found for found in view.list(ATTACHMENTS) if attachments.volume_name(found) == volume]


def _place(pod: Document) -> tuple[str, bool]:
    return pods.node_name(pod), pods.is_terminal(pod)


def _volumes_of(view: Reader, pod: Document) -> list[str]:
    found = (view.get(CLAIMS, metadata.namespace(pod), name) for name, _ in claims.of_pod(pod))
    return [claims.volume_name(claim) for claim in found if claim is not None and claims.volume_name(claim)]


def _users(view: Reader, volume: Document) -> dict[str, Document]:
    """The nodes whose Pods use the volume, with the first such Pod of each."""
    reference = volumes.claim_reference(volume) or {}
    found: dict[str, Document] = {}
    for pod in view.list("pods", reference.get("namespace", "")):
        uses = any(name == reference.get("name") for name, _ in claims.of_pod(pod))
        if uses and pods.node_name(pod) and not pods.is_terminal(pod):
            found.setdefault(pods.node_name(pod), pod)
    return found


def _attach(context: Context, volume: Document, node: str, pod: Document) -> None:
    name, driver = metadata.name(volume), volume["spec"]["csi"]["driver"]
    text = f"{volume['spec']['csi']['volumeHandle']}{driver}{node}"
    attachment = {
        "apiVersion": "storage.k8s.io/v1", "kind": "VolumeAttachment",
        "metadata": {"name": f"csi-{hashlib.sha256(text.encode()).hexdigest()}"},
        "spec": {"attacher": driver, "nodeName": node, "source": {"persistentVolumeName": name}},
    }
    args = {"volume": name, "node": node, "pod": metadata.name(pod)}
    objects = (object_reference(VOLUMES, volume), f"nodes//{node}", object_reference("pods", pod))
    context.create(attachment, story=Story("attach-detach.attach", args, NARRATED, objects))


def _tell_attached(context: Context, attachment: Document, pod: Document) -> None:
    name, node = attachments.volume_name(attachment), attachments.node_name(attachment)
    if attachments.is_attached(attachment) and context.memory((DONE, name, node)) is None:
        context.remember((DONE, name, node), True)
        text = f'AttachVolume.Attach succeeded for volume "{name}" '
        context.event(pod, "Normal", "SuccessfulAttachVolume", text)


def _tell_taken(context: Context, volume: Document, pod: Document, users: dict[str, Document]) -> None:
    """Multi-Attach: the volume is still with another node. Told once; its detachment wakes the controller."""
    key, name = (TOLD, metadata.uid(pod)), metadata.name(volume)
    if context.memory(key) == name:
        return
    context.remember(key, name)
    others = [metadata.name(other) for other in users.values() if metadata.uid(other) != metadata.uid(pod)]
    why = (
        f"Volume is already used by pod(s) {', '.join(others)}" if others
        else "Volume is already exclusively attached to one node and can't be attached to another"
    )
    context.event(pod, "Warning", "FailedAttachVolume", f'Multi-Attach error for volume "{name}" {why}')


def _may_detach(context: Context, volume: str, node_name: str) -> bool:
    """At once from a healthy node; from one that does not answer only after a while, for it may still be writing."""
    node = context.get("nodes", "", node_name)
    out = node is None or any(taint["key"] == OUT_OF_SERVICE for taint in nodes.taints(node))
    key = (ASKED, volume, node_name)
    if out or node is None or nodes.is_ready(node):
        context.forget(key)
        return True
    since = context.memory(key)
    if since is None:
        since = context.now
        context.remember(key, since)
    left = since + UNMOUNT - context.now
    if left > 0:
        context.again(left, quiet=True)
        return False
    context.forget(key)
    return True


def _detach(context: Context, attachment: Document) -> None:
    name, node = attachments.volume_name(attachment), attachments.node_name(attachment)
    context.forget((DONE, name, node))
    for key, waits_for in context.memories(TOLD):
        if waits_for == name:
            context.forget(key)
    story = Story("attach-detach.detach", {"volume": name, "node": node}, NARRATED, (f"{VOLUMES}//{name}", f"nodes//{node}"))
    context.delete(ATTACHMENTS, "", metadata.name(attachment), story=story)
