"""`kubectl cordon` and `uncordon`."""

from __future__ import annotations

import pytest

from tests.kubectl.running import console, said


def test_it_works():
    new = console()
    said(new.run("cordon node-1"), "node/node-1 cordoned\n")
    assert new.run("get node node-1").lines[1].split()[1] == "Ready,SchedulingDisabled"
    said(new.run("cordon node-1"), "node/node-1 already cordoned\n")
    said(new.run("uncordon node-1"), "node/node-1 uncordoned\n")
    said(new.run("uncordon node/node-1"), "node/node-1 already uncordoned\n")
    assert "unschedulable" not in new.simulation.api.read("nodes", "", "node-1")["spec"]


def test_no_pod_goes_to_a_cordoned_node():
    new = console()
    new.run("cordon node-1 node-2")
    new.run("create deployment web --image=nginx:1 --replicas=4")
    new.run("rollout status deploy/web")
    assert {pod["spec"]["nodeName"] for pod in new.simulation.api.list("pods", "default")} == {"node-3"}


def test_by_label_and_dry_run():
    new = console()
    new.run("label node node-2 a=b")
    said(new.run("cordon -l a=b --dry-run=client"), "node/node-2 cordoned (dry run)\n")
    said(new.run("cordon -l a=b"), "node/node-2 cordoned\n")


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("cordon", "error: USAGE: cordon NODE [flags]\nSee 'kubectl cordon -h' for help and examples\n"),
        ("uncordon", "error: USAGE: uncordon NODE [flags]\nSee 'kubectl uncordon -h' for help and examples\n"),
        ("cordon node-9", 'Error from server (NotFound): nodes "node-9" not found\n'),
        ("cordon node-1 node-9", 'Error from server (NotFound): nodes "node-9" not found\n'),
        ("cordon pod/a", 'error: error: expected resource of type node, got "pods"\n'),
        ("cordon node-1 -l a=b",
         "error: error: cannot specify both a node name and a --selector option\n"
         "See 'kubectl cordon -h' for help and examples\n"),
    ],
)
def test_wrong_lines(line: str, error: str):
    new = console()
    said(new.run(line), "", error)
    assert not any(node["spec"].get("unschedulable") for node in new.simulation.api.list("nodes"))
