"""create, update, patch and delete, with their options and refusals."""

from __future__ import annotations

from typing import Any

import pytest

from tests.apiserver.builders import config, labelled, node, pod
from tests.rest.client import CONFIGS, DEPLOYMENTS, PODS, TABLE, Client

MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
JSON_PATCH = "application/json-patch+json"


def deployment(replicas: int = 2, **spec: Any) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "nginx:1"}]}}
    filled = {"replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "template": template, **spec}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": filled}


def test_it_works(api: Client) -> None:
    created = api.create(CONFIGS, config(a="1"))
    assert created["metadata"]["uid"]
    updated = api.send("PUT", f"{CONFIGS}/settings", {**created, "data": {"a": "2"}})
    assert (updated.code, updated.body["data"]) == (200, {"a": "2"})
    gone = api.send("DELETE", f"{CONFIGS}/settings")
    assert (gone.code, gone.body["status"]) == (200, "Success")
    assert gone.body["details"] == {"name": "settings", "kind": "configmaps", "uid": created["metadata"]["uid"]}
    assert api.get(f"{CONFIGS}/settings").code == 404


# --- create ----------------------------------------------------------------------------------------------------------


def test_a_body_that_does_not_say_its_type(api: Client) -> None:
    assert api.create(CONFIGS, {"metadata": {"name": "x"}})["kind"] == "ConfigMap"


def test_generated_names(api: Client) -> None:
    name = api.create(CONFIGS, {"metadata": {"generateName": "x-"}})["metadata"]["name"]
    assert name.startswith("x-")
    assert len(name) == 7


def test_yaml_is_read_too(api: Client) -> None:
    body = b"kind: ConfigMap\napiVersion: v1\nmetadata:\n  name: x\ndata:\n  a: '1'\n"
    assert api.send("POST", CONFIGS, body, "application/yaml").body["data"] == {"a": "1"}


@pytest.mark.parametrize(("body", "code", "words"), [
    ({**config(), "metadata": {}}, 422, "name or generateName is required"),
    (config("Ä"), 422, "a lowercase RFC 1123 subdomain"),
    ({**config(), "metadata": {"name": "x", "namespace": "other"}}, 400, "does not match the namespace sent on the request"),
    (pod(), 400, 'Pod in version "v1" cannot be handled as a ConfigMap'),
    ({**config(), "data": {"a": 1}}, 400, "cannot unmarshal number into Go struct field ConfigMap.data of type string"),
    (b"{", 400, "json parse error"),
    (b"[1]", 400, "the object provided is unrecognized"),
    (b"", 400, "the object provided is unrecognized"),
])
def test_bodies_that_are_refused(api: Client, body: Any, code: int, words: str) -> None:
    answer = api.send("POST", CONFIGS, body)
    assert answer.code == code
    assert words in answer.message


def test_types_of_bodies(api: Client) -> None:
    answer = api.send("POST", CONFIGS, config(), "text/csv")
    assert (answer.code, answer.body["reason"]) == (415, "UnsupportedMediaType")
    api.create(CONFIGS, config())
    assert api.send("PATCH", f"{CONFIGS}/settings", {}, "application/json").code == 415


def test_bodies_have_a_limit(api: Client) -> None:
    body = b'{"data": {"a": "' + b"x" * (3 * 1024 * 1024) + b'"}}'
    for method, path, kind in (("POST", CONFIGS, "application/json"), ("PATCH", f"{CONFIGS}/x", MERGE)):
        answer = api.send(method, path, body, kind)
        assert (answer.code, answer.body["reason"]) == (413, "RequestEntityTooLarge")


def test_twice_the_same_name(api: Client) -> None:
    api.create(CONFIGS, config())
    answer = api.send("POST", CONFIGS, config())
    assert (answer.code, answer.body["reason"]) == (409, "AlreadyExists")
    assert answer.message == 'configmaps "settings" already exists'


def test_an_unknown_namespace(api: Client) -> None:
    answer = api.send("POST", "/api/v1/namespaces/nosuch/configmaps", {"metadata": {"name": "x"}})
    assert (answer.code, answer.message) == (404, 'namespaces "nosuch" not found')


def test_without_a_namespace(api: Client) -> None:
    assert api.send("POST", "/api/v1/configmaps", config()).code == 400


def test_dry_run_stores_nothing(api: Client) -> None:
    before = api.server.revision
    assert api.create(CONFIGS, config(), dryRun="All")["metadata"]["name"] == "settings"
    api.create(CONFIGS, config("kept"))
    api.send("PATCH", f"{CONFIGS}/kept", {"data": {"a": "1"}}, MERGE, dryRun="All")
    api.send("DELETE", f"{CONFIGS}/kept", dryRun="All")
    api.send("DELETE", CONFIGS, dryRun="All")
    assert api.get(CONFIGS).names == ["kept"]
    assert api.server.revision == before + 1
    answer = api.send("POST", CONFIGS, config(), dryRun="Some")
    assert (answer.code, "dryRun" in answer.message) == (422, True)


@pytest.mark.parametrize(("how", "code", "warned"), [
    ("Strict", 400, False), ("Warn", 201, True), ("", 201, True), ("Ignore", 201, False),
])
def test_unknown_fields(api: Client, how: str, code: int, warned: bool) -> None:
    body = deployment(surprise=1)
    answer = api.send("POST", DEPLOYMENTS, body, fieldValidation=how)
    assert answer.code == code
    if code == 400:
        assert 'strict decoding error: unknown field "spec.surprise"' in answer.message
        return
    assert "surprise" not in answer.body["spec"]
    assert answer.headers.get("Warning", "") == ('299 - "unknown field \\"spec.surprise\\""' if warned else "")


def test_an_unknown_kind_of_validation(api: Client) -> None:
    answer = api.send("POST", CONFIGS, config(), fieldValidation="Maybe")
    assert (answer.code, 'Unsupported value: "Maybe"' in answer.message) == (422, True)


def test_the_answer_to_a_write_may_be_a_table(api: Client) -> None:
    from cluster.rest import handler
    from tests.rest.client import read_again, request

    answer = read_again(handler.write(api.server, request("POST", CONFIGS, config(), TABLE), "me"))
    assert (answer.code, answer.body["rows"][0]["cells"][0]) == (201, "settings")


# --- update and patch ------------------------------------------------------------------------------------------------


def test_a_stale_update_is_refused(api: Client) -> None:
    first = api.create(CONFIGS, config(a="1"))
    api.send("PUT", f"{CONFIGS}/settings", {**first, "data": {"a": "2"}})
    answer = api.send("PUT", f"{CONFIGS}/settings", {**first, "data": {"a": "3"}})
    assert (answer.code, answer.body["reason"]) == (409, "Conflict")
    assert "please apply your changes to the latest version" in answer.message


def test_an_update_that_changes_nothing(api: Client) -> None:
    first = api.create(CONFIGS, config(a="1"))
    assert api.send("PUT", f"{CONFIGS}/settings", first).body == first


def test_names_in_body_and_address(api: Client) -> None:
    first = api.create(CONFIGS, config())
    answer = api.send("PUT", f"{CONFIGS}/other", first)
    assert (answer.code, "does not match the name on the URL (other)" in answer.message) == (400, True)
    answer = api.send("PUT", "/api/v1/namespaces/kube-system/configmaps/settings", first)
    assert (answer.code, "does not match the namespace on the URL" in answer.message) == (400, True)


def test_patches_of_each_type(api: Client) -> None:
    api.create(DEPLOYMENTS, deployment())
    path = f"{DEPLOYMENTS}/web"
    merged = api.send("PATCH", path, {"metadata": {"labels": {"a": "1"}}}, MERGE)
    assert merged.body["metadata"]["labels"] == {"a": "1"}
    containers = [{"name": "c", "image": "nginx:2"}]
    strategic = api.send("PATCH", path, {"spec": {"template": {"spec": {"containers": containers}}}}, STRATEGIC)
    (container,) = strategic.body["spec"]["template"]["spec"]["containers"]
    assert (container["image"], container["imagePullPolicy"]) == ("nginx:2", "IfNotPresent")
    by_path = api.send("PATCH", path, [{"op": "replace", "path": "/spec/replicas", "value": 5}], JSON_PATCH)
    assert by_path.body["spec"]["replicas"] == 5
    assert by_path.body["metadata"]["generation"] == 3


def test_patches_that_are_refused(api: Client) -> None:
    api.create(DEPLOYMENTS, deployment())
    path = f"{DEPLOYMENTS}/web"
    assert api.send("PATCH", path, {"spec": {"replicas": "many"}}, MERGE).code == 400
    assert api.send("PATCH", path, {"spec": {"replicas": -1}}, MERGE).body["details"]["causes"][0]["field"] == "spec.replicas"
    assert api.send("PATCH", path, [{"op": "test", "path": "/kind", "value": "x"}], JSON_PATCH).code == 422
    assert api.send("PATCH", f"{DEPLOYMENTS}/nosuch", {}, MERGE).code == 404
    stale = {"metadata": {"resourceVersion": "1"}, "spec": {"replicas": 3}}
    assert api.send("PATCH", path, stale, MERGE).body["reason"] == "Conflict"


def test_status_is_a_world_of_its_own(api: Client) -> None:
    api.create(DEPLOYMENTS, deployment())
    path = f"{DEPLOYMENTS}/web"
    both = {"spec": {"replicas": 7}, "status": {"replicas": 1}}
    status = api.send("PATCH", f"{path}/status", both, MERGE).body
    assert (status["spec"]["replicas"], status["status"]["replicas"]) == (2, 1)
    spec = api.send("PATCH", path, {**both, "status": {"replicas": 9}}, MERGE).body
    assert (spec["spec"]["replicas"], spec["status"]["replicas"]) == (7, 1)
    assert api.get(f"{path}/status").body["status"]["replicas"] == 1


def test_scale(api: Client) -> None:
    api.create(DEPLOYMENTS, deployment())
    path = f"{DEPLOYMENTS}/web/scale"
    scale = api.get(path).body
    assert (scale["kind"], scale["apiVersion"], scale["spec"], scale["status"]["selector"]) == (
        "Scale", "autoscaling/v1", {"replicas": 2}, "app=web")
    assert api.send("PATCH", path, {"spec": {"replicas": 3}}, MERGE).body["spec"] == {"replicas": 3}
    scale = api.get(path).body
    assert api.send("PUT", path, {**scale, "spec": {"replicas": 4}}).body["spec"] == {"replicas": 4}
    assert api.send("PUT", path, {**scale, "spec": {"replicas": 5}}).body["reason"] == "Conflict"
    assert api.get(f"{DEPLOYMENTS}/web").body["spec"]["replicas"] == 4


# --- delete ----------------------------------------------------------------------------------------------------------


def test_a_pod_that_runs_takes_its_time(api: Client) -> None:
    api.create("/api/v1/nodes", node())
    api.create(PODS, pod())
    bound = api.send("POST", f"{PODS}/web/binding", {"target": {"kind": "Node", "name": "node-1"}})
    assert (bound.code, bound.body["status"]) == (201, "Success")
    going = api.send("DELETE", f"{PODS}/web", {"gracePeriodSeconds": 5})
    assert (going.code, going.body["metadata"]["deletionGracePeriodSeconds"]) == (200, 5)
    gone = api.send("DELETE", f"{PODS}/web", {"gracePeriodSeconds": 0}).body
    assert (gone["kind"], gone["metadata"]["name"]) == ("Pod", "web")
    assert api.get(f"{PODS}/web").code == 404


def test_preconditions(api: Client) -> None:
    api.create(CONFIGS, config())
    answer = api.send("DELETE", f"{CONFIGS}/settings", {"preconditions": {"uid": "another"}})
    assert (answer.code, answer.body["reason"]) == (409, "Conflict")
    assert api.get(f"{CONFIGS}/settings").code == 200


def test_how_dependents_go(api: Client) -> None:
    api.create(DEPLOYMENTS, deployment())
    going = api.send("DELETE", f"{DEPLOYMENTS}/web", {"propagationPolicy": "Foreground"})
    assert going.body["metadata"]["finalizers"] == ["foregroundDeletion"]
    answer = api.send("DELETE", f"{DEPLOYMENTS}/web", propagationPolicy="Sideways")
    assert (answer.code, "propagationPolicy" in answer.message) == (422, True)


@pytest.mark.parametrize("body", [{"gracePeriodSeconds": "soon"}, {"gracePeriodSeconds": True}, [1]])
def test_options_that_are_none(api: Client, body: Any) -> None:
    api.create(CONFIGS, config())
    assert api.send("DELETE", f"{CONFIGS}/settings", body).code == 400


def test_a_collection(api: Client) -> None:
    for name in "abc":
        api.create(CONFIGS, labelled(config(name), go="yes" if name != "b" else "no"))
    gone = api.send("DELETE", CONFIGS, labelSelector="go=yes")
    assert (gone.code, gone.names) == (200, ["a", "c"])
    assert api.get(CONFIGS).names == ["b"]


def test_a_namespace_goes_when_its_finalizers_do(api: Client) -> None:
    path = "/api/v1/namespaces/team"
    api.create("/api/v1/namespaces", {"metadata": {"name": "team"}})
    going = api.send("DELETE", path).body
    assert (going["status"]["phase"], going["spec"]["finalizers"]) == ("Terminating", ["kubernetes"])
    api.send("PUT", f"{path}/finalize", {**going, "spec": {"finalizers": []}})
    assert api.get(path).code == 404


# --- eviction --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["policy/v1", "policy/v1beta1"])
def test_an_eviction(api: Client, version: str) -> None:
    api.create(PODS, pod())
    answer = api.send("POST", f"{PODS}/web/eviction", {"apiVersion": version, "kind": "Eviction", "metadata": {"name": "web"}})
    assert (answer.code, answer.body["status"]) == (201, "Success")
    assert api.get(f"{PODS}/web").code == 404


def test_an_eviction_of_another_pod(api: Client) -> None:
    api.create(PODS, pod())
    answer = api.send("POST", f"{PODS}/web/eviction", {"metadata": {"name": "other"}})
    assert (answer.code, answer.message) == (400, "name in URL does not match name in Eviction object")


# --- verbs that there are not ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "path", "code"), [
    ("POST", f"{PODS}/web", 405), ("PUT", PODS, 405), ("PATCH", PODS, 405), ("BREW", PODS, 405),
    ("DELETE", f"{PODS}/web/status", 405), ("POST", f"{PODS}/web/nosuch", 404), ("PUT", f"{CONFIGS}/x/scale", 404),
    ("POST", "/api/v1/nosuch", 404), ("POST", "/nosuch", 404),
])
def test_verbs_that_there_are_not(api: Client, method: str, path: str, code: int) -> None:
    assert api.send(method, path, {}).code == code


def test_what_needs_a_stream_says_so(api: Client) -> None:
    api.create(PODS, pod())
    answer = api.send("POST", f"{PODS}/web/exec", None)
    assert (answer.code, "use kubectl 1.30 or newer" in answer.message) == (400, True)
    assert api.send("POST", f"{PODS}/web/portforward", None).message.startswith("port-forward is not there")
