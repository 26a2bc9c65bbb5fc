"""Durable state: what steps changed goes to the models in one transaction, and any moment can be built again.

All functions are synchronous and touch the database; the worker calls them on its one database thread.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from typing import Any

import orjson
import yaml
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from cluster import board, failpoints, projection
from cluster.apiserver.state import World, is_resource
from cluster.manifests import HOME_MANIFEST
from cluster.models import Branch, Cluster, Revision, Snapshot, new_id
from cluster.objects.documents import Document, Key
from cluster.scheduler.framework import DEFAULT_SCHEDULER
from cluster.simulation import bootstrap, journal
from cluster.simulation.step import Step
from cluster.storage import driver

# A worker that died is replaced after this long; a living one renews three times as often.
LEASE = timedelta(seconds=15)
# What a dead worker leaves is taken over unasked if something happened there so recently, and so many at a time.
RECENT = timedelta(minutes=10)
ADOPT = 20
# The purpose of the small cluster on the first page; every other one starts empty.
HOME = "home"
BY_SCHEDULER = Q(actor=DEFAULT_SCHEDULER)
# Steps between two kept Worlds: building a moment again redoes at most so many (measured 40 µs each).
SNAPSHOT_EVERY = 100
# Beyond these the oldest history is let go; at least KEEP_REVISIONS can always be rewound.
MAX_REVISIONS = 20_000
MAX_JOURNAL_BYTES = 64 * 1024 * 1024
KEEP_REVISIONS = 5_000
# Above every revision.
NEWEST = 2**62
# How long a cluster is kept that nobody uses.
HOME_KEPT = timedelta(days=1)
SANDBOX_KEPT = timedelta(days=30)


class Missing(LookupError):
    """There is no such cluster, branch or revision (any more)."""


class LeaseLost(RuntimeError):
    """Another worker owns the cluster now; nothing was written."""


@dataclass(slots=True)
class Batch:
    """What one cluster has to have written: steps of one branch, in order, and how its clock runs."""

    cluster: str
    worker: str
    branch: int
    steps: list[Step] = field(default_factory=list)
    playing: bool | None = None
    speed: float | None = None
    trouble: str | None = None


def pack(data: Any) -> bytes:
    return zlib.compress(orjson.dumps(data), 1)


def unpack(data: bytes | memoryview) -> Any:
    return orjson.loads(zlib.decompress(data))


# --- making -------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=8)
def _template(purpose: str) -> World:
    """The World that every new cluster of this purpose starts from; brought up once per process."""
    machines = bootstrap.default_machines()
    # The picture on the first page is small: it shows the workers only.
    simulation = bootstrap.new_cluster(
        machines[1:] if purpose == HOME else machines, storage_classes=driver.storage_classes()
    )
    if purpose == HOME:
        api = simulation.user("kubectl")
        for document in yaml.load_all(HOME_MANIFEST, Loader=yaml.CSafeLoader):
            api.create(document)
        simulation.until_quiet()
    return simulation.world


@transaction.atomic
def create(owner: str, purpose: str, seed: int, world: World | None = None) -> Cluster:
    """A new cluster at its first moment, playing. `seed` decides every later chance."""
    start = bootstrap.reseeded(world or _template(purpose), seed)
    cluster = Cluster.objects.create(
        id=new_id(), owner=owner, purpose=purpose, seed=seed, head=start.revision, now=start.now, playing=True,
    )
    Branch.objects.create(cluster=cluster, number=1, head=start.revision)
    _keep_snapshots([(cluster.id, 1, start)])
    projection.replace_all(cluster.id, start)
    return cluster


# --- leases -------------------------------------------------------------------------------------------------------


def claim(cluster: str, worker: str) -> bool:
    """Make `worker` the one writer of a cluster, unless another one holds it. Compare-and-swap in one statement."""
    now = timezone.now()
    free = Q(worker="") | Q(worker=worker) | Q(leased_until__lt=now)
    return Cluster.objects.filter(free, id=cluster).update(worker=worker, leased_until=now + LEASE) == 1


def renew(worker: str) -> set[str]:
    """Keep all leases of a worker for another period; returns the clusters that it holds."""
    held = Cluster.objects.filter(worker=worker)
    held.update(leased_until=timezone.now() + LEASE)
    return set(held.values_list("id", flat=True))


def abandoned() -> list[str]:
    """Clusters that were alive a moment ago and whose worker has died: somebody may be watching them."""
    now = timezone.now()
    left = Cluster.objects.exclude(worker="").filter(leased_until__lt=now, used__gt=now - RECENT)
    return list(left.order_by("leased_until").values_list("id", flat=True)[:ADOPT])


def release(worker: str, clusters: Iterable[str] | None = None) -> None:
    """Give up the leases of a worker (on these clusters, or all)."""
    held = Cluster.objects.filter(worker=worker)
    if clusters is not None:
        held = held.filter(id__in=list(clusters))
    held.update(worker="", leased_until=None)


def release_everything() -> None:
    """Free all leases: for a process that knows itself to be the only one (the default way to run)."""
    Cluster.objects.exclude(worker="").update(worker="", leased_until=None)


def holder(cluster: str) -> str:
    """The worker whose lease on the cluster is valid, "" when there is none; raises Missing."""
    row = Cluster.objects.filter(id=cluster).values("worker", "leased_until").first()
    if row is None:
        raise Missing(f"no cluster {cluster}")
    valid = row["worker"] and row["leased_until"] and row["leased_until"] > timezone.now()
    return row["worker"] if valid else ""


# --- writing ------------------------------------------------------------------------------------------------------


def save(batches: Sequence[Batch]) -> set[str]:
    """Write several clusters' news in one transaction; returns the clusters whose lease was lost (nothing is written there)."""
    failpoints.reached("before-save")
    with transaction.atomic():
        lost = {batch.cluster for batch in batches if not _still_mine(batch)}
        failpoints.reached("after-lease")
        mine = [batch for batch in batches if batch.cluster not in lost]
        _keep_journal(mine)
        failpoints.reached("after-journal")
        for batch in mine:
            if batch.steps:
                projection.update(batch.cluster, _last_documents(batch.steps))
                Branch.objects.filter(cluster=batch.cluster, number=batch.branch).update(head=batch.steps[-1].revision)
        failpoints.reached("after-rows")
    failpoints.reached("after-commit")
    return lost


def _still_mine(batch: Batch) -> bool:
    """Update the cluster's row if the lease still holds: check and write are one statement."""
    changes: dict[str, Any] = {"used": timezone.now()}
    if batch.steps:
        changes |= {"head": batch.steps[-1].revision, "now": batch.steps[-1].at}
    for name in ("playing", "speed", "trouble"):
        if getattr(batch, name) is not None:
            changes[name] = getattr(batch, name)
    held = Cluster.objects.filter(id=batch.cluster, worker=batch.worker, branch=batch.branch)
    return held.update(**changes) == 1


def _keep_journal(batches: Sequence[Batch]) -> None:
    rows, snapshots = [], []
    for batch in batches:
        written = 0
        for step in batch.steps:
            encoded = journal.encode_step(step)
            header, entry = orjson.dumps(board.header(encoded)), pack(encoded)
            written += len(header) + len(entry)
            rows.append(Revision(
                cluster_id=batch.cluster, branch=batch.branch, revision=step.revision, at=step.at, actor=step.actor,
                verb=step.verb, object=step.objects[0][:600], say=step.say, header=header, entry=entry,
            ))
            if step.revision % SNAPSHOT_EVERY == 0:
                snapshots.append((batch.cluster, batch.branch, step.world))
        if written:
            Cluster.objects.filter(id=batch.cluster).update(journal_bytes=F("journal_bytes") + written)
    Revision.objects.bulk_create(rows)
    _keep_snapshots(snapshots)


def _keep_snapshots(worlds: Iterable[tuple[str, int, World]]) -> None:
    Snapshot.objects.bulk_create(
        Snapshot(cluster_id=cluster, branch=branch, revision=world.revision, data=pack(journal.encode_world(world)))
        for cluster, branch, world in worlds
    )


def keep_snapshot(cluster: str, branch: int, world: World) -> None:
    """Keep a World whole, so that the cluster is loaded without redoing steps; nothing happens when there is one."""
    if not Snapshot.objects.filter(cluster=cluster, branch=branch, revision=world.revision).exists():
        _keep_snapshots([(cluster, branch, world)])


def _last_documents(steps: Iterable[Step]) -> dict[tuple[str, Key], Document | None]:
    """The newest document of every API object that the steps touched; None when it is gone."""
    return {
        (change.table, change.key): change.new
        for step in steps for change in step.changes if is_resource(change.table)
    }


# --- reading ------------------------------------------------------------------------------------------------------


def load(cluster: str, branch: int, revision: int | None = None) -> World:
    """The World of a branch at a revision (its newest by default); raises Missing when that is unknown or let go."""
    line = Branch.objects.filter(cluster=cluster, number=branch).first()
    if line is None:
        raise Missing(f"cluster {cluster} has no branch {branch}")
    wanted = line.head if revision is None else revision
    if wanted > line.head:
        raise Missing(f"branch {branch} ends at revision {line.head}, not {wanted}")
    if line.parent is not None and wanted <= line.forked_at:
        return load(cluster, line.parent, wanted)
    kept = Snapshot.objects.filter(cluster=cluster, branch=branch, revision__lte=wanted).order_by("-revision").first()
    if kept is not None:
        world = journal.decode_world(unpack(kept.data))
    elif line.parent is not None:
        world = load(cluster, line.parent, line.forked_at)
    else:
        raise Missing(f"revision {wanted} is older than what is kept")
    for entry in _entries(cluster, branch, world.revision, wanted):
        world = journal.redo(world, entry)
    if world.revision != wanted:
        raise Missing(f"branch {branch} has no revision {wanted}")
    return world


def _entries(cluster: str, branch: int, after: int, until: int) -> list[dict[str, Any]]:
    rows = Revision.objects.filter(cluster=cluster, branch=branch, revision__gt=after, revision__lte=until)
    return [unpack(data) for data in rows.order_by("revision").values_list("entry", flat=True)]


def lineage(cluster: str, branch: int) -> list[tuple[int, int, int | None]]:
    """The stretches of history that make up a branch, newest first: (branch, after revision, until revision or None)."""
    lines = {line.number: line for line in Branch.objects.filter(cluster=cluster)}
    stretches: list[tuple[int, int, int | None]] = []
    number: int | None = branch
    until: int | None = None
    while number is not None:
        line = lines[number]
        stretches.append((number, line.forked_at if line.parent is not None else 0, until))
        until = line.forked_at if until is None else min(until, line.forked_at)
        number = line.parent
    return stretches


def tail(cluster: str, branch: int, until: int, count: int) -> list[dict[str, Any]]:
    """The headers of the last `count` steps of a branch up to a revision, oldest first, across forks."""
    found: list[dict[str, Any]] = []
    for number, after, end in lineage(cluster, branch):
        last = until if end is None else min(until, end)
        rows = Revision.objects.filter(cluster=cluster, branch=number, revision__gt=after, revision__lte=last)
        newest = rows.order_by("-revision").values_list("header", flat=True)[: count - len(found)]
        found.extend(orjson.loads(data) for data in newest)
        if len(found) >= count:
            break
    return found[::-1]


def decision(cluster: str, branch: int, reference: str, until: int) -> dict[str, Any] | None:
    """The newest journal entry up to a revision that wrote this object and says why; None when there is none."""
    return next(_reasoned(cluster, branch, until, Q(object=reference)), None)


def scheduling(cluster: str, branch: int, reference: str, until: int) -> dict[str, Any] | None:
    """The journal entry of the newest scheduling decision about a Pod ("": about any) up to a revision; None for none.

    When a binding took several writes, it is the first of them: the cluster before it is the one that was decided on.
    """
    wanted = Q(object=reference) if reference else Q(object__startswith="pods/")
    decisions = (entry for entry in _reasoned(cluster, branch, until, wanted & BY_SCHEDULER) if "feasible" in entry["why"])
    newest = next(decisions, None)
    if newest is None or not newest["why"]["chosen"]:
        return newest
    for entry in _reasoned(cluster, branch, newest["revision"] - 1, Q(object=newest["objects"][0]) & BY_SCHEDULER):
        if entry["why"] != newest["why"]:
            break
        newest = entry
    return newest


def written(cluster: str, branch: int, wanted: Q, after: int, until: int, limit: int) -> list[dict[str, Any]]:
    """The newest `limit` journal entries after a revision up to another one that are wanted, oldest first."""
    found: list[dict[str, Any]] = []
    for number, begun, end in lineage(cluster, branch):
        last = until if end is None else min(until, end)
        rows = Revision.objects.filter(wanted, cluster=cluster, branch=number, revision__gt=max(begun, after), revision__lte=last)
        newest = rows.order_by("-revision").values_list("entry", flat=True)[: limit - len(found)]
        found.extend(unpack(data) for data in newest)
    return found[::-1]


def revision_at(cluster: str, branch: int, at: int, until: int) -> int:
    """The newest revision of a branch, up to `until`, that is not younger than `at` (virtual ms); at least the oldest kept."""
    for number, after, end in lineage(cluster, branch):
        last = until if end is None else min(until, end)
        rows = Revision.objects.filter(cluster=cluster, branch=number, revision__gt=after, revision__lte=last, at__lte=at)
        newest = rows.order_by("-revision").values_list("revision", flat=True).first()
        if newest is not None:
            return int(newest)
    return first_revision(cluster, branch)


def _reasoned(cluster: str, branch: int, until: int, wanted: Q) -> Iterator[dict[str, Any]]:
    """Journal entries that say why, of those that are wanted, the newest first."""
    for number, after, end in lineage(cluster, branch):
        last = until if end is None else min(until, end)
        rows = Revision.objects.filter(cluster=cluster, branch=number, revision__gt=after, revision__lte=last)
        for data in rows.filter(wanted).order_by("-revision").values_list("entry", flat=True).iterator(chunk_size=50):
            entry: dict[str, Any] = unpack(data)
            if entry["why"] is not None:
                yield entry


def first_revision(cluster: str, branch: int) -> int:
    """The oldest moment of a branch that can still be shown."""
    oldest = [
        Snapshot.objects.filter(cluster=cluster, branch=number).order_by("revision").values_list("revision", flat=True).first()
        for number, _, _ in lineage(cluster, branch)
    ]
    return min((revision for revision in oldest if revision is not None), default=0)


def branches(cluster: str) -> list[dict[str, Any]]:
    """All lines of history of a cluster, in the order in which they began."""
    fields = ("number", "parent", "forked_at", "head")
    return list(Branch.objects.filter(cluster=cluster).order_by("number").values(*fields))


# --- time travel --------------------------------------------------------------------------------------------------


@transaction.atomic
def fork(cluster: str, worker: str, branch: int, revision: int) -> tuple[int, World]:
    """Begin a new branch at a past moment and make it the current one; returns its number and World."""
    world = load(cluster, branch, revision)
    newest = Branch.objects.filter(cluster=cluster).order_by("-number").values_list("number", flat=True)[0]
    Branch.objects.create(cluster_id=cluster, number=newest + 1, parent=branch, forked_at=revision, head=revision)
    _make_current(cluster, worker, newest + 1, world)
    return newest + 1, world


@transaction.atomic
def switch_branch(cluster: str, worker: str, branch: int) -> World:
    """Make another branch the current one; returns the World at its end."""
    world = load(cluster, branch)
    _make_current(cluster, worker, branch, world)
    return world


def _make_current(cluster: str, worker: str, branch: int, world: World) -> None:
    held = Cluster.objects.filter(id=cluster, worker=worker)
    if held.update(branch=branch, head=world.revision, now=world.now, used=timezone.now()) != 1:
        raise LeaseLost(cluster)
    projection.replace_all(cluster, world)


# --- letting go ---------------------------------------------------------------------------------------------------


@transaction.atomic
def compact(cluster: str) -> bool:
    """Let the oldest history go when there is too much; True when something went.

    What is kept starts at a Snapshot of the current line. Other branches that left it earlier go too.
    """
    row = Cluster.objects.get(id=cluster)
    count = Revision.objects.filter(cluster=cluster).count()
    if count <= MAX_REVISIONS and row.journal_bytes <= MAX_JOURNAL_BYTES:
        return False
    line = lineage(cluster, row.branch)
    start = _compaction_start(cluster, line, row.head)
    if start is None:
        return False
    kept_branches = {number for number, _, _ in line}
    numbers = _doomed_branches(cluster, kept_branches, start)
    doomed = Branch.objects.filter(cluster=cluster, number__in=numbers)
    for model in (Revision, Snapshot):
        model.objects.filter(cluster=cluster, branch__in=numbers).delete()
    doomed.delete()
    Revision.objects.filter(cluster=cluster, branch__in=kept_branches, revision__lte=start).delete()
    Snapshot.objects.filter(cluster=cluster, branch__in=kept_branches, revision__lt=start).delete()
    sizes = Revision.objects.filter(cluster=cluster).values_list("header", "entry").iterator()
    Cluster.objects.filter(id=cluster).update(journal_bytes=sum(len(header) + len(entry) for header, entry in sizes))
    return True


def _doomed_branches(cluster: str, kept: set[int], start: int) -> list[int]:
    """Branches that began before `start`, and those that left them later: without its parent a branch cannot be built."""
    doomed: list[int] = []
    for line in Branch.objects.filter(cluster=cluster).exclude(number__in=kept).order_by("number"):
        if line.forked_at < start or line.parent in doomed:
            doomed.append(line.number)
    return doomed


def prune() -> int:
    """Delete first-page clusters unused for a day and sandboxes unused for 30 days; returns how many went.

    A cluster that a worker holds is in use, whatever its date says.
    """
    now = timezone.now()
    idle = Cluster.objects.exclude(leased_until__gt=now)
    old = idle.filter(purpose=HOME, used__lt=now - HOME_KEPT) | idle.exclude(purpose=HOME).filter(used__lt=now - SANDBOX_KEPT)
    # One by one: a cluster's history can be large, and one transaction for all would keep writers waiting.
    doomed = list(old.values_list("id", flat=True))
    for identifier in doomed:
        Cluster.objects.filter(id=identifier).delete()
    return len(doomed)


def _compaction_start(cluster: str, line: list[tuple[int, int, int | None]], head: int) -> int | None:
    for number, after, until in line:
        snapshots = Snapshot.objects.filter(cluster=cluster, branch=number, revision__lte=head - KEEP_REVISIONS)
        if until is not None:
            snapshots = snapshots.filter(revision__lte=until)
        newest = snapshots.filter(revision__gt=after).order_by("-revision").values_list("revision", flat=True).first()
        if newest is not None:
            return int(newest)
    return None
