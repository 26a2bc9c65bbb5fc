"""Patches of all three types, and of subresources."""

from __future__ import annotations

import pytest

from tests.apiserver.builders import Lab, config, deployment, pod, refusal


def test_it_works(api: Lab) -> None:
    api.create(deployment())
    patched = api.patch("deployments.apps", "default", "web", {"spec": {"replicas": 5}})
    assert patched["spec"]["replicas"] == 5
    assert patched["metadata"]["generation"] == 2


def test_a_strategic_patch_merges_containers_by_name(api: Lab) -> None:
    api.create(pod(containers=[{"name": "a", "image": "x:1"}, {"name": "b", "image": "y:1"}]))
    patch = {"spec": {"containers": [{"name": "b", "image": "y:2"}]}}
    patched = api.patch("pods", "default", "web", patch)
    assert [container["image"] for container in patched["spec"]["containers"]] == ["x:1", "y:2"]


def test_a_merge_patch_deletes_with_null(api: Lab) -> None:
    api.create(config(a="1", b="2"))
    assert api.patch("configmaps", "default", "settings", {"data": {"a": None}}, "merge")["data"] == {"b": "2"}


def test_a_json_patch(api: Lab) -> None:
    api.create(config(a="1"))
    patch = [{"op": "test", "path": "/data/a", "value": "1"}, {"op": "replace", "path": "/data/a", "value": "2"}]
    assert api.patch("configmaps", "default", "settings", patch, "json")["data"] == {"a": "2"}


def test_an_unknown_type(api: Lab) -> None:
    api.create(config())
    assert refusal(api.patch, "configmaps", "default", "settings", {}, "yaml").code == 400


def test_an_empty_patch_is_no_write(api: Lab) -> None:
    stored = api.create(config(a="1"))
    assert api.patch("configmaps", "default", "settings", {"data": {"a": "1"}}) == stored


def test_a_stale_version_conflicts(api: Lab) -> None:
    stored = api.create(config(a="1"))
    api.patch("configmaps", "default", "settings", {"data": {"a": "2"}})
    patch = {"metadata": {"resourceVersion": stored["metadata"]["resourceVersion"]}, "data": {"a": "3"}}
    assert refusal(api.patch, "configmaps", "default", "settings", patch).code == 409


def test_an_unknown_field(api: Lab) -> None:
    api.create(pod())
    error = refusal(api.patch, "pods", "default", "web", {"spec": {"nodeSelektor": {}}})
    assert error.message.endswith('strict decoding error: unknown field "spec.nodeSelektor"')


def test_the_name_cannot_be_patched(api: Lab) -> None:
    api.create(config())
    error = refusal(api.patch, "configmaps", "default", "settings", {"metadata": {"name": "other"}})
    assert error.code in (400, 404, 422)
    assert api.get("configmaps", "default", "other") is None


def test_a_status_patch(api: Lab) -> None:
    api.create(deployment())
    patched = api.patch(
        "deployments.apps", "default", "web", {"status": {"replicas": 2}, "spec": {"replicas": 9}}, subresource="status"
    )
    assert (patched["spec"]["replicas"], patched["status"]) == (3, {"replicas": 2})


def test_scale(api: Lab) -> None:
    api.create(deployment())
    scale = api.patch("deployments.apps", "default", "web", {"spec": {"replicas": 7}}, "merge", subresource="scale")
    assert scale["kind"] == "Scale" and scale["spec"] == {"replicas": 7}
    assert api.read("deployments.apps", "default", "web")["spec"]["replicas"] == 7


def test_the_scale_of_a_deployment(api: Lab) -> None:
    api.create(deployment())
    scale = api.scale("deployments.apps", "default", "web")
    assert (scale["apiVersion"], scale["spec"]) == ("autoscaling/v1", {"replicas": 3})
    assert scale["status"] == {"replicas": 0, "selector": "app=web"}


@pytest.mark.parametrize("replicas", [-1, "three"])
def test_a_scale_below_zero(api: Lab, replicas: object) -> None:
    api.create(deployment())
    scale = api.scale("deployments.apps", "default", "web")
    error = refusal(api.update_scale, "deployments.apps", {**scale, "spec": {"replicas": replicas}})
    assert (error.code, api.read("deployments.apps", "default", "web")["spec"]["replicas"]) == (422, 3)


def test_what_has_no_scale(api: Lab) -> None:
    api.create(config())
    error = refusal(api.scale, "configmaps", "default", "settings")
    assert (error.code, error.message) == (404, "the server could not find the requested resource")
