"""Documents as text: YAML as sigs.k8s.io/yaml writes it, JSON as Go's encoder does, values as Go's fmt prints them."""

from __future__ import annotations

import functools
import json
import re
from typing import Any

import yaml

from cluster.objects.documents import Document, without

# What go.yaml.in/yaml/v2 reads as something else than a string when it stands without quotes (resolve.go).
_WORDS = frozenset(
    spelling
    for word in ("", "y", "yes", "true", "on", "n", "no", "false", "off", "~", "null", "<<")
    for spelling in (word, word.capitalize(), word.upper())
) | {f"{sign}.{word}" for sign in ("", "+", "-") for word in ("inf", "Inf", "INF")} | {".nan", ".NaN", ".NAN"}
_INTEGER = re.compile(r"[-+]?(0[xX][0-9a-fA-F]+|0[oO]?[0-7]+|0[bB][01]+|[1-9][0-9]*|0)", re.ASCII)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
_BASE_60 = re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?", re.ASCII)
_TIME = re.compile(
    r"\d{4}-\d\d?-\d\d?([Tt ]\d\d?:\d\d?:\d\d?(\.\d+)?( ?(Z|[+-]\d\d?:\d\d))?)?", re.ASCII
)
_MAP, _SEQUENCE, _STRING = "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq", "tag:yaml.org,2002:str"


def to_yaml(value: Any) -> str:
    """Block style, keys in order, lines folded at 80 columns as kubectl prints them."""
    text: str = yaml.dump(value, Dumper=_Dumper, default_flow_style=False, allow_unicode=True)
    return text.removesuffix("...\n")


def to_json(value: Any) -> str:
    """Four spaces, keys in order, `<`, `>` and `&` escaped, a line end."""
    return _escaped(json.dumps(value, indent=4, sort_keys=True, ensure_ascii=False)) + "\n"


def compact_json(value: Any) -> str:
    """The same on one line, without a line end."""
    return _escaped(json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False))


def served(document: Document) -> Document:
    """The document as kubectl shows it: without the managed fields."""
    return without(document, ("metadata", "managedFields"))


def go_print(value: Any) -> str:
    """A value as fmt.Sprint prints it: `map[a:1 b:2]`, `[x y]`, `<nil>`."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{go_print(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, list):
        return "[" + " ".join(map(go_print, value)) + "]"
    return str(value)


def go_syntax(value: Any) -> str:
    """A value as fmt prints it with %#v."""
    if value is None:
        return "interface {}(nil)"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        inner = ", ".join(f"{json.dumps(key)}:{go_syntax(value[key])}" for key in sorted(value))
        return "map[string]interface {}{" + inner + "}"
    if isinstance(value, list):
        return "[]interface {}{" + ", ".join(map(go_syntax, value)) + "}"
    return json.dumps(value, ensure_ascii=False)


def _escaped(text: str) -> str:
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


class _Dumper(yaml.CSafeDumper):
    """Documents share parts: none of them is written as an alias."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _string(dumper: _Dumper, text: str) -> yaml.Node:
    style = "|" if "\n" in text else '"' if _needs_quotes(text) else None
    return dumper.represent_scalar(_STRING, text, style=style)


def _mapping(dumper: _Dumper, mapping: dict[str, Any]) -> yaml.Node:
    pairs = [
        (dumper.represent_data(key), dumper.represent_data(mapping[key]))
        for key in sorted(mapping, key=functools.cmp_to_key(_compare))
    ]
    return yaml.MappingNode(_MAP, pairs, flow_style=not pairs)


def _sequence(dumper: _Dumper, items: list[Any]) -> yaml.Node:
    return yaml.SequenceNode(_SEQUENCE, [dumper.represent_data(item) for item in items], flow_style=not items)


_Dumper.add_representer(str, _string)
_Dumper.add_representer(dict, _mapping)
_Dumper.add_representer(list, _sequence)


def _needs_quotes(text: str) -> bool:
    if text in _WORDS or _BASE_60.fullmatch(text) or _TIME.fullmatch(text):
        return True
    plain = text.replace("_", "")
    return bool(_INTEGER.fullmatch(plain) or _FLOAT.fullmatch(plain))


def _compare(one: str, other: str) -> int:
    """-1 or 1 in the order of YAML's keys: letters after everything else, runs of digits by their value (sorter.go)."""
    for place, (left, right) in enumerate(zip(one, other, strict=False)):
        if left == right:
            continue
        if left.isalpha() or right.isalpha():
            if left.isalpha() and right.isalpha():
                return -1 if left < right else 1
            return -1 if right.isalpha() else 1
        return _compare_numbers(one, other, place)
    return (len(one) > len(other)) - (len(one) < len(other))


def _compare_numbers(one: str, other: str, place: int) -> int:
    lead = _significant_before(one, place) if "0" in (one[place], other[place]) else 0
    left, right = _number(one, place, lead), _number(other, place, lead)
    if left != right:
        return -1 if left < right else 1
    return -1 if one[place] < other[place] else 1


def _significant_before(text: str, place: int) -> int:
    """1 when the digits just before `place` are not all zeros: then a zero counts as a digit."""
    digits = re.search(r"[0-9]*$", text[:place])
    return int(digits is not None and digits[0].strip("0") != "")


def _number(text: str, place: int, lead: int) -> tuple[int, int]:
    """(value, end) of the digits from `place` on, after a digit `lead`."""
    found = re.match(r"[0-9]*", text[place:])
    digits = found[0] if found else ""
    return int(f"{lead}{digits}"), place + len(digits)
