"""Transcripts of a terminal: what was typed, what came out, and when two outputs say the same."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tests.golden_replay.report import Report
from tests.support.console import Result

HEAD = re.compile(r"^### (\S+): (.*) \[rc (\d+)\]$")
# The alphabet of generated names leaves out what could make a word (apimachinery/pkg/util/rand).
SUFFIX = re.compile(r"-[bcdfghjklmnpqrstvwxz2456789]{5}\b")
ADDRESS = re.compile(r"\b(?:10|127)\.\d+\.\d+\.\d+\b")
NODE_PORT = re.compile(r":3\d{4}/")
DATE = re.compile(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000")
AGE = re.compile(r"(?<![\w.:/-])(?:\d+[smhd])+(?![\w.:/-])")
AGE_PART = re.compile(r"(\d+)([smhd])")
COUNT = re.compile(r"finish: (\d+) ")
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True)
class Block:
    """One command of a transcript."""

    key: str
    command: str
    code: int
    stdout: str
    stderr: str


def read(path: Path) -> dict[str, Block]:
    """The commands of a transcript by their key."""
    found: dict[str, Block] = {}
    head, body = None, ""
    for line in [*path.read_text().splitlines(keepends=True), "### end: end [rc 0]\n"]:
        match = HEAD.match(line)
        if match is None:
            body += line
            continue
        if head is not None:
            stdout, _, stderr = body.partition("STDERR: ")
            found[head[1]] = Block(head[1], head[2], int(head[3]), stdout, stderr)
        head, body = match, ""
    return found


def ages(text: str) -> list[int]:
    """The ages that stand in a text, in seconds."""
    return [sum(int(n) * SECONDS[unit] for n, unit in AGE_PART.findall(age)) for age in AGE.findall(text)]


def are_near(recorded: list[int], ours: list[int]) -> bool:
    """Whether ages agree within a second or a tenth."""
    return len(recorded) == len(ours) and all(
        abs(one - other) <= max(1, one / 10) for one, other in zip(recorded, ours, strict=True)
    )


def normalised(text: str) -> str:
    """The text without what chance and the clock make of it: name suffixes, addresses, node ports, dates, ages."""
    text = SUFFIX.sub("-xxxxx", text)
    text = DATE.sub("DATE", text)
    text = NODE_PORT.sub(":NODEPORT/", text)
    shaky = bool(ADDRESS.search(text) or AGE.search(text))
    text = AGE.sub("AGE", ADDRESS.sub("ADDRESS", text))
    # Columns are as wide as their contents, so chance widens them too.
    lines = [re.sub(r" {2,}", "  ", line.rstrip()) if shaky else line for line in text.rstrip("\n").split("\n")]
    return "\n".join(lines)


def stages(text: str) -> str:
    """The stages that a waiting command tells of. How far the count of a stage has come when it is looked at is chance."""
    return "\n".join(dict.fromkeys(COUNT.sub("finish: N ", line) for line in text.splitlines()))


def counts_grow(text: str) -> bool:
    """Whether the count of each stage only grows (that of old replicas only shrinks)."""
    found: dict[str, list[int]] = {}
    for line in text.splitlines():
        if match := COUNT.search(line):
            sign = -1 if "old replicas" in line else 1
            found.setdefault(COUNT.sub("", line), []).append(sign * int(match[1]))
    return all(values == sorted(values) for values in found.values())


def compare(
    report: Report, block: Block, ours: Result, *, waiting: bool = False, sort: bool = False, ages_too: bool = True
) -> None:
    """Exit code, both outputs and the ages in them. `waiting`: lines may repeat. `sort`: rows may be in another order."""
    report.same(f"{block.key}: exit code of {block.command}", block.code, ours.code)
    for stream, recorded, said in (("output", block.stdout, ours.stdout), ("errors", block.stderr, ours.stderr)):
        one, other = normalised(recorded), normalised(said)
        if waiting:
            report.holds(f"{block.key}: counts of {block.command}", counts_grow(other), other)
            one, other = stages(one), stages(other)
        if sort:
            one, other = ("\n".join(sorted(text.splitlines())) for text in (one, other))
        report.holds(f"{block.key}: {stream} of {block.command}", one == other, differing(one, other))
    if ages_too and not sort:
        recorded_ages, our_ages = ages(block.stdout), ages(ours.stdout)
        report.holds(f"{block.key}: ages", are_near(recorded_ages, our_ages), f"recorded {recorded_ages}, here {our_ages}")


def differing(recorded: str, ours: str) -> str:
    """The lines that only one of the two has."""
    one, other = recorded.splitlines(), ours.splitlines()
    missing = [f"- {line}" for line in one if line not in other]
    added = [f"+ {line}" for line in other if line not in one]
    return "\n      ".join(missing + added) or "the same lines in another order"
