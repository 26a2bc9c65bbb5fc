"""The hash of a Pod template, as it stands in names of ReplicaSets and in the label `pod-template-hash`.

Kubernetes hashes the text of the Go value (FNV-32a over the dump in pkg/util/hash, ComputeHash in
pkg/controller/controller_utils.go), so the same template gets the same hash here as in a real cluster of this version.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any, NamedTuple

from cluster.objects import quantity
from cluster.objects.documents import Document
from cluster.objects.go_types import GO_TYPES
from cluster.objects.metadata import NAME_ALPHABET

_INTEGERS = frozenset({"int", "int32", "int64", "uint64"})
_ZERO_TIME = "{Time:(time.Time){wall:(uint64)0 ext:(int64)0 loc:(*time.Location)<nil>}}"
_QUANTITY = re.compile(r"([+-]?)(\d*)\.?(\d*)(.*)")
_DECIMAL_SUFFIXES = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY_SUFFIXES = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}


class _Field(NamedTuple):
    name: str
    key: str | None  # None: the fields of the embedded type stand in the outer document
    type: str


def template_hash(template: Document, collision_count: int | None = None) -> str:
    """The hash of a defaulted Pod template, spelt in the alphabet of generated names.

    `collision_count` is the Deployment's: it makes another hash of the same template.
    """
    data = dump(template, "v1.PodTemplateSpec").encode()
    if collision_count is not None:
        data += collision_count.to_bytes(8, "little")
    return _spelt(fnv32a(data))


def revision_hash(data: Document, collision_count: int) -> str:
    """The hash of what a ControllerRevision keeps, spelt like that of a template.

    HashControllerRevision in pkg/controller/history/controller_history.go: FNV-32 over the JSON with sorted keys.
    """
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    # Go's encoder escapes what could end a script element.
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return _spelt(fnv32(f"{text}{collision_count}".encode()))


def _spelt(number: int) -> str:
    return "".join(NAME_ALPHABET[ord(digit) % len(NAME_ALPHABET)] for digit in str(number))


@lru_cache(maxsize=256)
def fnv32(data: bytes) -> int:
    """The 32-bit Fowler-Noll-Vo hash, variant 1."""
    found = 2166136261
    for byte in data:
        found = found * 16777619 & 0xFFFFFFFF ^ byte
    return found


@lru_cache(maxsize=256)
def fnv32a(data: bytes) -> int:
    """The 32-bit Fowler-Noll-Vo hash, variant 1a."""
    found = 2166136261
    for byte in data:
        found = (found ^ byte) * 16777619 & 0xFFFFFFFF
    return found


def dump(value: Any, go_type: str, *, typed: bool = True) -> str:
    """A JSON value as the text of the Go value that it decodes to; `typed` puts the type before it.

    A pointer always shows its type: none of these types holds pointers in a list or map.
    """
    if not go_type.startswith("*"):
        head = f"({go_type})" if typed else ""
        # Most fields are empty, and what is empty always reads the same. A zero can be a quantity that was given.
        return head + (_body(value, go_type) if value or isinstance(value, int) else _empty(go_type))
    if value is None:
        return f"({go_type})<nil>"
    return f"({go_type})" + dump(value, go_type[1:], typed=False)


@cache
def _empty(go_type: str) -> str:
    return _body(None, go_type)


@cache
def _fields(name: str) -> tuple[_Field, ...]:
    found = []
    for entry in GO_TYPES[name].split("; "):
        spelling, go_type = entry.rsplit(" ", 1)
        field, slash, key = spelling.partition("/")
        json_key = (key or None) if slash else field[0].lower() + field[1:]
        found.append(_Field(field, json_key, go_type))
    return tuple(found)


def _body(value: Any, go_type: str) -> str:
    if go_type in _SPECIAL:
        return _SPECIAL[go_type](value)
    if go_type.startswith("[]"):
        return "[" + " ".join(dump(item, go_type[2:], typed=False) for item in value) + "]" if value else "<nil>"
    if go_type.startswith("map["):
        return _map(value, go_type.split("]", 1)[1])
    if go_type in _INTEGERS:
        return str(value or 0)
    name = go_type.removeprefix("v1.")
    if name not in GO_TYPES:
        return value or ""
    if GO_TYPES[name].startswith("= "):
        return _body(value, GO_TYPES[name][2:])
    return _struct(value or {}, name)


def _struct(value: Document, name: str) -> str:
    texts = []
    for field in _fields(name):
        inner = value if field.key is None else value.get(field.key)
        texts.append(f"{field.name}:{dump(inner, field.type)}")
    return "{" + " ".join(texts) + "}"


def _map(value: Document | None, item_type: str) -> str:
    if not value:
        return "<nil>"
    return "map[" + " ".join(f"{key}:{dump(value[key], item_type, typed=False)}" for key in sorted(value)) + "]"


def _int_or_string(value: int | str | None) -> str:
    number, text = (0, value) if isinstance(value, str) else (value or 0, "")
    return f"{{Type:(intstr.Type){int(isinstance(value, str))} IntVal:(int32){number} StrVal:(string){text}}}"


def _quantity(value: str | int | float | None) -> str:
    """A parsed quantity (ParseQuantity in apimachinery/pkg/api/resource/quantity.go).

    Amounts of more than 15 digits, which the real one keeps as a big decimal, are written like the others.
    """
    if value is None:
        return _amount(0, 0, "", "")
    text = quantity.canonical(value)
    match = _QUANTITY.fullmatch(text)
    assert match is not None
    sign, whole, fraction, suffix = match.groups()
    digits, spelling = int(f"{sign}{whole}{fraction}"), quantity.remembered(text)
    if suffix in _BINARY_SUFFIXES:
        return _amount(digits << _BINARY_SUFFIXES[suffix], 0, spelling, "BinarySI")
    if suffix in _DECIMAL_SUFFIXES:
        return _amount(digits, _DECIMAL_SUFFIXES[suffix] - len(fraction), spelling, "DecimalSI")
    return _amount(digits, int(suffix[1:]) - len(fraction), spelling, "DecimalExponent")


def _amount(number: int, scale: int, text: str, form: str) -> str:
    return (
        f"{{i:(resource.int64Amount){{value:(int64){number} scale:(resource.Scale){scale}}} "
        f"d:(resource.infDecAmount){{Dec:(*inf.Dec)<nil>}} s:(string){text} Format:(resource.Format){form}}}"
    )


_SPECIAL: dict[str, Callable[[Any], str]] = {
    "bool": lambda value: "true" if value else "false",
    "v1.Time": lambda value: _ZERO_TIME,
    "resource.Quantity": _quantity,
    "intstr.IntOrString": _int_or_string,
}
