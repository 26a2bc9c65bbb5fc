"""Creating objects: names, namespaces, what the server fills in, what it refuses."""

from __future__ import annotations

import pytest

from cluster.objects.documents import Document
from tests.apiserver.builders import Lab, config, deployment, lab, pod, refusal


def test_it_works(api: Lab) -> None:
    stored = api.create(config(a="1"))
    assert stored["metadata"]["resourceVersion"] == str(api.revision)
    assert stored["metadata"]["creationTimestamp"] == "2026-01-01T00:00:00Z"
    assert api.read("configmaps", "default", "settings") == stored


def test_uids_are_random_uuids(api: Lab) -> None:
    uids = [api.create(config(name))["metadata"]["uid"] for name in ("a", "b")]
    assert len(set(uids)) == 2
    assert all(len(uid) == 36 and uid[14] == "4" and uid[19] in "89ab" for uid in uids)


def test_equal_seeds_give_equal_clusters() -> None:
    first, second = lab(7), lab(7)
    assert first.create(pod()) == second.create(pod())
    assert lab(8).create(pod()) != first.read("pods", "default", "web")


def test_the_given_document_is_not_changed(api: Lab) -> None:
    document = pod()
    api.create(document)
    assert document == pod()


def test_a_taken_name(api: Lab) -> None:
    api.create(config())
    error = refusal(api.create, config())
    assert (error.code, error.reason, error.message) == (409, "AlreadyExists", 'configmaps "settings" already exists')
    assert error.details == {"name": "settings", "kind": "configmaps"}


def test_generated_names_end_in_five_characters_without_vowels(api: Lab) -> None:
    document = config()
    document["metadata"] = {"generateName": "settings-", "namespace": "default"}
    name = api.create(document)["metadata"]["name"]
    suffix = name.removeprefix("settings-")
    assert len(suffix) == 5 and set(suffix) <= set("bcdfghjklmnpqrstvwxz2456789")


def test_a_name_is_required(api: Lab) -> None:
    error = refusal(api.create, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}})
    assert error.message == 'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required'


def test_the_namespace_of_the_request_counts(api: Lab) -> None:
    document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}
    assert api.create(document, "kube-system")["metadata"]["namespace"] == "kube-system"
    assert api.create(document)["metadata"]["namespace"] == "default"
    error = refusal(api.create, config("y"), "kube-system")
    assert (error.code, error.message) == (
        400, "the namespace of the provided object does not match the namespace sent on the request",
    )


def test_a_missing_namespace(api: Lab) -> None:
    document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": "nowhere"}}
    error = refusal(api.create, document)
    assert (error.code, error.message) == (404, 'namespaces "nowhere" not found')


def test_a_namespace_that_is_going_away(api: Lab) -> None:
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "old"}})
    assert api.delete("namespaces", "", "old") is not None
    document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": "old"}}
    error = refusal(api.create, document)
    assert (error.code, error.message) == (
        403, 'configmaps "x" is forbidden: unable to create new content in namespace old because it is being terminated',
    )


def test_a_new_namespace(api: Lab) -> None:
    stored = api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}})
    assert stored["metadata"]["labels"] == {"kubernetes.io/metadata.name": "team"}
    assert (stored["spec"], stored["status"]) == ({"finalizers": ["kubernetes"]}, {"phase": "Active"})


def test_an_unknown_kind(api: Lab) -> None:
    error = refusal(api.create, {"apiVersion": "v1", "kind": "Pdo", "metadata": {"name": "x"}})
    assert (error.code, error.message) == (400, 'no matches for kind "Pdo" in version "v1"')


def test_an_unknown_field(api: Lab) -> None:
    error = refusal(api.create, pod(replicas=3))
    assert error.code == 400
    assert error.message.endswith('strict decoding error: unknown field "spec.replicas"')


@pytest.mark.parametrize("empty", [{}, None])
def test_metadata_that_says_nothing_is_not_kept(api: Lab, empty: object) -> None:
    document = config()
    given = {**document, "metadata": {**document["metadata"], "labels": empty, "annotations": empty, "finalizers": []}}
    stored = api.create(given)
    assert not {"labels", "annotations", "finalizers"} & set(stored["metadata"])
    api.update({**stored, "metadata": {**stored["metadata"], "labels": empty, "ownerReferences": []}})
    assert api.read("configmaps", "default", "settings") == stored


def test_a_dry_run_stores_nothing_and_spends_no_chance(api: Lab) -> None:
    before = api.world
    answer = api.create(pod(), dry_run=True)
    assert answer["spec"]["serviceAccountName"] == "default"
    assert api.world is before or (api.world.revision, api.world.random) == (before.revision, before.random)
    assert api.get("pods", "default", "web") is None


def test_a_refused_request_spends_no_chance(api: Lab) -> None:
    before = api.world.random
    refusal(api.create, pod(containers=[{"name": "c", "image": ""}]))
    assert api.world.random == before


@pytest.mark.parametrize("field", ["uid", "resourceVersion", "generation", "deletionTimestamp"])
def test_the_server_s_own_fields_cannot_be_given(api: Lab, field: str) -> None:
    document: Document = deployment()
    document["metadata"][field] = 7 if field == "generation" else "2020-01-01T00:00:00Z"
    stored = api.create(document)
    assert stored["metadata"].get(field) not in (7, "2020-01-01T00:00:00Z")


def test_a_client_sets_no_status(api: Lab) -> None:
    stored = api.create({**pod(), "status": {"phase": "Running"}})
    assert stored["status"] == {"phase": "Pending", "qosClass": "BestEffort"}
