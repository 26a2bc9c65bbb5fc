"""`/openapi/v3`: what clients read to explain, to validate and to choose how to patch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.rest.client import Client


def document(api: Client, place: str) -> dict[str, Any]:
    url = api.get("/openapi/v3").body["paths"][place]["serverRelativeURL"]
    path, _, query = url.partition("?")
    answer = api.get(path, hash=query.removeprefix("hash="))
    assert "immutable" in answer.headers["Cache-Control"]
    found: dict[str, Any] = answer.body
    return found


def references(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from references(item)
    elif isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for item in value.values():
            yield from references(item)


@pytest.fixture(scope="module")
def apps() -> dict[str, Any]:
    from tests.rest.client import client

    return document(client(), "apis/apps/v1")


def test_it_works(apps: dict[str, Any]) -> None:
    item = apps["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]
    kind = {"group": "apps", "version": "v1", "kind": "Deployment"}
    assert item["get"]["x-kubernetes-group-version-kind"] == kind
    assert "application/strategic-merge-patch+json" in item["patch"]["requestBody"]["content"]
    assert {"fieldValidation", "dryRun", "force"} <= {parameter["name"] for parameter in item["patch"]["parameters"]}
    schema = apps["components"]["schemas"]["io.k8s.api.apps.v1.Deployment"]
    assert schema["x-kubernetes-group-version-kind"] == [kind]


def test_every_reference_leads_somewhere(api: Client) -> None:
    for place in ("apis/apps/v1", "api/v1"):
        found = document(api, place)
        schemas = {f"#/components/schemas/{name}" for name in found["components"]["schemas"]}
        assert set(references(found)) <= schemas


def test_types_are_those_of_openapi_3(apps: dict[str, Any]) -> None:
    replicas = apps["components"]["schemas"]["io.k8s.api.apps.v1.DeploymentSpec"]["properties"]["replicas"]
    assert replicas["type"] == "integer"
    spec = apps["components"]["schemas"]["io.k8s.api.apps.v1.Deployment"]["properties"]["spec"]
    assert spec["allOf"] == [{"$ref": "#/components/schemas/io.k8s.api.apps.v1.DeploymentSpec"}]
    assert spec["description"]


def test_merge_keys_go_along(api: Client) -> None:
    schemas = document(api, "api/v1")["components"]["schemas"]
    containers = schemas["io.k8s.api.core.v1.PodSpec"]["properties"]["containers"]
    assert containers["x-kubernetes-patch-merge-key"] == "name"


def test_the_old_form_is_empty(api: Client) -> None:
    assert api.get("/openapi/v2").body == b""


@pytest.mark.parametrize("path", ["/openapi/v3/apis/nosuch/v1", "/openapi/v4", "/openapi/v3x"])
def test_what_is_not_there(api: Client, path: str) -> None:
    assert api.get(path).code == 404
