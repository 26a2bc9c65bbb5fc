"""Lists: selectors, pages, revisions, and the forms in which they are told."""

from __future__ import annotations

import pytest

from tests.apiserver.builders import config, labelled, pod
from tests.rest.client import CONFIGS, PARTIAL, PODS, TABLE, Client


@pytest.fixture
def letters(api: Client) -> Client:
    """Config maps a to e; a, c and e are odd."""
    for number, name in enumerate("abcde"):
        api.create(CONFIGS, labelled(config(name), parity="even" if number % 2 else "odd"))
    return api


def test_it_works(letters: Client) -> None:
    answer = letters.get(CONFIGS)
    assert (answer.code, answer.body["kind"], answer.body["apiVersion"]) == (200, "ConfigMapList", "v1")
    assert answer.names == ["a", "b", "c", "d", "e"]
    assert answer.body["metadata"] == {"resourceVersion": str(letters.server.revision)}
    assert "kind" not in answer.body["items"][0]


def test_of_all_namespaces(letters: Client) -> None:
    letters.create("/api/v1/namespaces/kube-system/configmaps", {"metadata": {"name": "z"}})
    assert letters.get("/api/v1/configmaps").names == ["a", "b", "c", "d", "e", "z"]


@pytest.mark.parametrize(("selector", "names"), [
    ("parity=odd", "ace"), ("parity!=odd", "bd"), ("parity in (even,odd)", "abcde"), ("parity notin (odd)", "bd"),
    ("!parity", ""),
])
def test_label_selectors(letters: Client, selector: str, names: str) -> None:
    assert letters.get(CONFIGS, labelSelector=selector).names == list(names)


def test_field_selectors(letters: Client) -> None:
    assert letters.get(CONFIGS, fieldSelector="metadata.name=b").names == ["b"]
    letters.create(PODS, pod("one"))
    assert letters.get(PODS, fieldSelector="status.phase!=Running,spec.nodeName=").names == ["one"]


@pytest.mark.parametrize(("query", "code", "words"), [
    ({"labelSelector": "a in ("}, 400, "unable to parse requirement: "),
    ({"fieldSelector": "spec.x=1"}, 400, '"spec.x" is not a known field selector'),
    ({"limit": "many"}, 400, "unable to decode query parameter limit"),
    ({"continue": "???"}, 400, "continue key is not valid"),
    ({"resourceVersion": "new"}, 400, 'resourceVersion: Invalid value: "new"'),
    ({"resourceVersionMatch": "Exact"}, 422, "forbidden unless resourceVersion is provided"),
    ({"resourceVersionMatch": "Near", "resourceVersion": "1"}, 422, 'Unsupported value: "Near"'),
    ({"resourceVersionMatch": "Exact", "resourceVersion": "0"}, 422, 'forbidden for resourceVersion "0"'),
])
def test_bad_questions(letters: Client, query: dict[str, str], code: int, words: str) -> None:
    answer = letters.get(CONFIGS, **query)
    assert answer.code == code
    assert words in answer.message


def test_pages_show_one_moment(letters: Client) -> None:
    first = letters.get(CONFIGS, limit="2")
    assert (first.names, first.body["metadata"]["remainingItemCount"]) == (["a", "b"], 3)
    letters.send("DELETE", f"{CONFIGS}/d")
    second = letters.get(CONFIGS, limit="2", **{"continue": first.body["metadata"]["continue"]})
    assert second.names == ["c", "d"]
    assert second.body["metadata"]["resourceVersion"] == first.body["metadata"]["resourceVersion"]
    third = letters.get(CONFIGS, limit="2", **{"continue": second.body["metadata"]["continue"]})
    assert (third.names, "continue" in third.body["metadata"]) == (["e"], False)


def test_how_many_remain_is_not_known_of_a_selection(letters: Client) -> None:
    assert "remainingItemCount" not in letters.get(CONFIGS, limit="1", labelSelector="parity=odd").body["metadata"]


def test_a_past_moment(letters: Client) -> None:
    before = str(letters.server.revision)
    letters.send("DELETE", f"{CONFIGS}/a")
    assert letters.get(CONFIGS, resourceVersion=before, resourceVersionMatch="Exact").names == ["a", "b", "c", "d", "e"]
    assert letters.get(CONFIGS, resourceVersion=before, resourceVersionMatch="NotOlderThan").names == ["b", "c", "d", "e"]
    assert letters.get(CONFIGS, resourceVersion="0").names == ["b", "c", "d", "e"]


def test_a_moment_that_is_yet_to_come(letters: Client) -> None:
    for path in (CONFIGS, f"{CONFIGS}/a"):
        answer = letters.get(path, resourceVersion="999999")
        assert (answer.code, answer.body["reason"]) == (504, "Timeout")
        assert answer.body["details"]["causes"][0]["reason"] == "ResourceVersionTooLarge"
        assert answer.headers["Retry-After"] == "1"


def test_metadata_alone(letters: Client) -> None:
    one = letters.get(f"{CONFIGS}/a", PARTIAL).body
    assert (one["kind"], one["metadata"]["name"], "data" in one) == ("PartialObjectMetadata", "a", False)
    listed = letters.get(CONFIGS, "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1").body
    assert (listed["kind"], len(listed["items"]), "data" in listed["items"][0]) == ("PartialObjectMetadataList", 5, False)


def test_one_that_is_not_there(api: Client) -> None:
    answer = api.get(f"{PODS}/nosuch")
    assert (answer.code, answer.message) == (404, 'pods "nosuch" not found')
    assert answer.body["details"] == {"name": "nosuch", "kind": "pods"}
    assert answer.body["status"] == "Failure"


@pytest.mark.parametrize("accept", ["text/html", "application/json;as=Table;v=v2;g=meta.k8s.io", "application/cbor"])
def test_forms_that_nobody_speaks(api: Client, accept: str) -> None:
    answer = api.get(PODS, accept)
    assert (answer.code, answer.body["reason"]) == (406, "NotAcceptable")


@pytest.mark.parametrize("accept", ["", "*/*", "application/vnd.kubernetes.protobuf,application/json", "application/*"])
def test_everybody_understands_json(api: Client, accept: str) -> None:
    assert api.get(PODS, accept).code == 200


def test_a_table(api: Client) -> None:
    api.create(PODS, pod("one"))
    table = api.get(PODS, TABLE).body
    assert (table["kind"], table["apiVersion"]) == ("Table", "meta.k8s.io/v1")
    columns = [(column["name"], column["priority"]) for column in table["columnDefinitions"]]
    assert columns[:5] == [("Name", 0), ("Ready", 0), ("Status", 0), ("Restarts", 0), ("Age", 0)]
    assert ("Node", 1) in columns
    (row,) = table["rows"]
    assert row["cells"][:4] == ["one", "0/1", "Pending", "0"]
    assert row["object"]["kind"] == "PartialObjectMetadata"


def test_what_goes_along_with_a_row(api: Client) -> None:
    api.create(PODS, pod("one"))
    assert api.get(PODS, TABLE, includeObject="Object").body["rows"][0]["object"]["spec"]["containers"]
    assert "object" not in api.get(f"{PODS}/one", TABLE, includeObject="None").body["rows"][0]
    answer = api.get(PODS, TABLE, includeObject="Everything")
    assert (answer.code, answer.message) == (400, 'unrecognized includeObject value: "Everything"')
