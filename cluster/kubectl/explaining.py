"""`kubectl explain`: a kind's fields and what they mean, laid out as kubectl/pkg/explain/v2/templates/plaintext.tmpl does."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cluster.objects import schema
from cluster.objects.registry import Kind
from cluster.objects.schema import Field

WIDTH = 76
STEP = 2
# Types that are objects in Go and plain strings in JSON.
_STRINGS = {"Time": "string", "MicroTime": "string", "object": "Object"}


def explain(kind: Kind, path: tuple[str, ...], *, recursive: bool = False) -> str:
    """The text for a kind, or for the field at `path` in it. Raises UnknownFieldError."""
    field = schema.fields(kind.api_version, kind.kind, path)
    head = f"GROUP:      {kind.group}\n" if kind.group else ""
    head += f"KIND:       {kind.kind}\nVERSION:    {kind.version}\n\n"
    if path:
        head += f"FIELD: {field.name} <{_type(field)}>\n\n\n"
    description = f"DESCRIPTION:\n{_indented(wrap(_description(field, top=not path), WIDTH), 4)}\n"
    fields = "".join(_all_fields(field) if recursive else map(_explained, field.children))
    return head + description + (f"FIELDS:\n{fields}" if fields else "") + "\n"


def _type(field: Field) -> str:
    opening = re.match(r"(?:\[\]|map\[string\])*", field.type)
    assert opening is not None
    name = field.type[opening.end() :]
    return opening[0] + _STRINGS.get(name, name)


def _description(field: Field, *, top: bool) -> str:
    """What is said about the field, then about its type in general."""
    texts = [field.description, "" if top else field.type_description]
    return "".join(f"{text}\n" for text in texts if text) or "<empty>"


def _line(field: Field, level: int) -> str:
    required = " -required-" if field.required else ""
    return f"{' ' * STEP * level}{field.name}\t<{_type(field)}>{required}\n"


def _explained(field: Field) -> str:
    text = wrap(field.description or "<no description>", WIDTH)
    return f"{_line(field, 1)}{_indented(text, 2 * STEP)}\n\n"


def _all_fields(field: Field, level: int = 1, above: frozenset[str] = frozenset()) -> Iterator[str]:
    """The fields of fields; a type that contains itself is not entered twice."""
    name = re.sub(r"\[\]|map\[string\]", "", field.type)
    if name in above:
        return
    for child in field.children:
        yield _line(child, level)
        yield from _all_fields(child, level + 1, above | {name})


def _indented(text: str, amount: int) -> str:
    pad = " " * amount
    return pad + text.replace("\n", f"\n{pad}")


def wrap(text: str, limit: int) -> str:
    """Lines of at most `limit` characters where words allow it; line ends stay, so do spaces inside a line."""
    return "\n".join(_wrapped(line, limit) for line in text.split("\n"))


def _wrapped(line: str, limit: int) -> str:
    lines = [""]
    spaces = ""
    for piece in re.findall(r"\s+|\S+", line):
        if piece.isspace():
            spaces = piece
        elif len(piece) > (room := limit - len(lines[-1]) - len(spaces)) and room + 1 < limit:
            lines.append(piece)
            spaces = ""
        else:
            lines[-1] += spaces + piece
            spaces = ""
    if len(lines[-1]) + len(spaces) <= limit:
        lines[-1] += spaces
    return "\n".join(lines)
