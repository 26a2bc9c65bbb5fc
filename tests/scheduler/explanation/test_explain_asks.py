"""What a Pod asks for, as short texts."""

from __future__ import annotations

from typing import Any

import pytest

from cluster.scheduler.explanation.asks import asks_of
from tests.scheduler.builders import container, pod

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
DISK = {"matchExpressions": [{"key": "disk", "operator": "In", "values": ["ssd", "nvme"]}]}
WEB = {"labelSelector": {"matchLabels": {"app": "web"}}, "topologyKey": "zone"}


def test_it_works() -> None:
    asked = asks_of(pod("p", container(cpu="0.5", memory="512Mi", example_gpu="2")))
    assert asked == [
        {"kind": "cpu", "text": "500m"}, {"kind": "memory", "text": "512Mi"}, {"kind": "example-gpu", "text": "2"},
    ]


def test_nothing() -> None:
    assert asks_of(pod()) == []


@pytest.mark.parametrize(("spec", "ask"), [
    ({"nodeSelector": {"disk": "ssd"}}, {"kind": "nodeSelector", "text": "disk=ssd"}),
    ({"tolerations": [{"key": "a", "operator": "Equal", "value": "b", "effect": "NoSchedule"}]},
     {"kind": "toleration", "text": "a=b:NoSchedule"}),
    ({"tolerations": [{"operator": "Exists"}]}, {"kind": "toleration", "text": "*:*"}),
    ({"tolerations": [{"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute",
                       "tolerationSeconds": 300}]},
     {"kind": "toleration", "text": "node.kubernetes.io/not-ready:NoExecute 300s", "default": True}),
    ({"tolerations": [{"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute",
                       "tolerationSeconds": 10}]},
     {"kind": "toleration", "text": "node.kubernetes.io/not-ready:NoExecute 10s"}),
    ({"affinity": {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": [DISK]}}}},
     {"kind": "nodeAffinity", "text": "disk In [ssd nvme]"}),
    ({"affinity": {"nodeAffinity": {PREFERRED: [{"weight": 5, "preference": DISK}]}}},
     {"kind": "nodeAffinity", "text": "disk In [ssd nvme] (+5)"}),
    ({"affinity": {"podAffinity": {REQUIRED: [WEB]}}}, {"kind": "podAffinity", "text": "app=web @ zone"}),
    ({"affinity": {"podAntiAffinity": {PREFERRED: [{"weight": 9, "podAffinityTerm": WEB}]}}},
     {"kind": "podAntiAffinity", "text": "app=web @ zone (−9)"}),
    ({"topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}]},
     {"kind": "spread", "text": "zone ≤ 1 DoNotSchedule"}),
    ({"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]}, {"kind": "volume", "text": "data"}),
    ({"volumes": [{"name": "v", "ephemeral": {"volumeClaimTemplate": {}}}]}, {"kind": "volume", "text": "p-v"}),
    ({"priority": 7, "priorityClassName": "high"}, {"kind": "priority", "text": "7 (high)"}),
    ({"priority": -1}, {"kind": "priority", "text": "-1"}),
    ({"schedulingGates": [{"name": "wait"}]}, {"kind": "gate", "text": "wait"}),
    ({"schedulerName": "mine"}, {"kind": "scheduler", "text": "mine"}),
])
def test_one_ask(spec: dict[str, Any], ask: dict[str, Any]) -> None:
    assert asks_of(pod("p", **spec)) == [ask]


def test_ports() -> None:
    assert asks_of(pod("p", container(host_port=80))) == [{"kind": "port", "text": "80/TCP"}]


def test_a_selector_of_everything_and_of_nothing() -> None:
    everything = {"labelSelector": {}, "topologyKey": "zone"}
    nothing = {"topologyKey": "zone"}
    spec = {"affinity": {"podAffinity": {REQUIRED: [everything, nothing]}}}
    assert [ask["text"] for ask in asks_of(pod("p", **spec))] == ["* @ zone", " @ zone"]
