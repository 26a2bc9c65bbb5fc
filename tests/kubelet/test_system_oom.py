"""A machine whose memory is used up faster than the eviction manager looks."""

from __future__ import annotations

import pytest

from cluster.kubelet import system_oom
from tests.support.scenario import Scenario

GIB = 1 << 30


def stress(name: str, amount: str, *, resources: str = "{}") -> str:
    return f"""
apiVersion: v1
kind: Pod
metadata: {{name: {name}}}
spec:
  containers:
  - name: c
    image: polinux/stress
    command: [stress]
    args: ["--vm", "1", "--vm-bytes", "{amount}", "--vm-hang", "1"]
    resources: {resources}
---"""


def container(cluster: Scenario, name: str) -> dict:
    return dict(cluster.get(f"pods/{name}")["status"]["containerStatuses"][0])


def test_it_works() -> None:
    cluster = Scenario(1)
    cluster.apply(stress("huge", "16G"))
    cluster.when(lambda: cluster.get("pods/huge")["status"]["phase"] == "Running", within=30)
    cluster.when(lambda: container(cluster, "huge")["restartCount"] == 1, within=30)
    ended = container(cluster, "huge")["lastState"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (137, "OOMKilled")
    assert cluster.get("pods/huge")["status"]["phase"] == "Running"  # killed by the kernel, not evicted
    (message, *_) = cluster.events("SystemOOM")
    assert message.startswith("System OOM encountered, victim process: stress, pid: ")
    assert "Evicted" not in {found["status"].get("reason") for found in cluster.objects("pods")}


def test_the_one_that_can_be_spared_is_killed() -> None:
    cluster = Scenario(1)
    cluster.apply(stress("kept", "4G", resources="{requests: {cpu: 100m, memory: 5Gi}, limits: {cpu: 100m, memory: 5Gi}}"))
    cluster.quiet()
    cluster.apply(stress("spared", "5G"))
    cluster.advance(60)
    assert container(cluster, "spared")["lastState"]["terminated"]["reason"] == "OOMKilled"
    assert container(cluster, "kept")["restartCount"] == 0


@pytest.mark.parametrize(("resources", "expected"), [
    ({}, 1000), ({"requests": {"cpu": "1"}}, 999), ({"requests": {"memory": "4Gi"}}, 500), ({"requests": {"memory": "8Gi"}}, 3),
    ({"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "1", "memory": "1Gi"}}, -997),
])
def test_adjustments(resources: dict, expected: int) -> None:
    pod = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "resources": resources}]}}
    assert system_oom.adjustment(pod, "c", 8 * GIB) == expected


def test_critical_pods_are_as_safe_as_guaranteed_ones() -> None:
    pod = {"metadata": {"name": "p"}, "spec": {"priority": 2_000_001_000, "containers": [{"name": "c"}]}}
    assert system_oom.adjustment(pod, "c", 8 * GIB) == -997
