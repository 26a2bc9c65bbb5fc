"""ResourceQuota at admission: what is refused, and in which words."""

from __future__ import annotations

from typing import Any

import pytest

from cluster.objects.documents import Document, with_value
from tests.apiserver.builders import Lab, config, lab, pod, refusal, service


def with_quota(hard: Document, used: Document | None = None, server: Lab | None = None, name: str = "rq", **spec: Any) -> Lab:
    """A server whose quota has been seen by its controller."""
    server = server or lab()
    stored = server.create({
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": name, "namespace": "default"},
        "spec": {"hard": hard, **spec},
    })
    noted = {**dict.fromkeys(hard, "0"), **(used or {})}
    server.update({**stored, "status": {"hard": hard, "used": noted}}, subresource="status")
    return server


def wanting(name: str, **resources: Any) -> Document:
    return pod(name, containers=[{"name": "c", "image": "nginx:1", "resources": resources}])


def test_it_works() -> None:
    server = with_quota({"pods": "1"})
    assert server.create(pod("a"))
    error = refusal(server.create, pod("b"))
    assert (error.code, error.reason) == (403, "Forbidden")
    assert error.message == (
        'pods "b" is forbidden: exceeded quota: rq, requested: pods=1, used: pods=1, limited: pods=1'
    )


def test_every_limit_that_is_exceeded_is_named() -> None:
    server = with_quota({"requests.cpu": "1", "limits.memory": "2Gi", "pods": "9"})
    server.create(wanting("a", requests={"cpu": "800m"}, limits={"memory": "1Gi"}))
    error = refusal(server.create, wanting("b", requests={"cpu": "0.9"}, limits={"memory": "3Gi"}))
    assert error.message.endswith(
        "exceeded quota: rq, requested: limits.memory=3Gi,requests.cpu=900m, used: limits.memory=1Gi,requests.cpu=800m, "
        "limited: limits.memory=2Gi,requests.cpu=1"
    )


def test_the_last_bit_fits() -> None:
    server = with_quota({"requests.cpu": "1"})
    server.create(wanting("a", requests={"cpu": "900m"}))
    assert server.create(wanting("b", requests={"cpu": "0.1"}))
    assert refusal(server.create, wanting("c", requests={"cpu": "1m"})).code == 403
    assert server.create(wanting("d", requests={"cpu": "0"}))


def test_containers_must_say_how_much() -> None:
    server = with_quota({"requests.cpu": "1", "limits.memory": "2Gi"})
    assert refusal(server.create, pod("a")).message == (
        'pods "a" is forbidden: failed quota: rq: must specify limits.memory for: c; requests.cpu for: c'
    )


def test_a_quota_that_nobody_has_seen_limits_nothing() -> None:
    server = lab()
    meta = {"name": "rq", "namespace": "default"}
    server.create({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": meta, "spec": {"hard": {"pods": "0"}}})
    assert server.create(pod("a"))


def test_a_quota_without_usage_refuses() -> None:
    server = with_quota({"pods": "1", "configmaps": "1"})
    stored = server.read("resourcequotas", "default", "rq")
    server.update(with_value(stored, ("status", "used"), {}), subresource="status")
    assert refusal(server.create, pod("a")).message.endswith("status unknown for quota: rq, resources: pods")


def test_what_the_controller_has_not_taken_back_still_counts() -> None:
    server = with_quota({"pods": "2"}, {"pods": "2"})
    assert refusal(server.create, pod("a")).message.endswith("requested: pods=1, used: pods=2, limited: pods=2")


def test_every_quota_of_the_namespace_holds() -> None:
    server = with_quota({"pods": "5"}, name="wide")
    with_quota({"pods": "0"}, server=server, name="narrow")
    assert "exceeded quota: narrow" in refusal(server.create, pod("a")).message
    elsewhere = with_value(pod("a"), ("metadata", "namespace"), "kube-system")
    assert server.create(elsewhere, "kube-system")


def test_scopes() -> None:
    server = with_quota({"pods": "1"}, scopes=["BestEffort"])
    server.create(pod("a"))
    assert refusal(server.create, pod("b")).code == 403
    assert server.create(wanting("c", requests={"cpu": "1"}))


def test_a_service_that_becomes_a_node_port() -> None:
    server = with_quota({"services.nodeports": "1"})
    server.create(service("a", type="NodePort"))
    plain = server.create(service("b"))
    error = refusal(server.update, with_value(plain, ("spec", "type"), "NodePort"))
    assert error.message == (
        'services "b" is forbidden: exceeded quota: rq, requested: services.nodeports=1, used: services.nodeports=1, '
        "limited: services.nodeports=1"
    )
    # A change that uses nothing more is no matter.
    assert server.update(with_value(plain, ("metadata", "labels"), {"x": "y"}))


def test_an_update_of_what_is_there_is_free() -> None:
    server = with_quota({"configmaps": "1"})
    stored = server.create(config("a", x="1"))
    assert server.update(with_value(stored, ("data",), {"x": "2"}))["data"] == {"x": "2"}
    assert refusal(server.create, config("b")).message.endswith(
        "requested: configmaps=1, used: configmaps=1, limited: configmaps=1"
    )


def test_a_deadline_moves_a_pod_into_another_quota() -> None:
    server = with_quota({"pods": "0"}, scopes=["Terminating"])
    stored = server.create(pod("a"))
    assert refusal(server.update, with_value(stored, ("spec", "activeDeadlineSeconds"), 5)).message.endswith(
        "exceeded quota: rq, requested: pods=1, used: pods=0, limited: pods=0"
    )


def test_a_dry_run_is_refused_too_and_uses_nothing() -> None:
    server = with_quota({"pods": "1"})
    server.create(pod("a"), dry_run=True)
    server.create(pod("b"))
    assert refusal(server.create, pod("c"), dry_run=True).code == 403


def test_counting_quotas_themselves() -> None:
    server = with_quota({"resourcequotas": "1"})
    second = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "b", "namespace": "default"}, "spec": {}}
    assert refusal(server.create, second).message == (
        'resourcequotas "b" is forbidden: exceeded quota: rq, requested: resourcequotas=1, used: resourcequotas=1, '
        "limited: resourcequotas=1"
    )


def test_events_are_never_counted() -> None:
    server = with_quota({"count/events": "0"})
    event = {
        "apiVersion": "v1", "kind": "Event", "metadata": {"name": "e", "namespace": "default"},
        "involvedObject": {"kind": "Pod", "namespace": "default", "name": "a"}, "type": "Normal", "reason": "R", "message": "m",
    }
    assert server.create(event)


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_an_ended_pod_makes_room(phase: str) -> None:
    server = with_quota({"pods": "1"})
    stored = server.create(pod("a"))
    server.update(with_value(stored, ("status", "phase"), phase), subresource="status")
    assert server.create(pod("b"))
