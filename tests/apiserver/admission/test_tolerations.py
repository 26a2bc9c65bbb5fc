"""DefaultTolerationSeconds and TaintNodesByCondition."""

from __future__ import annotations

from tests.apiserver.builders import lab, node, pod

NOT_READY = "node.kubernetes.io/not-ready"
UNREACHABLE = "node.kubernetes.io/unreachable"


def test_it_works() -> None:
    assert lab().create(pod())["spec"]["tolerations"] == [
        {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
        for key in (NOT_READY, UNREACHABLE)
    ]


def test_what_a_pod_says_itself_stays() -> None:
    own = {"key": NOT_READY, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 5}
    tolerations = lab().create(pod(tolerations=[own]))["spec"]["tolerations"]
    assert [(entry["key"], entry["tolerationSeconds"]) for entry in tolerations] == [(NOT_READY, 5), (UNREACHABLE, 300)]


def test_tolerating_everything_is_enough() -> None:
    assert lab().create(pod(tolerations=[{"operator": "Exists"}]))["spec"]["tolerations"] == [{"operator": "Exists"}]


def test_tolerating_only_scheduling_is_not() -> None:
    own = {"key": NOT_READY, "operator": "Exists", "effect": "NoSchedule"}
    assert len(lab().create(pod(tolerations=[own]))["spec"]["tolerations"]) == 3


def test_a_new_node_is_tainted_until_it_is_ready() -> None:
    assert lab().create(node())["spec"]["taints"] == [{"key": NOT_READY, "effect": "NoSchedule"}]


def test_a_node_that_brings_the_taint() -> None:
    taints = [{"key": "a", "effect": "NoSchedule"}, {"key": NOT_READY, "effect": "NoSchedule"}]
    assert lab().create(node(taints=taints))["spec"]["taints"] == taints
