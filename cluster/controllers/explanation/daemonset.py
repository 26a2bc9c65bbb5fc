"""On which nodes a DaemonSet runs and on which not, and how far its rolling update may go now."""

from __future__ import annotations

from collections.abc import Iterator

from cluster.apiserver.reader import Reader
from cluster.controllers import daemonset_update, pod_control
from cluster.controllers.daemonset import FAILED, ByNode, DaemonSetController, by_node, current_revision
from cluster.controllers.daemonset_nodes import Wish, wish
from cluster.controllers.explanation.hindrance import hindrance, hindrances
from cluster.controllers.explanation.refusals import refused
from cluster.controllers.explanation.words import MEND, STATE, SUM, Cell, Explained, Word, seconds, table, word
from cluster.machinery.rehearsal import Stage, rehearse
from cluster.objects import metadata
from cluster.objects.documents import Document
from cluster.objects.kinds import controllerrevision as revisions
from cluster.objects.kinds import daemonset as daemonsets
from cluster.objects.kinds import pod as pods

COLUMNS = ["column.node", "column.runs-here", "column.because", "column.pod", "column.version", "column.standing"]


def explained(reader: Reader, daemonset: Document) -> Explained:
    key = (metadata.namespace(daemonset), metadata.name(daemonset))
    stage = Stage(reader.world, DaemonSetController.name, key)
    placed = by_node(pod_control.claim(stage, daemonset, "pods", daemonsets.selector(daemonset)).owned)
    wishes = {metadata.name(node): wish(daemonset, node) for node in reader.list("nodes")}
    words = list(_words(stage, daemonset, placed, wishes))
    rows = [
        _row(reader, daemonset, name, wanted, _first(placed.get(name, []))) for name, wanted in sorted(wishes.items())
    ]
    return Explained(words, table("table.nodes", COLUMNS, rows))


def _first(found: list[Document]) -> Document | None:
    alive = [pod for pod in found if not metadata.is_being_deleted(pod)]
    return next(iter(alive or found), None)


def _words(stage: Stage, daemonset: Document, placed: ByNode, wishes: dict[str, Wish]) -> Iterator[Word]:
    desired = [name for name, wanted in wishes.items() if wanted.run]
    alive = [pod for found in placed.values() for pod in found if not metadata.is_being_deleted(pod)]
    delay = daemonsets.min_ready_seconds(daemonset)
    available = sum(pods.is_available(pod, delay, stage.now) for pod in alive)
    yield word(
        "daemonset.state", STATE, name=metadata.name(daemonset), nodes=len(wishes), desired=len(desired), available=available,
    )
    if metadata.is_being_deleted(daemonset):
        return
    missing = [name for name in desired if name not in placed]
    if missing:
        yield word("daemonset.missing", nodes=missing)
        yield from _refusal(stage, daemonset)
    yield from _update(stage, daemonset, placed, wishes, alive)
    yield from _backed_off(stage, daemonset)
    yield from hindrances(stage, alive, delay)


def _refusal(stage: Stage, daemonset: Document) -> Iterator[Word]:
    """What keeps a missing Pod from being made, when something does."""
    if rehearse(stage.world, DaemonSetController(), stage.key).error is not None:
        yield from refused(stage, pod_control.pod_from_template(daemonset["spec"]["template"], daemonset))


def _update(
    stage: Stage, daemonset: Document, placed: ByNode, wishes: dict[str, Wish], alive: list[Document]
) -> Iterator[Word]:
    current = current_revision(stage, daemonset)
    if current is None:
        return
    hash_ = metadata.labels(current)[daemonsets.HASH_LABEL]
    old = [metadata.name(pod) for pod in alive if not daemonset_update.is_updated(daemonset, pod, hash_)]
    if not old:
        return
    yield word("daemonset.outdated", SUM, count=len(old), pods=old, number=revisions.number(current))
    if not daemonsets.is_rolling(daemonset):
        yield word("daemonset.on-delete")
        yield word("daemonset.on-delete-mend", MEND, pods=old)
        return
    plan = daemonset_update.plan(daemonset, placed, wishes, hash_, stage.now)
    surging = daemonsets.max_surge(daemonset, sum(wanted.run for wanted in wishes.values())) > 0
    yield word("daemonset.surge" if surging else "daemonset.budget", SUM, budget=plan.budget, used=plan.used)
    if not plan.delete and not plan.create:
        yield word("daemonset.waits", budget=plan.budget, used=plan.used)


def _backed_off(stage: Stage, daemonset: Document) -> Iterator[Word]:
    """Nodes on which its Pod fails again and again, and when the next one comes."""
    for key, note in stage.memories(FAILED, *stage.key):
        left = note["since"] + note["delay"] - stage.now
        if left > 0 and note["generation"] == daemonset["status"].get("observedGeneration"):
            yield word("daemonset.backed-off", node=key[-1], seconds=seconds(left), delay=seconds(note["delay"]))


def _row(reader: Reader, daemonset: Document, name: str, wanted: Wish, pod: Document | None) -> list[Cell]:
    runs = "cell.yes" if wanted.run else "cell.may-stay" if wanted.stay else "cell.no"
    because: Cell = word(f"daemonset.not-{wanted.rule}", "cell", detail=wanted.detail) if wanted.rule else ""
    if pod is None:
        standing: Cell = word("standing.missing", "cell") if wanted.run else ""
        return [name, word(runs, "cell"), because, "", "", standing]
    problem = hindrance(reader, pod, daemonsets.min_ready_seconds(daemonset))
    hash_ = metadata.labels(pod).get(daemonsets.HASH_LABEL, "")
    revision = reader.get(revisions.RESOURCE, metadata.namespace(pod), f"{metadata.name(daemonset)}-{hash_}")
    version = f"v{revisions.number(revision)}" if revision else ""
    return [
        name, word(runs, "cell"), because, metadata.name(pod), version, problem or word("standing.available", "cell"),
    ]
