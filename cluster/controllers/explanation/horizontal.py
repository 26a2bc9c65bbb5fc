"""How a HorizontalPodAutoscaler comes to its number: each step from what Pods use to the size that is set."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cluster.apiserver.reader import Reader
from cluster.controllers.explanation.words import MEND, NEXT, STATE, SUM, Cell, Explained, Table, Word, seconds, table, word
from cluster.controllers.horizontal import ABLE, ACTIVE, PERIOD, HorizontalController, Look
from cluster.controllers.horizontal_behavior import UP_FACTOR, UP_MINIMUM, History, limit_steps, windows
from cluster.controllers.horizontal_metrics import tolerances
from cluster.machinery.rehearsal import Stage
from cluster.objects import metadata
from cluster.objects.conditions import condition
from cluster.objects.documents import Document
from cluster.objects.kinds import horizontalpodautoscaler as hpas

COLUMNS = ["column.pod", "column.used", "column.request", "column.counts"]


def explained(reader: Reader, hpa: Document) -> Explained:
    """What a look at this moment would compute; the controller looks every 15 s."""
    stage = Stage(reader.world, HorizontalController.name, (metadata.namespace(hpa), metadata.name(hpa)))
    look = Look(stage, hpa, stage.memory(stage.key) or {})
    # The look itself will add to what is remembered.
    before = History(*([list(mark) for mark in marks] for marks in look.history))
    look.run()
    tables = [one for found in look.why.get("metrics", []) for one in _amounts(found)]
    return Explained(list(_words(look, before)), tables)


def _words(look: Look, before: History) -> Iterator[Word]:
    hpa, why = look.hpa, look.why
    target = hpas.target(hpa)
    yield word(
        "hpa.state", STATE, name=metadata.name(hpa), kind=target.get("kind", ""), target=target.get("name", ""),
        least=hpas.least(hpa), most=hpas.most(hpa), current=why.get("current", 0),
    )
    for kind in (ABLE, ACTIVE):
        found = condition({"status": {"conditions": look.conditions}}, kind)
        if found is not None and found["status"] == "False":
            yield word("hpa.unable", reason=found["reason"], message=found["message"])
            yield from _remedies(found["reason"])
    for metric in why.get("metrics", []):
        yield from _metric(hpa, metric)
    if "proposed" in why:
        yield from _from_proposal_to_size(look, before)
    elif "reason" in why:
        yield word("hpa.out-of-bounds", SUM, current=why["current"], desired=why["desired"])
    yield word("hpa.period", NEXT, seconds=seconds(-look.now % PERIOD or PERIOD))


def _remedies(reason: str) -> Iterator[Word]:
    if reason == "FailedGetResourceMetric":
        yield word("hpa.requests-mend", MEND)
    elif reason in ("FailedGetPodsMetric", "FailedGetObjectMetric", "FailedGetExternalMetric"):
        yield word("hpa.adapter-mend", MEND)


# --- from use to a proposal --------------------------------------------------------------------------------------


def _metric(hpa: Document, metric: dict[str, Any]) -> Iterator[Word]:
    """The ratio, whether it is worth doing something, and the replicas it asks for (replica_calculator.go)."""
    resource, goal = metric["metric"].split(" ")[0], metric["target"]
    average = goal.get("averageValue")
    used = sum(metric["amounts"].values())
    if average is None:
        asked = sum(metric["requests"][name] for name in metric["amounts"])
        yield word(
            "hpa.utilization", SUM, resource=resource, used=amount(resource, used), asked=amount(resource, asked),
            percent=metric["share"], target=goal.get("averageUtilization", 0),
            ratio=metric["ratio"],
        )
    else:
        mean = amount(resource, metric["average"])
        yield word("hpa.average", SUM, resource=resource, average=mean, target=average, ratio=metric["ratio"])
    down, up = tolerances(hpa)
    if metric["within_tolerance"] and metric["assumed"] is None:
        yield word("hpa.within", SUM, least=_plain(1 - down), most=_plain(1 + up), current=metric["current"])
    elif metric["assumed"] is None:
        yield word("hpa.ceiling", SUM, ratio=metric["ratio"], ready=metric["ready"], proposed=metric["proposed"])
    else:
        yield word("hpa.cautious", SUM, pods=[*metric["unready"], *metric["missing"]], proposed=metric["proposed"])


def _plain(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")


def amount(resource: str, thousandths: int) -> str:
    """CPU in millicores, memory in Mi."""
    return f"{thousandths}m" if resource == "cpu" else f"{thousandths / 1000 / (1 << 20):.0f}Mi"


def _amounts(metric: dict[str, Any]) -> list[Table]:
    """What each Pod uses, and whether it counts."""
    resource = metric["metric"].split(" ")[0]
    rows: list[list[Cell]] = []
    for name in sorted({*metric["amounts"], *metric["unready"], *metric["missing"], *metric["ignored"]}):
        used, asked = metric["amounts"].get(name), metric["requests"].get(name)
        rows.append([
            name, "" if used is None else amount(resource, used), "" if asked is None else amount(resource, asked),
            _standing(metric, name),
        ])
    return table("table.amounts-cpu" if resource == "cpu" else "table.amounts-memory", COLUMNS, rows)


def _standing(metric: dict[str, Any], name: str) -> Cell:
    for group in ("ignored", "unready", "missing"):
        if name in metric[group]:
            assumed = (metric["assumed"] or {}).get(name)
            if assumed is not None:
                resource = metric["metric"].split(" ")[0]
                return word(f"hpa.{group}-assumed", "cell", amount=amount(resource, assumed))
            return word(f"hpa.{group}", "cell")
    return word("cell.yes", "cell")


# --- from a proposal to a size -----------------------------------------------------------------------------------


def _from_proposal_to_size(look: Look, before: History) -> Iterator[Word]:
    hpa, why = look.hpa, look.why
    if len(why["metrics"]) > 1:
        yield word("hpa.largest", SUM, metric=why["metric"], proposed=why["proposed"])
    up, down = windows(hpa)
    recent = [f"{number} ({seconds(look.now - when)} s)" for number, when in before.recommendations][-8:]
    if why["stabilized"] != why["proposed"]:
        held = why["stabilized"] < why["proposed"]
        key, window = ("hpa.stabilized-up", up) if held else ("hpa.stabilized-down", down)
        yield word(key, SUM, stabilized=why["stabilized"], proposed=why["proposed"], window=window, recent=recent)
    elif why["proposed"] != why["current"]:
        yield word("hpa.not-stabilized", SUM, window=up if why["proposed"] > why["current"] else down)
    yield from _rates(look, before)
    if why["desired"] == why["current"]:
        yield word("hpa.stays", NEXT, current=why["current"])
    else:
        yield word("hpa.sets", NEXT, current=why["current"], desired=why["desired"])


def _rates(look: Look, before: History) -> Iterator[Word]:
    """How fast the size may change: the policies of the direction, or the habits where there are none."""
    hpa, why = look.hpa, look.why
    wanted, current = why["stabilized"], why["current"]
    if wanted == current:
        return
    if hpas.behavior(hpa) is None:
        if wanted > current:
            fastest = max(UP_FACTOR * current, UP_MINIMUM)
            yield word("hpa.habit", SUM, fastest=fastest, factor=UP_FACTOR, minimum=UP_MINIMUM)
    else:
        choice, steps = limit_steps(hpa, before, current, look.now, up=wanted > current)
        for step in steps:
            yield word(
                "hpa.policy-pods" if step["type"] == hpas.PODS_POLICY else "hpa.policy-percent", SUM, value=step["value"],
                period=step["period"], start=step["start"], limit=step["limit"],
            )
        yield word(f"hpa.select-{choice.lower()}", SUM)
    if why["limit"] != "DesiredWithinRange":
        yield word(f"hpa.limit-{why['limit'].lower()}", SUM, stabilized=wanted, desired=why["desired"])


