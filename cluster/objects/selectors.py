"""Label selectors, field selectors and the node selector terms of affinity.

Defined by apimachinery/pkg/labels/selector.go, apimachinery/pkg/fields/selector.go,
apimachinery/pkg/apis/meta/v1/helpers.go and component-helpers/scheduling/corev1/nodeaffinity.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

Labels = Mapping[str, str]


class SelectorError(ValueError):
    """The selector cannot be understood; the message is the API server's."""


# --- Label keys and values (apimachinery/pkg/api/validate/content/kube.go) ---

_NAME = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_SUBDOMAIN = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_NAME_PATTERN = re.compile(_NAME)
_VALUE_PATTERN = re.compile(f"({_NAME})?")
_SUBDOMAIN_PATTERN = re.compile(_SUBDOMAIN)
_ALPHANUMERIC = (
    "consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
)
_NAME_RULE = (
    f"must {_ALPHANUMERIC} (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '{_NAME}')"
)
_VALUE_RULE = (
    f"a valid label must be an empty string or {_ALPHANUMERIC}"
    f" (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '({_NAME})?')"
)
_SUBDOMAIN_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start"
    f" and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '{_SUBDOMAIN}')"
)
_MAX_NAME = 63
_MAX_SUBDOMAIN = 253


@lru_cache(maxsize=8192)
def label_key_errors(key: str) -> tuple[str, ...]:
    """What is wrong with a label key, such as `app` or `example.com/tier`; empty when it is valid (IsLabelKey)."""
    *prefixes, name = key.split("/")
    if len(prefixes) > 1:
        return (
            f"a valid label key {_NAME_RULE} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
        )
    errors = [f"prefix part {error}" for prefix in prefixes for error in _prefix_errors(prefix)]
    if not name:
        errors.append("name part must be non-empty")
    elif len(name.encode()) > _MAX_NAME:
        errors.append(f"name part must be no more than {_MAX_NAME} bytes")
    if not _NAME_PATTERN.fullmatch(name):
        errors.append(f"name part {_NAME_RULE}")
    return tuple(errors)


@lru_cache(maxsize=8192)
def label_value_errors(value: str) -> tuple[str, ...]:
    """What is wrong with a label value; empty when it is valid (IsLabelValue)."""
    errors = []
    if len(value.encode()) > _MAX_NAME:
        errors.append(f"must be no more than {_MAX_NAME} bytes")
    if not _VALUE_PATTERN.fullmatch(value):
        errors.append(_VALUE_RULE)
    return tuple(errors)


def _prefix_errors(prefix: str) -> Iterator[str]:
    if not prefix:
        yield "must be non-empty"
        return
    if len(prefix.encode()) > _MAX_SUBDOMAIN:
        yield f"must be no more than {_MAX_SUBDOMAIN} bytes"
    if not _SUBDOMAIN_PATTERN.fullmatch(prefix):
        yield _SUBDOMAIN_RULE


# --- Requirements ---

IN, NOT_IN, EXISTS, DOES_NOT_EXIST = "in", "notin", "exists", "!"
EQUALS, DOUBLE_EQUALS, NOT_EQUALS = "=", "==", "!="
GREATER_THAN, LESS_THAN = "gt", "lt"

_EXACT = frozenset({EQUALS, DOUBLE_EQUALS, NOT_EQUALS})
_SET = frozenset({IN, NOT_IN})
_PRESENCE = frozenset({EXISTS, DOES_NOT_EXIST})
_ORDER = frozenset({GREATER_THAN, LESS_THAN})
_SIGNS = {GREATER_THAN: ">", LESS_THAN: "<"}
_INTEGER = re.compile(r"[+-]?\d{1,19}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition on a label. The operator is one of the constants of this module (labels.Requirement)."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def matches(self, labels: Labels) -> bool:
        """Whether the labels fulfil the condition; what is absent fulfils `!=`, `notin` and `!` only."""
        if self.operator == EXISTS:
            return self.key in labels
        if self.operator == DOES_NOT_EXIST:
            return self.key not in labels
        value = labels.get(self.key)
        if self.operator in (NOT_IN, NOT_EQUALS):
            return value is None or value not in self.values
        if self.operator in _ORDER:
            return self._compares(value)
        return value is not None and value in self.values

    def _compares(self, value: str | None) -> bool:
        actual, bound = _integer(value), _integer(self.values[0])
        if actual is None or bound is None:
            return False
        return actual > bound if self.operator == GREATER_THAN else actual < bound

    def errors(self, path: str = "") -> list[str]:
        """What is wrong with the condition, each as `field: Invalid value: …` below `path` (NewRequirement)."""
        prefix = f"{path}." if path else ""
        errors = []
        if wrong := label_key_errors(self.key):
            errors.append(_invalid(f"{prefix}key", self.key, "; ".join(wrong)))
        if complaint := self._count_error():
            errors.append(_invalid(f"{prefix}values", list(self.values) or None, complaint))
        for index, value in enumerate(self.values):
            if self.operator in _ORDER and _integer(value) is None:
                detail = "for 'Gt', 'Lt' operators, the value must be an integer"
                errors.append(_invalid(f"{prefix}values[{index}]", value, detail))
        for index, value in enumerate(self.values):
            if wrong := label_value_errors(value):
                errors.append(_invalid(f"{prefix}values[{index}][{self.key}]", value, "; ".join(wrong)))
        return errors

    def _count_error(self) -> str:
        count = len(self.values)
        if self.operator in _SET and not count:
            return "for 'in', 'notin' operators, values set can't be empty"
        if self.operator in _EXACT and count != 1:
            return "exact-match compatibility requires one single value"
        if self.operator in _PRESENCE and count:
            return "values set must be empty for exists and does not exist"
        if self.operator in _ORDER and count != 1:
            return "for 'Gt', 'Lt' operators, exactly one value is required"
        return ""

    def __str__(self) -> str:
        if self.operator == EXISTS:
            return self.key
        if self.operator == DOES_NOT_EXIST:
            return f"!{self.key}"
        values = ",".join(sorted(self.values))
        if self.operator in _SET:
            return f"{self.key} {self.operator} ({values})"
        return f"{self.key}{_SIGNS.get(self.operator, self.operator)}{values}"


def _checked(requirement: Requirement) -> Requirement:
    if errors := requirement.errors():
        raise SelectorError(_aggregate(errors))
    return requirement


def _aggregate(errors: Sequence[str]) -> str:
    distinct = list(dict.fromkeys(errors))
    return distinct[0] if len(distinct) == 1 else f"[{', '.join(distinct)}]"


def _invalid(field: str, value: Any, detail: str) -> str:
    return f"{field}: Invalid value: {json.dumps(value, ensure_ascii=False, separators=(',', ':'))}: {detail}"


def _integer(text: str | None) -> int | None:
    if text is None or not _INTEGER.fullmatch(text):
        return None
    number = int(text)
    return number if -(2**63) <= number < 2**63 else None


# --- Label selectors ---

_DOCUMENT_OPERATORS = {"In": IN, "NotIn": NOT_IN, "Exists": EXISTS, "DoesNotExist": DOES_NOT_EXIST}


class LabelSelector:
    """A set of conditions on labels that must all hold. Immutable; see `parse`, `from_document` and `from_map`."""

    __slots__ = ("_equal", "_other", "nothing", "requirements")

    def __init__(self, requirements: Iterable[Requirement] = (), *, nothing: bool = False) -> None:
        self.requirements = tuple(sorted(requirements, key=lambda requirement: requirement.key))
        # True for the selector of an absent document: it selects no object at all.
        self.nothing = nothing
        # Almost every condition is an equality, and selectors are asked about thousands of objects.
        self._equal = tuple((r.key, r.values[0]) for r in self.requirements if r.operator in (EQUALS, DOUBLE_EQUALS))
        self._other = tuple(r for r in self.requirements if r.operator not in (EQUALS, DOUBLE_EQUALS))

    @classmethod
    def parse(cls, text: str) -> LabelSelector:
        """Read `app=web,tier in (a,b),!old`, as query parameters and `kubectl -l` spell it. Raises SelectorError."""
        return cls(_Parser(text).requirements())

    @classmethod
    def from_document(cls, document: Mapping[str, Any] | None) -> LabelSelector:
        """Read `{matchLabels, matchExpressions}`: None selects nothing, `{}` everything. Raises SelectorError."""
        if document is None:
            return cls(nothing=True)
        labels = document.get("matchLabels") or {}
        if not document.get("matchExpressions") and all(type(value) is str for value in labels.values()):
            return _of_labels(tuple(labels.items()), checked=True)
        equal = (Requirement(key, EQUALS, (value,)) for key, value in labels.items())
        other = map(_from_expression, document.get("matchExpressions") or ())
        return cls(_checked(requirement) for requirements in (equal, other) for requirement in requirements)

    @classmethod
    def from_map(cls, labels: Labels | None) -> LabelSelector:
        """Labels that must all be equal, as Services and ReplicationControllers select; empty selects everything.

        The map is not validated (SelectorFromSet).
        """
        return _of_labels(tuple((labels or {}).items()), checked=False)

    @property
    def empty(self) -> bool:
        """Whether it selects everything."""
        return not self.requirements and not self.nothing

    def matches(self, labels: Labels | None) -> bool:
        """Whether every condition holds for the labels."""
        if self.nothing:
            return False
        labels = labels or {}
        for key, value in self._equal:
            if labels.get(key) != value:
                return False
        return not self._other or all(requirement.matches(labels) for requirement in self._other)

    def required_value(self, key: str) -> str | None:
        """The one value that the label must have, if the selector demands one (RequiresExactMatch)."""
        for requirement in self.requirements:
            if requirement.key == key and requirement.operator in (EQUALS, DOUBLE_EQUALS, IN):
                return requirement.values[0] if len(requirement.values) == 1 else None
        return None

    def __str__(self) -> str:
        return ",".join(map(str, self.requirements))

    def __repr__(self) -> str:
        return f"LabelSelector({'nothing' if self.nothing else str(self)!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, LabelSelector):
            return NotImplemented
        return self.nothing == other.nothing and self.requirements == other.requirements

    def __hash__(self) -> int:
        return hash((self.nothing, self.requirements))


@lru_cache(maxsize=4096)
def _of_labels(labels: tuple[tuple[str, str], ...], *, checked: bool) -> LabelSelector:
    """The selector of labels that must all be equal: controllers ask for the same few again and again."""
    requirements = [Requirement(key, EQUALS, (value,)) for key, value in labels]
    return LabelSelector(map(_checked, requirements) if checked else requirements)


def format_document(document: Mapping[str, Any] | None) -> str:
    """The selector of a document as kubectl prints it: `<none>` without conditions, `<error>` if it is invalid.

    Defined by FormatLabelSelector in apimachinery/pkg/apis/meta/v1/helpers.go.
    """
    try:
        return str(LabelSelector.from_document(document)) or "<none>"
    except SelectorError:
        return "<error>"


def _from_expression(expression: Mapping[str, Any]) -> Requirement:
    operator = expression.get("operator", "")
    if operator not in _DOCUMENT_OPERATORS:
        raise SelectorError(f"{json.dumps(operator, ensure_ascii=False)} is not a valid label selector operator")
    return Requirement(expression.get("key", ""), _DOCUMENT_OPERATORS[operator], tuple(expression.get("values") or ()))


_TOKEN = re.compile(r"[ \t\r\n]*(==|!=|[=!(),<>]|[^=!(),<> \t\r\n]+)")
_SYMBOLS = frozenset({"==", "!=", "=", "!", "(", ")", ",", "<", ">"})
_OPERATORS = {
    "in": IN,
    "notin": NOT_IN,
    "=": EQUALS,
    "==": DOUBLE_EQUALS,
    "!=": NOT_EQUALS,
    ">": GREATER_THAN,
    "<": LESS_THAN,
}
_EXPECTED_OPERATORS = "in, notin, =, ==, !=, gt, lt"
_END = ""


class _Parser:
    """The grammar of labels.Parse. `in` and `notin` are operators after a key and ordinary words elsewhere."""

    def __init__(self, text: str) -> None:
        self._tokens = [*_TOKEN.findall(text), _END]
        self._position = 0

    def requirements(self) -> list[Requirement]:
        found: list[Requirement] = []
        if self._next == _END:
            return found
        if not (self._is_word() or self._next == "!"):
            raise SelectorError(f"found '{self._next}', expected: !, identifier, or 'end of string'")
        while True:
            try:
                found.append(self._requirement())
            except SelectorError as error:
                raise SelectorError(f"unable to parse requirement: {error}") from error
            separator = self._take()
            if separator == _END:
                return found
            if separator != ",":
                raise SelectorError(f"found '{separator}', expected: ',' or 'end of string'")
            if not (self._is_word() or self._next == "!"):
                raise SelectorError(f"found '{self._next}', expected: identifier after ','")

    @property
    def _next(self) -> str:
        return self._tokens[self._position]

    def _take(self) -> str:
        token = self._tokens[self._position]
        self._position += 1
        return token

    def _is_word(self) -> bool:
        return self._next != _END and self._next not in _SYMBOLS

    def _requirement(self) -> Requirement:
        negated = self._next == "!"
        if negated:
            self._take()
        if not self._is_word():
            raise SelectorError(f"found '{self._next}', expected: identifier")
        key = self._take()
        if wrong := label_key_errors(key):
            # The server reports this one without a field path, and Go prints that as <nil>.
            raise SelectorError(_invalid("<nil>", key, "; ".join(wrong)))
        if negated:
            return _checked(Requirement(key, DOES_NOT_EXIST))
        if self._next in (_END, ","):
            return _checked(Requirement(key, EXISTS))
        word = self._take()
        if word not in _OPERATORS:
            raise SelectorError(f"found '{word}', expected: {_EXPECTED_OPERATORS}")
        operator = _OPERATORS[word]
        values = self._value_set() if operator in _SET else {self._exact_value()}
        return _checked(Requirement(key, operator, tuple(sorted(values))))

    def _exact_value(self) -> str:
        if self._next in (_END, ","):
            return ""
        if not self._is_word():
            raise SelectorError(f"found '{self._next}', expected: identifier")
        return self._take()

    def _value_set(self) -> set[str]:
        if self._next != "(":
            raise SelectorError(f"found '{self._next}' expected: '('")
        self._take()
        if self._next not in (")", ",") and not self._is_word():
            raise SelectorError(f"found '{self._next}', expected: ',', ')' or identifier")
        values: set[str] = set()
        while True:
            # Nothing between two separators is the empty value.
            values.add(self._take() if self._is_word() else "")
            if self._next == ")":
                self._take()
                return values
            if self._next != ",":
                raise SelectorError(f"found '{self._next}', expected: ',' or ')'")
            self._take()
            if self._next not in (")", ",") and not self._is_word():
                raise SelectorError(f"found '{self._next}', expected: ',', or identifier")


# --- Field selectors ---

_TERM = re.compile(r"(.*?)(!=|==|=)(.*)", re.DOTALL)
_ESCAPED = re.compile(r"\\(.?)|([,=])", re.DOTALL)
_TO_ESCAPE = re.compile(r"([\\,=])")


@dataclass(frozen=True, slots=True)
class FieldRequirement:
    """One condition on a field: the operator is `=` or `!=`."""

    field: str
    operator: str
    value: str

    def __str__(self) -> str:
        return f"{self.field}{self.operator}" + _TO_ESCAPE.sub(r"\\\1", self.value)


@dataclass(frozen=True, slots=True)
class FieldSelector:
    """Conditions on fields that must all hold. Which fields exist is for the kind to say, not for the selector."""

    requirements: tuple[FieldRequirement, ...] = ()

    @classmethod
    def parse(cls, text: str) -> FieldSelector:
        """Read `metadata.name=web,status.phase!=Running`. Raises SelectorError."""
        terms = sorted(term for term in _split_terms(text) if term)
        return cls(tuple(_field_requirement(text, term) for term in terms))

    @property
    def empty(self) -> bool:
        """Whether it selects everything."""
        return not self.requirements

    def matches(self, lookup: Callable[[str], str]) -> bool:
        """Whether every condition holds; `lookup` answers a field's value, "" when it is not set."""
        return all((lookup(r.field) == r.value) == (r.operator == EQUALS) for r in self.requirements)

    def required_value(self, field: str) -> str | None:
        """The one value that the field must have, if the selector demands one (RequiresExactMatch)."""
        for requirement in self.requirements:
            if requirement.field == field and requirement.operator == EQUALS:
                return requirement.value
        return None

    def __str__(self) -> str:
        return ",".join(map(str, self.requirements))


def _split_terms(text: str) -> Iterator[str]:
    """The terms between commas; a comma after a backslash belongs to a value."""
    start, escaped = 0, False
    for index, character in enumerate(text):
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        elif character == ",":
            yield text[start:index]
            start = index + 1
    yield text[start:]


def _field_requirement(text: str, term: str) -> FieldRequirement:
    parts = _TERM.fullmatch(term)
    if parts is None:
        raise SelectorError(f"invalid selector: '{text}'; can't understand '{term}'")
    field, operator, value = parts.groups()
    return FieldRequirement(field, NOT_EQUALS if operator == NOT_EQUALS else EQUALS, _ESCAPED.sub(_unescape, value))


def _unescape(match: re.Match[str]) -> str:
    escaped, bare = match.groups()
    if bare:
        # The server prints the character's number.
        raise SelectorError(f"invalid field selector: unescaped character in value: {ord(bare)}")
    if escaped not in ("\\", ",", "="):
        raise SelectorError(f"invalid field selector: invalid escape sequence: \\{escaped}")
    return escaped


# --- Node selector terms ---

_NODE_OPERATORS = {**_DOCUMENT_OPERATORS, "Gt": GREATER_THAN, "Lt": LESS_THAN}


@dataclass(frozen=True, slots=True)
class NodeSelectorRequirement:
    """One condition of a node selector term; the operator is In, NotIn, Exists, DoesNotExist, Gt or Lt."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> NodeSelectorRequirement:
        """The condition of a `{key, operator, values}` document."""
        return cls(document.get("key", ""), document.get("operator", ""), tuple(document.get("values") or ()))

    def matches(self, labels: Labels) -> bool:
        """Whether a node's labels fulfil the condition; an invalid condition is never fulfilled."""
        operator = _NODE_OPERATORS.get(self.operator)
        if operator is None:
            return False
        requirement = Requirement(self.key, operator, self.values)
        return not requirement.errors() and requirement.matches(labels)

    def errors(self, path: str) -> list[str]:
        """What is wrong with the condition, below `path`; for an operator that does not exist nothing else."""
        operator = _NODE_OPERATORS.get(self.operator)
        if operator is None:
            known = ", ".join(f'"{name}"' for name in _NODE_OPERATORS)
            value = json.dumps(self.operator, ensure_ascii=False)
            return [f"{path}.operator: Unsupported value: {value}: supported values: {known}"]
        return Requirement(self.key, operator, self.values).errors(path)

    def matches_field(self, fields: Labels) -> bool:
        """The same for `matchFields`, which know In and NotIn with exactly one value."""
        if self.operator not in ("In", "NotIn") or len(self.values) != 1:
            return False
        return (fields.get(self.key, "") == self.values[0]) == (self.operator == "In")


def node_selector_term_matches(term: Mapping[str, Any], labels: Labels, fields: Labels) -> bool:
    """Whether a node fulfils every condition of one term. An empty or invalid term selects no node."""
    expressions = [NodeSelectorRequirement.from_document(each) for each in term.get("matchExpressions") or ()]
    on_fields = [NodeSelectorRequirement.from_document(each) for each in term.get("matchFields") or ()]
    if not expressions and not on_fields:
        return False
    if not all(requirement.matches(labels) for requirement in expressions):
        return False
    return all(requirement.matches_field(fields) for requirement in on_fields)


def node_selector_term_errors(term: Mapping[str, Any], path: str) -> list[str]:
    """What is wrong with the `matchExpressions` of a term, below `path` (newNodeSelectorTerm)."""
    return [
        error for index, expression in enumerate(term.get("matchExpressions") or ())
        for error in NodeSelectorRequirement.from_document(expression).errors(f"{path}.matchExpressions[{index}]")
    ]


def node_selector_terms_match(terms: Iterable[Mapping[str, Any]] | None, labels: Labels, fields: Labels) -> bool:
    """Whether a node fulfils at least one term (LazyErrorNodeSelector.Match).

    `fields` holds the fields that matchFields may name: `{"metadata.name": <the node's name>}`.
    """
    return any(node_selector_term_matches(term, labels, fields) for term in terms or ())
