"""Claims and volumes that are being deleted stay until nothing uses them.

pkg/controller/volume/pvcprotection, pkg/controller/volume/pvprotection.
"""

from __future__ import annotations

from collections.abc import Iterable

from cluster.machinery.component import Change, Component, Context, Key, Reader
from cluster.machinery.story import FOLDED, NARRATED, Story, object_reference
from cluster.objects import metadata
from cluster.objects.documents import Document
from cluster.objects.kinds import persistentvolume as volumes
from cluster.objects.kinds import persistentvolumeclaim as claims
from cluster.objects.kinds import pod as pods

CLAIMS = "persistentvolumeclaims"
VOLUMES = "persistentvolumes"
# What is told when the finalizer is put on, and when it is taken off.
CLAIM_STORIES = ("pvc-protection.protect", "pvc-protection.release")
VOLUME_STORIES = ("pv-protection.protect", "pv-protection.release")


class ClaimProtection(Component):
    """Keys: (namespace, name) of a claim. A Pod uses it from the moment that it has a node until it is gone."""

    name = "persistentvolumeclaim-protection-controller"
    watches = (CLAIMS, "pods")

    def keys_for(self, change: Change, view: Reader) -> Iterable[Key]:
        if change.table == CLAIMS:
            return [change.key] if change.new is not None and _needs_work(change.new, claims.PROTECTION) else []
        if change.new is not None and not pods.is_terminal(change.new):
            return []
        return [(change.key[0], name) for name, _ in claims.of_pod(change.old or change.new or {})]

    def reconcile(self, context: Context, key: Key) -> None:
        claim = context.get(CLAIMS, *key)
        if claim is not None:
            _guard(context, claim, CLAIMS, claims.PROTECTION, CLAIM_STORIES, in_use=bool(users(context, claim)))


class VolumeProtection(Component):
    """Keys: ("", name) of a volume. It is in use while it is bound."""

    name = "persistentvolume-protection-controller"
    watches = (VOLUMES,)

    def keys_for(self, change: Change, view: Reader) -> Iterable[Key]:
        return [change.key] if change.new is not None and _needs_work(change.new, volumes.PROTECTION) else []

    def reconcile(self, context: Context, key: Key) -> None:
        volume = context.get(VOLUMES, *key)
        if volume is not None:
            in_use = volumes.phase(volume) == "Bound"
            _guard(context, volume, VOLUMES, volumes.PROTECTION, VOLUME_STORIES, in_use=in_use)


def _needs_work(document: Document, finalizer: str) -> bool:
    """Whether it is going away but held, or stays and is not protected."""
    return metadata.is_being_deleted(document) == (finalizer in metadata.finalizers(document))


def users(view: Reader, claim: Document) -> list[str]:
    """The Pods with a node that use the claim, by name; an ephemeral claim is let go by a Pod that has ended."""
    name = metadata.name(claim)
    return [
        metadata.name(pod) for pod in view.list("pods", metadata.namespace(claim)) if pods.node_name(pod)
        if any(used == name and (not ephemeral or not pods.is_terminal(pod)) for used, ephemeral in claims.of_pod(pod))
    ]


def _guard(
    context: Context, document: Document, table: str, finalizer: str, stories: tuple[str, str], *, in_use: bool
) -> None:
    """Put the finalizer on, or take it off what is going away and no longer used."""
    if not _needs_work(document, finalizer):
        return
    going = metadata.is_being_deleted(document)
    if going and in_use:
        return
    present = metadata.finalizers(document)
    wanted = [name for name in present if name != finalizer] if going else [*present, finalizer]
    reference = object_reference(table, document)
    args = {"name": metadata.name(document)}
    story = Story(stories[going], args, NARRATED if going else FOLDED, (reference,))
    context.update(metadata.with_finalizers(document, wanted), story=story)
