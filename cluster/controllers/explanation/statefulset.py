"""Why a StatefulSet waits: which ordinal holds up the others, and what mends an update that is stuck."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cluster.apiserver.errors import APIError
from cluster.apiserver.reader import Reader
from cluster.controllers import pod_control
from cluster.controllers.explanation.hindrance import hindrance, hindrances
from cluster.controllers.explanation.words import MEND, NEXT, STATE, SUM, Cell, Explained, Word, table, word
from cluster.controllers.statefulset import Blocked, StatefulSetController, act, revisions_of
from cluster.controllers.statefulset_pods import Members, Revisions, is_member, members, revision_of
from cluster.machinery.rehearsal import Stage
from cluster.objects import metadata
from cluster.objects.documents import Document
from cluster.objects.kinds import controllerrevision as revisions
from cluster.objects.kinds import pod as pods
from cluster.objects.kinds import statefulset as statefulsets

COLUMNS = ["column.ordinal", "column.pod", "column.version", "column.standing"]


def explained(reader: Reader, statefulset: Document) -> Explained:
    stage = Stage(reader.world, StatefulSetController.name, (metadata.namespace(statefulset), metadata.name(statefulset)))
    owned = pod_control.claim(
        stage, statefulset, "pods", statefulsets.selector(statefulset), lambda pod: is_member(statefulset, pod)
    ).owned
    placed, found = members(statefulset, owned), revisions_of(stage, statefulset)
    words = list(_words(stage, statefulset, found, placed))
    if found is None:
        return Explained(words, [])
    return Explained(words, table("table.ordinals", COLUMNS, _rows(reader, statefulset, found, placed)))


def _words(stage: Stage, statefulset: Document, found: Revisions | None, placed: Members) -> Iterator[Word]:
    delay = statefulsets.min_ready_seconds(statefulset)
    available = sum(pods.is_available(pod, delay, stage.now) for pod in placed.present)
    yield word(
        "statefulset.state", STATE, name=metadata.name(statefulset), want=statefulsets.replicas(statefulset),
        have=len(placed.present), available=available,
    )
    yield word("statefulset.parallel" if statefulsets.is_parallel(statefulset) else "statefulset.ordered", SUM)
    if found is None:
        yield word("statefulset.new-revision", NEXT)
        return
    yield from _update_rules(statefulset, found, placed)
    if metadata.is_being_deleted(statefulset):
        return
    blocked: Blocked | None = None
    try:
        act(stage, statefulset, found, placed)
    except Blocked as found_out:
        blocked = found_out
    except APIError as error:
        yield word("statefulset.error", message=error.message)
    if stage.wrote and stage.story is not None:
        yield from _next(stage.story.key, stage.story.args)
    elif statefulsets.is_parallel(statefulset):
        if blocked is not None and _outdated(found, placed):
            yield word("statefulset.waits-update", pod=str((blocked.why or {}).get("pod", "")).rpartition("/")[2])
        yield from hindrances(stage, placed.present, delay)
    elif blocked is not None:
        yield from _blocked(stage, statefulset, found, blocked.why)


def _next(key: str, args: dict[str, Any]) -> Iterator[Word]:
    """The write that it is about to make."""
    name = str(args.get("pod") or args.get("claim") or "").rpartition("/")[2]
    act_of = {
        "statefulset.create-pod": "creates", "statefulset.create-claim": "claims", "statefulset.delete-update": "replaces",
        "statefulset.delete-scale-down": "shrinks", "statefulset.delete-ended": "clears",
    }.get(key)
    if act_of:
        yield word(f"statefulset.{act_of}", NEXT, pod=name)


# --- updates -----------------------------------------------------------------------------------------------------


def _outdated(found: Revisions, placed: Members) -> list[str]:
    """The Pods that are not of the wanted revision, by name."""
    return [metadata.name(pod) for pod in placed.present if revision_of(pod) != metadata.name(found.update)]


def _update_rules(statefulset: Document, found: Revisions, placed: Members) -> Iterator[Word]:
    """Which Pods the update is for."""
    old = _outdated(found, placed)
    if not old:
        return
    number, border = revisions.number(found.update), statefulsets.partition(statefulset) or 0
    yield word("statefulset.outdated", SUM, count=len(old), pods=old, number=number)
    if not statefulsets.is_rolling(statefulset):
        yield word("statefulset.on-delete")
        yield word("statefulset.on-delete-mend", MEND, pods=old)
    elif border:
        start = statefulsets.ordinals(statefulset).start
        yield word("statefulset.partition", SUM, border=start + border, partition=border)
    else:
        yield word("statefulset.downwards", SUM)


def _blocked(stage: Stage, statefulset: Document, found: Revisions, why: dict[str, Any] | None) -> Iterator[Word]:
    """The Pod that everything waits for, and why."""
    if why is None:
        yield word("statefulset.waits-end")
        return
    _, namespace, name = why["pod"].split("/")
    pod = stage.get("pods", namespace, name)
    yield word(f"statefulset.waits-{why['rule']}", pod=name)
    if pod is None:
        return
    delay = statefulsets.min_ready_seconds(statefulset)
    problem = hindrance(stage, pod, delay)
    if problem is not None:
        yield problem
    if _is_stuck(statefulset, found, pod):
        yield word("statefulset.stuck", pod=name, number=revisions.number(found.update))
        yield word("statefulset.stuck-mend", MEND, pod=name, namespace=namespace)


def _is_stuck(statefulset: Document, found: Revisions, pod: Document) -> bool:
    """Whether a Pod of another template than the wanted one blocks its own replacement: the known limit of OrderedReady."""
    outdated = revision_of(pod) != metadata.name(found.update) and statefulsets.is_rolling(statefulset)
    return outdated and not pods.is_ready(pod) and not metadata.is_being_deleted(pod)


# --- ordinals ----------------------------------------------------------------------------------------------------


def _rows(reader: Reader, statefulset: Document, found: Revisions, placed: Members) -> list[list[Cell]]:
    rows = [
        _row(reader, statefulset, number, statefulsets.pod_name(statefulset, number), pod)
        for number, pod in placed.replicas.items()
    ]
    beyond = [
        _row(reader, statefulset, statefulsets.ordinal(pod), metadata.name(pod), pod, beyond=True)
        for pod in reversed(placed.condemned)
    ]
    return rows + beyond


def _row(
    reader: Reader, statefulset: Document, number: int, name: str, pod: Document | None, *, beyond: bool = False
) -> list[Cell]:
    if pod is None:
        return [number, name, "", word("standing.missing", "cell")]
    revision = reader.get(revisions.RESOURCE, metadata.namespace(pod), revision_of(pod))
    version = f"v{revisions.number(revision)}" if revision else revision_of(pod)
    problem = hindrance(reader, pod, statefulsets.min_ready_seconds(statefulset))
    if problem is None:
        problem = word("standing.surplus" if beyond else "standing.available", "cell")
    return [number, name, version, problem]


