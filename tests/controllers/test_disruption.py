"""The disruption controller: what budgets allow, whom they count, what their events say."""

from __future__ import annotations

from typing import Any

import pytest

from cluster.apiserver.errors import APIError
from cluster.controllers.disruption import DisruptionController
from cluster.objects import times
from cluster.objects.conditions import condition
from cluster.objects.documents import Document
from cluster.objects.kinds import pod as pods
from cluster.objects.kinds import poddisruptionbudget as budgets
from cluster.simulation.simulation import Simulation
from tests.controllers.builders import add_pod, change, delete, events, new_cluster

BUDGETS = "poddisruptionbudgets.policy"
WEB = {"app": "web"}


@pytest.fixture
def cluster() -> Simulation:
    return new_cluster(DisruptionController(), zones=("",))


def protect(cluster: Simulation, name: str = "pdb", *, selector: Any = None, **spec: Any) -> None:
    with cluster.act() as api:
        api.create({
            "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": name, "namespace": "default"},
            "spec": {"selector": {"matchLabels": WEB} if selector is None else selector, **spec},
        })
    cluster.until_quiet()


def add(cluster: Simulation, document: Document) -> Document:
    with cluster.act() as api:
        return api.create(document, "default")


def workload(kind: str, name: str = "web", replicas: int = 3, owner: Document | None = None) -> Document:
    meta: Document = {"name": name, "namespace": "default"}
    if owner is not None:
        reference = {"apiVersion": owner["apiVersion"], "kind": owner["kind"], "controller": True}
        meta["ownerReferences"] = [{**reference, "name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"]}]
    template = {"metadata": {"labels": WEB}, "spec": {"containers": [{"name": "c", "image": "nginx:1"}]}}
    return {
        "apiVersion": "apps/v1", "kind": kind, "metadata": meta,
        "spec": {"replicas": replicas, "selector": {"matchLabels": WEB}, "template": template},
    }


def add_pods(cluster: Simulation, count: int, owner: Document | None = None, first: int = 1) -> None:
    for number in range(first, first + count):
        add_pod(cluster, f"web-{number}", "node-1", labels=WEB, owner=owner)
    cluster.until_quiet()


def status(cluster: Simulation, name: str = "pdb") -> Document:
    found: Document = cluster.api.read(BUDGETS, "default", name)["status"]
    return found


def counts(cluster: Simulation, name: str = "pdb") -> tuple[int, int, int, int]:
    """Expected, desired, healthy, allowed."""
    found = status(cluster, name)
    return tuple(found[field] for field in ("expectedPods", "desiredHealthy", "currentHealthy", "disruptionsAllowed"))


def test_it_works(cluster: Simulation) -> None:
    add_pods(cluster, 3)
    protect(cluster, minAvailable=2)
    assert counts(cluster) == (3, 2, 3, 1)
    told = condition({"status": status(cluster)}, "DisruptionAllowed")
    assert told is not None
    assert (told["status"], told["reason"], told["message"], told["observedGeneration"]) == ("True", "SufficientPods", "", 1)
    assert status(cluster)["observedGeneration"] == 1
    assert cluster.is_quiet()


@pytest.mark.parametrize(("spec", "expected"), [
    ({"minAvailable": 0}, (3, 0, 3, 3)), ({"minAvailable": 3}, (3, 3, 3, 0)), ({"minAvailable": 9}, (3, 9, 3, 0)),
    ({"minAvailable": "50%"}, (4, 2, 3, 1)), ({"minAvailable": "51%"}, (4, 3, 3, 0)), ({"minAvailable": "100%"}, (4, 4, 3, 0)),
    ({"maxUnavailable": 1}, (4, 3, 3, 0)), ({"maxUnavailable": 2}, (4, 2, 3, 1)), ({"maxUnavailable": 9}, (4, 0, 3, 3)),
    ({"maxUnavailable": "30%"}, (4, 2, 3, 1)), ({}, (0, 0, 3, 0)),
])
def test_numbers_and_percentages(cluster: Simulation, spec: dict[str, Any], expected: tuple[int, ...]) -> None:
    """A number of Pods counts those there are, everything else those that their controller wants."""
    add_pods(cluster, 3, add(cluster, workload("ReplicaSet", replicas=4)))
    protect(cluster, **spec)
    assert counts(cluster) == expected


def test_a_deployment_speaks_for_its_replicaset(cluster: Simulation) -> None:
    deployment = add(cluster, workload("Deployment", replicas=10))
    old = add(cluster, workload("ReplicaSet", "old", 1, deployment))
    new = add(cluster, workload("ReplicaSet", "new", 3, deployment))
    add_pods(cluster, 1, old)
    add_pods(cluster, 3, new, first=2)
    protect(cluster, maxUnavailable=7)
    assert counts(cluster) == (10, 3, 4, 1)


def test_a_replicaset_whose_deployment_is_gone_speaks_for_itself(cluster: Simulation) -> None:
    deployment = add(cluster, workload("Deployment", replicas=10))
    add_pods(cluster, 2, add(cluster, workload("ReplicaSet", "rs", 2, deployment)))
    delete(cluster, "deployments.apps", "default", "web")
    protect(cluster, maxUnavailable=1)
    assert counts(cluster) == (2, 1, 2, 1)


def test_pods_come_go_and_get_ready(cluster: Simulation) -> None:
    protect(cluster, minAvailable=1)
    assert counts(cluster) == (0, 1, 0, 0)
    add_pod(cluster, "sick", "node-1", labels=WEB, annotations={"fake/never-ready": "1"})
    add_pods(cluster, 2)
    assert counts(cluster) == (3, 1, 2, 1)
    delete(cluster, "pods", "default", "web-1")
    assert next(step for step in cluster.steps_until_quiet() if step.say == "disruption.status").args["healthy"] == 1
    cluster.until_quiet()
    assert counts(cluster) == (2, 1, 1, 0)
    change(cluster, BUDGETS, "default", "pdb", ("spec", "minAvailable"), 0)
    cluster.until_quiet()
    assert counts(cluster) == (2, 0, 1, 1)
    assert status(cluster)["observedGeneration"] == 2


def test_nobody_to_protect(cluster: Simulation) -> None:
    protect(cluster, minAvailable=1)
    told = [event for event in cluster.api.list("events") if event["reason"] == "NoPods"]
    assert [(e["type"], e["message"], e["source"]) for e in told] == [
        ("Normal", "No matching pods found", {"component": "controllermanager"}),
    ]
    assert status(cluster)["conditions"][0]["reason"] == "InsufficientPods"


def test_pods_without_a_controller_and_a_percentage(cluster: Simulation) -> None:
    add_pods(cluster, 2)
    protect(cluster, maxUnavailable=1, selector={
        "matchLabels": WEB, "matchExpressions": [{"key": "app", "operator": "In", "values": ["web", "db"]}],
    })
    assert counts(cluster) == (0, 0, 2, 0)
    assert events(cluster)[-1] == (
        "pdb", "Warning", "UnmanagedPods",
        "Pods selected by this PodDisruptionBudget (selector: &LabelSelector{MatchLabels:map[string]string{app: web,},"
        "MatchExpressions:[]LabelSelectorRequirement{LabelSelectorRequirement{Key:app,Operator:In,Values:[web db],},},}) were "
        "found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in "
        'undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.',
    )


@pytest.mark.parametrize(("owner", "why"), [
    ({"apiVersion": "apps/v1", "kind": "ReplicaSet"}, 'found no controllers for pod "web-1"'),
    ({"apiVersion": "v1", "kind": "Node"}, "nodes does not implement the scale subresource"),
    ({"apiVersion": "example.com/v1", "kind": "Farm"}, 'no matches for kind "Farm" in version "example.com/v1"'),
])
def test_controllers_that_tell_no_number(cluster: Simulation, owner: Document, why: str) -> None:
    add_pods(cluster, 1, {**owner, "metadata": {"name": "gone", "uid": "u"}})
    protect(cluster, maxUnavailable=1)
    told = status(cluster)["conditions"][0]
    assert (told["status"], told["reason"], told["message"]) == ("False", "SyncFailed", why)
    assert ("pdb", "Warning", "CalculateExpectedPodCountFailed",
            f"Failed to calculate the number of expected pods: {why}") in events(cluster)
    assert cluster.is_quiet()


def test_a_failure_allows_nothing_and_ends(cluster: Simulation) -> None:
    replicaset = add(cluster, workload("ReplicaSet", replicas=2))
    add_pods(cluster, 2, replicaset)
    protect(cluster, maxUnavailable=1)
    assert counts(cluster) == (2, 1, 2, 1)
    delete(cluster, "replicasets.apps", "default", "web")
    change(cluster, "pods", "default", "web-1", ("metadata", "annotations"), {"a": "b"})
    cluster.until_quiet()
    assert counts(cluster) == (2, 1, 2, 0)
    change(cluster, BUDGETS, "default", "pdb", ("spec",), {"minAvailable": 1, "selector": {"matchLabels": WEB}})
    cluster.until_quiet()
    assert counts(cluster) == (2, 1, 2, 1)
    assert status(cluster)["conditions"][0]["reason"] == "SufficientPods"


def test_several_budgets_of_a_pod(cluster: Simulation) -> None:
    protect(cluster, "a", minAvailable=0)
    protect(cluster, "b", minAvailable=0)
    add_pods(cluster, 1)
    assert ("web-1", "Warning", "MultiplePodDisruptionBudgets",
            'Pod "default"/"web-1" matches multiple PodDisruptionBudgets.  Chose "a" arbitrarily.') in events(cluster)
    assert counts(cluster, "a") == (1, 0, 1, 1)


# --- evictions -------------------------------------------------------------------------------------------------------


def evict(cluster: Simulation, name: str) -> None:
    with cluster.act() as api:
        api.evict("default", name)


def test_evictions_one_after_the_other(cluster: Simulation) -> None:
    add_pods(cluster, 3)
    protect(cluster, minAvailable=2)
    evict(cluster, "web-1")
    assert (status(cluster)["disruptionsAllowed"], list(status(cluster)["disruptedPods"])) == (0, ["web-1"])
    with pytest.raises(APIError, match="would violate the pod's disruption budget"):
        evict(cluster, "web-2")
    cluster.until_quiet()
    assert counts(cluster) == (2, 2, 2, 0)
    assert "disruptedPods" not in status(cluster)
    add_pods(cluster, 1, first=4)
    evict(cluster, "web-2")


def test_what_was_granted_and_never_happened(cluster: Simulation) -> None:
    add_pods(cluster, 3)
    protect(cluster, minAvailable=2)
    granted = {**status(cluster), "disruptionsAllowed": 0, "disruptedPods": {"web-1": times.rfc3339(cluster.now)}}
    change(cluster, BUDGETS, "default", "pdb", ("status",), granted, subresource="status")
    cluster.advance(110_000)
    assert counts(cluster) == (3, 2, 2, 0)
    cluster.advance(12_000)
    assert counts(cluster) == (3, 2, 3, 1)
    assert "disruptedPods" not in status(cluster)
    assert events(cluster)[-1] == (
        "web-1", "Warning", "NotDeleted", "Pod was expected by PDB default/default to be deleted but it wasn't",
    )


def told_to_go(cluster: Simulation, name: str, reason: str = "PreemptionByScheduler") -> None:
    told = {"type": "DisruptionTarget", "status": "True", "reason": reason, "message": "x",
            "lastTransitionTime": times.rfc3339(cluster.now)}
    old = cluster.api.read("pods", "default", name)["status"]["conditions"]
    change(cluster, "pods", "default", name, ("status", "conditions"), [*old, told], subresource="status")


def test_a_pod_that_was_told_to_go_and_stays(cluster: Simulation) -> None:
    add_pods(cluster, 1)
    told_to_go(cluster, "web-1")
    cluster.until_quiet()
    cluster.advance(110_000)
    assert pods.is_true(cluster.api.read("pods", "default", "web-1"), "DisruptionTarget")
    cluster.advance(12_000)
    found = condition(cluster.api.read("pods", "default", "web-1"), "DisruptionTarget")
    assert found is not None
    assert (found["status"], found.get("reason"), found.get("message")) == ("False", None, None)


def test_what_a_kubelet_said_holds(cluster: Simulation) -> None:
    add_pods(cluster, 1)
    told_to_go(cluster, "web-1", "TerminationByKubelet")
    cluster.advance(300_000)
    assert pods.is_true(cluster.api.read("pods", "default", "web-1"), "DisruptionTarget")


def test_switched_off_it_lets_go_of_nothing(cluster: Simulation) -> None:
    """Without its controller a budget keeps what it said last, and each eviction takes from it."""
    add_pods(cluster, 3)
    protect(cluster, minAvailable=1)
    cluster.switch("disruption-controller", False)
    for name in ("web-1", "web-2"):
        evict(cluster, name)
        cluster.until_quiet()
    add_pods(cluster, 3, first=4)
    with pytest.raises(APIError):
        evict(cluster, "web-3")
    cluster.switch("disruption-controller", True)
    cluster.until_quiet()
    assert counts(cluster) == (4, 1, 4, 3)
    assert budgets.disrupted(cluster.api.read(BUDGETS, "default", "pdb")) == {}
