"""Questions that are answered and forgotten."""

from __future__ import annotations

from tests.rest.client import Client

ACCESS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


def test_it_works(api: Client) -> None:
    answer = api.send("POST", ACCESS, {"spec": {"resourceAttributes": {"verb": "create", "resource": "pods"}}})
    assert (answer.code, answer.body["status"]) == (201, {"allowed": True})


def test_who_am_i(api: Client) -> None:
    answer = api.send("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {})
    assert answer.body["status"]["userInfo"]["username"] == "kubernetes-admin"


def test_what_may_i(api: Client) -> None:
    answer = api.send("POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", {"spec": {"namespace": "default"}})
    assert answer.body["status"]["resourceRules"] == [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]


def test_a_question_without_its_object(api: Client) -> None:
    answer = api.send("POST", ACCESS, {"spec": {}})
    assert (answer.code, "spec.resourceAttributes: Required value" in answer.message) == (400, True)


def test_nothing_is_kept(api: Client) -> None:
    before = api.server.revision
    api.send("POST", ACCESS, {"spec": {"nonResourceAttributes": {"path": "/", "verb": "get"}}})
    assert api.server.revision == before
    assert api.get(ACCESS).code == 404
