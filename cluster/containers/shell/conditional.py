"""`[[ … ]]` of bash: words are not split, `==` compares with a pattern, `=~` with a regular expression."""

from __future__ import annotations

from cluster.containers.programs import regex
from cluster.containers.programs.call import Call
from cluster.containers.programs.testing import TestError, binary, unary
from cluster.containers.shell import patterns
from cluster.containers.shell.expansion import Expander, set_array
from cluster.containers.shell.syntax import Word, plain

_BINARY = frozenset({"==", "=", "!=", "=~", "<", ">", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef"})


def evaluate(words: tuple[Word, ...], expander: Expander, call: Call) -> int:
    """The status of a conditional command: 0 true, 1 false, 2 when it is no condition."""
    condition = _Condition(words[1:-1], expander, call)
    try:
        value = condition.either()
        if condition.place < len(condition.words):
            raise TestError("syntax error in conditional expression")
    except (TestError, regex.BadPattern) as error:
        call.err(f"{expander.shell.name}: line {expander.line}: {error}\n")
        return 2
    return int(not value)


class _Condition:
    def __init__(self, words: tuple[Word, ...], expander: Expander, call: Call) -> None:
        self.words, self.expander, self.call, self.place = words, expander, call, 0

    def peek(self) -> str:
        """The next word, if it is an operator or plain."""
        if self.place >= len(self.words):
            return ""
        word = self.words[self.place]
        if len(word) == 1 and word[0][0] == "Q" and word[0][1] in ("&&", "||", "(", ")", "<", ">"):
            return str(word[0][1])
        return plain(word) or ""

    def next(self) -> Word:
        if self.place >= len(self.words):
            raise TestError("unexpected argument to conditional unary operator")
        self.place += 1
        return self.words[self.place - 1]

    def either(self) -> bool:
        value = self.both()
        while self.peek() == "||":
            self.place += 1
            value = self.both() or value
        return value

    def both(self) -> bool:
        value = self.negation()
        while self.peek() == "&&":
            self.place += 1
            value = self.negation() and value
        return value

    def negation(self) -> bool:
        if self.peek() == "!":
            self.place += 1
            return not self.negation()
        if self.peek() == "(":
            self.place += 1
            value = self.either()
            if self.peek() != ")":
                raise TestError("expected `)'")
            self.place += 1
            return value
        return self.comparison()

    def matches(self, text: str, pattern: str) -> bool:
        """`=~`: what was found lies in BASH_REMATCH."""
        found = regex.compiled(pattern, extended=True).search(text)
        parts = [text[start:end] if start >= 0 else "" for start, end in found] if found is not None else []
        set_array(self.expander.shell, "BASH_REMATCH", parts)
        return found is not None

    def comparison(self) -> bool:
        first = self.peek()
        if len(first) == 2 and first[0] == "-" and first[1].isalpha() and self.place + 1 < len(self.words):
            following = self.words[self.place + 1]
            if plain(following) not in _BINARY:
                self.next()
                return unary(first, self.expander.string(self.next()), self.call)
        left = self.expander.string(self.next())
        operator = self.peek()
        if operator not in _BINARY:
            return left != ""
        self.place += 1
        if operator in ("==", "=", "!="):
            return patterns.matches(self.expander.pattern(self.next()), left) == (operator != "!=")
        if operator == "=~":
            return self.matches(left, self.expander.string(self.next()))
        return binary(left, operator, self.expander.string(self.next()), self.call)
