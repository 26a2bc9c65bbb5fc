"""Evictions and the budgets that may refuse them."""

from __future__ import annotations

from typing import Any

import pytest

from cluster.objects.documents import Document
from tests.apiserver.builders import Lab, lab, labelled, pod, refusal

BUDGETS = "poddisruptionbudgets.policy"
REFUSED = "Cannot evict pod as it would violate the pod's disruption budget."


def running(api: Lab, name: str = "web", *, ready: bool = True, phase: str = "Running", **labels: str) -> Document:
    """A Pod on a node, as its kubelet reports it."""
    stored = api.create(labelled(pod(name, nodeName="node-1"), **(labels or {"app": "web"})))
    condition = {"type": "Ready", "status": "True" if ready else "False", "lastTransitionTime": "2026-01-01T00:00:00Z"}
    return api.update({**stored, "status": {"phase": phase, "conditions": [condition]}}, subresource="status")


def budget(
    api: Lab, allowed: int, *, name: str = "pdb", healthy: int = 3, desired: int = 2, spec: Any = (), **status: Any
) -> Document:
    """A budget of the Pods `app: web`, as its controller has counted it."""
    stored = api.create({
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": name, "namespace": "default"},
        "spec": {"minAvailable": desired, "selector": {"matchLabels": {"app": "web"}}, **dict(spec)},
    })
    counted = {
        "observedGeneration": 1, "disruptionsAllowed": allowed, "currentHealthy": healthy, "desiredHealthy": desired,
        "expectedPods": 3, **status,
    }
    return api.update({**stored, "status": counted}, subresource="status")


def test_it_works() -> None:
    api = lab()
    running(api)
    left = api.evict("default", "web")
    assert left is not None
    assert left["metadata"]["deletionGracePeriodSeconds"] == 30
    assert left["status"]["conditions"][-1] == {
        "type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI", "message": "Eviction API: evicting",
        "lastProbeTime": None, "lastTransitionTime": "2026-01-01T00:00:00Z",
    }


def test_the_condition_stays_in_its_place() -> None:
    api = lab()
    stored = running(api)
    before = {"type": "DisruptionTarget", "status": "False", "lastTransitionTime": "2025-01-01T00:00:00Z"}
    status = {**stored["status"], "conditions": [before, *stored["status"]["conditions"]]}
    api.update({**stored, "status": status}, subresource="status")
    left = api.evict("default", "web")
    assert left is not None
    found = [(condition["type"], condition["status"]) for condition in left["status"]["conditions"]]
    assert found == [("DisruptionTarget", "True"), ("Ready", "True")]


def test_a_budget_gives_a_disruption() -> None:
    api = lab()
    running(api)
    budget(api, 1)
    api.wait(5000)
    api.evict("default", "web", grace=5)
    status = api.read(BUDGETS, "default", "pdb")["status"]
    assert status["disruptionsAllowed"] == 0
    assert status["disruptedPods"] == {"web": "2026-01-01T00:00:05Z"}
    assert (status["conditions"][0]["status"], status["conditions"][0]["reason"]) == ("False", "InsufficientPods")
    assert api.read("pods", "default", "web")["metadata"]["deletionGracePeriodSeconds"] == 5


def test_a_budget_refuses() -> None:
    api = lab()
    stored = running(api)
    budget(api, 0, healthy=2)
    before = api.revision
    error = refusal(api.evict, "default", "web")
    assert (error.code, error.reason, error.message) == (429, "TooManyRequests", REFUSED)
    assert error.status()["details"] == {
        "causes": [{
            "reason": "DisruptionBudget", "message": "The disruption budget pdb needs 2 healthy pods and has 2 currently",
        }],
    }
    assert (api.revision, api.read("pods", "default", "web")) == (before, stored)


@pytest.mark.parametrize(("condition", "healthy", "cause"), [
    ({"reason": "SyncFailed", "message": "broken"}, 1, "because it failed sync: broken"),
    ({"reason": "InsufficientPods", "message": "few"}, 3, "(InsufficientPods): few"),
    ({"reason": "InsufficientPods", "message": ""}, 3, ""),
])
def test_why_it_refuses(condition: dict[str, str], healthy: int, cause: str) -> None:
    api = lab()
    running(api)
    told = {"type": "DisruptionAllowed", "status": "False", "lastTransitionTime": "2026-01-01T00:00:00Z", **condition}
    budget(api, 0, healthy=healthy, conditions=[told])
    text = refusal(api.evict, "default", "web").details["causes"][0]["message"]
    assert text == f"The disruption budget pdb does not allow evicting pods currently {cause}".strip()


def test_a_budget_that_nobody_has_counted_yet() -> None:
    api = lab()
    running(api)
    budget(api, 1, observedGeneration=0)
    error = refusal(api.evict, "default", "web")
    assert error.message == REFUSED
    assert error.details["retryAfterSeconds"] == 10
    assert error.details["causes"][0]["message"] == "The disruption budget pdb is still being processed by the server."


def test_more_than_one_budget() -> None:
    api = lab()
    running(api)
    for name in ("one", "two"):
        budget(api, 5, name=name)
    error = refusal(api.evict, "default", "web")
    assert (error.code, error.message) == (
        500, "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
    )


@pytest.mark.parametrize("phase", ["Pending", "Succeeded", "Failed"])
def test_no_budget_is_asked_for_a_pod_that_does_not_run(phase: str) -> None:
    api = lab()
    running(api, phase=phase)
    stored = budget(api, 0, healthy=0)
    api.evict("default", "web")
    assert api.read(BUDGETS, "default", "pdb") == stored


def test_no_budget_is_asked_for_a_pod_that_goes_already() -> None:
    api = lab()
    running(api)
    budget(api, 0)
    api.delete("pods", "default", "web")
    api.evict("default", "web", grace=1)
    assert api.read("pods", "default", "web")["metadata"]["deletionGracePeriodSeconds"] == 1


@pytest.mark.parametrize(("policy", "healthy", "desired", "goes"), [
    ("IfHealthyBudget", 2, 2, True), ("IfHealthyBudget", 1, 2, False), (None, 2, 2, True), ("IfHealthyBudget", 0, 0, False),
    ("AlwaysAllow", 0, 2, True),
])
def test_a_pod_that_is_not_ready(policy: str | None, healthy: int, desired: int, goes: bool) -> None:
    api = lab()
    running(api, ready=False)
    stored = budget(api, 0, healthy=healthy, desired=desired, spec={"unhealthyPodEvictionPolicy": policy} if policy else ())
    if goes:
        api.evict("default", "web")
        assert api.read(BUDGETS, "default", "pdb") == stored
    else:
        assert refusal(api.evict, "default", "web").code == 429


def test_other_pods_cost_nothing() -> None:
    api = lab()
    running(api, "db", app="db")
    stored = budget(api, 0)
    api.evict("default", "db")
    assert api.read(BUDGETS, "default", "pdb") == stored


def test_a_dry_run_changes_nothing() -> None:
    api = lab()
    running(api)
    budget(api, 1)
    before = api.world
    marked = api.evict("default", "web", dry_run=True)
    assert marked is not None and marked["metadata"]["deletionTimestamp"]
    assert api.world == before
    budget_refuses = lab()
    running(budget_refuses)
    budget(budget_refuses, 0)
    assert refusal(budget_refuses.evict, "default", "web", dry_run=True).code == 429


def test_a_pod_that_is_not_there() -> None:
    assert refusal(lab().evict, "default", "web").message == 'pods "web" not found'


@pytest.mark.parametrize(("status", "why"), [
    ({"disruptionsAllowed": -1}, "pdb disruptions allowed is negative"),
    (
        {"disruptedPods": {f"p{number}": "2026-01-01T00:00:00Z" for number in range(2001)}},
        "DisruptedPods map too big - too many evictions not confirmed by PDB controller",
    ),
])
def test_a_controller_that_does_not_work(status: dict[str, Any], why: str) -> None:
    api = lab()
    running(api)
    stored = budget(api, 1)
    # Past validation, which would refuse the first of them.
    api._etcd.write(BUDGETS, ("default", "pdb"), {**stored, "status": {**stored["status"], **status}})
    error = refusal(api.evict, "default", "web")
    assert (error.code, error.message) == (403, f'poddisruptionbudget.policy "pdb" is forbidden: {why}')


def test_a_namespace_that_goes_away() -> None:
    api = lab()
    running(api)
    namespace = api.read("namespaces", "", "default")
    marked = {**namespace, "metadata": {**namespace["metadata"], "deletionTimestamp": "2026-01-01T00:00:00Z"}}
    api._etcd.write("namespaces", ("", "default"), marked)
    error = refusal(api.evict, "default", "web")
    assert (error.code, error.message) == (
        403, 'pods "web" is forbidden: unable to create new content in namespace default because it is being terminated',
    )
    assert error.details["causes"][0]["reason"] == "NamespaceTerminating"


def test_a_namespace_that_is_not_there() -> None:
    assert refusal(lab().evict, "nowhere", "web").message == 'namespaces "nowhere" not found'
