"""Nodes: state, roles, taints."""

from __future__ import annotations

import pytest

from cluster.objects.documents import Document
from cluster.objects.kinds import node as nodes
from cluster.objects.kinds.node import KIND

TAINT = {"key": "disk", "value": "slow", "effect": "NoSchedule"}


def node(ready: str | None = "True", labels: dict[str, str] | None = None, **spec: object) -> Document:
    conditions = [] if ready is None else [{"type": "Ready", "status": ready}]
    return {"metadata": {"name": "node-1", "labels": labels or {}}, "spec": spec, "status": {"conditions": conditions}}


def test_it_works() -> None:
    assert nodes.is_ready(node())
    assert nodes.status_text(node()) == "Ready"


@pytest.mark.parametrize(("ready", "text"), [("False", "NotReady"), ("Unknown", "NotReady"), (None, "Unknown")])
def test_status(ready: str | None, text: str) -> None:
    assert nodes.status_text(node(ready)) == text
    assert not nodes.is_ready(node(ready))


def test_a_cordoned_node_says_so() -> None:
    assert nodes.status_text(node("False", unschedulable=True)) == "NotReady,SchedulingDisabled"


def test_roles_come_from_labels() -> None:
    labels = {"node-role.kubernetes.io/worker": "", "node-role.kubernetes.io/": "", "kubernetes.io/role": "edge"}
    assert nodes.roles(node(labels=labels)) == ["edge", "worker"]
    assert nodes.roles(node()) == []


def test_a_taint_replaces_the_one_with_its_key_and_effect() -> None:
    tainted = nodes.with_taint(node(), TAINT)
    other = nodes.with_taint(tainted, {**TAINT, "effect": "NoExecute"})
    assert len(nodes.taints(other)) == 2
    replaced = nodes.with_taint(other, {**TAINT, "value": "broken"})
    assert [nodes.taint_text(taint) for taint in nodes.taints(replaced)] == ["disk=slow:NoExecute", "disk=broken:NoSchedule"]
    assert nodes.with_taint(tainted, TAINT) is tainted


def test_taints_go_by_key_or_by_key_and_effect() -> None:
    both = nodes.with_taint(nodes.with_taint(node(), TAINT), {**TAINT, "effect": "NoExecute"})
    assert len(nodes.taints(nodes.without_taint(both, "disk", "NoExecute"))) == 1
    assert "taints" not in nodes.without_taint(both, "disk")["spec"]
    assert nodes.without_taint(both, "other") is both


def test_a_taint_without_value() -> None:
    assert nodes.taint_text({"key": "a", "effect": "NoSchedule"}) == "a:NoSchedule"


def test_wide_cells() -> None:
    document = node()
    document["metadata"]["creationTimestamp"] = "2026-01-01T00:00:00Z"
    document["status"] |= {
        "addresses": [{"type": "InternalIP", "address": "10.0.0.11"}],
        "nodeInfo": {"kernelVersion": "6.1.0", "architecture": "amd64", "kubeletVersion": "v1.36.2", "osImage": "Linux"},
    }
    assert [column.value(document, 5000) for column in KIND.columns] == [
        "node-1", "Ready", "<none>", "5s", "v1.36.2", "10.0.0.11", "<none>", "Linux", "6.1.0 (amd64)", "<unknown>",
    ]


@pytest.mark.parametrize(
    ("taint", "complaint"),
    [
        ({"key": "a", "effect": "Never"},
         'metadata.taints[0].effect: Unsupported value: "Never": '
         'supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"'),
        ({"key": "a"}, "metadata.taints[0].effect: Required value"),
    ],
)
def test_bad_taints(taint: Document, complaint: str) -> None:
    assert [str(error) for error in nodes.validate(node(taints=[taint]), None)] == [complaint]


def test_taints_are_unique() -> None:
    (error,) = nodes.validate(node(taints=[TAINT, {**TAINT, "value": "x"}]), None)
    assert str(error) == (
        'metadata.taints[1]: Duplicate value: {"key":"disk","value":"x","effect":"NoSchedule"}: '
        "taints must be unique by key and effect pair"
    )


def test_conditions_and_addresses_have_types_even_if_nobody_said_so() -> None:
    stored = nodes.default({**node(), "status": {"conditions": [{}, {"type": "Ready"}], "addresses": [{"address": "10.0.0.1"}]}})
    assert stored["status"] == {
        "conditions": [{"type": "", "status": ""}, {"type": "Ready", "status": ""}],
        "addresses": [{"type": "", "address": "10.0.0.1"}],
    }
    assert (nodes.status_text(stored), nodes.internal_ip(stored)) == ("NotReady", "")


def test_whole_conditions_stay_as_they_are() -> None:
    given = node()
    assert nodes.default(given)["status"]["conditions"] is given["status"]["conditions"]


@pytest.mark.parametrize(("spec", "wrong"), [
    ({"podCIDR": "10.244.1.0/24"}, False), ({"podCIDRs": ["10.244.1.7/24", "fd00::/64"]}, False), ({}, False),
    ({"podCIDR": "*"}, True), ({"podCIDR": "*", "podCIDRs": ["10.244.1.0/24"]}, True), ({"podCIDRs": ["10.244.1.0"]}, True),
])
def test_addresses_for_pods_are_a_network(spec: dict[str, object], wrong: bool) -> None:
    complaints = [error.field for error in nodes.validate(node(**spec), None)]
    assert complaints == (["spec.podCIDRs[0]"] if wrong else [])


def test_a_condition_without_a_type_is_none() -> None:
    untyped = node()
    untyped["status"]["conditions"] = [{"status": "True"}]
    assert nodes.condition(untyped, "Ready") is None
