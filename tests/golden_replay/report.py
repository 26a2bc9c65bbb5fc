"""What came of a family of recordings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Report:
    """How many facts of a family agree, and every one that does not."""

    family: str
    total: int = 0
    differences: list[str] = field(default_factory=list)

    def same(self, what: str, recorded: Any, ours: Any) -> None:
        """One fact; both values are told when they differ."""
        self.holds(what, recorded == ours, f"recorded {_short(recorded)}\n      here     {_short(ours)}")

    def holds(self, what: str, agrees: bool, otherwise: str) -> None:
        """One fact of which only the difference can be told."""
        self.total += 1
        if not agrees:
            self.differences.append(f"{what}:\n      {otherwise}")

    @property
    def agreed(self) -> int:
        return self.total - len(self.differences)

    def lines(self) -> Iterable[str]:
        yield f"{self.family}: {self.agreed} of {self.total} agree"
        for difference in self.differences:
            yield f"    {difference}"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 3000 else f"{text[:3000]}…"
