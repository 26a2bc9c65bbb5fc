"""What explanations are made of: sentences as keys with arguments, and tables whose cells may be sentences."""

from __future__ import annotations

from typing import Any, NamedTuple, TypedDict

from cluster.controllers.explanation.sentences import SENTENCES
from cluster.machinery.wording import fill

# In this order they are shown; "state" comes before all others.
STATE, WAITS, SUM, NEXT, MEND = "state", "waits", "sum", "next", "mend"
TOPICS = (STATE, WAITS, SUM, NEXT, MEND)


class Word(TypedDict):
    """A sentence: `key` names the template, `args` fill its places; `topic` says what it is about."""

    key: str
    args: dict[str, Any]
    topic: str


Cell = str | int | Word


class Table(TypedDict):
    """Rows with a head; `title` and `columns` are keys of sentences."""

    title: str
    columns: list[str]
    rows: list[list[Cell]]


class Explained(NamedTuple):
    """What there is to say about one object."""

    words: list[Word]
    tables: list[Table]


def word(key: str, topic: str = WAITS, **args: Any) -> Word:
    assert key in SENTENCES, key
    return {"key": key, "args": args, "topic": topic}


def table(title: str, columns: list[str], rows: list[list[Cell]]) -> list[Table]:
    """One table, or none when it has no rows."""
    return [{"title": title, "columns": columns, "rows": rows}] if rows else []


def english(found: Word) -> str:
    """A sentence as plain English text, for the console."""
    return fill(SENTENCES[found["key"]], found["args"]).replace("**", "")


def cell_text(cell: Cell) -> str:
    return english(cell) if isinstance(cell, dict) else str(cell)


def seconds(milliseconds: int) -> float:
    """A duration as a person reads it: 4.5, 120, in seconds."""
    tenths = max(0, milliseconds) // 100
    return tenths / 10 if tenths % 10 else tenths // 10
