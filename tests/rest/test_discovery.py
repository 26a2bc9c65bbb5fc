"""What the server has, told in both ways that clients ask."""

from __future__ import annotations

import pytest

from cluster.objects.registry import REGISTRY
from tests.rest.client import Client

V2 = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
V2BETA1 = "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList"


def test_it_works(api: Client) -> None:
    listed = api.get("/api/v1").body
    assert (listed["kind"], listed["groupVersion"]) == ("APIResourceList", "v1")
    pods = next(entry for entry in listed["resources"] if entry["name"] == "pods")
    assert (pods["kind"], pods["singularName"], pods["shortNames"], pods["categories"]) == ("Pod", "pod", ["po"], ["all"])
    assert {"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"} == set(pods["verbs"])


@pytest.mark.parametrize("path", ["/healthz", "/livez", "/readyz", "/readyz/etcd"])
def test_health(api: Client, path: str) -> None:
    assert api.get(path) == (200, b"ok", {})


def test_the_version_has_whole_numbers(api: Client) -> None:
    version = api.get("/version").body
    assert (int(version["major"]), int(version["minor"]) >= 36) == (1, True)
    assert version["gitVersion"].startswith(f"v1.{version['minor']}.")


def test_groups(api: Client) -> None:
    assert api.get("/api").body["versions"] == ["v1"]
    groups = {group["name"]: group for group in api.get("/apis").body["groups"]}
    assert groups["apps"]["preferredVersion"] == {"groupVersion": "apps/v1", "version": "v1"}
    assert {"metrics.k8s.io", "authorization.k8s.io"} < groups.keys()
    assert api.get("/apis/apps").body["kind"] == "APIGroup"


def test_every_kind_is_found(api: Client) -> None:
    for kind in REGISTRY:
        place = f"/apis/{kind.group}/{kind.version}" if kind.group else f"/api/{kind.version}"
        assert kind.plural in [entry["name"] for entry in api.get(place).body["resources"]]
        path = f"{place}/namespaces/default/{kind.plural}" if kind.namespaced else f"{place}/{kind.plural}"
        assert api.get(path).body["kind"] == f"{kind.kind}List"


def test_subresources_name_what_they_speak(api: Client) -> None:
    entries = {entry["name"]: entry for entry in api.get("/api/v1").body["resources"]}
    eviction = entries["pods/eviction"]
    assert (eviction["group"], eviction["version"], eviction["kind"]) == ("policy", "v1", "Eviction")
    scales = {entry["name"]: entry for entry in api.get("/apis/apps/v1").body["resources"]}
    assert scales["deployments/scale"]["kind"] == "Scale"
    assert scales["deployments/status"]["kind"] == "Deployment"


@pytest.mark.parametrize(("accept", "version"), [(f"{V2},{V2BETA1},application/json", "v2"), (V2BETA1, "v2beta1")])
def test_all_at_once(api: Client, accept: str, version: str) -> None:
    found = api.get("/apis", accept).body
    assert (found["kind"], found["apiVersion"]) == ("APIGroupDiscoveryList", f"apidiscovery.k8s.io/{version}")
    apps = next(group for group in found["items"] if group["metadata"]["name"] == "apps")
    deployments = next(one for one in apps["versions"][0]["resources"] if one["resource"] == "deployments")
    assert deployments["responseKind"] == {"group": "apps", "version": "v1", "kind": "Deployment"}
    assert [sub["subresource"] for sub in deployments["subresources"]] == ["scale", "status"]


def test_both_ways_say_the_same(api: Client) -> None:
    at_once = {
        (group["metadata"].get("name", ""), resource["resource"])
        for path in ("/api", "/apis") for group in api.get(path, V2).body["items"]
        for version in group["versions"] for resource in version["resources"]
    }
    names = [""] + [group["name"] for group in api.get("/apis").body["groups"]]
    places = {name: f"/apis/{name}/" for name in names} | {"": "/api/"}
    versions = {group["name"]: group["preferredVersion"]["version"] for group in api.get("/apis").body["groups"]} | {"": "v1"}
    one_by_one = {
        (name, entry["name"]) for name in names for entry in api.get(places[name] + versions[name]).body["resources"]
        if "/" not in entry["name"]
    }
    assert at_once == one_by_one


@pytest.mark.parametrize(
    "path", ["/apis/nosuch", "/apis/nosuch/v1", "/apis/apps/v2", "/api/v2", "/nosuch", "/", "/apis/apps/v1/x"]
)
def test_what_is_not_there(api: Client, path: str) -> None:
    answer = api.get(path)
    assert (answer.code, answer.message) == (404, "the server could not find the requested resource")
