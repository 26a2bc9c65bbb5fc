"""A rollout as the journal keeps it: which steps belong to it, followed up to a moment and beyond."""

from __future__ import annotations

from typing import NamedTuple

from django.db.models import Q

from cluster import store
from cluster.apiserver.state import World
from cluster.objects.kinds import controllerrevision as revisions
from cluster.rollouts import workload as workloads
from cluster.rollouts.trace import Trace, changes_of_entry
from cluster.rollouts.window import LEAD, Moment, Window, window

# Writes to the workload itself that are looked through, on each side of the moment, and steps that are followed at most.
MAX_WRITES = 400
# How far, in revisions on each side, a write to the workload is looked for.
REACH = 5_000
MAX_STEPS = 3_000


class Recalled(NamedTuple):
    """`shown`: what had happened up to the moment; `whole`: what is known today. From `began` to `end` (virtual ms)."""

    shown: Trace
    whole: Trace
    began: int
    end: int
    veil: str


def recalled(cluster: str, branch: int, reference: str, world: World, present: int) -> Recalled:
    """The rollout around a past or present World of a branch whose newest moment is `present` (virtual ms)."""
    found = window(_writes(cluster, branch, reference, world.revision), world.revision)
    if found is None:
        begun = Trace.begun(world, reference)
        return Recalled(begun, begun.copy(), max(0, world.now - LEAD), world.now, "")
    return _followed(cluster, branch, reference, world, present, found)


def _writes(cluster: str, branch: int, reference: str, revision: int) -> list[Moment]:
    """What was written to the workload around a revision, oldest first."""
    table, key = workloads.split(reference)
    own = Q(object=reference)
    entries = store.written(cluster, branch, own, revision - REACH, revision, MAX_WRITES)
    entries += store.written(cluster, branch, own, revision, revision + REACH, MAX_WRITES)
    return [
        Moment(entry["revision"], entry["at"], new)
        for entry in entries for name, place, new in changes_of_entry(entry) if name == table and place == key
    ]


def _followed(cluster: str, branch: int, reference: str, world: World, present: int, found: Window) -> Recalled:
    began = found.calm
    after = max(store.revision_at(cluster, branch, began, found.after), store.first_revision(cluster, branch))
    until = store.NEWEST if found.until is None else found.until
    entries = store.written(cluster, branch, _of_its_namespace(reference), after, until, MAX_STEPS)
    if len(entries) == MAX_STEPS:
        after, began = entries[0]["revision"] - 1, entries[0]["at"]
    shown = Trace.begun(store.load(cluster, branch, after), reference)
    for entry in entries:
        if entry["revision"] <= world.revision:
            shown.see(entry["at"], changes_of_entry(entry))
    shown.until(world.now)
    whole = shown.copy()
    later = [entry for entry in entries if entry["revision"] > world.revision]
    for entry in later:
        whole.see(entry["at"], changes_of_entry(entry))
    end = present if found.until is None else max([world.now, *(entry["at"] for entry in later)])
    whole.until(end)
    return Recalled(shown, whole, began, end, "future" if end > world.now else "")


def _of_its_namespace(reference: str) -> Q:
    """Writes to the workload, and to Pods and keepers of templates beside it: whose they are is seen when they are read."""
    namespace = workloads.split(reference)[1][0]
    tables = ("pods", workloads.REPLICASETS, revisions.RESOURCE)
    wanted = Q(object=reference)
    for table in tables:
        wanted |= Q(object__startswith=f"{table}/{namespace}/")
    return wanted
