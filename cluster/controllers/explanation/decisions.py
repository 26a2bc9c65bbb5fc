"""The records that controllers leave with their writes, put into words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cluster.controllers.explanation.words import Word, seconds, word

DECISION = "decision"
Record = Mapping[str, Any]


def words_of(why: Any) -> list[Word]:
    """Why a step was made, from its record; nothing for a record that has no sentence here (the scheduler's has its own)."""
    tell = _TELLERS.get(why.get("decision", "")) if isinstance(why, dict) else None
    return list(tell(why)) if tell else []


def _word(key: str, **args: Any) -> Word:
    return word(f"decision.{key}", DECISION, **args)


def _scale_down(why: Record) -> Iterator[Word]:
    if "place" in why:
        yield _word("scale-down", count=why["of"], place=why["place"], kept=why["kept"]["name"])
    yield word(f"rank.{why['rule']}", DECISION)


def _rolling(why: Record) -> Iterator[Word]:
    yield _word(
        "rolling", want=why["desired"], most=why["maxTotal"], least=why["minAvailable"], total=why["total"],
        available=why["available"], allowed=why.get("allowed", 0),
    )
    if why.get("unhealthy"):
        yield _word("unhealthy", count=why["unhealthy"])


def _recreate(why: Record) -> Iterator[Word]:
    yield _word("recreate", count=why["oldPods"]) if why["oldPods"] else _word("recreate-done")


def _sized(why: Record) -> Iterator[Word]:
    yield _word(why["decision"], want=why["desired"], most=why.get("maxTotal", 0))


def _stateful(why: Record) -> Iterator[Word]:
    yield _word(f"stateful-{why['rule']}", ordinal=why["ordinal"])


def _stateful_wait(why: Record) -> Iterator[Word]:
    yield _word("stateful-wait", pod=why["pod"].rpartition("/")[2])


def _daemon(why: Record) -> Iterator[Word]:
    yield _word(f"daemon-{why['rule']}", node=why["node"])


def _job_wait(why: Record) -> Iterator[Word]:
    waited = why["until"] - why["lastFailure"] if why.get("lastFailure") is not None else 0
    yield _word("job-wait", failures=why["failures"], seconds=seconds(waited))


def _job_end(why: Record) -> Iterator[Word]:
    yield _word("job-end", reason=why["reason"], message=why["message"])


def _job_delete(why: Record) -> Iterator[Word]:
    yield _word(f"job-delete-{why['rule']}")
    if "because" in why:
        yield word(f"rank.{why['because']}", DECISION)
        yield _word("job-kept", kept=why["kept"])


def _cronjob(why: Record) -> Iterator[Word]:
    yield _word("cronjob", late=seconds(why["late"]), policy=why["policy"])


def _cronjob_delete(why: Record) -> Iterator[Word]:
    yield _word(f"cronjob-{why['rule']}", limit=why["limit"])


def _autoscale(why: Record) -> Iterator[Word]:
    if "proposed" in why:
        yield _word(
            "autoscale", current=why["current"], proposed=why["proposed"], stabilized=why["stabilized"], desired=why["desired"],
        )
    elif "desired" in why:
        yield _word(
            "autoscale-bounds", current=why["current"], least=why["least"], most=why["most"], desired=why["desired"],
        )


def _evict(why: Record) -> Iterator[Word]:
    taint = why["taint"]
    text = f"{taint['key']}{'=' + taint['value'] if taint.get('value') else ''}:{taint['effect']}"
    yield _word("evict", node=why["node"], taint=text, seconds=why["tolerationSeconds"] or 0)


def _eviction(why: Record) -> Iterator[Word]:
    yield _word(
        "eviction", node=why["node"], resource=why["resource"], available=_bytes(why["available"]),
        threshold=_bytes(why["threshold"]),
    )
    candidates = [one for one in why["ranking"] if not one["critical"]]
    for key, one in zip(("eviction-first", "eviction-next"), candidates, strict=False):
        yield _word(
            key, pod=one["pod"].rpartition("/")[2], used=_bytes(one["used"]), request=_bytes(one["request"]),
            priority=one["priority"],
        )


def _bytes(amount: int) -> str:
    """Bytes in whole Mi, as people read them."""
    return f"{amount >> 20}Mi"


def _unknown(why: Record) -> Iterator[Word]:
    yield _word("unknown", seconds=why["graceSeconds"])


def _garbage(why: Record) -> Iterator[Word]:
    yield _word("garbage", owner=why["owner"], policy=why["policy"])


_TELLERS: dict[str, Callable[[Record], Iterator[Word]]] = {
    "scale-down": _scale_down, "rolling-update": _rolling, "recreate": _recreate, "scale": _sized, "saturated": _sized,
    "proportional": _sized, "stateful": _stateful, "stateful-wait": _stateful_wait, "daemon": _daemon, "job-wait": _job_wait,
    "job-end": _job_end, "job-delete": _job_delete, "cronjob": _cronjob, "cronjob-delete": _cronjob_delete,
    "autoscale": _autoscale, "evict": _evict, "eviction": _eviction, "unknown": _unknown, "garbage": _garbage,
}

