"""Deletion: grace periods, finalizers, propagation, preconditions."""

from __future__ import annotations

import pytest

from cluster.apiserver.server import Preconditions
from cluster.objects.documents import with_value
from cluster.objects.metadata import with_finalizers
from cluster.objects.selectors import LabelSelector
from tests.apiserver.builders import Lab, config, deployment, labelled, pod, refusal


def bound(api: Lab, name: str = "web", **spec: object) -> None:
    api.create(pod(name, **spec))
    api.bind("default", name, "node-1")


def test_it_works(api: Lab) -> None:
    api.create(config())
    assert api.delete("configmaps", "default", "settings") is None
    assert api.get("configmaps", "default", "settings") is None


def test_missing_objects(api: Lab) -> None:
    error = refusal(api.delete, "pods", "default", "web")
    assert (error.code, error.message) == (404, 'pods "web" not found')


def test_a_pod_gets_its_grace_period(api: Lab) -> None:
    bound(api)
    api.wait(1000)
    marked = api.delete("pods", "default", "web")
    assert marked is not None
    assert marked["metadata"]["deletionTimestamp"] == "2026-01-01T00:00:31Z"
    assert marked["metadata"]["deletionGracePeriodSeconds"] == 30


@pytest.mark.parametrize(("grace", "seconds"), [(5, 5), (60, 60), (None, 3)])
def test_the_grace_of_the_request_counts_before_the_spec_s(api: Lab, grace: int | None, seconds: int) -> None:
    bound(api, terminationGracePeriodSeconds=3)
    marked = api.delete("pods", "default", "web", grace=grace)
    assert marked is not None and marked["metadata"]["deletionGracePeriodSeconds"] == seconds


def test_a_grace_period_can_only_shrink(api: Lab) -> None:
    bound(api)
    first = api.delete("pods", "default", "web", grace=20)
    assert api.delete("pods", "default", "web", grace=40) == first
    second = api.delete("pods", "default", "web", grace=5)
    assert second is not None and second["metadata"]["deletionGracePeriodSeconds"] == 5
    assert api.delete("pods", "default", "web", grace=0) is None


def test_a_pod_without_a_node_goes_at_once(api: Lab) -> None:
    api.create(pod())
    assert api.delete("pods", "default", "web") is None


def test_an_ended_pod_goes_at_once(api: Lab) -> None:
    bound(api)
    stored = api.read("pods", "default", "web")
    api.update(with_value(stored, ("status", "phase"), "Succeeded"), subresource="status")
    assert api.delete("pods", "default", "web") is None


def test_finalizers_hold_an_object(api: Lab) -> None:
    api.create(with_finalizers(config(), ["example.com/keep"]))
    marked = api.delete("configmaps", "default", "settings")
    assert marked is not None and "deletionTimestamp" in marked["metadata"]
    api.update(with_finalizers(marked, []))
    assert api.get("configmaps", "default", "settings") is None


def test_a_second_delete_changes_nothing(api: Lab) -> None:
    api.create(with_finalizers(config(), ["example.com/keep"]))
    first = api.delete("configmaps", "default", "settings")
    before = api.revision
    api.wait(5000)
    assert api.delete("configmaps", "default", "settings") == first
    assert api.revision == before


@pytest.mark.parametrize(
    ("propagation", "finalizers"),
    [("Foreground", ["foregroundDeletion"]), ("Orphan", ["orphan"])],
)
def test_propagation_is_left_to_the_garbage_collector(api: Lab, propagation: str, finalizers: list[str]) -> None:
    api.create(deployment())
    marked = api.delete("deployments.apps", "default", "web", propagation=propagation)
    assert marked is not None and marked["metadata"]["finalizers"] == finalizers


def test_background_deletion_leaves_at_once(api: Lab) -> None:
    api.create(deployment())
    assert api.delete("deployments.apps", "default", "web", propagation="Background") is None


def test_an_unknown_policy(api: Lab) -> None:
    api.create(config())
    assert refusal(api.delete, "configmaps", "default", "settings", propagation="Sideways").code == 400


def test_preconditions(api: Lab) -> None:
    stored = api.create(config())
    error = refusal(api.delete, "configmaps", "default", "settings", preconditions=Preconditions(uid="other"))
    assert (error.code, error.reason) == (409, "Conflict")
    assert "Precondition failed: UID in precondition: other" in error.message
    wrong = Preconditions(resource_version="1")
    assert refusal(api.delete, "configmaps", "default", "settings", preconditions=wrong).code == 409
    right = Preconditions(stored["metadata"]["uid"], stored["metadata"]["resourceVersion"])
    assert api.delete("configmaps", "default", "settings", preconditions=right) is None


def test_a_dry_run(api: Lab) -> None:
    api.create(config())
    assert api.delete("configmaps", "default", "settings", dry_run=True) is None
    assert api.get("configmaps", "default", "settings") is not None


def test_a_namespace_waits_for_its_contents(api: Lab) -> None:
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}})
    marked = api.delete("namespaces", "", "team")
    assert marked is not None
    assert (marked["status"]["phase"], marked["spec"]["finalizers"]) == ("Terminating", ["kubernetes"])


def test_a_namespace_knows_no_grace_period(api: Lab) -> None:
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}})
    marked = api.delete("namespaces", "", "team")
    assert marked is not None and "deletionGracePeriodSeconds" not in marked["metadata"]
    assert api.delete("namespaces", "", "team") == marked


@pytest.mark.parametrize("name", ["default", "kube-system"])
def test_some_namespaces_stay(api: Lab, name: str) -> None:
    error = refusal(api.delete, "namespaces", "", name)
    assert error.message == f'namespaces "{name}" is forbidden: this namespace may not be deleted'


def test_a_collection(api: Lab) -> None:
    for name, app in (("a", "x"), ("b", "y"), ("c", "x")):
        api.create(labelled(config(name), app=app))
    found = api.delete_collection("configmaps", "default", LabelSelector.from_map({"app": "x"}))
    assert [document["metadata"]["name"] for document in found] == ["a", "c"]
    assert [document["metadata"]["name"] for document in api.list("configmaps")] == ["b"]


def test_deletion_counts_as_a_change_of_what_is_wanted(api: Lab) -> None:
    bound(api)
    marked = api.delete("pods", "default", "web")
    assert marked is not None and marked["metadata"]["generation"] == 2


def test_eviction_is_a_delete(api: Lab) -> None:
    bound(api)
    marked = api.evict("default", "web")
    assert marked is not None and "deletionTimestamp" in marked["metadata"]
