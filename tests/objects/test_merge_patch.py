"""Merge patches (RFC 7386) and the patches of apply for kinds without a schema."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.objects.patches import PatchError, merge_patch, three_way_merge, two_way_merge


def test_it_works():
    document = {"a": {"b": 1, "c": 2}, "d": [1]}
    assert merge_patch(document, {"a": {"b": None}, "d": [2], "e": 3}) == {"a": {"c": 2}, "d": [2], "e": 3}
    assert document == {"a": {"b": 1, "c": 2}, "d": [1]}


# The examples in the appendix of RFC 7386 whose document and patch are objects.
@pytest.mark.parametrize(
    ("document", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
        ({"a": "foo"}, {"a": {"b": None}}, {"a": {}}),
    ],
)
def test_the_examples_of_the_standard(document, patch, result):
    assert merge_patch(document, patch) == result


@pytest.mark.parametrize("patch", [None, [], "x", 1])
def test_only_objects_are_patches(patch):
    with pytest.raises(PatchError, match="Invalid JSON Patch"):
        merge_patch({}, patch)


def test_too_deep():
    deep: dict = {}
    for _ in range(5000):
        deep = {"a": deep}
    with pytest.raises(PatchError, match="exceeded max depth"):
        merge_patch({}, deep)


def test_true_is_not_one():
    assert two_way_merge({"a": 1, "b": [1]}, {"a": True, "b": [True]}) == {"a": True, "b": [True]}


def test_three_way():
    applied = {"spec": {"replicas": 3, "paused": True}}
    wanted = {"spec": {"replicas": 5}}
    current = {"spec": {"replicas": 4, "paused": True, "byOthers": 1}}
    patch = three_way_merge(applied, wanted, current)
    assert patch == {"spec": {"replicas": 5, "paused": None}}
    assert merge_patch(current, patch) == {"spec": {"replicas": 5, "byOthers": 1}}


def test_three_way_adds_an_empty_object():
    assert three_way_merge({}, {"a": {}}, {}) == {"a": {}}


names = st.sampled_from("abcd")
values = st.recursive(
    st.one_of(st.booleans(), st.integers(0, 2), st.sampled_from(["x", "y"])),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(names, inner, max_size=3)),
    max_leaves=8,
)
documents = st.dictionaries(names, values, max_size=4)


def text(value):
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


@given(documents, documents)
def test_the_difference_leads_from_one_to_the_other(original, modified):
    before = text([original, modified])
    patch = two_way_merge(original, modified)
    assert text(merge_patch(original, patch)) == text(modified)
    assert text([original, modified]) == before


@given(documents)
def test_no_difference_is_empty(document):
    assert two_way_merge(document, document) == {}
    assert three_way_merge(document, document, document) == {}


@given(documents, documents, documents)
def test_three_way_is_reached_in_one_step(applied, wanted, current):
    before = text([applied, wanted, current])
    result = merge_patch(current, three_way_merge(applied, wanted, current))
    assert three_way_merge(wanted, wanted, result) == {}
    assert text([applied, wanted, current]) == before
