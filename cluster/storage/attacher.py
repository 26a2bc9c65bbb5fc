"""The driver's attacher: does what VolumeAttachments ask for.

kubernetes-csi/external-attacher, pkg/controller/csi_handler.go
"""

from __future__ import annotations

from collections.abc import Iterable

from cluster.machinery.component import Component, Context, Key, Reader
from cluster.machinery.story import FOLDED, NORMAL, Story
from cluster.objects import metadata
from cluster.objects.documents import Document
from cluster.objects.kinds import volumeattachment as attachments
from cluster.storage import driver, work

ATTACHMENTS = "volumeattachments.storage.k8s.io"
FINALIZER = f"external-attacher/{driver.NAME.replace('.', '-')}"

# In memory: (ATTACH or DETACH, "", name) -> when it is done (ms).
ATTACH, DETACH = "attach", "detach"


class Attacher(Component):
    """Keys: ("", name) of an attachment."""

    name = "csi-attacher"
    watches = (ATTACHMENTS,)

    def all_keys(self, view: Reader) -> Iterable[Key]:
        return [("", metadata.name(attachment)) for attachment in view.list(ATTACHMENTS)]

    def reconcile(self, context: Context, key: Key) -> None:
        attachment = context.get(ATTACHMENTS, *key)
        if attachment is None:
            for work in (ATTACH, DETACH):
                context.forget((work, *key))
        elif attachments.attacher(attachment) == driver.NAME:
            _work(context, key, attachment)


def _work(context: Context, key: Key, attachment: Document) -> None:
    present = metadata.finalizers(attachment)
    if metadata.is_being_deleted(attachment):
        if FINALIZER in present and work.is_done(context, (DETACH, *key), context.settings.volume_attach):
            kept = [name for name in present if name != FINALIZER]
            context.update(metadata.with_finalizers(attachment, kept), story=_story("attacher.detached", attachment, NORMAL))
    elif FINALIZER not in present:
        guarded = metadata.with_finalizers(attachment, [*present, FINALIZER])
        context.update(guarded, story=_story("attacher.begin", attachment, FOLDED))
    elif not attachments.is_attached(attachment) and work.is_done(context, (ATTACH, *key), context.settings.volume_attach):
        attached = {**attachment, "status": {"attached": True}}
        context.update(attached, subresource="status", story=_story("attacher.attached", attachment, NORMAL))


def _story(key: str, attachment: Document, weight: int) -> Story:
    volume, node = attachments.volume_name(attachment), attachments.node_name(attachment)
    return Story(key, {"volume": volume, "node": node}, weight, (f"persistentvolumes//{volume}", f"nodes//{node}"))
