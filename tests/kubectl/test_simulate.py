"""`simulate`: machines come and go, components are switched off and on."""

from __future__ import annotations

import pytest

from tests.kubectl.running import console, said
from tests.support.console import Console


def ready(new: Console, name: str) -> str:
    found = new.simulation.api.read("nodes", "", name)
    return next(c["status"] for c in found["status"]["conditions"] if c["type"] == "Ready")


def test_it_works_and_a_new_machine_becomes_a_node():
    new = console()
    said(new.run("simulate node add"), "machine node-4 added\n")
    new.simulation.until_quiet()
    assert ready(new, "node-4") == "True"


def test_what_a_machine_has_can_be_said():
    new = console()
    line = "simulate node add big --cpu 64 --memory 256Gi --labels disk=ssd,a=b --taints k=v:NoSchedule"
    said(new.run(line), "machine big added\n")
    new.simulation.until_quiet()
    node = new.simulation.api.read("nodes", "", "big")
    assert node["status"]["capacity"]["cpu"] == "64" and node["status"]["capacity"]["memory"].startswith("256Gi")
    assert node["metadata"]["labels"]["disk"] == "ssd"
    assert {"key": "k", "value": "v", "effect": "NoSchedule"} in node["spec"]["taints"]


def test_stop_and_start():
    new = console()
    said(new.run("simulate node stop node-2"), "machine node-2 is stopped\n")
    said(new.run("simulate node stop node-2"), "machine node-2 is stopped already\n")
    new.simulation.advance(60_000)
    assert ready(new, "node-2") == "Unknown"
    said(new.run("simulate node start node-2"), "machine node-2 runs\n")
    said(new.run("simulate node start node-2"), "machine node-2 runs already\n")
    new.simulation.advance(30_000)
    assert ready(new, "node-2") == "True"


def test_remove_takes_the_node_away_and_its_number_can_be_used_again():
    new = console()
    said(new.run("simulate node remove node-2"), "machine node-2 removed\n")
    new.simulation.until_quiet()
    assert new.simulation.api.get("nodes", "", "node-2") is None
    said(new.run("simulate node add"), "machine node-2 added\n")


def test_machines_have_addresses_of_their_own():
    new = console()
    new.run("simulate node add one")
    new.run("simulate node add")
    addresses = [row["ip"] for _, row in new.simulation.api.hosts("host/machines")]
    assert len(set(addresses)) == len(addresses) == 6


def test_components():
    new = console()
    lines = new.run("simulate component").lines
    assert "default-scheduler on" in lines and "kubelet/node-1 on" in lines and "kube-proxy/node-3 on" in lines
    said(new.run("simulate component off default-scheduler"), "component default-scheduler off\n")
    said(new.run("simulate component off default-scheduler"), "component default-scheduler is off already\n")
    assert "default-scheduler off" in new.run("simulate component").lines
    new.run("run web --image=nginx:1")
    new.simulation.until_quiet()
    assert "nodeName" not in new.simulation.api.read("pods", "default", "web")["spec"]
    said(new.run("simulate component on default-scheduler"), "component default-scheduler on\n")
    new.simulation.until_quiet()
    assert "nodeName" in new.simulation.api.read("pods", "default", "web")["spec"]


def test_at_most_sixty_machines():
    new = console()
    for _ in range(56):
        assert new.run("simulate node add").code == 0
    said(new.run("simulate node add"), "", "error: a sandbox has at most 60 machines\n")
    addresses = [row["ip"] for _, row in new.simulation.api.hosts("host/machines")]
    assert len(set(addresses)) == 60


@pytest.mark.parametrize(
    "line",
    [
        "simulate", "simulate node", "simulate node add a b", "simulate node explode node-1", "simulate node stop",
        "simulate node stop node-9", "simulate node add node-1", "simulate node add A_B", "simulate node add --cpu lots",
        "simulate node add --cpu 0", "simulate node add --memory -1Gi", "simulate node add --labels a",
        "simulate node add --taints a", "simulate node add --taints a=b:Odd", "simulate component off odd",
        "simulate component explode kubelet/node-1", "simulate component off kubelet/node-9",
        "simulate node add --labels 'a b=c'", "simulate node add --pods many",
    ],
)
def test_wrong_lines_are_one_sentence_and_change_nothing(line: str):
    new = console()
    before = new.simulation.world
    result = new.run(line)
    assert result.code == 1 and result.stdout == ""
    assert result.stderr.startswith("error: ") and len(result.stderr.splitlines()) <= 2
    assert new.simulation.world == before
