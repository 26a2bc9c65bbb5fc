"""The drawing of a rollout: where on the picture everything lies, in per cent, so that it fits every width without a script."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext

from dashboard.rollout_words import NOTES, STRETCHES

# Two moments closer than this part of the width are one to the eye.
GRAIN = 1 / 1500
# Distances between the marks of the time axis (ms).
STEPS = (100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_200_000, 3_600_000)
MAX_TICKS = 8
# Labels of what happened keep so much of the width to themselves (per cent).
LABEL = 13.0
MARKS_SHOWN = 12

Row = dict[str, Any]


def per_cent(value: float) -> str:
    """A length in per cent as SVG takes it, whatever the language of the page."""
    return f"{value:.3f}".rstrip("0").rstrip(".") + "%"


def clock(milliseconds: int, tenths: bool = True) -> str:
    """Virtual time as the timeline writes it: 1:05.3."""
    minutes, rest = divmod(milliseconds // 100, 600)
    whole = f"{minutes}:{rest // 10:02}"
    return f"{whole}.{rest % 10}" if tenths else whole


class Scale:
    """Where times and counts lie. Counts grow upwards from the lower edge."""

    def __init__(self, began: int, until: int, top: float) -> None:
        self.began = began
        self.until = max(until, began + 1)
        self.top = max(top, 1.0)

    def x(self, at: int) -> float:
        """Per cent from the left; what lies outside is at the edge."""
        inside = min(max(at, self.began), self.until)
        return 100 * (inside - self.began) / (self.until - self.began)

    def y(self, count: float) -> float:
        """Per cent from above."""
        return 100 - 100 * count / self.top


def figure(picture: Mapping[str, Any], plan: Mapping[str, Any] | None) -> Row:
    """Everything that the picture of a rollout consists of."""
    samples = picture["samples"]
    most = max([sample["ceiling"] for sample in samples] + [_counted(sample) for sample in samples] + [picture["ceiling"]])
    scale = Scale(picture["from"], picture["until"], most * 1.2 + 0.3)
    seen = _thinned(samples, scale)
    order = [group["name"] for group in picture["groups"]]
    return {
        "areas": list(_areas(seen, order, scale)), "edge": list(_steps([(s["at"], _available(s)) for s in seen], scale)),
        "ceiling": list(_steps([(s["at"], s["ceiling"]) for s in seen], scale, rises=False)),
        "floor": list(_steps([(s["at"], s["floor"]) for s in seen], scale, rises=False)),
        "baseline": list(_steps([(at, count) for at, count in plan["baseline"]], scale)) if plan else [],
        "rows": rows(picture, scale), "levels": list(_levels(most, scale)), "ticks": list(_ticks(scale)),
        "notes": list(_notes(picture["notes"], scale)), "now": _now(picture, scale),
        "bounds": _bound_labels(picture, scale),
    }


def _counted(sample: Row) -> int:
    return sum(counts[0] for counts in sample["groups"].values())


def _available(sample: Row) -> int:
    return sum(counts[1] for counts in sample["groups"].values())


def _thinned(samples: Sequence[Row], scale: Scale) -> list[Row]:
    """The samples that can be told apart; the last of several holds."""
    grain = (scale.until - scale.began) * GRAIN
    found: list[Row] = []
    for sample in samples:
        if sample["at"] > scale.until:
            break
        if found and sample["at"] - found[-1]["at"] < grain:
            sample = {**sample, "at": found.pop()["at"]}
        elif found and sample["at"] <= scale.began:
            found.pop()
        found.append(sample)
    return found


# --- counts -----------------------------------------------------------------------------------------------------


def _areas(samples: Sequence[Row], order: Sequence[str], scale: Scale) -> Iterator[Row]:
    """Rectangles: available Pods stacked by revision, on top of them those that are not available yet."""
    layers = [(name, "available") for name in order] + [(name, "missing") for name in order]
    open_: dict[tuple[str, str], tuple[int, int, int]] = {}
    for sample in [*samples, None]:
        at, base = (scale.until, 0) if sample is None else (sample["at"], 0)
        for layer in layers:
            height = _height(sample, layer) if sample is not None else 0
            band = (base, base + height)
            base += height
            begun = open_.get(layer)
            if begun is not None and begun[1:] != band:
                yield _area(layer, order, begun, at, scale)
                del open_[layer]
            if height and layer not in open_:
                open_[layer] = (at, *band)


def _height(sample: Row, layer: tuple[str, str]) -> int:
    counted, available, _ = sample["groups"].get(layer[0], (0, 0, 0))
    return available if layer[1] == "available" else max(0, counted - available)


def _area(layer: tuple[str, str], order: Sequence[str], begun: tuple[int, int, int], end: int, scale: Scale) -> Row:
    start, low, high = begun
    left, upper = scale.x(start), scale.y(high)
    return {
        "group": order.index(layer[0]), "kind": layer[1], "x": per_cent(left), "y": per_cent(upper),
        "w": per_cent(scale.x(end) - left), "h": per_cent(scale.y(low) - upper),
        "from": start, "to": end, "low": low, "high": high,
    }


def _steps(values: Sequence[tuple[int, int | None]], scale: Scale, rises: bool = True) -> Iterator[Row]:
    """A count over time as lines: level, and with `rises` also up and down between the levels."""
    values = [pair for number, pair in enumerate(values) if not number or pair[1] != values[number - 1][1]]
    for number, (at, count) in enumerate(values):
        end = values[number + 1][0] if number + 1 < len(values) else scale.until
        before = values[number - 1][1] if number else None
        if count is None:
            continue
        left, level = per_cent(scale.x(at)), per_cent(scale.y(count))
        if rises and before is not None and before != count and scale.x(at) < 100:
            yield {"x1": left, "x2": left, "y1": per_cent(scale.y(before)), "y2": level}
        yield {"x1": left, "x2": per_cent(scale.x(end)), "y1": level, "y2": level}


def _levels(most: int, scale: Scale) -> Iterator[Row]:
    step = next(step for step in (1, 2, 5, 10, 20, 25, 50, 100, 200, 500) if most / step <= 5.5)
    for count in range(0, most + 1, step):
        yield {"y": per_cent(scale.y(count)), "text": count}


def _bound_labels(picture: Mapping[str, Any], scale: Scale) -> Row:
    """Where the names of ceiling and floor stand, at the right edge; they keep clear of each other."""
    last = picture["samples"][-1] if picture["samples"] else picture
    ceiling, floor = last["ceiling"], last["floor"]
    upper = scale.y(ceiling)
    lower = None if floor is None or floor == ceiling else max(scale.y(floor), upper + 16)
    return {
        "ceiling": {"y": per_cent(upper), "count": ceiling, "wanted": last["wanted"], "more": ceiling - last["wanted"]},
        "floor": None if lower is None else {
            "y": per_cent(lower), "count": floor, "wanted": last["wanted"], "less": last["wanted"] - floor,
        },
    }


# --- time -------------------------------------------------------------------------------------------------------


def _ticks(scale: Scale) -> Iterator[Row]:
    span = scale.until - scale.began
    step = next((step for step in STEPS if span / step <= MAX_TICKS), STEPS[-1])
    first = -(-scale.began // step) * step
    for at in range(first, scale.until + 1, step):
        if scale.x(at) <= 97:
            yield {"x": per_cent(scale.x(at)), "text": clock(at, tenths=step < 1000)}


def _notes(notes: Iterable[Sequence[Any]], scale: Scale) -> Iterator[Row]:
    last = -LABEL
    for at, note in notes:
        place = scale.x(at)
        if scale.began <= at <= scale.until and place - last >= LABEL:
            last = place
            yield {"x": per_cent(place), "text": gettext(NOTES[note]), "end": place > 85}


def _now(picture: Mapping[str, Any], scale: Scale) -> Row:
    """The moment that is shown; `outside` when the rollout was over before."""
    samples = [sample for sample in picture["samples"] if sample["at"] <= picture["now"]]
    here = samples[-1] if samples else None
    place = scale.x(picture["now"])
    counted, available = (_counted(here), _available(here)) if here else (0, 0)
    rise = scale.y(counted)
    return {
        "x": per_cent(place), "veil": per_cent(100 - place), "outside": picture["now"] > scale.until, "end": place > 78,
        "time": clock(picture["now"]), "over": clock(scale.until), "counted": counted, "available": available,
        "y_counted": per_cent(rise), "y_available": per_cent(max(scale.y(available), rise + 11)),
    }


# --- life lines -------------------------------------------------------------------------------------------------


def rows(picture: Mapping[str, Any], scale: Scale) -> list[Row]:
    """A row for each Pod; for each ordinal of a StatefulSet and each node of a DaemonSet, where Pods follow one another."""
    order = {group["name"]: number for number, group in enumerate(picture["groups"])}
    found: dict[Any, Row] = {}
    for line in picture["lines"]:
        name, title = _row_name(picture, line)
        empty: Row = {"name": name, "title": title, "pods": [], "bars": [], "ref": "", "ordinal": line["ordinal"]}
        row = found.setdefault(name, empty)
        row["bars"] += _bars(line, order.get(line["group"], 0), scale)
        row["pods"].append(_life(picture, line))
        alive = line["gone"] is None or line["gone"] > picture["now"]
        if alive and line["stretches"][0][0] <= picture["now"]:
            row["ref"] = f"pods/{picture['ns']}/{line['name']}"
    if picture["kind"] == "Deployment":
        return list(found.values())
    return sorted(found.values(), key=lambda row: (row["ordinal"], str(row["name"])))


def _row_name(picture: Mapping[str, Any], line: Row) -> tuple[str, str]:
    if picture["kind"] == "DaemonSet":
        return line["node"] or "?", line["node"]
    if picture["kind"] == "StatefulSet":
        return line["name"], line["name"]
    return line["name"].rpartition("-")[2], line["name"]


def _bars(line: Row, group: int, scale: Scale) -> Iterator[Row]:
    stretches = line["stretches"]
    end = scale.until if line["gone"] is None else line["gone"]
    for number, (at, stretch) in enumerate(stretches):
        until = stretches[number + 1][0] if number + 1 < len(stretches) else end
        if until <= scale.began or at >= scale.until:
            continue
        left, right = scale.x(at), scale.x(until)
        if right - left > 100 * GRAIN / 2:
            yield {"group": group, "stretch": stretch, "x": per_cent(left), "w": per_cent(right - left)}


def _life(picture: Mapping[str, Any], line: Row) -> Row:
    """One Pod in words, for the table."""
    numbers = {group["name"]: group["number"] for group in picture["groups"]}
    first: dict[str, int] = {}
    for at, stretch in line["stretches"]:
        first.setdefault(stretch, at)
    shown = [stretch for at, stretch in line["stretches"] if at <= picture["now"]]
    gone = line["gone"] is not None and line["gone"] <= picture["now"]

    def when(at: int | None) -> str:
        return clock(at) if at is not None and at <= picture["now"] else ""

    return {
        "name": line["name"], "revision": numbers.get(line["group"], ""), "node": line["node"],
        "created": "" if line["known"] else when(line["stretches"][0][0]),
        "known": line["known"], "available": "" if line["known"] else when(first.get("available")),
        "leaving": when(first.get("terminating")), "gone": when(line["gone"]),
        "state": gettext("gone") if gone else gettext(STRETCHES[shown[-1]]) if shown else gettext("not yet made"),
    }


# --- cards and tables -------------------------------------------------------------------------------------------


def cards(picture: Mapping[str, Any]) -> list[Row]:
    """The revisions that have Pods at the moment, or had some: their counts and the marks of their Pods."""
    found = []
    for number, group in enumerate(picture["groups"]):
        if not (group["pods"] or group["size"] or group["marks"] or group["newest"] or group["before"]):
            continue
        marks = sorted(group["marks"], key=_MARKS.index) if all(mark in _MARKS for mark in group["marks"]) else group["marks"]
        found.append({
            **group, "index": number, "marks": marks[:MARKS_SHOWN], "more": max(0, len(marks) - MARKS_SHOWN),
            "goal": picture["wanted"] if group["newest"] else 0, "version": f"v{group['number']}" if group["number"] else "",
        })
    return found[-3:]


_MARKS = (
    "running", "notready", "creating", "init", "pending", "crash", "failed", "evicted", "unknown", "succeeded", "terminating",
)


def table(picture: Mapping[str, Any]) -> list[Row]:
    """The counts over time up to the moment shown, one row for each change."""
    names = [group["name"] for group in picture["groups"]]
    return [
        {
            "time": clock(max(sample["at"], picture["from"])),
            "groups": [sample["groups"].get(name, [0, 0, 0])[:2] for name in names],
            "counted": _counted(sample), "ceiling": sample["ceiling"], "available": _available(sample), "floor": sample["floor"],
            "terminating": sample["terminating"],
        }
        for sample in picture["samples"] if sample["at"] <= picture["now"]
    ]
