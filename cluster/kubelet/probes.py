"""Probes, computed instead of repeated: when will their outcome change the state of a container?

pkg/kubelet/prober: a probe runs every period from initialDelaySeconds on; failureThreshold failures or
successThreshold successes in a row turn its result. Only these turns matter, and the first failure, which is reported.

What is known of one probe of one run of a container is a ledger, kept as JSON: `first` (when it was first made, ms),
`runs` ([since, good, text], each as long as equal outcomes followed one another; good is null for an outcome that is thrown
away), `result` (what the prober had before the first run) and `until` (how far the future is known; null for ever).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from cluster.objects import times
from cluster.objects.documents import Document

READY = "ready"
UNREADY = "unready"
STARTED = "started"
UNHEALTHY = "unhealthy"
WARNING = "warning"
KILL = "kill"
TOUCH = "touch"

STARTUP, LIVENESS, READINESS = "startup", "liveness", "readiness"
FIELDS = {STARTUP: "startupProbe", LIVENESS: "livenessProbe", READINESS: "readinessProbe"}
# The prober's result before the first one counts (pkg/kubelet/prober/worker.go).
INITIAL: Mapping[str, bool | None] = {STARTUP: None, LIVENESS: True, READINESS: False}
# Until the prober has noticed that a container runs.
NOTICED = times.SECOND
# How many probes in a row are looked at after the last known change inside the container.
HORIZON = 5_000
# How many turns of the past are kept.
MOST_RUNS = 100

Ledger = dict[str, Any]


class Outcome(NamedTuple):
    """What one probe came to."""

    good: bool | None  # None: it could not be made, and does not count
    text: str = ""  # the complaint, or the warning of one that is good
    touched: bool = False  # whether it has changed files, so that it has to be made in earnest


class Moment(NamedTuple):
    """Something that a probe brings about, at a virtual time (ms)."""

    at: int
    what: str
    text: str = ""  # UNHEALTHY, WARNING: the event's message; KILL, TOUCH: which probe


Ask = Callable[[str, Document, int], Outcome]  # (which probe, the probe, when) -> its outcome


class Future(NamedTuple):
    """What is known of a container's inside: when it changes, and until when that is known (None: for ever)."""

    turns: Sequence[int]
    until: int | None


def foreseen(
    container: Document, started: int, ledgers: Mapping[str, Ledger], since: int, ask: Ask, future: Future
) -> dict[str, Ledger]:
    """The ledgers of a container's probes; what they hold from `since` on is asked anew."""
    found: dict[str, Ledger] = {}
    begun: int | None = started
    if container.get("startupProbe"):
        found[STARTUP] = _continued(STARTUP, container, started, started, ledgers, since, ask, future)
        begun = _succeeded(container["startupProbe"], found[STARTUP])
    for kind in (READINESS, LIVENESS):
        if container.get(FIELDS[kind]) and begun is not None:
            found[kind] = _continued(kind, container, started, begun, ledgers, since, ask, future)
    return found


def moments(container: Document, started: int, ledgers: Mapping[str, Ledger]) -> list[Moment]:
    """Everything that the probes bring about during this run of the container, in order of time."""
    found: list[Moment] = []
    begun: int | None = started
    if container.get("startupProbe"):
        turns = list(_turns(STARTUP, container["startupProbe"], ledgers[STARTUP])) if STARTUP in ledgers else []
        found += [moment for moment in turns if moment.what not in (READY, UNREADY)]
        begun = next((moment.at for moment in turns if moment.what == READY), None)
    if begun is not None:
        found.append(Moment(begun, STARTED))
        if not container.get("readinessProbe"):
            found.append(Moment(begun, READY))
    for kind in (READINESS, LIVENESS):
        if kind in ledgers:
            found += [m for m in _turns(kind, container[FIELDS[kind]], ledgers[kind]) if kind == READINESS or m.what != READY]
    return sorted(found, key=lambda moment: moment.at)


def period_of(probe: Document) -> int:
    """Milliseconds from one probe to the next."""
    return int(probe.get("periodSeconds") or 10) * times.SECOND


def made(kind: str, probe: Document, ledger: Ledger, until: int) -> Iterator[tuple[int, bool | None, str]]:
    """Every probe that was made up to a time: (when, good, text)."""
    runs, end = ledger["runs"], _end_of(kind, probe, ledger)
    last = min(each for each in (until, end, ledger.get("until")) if each is not None)
    for index, (at, good, text) in enumerate(runs):
        following = runs[index + 1][0] if index + 1 < len(runs) else last + 1
        for moment in range(at, min(following, last + 1), period_of(probe)):
            yield moment, good, text


def following(kind: str, probe: Document, ledger: Ledger, now: int) -> int | None:
    """When the next probe after a time is due; None when none will be made."""
    period, first = period_of(probe), int(ledger["first"])
    due = first if now < first else first + ((now - first) // period + 1) * period
    end = _end_of(kind, probe, ledger)
    return due if end is None or due <= end else None


# --- asking ----------------------------------------------------------------------------------------------------------


def _continued(
    kind: str, container: Document, started: int, begun: int, ledgers: Mapping[str, Ledger], since: int, ask: Ask,
    future: Future,
) -> Ledger:
    probe = container[FIELDS[kind]]
    before = ledgers.get(kind) or {"first": _first_tick(probe, started, begun), "runs": [], "result": INITIAL[kind]}
    ended = _end_of(kind, probe, before)
    if ended is not None and ended < since:
        return before
    kept = [run for run in before["runs"] if run[0] < since]
    ledger: Ledger = {**_shortened(probe, {**before, "runs": kept}), "until": future.until}
    _ask_on(kind, probe, ledger, max(since, before["first"]), ask, future)
    return ledger


def _ask_on(kind: str, probe: Document, ledger: Ledger, since: int, ask: Ask, future: Future) -> None:
    """Make the probes from a time on, until nothing can change any more, and note the runs of equal outcomes."""
    period, runs = period_of(probe), ledger["runs"]
    at = ledger["first"] + -(-(since - ledger["first"]) // period) * period
    last = max([*future.turns, since], default=since)
    known: dict[int, Outcome] = {}
    for _ in range(HORIZON):
        if future.until is not None and at > future.until:
            return
        # Between two turns nothing changes inside the container: one answer serves for all probes.
        part = bisect_right(future.turns, at)
        if part not in known:
            known[part] = ask(kind, probe, at)
        outcome = known[part]
        if not runs or runs[-1][1:] != [outcome.good, outcome.text]:
            runs.append([at, outcome.good, outcome.text])
        if outcome.touched:
            ledger["until"], ledger["touch"] = at, at
            return
        if at > last:
            return
        if kind != READINESS and _end_of(kind, probe, {**ledger, "until": at}) is not None:
            return
        at += period
    ledger["until"] = at


def _first_tick(probe: Document, started: int, begun: int) -> int:
    delay = started + max(int(probe.get("initialDelaySeconds") or 0) * times.SECOND, NOTICED)
    return delay if delay >= begun else delay + -(-(begun - delay) // period_of(probe)) * period_of(probe)


def _shortened(probe: Document, ledger: Ledger) -> Ledger:
    """The ledger without its oldest runs when there are very many; their result stays."""
    runs = ledger["runs"]
    if len(runs) <= MOST_RUNS:
        return ledger
    cut = len(runs) - MOST_RUNS // 2
    end = runs[cut][0]
    result = ledger["result"]
    for moment in _turns("", probe, {**ledger, "runs": runs[:cut], "until": end - 1}):
        result = {READY: True, UNREADY: False}.get(moment.what, result)
    return {**ledger, "runs": runs[cut:], "result": result}


# --- what follows ----------------------------------------------------------------------------------------------------


def _succeeded(probe: Document, ledger: Ledger) -> int | None:
    return next((moment.at for moment in _turns(STARTUP, probe, ledger) if moment.what == READY), None)


def _end_of(kind: str, probe: Document, ledger: Ledger) -> int | None:
    """When a probe is made for the last time: a startup probe once it has a result, a liveness probe once it has failed."""
    ends = {STARTUP: (READY, KILL), LIVENESS: (KILL,), READINESS: ()}[kind]
    return next((moment.at for moment in _turns(kind, probe, ledger) if moment.what in ends), None)


def _turns(kind: str, probe: Document, ledger: Ledger) -> Iterator[Moment]:
    """READY, UNREADY and KILL where the result turns, UNHEALTHY at the first of equal failures in a row."""
    period, runs, result = period_of(probe), ledger["runs"], ledger["result"]
    needed = {True: int(probe.get("successThreshold") or 1), False: int(probe.get("failureThreshold") or 3)}
    streak, previous = 0, None
    for index, (at, good, text) in enumerate(runs):
        following = runs[index + 1][0] if index + 1 < len(runs) else None
        if text:
            yield _told(kind, at, good, text)
        if good is None:
            continue
        streak = streak if good == previous else 0
        previous = good
        turn = at + max(0, needed[good] - streak - 1) * period
        end = following - period if following is not None else ledger.get("until")
        if result != good and (end is None or turn <= end):
            result = good
            yield from _turned(kind, good, turn)
            if not good and kind in (LIVENESS, STARTUP):
                return
        if following is not None:
            streak += (following - at) // period
    if ledger.get("touch") is not None:
        yield Moment(ledger["touch"], TOUCH, kind)


def _told(kind: str, at: int, good: bool | None, text: str) -> Moment:
    title = kind.capitalize()
    if good:
        return Moment(at, WARNING, f"{title} probe warning: {text}")
    if good is None:
        return Moment(at, UNHEALTHY, f"{title} probe errored and resulted in unknown state: {text}")
    return Moment(at, UNHEALTHY, f"{title} probe failed: {text}")


def _turned(kind: str, good: bool, at: int) -> Iterator[Moment]:
    if good:
        yield Moment(at, READY)
    elif kind == READINESS:
        yield Moment(at, UNREADY)
    else:
        yield Moment(at, KILL, kind)
