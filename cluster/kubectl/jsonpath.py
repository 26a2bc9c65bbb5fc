"""kubectl's JSONPath templates: `{.items[*].metadata.name}`, ranges, filters, slices, unions (client-go/util/jsonpath)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cluster.kubectl.formats import compact_json, to_json


class JSONPathError(ValueError):
    """A template that cannot be read, or that does not fit the document."""


# From the values so far to the next ones.
Step = Callable[[list[Any]], list[Any]]


@dataclass
class _Block:
    """One `{…}`: its steps, and whether it opens or closes a range."""

    steps: list[Step] = field(default_factory=list)
    opens: bool = False
    closes: bool = False

    def values(self, document: Any) -> list[Any]:
        found = [document]
        for step in self.steps:
            found = step(found)
        return found


class Template:
    """A parsed template. Missing fields are nothing, as `kubectl get` has it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._blocks = _blocks(text)

    def results(self, document: Any) -> list[list[Any]]:
        """The values that each part of the template finds, in order."""
        found: list[list[Any]] = []
        self._run(0, document, found, inside=False)
        return found

    def render(self, document: Any) -> str:
        """The template's text: values of one part are separated by a space, objects and lists are JSON."""
        return "".join(" ".join(map(_text, part)) for part in self.results(document))

    def as_json(self, document: Any) -> str:
        """Every part as a JSON list, as -o jsonpath-as-json prints it."""
        return "".join(to_json(part) for part in self.results(document))

    def _run(self, place: int, document: Any, found: list[list[Any]], *, inside: bool) -> int:
        """Run the blocks from `place` up to the end of this range; returns the place after it."""
        while place < len(self._blocks):
            block = self._blocks[place]
            place += 1
            if block.closes:
                if not inside:
                    raise JSONPathError("not in range, nothing to end")
                return place
            values = block.values(document)
            if not block.opens:
                found.append(values)
                continue
            after = self._run(place, None, [], inside=True)
            for value in values:
                self._run(place, value, found, inside=True)
            place = after
        return place


_RELAXED = re.compile(r"\{\.?([^{}]+)\}|\.?([^{}]+)")


def relaxed(expression: str) -> Template:
    """The template of a path that people write with or without braces and the first dot (get/customcolumn.go)."""
    found = _RELAXED.fullmatch(expression)
    if found is None:
        raise JSONPathError(
            "unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'"
        )
    return Template("{." + (found[1] or found[2]) + "}")


def _text(value: Any) -> str:
    if isinstance(value, dict | list):
        return compact_json(value)
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return str(value)


# --- reading ---------------------------------------------------------------------------------------------------------


def _blocks(text: str) -> list[_Block]:
    found: list[_Block] = []
    place = 0
    while place < len(text):
        opening = text.find("{", place)
        plain = text[place:] if opening < 0 else text[place:opening]
        if plain:
            found.append(_Block([_literal(plain)]))
        if opening < 0:
            break
        block, place = _Reader(text, opening + 1).block()
        found.append(block)
    return found


def _literal(value: Any) -> Step:
    return lambda values: [value] * max(1, len(values))


class _Reader:
    """Reads what stands between braces."""

    def __init__(self, text: str, place: int) -> None:
        self.text = text
        self.place = place

    def block(self) -> tuple[_Block, int]:
        """A block, and the place after its closing brace."""
        block = _Block()
        while True:
            character = self._peek()
            if not character:
                raise JSONPathError("unclosed action")
            if character == "}":
                return block, self.place + 1
            word = self._word()
            if word == "range":
                block.opens = True
            elif word == "end":
                block.closes = True
            elif word in ("true", "false"):
                block.steps.append(_literal(word == "true"))
            elif word:
                raise JSONPathError(f"unrecognized identifier {word}")
            elif character.isspace():
                self.place += 1
            else:
                block.steps.append(self._step())

    def _peek(self) -> str:
        return self.text[self.place : self.place + 1]

    def _match(self, pattern: str) -> str:
        found = re.compile(pattern).match(self.text, self.place)
        if found is None:
            return ""
        self.place = found.end()
        return found[0]

    def _word(self) -> str:
        return self._match(r"[A-Za-z_][A-Za-z0-9_]*")

    def _step(self) -> Step:
        if self._match(r"[$@]"):
            return lambda values: values
        if self._match(r"\.\."):
            return self._after_dots()
        if self._match(r"\.\*") or self._match(r"\*"):
            return _everything
        if self._peek() == ".":
            self.place += 1
            return self._field()
        if self._peek() == "[":
            return self._brackets()
        if self._peek() in "'\"":
            return _literal(self._quoted())
        number = self._match(r"-?\d+(\.\d+)?")
        if number:
            return _literal(float(number) if "." in number else int(number))
        raise JSONPathError(f"unrecognized character in action: U+{ord(self._peek()):04X} {self._peek()!r}")

    def _field(self) -> Step:
        name = re.sub(r"\\(.)", r"\1", self._match(r"(\\.|[^\s\\.,\[\]$@{}])*"))
        return _child(name) if name else lambda values: values

    def _after_dots(self) -> Step:
        if self._peek() == "[":
            return _descendants
        if self._match(r"\*"):
            return lambda values: _everything(_descendants(values))
        inner = self._field()
        return lambda values: inner(_descendants(values))

    def _quoted(self) -> str:
        quote = self._peek()
        body = self._match(r"'(\\.|[^'\\])*'" if quote == "'" else r'"(\\.|[^"\\])*"')
        if not body:
            raise JSONPathError("unterminated quoted string")
        return _unquoted(body[1:-1])

    def _brackets(self) -> Step:
        inside, self.place = _balanced(self.text, self.place)
        inside = inside.strip()
        if inside == "*":
            return _elements
        if inside.startswith("?(") and inside.endswith(")"):
            return _filter(inside[2:-1])
        if inside[:1] in ("'", '"'):
            return _union([_child(_unquoted(part.strip()[1:-1])) for part in _split(inside)])
        parts = [_slice(part.strip()) for part in _split(inside)]
        return parts[0] if len(parts) == 1 else _union(parts)


def _unquoted(text: str) -> str:
    escapes = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
    return re.sub(r"\\(.)", lambda found: escapes.get(found[1], found[1]), text, flags=re.DOTALL)


def _balanced(text: str, place: int) -> tuple[str, int]:
    """What stands between the bracket at `place` and its partner, and the place after that."""
    depth, quote, start = 0, "", place + 1
    while place < len(text):
        character = text[place]
        if quote:
            if character == "\\":
                place += 1
            elif character == quote:
                quote = ""
        elif character in "'\"":
            quote = character
        elif character in "[(":
            depth += 1
        elif character in "])":
            depth -= 1
            if not depth:
                return text[start:place], place + 1
        place += 1
    raise JSONPathError("unterminated array")


def _split(text: str) -> list[str]:
    """The parts between commas that are not in quotes."""
    return re.findall(r"""(?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|[^,'"])+""", text) or [text]


# --- stepping --------------------------------------------------------------------------------------------------------


def _child(name: str) -> Step:
    return lambda values: [value[name] for value in values if isinstance(value, dict) and name in value]


def _everything(values: list[Any]) -> list[Any]:
    found: list[Any] = []
    for value in values:
        if isinstance(value, dict):
            found += [value[key] for key in sorted(value)]
        elif isinstance(value, list):
            found += value
    return found


def _elements(values: list[Any]) -> list[Any]:
    return _everything(values)


def _descendants(values: list[Any]) -> list[Any]:
    found: list[Any] = []
    for value in values:
        inner = _everything([value])
        if inner:
            found += [value, *_descendants(inner)]
    return found


def _union(parts: list[Step]) -> Step:
    return lambda values: [value for part in parts for value in part(values)]


_SLICE = re.compile(r"(-?\d*)(:(-?\d*))?(:(\d*))?")


def _slice(text: str) -> Step:
    found = _SLICE.fullmatch(text)
    if found is None or not text:
        raise JSONPathError(f"invalid array index {text}")
    first, last, step = (int(found[group]) if found[group] else None for group in (1, 3, 5))
    single = found[2] is None
    if step == 0:
        raise JSONPathError("step must be > 0")

    def take(values: list[Any]) -> list[Any]:
        taken: list[Any] = []
        for value in values:
            if value is None:
                continue
            if not isinstance(value, list):
                raise JSONPathError(f"{_go_type(value)} is not array or slice")
            taken += _taken(value, first or 0, last, step or 1, single=single)
        return taken

    return take


def _taken(value: list[Any], first: int, last: int | None, step: int, *, single: bool) -> list[Any]:
    length = len(value)
    start = first + length if first < 0 else first
    end = start + 1 if single else length if last is None else last + length if last < 0 else last
    if start == end:
        return []
    if not 0 <= start < length:
        raise JSONPathError(f"array index out of bounds: index {start}, length {length}")
    if not 0 <= end <= length:
        raise JSONPathError(f"array index out of bounds: index {end - 1}, length {length}")
    if start > end:
        raise JSONPathError(f"starting index {start} is greater than ending index {end}")
    return value[start:end:step]


def _go_type(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    names = {str: "string", int: "int64", float: "float64", dict: "map[string]interface {}"}
    return names.get(type(value), "interface {}")


# --- filters ---------------------------------------------------------------------------------------------------------

_COMPARISON = re.compile(r"""((?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|[^!<>='"])+)(==|!=|<=|>=|<|>)(.+)""", re.DOTALL)


def _filter(text: str) -> Step:
    comparison = _COMPARISON.fullmatch(text.strip())
    left = _operand(comparison[1] if comparison else text)
    right = _operand(comparison[3]) if comparison else None
    operator = comparison[2] if comparison else ""

    def passes(item: Any) -> bool:
        lefts = left.values(item)
        if right is None:
            return bool(lefts)
        rights = right.values(item)
        if len(lefts) > 1 or len(rights) > 1:
            raise JSONPathError("can only compare one element at a time")
        return bool(lefts and rights) and _compares(lefts[0], operator, rights[0])

    def take(values: list[Any]) -> list[Any]:
        found: list[Any] = []
        for value in values:
            if not isinstance(value, list):
                raise JSONPathError(f"{_text(value)} is not array or slice and cannot be filtered")
            found += [item for item in value if passes(item)]
        return found

    return take


def _operand(text: str) -> _Block:
    return _Reader(text.strip() + "}", 0).block()[0]


def _compares(left: Any, operator: str, right: Any) -> bool:
    if _family(left) != _family(right):
        raise JSONPathError("incompatible types for comparison")
    if operator in ("==", "!="):
        return bool((left == right) == (operator == "=="))
    if _family(left) not in ("number", "string"):
        raise JSONPathError("invalid type for comparison")
    if operator in ("<", "<="):
        return bool(left < right or (operator == "<=" and left == right))
    return bool(left > right or (operator == ">=" and left == right))


def _family(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    return "number" if isinstance(value, int | float) else "string" if isinstance(value, str) else type(value).__name__
