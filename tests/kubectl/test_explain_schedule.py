"""The console's explain-schedule."""

from __future__ import annotations

import json

import pytest
import yaml

from cluster import kubectl
from tests.kubectl.running import console
from tests.support.console import Console

BIG = """\
apiVersion: v1
kind: Pod
metadata: {name: big}
spec: {containers: [{name: c, image: nginx, resources: {requests: {cpu: "5"}}}]}
"""


@pytest.fixture
def shell() -> Console:
    new = console()
    assert new.run("apply -f big.yaml", big_yaml=BIG).code == 0
    new.simulation.until_quiet()
    return new


def test_it_works(shell: Console) -> None:
    printed = shell.run("kubectl explain-schedule pod/big")
    assert (printed.code, printed.stderr) == (0, "")
    assert printed.lines[2:6] == [
        "NODE            VERDICT    STOPPED-BY         REASON",
        "control-plane   Filtered   TaintToleration    node(s) had untolerated taint(s)",
        "node-1          Filtered   NodeResourcesFit   Insufficient cpu",
        "node-2          Filtered   NodeResourcesFit   Insufficient cpu",
    ]
    assert "  node-1 is too small: the Pod needs 5 cpu, and even empty it has only 4." in printed.lines
    assert "WHY NO NODE FITS" in printed.lines
    assert "WHAT WOULD CHANGE IT" in printed.lines
    assert "  if the Pod asks for only 4 cpu, then it fits on node-1, node-2, node-3" in printed.lines


@pytest.mark.parametrize("line", [
    "explain-schedule big", "explain-schedule po big", "k explain-schedule pods/big", "explain-schedule pod/big -n default",
])
def test_spellings(shell: Console, line: str) -> None:
    assert shell.run(line) == shell.run("kubectl explain-schedule pod/big")


def test_scores(shell: Console) -> None:
    shell.run("run small --image=nginx")
    printed = shell.run("explain-schedule small")
    head = printed.lines[2].split()
    assert head[:4] == ["NODE", "VERDICT", "STOPPED-BY", "REASON"]
    assert head[-1] == "TOTAL"
    assert "WHY NOT THE OTHER NODES" in printed.lines
    assert "FREE-SPACE(X1)" in head
    first = printed.lines[3].split()
    assert first[1] == "Chosen"
    assert first[-1] == str(sum(int(points) for points in first[4:-1]))
    wide = shell.run("explain-schedule small -o wide").lines[3].split()
    assert all(">" in cell and "=" in cell for cell in wide[4:-3])
    assert wide[-2:] == ["4", "8Gi"]


def test_documents(shell: Console) -> None:
    as_json = json.loads(shell.run("explain-schedule big -o json").stdout)
    assert as_json["pod"]["name"] == "big"
    assert yaml.safe_load(shell.run("explain-schedule big -o yaml").stdout) == as_json


def test_what_if(shell: Console) -> None:
    change = '{"do":"request","resource":"cpu","quantity":"4"}'
    printed = shell.run(f"explain-schedule big --what-if='{change}'")
    assert printed.lines[0].startswith("With this changed, chance decides between node-1, node-2, node-3")
    assert "  [on] if the Pod asks for only 4 cpu, then it fits on node-1, node-2, node-3" in printed.lines


@pytest.mark.parametrize(("line", "error"), [
    ("explain-schedule", "error: You must name one Pod: explain-schedule pod/NAME"),
    ("explain-schedule pods", 'Error from server (NotFound): pods "pods" not found'),
    ("explain-schedule pod/a pod/b", "error: You must name one Pod: explain-schedule pod/NAME"),
    ("explain-schedule node/node-1", "error: only Pods are scheduled: explain-schedule pod/NAME"),
    ("explain-schedule pod/nobody", 'Error from server (NotFound): pods "nobody" not found'),
    ("explain-schedule big -n other", 'Error from server (NotFound): pods "big" not found'),
    ("explain-schedule big -o name",
     'error: unable to match a printer suitable for the output format "name", allowed formats are: json,wide,yaml'),
    ("explain-schedule big --what-if='{\"do\":\"uncordon\",\"node\":\"n\"}'", "error: There is no node n."),
    ("explain-schedule x/y/z", "error: arguments in resource/name form must have a single resource and name"),
])
def test_errors(shell: Console, line: str, error: str) -> None:
    printed = shell.run(line)
    assert (printed.code, printed.stdout, printed.stderr) == (1, "", f"{error}\n")


def test_nothing_is_written(shell: Console) -> None:
    world = shell.simulation.world
    shell.run("explain-schedule big")
    assert shell.simulation.world is world


def test_completion(shell: Console) -> None:
    def offered(line: str) -> list[str]:
        return kubectl.complete(line, len(line), kubectl.Shell(shell.simulation))[1]

    assert offered("explain-schedule ") == ["big", "pod/big"]
    assert offered("kubectl explain-schedule pod/b") == ["pod/big"]
    assert offered("kubectl explain-schedule pod ") == ["big"]
    assert "explain-schedule" in offered("kubectl expl")


def test_help(shell: Console) -> None:
    assert "explain-schedule pod/NAME [-o wide|json|yaml]" in shell.run("explain-schedule --help").stdout
    assert "explain-schedule" in shell.run("help").stdout
