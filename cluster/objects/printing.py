"""How kubectl prints: durations and ages for people, tables with three spaces between columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from cluster.objects import times
from cluster.objects.documents import Document
from cluster.objects.registry import Column

NONE = "<none>"
UNKNOWN = "<unknown>"
# kubectl's tab writer (cli-runtime/pkg/printers/tabwriter.go); the width counts the gap.
COLUMN_GAP = 3
COLUMN_WIDTH = 6
_LINE_BREAK = re.compile("[\f\n\r]")


def human_duration(milliseconds: int) -> str:
    """Two or three significant figures: `119s`, `2m`, `9m59s`, `3h`, `2d3h` (apimachinery/pkg/util/duration)."""
    if milliseconds <= -2 * times.SECOND:
        return "<invalid>"
    seconds = max(0, milliseconds // times.SECOND)
    minutes, hours = seconds // 60, seconds // 3600
    days, years = hours // 24, hours // 24 // 365
    if seconds < 120:
        return f"{seconds}s"
    if minutes < 10:
        return _two(minutes, "m", seconds % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return _two(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if hours < 24 * 8:
        return _two(days, "d", hours % 24, "h")
    if days < 365 * 2:
        return f"{days}d"
    if years < 8:
        return _two(years, "y", days % 365, "d")
    return f"{years}y"


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large}{large_unit}{small}{small_unit}" if small else f"{large}{large_unit}"


def since(timestamp: str | None, now: int) -> str:
    """The time since an RFC 3339 `timestamp`; `<unknown>` without one (translateTimestampSince)."""
    if not timestamp:
        return UNKNOWN
    return human_duration(now - times.parse(timestamp))


def age(document: Document, now: int) -> str:
    """The AGE column: time since the object's creation."""
    return since(document["metadata"].get("creationTimestamp"), now)


def name_cell(document: Document, now: int) -> str:
    return str(document["metadata"]["name"])


NAME = Column("Name", name_cell)
AGE = Column("Age", age)


def labels_cell(labels: dict[str, str] | None) -> str:
    """Labels or an equality selector as `a=b,c=d`, sorted; `<none>` for none (labels.FormatLabels)."""
    if not labels:
        return NONE
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))


def with_more(shown: Sequence[str], count: int) -> str:
    """`a,b,c + 27 more...` when `count` things exist and only some are shown; `<none>` for an empty list."""
    text = ",".join(shown)
    if count > len(shown):
        return f"{text} + {count - len(shown)} more..."
    return text or NONE


def containers_cell(containers: Iterable[Document]) -> str:
    return ",".join(container["name"] for container in containers)


def images_cell(containers: Iterable[Document]) -> str:
    return ",".join(container.get("image", "") for container in containers)


def table(headers: Sequence[str], rows: Iterable[Sequence[str]], *, with_headers: bool = True) -> str:
    """Lines of left-aligned columns, three spaces apart; the last column is not padded.

    A cell of several lines shows its first one and "...", as kubectl does (cli-runtime/pkg/printers/tableprinter.go).
    Ends with a newline unless there is nothing to print.
    """
    lines = [[_first_line(cell) for cell in row] for row in rows]
    if with_headers:
        lines.insert(0, [header.upper() for header in headers])
    if not lines:
        return ""
    widths = [
        max(COLUMN_WIDTH, COLUMN_GAP + max(len(line[index]) for line in lines)) for index in range(len(lines[0]))
    ]
    return "".join(_line(line, widths) for line in lines)


def _first_line(cell: str) -> str:
    first = _LINE_BREAK.split(cell, maxsplit=1)[0]
    return cell if first == cell else f"{first}..."


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells[:-1], widths, strict=False))
    return "".join(padded) + cells[-1] + "\n"
