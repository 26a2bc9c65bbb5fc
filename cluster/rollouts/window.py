"""Which stretch of history is one rollout: from what disturbed the peace of a workload to what disturbed it next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cluster.objects.documents import Document, dig
from cluster.rollouts.workload import is_settled

# So much of what was before is shown, and so much after it has settled (virtual ms).
LEAD = 1_500
TAIL = 1_500


class Moment(NamedTuple):
    """The workload after a write to it; None after its deletion."""

    revision: int
    at: int
    document: Document | None


class Window(NamedTuple):
    """Steps after `after` up to `until` (None: to the newest); it began at `began`, and before there was peace from `calm` on."""

    after: int
    until: int | None
    began: int
    calm: int


def window(history: Sequence[Moment], revision: int) -> Window | None:
    """The stretch around a revision, from the writes to a workload, oldest first; None when nothing is known of it.

    A new one begins when a settled workload gets another template or size, or loses a Pod.
    """
    starts = [moment for before, moment in zip([None, *history], history, strict=False) if _disturbs(before, moment)]
    past = [moment for moment in starts if moment.revision <= revision]
    later = [moment for moment in starts if moment.revision > revision]
    begun = past[-1] if past else (history[0] if history else None)
    if begun is None:
        return None
    calm = begun.at
    for moment in history[: history.index(begun)][::-1]:
        if moment.document is None or not is_settled(moment.document):
            break
        calm = moment.at
    return Window(begun.revision - 1, later[0].revision - 1 if later else None, begun.at, max(calm, begun.at - LEAD, 0))


def _disturbs(before: Moment | None, moment: Moment) -> bool:
    if moment.document is None:
        return False
    old = before.document if before is not None else None
    if old is None:
        return before is not None or not _goes_on(moment.document)
    if not is_settled(old):
        return False
    new = moment.document
    if new["metadata"]["generation"] == old["metadata"]["generation"]:
        return not is_settled(new)
    return any(dig(old, "spec", field) != dig(new, "spec", field) for field in ("template", "replicas"))


def _goes_on(document: Document) -> bool:
    """Whether the oldest write that is kept is not the first there was."""
    return bool((document.get("status") or {}).get("observedGeneration"))
