"""Lists: order, selectors, pages."""

from __future__ import annotations

import pytest

from cluster.objects.documents import Document
from cluster.objects.selectors import FieldSelector, LabelSelector
from tests.apiserver.builders import Lab, config, labelled, node, pod, refusal


def names(documents: list[Document]) -> list[str]:
    return [document["metadata"]["name"] for document in documents]


@pytest.fixture
def full(api: Lab) -> Lab:
    """An API server with five ConfigMaps and two Pods."""
    for name in "edcba":
        api.create(labelled(config(name), odd="yes" if name in "ace" else "no"))
    api.create(pod("free"))
    api.create(pod("placed"))
    api.bind("default", "placed", "node-1")
    return api


def test_it_works(full: Lab) -> None:
    answer = full.select("configmaps", "default")
    assert names(answer.items) == ["a", "b", "c", "d", "e"]
    assert (answer.revision, answer.continue_token, answer.remaining) == (full.revision, "", None)


def test_namespaces(full: Lab) -> None:
    document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "z", "namespace": "kube-system"}}
    full.create(document)
    assert names(full.select("configmaps").items) == ["a", "b", "c", "d", "e", "z"]
    assert names(full.select("configmaps", "kube-system").items) == ["z"]


def test_labels(full: Lab) -> None:
    assert names(full.select("configmaps", labels=LabelSelector.parse("odd=yes")).items) == ["a", "c", "e"]
    assert names(full.select("configmaps", labels=LabelSelector.parse("odd notin (yes),odd")).items) == ["b", "d"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("spec.nodeName=node-1", ["placed"]), ("spec.nodeName=", ["free"]), ("spec.nodeName!=node-1", ["free"]),
        ("metadata.name=free", ["free"]), ("status.phase=Pending", ["free", "placed"]),
        ("status.phase!=Pending", []), ("spec.restartPolicy=Always,metadata.name!=free", ["placed"]),
        ("metadata.namespace=default", ["free", "placed"]),
    ],
)
def test_fields_of_pods(full: Lab, text: str, found: list[str]) -> None:
    assert names(full.select("pods", fields=FieldSelector.parse(text)).items) == found


def test_cordoned_nodes(api: Lab) -> None:
    api.create(node("a"))
    api.create(node("b", unschedulable=True))
    assert names(api.select("nodes", fields=FieldSelector.parse("spec.unschedulable=true")).items) == ["b"]


def test_an_unknown_field(full: Lab) -> None:
    error = refusal(full.select, "pods", fields=FieldSelector.parse("spec.color=red"))
    assert (error.code, error.message) == (400, "field label not supported: spec.color")


def test_pages(full: Lab) -> None:
    first = full.select("configmaps", "default", limit=2)
    assert (names(first.items), first.remaining) == (["a", "b"], 3)
    second = full.select("configmaps", "default", limit=2, continue_token=first.continue_token)
    third = full.select("configmaps", "default", limit=2, continue_token=second.continue_token)
    assert names(second.items) + names(third.items) == ["c", "d", "e"]
    assert (third.continue_token, third.remaining) == ("", None)


def test_later_pages_show_the_state_of_the_first(full: Lab) -> None:
    first = full.select("configmaps", "default", limit=2)
    full.delete("configmaps", "default", "c")
    full.create(config("aa"))
    rest = full.select("configmaps", "default", continue_token=first.continue_token)
    assert (names(rest.items), rest.revision) == (["c", "d", "e"], first.revision)


def test_how_much_remains_is_not_known_with_a_selector(full: Lab) -> None:
    page = full.select("configmaps", labels=LabelSelector.parse("odd=yes"), limit=1)
    assert page.continue_token and page.remaining is None


@pytest.mark.parametrize("token", ["x", "bm8=", "W10="])
def test_a_token_of_someone_else_s(full: Lab, token: str) -> None:
    error = refusal(full.select, "configmaps", continue_token=token)
    assert (error.code, error.message) == (400, "continue key is not valid")
