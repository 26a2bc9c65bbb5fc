"""Regular expressions of POSIX, basic and extended, for grep, sed and their like.

Python's own matcher can take exponential time on some patterns. So a pattern is matched by it only where the work is
bounded; otherwise by following all its possibilities side by side, which takes text times pattern at most.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

# Work that is left to Python's matcher: length of the text to the power of the pattern's repetitions (plus one).
MOST_WORK = 300_000
MOST_STATES = 5_000
DEEPEST = 50
MOST_COUNT = 1_000

Spans = list[tuple[int, int]]  # the whole match, then the groups; (-1, -1) where a group has no part in it

_CLASSES = {
    "alpha": "a-zA-Z",
    "digit": "0-9",
    "alnum": "a-zA-Z0-9",
    "upper": "A-Z",
    "lower": "a-z",
    "space": " \\t\\n\\r\\f\\v",
    "blank": " \\t",
    "punct": "!-\\/:-@\\[-`{-~",
    "xdigit": "0-9a-fA-F",
    "print": " -~",
    "graph": "!-~",
    "cntrl": "\\x00-\\x1f",
}


class BadPattern(Exception):
    """A text that is no regular expression; `str()` is the complaint."""


@lru_cache(maxsize=512)
def compiled(pattern: str, *, extended: bool, ignore_case: bool = False) -> Regex:
    """The matcher of a pattern; raises BadPattern."""
    return Regex(pattern, extended, ignore_case)


# A pattern as a tree: ("char", set or text), ("any",), ("cat", [..]), ("alt", [..]), ("rep", node, low, high),
# ("group", n, node), ("start",), ("end",), ("word",), ("notword",), ("back", n), ("wstart",), ("wend",)
Node = tuple


class Regex:
    """A compiled pattern."""

    def __init__(self, pattern: str, extended: bool, ignore_case: bool) -> None:
        parser = _Parser(pattern, extended)
        tree = parser.parse()
        self.groups = parser.groups
        self.backs = parser.backs
        self.repeats, self.nested = _repeats(tree)
        try:
            self.python = re.compile(_python(tree), (re.I if ignore_case else 0) | re.S)
        except (re.error, OverflowError, RecursionError):
            raise BadPattern("Invalid regular expression") from None
        self.program = _Program(tree, self.groups, ignore_case) if self.repeats else None

    def search(self, text: str, start: int = 0) -> Spans | None:
        """The first match from a place on; None when there is none."""
        if self._is_cheap(len(text) - start):
            found = self.python.search(text, start)
            return [found.span(number) for number in range(self.groups + 1)] if found else None
        if self.backs:
            raise BadPattern("pattern too costly for so long a line")
        assert self.program is not None
        return self.program.search(text, start)

    def _is_cheap(self, length: int) -> bool:
        if not self.repeats:
            return True
        return not self.nested and (length + 1) ** (self.repeats + 1) <= MOST_WORK

    def all(self, text: str) -> Iterator[Spans]:
        """All matches that do not overlap."""
        at = 0
        last = -1
        while at <= len(text):
            found = self.search(text, at)
            if found is None:
                return
            start, end = found[0]
            if start == end and start == last:
                at += 1
                continue
            yield found
            last = end
            at = end if end > at or end > start else end + 1
            if start == end:
                at = end + 1


class _Parser:
    def __init__(self, text: str, extended: bool) -> None:
        self.text, self.extended, self.at, self.groups, self.depth = text, extended, 0, 0, 0
        self.backs = False

    def parse(self) -> Node:
        tree = self.alternatives()
        if self.at < len(self.text):
            raise BadPattern("Unmatched ) or \\)")
        return tree

    def starts(self, plain: str) -> bool:
        """Whether an operator comes here: as it is in extended, behind a backslash in basic expressions."""
        return self.text.startswith(plain if self.extended else "\\" + plain, self.at)

    def skip(self, plain: str) -> bool:
        if not self.starts(plain):
            return False
        self.at += len(plain) + (not self.extended)
        return True

    def alternatives(self) -> Node:
        self.depth += 1
        if self.depth > DEEPEST:
            raise BadPattern("Regular expression too big")
        found = [self.sequence()]
        while self.skip("|"):
            found.append(self.sequence())
        self.depth -= 1
        return found[0] if len(found) == 1 else ("alt", found)

    def sequence(self) -> Node:
        found: list[Node] = []
        while self.at < len(self.text) and not self.starts("|") and not (self.starts(")") and self.depth > 1):
            if self.extended and self.text[self.at] == ")" and self.depth == 1:
                raise BadPattern("Unmatched ) or \\)")
            found.append(self.repeated(first=not found))
        return ("cat", found)

    def repeated(self, *, first: bool) -> Node:
        node = self.atom(first)
        while self.at < len(self.text):
            if self.text[self.at] == "*" and node[0] != "start":
                self.at += 1
                node = ("rep", node, 0, None)
            elif self.skip("+"):
                node = ("rep", node, 1, None)
            elif self.skip("?"):
                node = ("rep", node, 0, 1)
            elif self.starts("{"):
                counted = self._count()
                if counted is None:
                    break
                node = ("rep", node, *counted)
            else:
                break
        return node

    def _count(self) -> tuple[int, int | None] | None:
        close = "}" if self.extended else "\\}"
        found = re.compile(r"\\?\{([0-9]{0,9})(,?)([0-9]{0,9})" + re.escape(close)).match(self.text, self.at)
        if not found or (not found[1] and not found[2]):
            if self.extended:
                return None
            raise BadPattern("Invalid content of \\{\\}")
        self.at = found.end()
        low = int(found[1] or 0)
        high = low if not found[2] else (int(found[3]) if found[3] else None)
        if low > MOST_COUNT or (high is not None and (high > MOST_COUNT or high < low)):
            raise BadPattern("Invalid content of \\{\\}")
        return low, high

    def atom(self, first: bool) -> Node:
        if self.skip("("):
            self.groups += 1
            number = self.groups
            inner = self.alternatives()
            if not self.skip(")"):
                raise BadPattern("Unmatched ( or \\(")
            return ("group", number, inner)
        char = self.text[self.at]
        self.at += 1
        if char == ".":
            return ("any",)
        if char == "[":
            return self.bracket()
        if char == "^" and (self.extended or first):
            return ("start",)
        if char == "$" and (self.extended or self.at >= len(self.text) or self.starts(")") or self.starts("|")):
            return ("end",)
        if char == "\\":
            return self.escape()
        if char == "*" and self.extended and first:
            return ("char", "*")
        if self.extended and char in "+?{" and first:
            return ("char", char)
        return ("char", char)

    def escape(self) -> Node:
        if self.at >= len(self.text):
            raise BadPattern("Trailing backslash")
        char = self.text[self.at]
        self.at += 1
        sets = {
            "w": "[A-Za-z0-9_]",
            "W": "[^A-Za-z0-9_]",
            "s": "[ \\t\\n\\r\\f\\v]",
            "S": "[^ \\t\\n\\r\\f\\v]",
            "d": "[0-9]",
            "D": "[^0-9]",
        }
        if char in sets:
            return ("set", sets[char])
        marks = {"b": "word", "B": "notword", "<": "wstart", ">": "wend"}
        if char in marks:
            return (marks[char],)
        if char in "123456789":
            if int(char) > self.groups:
                raise BadPattern("Invalid back reference")
            self.backs = True
            return ("back", int(char))
        return ("char", {"n": "\n", "t": "\t"}.get(char, char))

    def bracket(self) -> Node:
        inner = ""
        if self.text.startswith("^", self.at):
            inner = "^"
            self.at += 1
        begin = True
        while True:
            if self.at >= len(self.text):
                raise BadPattern("Unmatched [, [^, [:, [., or [=")
            named = re.compile(r"\[:(\w+):\]").match(self.text, self.at)
            if named:
                if named[1] not in _CLASSES:
                    raise BadPattern("Invalid character class name")
                inner += _CLASSES[named[1]]
                self.at = named.end()
                begin = False
                continue
            char = self.text[self.at]
            self.at += 1
            if char == "]" and not begin:
                break
            begin = False
            between = self.text.startswith("-", self.at) and self.text[self.at + 1 : self.at + 2] not in ("]", "")
            if between:
                last = self.text[self.at + 1]
                if last < char:
                    raise BadPattern("Invalid range end")
                inner += f"{re.escape(char)}-{re.escape(last)}"
                self.at += 2
            else:
                inner += re.escape(char)
        return ("set", f"[{inner}]")


def _python(node: Node) -> str:
    kind = node[0]
    if kind == "char":
        return re.escape(node[1])
    if kind == "set":
        return str(node[1])
    if kind == "cat":
        return "".join(_python(inner) for inner in node[1])
    if kind == "alt":
        return "(?:" + "|".join(_python(inner) for inner in node[1]) + ")"
    if kind == "rep":
        high = "" if node[3] is None else node[3]
        return f"(?:{_python(node[1])}){{{node[2]},{high}}}"
    if kind == "group":
        return f"({_python(node[2])})"
    if kind == "back":
        return f"(?:\\{node[1]})"
    return {
        "any": ".",
        "start": r"\A",
        "end": r"\Z",
        "word": r"\b",
        "notword": r"\B",
        "wstart": r"\b(?=\w)",
        "wend": r"\b(?<=\w)",
    }[kind]


def _repeats(node: Node, inside: bool = False) -> tuple[int, bool]:
    """How many repetitions of no known length there are, and whether one lies inside another."""
    kind = node[0]
    if kind in ("cat", "alt"):
        found = [_repeats(inner, inside) for inner in node[1]]
        return sum(count for count, _ in found), any(nested for _, nested in found)
    if kind == "group":
        return _repeats(node[2], inside)
    if kind == "rep":
        wide = node[3] is None or node[3] - node[2] > 1
        count, nested = _repeats(node[1], inside or wide or (node[3] or 2) > 1)
        return count + wide, nested or (wide and inside)
    return 0, False


class _Program:
    """The pattern as steps of a machine that is in many places at once (Thompson, Pike)."""

    def __init__(self, tree: Node, groups: int, ignore_case: bool) -> None:
        self.steps: list[tuple] = []
        self.ignore_case, self.groups = ignore_case, groups
        self._emit("save", 0)
        self._add(tree)
        self._emit("save", 1)
        self._emit("match")

    def _emit(self, *step: object) -> int:
        if len(self.steps) >= MOST_STATES:
            raise BadPattern("Regular expression too big")
        self.steps.append(step)
        return len(self.steps) - 1

    def _add(self, node: Node) -> None:
        kind = node[0]
        if kind == "cat":
            for inner in node[1]:
                self._add(inner)
        elif kind == "alt":
            ends = []
            for inner in node[1][:-1]:
                fork = self._emit("fork", 0, 0)
                self._add(inner)
                ends.append(self._emit("jump", 0))
                self.steps[fork] = ("fork", fork + 1, len(self.steps))
            self._add(node[1][-1])
            for end in ends:
                self.steps[end] = ("jump", len(self.steps))
        elif kind == "rep":
            self._repeat(node)
        elif kind == "group":
            self._emit("save", 2 * node[1])
            self._add(node[2])
            self._emit("save", 2 * node[1] + 1)
        elif kind == "char":
            text = node[1]
            self._emit("set", re.compile(re.escape(text), re.S | (re.I if self.ignore_case else 0)))
        elif kind == "set":
            self._emit("set", re.compile(node[1], re.S | (re.I if self.ignore_case else 0)))
        else:
            self._emit(kind)

    def _repeat(self, node: Node) -> None:
        _, inner, low, high = node
        for _ in range(low):
            self._add(inner)
        if high is None:
            fork = self._emit("fork", 0, 0)
            self._add(inner)
            self._emit("jump", fork)
            self.steps[fork] = ("fork", fork + 1, len(self.steps))
            return
        forks = []
        for _ in range(high - low):
            forks.append(self._emit("fork", 0, 0))
            self._add(inner)
        for fork in forks:
            self.steps[fork] = ("fork", fork + 1, len(self.steps))

    def search(self, text: str, start: int) -> Spans | None:
        threads: list[tuple[int, tuple[int, ...]]] = []
        best: tuple[int, ...] | None = None
        nothing = (-1,) * (2 * self.groups + 2)
        for at in range(start, len(text) + 1):
            seen: set[int] = set()
            following: list[tuple[int, tuple[int, ...]]] = []
            for place, saved in threads:
                self._follow(place, saved, text, at, seen, following)
            if best is None:
                self._follow(0, nothing, text, at, seen, following)
            threads = []
            for place, saved in following:
                step = self.steps[place]
                if step[0] == "match":
                    best = saved
                    break
                if at < len(text) and (step[0] == "any" or step[1].match(text[at])):
                    threads.append((place + 1, saved))
            if best is not None and not threads:
                break
        if best is None:
            return None
        return [(best[2 * number], best[2 * number + 1]) for number in range(self.groups + 1)]

    def _follow(
        self, place: int, saved: tuple[int, ...], text: str, at: int, seen: set[int], found: list[tuple[int, tuple[int, ...]]]
    ) -> None:
        """Go on through all steps that take no character."""
        todo = [(place, saved)]
        while todo:
            place, saved = todo.pop()
            if place in seen:
                continue
            seen.add(place)
            step = self.steps[place]
            kind = step[0]
            if kind == "jump":
                todo.append((step[1], saved))
            elif kind == "fork":
                todo.append((step[2], saved))
                todo.append((step[1], saved))
            elif kind == "save":
                todo.append((place + 1, (*saved[: step[1]], at, *saved[step[1] + 1 :])))
            elif kind in ("set", "any", "match"):
                found.append((place, saved))
            elif _holds(kind, text, at):
                todo.append((place + 1, saved))


def _holds(mark: str, text: str, at: int) -> bool:
    if mark == "start":
        return at == 0
    if mark == "end":
        return at == len(text)
    before = at > 0 and (text[at - 1].isalnum() or text[at - 1] == "_")
    after = at < len(text) and (text[at].isalnum() or text[at] == "_")
    return {"word": before != after, "notword": before == after, "wstart": after and not before, "wend": before and not after}[
        mark
    ]
