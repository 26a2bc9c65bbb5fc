"""YAML from people: bounded, with lines, duplicate keys refused."""

from __future__ import annotations

import time

import pytest

from cluster.objects.manifest import ManifestError, line_of, load

TWO = "apiVersion: v1\nkind: A\n---\n# nothing\n---\napiVersion: v1\nkind: B\nspec:\n  items:\n  - name: x\n  - name: y\n"


def test_it_works():
    assert [(found.document["kind"], found.line) for found in load(TWO)] == [("A", 1), ("B", 6)]


def test_json_and_lists():
    assert load('{"kind": "A"}')[0].document == {"kind": "A"}
    assert [found.document for found in load("kind: List\nitems: [{kind: A}, {kind: B}]")] == [{"kind": "A"}, {"kind": "B"}]
    assert load("") == load("---\n---\n") == []


def test_times_stay_text():
    assert load("at: 2026-01-01\nmoment: 2026-01-01T00:00:00Z")[0].document == {
        "at": "2026-01-01", "moment": "2026-01-01T00:00:00Z",
    }


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("a: 1\na: 2\n", 'key "a" already set in map', 2),
        ("a: b: c\n", "mapping values are not allowed in this context", 1),
        ("a:\n\t- b\n", "found character that cannot start any token", 2),
        ("- a\n", "a manifest is a mapping of field names to values", 1),
        ("text\n", "a manifest is a mapping of field names to values", 1),
    ],
)
def test_what_is_wrong(text: str, message: str, line: int):
    with pytest.raises(ManifestError) as caught:
        load(text)
    assert (caught.value.message, caught.value.line) == (message, line)


def test_python_objects_are_refused():
    with pytest.raises(ManifestError):
        load("a: !!python/object/apply:os.system ['true']\n")


def test_bombs_are_refused_quickly():
    levels = ["a0: &a0 [x,x,x,x,x,x,x,x,x]"]
    levels += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    began = time.perf_counter()
    for text in ("\n".join(levels), "[" * 100_000, "a: " + "x" * 300_000, "{" * 5_000):
        with pytest.raises(ManifestError):
            load(text)
    assert time.perf_counter() - began < 5


def test_lines_of_fields():
    number = load(TWO)[1].number
    assert line_of(TWO, number, "spec.items[1].name") == 11
    assert line_of(TWO, number, "spec.items[7].name") == 9
    assert line_of(TWO, number, "spec.nope.deeper") == 8
    assert line_of(TWO, 5, "spec") is None
    assert line_of("a: b: c", 0, "a") is None
