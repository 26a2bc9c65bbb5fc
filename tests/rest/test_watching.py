"""Watches: what they begin with, what they tell, how they end."""

from __future__ import annotations

import orjson

from cluster.rest import watching
from tests.apiserver.builders import config, labelled
from tests.rest.client import CONFIGS, PARTIAL, TABLE, Client, lines


def kinds(events: list[dict[str, object]]) -> list[object]:
    return [event["type"] for event in events]


def test_it_works(api: Client) -> None:
    seen = api.watch(CONFIGS, resourceVersion=str(api.server.revision))
    assert seen.first == []
    api.create(CONFIGS, config(a="1"))
    api.send("PATCH", f"{CONFIGS}/settings", {"data": {"a": "2"}}, "application/merge-patch+json")
    api.send("DELETE", f"{CONFIGS}/settings")
    told = seen.more()
    assert kinds(told) == ["ADDED", "MODIFIED", "DELETED"]
    versions = [int(event["object"]["metadata"]["resourceVersion"]) for event in told]
    assert versions == sorted(set(versions))
    assert (told[0]["object"]["kind"], told[0]["object"]["data"]) == ("ConfigMap", {"a": "1"})
    assert seen.more() == []


def test_without_a_revision_the_present_comes_first(api: Client) -> None:
    api.create(CONFIGS, config("a"))
    for query in ({}, {"resourceVersion": "0"}):
        assert [event["object"]["metadata"]["name"] for event in api.watch(CONFIGS, **query).first] == ["a"]


def test_a_selection(api: Client) -> None:
    api.create(CONFIGS, labelled(config("in"), app="x"))
    api.create(CONFIGS, config("out"))
    seen = api.watch(CONFIGS, labelSelector="app=x")
    assert [event["object"]["metadata"]["name"] for event in seen.first] == ["in"]
    api.send("PATCH", f"{CONFIGS}/in", {"metadata": {"labels": {"app": "y"}}}, "application/merge-patch+json")
    api.send("PATCH", f"{CONFIGS}/out", {"metadata": {"labels": {"app": "x"}}}, "application/merge-patch+json")
    told = [(event["type"], event["object"]["metadata"]["name"]) for event in seen.more()]
    assert told == [("DELETED", "in"), ("ADDED", "out")]


def test_one_object_in_the_old_way(api: Client) -> None:
    api.create(CONFIGS, config("a"))
    api.create(CONFIGS, config("b"))
    seen = api.watch("/api/v1/watch/namespaces/default/configmaps/b")
    assert [event["object"]["metadata"]["name"] for event in seen.first] == ["b"]


def test_the_present_state_with_a_mark_at_its_end(api: Client) -> None:
    api.create(CONFIGS, config("a"))
    query = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": "true"}
    added, mark = api.watch(CONFIGS, **query).first
    assert (added["type"], mark["type"]) == ("ADDED", "BOOKMARK")
    assert mark["object"]["metadata"] == {
        "resourceVersion": str(api.server.revision), "annotations": {"k8s.io/initial-events-end": "true"}}
    assert mark["object"]["kind"] == "ConfigMap"


def test_the_mark_needs_its_match(api: Client) -> None:
    answer = api.no_watch(CONFIGS, sendInitialEvents="true")
    assert (answer.code, "resourceVersionMatch: Forbidden" in answer.message) == (422, True)


def test_bookmarks_tell_the_revision_alone(api: Client) -> None:
    watch = api.watch(CONFIGS, allowWatchBookmarks="true").watch
    mark = orjson.loads(watch.bookmark())
    assert mark == {"type": "BOOKMARK", "object": {
        "kind": "ConfigMap", "apiVersion": "v1", "metadata": {"resourceVersion": str(api.server.revision)}}}


def test_a_table_has_its_headers_once(api: Client) -> None:
    api.create(CONFIGS, config("a"))
    api.create(CONFIGS, config("b"))
    first, second = api.watch(CONFIGS, TABLE).first
    assert [column["name"] for column in first["object"]["columnDefinitions"]] == ["Name", "Data", "Age"]
    assert second["object"]["columnDefinitions"] is None
    assert second["object"]["rows"][0]["cells"][0] == "b"


def test_metadata_alone(api: Client) -> None:
    api.create(CONFIGS, config("a"))
    (event,) = api.watch(CONFIGS, PARTIAL).first
    assert (event["object"]["kind"], "data" in event["object"]) == ("PartialObjectMetadata", False)


def test_a_revision_that_is_yet_to_come(api: Client) -> None:
    answer = api.no_watch(CONFIGS, resourceVersion="99999")
    assert (answer.code, answer.body["details"]["causes"][0]["reason"]) == (504, "ResourceVersionTooLarge")


def test_the_last_line_of_one_that_cannot_go_on(api: Client) -> None:
    watch = api.watch(CONFIGS).watch
    (last,) = lines(watching.failed(watching.too_old(watch, 99)))
    assert (last["type"], last["object"]["code"], last["object"]["reason"]) == ("ERROR", 410, "Expired")
