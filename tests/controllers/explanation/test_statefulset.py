"""Why a StatefulSet waits: the ordinal that holds up the others, the stuck update and what mends it."""

from __future__ import annotations

from typing import Any

from cluster.simulation.simulation import Simulation
from tests.controllers.explanation.told import BROKEN, about, decided, keys, new, rows, said, template, workload

RESOURCE = "statefulsets.apps"


def lived(replicas: int = 3, **spec: Any) -> Simulation:
    simulation = new()
    simulation.user().create(workload("StatefulSet", replicas=replicas, serviceName="web", **spec))
    simulation.until_quiet()
    return simulation


def change(simulation: Simulation, **spec: Any) -> None:
    simulation.user().patch(RESOURCE, "default", "web", {"spec": spec})


def test_it_works() -> None:
    answer = about(lived(), RESOURCE, "web")
    assert said(answer, "state") == ["web wants 3 Pods; 3 exist, 3 are available."]
    assert not answer["waits"]
    assert [row[-1] for row in rows(answer)] == ["available"] * 3


def test_in_order() -> None:
    simulation = new()
    simulation.user().create(workload("StatefulSet", replicas=3, serviceName="web"))
    seen = set()
    while simulation.step():
        told = said(about(simulation, RESOURCE, "web"), "waits")
        seen |= {text for text in told if text.startswith("It makes")}
        if simulation.is_quiet():
            break
    # The last one holds up nobody.
    assert {f"It makes and changes nothing until web-{n} is available." for n in (0, 1)} <= seen


def test_a_stuck_update_and_its_mend() -> None:
    """Undoing alone does not help; what is told to help does."""
    simulation = lived()
    change(simulation, template=template(BROKEN))
    simulation.until_quiet()
    assert "statefulset.stuck" not in keys(about(simulation, RESOURCE, "web"))
    change(simulation, template=template())
    simulation.until_quiet()
    answer = about(simulation, RESOURCE, "web")
    assert "statefulset.stuck" in keys(answer)
    assert said(answer, "mend") == ["Delete it by hand: kubectl delete pod web-2 -n default"]
    simulation.user().delete("pods", "default", "web-2")
    simulation.until_quiet()
    assert not about(simulation, RESOURCE, "web")["waits"]


def test_a_partition() -> None:
    simulation = lived(updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 2}})
    change(simulation, template=template("nginx:1.28"))
    simulation.until_quiet()
    answer = about(simulation, RESOURCE, "web")
    assert "partition 2: ordinals below 2 keep the old template." in said(answer, "sum")
    assert [row[2] for row in rows(answer)] == ["v1", "v1", "v2"]
    assert not answer["waits"]


def test_on_delete() -> None:
    simulation = lived(2, updateStrategy={"type": "OnDelete"})
    change(simulation, template=template("nginx:1.28"))
    simulation.until_quiet()
    answer = about(simulation, RESOURCE, "web")
    assert said(answer, "waits") == ["OnDelete: the controller replaces no Pod by itself."]
    assert said(answer, "mend") == ["Delete these Pods, and they come back with the new template: web-0, web-1."]


def test_parallel() -> None:
    simulation = lived(2, podManagementPolicy="Parallel", template=template(BROKEN))
    answer = about(simulation, RESOURCE, "web")
    assert "Parallel: Pods are made and deleted without waiting for one another." in said(answer, "sum")
    assert len(said(answer, "waits")) == 2


def test_min_ready_seconds() -> None:
    simulation = new()
    simulation.user().create(workload("StatefulSet", replicas=2, serviceName="web", minReadySeconds=20))
    simulation.advance(10_000)
    told = said(about(simulation, RESOURCE, "web"), "waits")
    assert told[0] == "It makes and changes nothing until web-0 is available."
    assert "counts as available in" in told[1]


def test_what_comes_next_comes_next() -> None:
    simulation = lived()
    change(simulation, template=template("nginx:1.28"))
    checked = 0
    while not simulation.is_quiet():
        told = [text for text in said(about(simulation, RESOURCE, "web"), "next") if text.startswith("Next it deletes")]
        step = simulation.step()
        if step is not None and step.say == "statefulset.delete-update":
            checked += 1
            assert told and step.args["pod"].rpartition("/")[2] in told[0]
            assert decided([step], "statefulset.delete-update")[0].startswith(f"Ordinal {3 - checked} is the highest one")
    assert checked == 3


def test_scaling_down_from_the_top() -> None:
    simulation = lived()
    change(simulation, replicas=1)
    steps = simulation.until_quiet()
    assert decided(steps, "statefulset.delete-scale-down") == [
        "Ordinal 1 is no longer wanted, and no higher one is left."]


def test_a_claim_that_cannot_be_had() -> None:
    claim = {"metadata": {"name": "data"}, "spec": {
        "accessModes": ["ReadWriteOnce"], "storageClassName": "none-such", "resources": {"requests": {"storage": "1Gi"}}}}
    simulation = lived(2, volumeClaimTemplates=[claim])
    assert "statefulset.waits-ordered" in keys(about(simulation, RESOURCE, "web"))
    told = said(about(simulation, "pods", "web-0"), "waits", "mend")
    assert told[0] == "The storage class none-such does not exist."
