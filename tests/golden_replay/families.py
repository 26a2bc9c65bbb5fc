"""Every family of recordings and who replays it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.golden_replay import (
    conditions,
    daemonset,
    decisions,
    jobs,
    node_lifecycle,
    quota,
    rolling,
    scheduling,
    service,
    statefulset,
    storage,
    taints,
)
from tests.golden_replay.report import Report

Family = tuple[Path, Callable[[Path], Report]]

WATCHED = ("a-25-25", "b-1-0", "c-0-1", "d-5-0")


def _decisions(category: str) -> Family:
    return Path(f"scheduler/{category}.json"), partial(decisions.agree, category)


# Name of the family: the file that it needs, and what replays it.
FAMILIES: dict[str, Family] = {
    "rolling": (rolling.FILE, rolling.agrees),
    **{
        f"watch/rolling-{name}": (Path(f"watch/rolling-{name}.jsonl"), partial(rolling.watch_agrees, name))
        for name in WATCHED
    },
    "watch/deployment-conditions": (conditions.WATCH, conditions.watch_agrees),
    "watch/taints": (taints.WATCH, taints.watch_agrees),
    "transcripts/02-deploy-conditions": (conditions.TEXTS, conditions.texts_agree),
    "transcripts/03-scheduling": (scheduling.FACTS, scheduling.agrees),
    "transcripts/04-daemonset": (daemonset.TEXTS, daemonset.texts_agree),
    "transcripts/05-node-lifecycle": (node_lifecycle.TEXTS, node_lifecycle.texts_agree),
    "watch/node-lifecycle": (node_lifecycle.WATCH, node_lifecycle.watch_agrees),
    "transcripts/06-statefulset": (statefulset.TEXTS, statefulset.texts_agree),
    "watch/statefulset-1": (statefulset.WATCH, statefulset.watch_agrees),
    "transcripts/07-job-cronjob": (jobs.TEXTS, jobs.texts_agree),
    "transcripts/09-service": (service.TEXTS, service.texts_agree),
    "transcripts/10-storage": (storage.TEXTS, storage.texts_agree),
    "transcripts/11-quota-limits": (quota.TEXTS, quota.texts_agree),
    "transcripts/13-taints": (taints.TEXTS, taints.texts_agree),
    **{f"scheduler/{category}": _decisions(category) for category in decisions.CATEGORIES},
}
FOLDERS = ("", "watch", "transcripts", "scheduler")
SUFFIXES = (".json", ".jsonl", ".txt")


def asked_for(names: list[str]) -> dict[str, Family]:
    """Families by name; leaves the program for a name that there is not."""
    unknown = [name for name in names if name not in FAMILIES]
    if unknown:
        raise SystemExit(f"no family {', '.join(unknown)}; there are {', '.join(FAMILIES)}")
    return {name: FAMILIES[name] for name in names}


def not_yet(folder: Path) -> list[str]:
    """Recordings that are there and that nothing replays."""
    known = {str(path) for path, _ in FAMILIES.values()}
    found = [path for name in FOLDERS for path in sorted((folder / name).glob("*")) if path.suffix in SUFFIXES]
    return [str(path.relative_to(folder)) for path in found if str(path.relative_to(folder)) not in known | {"conformance.txt"}]
