"""The types of API objects: what a strict decoder says about a document, how its fields merge, what they mean.

The definitions are the published OpenAPI schemas of Kubernetes 1.36, from the package kubernetes-validate. They are
read once, when the first is asked for. The decoder's behaviour is defined by apimachinery/pkg/runtime/serializer/json
and sigs.k8s.io/json. A kind that the schemas do not know decodes like a custom resource without a schema.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import orjson

from cluster.objects import scheduler_configuration_schema
from cluster.objects.documents import Document
from cluster.objects.quantity import QuantityError
from cluster.objects.quantity import parse as parse_quantity

VERSION = "1.36"

_REFERENCE = "#/$defs/"
# A strict decoder stops counting here.
_MAX_ERRORS = 100


class UnknownFieldError(LookupError):
    """A path names a field that does not exist; the message is that of `kubectl explain`."""


def schema_for(api_version: str, kind: str) -> Document | None:
    """The JSON schema definition of a kind such as ("apps/v1", "Deployment"); None if it has none."""
    name = _definition_names().get((api_version, kind))
    return None if name is None else _definitions()[name]


# The definition of what a delete request may carry.
DELETE_OPTIONS = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions"


def name_for(api_version: str, kind: str) -> str:
    """The name of a kind's definition; "" if it has none."""
    return _definition_names().get((api_version, kind), "")


def definition(name: str) -> Document:
    """A definition by its name; KeyError for one that there is not."""
    return _definitions()[name]


def references(schema: Any) -> Iterator[str]:
    """The names of all definitions that a schema refers to directly."""
    if isinstance(schema, list):
        for item in schema:
            yield from references(item)
    elif isinstance(schema, dict):
        target = schema.get("$ref")
        if isinstance(target, str) and target.startswith(_REFERENCE):
            yield target.removeprefix(_REFERENCE)
        for item in schema.values():
            yield from references(item)


@cache
def _definitions() -> dict[str, Document]:
    spec = find_spec("kubernetes_validate")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("the package kubernetes-validate is not installed")
    # Found without importing the package: its own validator, which nobody needs here, takes 100 ms to load.
    folder = Path(spec.submodule_search_locations[0]) / "kubernetes-json-schema" / f"v{VERSION}.0-local"
    definitions: dict[str, Document] = orjson.loads((folder / "_definitions.json").read_bytes())["$defs"]
    return definitions | scheduler_configuration_schema.DEFINITIONS


@cache
def _definition_names() -> dict[tuple[str, str], str]:
    names = {}
    for name, definition in _definitions().items():
        properties = definition.get("properties") or {}
        for kind in (properties.get("kind") or {}).get("enum") or ():
            for api_version in (properties.get("apiVersion") or {}).get("enum") or ():
                names[api_version, kind] = name
    return names


def _short_name(name: str) -> str:
    return name.rpartition(".")[2]


def _target(schema: Document) -> tuple[str, Document]:
    """The definition that a property refers to, with its name; the property itself, and "", if it refers to none."""
    name = schema.get("$ref", "").removeprefix(_REFERENCE)
    return (name, _definitions()[name]) if name else ("", schema)


# --- Decoding ---

# Where a value stands: the place around it, its field, map key or list index, and the Go struct if it is a field.
_Place = tuple["_Place | None", "str | int", "str | None"]


class _Complaints:
    """What a decoder finds wrong, in the order of the fields' paths: clients send JSON with sorted keys."""

    def __init__(self) -> None:
        self._unknown: list[tuple[list[str | int], str]] = []
        self._mismatches: list[tuple[list[str | int], str]] = []

    def unknown(self, place: _Place | None, field: str) -> None:
        path = [*_path(place), field]
        self._unknown.append((path, f'unknown field "{_dotted(path)}"'))

    def mismatch(self, place: _Place | None, value: Any, go_type: str, *, custom: bool = False) -> None:
        """A value of the wrong type; a type with its own decoder (`custom`) does not know which field it is in."""
        struct = None if custom else _struct(place)
        fields = ".".join(_struct_fields(place))
        target = (
            f"Go value of type {go_type}" if struct is None else f"Go struct field {struct}.{fields} of type {go_type}"
        )
        self.wrong(place, f"json: cannot unmarshal {_described(value, go_type)} into {target}")

    def wrong(self, place: _Place | None, message: str) -> None:
        self._mismatches.append((_path(place), message))

    @property
    def type_error(self) -> str:
        """The first mismatch; a decoder reports no other."""
        return min(self._mismatches, key=_order)[1] if self._mismatches else ""

    @property
    def unknown_paths(self) -> list[list[str | int]]:
        return [path for path, _ in self._unknown]

    @property
    def unknown_fields(self) -> list[str]:
        return [text for _, text in sorted(self._unknown, key=_order)][:_MAX_ERRORS]


def _order(complaint: tuple[list[str | int], str]) -> list[tuple[bool, int, str]]:
    return [(isinstance(part, str), *((0, part) if isinstance(part, str) else (part, ""))) for part in complaint[0]]


def _path(place: _Place | None) -> list[str | int]:
    parts: list[str | int] = []
    while place is not None:
        place, part, _ = place
        parts.append(part)
    return parts[::-1]


def _struct(place: _Place | None) -> str | None:
    while place is not None:
        place, _, struct = place
        if struct is not None:
            return struct
    return None


def _struct_fields(place: _Place | None) -> list[str]:
    fields = []
    while place is not None:
        place, part, struct = place
        if struct is not None:
            fields.append(str(part))
    return fields[::-1]


def _dotted(path: list[str | int]) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def _described(value: Any, go_type: str) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        # Go shows the number only where a number is wanted, and this one does not fit.
        return f"number {value}" if go_type in ("int32", "int64", "float64") else "number"
    return "string" if isinstance(value, str) else "array" if isinstance(value, list) else "object"


class _Type:
    """Anything at all: raw extensions, managed fields, types without properties."""

    def __init__(self, go_name: str = "interface {}") -> None:
        self.go_name = go_name

    def check(self, value: Any, place: _Place | None, complaints: _Complaints) -> None:
        """Report what is wrong with a value that is not null."""


class _String(_Type):
    def check(self, value: Any, place: _Place | None, complaints: _Complaints) -> None:
        if not isinstance(value, str):
            complaints.mismatch(place, value, self.go_name)


class _Bytes(_Type):
    def check(self, value: Any, place: _Place | None, complaints: _Complaints) -> None:
        if not isinstance(value, str):
            complaints.mismatch(place, value, self.go_name)
            return
        # Go's decoder passes over line ends.
        text = value.replace("\r", "").replace("\n", "")
        try:
            base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            complaints.wrong(place, f"illegal base64 data at input byte {_first_illegal_byte(text)}")


def _first_illegal_byte(text: str) -> int:
    legal = re.match(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{0,3})", text)
    return legal.end() if legal and legal.end() < len(text) else len(text) - len(text) % 4


class _Boolean(_Type):
    def check(self, value: Any, place: _Place | None, complaints: _Complaints) -> None:
        if not isinstance(value, bool):
            complaints.mismatch(place, value, self.go_name)


class _Integer(_Type):
    def __init__(self, bits: int) -> None:
        super().__init__(f"int{bits}")
        self.bits = bits

    def check(self, value: Any, place: _Place | None, complaints: _Complaints) -> None:
        if not _is_integer(value, self.bits):
            complaints.mismatch(place, value, self.go_name)


def _is_integer(value: Any, bits: int) -> bool:
    if not isinstance(value, int) or isinstance(value, bool):
        return False
    return bool(-(2 ** (bits - 1)) <= value < 2 ** (bits - 1))


class _Number(_Type):
    def check(self, value: Any, place: _Place | None, complaints: _Complaints) -> None:
        if not isinstance(value, int | float) or isinstance(value, bool):
            complaints.mismatch(place, value, self.go_name)


class _Quantity(_Type):
    def check(self, value: Any, place: _Place | None, complaints: _Complaints) -> None:
        try:
            parse_quantity(value)
        except QuantityError as error:
            complaints.wrong(place, str(error))


class _IntOrString(_Type):
    def check(self, value: Any, place: _Place | None, complaints: _Complaints) -> None:
        if not isinstance(value, str) and not _is_integer(value, 32):
            complaints.mismatch(place, value, "int32", custom=True)


class _Time(_Type):
    """Points in time; the layout is Go's."""

    def __init__(self, go_name: str, layout: str) -> None:
        super().__init__(go_name)
        self.layout = layout

    def check(self, value: Any, place: _Place | None, complaints: _Complaints) -> None:
        if not isinstance(value, str):
            complaints.mismatch(place, value, "string", custom=True)
        elif error := _time_error(value, self.layout):
            complaints.wrong(place, error)


_TIME_ELEMENTS = (
    ("2006", re.compile(r"\d{4}", re.ASCII), 0, 9999, "year"),
    ("-", re.compile("-"), 0, 0, ""),
    ("01", re.compile(r"\d\d", re.ASCII), 1, 12, "month"),
    ("-", re.compile("-"), 0, 0, ""),
    ("02", re.compile(r"\d\d", re.ASCII), 1, 31, "day"),
    ("T", re.compile("T"), 0, 0, ""),
    ("15", re.compile(r"\d\d?", re.ASCII), 0, 23, "hour"),
    (":", re.compile(":"), 0, 0, ""),
    ("04", re.compile(r"\d\d", re.ASCII), 0, 59, "minute"),
    (":", re.compile(":"), 0, 0, ""),
    ("05", re.compile(r"\d\d(?:[.,]\d+)?", re.ASCII), 0, 59, "second"),
    ("Z07:00", re.compile(r"Z|[+-]\d\d:\d\d", re.ASCII), 0, 0, ""),
)


@lru_cache(maxsize=4096)
def _time_error(text: str, layout: str) -> str:
    """What time.Parse says; "" for a time."""
    failed = f'parsing time "{text}" as "{layout}": '
    position = 0
    for element, pattern, lowest, highest, unit in _TIME_ELEMENTS:
        found = pattern.match(text, position)
        if found is None:
            return f'{failed}cannot parse "{text[position:]}" as "{element}"'
        if unit and not lowest <= int(re.split("[.,]", found[0])[0]) <= highest:
            return f'parsing time "{text}": {unit} out of range'
        position = found.end()
    return f'parsing time "{text}": extra text: "{text[position:]}"' if position < len(text) else ""


class _List(_Type):
    def __init__(self, items: _Type) -> None:
        super().__init__(f"[]{items.go_name}")
        self.items = items

    def check(self, value: Any, place: _Place | None, complaints: _Complaints) -> None:
        if not isinstance(value, list):
            complaints.mismatch(place, value, self.go_name)
            return
        for index, item in enumerate(value):
            if item is not None:
                self.items.check(item, (place, index, None), complaints)


class _Map(_Type):
    def __init__(self, values: _Type) -> None:
        super().__init__("v1.ResourceList" if isinstance(values, _Quantity) else f"map[string]{values.go_name}")
        self.values = values

    def check(self, value: Any, place: _Place | None, complaints: _Complaints) -> None:
        if not isinstance(value, dict):
            complaints.mismatch(place, value, self.go_name)
            return
        for key, inner in value.items():
            if inner is not None:
                self.values.check(inner, (place, key, None), complaints)


class _Struct(_Type):
    def __init__(self, definition_name: str, properties: Mapping[str, Document]) -> None:
        package, _, self.name = definition_name.rpartition(".")
        super().__init__(f"{_short_name(package)}.{self.name}")
        self._properties = properties

    @cached_property
    def fields(self) -> dict[str, _Type]:
        """Made when first needed: types may contain themselves."""
        return {field: _field_type(self.name, field, schema) for field, schema in self._properties.items()}

    def check(self, value: Any, place: _Place | None, complaints: _Complaints) -> None:
        if not isinstance(value, dict):
            complaints.mismatch(place, value, self.go_name)
            return
        fields, struct = self.fields, self.name
        for field, inner in value.items():
            type_ = fields.get(field)
            if type_ is None:
                complaints.unknown(place, field)
            elif inner is not None:
                type_.check(inner, (place, field, struct), complaints)


_ANYTHING = _Type()
_SPECIAL: dict[str, _Type] = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": _Quantity("resource.Quantity"),
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": _IntOrString("intstr.IntOrString"),
    "io.k8s.apimachinery.pkg.apis.meta.v1.Time": _Time("v1.Time", "2006-01-02T15:04:05Z07:00"),
    "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": _Time("v1.MicroTime", "2006-01-02T15:04:05.000000Z07:00"),
}
# Strings that are types of their own in Go. The schemas do not tell; these are the ones that are easily got wrong.
_NAMED_STRINGS = {
    ("Container", "imagePullPolicy"): "v1.PullPolicy",
    ("PodSpec", "restartPolicy"): "v1.RestartPolicy",
    ("PodSpec", "dnsPolicy"): "v1.DNSPolicy",
    ("ContainerPort", "protocol"): "v1.Protocol",
    ("ServicePort", "protocol"): "v1.Protocol",
    ("ServiceSpec", "type"): "v1.ServiceType",
    ("ServiceSpec", "sessionAffinity"): "v1.ServiceAffinity",
    ("DeploymentStrategy", "type"): "v1.DeploymentStrategyType",
    ("Toleration", "operator"): "v1.TolerationOperator",
    ("Toleration", "effect"): "v1.TaintEffect",
    ("Taint", "effect"): "v1.TaintEffect",
    ("CronJobSpec", "concurrencyPolicy"): "v1.ConcurrencyPolicy",
    ("Secret", "type"): "v1.SecretType",
}


def _field_type(struct: str, field: str, property_: Document) -> _Type:
    named = _NAMED_STRINGS.get((struct, field))
    return _String(named) if named else _type_of(property_)


def _type_of(schema: Document) -> _Type:
    if "$ref" in schema:
        return _definition_type(schema["$ref"].removeprefix(_REFERENCE))
    if "items" in schema:
        return _List(_type_of(schema["items"]))
    if "additionalProperties" in schema:
        return _Map(_type_of(schema["additionalProperties"]))
    return _scalar_type(_json_type(schema), schema.get("format", ""))


def _scalar_type(json_type: str, format: str) -> _Type:
    if json_type == "string":
        return _Bytes("[]uint8") if format == "byte" else _String("string")
    if json_type == "integer":
        return _Integer(32 if format == "int32" else 64)
    if json_type == "boolean":
        return _Boolean("bool")
    return _Number("float64") if json_type == "number" else _ANYTHING


@cache
def _definition_type(name: str) -> _Type:
    if name in _SPECIAL:
        return _SPECIAL[name]
    properties = _definitions()[name].get("properties")
    return _Struct(name, properties) if properties else _ANYTHING


def _json_type(schema: Document) -> str:
    """The type of a property; the schemas write optional ones as a pair with null."""
    declared = schema.get("type", "object")
    return declared if isinstance(declared, str) else next(each for each in declared if each != "null")


def _complaints(api_version: str, kind: str, document: Any) -> _Complaints:
    complaints = _Complaints()
    name = _definition_names().get((api_version, kind))
    if name is not None:
        _definition_type(name).check(document, None, complaints)
    return complaints


def decode_errors(api_version: str, kind: str, document: Any) -> list[str]:
    """What a strict decoder says about a document of the kind; empty for one that it accepts.

    A value of the wrong type is the only complaint of its document: nothing is decoded after it. All others are
    unknown fields. `decoding_error` gives the whole sentence of the server.
    """
    complaints = _complaints(api_version, kind, document)
    return [complaints.type_error] if complaints.type_error else complaints.unknown_fields


def decoding_error(api_version: str, kind: str, document: Any, *, strict: bool = True) -> str:
    """The message of the BadRequest that a server answers to the document with, "" if it accepts it.

    Wrong types are always refused, unknown fields only if the client asks for `strict` validation.
    """
    complaints = _complaints(api_version, kind, document)
    text = complaints.type_error
    if not text and strict and complaints.unknown_fields:
        text = f"strict decoding error: {', '.join(complaints.unknown_fields)}"
    version = api_version.rpartition("/")[2]
    return f'{kind} in version "{version}" cannot be handled as a {kind}: {text}' if text else ""


def unknown_fields(api_version: str, kind: str, document: Any) -> list[str]:
    """What a server warns of that was not asked to be strict: `unknown field "spec.x"`."""
    return _complaints(api_version, kind, document).unknown_fields


def without_unknown_fields(api_version: str, kind: str, document: Any) -> Any:
    """The document as a server keeps it that was not asked to be strict: what it does not know is dropped."""
    for path in _complaints(api_version, kind, document).unknown_paths:
        document = _without(document, path)
    return document


def _without(value: Any, path: list[str | int]) -> Any:
    part, rest = path[0], path[1:]
    if isinstance(value, list):
        return [_without(item, rest) if place == part else item for place, item in enumerate(value)]
    if not rest:
        return {field: inner for field, inner in value.items() if field != part}
    return {field: _without(inner, rest) if field == part else inner for field, inner in value.items()}


# --- Merging ---


class FieldMerge:
    """How a field, and everything below it, is merged by a strategic merge patch."""

    def __init__(self, schema: Document) -> None:
        # "merge,retainKeys" is one of the values.
        strategy = schema.get("x-kubernetes-patch-strategy", "")
        self.strategies: tuple[str, ...] = tuple(strategy.split(",")) if strategy else ()
        self.merge_key: str = schema.get("x-kubernetes-patch-merge-key", "")
        self._schema = schema
        self._children: dict[str, FieldMerge] = {}

    def child(self, field: str) -> FieldMerge:
        """The same for a field of this one, or of its items if this one is a list."""
        if field not in self._children:
            below = _inner_schema(self._schema, field)
            # Map keys and unknown fields are without number: they are not kept.
            if below is None:
                return _PLAIN
            self._children[field] = FieldMerge(below)
        return self._children[field]

    def at(self, path: tuple[str, ...]) -> tuple[str, str]:
        """The patch strategy ("merge", "retainKeys", …; "" for none) and merge key of the field at a path of names."""
        merge = self
        for field in path:
            merge = merge.child(field)
        return ",".join(merge.strategies), merge.merge_key


def _inner_schema(schema: Document, field: str) -> Document | None:
    while "items" in schema:
        schema = schema["items"]
    _, definition = _target(schema)
    inner: Document | None = (definition.get("properties") or {}).get(field)
    return inner


_PLAIN = FieldMerge({})


@cache
def merge_keys(api_version: str, kind: str) -> FieldMerge:
    """How the fields of a kind merge. Of a kind without a schema, maps merge and lists are replaced."""
    return FieldMerge(schema_for(api_version, kind) or {})


# --- Explaining ---


@dataclass(frozen=True)
class Field:
    """A field as `kubectl explain` shows it."""

    name: str
    type: str  # "string", "[]Container", "map[string]string", "PodSpec"
    description: str
    required: bool
    _schema: Document

    @property
    def type_description(self) -> str:
        """What is said about the type in general; "" for scalars."""
        name, definition = _target(_innermost(self._schema))
        return definition.get("description", "") if name else ""

    @cached_property
    def children(self) -> tuple[Field, ...]:
        """The fields of the object, or of the items if this is a list; in alphabetical order."""
        _, definition = _target(_innermost(self._schema))
        required = frozenset(definition.get("required") or ())
        return tuple(_fields_of(definition.get("properties") or {}, required))

    def child(self, name: str) -> Field:
        """One of the children. Raises UnknownFieldError."""
        for field in self.children:
            if field.name == name:
                return field
        raise UnknownFieldError(f'field "{name}" does not exist')


def fields(api_version: str, kind: str, path: tuple[str, ...] = ()) -> Field:
    """The field at a path of names below a kind, or the kind itself. Raises UnknownFieldError."""
    schema = schema_for(api_version, kind)
    if schema is None:
        raise UnknownFieldError(f'couldn\'t find resource for "{api_version}, Kind={kind}"')
    field = Field(kind, kind, schema.get("description", ""), False, schema)
    for name in path:
        field = field.child(name)
    return field


def _fields_of(properties: Mapping[str, Document], required: frozenset[str]) -> Iterator[Field]:
    for name in sorted(properties):
        schema = properties[name]
        yield Field(name, _type_name(schema), schema.get("description", ""), name in required, schema)


def _innermost(schema: Document) -> Document:
    """The schema of what a list, or a map, holds."""
    while inner := schema.get("items") or schema.get("additionalProperties"):
        schema = inner
    return schema


def _type_name(schema: Document) -> str:
    if "$ref" in schema:
        return _short_name(schema["$ref"])
    if "items" in schema:
        return f"[]{_type_name(schema['items'])}"
    if "additionalProperties" in schema:
        return f"map[string]{_type_name(schema['additionalProperties'])}"
    return _json_type(schema)
