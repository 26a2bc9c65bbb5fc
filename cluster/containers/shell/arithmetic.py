"""Arithmetic of the shell, `$((…))`: C's operators on signed 64-bit integers (POSIX Shell Command Language 2.6.4)."""

from __future__ import annotations

import re
from collections.abc import Callable, MutableMapping

_TOKEN = re.compile(
    r"\s*(?:(0[xX][0-9a-fA-F]+|[0-9]+#[0-9a-zA-Z]+|[0-9]+)|([A-Za-z_][A-Za-z0-9_]*)|"
    r"(<<=|>>=|\*\*|\+\+|--|&&|\|\||<<|>>|<=|>=|==|!=|[-+*/%&|^]=|[-+*/%<>=!~&|^?:(),]))"
)
_ASSIGNING = frozenset({"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="})
_LEVELS: tuple[frozenset[str], ...] = (
    frozenset({"||"}),
    frozenset({"&&"}),
    frozenset({"|"}),
    frozenset({"^"}),
    frozenset({"&"}),
    frozenset({"==", "!="}),
    frozenset({"<", ">", "<=", ">="}),
    frozenset({"<<", ">>"}),
    frozenset({"+", "-"}),
    frozenset({"*", "/", "%"}),
)
DEEPEST = 50


class ArithmeticFault(Exception):
    """An expression that has no value; `str()` says why."""


class DivisionByZero(ArithmeticFault):
    """`str()` is the expression: every shell has its own words for this."""


def evaluate(text: str, variables: MutableMapping[str, str]) -> int:
    """The value of an expression; assignments in it change the variables. Raises ArithmeticFault."""
    return _Evaluation(text, variables, 0).value()


def _wrapped(number: int) -> int:
    return (number + (1 << 63)) % (1 << 64) - (1 << 63)


def number_of(text: str) -> int:
    """A constant: decimal, 0x…, 0…, base#…; raises ArithmeticFault."""
    try:
        if "#" in text:
            base, _, digits = text.partition("#")
            return _wrapped(int(digits, int(base)))
        if text[:2].lower() == "0x":
            return _wrapped(int(text, 16))
        return _wrapped(int(text, 8) if len(text) > 1 and text[0] == "0" else int(text[:30]))
    except ValueError:
        raise ArithmeticFault(f'arithmetic expression: expecting EOF: "{text}"') from None


class _Evaluation:
    def __init__(self, text: str, variables: MutableMapping[str, str], depth: int) -> None:
        if depth > DEEPEST:
            raise ArithmeticFault("expression recursion level exceeded")
        self.text, self.variables, self.depth = text, variables, depth
        self.tokens: list[str] = []
        self.dry = 0  # inside a branch that is not taken
        at = 0
        stripped = text.rstrip()
        while at < len(stripped):
            found = _TOKEN.match(stripped, at)
            if not found:
                raise self.fault()
            self.tokens.append(found[0].strip())
            at = found.end()
        self.place = 0

    def fault(self) -> ArithmeticFault:
        return ArithmeticFault(f'arithmetic expression: expecting primary: "{self.text.strip()[:60]}"')

    def value(self) -> int:
        if not self.tokens:
            return 0
        found = self.comma()
        if self.place < len(self.tokens):
            raise ArithmeticFault(f'arithmetic expression: expecting EOF: "{self.text.strip()[:60]}"')
        return found

    def peek(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def accept(self, token: str) -> bool:
        if self.peek() != token:
            return False
        self.place += 1
        return True

    def comma(self) -> int:
        found = self.assignment()
        while self.accept(","):
            found = self.assignment()
        return found

    def assignment(self) -> int:
        name, operator = self.peek(), self.tokens[self.place + 1] if self.place + 1 < len(self.tokens) else ""
        if operator not in _ASSIGNING or not (name[:1].isalpha() or name[:1] == "_"):
            return self.ternary()
        self.place += 2
        right = self.assignment()
        return self.store(name, right if operator == "=" else self.apply(operator[:-1], self.variable(name), right))

    def ternary(self) -> int:
        self.depth += 1
        if self.depth > DEEPEST:
            raise ArithmeticFault("expression recursion level exceeded")
        condition = self.binary(0)
        if self.accept("?"):
            self.dry += not condition
            yes = self.comma()
            self.dry -= not condition
            if not self.accept(":"):
                raise self.fault()
            self.dry += bool(condition)
            no = self.assignment()
            self.dry -= bool(condition)
            condition = yes if condition else no
        self.depth -= 1
        return condition

    def binary(self, level: int) -> int:
        if level == len(_LEVELS):
            return self.power()
        left = self.binary(level + 1)
        while (operator := self.peek()) in _LEVELS[level]:
            self.place += 1
            if operator in ("&&", "||"):
                skipped = bool(left) == (operator == "||")
                self.dry += skipped
                right = self.binary(level + 1)
                self.dry -= skipped
                left = int(bool(left) and bool(right)) if operator == "&&" else int(bool(left) or bool(right))
            else:
                left = self.apply(operator, left, self.binary(level + 1))
        return left

    def power(self) -> int:
        left = self.unary()
        if self.accept("**"):
            right = self.power()
            if right < 0:
                raise ArithmeticFault("exponent less than 0")
            return _wrapped(pow(left, right, 1 << 64))
        return left

    def unary(self) -> int:
        self.depth += 1
        if self.depth > DEEPEST:
            raise ArithmeticFault("expression recursion level exceeded")
        found = self._unary()
        self.depth -= 1
        return found

    def _unary(self) -> int:
        token = self.peek()
        self.place += 1
        if token == "(":
            found = self.comma()
            if not self.accept(")"):
                raise self.fault()
            return found
        if token in ("++", "--"):
            name = self.peek()
            if name[:1].isalpha() or name[:1] == "_":
                self.place += 1
                return self.store(name, self.variable(name) + (1 if token == "++" else -1))
            return self.unary()
        simple: dict[str, Callable[[int], int]] = {
            "-": lambda x: -x,
            "+": lambda x: x,
            "!": lambda x: int(not x),
            "~": lambda x: ~x,
        }
        if token in simple:
            return _wrapped(simple[token](self.unary()))
        if token[:1].isdigit():
            return number_of(token)
        if token[:1].isalpha() or token[:1] == "_":
            before = self.variable(token)
            for operator, step in (("++", 1), ("--", -1)):
                if self.accept(operator):
                    self.store(token, before + step)
            return before
        raise self.fault()

    def variable(self, name: str) -> int:
        text = self.variables.get(name, "").strip()
        if not text:
            return 0
        if re.fullmatch(r"[-+]?[0-9]+", text):
            sign, digits = (-1, text[1:]) if text[0] == "-" else (1, text.lstrip("+"))
            return sign * number_of(digits)
        return _Evaluation(text, self.variables, self.depth + 1).value()

    def store(self, name: str, value: int) -> int:
        value = _wrapped(value)
        if not self.dry:
            self.variables[name] = str(value)
        return value

    def apply(self, operator: str, left: int, right: int) -> int:
        if operator in ("/", "%"):
            if right == 0:
                if self.dry:
                    return 0
                raise DivisionByZero(self.text.strip())
            quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
            return _wrapped(quotient if operator == "/" else left - quotient * right)
        return _wrapped(_OPERATIONS[operator](left, right))


_OPERATIONS: dict[str, Callable[[int, int], int]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "<<": lambda a, b: a << (b & 63),
    ">>": lambda a, b: a >> (b & 63),
    "&": lambda a, b: a & b,
    "|": lambda a, b: a | b,
    "^": lambda a, b: a ^ b,
    "<": lambda a, b: int(a < b),
    ">": lambda a, b: int(a > b),
    "<=": lambda a, b: int(a <= b),
    ">=": lambda a, b: int(a >= b),
    "==": lambda a, b: int(a == b),
    "!=": lambda a, b: int(a != b),
}
