"""Columns of text as kubectl's tab writer lays them out (liggitt/tabwriter): cells padded, never the last one of a line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

GAP = 3


class TabWriter:
    """Lines whose columns are as wide as their widest cell so far: what a watch prints later stays in line."""

    def __init__(self, gap: int = GAP) -> None:
        self._gap = gap
        self._widths: list[int] = []

    def text(self, lines: Iterable[Sequence[str]]) -> str:
        """These lines, with their line ends."""
        block = list(lines)
        for cells in block:
            for place, cell in enumerate(cells[:-1]):
                self._widen(place, len(cell) + self._gap)
        return "".join(self._line(cells) for cells in block)

    def _widen(self, place: int, width: int) -> None:
        if place == len(self._widths):
            self._widths.append(0)
        self._widths[place] = max(self._widths[place], width)

    def _line(self, cells: Sequence[str]) -> str:
        padded = (cell.ljust(self._widths[place]) for place, cell in enumerate(cells[:-1]))
        return "".join(padded) + (cells[-1] if cells else "") + "\n"


def one_line(cell: str) -> str:
    """A cell up to its first line end; `...` when something follows (cli-runtime/pkg/printers/tableprinter.go)."""
    ends = [place for place in map(cell.find, "\f\n\r") if place >= 0]
    return cell[: min(ends)] + "..." if ends else cell
