"""Why an object that is being deleted is still there, and why one goes although nobody deleted it."""

from __future__ import annotations

from collections.abc import Iterator

from cluster.apiserver.deletion import FOREGROUND, ORPHAN
from cluster.apiserver.reader import Reader
from cluster.controllers.explanation.words import MEND, WAITS, Word, word
from cluster.controllers.garbage_collector import blocking, owner_place
from cluster.controllers.storage_protection import users
from cluster.objects import metadata
from cluster.objects.documents import Document
from cluster.objects.kinds import job as jobs
from cluster.objects.kinds import persistentvolume as volumes
from cluster.objects.kinds import persistentvolumeclaim as claims


def held(reader: Reader, document: Document) -> Iterator[Word]:
    """A sentence for each finalizer that holds an object which is being deleted."""
    if not metadata.is_being_deleted(document):
        return
    for finalizer in metadata.finalizers(document):
        yield from _finalizer(reader, document, finalizer)


def _finalizer(reader: Reader, document: Document, finalizer: str) -> Iterator[Word]:
    if finalizer == FOREGROUND:
        left = [f"{found['kind']}/{metadata.name(found)}" for found in blocking(reader, document)]
        yield word("held.foreground", WAITS, dependents=left)
    elif finalizer == ORPHAN:
        yield word("held.orphan")
    elif finalizer == claims.PROTECTION:
        yield word("held.claim", WAITS, pods=users(reader, document))
    elif finalizer == volumes.PROTECTION:
        yield word("held.volume", WAITS, claim=volumes.claim_text(document))
    elif finalizer == jobs.TRACKING:
        yield word("held.job")
    else:
        yield word("held.foreign", WAITS, finalizer=finalizer)
        yield word("held.foreign-mend", MEND, finalizer=finalizer)


def orphaned(reader: Reader, document: Document) -> Iterator[Word]:
    """A sentence for each owner that is gone: the garbage collector takes what nobody owns any longer."""
    references = metadata.owner_references(document)
    gone = [reference for reference in references if _is_gone(reader, document, reference)]
    for reference in gone:
        owner = f"{reference['kind']} {reference['name']}"
        last = len(gone) == len(references) and not metadata.is_being_deleted(document)
        yield word("garbage.takes" if last else "garbage.gone", WAITS, owner=owner)


def _is_gone(reader: Reader, document: Document, reference: dict[str, str]) -> bool:
    place = owner_place(reference, document)
    owner = reader.get(*place) if place else None
    return place is not None and (owner is None or metadata.uid(owner) != reference["uid"])


