"""JSONPath templates."""

from __future__ import annotations

import pytest

from cluster.kubectl.jsonpath import JSONPathError, Template, relaxed

BOOKS = {
    "name": "store",
    "labels": {"a.b/c": "dotted", "x": 1},
    "items": [
        {"name": "one", "price": 8.5, "tags": ["a", "b"], "ready": True},
        {"name": "two", "price": 20, "tags": [], "ready": False},
        {"name": "three", "price": 3, "kind": "cheap", "none": None},
    ],
}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{.name}", "store"),
        ("plain {.name} text", "plain store text"),
        ("{$.name}", "store"),
        ("{.items[0].name}", "one"),
        ("{.items[-1].name}", "three"),
        ("{.items[*].name}", "one two three"),
        ("{.items[0:2].name}", "one two"),
        ("{.items[::2].name}", "one three"),
        ("{.items[0,2].name}", "one three"),
        ("{.items[?(@.price<10)].name}", "one three"),
        ("{.items[?(@.price >= 20)].name}", "two"),
        ('{.items[?(@.name=="two")].price}', "20"),
        ('{.items[?(@.name!="two")].name}', "one three"),
        ("{.items[?(@.kind)].name}", "three"),
        ("{.items[?(@.ready==true)].name}", "one"),
        ("{.items[*]['name','price']}", "one two three 8.5 20 3"),
        (r"{.labels.a\.b/c}", "dotted"),
        ("{.labels['a.b/c']}", "dotted"),
        ("{.labels}", '{"a.b/c":"dotted","x":1}'),
        ("{.items[0].tags}", '["a","b"]'),
        ("{..tags[0]}", "a"),
        ("{.items[0].ready}", "true"),
        ("{.items[2].none}", "null"),
        ("{.missing.field}", ""),
        ("{.items[0].missing}x", "x"),
        ('{range .items[*]}{.name}{"\\n"}{end}done', "one\ntwo\nthree\ndone"),
        ("{range .items[*]}{range .tags[*]}[{@}]{end};{end}", "[a][b];;;"),
        ("{range .nothing[*]}{.name}{end}after", "after"),
        ("without braces", "without braces"),
    ],
)
def test_it_works(template: str, text: str):
    if template == "{..tags[0]}":
        document = {"deep": {"tags": ["a"]}}
        assert Template(template).render(document) == text
        return
    assert Template(template).render(BOOKS) == text


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("{.items[5]}", "array index out of bounds: index 5, length 3"),
        ("{.items[-4]}", "array index out of bounds: index -1, length 3"),
        ("{.name[0]}", "string is not array or slice"),
        ("{.name", "unclosed action"),
        ("{.items[0}", "unterminated array"),
        ("{end}", "not in range, nothing to end"),
        ("{.items[::0]}", "step must be > 0"),
        ("{.items[x]}", "invalid array index x"),
        ("{foo}", "unrecognized identifier foo"),
        ("{.items[?(@.name<1)]}", "incompatible types for comparison"),
    ],
)
def test_what_is_wrong(template: str, problem: str):
    with pytest.raises(JSONPathError) as caught:
        Template(template).render(BOOKS)
    assert str(caught.value) == problem


def test_paths_of_people():
    for spelling in (".name", "name", "{.name}", "{name}"):
        assert relaxed(spelling).render(BOOKS) == "store"
    with pytest.raises(JSONPathError, match="unexpected path string"):
        relaxed("{.name")
