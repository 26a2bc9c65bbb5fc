"""Scripts compiled to flat lists of instructions, so that a running script is a unit, a number and a small stack.

Instructions, each a tuple (addresses are places in the list):
    cmd Command checked       a simple command          jmp a · jfalse a · jtrue a      by the last status
    pipe addresses checked    children side by side     fork address checked            a subshell
    bg address                a child left behind       not · zero                      the status
    redir redirections end · unredir                    around a compound command (end: where to go when they fail)
    loop break continue · keep · endloop                a loop's frame; keep remembers the body's status
    for name words break · fornext name address         the frame of a for loop, its next round
    case word · match patterns address · endcase        the frame of a case
    func name address · ret · end                       functions, the end of a unit or of a child
    arith word checked                                  (( … ))
`checked`: a failure here counts for `set -e`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cluster.containers.shell import syntax
from cluster.containers.shell.patterns import MAGIC
from cluster.containers.shell.syntax import Redirection, Word

Instruction = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Command:
    """A simple command, with what can be known of it before it runs."""

    assignments: tuple[tuple[str, bool, Word], ...]
    words: tuple[Word, ...]
    redirections: tuple[Redirection, ...]
    argv: tuple[str, ...] | None  # its words when nothing in them has to be expanded
    substitutes: bool  # whether a command substitution may be in it
    line: int


@dataclass(frozen=True, slots=True)
class Unit:
    """A compiled script."""

    code: tuple[Instruction, ...]
    substitutions: tuple[int, ...]  # addresses
    lines: int


@lru_cache(maxsize=512)
def compiled(text: str, bash: bool) -> Unit:
    """The unit of a script; raises ShellSyntaxError."""
    script = syntax.parse(text, bash=bash)
    compiler = _Compiler(bash)
    compiler.add(script.body, True)
    compiler.emit("end")
    addresses = []
    for body in script.substitutions:
        addresses.append(len(compiler.code))
        compiler.add(body, True)
        compiler.emit("end")
    return Unit(tuple(compiler.code), tuple(addresses), text.count("\n") + 1)


class _Compiler:
    def __init__(self, bash: bool) -> None:
        self.code: list[Instruction] = []
        self.bash = bash

    @property
    def here(self) -> int:
        return len(self.code)

    def emit(self, *instruction: Any) -> int:
        self.code.append(instruction)
        return len(self.code) - 1

    def patch(self, place: int, *instruction: Any) -> None:
        self.code[place] = instruction

    def add(self, node: syntax.Command, checked: bool) -> None:
        name = type(node).__name__.lower()
        getattr(self, f"_{name}")(node, checked)

    def _sequence(self, node: syntax.Sequence, checked: bool) -> None:
        for command, background in node.items:
            if background:
                self.emit("bg", self._apart(command, checked))
            else:
                self.add(command, checked)

    def _apart(self, command: syntax.Command, checked: bool) -> int:
        """Code for a child, jumped over by its parent."""
        jump = self.emit("jmp", 0)
        address = self.here
        self.add(command, checked)
        self.emit("end")
        self.patch(jump, "jmp", self.here)
        return address

    def _simple(self, node: syntax.Simple, checked: bool) -> None:
        words = node.words
        if self.bash:
            words = tuple(expanded for word in words for expanded in braces(word))
        static = tuple(text for word in words if (text := _static(word)) is not None)
        texts = static if len(static) == len(words) else None
        redirections = tuple(_settled(redirection) for redirection in node.redirections)
        substitutes = any(
            _substitutes(word)
            for word in (*words, *(value for _, _, value in node.assignments), *(found.word for found in redirections))
        )
        self.emit("cmd", Command(node.assignments, words, redirections, texts, substitutes, node.line), checked)

    def _pipeline(self, node: syntax.Pipeline, checked: bool) -> None:
        checked = checked and not node.negated
        if len(node.commands) == 1:
            self.add(node.commands[0], checked)
        else:
            self.emit("pipe", tuple(self._apart(command, checked) for command in node.commands), checked)
        if node.negated:
            self.emit("not")

    def _andor(self, node: syntax.AndOr, checked: bool) -> None:
        self.add(node.first, False)
        for number, (operator, command) in enumerate(node.rest):
            jump = self.emit("jmp", 0)
            self.add(command, checked and number == len(node.rest) - 1)
            self.patch(jump, "jfalse" if operator == "&&" else "jtrue", self.here)

    def _if(self, node: syntax.If, checked: bool) -> None:
        ends = []
        for condition, body in node.branches:
            self.add(condition, False)
            jump = self.emit("jfalse", 0)
            self.add(body, checked)
            ends.append(self.emit("jmp", 0))
            self.patch(jump, "jfalse", self.here)
        if node.otherwise is not None:
            self.add(node.otherwise, checked)
        else:
            self.emit("zero")
        for end in ends:
            self.patch(end, "jmp", self.here)

    def _loop(self, node: syntax.Loop, checked: bool) -> None:
        loop = self.emit("loop", 0, 0)
        again = self.here
        self.add(node.condition, False)
        leave = self.emit("jfalse", 0)
        self.add(node.body, checked)
        self.emit("keep")
        self.emit("jmp", again)
        self.patch(leave, "jtrue" if node.until else "jfalse", self.here)
        self.emit("endloop")
        self.patch(loop, "loop", self.here, again)

    def _for(self, node: syntax.For, checked: bool) -> None:
        words = node.words
        if words is not None and self.bash:
            words = tuple(expanded for word in words for expanded in braces(word))
        start = self.emit("for", node.name, words, 0)
        again = self.emit("fornext", node.name, 0)
        self.add(node.body, checked)
        self.emit("keep")
        self.emit("jmp", again)
        self.patch(again, "fornext", node.name, self.here)
        self.emit("endloop")
        self.patch(start, "for", node.name, words, self.here)

    def _forarithmetic(self, node: syntax.ForArithmetic, checked: bool) -> None:
        self.emit("arith", node.start, False)
        loop = self.emit("loop", 0, 0)
        again = self.here
        leave = None
        if node.condition:
            self.emit("arith", node.condition, False)
            leave = self.emit("jfalse", 0)
        self.add(node.body, checked)
        self.emit("keep")
        step = self.emit("arith", node.step, False)
        self.emit("jmp", again)
        if leave is not None:
            self.patch(leave, "jfalse", self.here)
        self.emit("endloop")
        self.patch(loop, "loop", self.here, step)

    def _case(self, node: syntax.Case, checked: bool) -> None:
        self.emit("case", node.word)
        tests = [(self.emit("match", patterns, 0), patterns, body) for patterns, body in node.branches]
        self.emit("zero")
        ends = [self.emit("jmp", 0)]
        for place, patterns, body in tests:
            self.patch(place, "match", patterns, self.here)
            if not body.items:
                self.emit("zero")
            self.add(body, checked)
            ends.append(self.emit("jmp", 0))
        for end in ends:
            self.patch(end, "jmp", self.here)
        self.emit("endcase")

    def _function(self, node: syntax.Function, checked: bool) -> None:
        jump = self.emit("jmp", 0)
        address = self.here
        self.add(node.body, True)
        self.emit("ret")
        self.patch(jump, "jmp", self.here)
        self.emit("func", node.name, address)

    def _subshell(self, node: syntax.Subshell, checked: bool) -> None:
        self.emit("fork", self._apart(node.body, checked), checked)

    def _group(self, node: syntax.Group, checked: bool) -> None:
        self._sequence(node.body, checked)

    def _arithmetic(self, node: syntax.Arithmetic, checked: bool) -> None:
        self.emit("arith", node.word, checked)

    def _redirected(self, node: syntax.Redirected, checked: bool) -> None:
        start = self.emit("redir", (), 0)
        self.add(node.command, checked)
        self.emit("unredir")
        self.patch(start, "redir", tuple(_settled(redirection) for redirection in node.redirections), self.here)


def _settled(redirection: Redirection) -> Redirection:
    """A here-document's text has been read by now."""
    if redirection.word and redirection.word[0][0] == "H":
        return Redirection(redirection.fd, redirection.operator, tuple(redirection.word[0][1]))
    return redirection


def _static(word: Word) -> str | None:
    """The text of a word in which nothing has to be expanded, else None."""
    gathered = ""
    for part in word:
        if part[0] not in ("L", "Q") or (part[0] == "L" and MAGIC.search(part[1])):
            return None
        gathered += part[1]
    return gathered


def _substitutes(word: Word) -> bool:
    """Whether a command substitution may be in a word."""
    for part in word:
        if part[0] == "C" or (part[0] == "A" and _substitutes(part[1])):
            return True
        if (part[0] == "V" and part[3] and _substitutes(part[3])) or (part[0] == "ARRAY" and any(map(_substitutes, part[1]))):
            return True
    return False


# --- braces of bash: {a,b}, {1..5} ---------------------------------------------------------------------------------------

MOST_BRACES = 10_000


def braces(word: Word) -> list[Word]:
    """The words that `{a,b}` and `{1..5}` in unquoted text make of one."""
    for place, part in enumerate(word):
        if part[0] != "L" or "{" not in part[1]:
            continue
        found = _brace(part[1])
        if found is None:
            continue
        before, middle, after = found
        words = [
            (
                *word[:place],
                *((("L", text),) if (text := before + inner) else ()),
                *((("L", after),) if after else ()),
                *word[place + 1 :],
            )
            for inner in middle
        ]
        return [expanded for one in words for expanded in braces(one)][:MOST_BRACES]
    return [word]


def _brace(text: str) -> tuple[str, list[str], str] | None:
    start = text.find("{")
    while start >= 0:
        depth, commas = 0, [start]
        for at in range(start, len(text)):
            depth += (text[at] == "{") - (text[at] == "}")
            if text[at] == "," and depth == 1:
                commas.append(at)
            if depth == 0:
                inner = text[start + 1 : at]
                if len(commas) > 1:
                    ends = [*commas[1:], at]
                    return text[:start], [text[a + 1 : b] for a, b in zip(commas, ends, strict=True)], text[at + 1 :]
                counted = _counted(inner)
                if counted is not None:
                    return text[:start], counted, text[at + 1 :]
                break
        start = text.find("{", start + 1)
    return None


def _counted(inner: str) -> list[str] | None:
    first, dots, rest = inner.partition("..")
    last, _, step = rest.partition("..")
    if not dots:
        return None
    try:
        by = abs(int(step or "1")) or 1
        low, high = int(first[:12]), int(last[:12])
    except ValueError:
        if len(first) == len(last) == 1 and first.isalpha() and last.isalpha():
            direction = 1 if first <= last else -1
            return [chr(code) for code in range(ord(first), ord(last) + direction, direction)]
        return None
    width = max(len(first), len(last)) if first.startswith("0") and len(first) > 1 else 0
    numbers = range(low, high + 1, by) if low <= high else range(low, high - 1, -by)
    return [str(number).zfill(width) for number in numbers[:MOST_BRACES]]
