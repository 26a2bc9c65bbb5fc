"""A kind that is served in two versions: one is stored, both are read and written."""

from __future__ import annotations

from tests.rest.client import TABLE, Client

V1, V2 = (f"/apis/autoscaling/{version}/namespaces/default/horizontalpodautoscalers" for version in ("v1", "v2"))
OLD = {
    "metadata": {"name": "web"},
    "spec": {
        "maxReplicas": 3, "targetCPUUtilizationPercentage": 50,
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
    },
}


def test_it_works(api: Client) -> None:
    old = api.create(V1, OLD)
    assert (old["apiVersion"], old["spec"]["targetCPUUtilizationPercentage"]) == ("autoscaling/v1", 50)
    new = api.get(f"{V2}/web").body
    assert new["apiVersion"] == "autoscaling/v2"
    assert new["spec"]["metrics"][0]["resource"]["target"] == {"type": "Utilization", "averageUtilization": 50}


def test_lists_and_watches(api: Client) -> None:
    seen = api.watch(V1)
    api.create(V1, OLD)
    listed = api.get(V1).body
    assert (listed["apiVersion"], listed["items"][0]["spec"]["targetCPUUtilizationPercentage"]) == ("autoscaling/v1", 50)
    (event,) = seen.more()
    assert (event["object"]["apiVersion"], "metrics" in event["object"]["spec"]) == ("autoscaling/v1", False)
    assert api.get(V1, TABLE).body["rows"][0]["cells"][0] == "web"


def test_patch_and_update(api: Client) -> None:
    api.create(V1, OLD)
    patched = api.send("PATCH", f"{V1}/web", {"spec": {"targetCPUUtilizationPercentage": 60}}, "application/merge-patch+json")
    assert patched.body["spec"]["targetCPUUtilizationPercentage"] == 60
    updated = api.send("PUT", f"{V1}/web", {**patched.body, "spec": {**patched.body["spec"], "maxReplicas": 9}}).body
    assert (updated["apiVersion"], updated["spec"]["maxReplicas"]) == ("autoscaling/v1", 9)
    assert api.get(f"{V2}/web").body["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"] == 60


def test_clients_prefer_the_stored_version(api: Client) -> None:
    group = api.get("/apis/autoscaling").body
    assert [version["version"] for version in group["versions"]] == ["v2", "v1"]
    assert group["preferredVersion"]["version"] == "v2"
    assert "apis/autoscaling/v1" in api.get("/openapi/v3").body["paths"]


def test_a_body_of_the_other_version(api: Client) -> None:
    answer = api.send("POST", V2, {**OLD, "apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler"})
    assert (answer.code, "does not match the expected API version (autoscaling/v2)" in answer.message) == (400, True)
