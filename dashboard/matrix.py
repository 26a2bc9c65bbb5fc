"""The matrix of the Scheduler view: an explained decision (`explaining.rendered`) laid out for its templates.

Rows are nodes, columns the plugins in the order in which they ran: 1 filter, 2 score, 3 pick. Pure; words are in the
language of the request.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Any, NamedTuple

from django.utils.translation import gettext, gettext_noop, ngettext

from cluster.objects import quantity

# Above so many nodes those that were filtered are grouped by reason, above so many only the best of the others are rows.
GROUPED_ABOVE = 20
SEARCHED_ABOVE = 60
BEST_ROWS = 20
EXAMPLES = 5
# The shades of the score stacks; the plugin that decided has the beacon instead.
SHADES = 5
# A stack's drawing is so many units wide.
STACK_WIDTH = 700

# What each plugin asks, for those who step through the columns.
QUESTIONS = {
    "NodeUnschedulable": gettext_noop("Is the node cordoned?"),
    "NodeName": gettext_noop("Does the Pod name this node itself?"),
    "TaintToleration": gettext_noop("Does the Pod tolerate the node's taints?"),
    "NodeAffinity": gettext_noop("Do the node's labels match nodeSelector and node affinity?"),
    "NodePorts": gettext_noop("Are the host ports still free?"),
    "NodeResourcesFit": gettext_noop("Is there room for what the Pod requests?"),
    "VolumeRestrictions": gettext_noop("May its volumes be used here beside the others?"),
    "NodeVolumeLimits": gettext_noop("Can the node attach so many volumes?"),
    "VolumeBinding": gettext_noop("Can its volumes be had on this node?"),
    "VolumeZone": gettext_noop("Are its volumes in the zone of the node?"),
    "PodTopologySpread": gettext_noop("Would the Pods still be spread as asked?"),
    "InterPodAffinity": gettext_noop("Are the Pods here that it wants near, and none that it wants away?"),
    "DynamicResources": gettext_noop("Are the claimed devices here?"),
}
# What it asks when it scores.
SCORE_QUESTIONS = {
    "TaintToleration": gettext_noop("How few of the node's PreferNoSchedule taints does it not tolerate?"),
    "NodeAffinity": gettext_noop("How well do the node's labels match what it prefers?"),
    "NodeResourcesFit": gettext_noop("How much room is on the node?"),
    "VolumeBinding": gettext_noop("How well do the volumes there fit in size?"),
    "PodTopologySpread": gettext_noop("How evenly would its Pods be spread?"),
    "InterPodAffinity": gettext_noop("How many of the Pods that it likes are near?"),
    "NodeResourcesBalancedAllocation": gettext_noop("Would CPU and memory be used evenly?"),
    "ImageLocality": gettext_noop("Are the images on the node already?"),
}
# Why a filter says no, in the two or three words that a cell has room for.
REFUSALS = {
    "NodeUnschedulable": gettext_noop("cordoned"),
    "NodeName": gettext_noop("not the node asked for"),
    "TaintToleration": gettext_noop("untolerated taint"),
    "NodeAffinity": gettext_noop("labels do not match"),
    "NodePorts": gettext_noop("port is taken"),
    "VolumeRestrictions": gettext_noop("volume in use"),
    "NodeVolumeLimits": gettext_noop("too many volumes"),
    "VolumeBinding": gettext_noop("volume not to be had"),
    "VolumeZone": gettext_noop("volume in another zone"),
    "PodTopologySpread": gettext_noop("spread would break"),
    "InterPodAffinity": gettext_noop("unwanted neighbours"),
    "DynamicResources": gettext_noop("no device"),
}
_INSUFFICIENT = re.compile(r"Insufficient ([^\s,]+)")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z]*|[a-z0-9]+")

Row = dict[str, Any]


class Matrix(NamedTuple):
    """What the templates draw. `filters` and `scores` are columns, the folded ones (`idle_…`) the plugins without rules."""

    filters: list[Row]
    idle_filters: list[str]
    scores: list[Row]
    idle_scores: list[str]
    rows: list[Row]
    groups: list[Row]
    hidden: int
    steps: list[Row]
    nodes: int
    width: int

    @property
    def columns(self) -> int:
        """How many columns there are besides the node's name."""
        return len(self.filters) + bool(self.idle_filters) + len(self.scores) + bool(self.idle_scores) + 1


def matrix(explained: Mapping[str, Any], search: str = "") -> Matrix:
    """Lay out an explanation. `search`: only nodes whose name contains it."""
    columns, rows = explained["columns"], explained["rows"]
    filters = [column for column in columns["filters"] if not column["idle"]]
    scores = [column for column in columns["scores"] if not column["idle"]] if columns["scored"] else []
    width = max(1, 100 * sum(column["weight"] for column in scores))
    decisive = next((row["deciding"] for row in rows if row["verdict"] == "chosen"), None)
    shades = _shades(scores, decisive)
    calm = {column["plugin"] for column in filters if not _stops(column["plugin"], rows)}
    preemption = (explained["decision"] or {}).get("preemption") or {}
    layout = _Layout(
        [column["plugin"] for column in filters], calm, scores, shades, width, decisive, preemption.get("node", ""),
        None if explained["before"] is None else {row["node"]: row for row in explained["before"]},
    )
    shown, groups, hidden = _selected(explained, search)
    return Matrix(
        filters=[_filter_head(column["plugin"], at, column["plugin"] in calm) for at, column in enumerate(filters)],
        idle_filters=[column["plugin"] for column in columns["filters"] if column["idle"]],
        scores=[{**_score_head(column), "shade": shades[column["plugin"]], "at": len(filters) + at}
                for at, column in enumerate(scores)],
        idle_scores=[column["plugin"] for column in columns["scores"] if column["idle"] and columns["scored"]],
        rows=[layout.row(row) for row in shown], groups=groups, hidden=hidden,
        steps=_steps(filters, scores, rows), nodes=explained["nodes"], width=width,
    )


# --- columns ------------------------------------------------------------------------------------------------------


def parts(name: str) -> list[str]:
    """The words of a plugin's name, between which a line may break: NodeResourcesFit → Node, Resources, Fit."""
    return _WORD.findall(name) or [name]


def question(plugin: str, *, scoring: bool = False) -> str:
    english = (SCORE_QUESTIONS if scoring else QUESTIONS).get(plugin, "")
    return gettext(english) if english else ""


def _stops(plugin: str, rows: Iterable[Row]) -> bool:
    return any(row["cells"].get(plugin) == "stopped" for row in rows)


def _filter_head(plugin: str, at: int, calm: bool) -> Row:
    """`calm`: it stops no node, so where there is little room its column can be missed."""
    return {"plugin": plugin, "parts": parts(plugin), "question": question(plugin), "at": at, "calm": calm}


def _score_head(column: Mapping[str, Any]) -> Row:
    plugin = column["plugin"]
    return {"plugin": plugin, "name": column["label"], "weight": column["weight"],
            "question": question(plugin, scoring=True)}


def _shades(scores: Iterable[Mapping[str, Any]], decisive: str | None) -> dict[str, str]:
    names = [column["plugin"] for column in scores]
    return {name: "key" if name == decisive else f"s{at % SHADES}" for at, name in enumerate(names)}


def _steps(filters: list[Row], scores: list[Row], rows: list[Row]) -> list[Row]:
    """A sentence for each column that one can step to, the last being the choice."""
    steps = []
    for column in filters:
        plugin = column["plugin"]
        asked = [row for row in rows if row["cells"].get(plugin) in ("pass", "stopped")]
        stopped = sum(row["cells"][plugin] == "stopped" for row in asked)
        result = ngettext("%(n)d node is ruled out", "%(n)d nodes are ruled out", stopped) % {"n": stopped}
        steps.append({"plugin": plugin, "question": question(plugin), "result": result if stopped else gettext("all pass")})
    for column in scores:
        weight = gettext("counts ×%(weight)d") % {"weight": column["weight"]}
        steps.append({"plugin": column["plugin"], "question": question(column["plugin"], scoring=True), "result": weight})
    return steps


# --- rows ---------------------------------------------------------------------------------------------------------


class _Layout(NamedTuple):
    """How a row is laid out: the columns, their shades, and how many points a whole stack is worth."""

    filters: list[str]
    calm: set[str]
    scores: list[Row]
    shades: dict[str, str]
    width: int
    decisive: str | None
    nominated: str
    before: dict[str, Row] | None  # the rows without the changes that are switched on; None when none are

    def row(self, row: Mapping[str, Any]) -> Row:
        stopped = self._stopped_at(row)
        return {
            "node": row["node"], "used": _used(row["used"]), "verdict": row["verdict"],
            "chosen": row["verdict"] == "chosen", "out": row["verdict"] == "filtered", "plugin": row["plugin"],
            "reason": row["reason"], "word": row["word"], "stop": stopped, "total": row["total"],
            "cells": [self._filter_cell(row, plugin, at) for at, plugin in enumerate(self.filters)],
            "scores": [self._score_cell(row, column, len(self.filters) + at) for at, column in enumerate(self.scores)],
            "nominated": row["node"] == self.nominated,
            "stack": self._stack(row),
            "changed": self._changed(row, lambda old: any(old[name] != row[name] for name in ("total", "verdict"))),
        }

    def _changed(self, row: Mapping[str, Any], differs: Callable[[Row], bool]) -> bool:
        """Whether something of the row is not as without the changes; a node that was not there is new in all."""
        if self.before is None:
            return False
        old = self.before.get(row["node"])
        return old is None or differs(old)

    def _stopped_at(self, row: Mapping[str, Any]) -> int | None:
        """The number of the column that stopped the node; 0 when it was ruled out before any filter ran."""
        if row["verdict"] != "filtered":
            return None
        return next((at for at, plugin in enumerate(self.filters) if row["cells"].get(plugin) == "stopped"), 0)

    def _filter_cell(self, row: Mapping[str, Any], plugin: str, at: int) -> Row:
        state = row["cells"].get(plugin, "not-run")
        changed = self._changed(row, lambda old: old["cells"].get(plugin, "not-run") != state)
        cell = {"at": at, "plugin": plugin, "state": state, "changed": changed, "calm": plugin in self.calm}
        if state == "stopped":
            cell |= {"short": refusal(row), "why": shortage(row), "reason": row["reason"]}
        return cell

    def _score_cell(self, row: Mapping[str, Any], column: Mapping[str, Any], at: int) -> Row:
        plugin = column["plugin"]
        score = row["scores"].get(plugin)
        points = score["weighted"] if score else None
        changed = self._changed(row, lambda old: old["scores"].get(plugin) != points)
        decided = plugin == self.decisive and row["verdict"] == "chosen"
        return {"at": at, "plugin": plugin, "score": score, "decided": decided, "changed": changed}

    def _stack(self, row: Mapping[str, Any]) -> list[Row]:
        """The total as segments from left to right, in units of the drawing."""
        segments, x = [], 0.0
        for at, column in enumerate(self.scores):
            score = row["scores"].get(column["plugin"])
            wide = STACK_WIDTH * score["weighted"] / self.width if score else 0.0
            if wide > 0:
                segments.append({
                    "x": f"{x:.1f}", "w": f"{max(wide - 3, 1):.1f}", "shade": self.shades[column["plugin"]],
                    "at": len(self.filters) + at, "points": score["weighted"],
                })
            x += max(wide, 0.0)
        return segments


def refusal(row: Mapping[str, Any]) -> str:
    """Why a filter said no, in few words."""
    short = [one["resource"] for one in _shortages(row)] or _INSUFFICIENT.findall(row["reason"])
    if short:
        return gettext("not enough %(resources)s") % {"resources": ", ".join(short)}
    plugin = row["plugin"]
    return gettext(REFUSALS[plugin]) if plugin in REFUSALS else row["reason"]


def shortage(row: Mapping[str, Any]) -> str:
    """The numbers behind a refusal for want of room: "500m > 300m"; "" for other refusals."""
    return ", ".join(
        f"{_amount(one['resource'], one['needs'])} > {_amount(one['resource'], one['free'])}" for one in _shortages(row)
    )


def _amount(resource: str, number: int | str) -> str:
    """Millicores or bytes as a quantity; what is a text already stays."""
    if isinstance(number, str):
        return number
    if resource == "cpu":
        return quantity.format(Fraction(number, 1000))
    bytes_of = resource in ("memory", "ephemeral-storage") or resource.startswith("hugepages-")
    return quantity.format(number, quantity.Family.BINARY_SI if bytes_of else quantity.Family.DECIMAL_SI)


def _shortages(row: Mapping[str, Any]) -> list[Row]:
    found = (row.get("values") or {}).get("insufficient")
    return found if isinstance(found, list) else []


def _used(used: Mapping[str, str]) -> Row:
    return {
        "cpu": used["cpu"], "cpu_of": used["cpu_allocatable"], "memory": used["memory"], "memory_of": used["memory_allocatable"],
    }


# --- many nodes ---------------------------------------------------------------------------------------------------


def _selected(explained: Mapping[str, Any], search: str) -> tuple[list[Row], list[Row], int]:
    """(rows to draw, groups of the rest, how many feasible nodes are in neither)."""
    rows = [row for row in explained["rows"] if search in row["node"]]
    if explained["nodes"] <= GROUPED_ABOVE or search:
        return sorted(rows, key=_natural)[:SEARCHED_ABOVE], [], 0
    standing = sorted((row for row in rows if row["verdict"] != "filtered"), key=_best_first)
    groups = [_group(group) for group in explained["groups"]] or _grouped(row for row in rows if row["verdict"] == "filtered")
    if explained["nodes"] <= SEARCHED_ABOVE:
        return standing, groups, 0
    grouped = sum(group["count"] for group in groups)
    return standing[:BEST_ROWS], groups, max(0, explained["nodes"] - grouped - len(standing[:BEST_ROWS]))


def _natural(row: Mapping[str, Any]) -> list[Any]:
    """Names in the order in which people count: node-2 before node-10."""
    return [(piece.isdigit(), int(piece) if piece.isdigit() else piece) for piece in re.split(r"(\d+)", row["node"])]


def _best_first(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return (row["verdict"] != "chosen", -(row["total"] or 0), _natural(row))


def _group(group: Mapping[str, Any]) -> Row:
    return {
        "plugin": group["plugin"], "reason": group["reason"], "count": group["count"], "examples": list(group["examples"]),
        "more": max(0, group["count"] - len(group["examples"])), "short": refusal({**group, "values": {}}),
    }


def _grouped(rows: Iterable[Row]) -> list[Row]:
    """The nodes that were ruled out, by what stopped them, the largest group first."""
    found: dict[tuple[str, str], list[str]] = {}
    for row in sorted(rows, key=_natural):
        found.setdefault((row["plugin"], row["reason"]), []).append(row["node"])
    groups = [
        {"plugin": plugin, "reason": reason, "count": len(names), "examples": names[:EXAMPLES]}
        for (plugin, reason), names in found.items()
    ]
    return [_group(group) for group in sorted(groups, key=lambda group: -int(str(group["count"])))]
