"""Why a ReplicaSet has not its Pods, and which of them would go first: the answer is what then happens."""

from __future__ import annotations

from typing import Any

from cluster.controllers.replicaset_ranking import DELETION_COST
from cluster.simulation.simulation import Simulation
from tests.controllers.explanation.told import BROKEN, about, decided, keys, new, rows, said, template, workload

RESOURCE = "replicasets.apps"


def lived(**spec: Any) -> Simulation:
    simulation = new()
    simulation.user().create(workload("ReplicaSet", **spec))
    simulation.until_quiet()
    return simulation


def order(simulation: Simulation) -> list[tuple[str, str]]:
    return [(row[1], row[2]) for row in rows(about(simulation, RESOURCE, "web"))]


def test_it_works() -> None:
    simulation = lived(replicas=4)
    answer = about(simulation, RESOURCE, "web")
    assert said(answer) == ["web wants 4 Pods; 4 exist, 4 are available."]
    assert not answer["waits"]
    assert len(rows(answer)) == 4
    assert rows(answer)[-1][2] == ""


def test_who_goes_is_who_was_named() -> None:
    """The order that is shown is the order in which they are deleted, with the same reason."""
    simulation = lived(replicas=6)
    simulation.user().patch("pods", "default", order(simulation)[-1][0], {"metadata": {"annotations": {DELETION_COST: "-5"}}})
    promised = order(simulation)
    assert promised[0][1] == "Its pod-deletion-cost is lower."
    simulation.user().patch(RESOURCE, "default", "web", {"spec": {"replicas": 3}})
    steps = [step for step in simulation.until_quiet() if step.say.startswith("replicaset.delete-pod")]
    assert [step.args["pod"].rpartition("/")[2] for step in steps] == [name for name, _ in promised[:3]]
    assert decided(steps[:1], "replicaset.delete-pod")[1] == "Its pod-deletion-cost is lower."
    assert steps[0].why["place"] == 1
    assert decided(steps, "replicaset.delete-pod")[0] == f"6 Pods stood in line; it was number 3, before {promised[3][0]}."


def test_all_go() -> None:
    simulation = lived(replicas=2)
    simulation.user().patch(RESOURCE, "default", "web", {"spec": {"replicas": 0}})
    assert decided(simulation.until_quiet(), "replicaset.delete-pod") == ["All Pods go, so none had to be chosen."]


def test_what_is_not_ready_goes_first() -> None:
    simulation = lived(replicas=2)
    simulation.user().patch(RESOURCE, "default", "web", {"spec": {"replicas": 3, "template": template(BROKEN)}})
    simulation.until_quiet()
    assert order(simulation)[0][1] == "Its phase goes earlier: Pending before Unknown before Running."
    assert any("ImagePullBackOff" in text or "ErrImagePull" in text for text in said(about(simulation, RESOURCE, "web"), "waits"))


def test_a_quota_in_the_way_is_told_with_its_arithmetic() -> None:
    simulation = new()
    simulation.user().create({
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "small", "namespace": "default"},
        "spec": {"hard": {"requests.cpu": "250m"}}})
    simulation.until_quiet()
    simulation.user().create(workload("ReplicaSet", replicas=3))
    simulation.advance(8_000)
    answer = about(simulation, RESOURCE, "web")
    assert "Quota small, requests.cpu: 200m used + 100m asked is more than 250m." in said(answer, "waits")
    assert "controller.retries" in keys(answer)
    assert "Used up: " not in " ".join(said(about(simulation, "resourcequotas", "small")))


def test_a_bound_of_a_limit_range() -> None:
    simulation = new()
    simulation.user().create({
        "apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "small", "namespace": "default"},
        "spec": {"limits": [{"type": "Container", "max": {"cpu": "50m"}}]}})
    simulation.user().create(workload("ReplicaSet", replicas=1))
    simulation.until_quiet()
    told = said(about(simulation, RESOURCE, "web"), "waits")
    assert any(text.startswith("LimitRange small: ") and "maximum cpu usage per Container is 50m" in text for text in told)


def test_a_controller_that_is_off() -> None:
    simulation = new()
    simulation.switch("replicaset-controller", on=False)
    simulation.user().create(workload("ReplicaSet", replicas=1))
    simulation.until_quiet()
    answer = about(simulation, RESOURCE, "web")
    assert "The replicaset-controller is switched off: nobody works on it." in said(answer, "waits")


def test_asking_changes_nothing() -> None:
    simulation = lived(replicas=2)
    simulation.user().patch(RESOURCE, "default", "web", {"spec": {"replicas": 5}})
    before = simulation.world
    about(simulation, RESOURCE, "web")
    assert simulation.world is before


def test_a_pod_knows_its_place() -> None:
    simulation = lived(replicas=3)
    first = order(simulation)[0]
    told = said(about(simulation, "pods", first[0]), "sum")
    assert told == ["If web became smaller, it would go as number 1 of 3.", first[1]]
