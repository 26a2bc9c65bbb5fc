"""YAML from a person to documents: bounded, with line numbers, duplicate keys refused.

The size of what aliases expand to and the depth are checked on the event stream, before anything is built: 306 bytes of
aliases can become 1.8 GB, and 100 KB of `[` end the process inside the C loader.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import yaml

from cluster.objects.documents import Document

MAX_BYTES = 256 * 1024
MAX_DEPTH = 100
MAX_NODES = 50_000
MAX_DIGITS = 100


class ManifestError(ValueError):
    """What is wrong, in one sentence; `line` counts from 1, None when no line is to blame."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(f"line {line}: {message}" if line else message)
        self.message = message
        self.line = line


@dataclass(frozen=True)
class Manifest:
    """One document of a file and where it stands: its line (from 1), as which part (from 0), where in that part."""

    document: Document
    line: int
    number: int = 0
    path: str = ""


class _Loader(yaml.CSafeLoader):
    """The safe loader for what JSON can hold: times stay text, keys are text, duplicate keys are refused."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key_node, _ in node.value:
            name = _json_key(self.construct_object(key_node, deep=True))
            if name in seen:
                raise ManifestError(f'key "{name}" already set in map', key_node.start_mark.line + 1)
            seen.add(name)
        mapping = super().construct_mapping(node, deep)
        return {_json_key(key): value for key, value in mapping.items()}


def _json_key(key: Any) -> str:
    """A key as sigs.k8s.io/yaml turns it into JSON's."""
    if isinstance(key, bool):
        return "true" if key else "false"
    return "null" if key is None else str(key)


def _not_json(loader: _Loader, node: yaml.Node) -> Any:
    raise ManifestError(f"a value with the tag {node.tag.replace('tag:yaml.org,2002:', '!!')} has no place in JSON",
                        node.start_mark.line + 1)


def _number(loader: _Loader, node: yaml.ScalarNode) -> int | float:
    """A whole number or a fraction within what JSON and Go can hold."""
    line = node.start_mark.line + 1
    if len(node.value) > MAX_DIGITS:
        raise ManifestError("a number is too long", line)
    whole = node.tag.endswith(":int")
    value: int | float = loader.construct_yaml_int(node) if whole else loader.construct_yaml_float(node)
    if not math.isfinite(value):
        raise ManifestError(f"the number {node.value} has no place in JSON", line)
    return value


for _tag in ("binary", "set", "omap", "pairs", "timestamp"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_tag}", _not_json)
for _tag in ("int", "float"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_tag}", _number)
# An API server knows no dates: a date is a string.
_Loader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for letter, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def load(text: str) -> list[Manifest]:
    """All documents of a YAML (or JSON) text; empty ones are left out. Raises ManifestError."""
    if len(text.encode()) > MAX_BYTES:
        raise ManifestError(f"the text is larger than {MAX_BYTES // 1024} KiB")
    try:
        _guard(text)
        nodes = [node for node in yaml.compose_all(text, Loader=_Loader) if node is not None]
        return [found for number, node in enumerate(nodes) for found in _documents(node, number)]
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark
        raise ManifestError(str(problem.problem or problem), mark.line + 1 if mark else None) from problem
    except yaml.YAMLError as problem:
        raise ManifestError(str(problem)) from problem


def _guard(text: str) -> None:
    """Refuse texts that would become too deep or too large (see above)."""
    depth = 0
    sizes: dict[str, int] = {}
    open_: list[tuple[str | None, int]] = []
    total = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else None
        if isinstance(event, yaml.AliasEvent):
            if any(anchor == event.anchor for anchor, _ in open_):
                raise ManifestError(f"anchor '{event.anchor}' value contains itself", line)
            total += sizes.get(event.anchor or "", 1)
        elif isinstance(event, yaml.ScalarEvent):
            total += 1
            if event.anchor:
                sizes[event.anchor] = 1
        elif isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            total += 1
            open_.append((event.anchor, total))
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
            anchor, before = open_.pop()
            if anchor:
                sizes[anchor] = total - before + 1
        if depth > MAX_DEPTH:
            raise ManifestError(f"nested deeper than {MAX_DEPTH} levels", line)
        if total > MAX_NODES:
            raise ManifestError(f"more than {MAX_NODES} values (aliases counted where they are used)", line)


def _documents(node: yaml.Node, number: int) -> list[Manifest]:
    loader = _Loader("")
    try:
        value = loader.construct_document(node)
    except (ValueError, OverflowError) as problem:
        # !!int abc; also a ManifestError, which knows its line.
        raise problem if isinstance(problem, ManifestError) else ManifestError(str(problem)) from problem
    finally:
        loader.dispose()
    line = node.start_mark.line + 1
    if value is None:
        return []
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise ManifestError("a manifest is a mapping of field names to values", line)
    if value.get("kind") == "List" and isinstance(value.get("items"), list):
        if not all(isinstance(item, dict) for item in value["items"]):
            raise ManifestError("each item of a List is a manifest", line)
        return [Manifest(item, line, number, f"items[{place}]") for place, item in enumerate(value["items"])]
    return [Manifest(value, line, number)]


def line_of(text: str, number: int, path: str) -> int | None:
    """The line (from 1) of a field like `spec.template.spec.containers[0].image` in the `number`-th document (from 0).

    The deepest part of the path that stands in the text; None when there is no such document.
    """
    try:
        nodes = [node for node in yaml.compose_all(text, Loader=_Loader) if node is not None]
    except yaml.YAMLError:
        return None
    if number >= len(nodes):
        return None
    node = nodes[number]
    line = int(node.start_mark.line) + 1
    for part in path.replace("[", ".[").split("."):
        found = _child(node, part)
        if found is None:
            break
        line, node = found
    return line


def _child(node: yaml.Node, part: str) -> tuple[int, yaml.Node] | None:
    if part.startswith("[") and isinstance(node, yaml.SequenceNode):
        index = part.strip("[]")
        if index.isdigit() and int(index) < len(node.value):
            item = node.value[int(index)]
            return int(item.start_mark.line) + 1, item
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == part:
                return int(key.start_mark.line) + 1, value
    return None
