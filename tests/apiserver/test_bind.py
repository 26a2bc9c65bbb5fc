"""Binding gives a Pod its node, once."""

from __future__ import annotations

from tests.apiserver.builders import Lab, pod, refusal


def test_it_works(api: Lab) -> None:
    api.create(pod())
    api.wait(2000)
    stored = api.bind("default", "web", "node-1")
    assert stored["spec"]["nodeName"] == "node-1"
    assert stored["status"]["conditions"] == [
        {
            "type": "PodScheduled", "status": "True", "lastProbeTime": None,
            "lastTransitionTime": "2026-01-01T00:00:02Z",
        }
    ]
    assert api.pods_on("node-1") == [stored]


def test_a_pod_is_bound_once(api: Lab) -> None:
    api.create(pod())
    api.bind("default", "web", "node-1")
    error = refusal(api.bind, "default", "web", "node-2")
    assert (error.code, error.message) == (
        409,
        'Operation cannot be fulfilled on pods "web": pod web is already assigned to node "node-1"',
    )


def test_missing_pods(api: Lab) -> None:
    assert refusal(api.bind, "default", "web", "node-1").code == 404
