"""Bodies in protobuf, as kubectl from 1.32 on sends them when it makes objects by itself.

Defined by apimachinery/pkg/runtime/serializer/protobuf.
Field names and types come from the published schemas, field numbers from protobuf_numbers.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

import orjson

from cluster.apiserver import errors
from cluster.objects import schema
from cluster.objects.documents import Document
from cluster.rest.protobuf_numbers import TABLE

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
MAGIC = b"k8s\0"
VARINT, EIGHT_BYTES, BYTES, FOUR_BYTES = 0, 1, 2, 5
# runtime.Unknown and runtime.TypeMeta.
_TYPE, _RAW = 1, 2
_API_VERSION, _KIND = 1, 2
# intstr.IntOrString: which of the two it is, and both.
_IS_TEXT, _NUMBER, _TEXT = 1, 2, 3
_MACHINERY = "io.k8s.apimachinery.pkg."
_UNIX = datetime(1970, 1, 1, tzinfo=UTC)
# No API object is deeper.
DEEPEST = 40


class _Field(NamedTuple):
    name: str
    optional: bool  # an empty value says something
    inline: bool  # `name` is a message whose fields belong here


class Malformed(ValueError):
    """Bytes that are no protobuf message of the expected type."""


@cache
def _messages() -> dict[str, dict[int, _Field]]:
    """Fields by number, by message."""
    found: dict[str, dict[int, _Field]] = {}
    for line in TABLE.replace("\n  ", " ").split("\n"):
        name, *words = line.split() or [""]
        number = 0
        for word in words:
            given, _, rest = word.rpartition(":")
            number = int(given) if given else number + 1
            found.setdefault(name, {})[number] = _Field(rest.lstrip("*@"), rest.startswith("*"), rest.startswith("@"))
    return found


def decoded(body: bytes) -> Document:
    """The object in a body; raises BadRequest for anything that is none."""
    if not body.startswith(MAGIC):
        raise errors.bad_request("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")
    try:
        return _object(body[len(MAGIC):])
    except (Malformed, UnicodeDecodeError, struct.error, OverflowError) as problem:
        raise errors.bad_request(f"the body of the request is no protobuf message: {problem}") from problem


def _object(data: bytes) -> Document:
    parts = {number: value for number, value in _fields(data) if isinstance(value, bytes)}
    type_ = {number: value.decode() for number, value in _fields(parts.get(_TYPE, b"")) if isinstance(value, bytes)}
    api_version, kind = type_.get(_API_VERSION, ""), type_.get(_KIND, "")
    name = schema.name_for(api_version, kind)
    if not name or _message_name(name) not in _messages():
        raise errors.bad_request(f'no kind "{kind}" is registered for version "{api_version}"')
    return {"apiVersion": api_version, "kind": kind, **_message(name, parts.get(_RAW, b""), DEEPEST)}


def _message_name(definition: str) -> str:
    """ "core.v1.Pod" for "io.k8s.api.core.v1.Pod"."""
    return definition.removeprefix("io.k8s.api.").removeprefix(f"{_MACHINERY}apis.")


# --- the wire --------------------------------------------------------------------------------------------------------


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """(number, value) of every field of a message, in order."""
    place = 0
    while place < len(data):
        tag, place = _varint(data, place)
        number, wire = tag >> 3, tag & 7
        if wire == VARINT:
            value, place = _varint(data, place)
            yield number, value
            continue
        if wire == BYTES:
            size, place = _varint(data, place)
        elif wire in (EIGHT_BYTES, FOUR_BYTES):
            size = 8 if wire == EIGHT_BYTES else 4
        else:
            raise Malformed(f"field {number} has wire type {wire}")
        if place + size > len(data):
            raise Malformed(f"field {number} is longer than the message")
        yield number, data[place : place + size]
        place += size


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if place >= len(data) or shift > 63:
            raise Malformed("a number has no end")
        byte = data[place]
        value |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return value, place


def _signed(value: int) -> int:
    value &= (1 << 64) - 1
    return value - (1 << 64) if value >> 63 else value


# --- values ----------------------------------------------------------------------------------------------------------


def _message(definition: str, data: bytes, depth: int) -> Document:
    properties = schema.definition(definition).get("properties") or {}
    return _of_properties(_message_name(definition), properties, data, depth)


def _of_properties(name: str, properties: Document, data: bytes, depth: int) -> Document:
    if depth <= 0:
        raise Malformed("it is too deep")
    known, found = _messages().get(name, {}), dict[str, Any]()
    for number, value in _fields(data):
        field = known.get(number)
        if field is None:
            continue
        if field.inline:
            found |= _of_properties(field.name, properties, _bytes(value), depth - 1)
        elif field.name in properties:
            _put(found, field, properties[field.name], value, depth - 1)
    return found


def _put(found: Document, field: _Field, shape: Document, value: int | bytes, depth: int) -> None:
    """Add one field to the object; one that may repeat joins those before it."""
    if _type(shape) == "array":
        found.setdefault(field.name, []).append(_value(shape["items"], value, depth))
    elif "additionalProperties" in shape:
        found.setdefault(field.name, {}).update([_entry(shape["additionalProperties"], _bytes(value), depth)])
    else:
        read = _value(shape, value, depth)
        if field.optional or read not in ("", 0, {}, None):
            found[field.name] = read


def _entry(shape: Document, data: bytes, depth: int) -> tuple[str, Any]:
    """Key and value of a map."""
    parts = dict(_fields(data))
    return _bytes(parts.get(1, b"")).decode(), _value(shape, parts.get(2, b""), depth)


def _type(shape: Document) -> str:
    types = shape.get("type", "")
    return next((one for one in types if one != "null"), "") if isinstance(types, list) else types


def _value(shape: Document, value: int | bytes, depth: int) -> Any:
    if "$ref" in shape:
        return _referred(shape["$ref"].rpartition("/")[2], _bytes(value), depth)
    type_ = _type(shape)
    if type_ == "string":
        data = _bytes(value)
        return base64.b64encode(data).decode() if shape.get("format") == "byte" else data.decode()
    if type_ == "boolean":
        return bool(_number(value))
    if type_ == "integer":
        return _signed(_number(value))
    if type_ == "number":
        return struct.unpack("<d", _bytes(value))[0]
    if type_ == "array":  # a list as the value of a map is a message of its own
        return [_value(shape["items"], each, depth) for _, each in _fields(_bytes(value))]
    raise Malformed(f"type {type_!r} is not known")


def _referred(definition: str, data: bytes, depth: int) -> Any:
    special = _SPECIAL.get(definition.removeprefix(_MACHINERY))
    return _message(definition, data, depth) if special is None else special(data)


def _bytes(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise Malformed("a number stands where a text belongs")
    return value


def _number(value: int | bytes) -> int:
    if isinstance(value, bytes):
        if value == b"":  # left out as the value of a map
            return 0
        raise Malformed("a text stands where a number belongs")
    return value


def _time(data: bytes) -> str:
    return _moment(data).strftime("%Y-%m-%dT%H:%M:%SZ") if data else ""


def _micro_time(data: bytes) -> str:
    return _moment(data).strftime("%Y-%m-%dT%H:%M:%S.%fZ") if data else ""


def _moment(data: bytes) -> datetime:
    parts = dict(_fields(data))
    seconds, nanoseconds = _signed(_number(parts.get(1, 0))), _number(parts.get(2, 0))
    return _UNIX + timedelta(seconds=seconds, microseconds=nanoseconds // 1000)


def _quantity(data: bytes) -> str:
    return _bytes(dict(_fields(data)).get(1, b"")).decode()


def _int_or_string(data: bytes) -> int | str:
    parts = dict(_fields(data))
    if _number(parts.get(_IS_TEXT, 0)):
        return _bytes(parts.get(_TEXT, b"")).decode()
    return _signed(_number(parts.get(_NUMBER, 0)))


def _raw(data: bytes) -> Any:
    text = _bytes(dict(_fields(data)).get(1, b""))
    try:
        return orjson.loads(text) if text else {}
    except orjson.JSONDecodeError as problem:
        raise Malformed(f"JSON inside of it: {problem}") from problem


_SPECIAL = {
    "apis.meta.v1.Time": _time, "apis.meta.v1.MicroTime": _micro_time, "api.resource.Quantity": _quantity,
    "util.intstr.IntOrString": _int_or_string, "runtime.RawExtension": _raw, "apis.meta.v1.FieldsV1": _raw,
}
