"""Why a PersistentVolume is as it is: for whom it is kept, and what becomes of it when its claim has gone."""

from __future__ import annotations

from collections.abc import Iterator

from cluster.apiserver.reader import Reader
from cluster.controllers.explanation.words import MEND, NEXT, STATE, Explained, Word, word
from cluster.objects import metadata
from cluster.objects.documents import Document
from cluster.objects.kinds import persistentvolume as volumes


def explained(reader: Reader, volume: Document) -> Explained:
    return Explained(list(_words(volume)), [])


def _words(volume: Document) -> Iterator[Word]:
    phase, name, claim = volumes.phase(volume), metadata.name(volume), volumes.claim_text(volume)
    if phase == "Available":
        kept = "volume.kept" if claim else "volume.available"
        yield word(kept, STATE, name=name, claim=claim)
    elif phase == "Bound":
        yield word("volume.bound", STATE, name=name, claim=claim)
    elif phase == "Released":
        policy = volumes.reclaim_policy(volume)
        yield word("volume.released", STATE, name=name, claim=claim)
        if policy == "Retain":
            yield word("volume.retained")
            yield word("volume.retained-mend", MEND, name=name)
        else:
            yield word("volume.reclaimed", NEXT, policy=policy)
    elif phase == "Failed":
        yield word("volume.failed", STATE, name=name, message=(volume.get("status") or {}).get("message", ""))
