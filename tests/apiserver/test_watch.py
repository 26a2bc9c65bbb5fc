"""Watches deliver every change once, in order, and what enters or leaves a selection."""

from __future__ import annotations

from cluster.objects.documents import with_value
from cluster.objects.selectors import FieldSelector, LabelSelector
from tests.apiserver.builders import Lab, config, labelled, pod


def types(api: Lab, since: int, text: str = "") -> list[tuple[str, str]]:
    selector = LabelSelector.parse(text) if text else None
    events = api.watch("configmaps", "default", since, selector)
    return [(event.type, event.object["metadata"]["name"]) for event in events]


def test_it_works(api: Lab) -> None:
    start = api.revision
    stored = api.create(config(a="1"))
    api.update({**stored, "data": {"a": "2"}})
    api.delete("configmaps", "default", "settings")
    assert types(api, start) == [("ADDED", "settings"), ("MODIFIED", "settings"), ("DELETED", "settings")]


def test_revisions_grow_and_are_those_of_the_objects(api: Lab) -> None:
    start = api.revision
    stored = api.create(config(a="1"))
    api.update({**stored, "data": {"a": "2"}})
    api.delete("configmaps", "default", "settings")
    events = api.watch("configmaps", "default", start)
    assert [event.revision for event in events] == [start + 1, start + 2, start + 3]
    assert [int(event.object["metadata"]["resourceVersion"]) for event in events] == [start + 1, start + 2, start + 3]


def test_only_what_comes_after_counts(api: Lab) -> None:
    api.create(config())
    assert types(api, api.revision) == []


def test_other_kinds_and_namespaces_are_silent(api: Lab) -> None:
    start = api.revision
    api.create(pod())
    document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": "kube-system"}}
    api.create(document)
    assert types(api, start) == []
    assert len(api.watch("configmaps", None, start)) == 1


def test_entering_and_leaving_a_selection(api: Lab) -> None:
    stored = api.create(labelled(config(), app="a"))
    start = api.revision
    entered = api.update(with_value(stored, ("metadata", "labels"), {"app": "b"}))
    changed = api.update({**entered, "data": {"x": "1"}})
    api.update(with_value(changed, ("metadata", "labels"), {"app": "c"}))
    assert types(api, start, "app=b") == [("ADDED", "settings"), ("MODIFIED", "settings"), ("DELETED", "settings")]
    last = api.watch("configmaps", "default", start, LabelSelector.parse("app=b"))[-1]
    assert last.object["metadata"]["labels"] == {"app": "b"}
    assert last.object["metadata"]["resourceVersion"] == str(api.revision)


def test_fields_select_too(api: Lab) -> None:
    api.create(pod())
    start = api.revision
    api.bind("default", "web", "node-1")
    events = api.watch("pods", None, start, fields=FieldSelector.parse("spec.nodeName=node-1"))
    assert [event.type for event in events] == ["ADDED"]
