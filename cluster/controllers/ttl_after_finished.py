"""Jobs that have finished go after their ttlSecondsAfterFinished, their Pods first (pkg/controller/ttlafterfinished)."""

from __future__ import annotations

from collections.abc import Iterable

from cluster.machinery.component import Change, Component, Context, Key, Preconditions, Reader
from cluster.machinery.story import NARRATED, Story, object_reference
from cluster.objects import metadata, times
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import job as jobs


class TTLAfterFinishedController(Component):
    name = "ttl-after-finished-controller"
    watches = (jobs.RESOURCE,)

    def keys_for(self, change: Change, view: Reader) -> Iterable[Key]:
        return [change.key] if change.new is not None and _expiry(change.new) is not None else []

    def reconcile(self, context: Context, key: Key) -> None:
        job = context.get(jobs.RESOURCE, *key)
        expiry = _expiry(job) if job is not None else None
        if job is None or expiry is None:
            return
        if context.now < expiry:
            context.again(expiry - context.now, quiet=True)
            return
        reference = object_reference(jobs.RESOURCE, job)
        seconds = dig(job, "spec", "ttlSecondsAfterFinished")
        context.delete(
            jobs.RESOURCE, *key, propagation="Foreground", preconditions=Preconditions(uid=metadata.uid(job)),
            story=Story("ttl-after-finished.delete", {"job": reference, "seconds": seconds}, NARRATED, (reference,)),
        )


def _expiry(job: Document) -> int | None:
    """When the Job is to go (virtual ms); None for one that has not finished, has no such time or goes already."""
    seconds, ended = dig(job, "spec", "ttlSecondsAfterFinished"), jobs.ended_at(job)
    if seconds is None or ended is None or metadata.is_being_deleted(job):
        return None
    return ended + int(seconds) * times.SECOND
