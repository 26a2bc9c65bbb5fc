"""JSON patches (RFC 6902)."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from cluster.objects.patches import MAX_OPERATIONS, PatchError, json_patch

DOCUMENT: dict[str, Any] = {"metadata": {"name": "web", "labels": {"app": "web"}}, "spec": {"list": [1, 2, 3]}}


def test_it_works():
    patched = json_patch(DOCUMENT, [{"op": "replace", "path": "/metadata/name", "value": "api"}])
    assert patched["metadata"]["name"] == "api"
    assert DOCUMENT["metadata"]["name"] == "web"


@pytest.mark.parametrize(
    ("operation", "place", "value"),
    [
        ({"op": "add", "path": "/spec/list/-", "value": 4}, ("spec", "list"), [1, 2, 3, 4]),
        ({"op": "add", "path": "/spec/list/0", "value": 0}, ("spec", "list"), [0, 1, 2, 3]),
        ({"op": "remove", "path": "/spec/list/1"}, ("spec", "list"), [1, 3]),
        ({"op": "copy", "from": "/spec/list", "path": "/spec/copy"}, ("spec", "copy"), [1, 2, 3]),
        ({"op": "move", "from": "/spec/list", "path": "/moved"}, ("moved",), [1, 2, 3]),
        ({"op": "add", "path": "/metadata/labels/a~1b~0c", "value": "x"}, ("metadata", "labels", "a/b~c"), "x"),
        ({"op": "add", "path": "/spec/null", "value": None}, ("spec", "null"), None),
    ],
)
def test_operations(operation, place, value):
    found = json_patch(DOCUMENT, [operation])
    for part in place:
        found = found[part]
    assert found == value


def test_neither_document_nor_operations_are_changed():
    operations = [
        {"op": "add", "path": "/new", "value": {"a": []}},
        {"op": "add", "path": "/new/a/-", "value": 1},
        {"op": "add", "path": "/metadata/labels/x", "value": "y"},
    ]
    before = orjson.dumps([DOCUMENT, operations])
    assert json_patch(DOCUMENT, operations)["new"] == {"a": [1]}
    assert orjson.dumps([DOCUMENT, operations]) == before


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/metadata/name", "value": "api"},
        {"op": "remove", "path": "/nowhere"},
        {"op": "replace", "path": "/nowhere", "value": 1},
        {"op": "add", "path": "/no/where", "value": 1},
        {"op": "add", "path": "/spec/list/9", "value": 1},
        {"op": "add", "path": "/metadata/name/x", "value": 1},
        {"op": "remove", "path": "/metadata/name/x"},
        {"op": "replace", "path": "/spec/list/x", "value": 1},
        {"op": "explode", "path": "/spec"},
        {"op": "add", "path": "/spec"},
        {"op": "add", "path": "spec", "value": 1},
        {"op": "add", "path": "/a~2b", "value": 1},
        {"op": "add", "path": 5, "value": 1},
        {"op": "move", "path": "/x"},
        {"op": ["add"], "path": "/x", "value": 1},
        {"path": "/spec"},
        {"op": "replace", "path": "", "value": []},
        {},
    ],
)
def test_what_cannot_be_applied(operation):
    with pytest.raises(PatchError) as error:
        json_patch(DOCUMENT, [operation])
    assert str(error.value) == "the server rejected our request due to an error in our request"
    assert error.value.code == 422
    assert error.value.detail


def test_not_a_list_of_operations():
    with pytest.raises(PatchError, match="cannot unmarshal object into Go value"):
        json_patch(DOCUMENT, {"op": "remove"})
    with pytest.raises(PatchError, match="cannot unmarshal string into Go value"):
        json_patch(DOCUMENT, ["remove"])


def test_too_many_operations():
    operations = [{"op": "test", "path": "/metadata/name", "value": "web"}] * (MAX_OPERATIONS + 1)
    with pytest.raises(PatchError, match="The allowed maximum operations in a JSON patch is 10000, got 10001") as error:
        json_patch(DOCUMENT, operations)
    assert error.value.code == 413


def test_too_deep():
    deep: list = []
    for _ in range(5000):
        deep = [deep]
    with pytest.raises(PatchError, match="exceeded max depth"):
        json_patch(DOCUMENT, [{"op": "add", "path": "/x", "value": deep}])


def test_growing_by_copying_is_refused():
    double = [{"op": "copy", "from": "", "path": f"/x{index}"} for index in range(60)]
    with pytest.raises(PatchError):
        json_patch(DOCUMENT, double)
