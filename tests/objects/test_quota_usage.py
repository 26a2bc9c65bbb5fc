"""What objects count for in a quota."""

from __future__ import annotations

from typing import Any

import pytest

from cluster.objects import quota_usage, times
from cluster.objects.documents import Document
from cluster.objects.registry import REGISTRY

POD, SERVICE, CLAIM, SECRET = (REGISTRY[name] for name in ("pods", "services", "persistentvolumeclaims", "secrets"))
START = "2026-11-21T00:00:00Z"


def pod(*containers: Document, phase: str = "Running", **spec: Any) -> Document:
    filled = [{"name": f"c{index}", "resources": each} for index, each in enumerate(containers or ({},))]
    return {"metadata": {"name": "p"}, "spec": {"containers": filled, **spec}, "status": {"phase": phase}}


def quota(*scopes: str, **selector: Any) -> Document:
    spec: Document = {"hard": {"pods": "1"}, "scopes": list(scopes)}
    if selector:
        spec["scopeSelector"] = {"matchExpressions": [selector]}
    return {"spec": spec}


def test_it_works() -> None:
    found = quota_usage.usage(POD, pod({"requests": {"cpu": "100m"}, "limits": {"memory": "1Gi"}}, {"requests": {"cpu": "1"}}), 0)
    assert found == {
        "count/pods": "1", "pods": "1", "cpu": "1100m", "requests.cpu": "1100m", "limits.memory": "1Gi",
    }


def test_which_names_are_about_what() -> None:
    names = (
        "pods", "requests.cpu", "services.nodeports", "secrets", "count/secrets", "requests.storage", "requests.a.b/gpu",
        "gold.storageclass.storage.k8s.io/requests.storage", "hugepages-2Mi", "count/deployments.apps",
    )
    assert quota_usage.measured(POD, names) == ["hugepages-2Mi", "pods", "requests.a.b/gpu", "requests.cpu"]
    assert quota_usage.measured(SERVICE, names) == ["services.nodeports"]
    assert quota_usage.measured(SECRET, names) == ["count/secrets", "secrets"]
    assert quota_usage.measured(CLAIM, names) == ["gold.storageclass.storage.k8s.io/requests.storage", "requests.storage"]
    assert quota_usage.measured(REGISTRY["deployments.apps"], names) == ["count/deployments.apps"]
    assert quota_usage.measured(REGISTRY["endpoints"], names) == []


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_an_ended_pod_is_only_an_object(phase: str) -> None:
    assert quota_usage.usage(POD, pod({"requests": {"cpu": "1"}}, phase=phase), 0) == {"count/pods": "1"}


def test_a_pod_that_does_not_go_counts_no_longer() -> None:
    stuck = pod()
    stuck["metadata"] |= {"deletionTimestamp": START, "deletionGracePeriodSeconds": 30}
    end = times.parse(START) + 30 * times.SECOND
    assert quota_usage.expires(stuck) == end
    assert quota_usage.usage(POD, stuck, end)["pods"] == "1"
    assert quota_usage.usage(POD, stuck, end + 1) == {"count/pods": "1"}


def test_devices() -> None:
    found = quota_usage.usage(POD, pod({"requests": {"a.b/gpu": "2"}, "limits": {"a.b/gpu": "2"}}), 0)
    assert found == {"count/pods": "1", "pods": "1", "requests.a.b/gpu": "2"}


@pytest.mark.parametrize(("spec", "node_ports", "balancers"), [
    ({"type": "ClusterIP", "ports": [{"port": 1}]}, "0", "0"),
    ({"type": "NodePort", "ports": [{"port": 1}, {"port": 2}]}, "2", "0"),
    ({"type": "LoadBalancer", "ports": [{"port": 1}, {"port": 2}]}, "2", "1"),
    ({"type": "LoadBalancer", "ports": [{"port": 1}, {"port": 2, "nodePort": 30000}], "allocateLoadBalancerNodePorts": False},
     "1", "1"),
    ({"type": "ExternalName"}, "0", "0"),
])
def test_services(spec: Document, node_ports: str, balancers: str) -> None:
    assert quota_usage.usage(SERVICE, {"spec": spec}, 0) == {
        "count/services": "1", "services": "1", "services.nodeports": node_ports, "services.loadbalancers": balancers,
    }


def test_claims() -> None:
    claim = {
        "metadata": {"name": "c"}, "spec": {"storageClassName": "gold", "resources": {"requests": {"storage": "1Gi"}}},
        "status": {"allocatedResources": {"storage": "2Gi"}},
    }
    assert quota_usage.usage(CLAIM, claim, 0) == {
        "count/persistentvolumeclaims": "1", "persistentvolumeclaims": "1", "requests.storage": "2Gi",
        "gold.storageclass.storage.k8s.io/persistentvolumeclaims": "1",
        "gold.storageclass.storage.k8s.io/requests.storage": "2Gi",
    }
    odd = {"metadata": {"name": "c"}, "spec": {"resources": {"requests": {"storage": "1500m"}}}}
    assert quota_usage.usage(CLAIM, odd, 0)["requests.storage"] == "2"


@pytest.mark.parametrize(("limits", "document", "expected"), [
    (quota(), pod(), True),
    (quota("BestEffort"), pod(), True),
    (quota("BestEffort"), pod({"requests": {"cpu": "1"}}), False),
    (quota("NotBestEffort"), pod({"requests": {"cpu": "1"}}), True),
    (quota("Terminating"), pod(activeDeadlineSeconds=5), True),
    (quota("NotTerminating"), pod(activeDeadlineSeconds=5), False),
    (quota("BestEffort", "NotTerminating"), pod(activeDeadlineSeconds=5), False),
    (quota("PriorityClass"), pod(), False),
    (quota(scopeName="PriorityClass", operator="In", values=["high"]), pod(priorityClassName="high"), True),
    (quota(scopeName="PriorityClass", operator="In", values=["high"]), pod(priorityClassName="low"), False),
    (quota(scopeName="PriorityClass", operator="NotIn", values=["high"]), pod(), True),
    (quota(scopeName="PriorityClass", operator="Exists"), pod(priorityClassName="low"), True),
    (quota(scopeName="PriorityClass", operator="DoesNotExist"), pod(priorityClassName="low"), False),
    (quota("CrossNamespacePodAffinity"), pod(), False),
    (quota("CrossNamespacePodAffinity"), pod(affinity={"podAntiAffinity": {
        "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "podAffinityTerm": {"namespaces": ["x"]}}],
    }}), True),
])
def test_scopes(limits: Document, document: Document, expected: bool) -> None:
    assert quota_usage.covers(limits, POD, document) is expected


def test_only_pods_and_claims_have_scopes() -> None:
    assert not quota_usage.covers(quota("BestEffort"), SECRET, {"metadata": {"name": "s"}})
    assert quota_usage.covers(quota(), SECRET, {"metadata": {"name": "s"}})
    bronze = {"metadata": {"name": "c"}, "spec": {"volumeAttributesClassName": "bronze"}}
    of_bronze = quota(scopeName="VolumeAttributesClass", operator="In", values=["bronze"])
    assert quota_usage.covers(of_bronze, CLAIM, bronze)
    assert not quota_usage.covers(of_bronze, CLAIM, {"metadata": {"name": "c"}, "spec": {}})


def test_what_must_be_said() -> None:
    names = ("requests.cpu", "limits.memory", "pods", "requests.ephemeral-storage")
    said = {"requests": {"cpu": "1"}, "limits": {"memory": "1Gi"}}
    assert quota_usage.unsaid(POD, names, pod(said)) == ""
    assert quota_usage.unsaid(POD, names, pod(said, {"requests": {"cpu": "1"}}, {})) == (
        "limits.memory for: c1,c2; requests.cpu for: c2"
    )
    whole = pod({}, resources={"requests": {"cpu": "1"}})
    assert quota_usage.unsaid(POD, names, whole) == ""
    assert quota_usage.unsaid(SECRET, names, {}) == ""
