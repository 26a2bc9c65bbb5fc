"""Which Pods a Service lists, and why the others are not among them."""

from __future__ import annotations

from typing import Any

from cluster.simulation.simulation import Simulation
from tests.controllers.explanation.told import BROKEN, LABELS, about, container, document, keys, new, rows, said


def pod(name: str, image: str = "nginx:1.27", **meta: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "default", "labels": LABELS, **meta},
            "spec": {"containers": [container(image)]}}


def service(**spec: Any) -> dict[str, Any]:
    return document("v1", "Service", "web", **{"selector": LABELS, "ports": [{"port": 80}], **spec})


def lived(*documents: dict[str, Any]) -> Simulation:
    simulation = new()
    for one in documents:
        simulation.user().create(one)
    simulation.until_quiet()
    return simulation


def test_it_works() -> None:
    simulation = lived(service(), pod("good"), pod("bad", BROKEN))
    answer = about(simulation, "services", "web")
    assert {row[0]: row[2:] for row in rows(answer)} == {"good": ["yes", ""], "bad": ["no, not ready", "It is not Ready."]}
    assert said(answer, "state") == ["web lists 2 endpoints, 1 of them ready."]
    assert not answer["waits"]


def test_a_label_that_is_almost_right() -> None:
    simulation = lived(service(), pod("near", labels={"app": "wbe"}))
    answer = about(simulation, "services", "web")
    assert said(answer, "waits") == ["No Pod of this namespace has all the labels app=web."]
    assert said(answer, "mend") == ["near comes near: it has app=wbe."]


def test_a_port_that_no_container_has() -> None:
    simulation = lived(service(ports=[{"port": 80, "targetPort": "http"}]), pod("good"))
    assert rows(about(simulation, "services", "web"))[0][-1] == (
        "None of its containers has a port of the name that the Service asks for.")


def test_without_a_selector() -> None:
    assert "service.no-selector" in keys(about(lived(service(selector=None)), "services", "web"))


def test_a_pod_says_so_too() -> None:
    simulation = lived(service(), pod("bad", BROKEN))
    assert "Service web sends it no traffic: it is not Ready." in said(about(simulation, "pods", "bad"), "sum")


def test_a_tolerated_taint_counts_down() -> None:
    simulation = lived(pod("brief"))
    node = simulation.api.read("pods", "default", "brief")["spec"]["nodeName"]
    simulation.user().patch("pods", "default", "brief", {"spec": {"tolerations": [
        *simulation.api.read("pods", "default", "brief")["spec"]["tolerations"],
        {"key": "heat", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 40}]}})
    simulation.user().patch("nodes", "", node, {"spec": {"taints": [{"key": "heat", "effect": "NoExecute"}]}})
    simulation.advance(10_000)
    told = said(about(simulation, "pods", "brief"), "next")
    assert told[0].startswith(f"{node} has the taint heat:NoExecute, which it tolerates for 40 s: it has to leave in 3")


def test_finalizers_that_nobody_takes_off() -> None:
    simulation = lived(pod("kept", finalizers=["example.com/mine"]))
    simulation.user().delete("pods", "default", "kept")
    simulation.advance(60_000)
    answer = about(simulation, "pods", "kept")
    assert "Its deletion waits for whoever takes off the finalizer example.com/mine." in said(answer, "waits")
    assert "example.com/mine" in said(answer, "mend")[0]


def test_what_waits_for_its_dependents() -> None:
    simulation = lived(document("apps/v1", "ReplicaSet", "web", replicas=1, selector={"matchLabels": LABELS}, template={
        "metadata": {"labels": LABELS}, "spec": {"containers": [container()]}}))
    simulation.user().delete("replicasets.apps", "default", "web", propagation="Foreground")
    simulation.step()
    assert any(text.startswith("Its deletion waits for what belongs to it: Pod/web-")
               for text in said(about(simulation, "replicasets.apps", "web"), "waits"))
