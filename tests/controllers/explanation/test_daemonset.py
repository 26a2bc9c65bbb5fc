"""On which nodes a DaemonSet runs and why, and how far its update may go."""

from __future__ import annotations

from typing import Any

from cluster.simulation.simulation import Simulation
from tests.controllers.explanation.told import BROKEN, about, decided, keys, new, rows, said, template, workload

RESOURCE = "daemonsets.apps"
HEAT = {"key": "heat", "value": "high", "effect": "NoExecute"}


def lived(**spec: Any) -> Simulation:
    simulation = new()
    simulation.user().create(workload("DaemonSet", **spec))
    simulation.until_quiet()
    return simulation


def nodes(simulation: Simulation) -> dict[str, list[str]]:
    return {row[0]: row[1:] for row in rows(about(simulation, RESOURCE, "web"))}


def test_it_works() -> None:
    simulation = lived()
    answer = about(simulation, RESOURCE, "web")
    assert said(answer) == ["web wants a Pod on 3 of 4 nodes; 3 are available."]
    assert not answer["waits"]
    found = nodes(simulation)
    assert found["control-plane"][:2] == [
        "may stay", "It does not tolerate the taint node-role.kubernetes.io/control-plane:NoSchedule."]
    assert found["node-1"][0] == "yes"


def test_a_selector() -> None:
    simulation = lived(template=template(nodeSelector={"disk": "ssd"}))
    simulation.user().patch("nodes", "", "node-2", {"metadata": {"labels": {"disk": "ssd"}}})
    simulation.until_quiet()
    found = nodes(simulation)
    assert found["node-1"][:2] == ["no", "The node lacks the label disk=ssd of its nodeSelector."]
    assert found["node-2"][0] == "yes"


def test_a_taint_drives_it_away() -> None:
    simulation = lived()
    simulation.user().patch("nodes", "", "node-1", {"spec": {"taints": [HEAT]}})
    steps = simulation.until_quiet()
    assert nodes(simulation)["node-1"][:2] == ["no", "It does not tolerate the taint heat=high:NoExecute."]
    told = decided([step for step in steps if step.why], "")
    assert told


def test_an_update_within_its_budget() -> None:
    simulation = lived()
    simulation.user().patch(RESOURCE, "default", "web", {"spec": {"template": template(BROKEN)}})
    simulation.until_quiet()
    answer = about(simulation, RESOURCE, "web")
    assert "maxUnavailable lets 1 node be without an available Pod; 1 are now." in said(answer, "sum")
    assert "The update waits: its budget of 1 is used up." in said(answer, "waits")
    assert "daemonset.outdated" in keys(answer)


def test_a_surge() -> None:
    simulation = lived(updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}})
    simulation.user().patch(RESOURCE, "default", "web", {"spec": {"template": template(BROKEN)}})
    simulation.until_quiet()
    assert "maxSurge lets 1 node have a second Pod; 1 have one now." in said(about(simulation, RESOURCE, "web"), "sum")


def test_on_delete() -> None:
    simulation = lived(updateStrategy={"type": "OnDelete"})
    simulation.user().patch(RESOURCE, "default", "web", {"spec": {"template": template("nginx:1.28")}})
    simulation.until_quiet()
    answer = about(simulation, RESOURCE, "web")
    assert said(answer, "waits") == ["OnDelete: the controller replaces no Pod by itself."]


def test_a_quota_in_the_way() -> None:
    simulation = new()
    simulation.user().create({
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "small", "namespace": "default"},
        "spec": {"hard": {"pods": "1"}}})
    simulation.until_quiet()
    simulation.user().create(workload("DaemonSet"))
    simulation.until_quiet()
    told = said(about(simulation, RESOURCE, "web"), "waits")
    assert told[0].startswith("These nodes still lack their Pod: ")
    assert "Quota small, pods: 1 used + 1 asked is more than 1." in told
