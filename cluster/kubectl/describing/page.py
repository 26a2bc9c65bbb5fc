"""The page that `kubectl describe` writes: lines of cells, laid out with elastic tab stops (Go's text/tabwriter).

A column is as wide as its widest cell in neighbouring lines that have that column; the last cell of a line belongs to
no column. kubectl/pkg/describe pads with two spaces.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from email.utils import format_datetime

from cluster.kubectl.formats import go_print
from cluster.objects import times

PADDING = 2
INDENT = "  "
NONE = "<none>"
UNSET = "<unset>"
# What Go prints for a time that nobody set.
NO_TIME = "Mon, 01 Jan 0001 00:00:00 +0000"

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
MAX_ANNOTATION = 140


class Page:
    """Collects lines; `text` lays them out."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._lines: list[list[str]] = []

    def line(self, level: int, *cells: object) -> None:
        """One line, indented by `level`. A cell may bring line ends and tabs of its own."""
        text = INDENT * level + "\t".join(map(go_print, cells))
        self._lines += [line.split("\t") for line in text.split("\n")]

    def values(self, title: str, values: Iterable[str], level: int = 0) -> None:
        """`Title:` and one value per line below one another; `<none>` without any."""
        heading = f"{title}:"
        for value in list(values) or [NONE]:
            self.line(level, heading, value)
            heading, level = "", 0

    def labels(self, title: str, labels: Mapping[str, str] | None, level: int = 0) -> None:
        """`key=value` of each label, in order."""
        self.values(title, (f"{key}={value}" for key, value in sorted((labels or {}).items())), level)

    def annotations(self, title: str, annotations: Mapping[str, str] | None, level: int = 0) -> None:
        """Annotations without the one of apply; long ones on lines of their own."""
        found: list[str] = []
        for key, value in sorted((annotations or {}).items()):
            if key != LAST_APPLIED:
                found += _annotation(key, value.removesuffix("\n"))
        self.values(title, found, level)

    def flush(self) -> None:
        """What comes next is laid out on its own."""
        self._parts.append(_laid_out(self._lines))
        self._lines = []

    def text(self) -> str:
        """Everything, laid out."""
        self.flush()
        return "".join(self._parts)

    def tabbed(self) -> str:
        """The lines since the last flush with their tab stops as they are, not laid out."""
        return "".join("\t".join(cells) + "\n" for cells in self._lines)


def _annotation(key: str, value: str) -> list[str]:
    if len(key) + len(value) + 2 <= MAX_ANNOTATION and "\n" not in value:
        return [f"{key}: {value}"]
    return [f"{key}:", *(f"  {_shortened(line, MAX_ANNOTATION - 2)}" for line in value.split("\n"))]


def _shortened(text: str, length: int) -> str:
    return text[:length] + "..." if len(text) > length else text


def _laid_out(lines: list[list[str]]) -> str:
    padded = [list(cells) for cells in lines]
    deepest = max((len(cells) for cells in lines), default=1)
    for column in range(deepest - 1):
        start = 0
        while start < len(lines):
            end = start
            while end < len(lines) and len(lines[end]) > column + 1:
                end += 1
            width = max((len(lines[place][column]) for place in range(start, end)), default=0) + PADDING
            for place in range(start, end):
                padded[place][column] = lines[place][column].ljust(width)
            start = end + 1
    return "".join("".join(cells) + "\n" for cells in padded)


def date(timestamp: str | None) -> str:
    """A time of a document as `Sat, 21 Nov 2026 04:37:36 +0000` (RFC 1123 with a numeric zone)."""
    if not timestamp:
        return NO_TIME
    return format_datetime(times.EPOCH + timedelta(seconds=times.parse(timestamp) // times.SECOND))
