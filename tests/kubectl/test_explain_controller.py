"""The console's explain-controller."""

from __future__ import annotations

import json

import pytest
import yaml

from cluster import kubectl
from tests.kubectl.running import console
from tests.support.console import Console


@pytest.fixture
def shell() -> Console:
    new = console()
    assert new.run("create deployment web --image=nginx --replicas=3").code == 0
    new.simulation.until_quiet()
    return new


def test_it_works(shell: Console) -> None:
    shell.run("set image deployment/web nginx=nginx:no-such-tag")
    shell.simulation.until_quiet()
    printed = shell.run("kubectl explain-controller deployment/web")
    assert (printed.code, printed.stderr) == (0, "")
    assert printed.lines[0] == "web wants 3 Pods; 4 exist, 1 of the newest template, 3 available."
    assert printed.lines[2] == "WHY IT WAITS"
    assert "HOW IT COMPUTES" in printed.lines
    assert "WHAT COMES NEXT" in printed.lines


def test_a_table(shell: Console) -> None:
    name = shell.simulation.api.list("replicasets.apps", "default")[0]["metadata"]["name"]
    printed = shell.run(f"explain-controller rs {name}")
    assert "WHO WOULD GO FIRST" in printed.lines
    assert any(line.startswith("NO.   POD ") for line in printed.lines)


def test_formats(shell: Console) -> None:
    told = json.loads(shell.run("explain-controller deployment/web -o json").stdout)
    assert told["object"] == "deployments.apps/default/web"
    assert told["words"][0]["key"] == "deployment.complete"
    assert yaml.safe_load(shell.run("explain-controller deployment/web -o yaml").stdout) == told


def test_a_kind_about_which_nobody_decides(shell: Console) -> None:
    printed = shell.run("explain-controller configmap/kube-root-ca.crt")
    assert printed.stdout == "No controller has anything to do with this ConfigMap.\n"


@pytest.mark.parametrize("line,complaint", [
    ("explain-controller", "error: You must name one object: explain-controller KIND/NAME"),
    ("explain-controller deployment", "error: You must name one object: explain-controller KIND/NAME"),
    ("explain-controller deployment web web", "error: You must name one object: explain-controller KIND/NAME"),
    ("explain-controller cars/web", 'error: the server doesn\'t have a resource type "cars"'),
    ("explain-controller deployment/nobody", 'Error from server (NotFound): deployments.apps "nobody" not found'),
    ("explain-controller deployment/web -n other", 'Error from server (NotFound): deployments.apps "web" not found'),
    ("explain-controller deployment/web -o wide", 'error: unable to match a printer suitable for the output format "wide"'),
])
def test_mistakes(shell: Console, line: str, complaint: str) -> None:
    printed = shell.run(line)
    assert printed.code == 1
    assert printed.stderr.startswith(complaint)


def test_completion(shell: Console) -> None:
    line = "explain-controller deploy"
    assert kubectl.complete(line, len(line), kubectl.Shell(shell.simulation))[1] == ["deployment/web"]
