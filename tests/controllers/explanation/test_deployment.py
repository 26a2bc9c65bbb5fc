"""Why a Deployment waits: its bounds, its room, the Pods that it waits for, the deadline."""

from __future__ import annotations

from typing import Any

import pytest

from cluster.controllers.explanation.deployment import rollout_of
from cluster.controllers.explanation.words import english
from cluster.simulation.simulation import Simulation
from tests.controllers.explanation.told import BROKEN, about, decided, keys, new, said, template, workload

RESOURCE = "deployments.apps"


def lived(**spec: Any) -> Simulation:
    simulation = new()
    simulation.user().create(workload("Deployment", **{"replicas": 4, **spec}))
    simulation.until_quiet()
    return simulation


def change(simulation: Simulation, **spec: Any) -> None:
    simulation.user().patch(RESOURCE, "default", "web", {"spec": spec})


def test_it_works() -> None:
    simulation = lived()
    answer = about(simulation, RESOURCE, "web")
    assert said(answer) == ["The rollout of web is complete: all 4 Pods are of the newest template and available."]
    assert not answer["waits"]


def test_a_rollout_that_hangs() -> None:
    simulation = lived()
    change(simulation, template=template(BROKEN))
    simulation.until_quiet()
    answer = about(simulation, RESOURCE, "web")
    assert answer["waits"]
    assert said(answer, "sum") == [
        "4 wanted + maxSurge 1 = at most 5 Pods; 4 − maxUnavailable 1 = at least 3 available.",
        "Ceiling: the ReplicaSets ask for 5 of at most 5, so 0 may be added; the new one still lacks 2.",
        "Floor: 5 − 3 that must be available − 2 new ones that are not available yet = 0 may be removed.",
    ]
    told = said(answer, "waits")
    assert told[0] == "No old Pod may go: 3 are available and 3 must be."
    assert sum("ImagePull" in text for text in told) == 2
    assert "deployment.deadline" in keys(answer)


def test_the_deadline_passes_and_undo_helps() -> None:
    simulation = lived(progressDeadlineSeconds=60)
    change(simulation, template=template(BROKEN))
    simulation.advance(120_000)
    answer = about(simulation, RESOURCE, "web")
    assert "It made no progress for 60 s: Progressing is False." in " ".join(said(answer, "waits"))
    assert "kubectl rollout undo deployment web" in said(answer, "mend")[0]


@pytest.mark.parametrize("surge,unavailable", [("25%", "25%"), (1, 0), (0, 1), (3, 2)])
def test_the_sentence_tells_what_comes_next(surge: object, unavailable: object) -> None:
    """Whenever it says that it goes on, the controller's next write is just that; when it waits, no size changes."""
    simulation = lived(strategy={"type": "RollingUpdate", "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}})
    change(simulation, template=template("nginx:1.28"))
    checked = 0
    while simulation.next_due() is not None and not simulation.is_quiet():
        answer = about(simulation, RESOURCE, "web")
        step = simulation.step()
        if step is None or step.actor != "deployment-controller" or not step.say.startswith("deployment.scale"):
            continue
        checked += 1
        if "deployment.unobserved" in keys(answer):
            continue
        goes = next((found for found in answer["words"] if found["key"] == "deployment.goes-on"), None)
        assert goes is not None, said(answer)
        change_of = step.args["to"] - step.args["from"]
        assert change_of in (goes["args"]["add"], -goes["args"]["fewer"])
    assert checked >= 2


def test_unhealthy_old_pods_go_first() -> None:
    simulation = lived()
    change(simulation, template=template(BROKEN))
    simulation.until_quiet()
    change(simulation, template=template("nginx:1.28"))
    steps = simulation.until_quiet()
    told = [decided([step], "deployment.scale-down") for step in steps if step.say == "deployment.scale-down"]
    assert any("2 old Pods were not available: such ones go first." in one for one in told)


def test_recreate_waits_for_the_end() -> None:
    simulation = lived(strategy={"type": "Recreate"})
    change(simulation, template=template("nginx:1.28"))
    while simulation.step():
        answer = about(simulation, RESOURCE, "web")
        if "deployment.old-left" in keys(answer) and "pod.leaving" in keys(answer):
            break
    assert said(answer, "sum") == ["Strategy Recreate: first all old Pods end, then the new ones come."]
    assert said(answer, "waits")[0].startswith("It waits for the end of old Pods: web-")


def test_paused() -> None:
    simulation = lived(paused=True)
    change(simulation, template=template("nginx:1.28"))
    simulation.until_quiet()
    answer = about(simulation, RESOURCE, "web")
    assert "It is paused: sizes follow replicas, but a new template is not rolled out." in said(answer, "waits")
    assert said(answer, "mend") == ["Resume it: kubectl rollout resume deployment web"]


def test_young_pods_count_later() -> None:
    simulation = lived(minReadySeconds=30)
    change(simulation, template=template("nginx:1.28"))
    simulation.advance(12_000)
    told = said(about(simulation, RESOURCE, "web"), "waits")
    assert any("counts as available in" in text and "minReadySeconds 30" in text for text in told)


def test_a_quota_that_refuses() -> None:
    simulation = new()
    simulation.user().create({
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "small", "namespace": "default"},
        "spec": {"hard": {"pods": "1"}}})
    simulation.until_quiet()
    simulation.user().create(workload("Deployment", replicas=2))
    simulation.until_quiet()
    told = said(about(simulation, RESOURCE, "web"), "waits")
    assert any("cannot make Pods" in text and "exceeded quota: small" in text for text in told)


def test_it_was_so_at_a_past_moment() -> None:
    """The answer is a function of the World: an old one gives the old answer."""
    simulation = lived()
    change(simulation, template=template(BROKEN))
    simulation.until_quiet()
    then, world = about(simulation, RESOURCE, "web"), simulation.world
    change(simulation, template=template())
    simulation.until_quiet()
    from cluster.simulation.simulation import Simulation as Again
    old = Again(world, simulation.components.values(), simulation.settings)
    assert about(old, RESOURCE, "web") == then


def test_numbers_for_others() -> None:
    """What the rollout's picture asks: the same numbers that the controller decides by."""
    simulation = lived()
    deployment = simulation.api.get(RESOURCE, "default", "web")
    assert deployment is not None
    rollout = rollout_of(simulation.api, deployment)
    assert (rollout.wanted, rollout.most, rollout.least_available, rollout.total) == (4, 5, 3, 4)
    assert english(about(simulation, RESOURCE, "web")["words"][0]).startswith("The rollout of web is complete")
