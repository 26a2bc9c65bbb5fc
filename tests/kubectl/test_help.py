"""`help` and the small questions about console and cluster."""

from __future__ import annotations

import pytest

from cluster.kubectl.commands.table import COMMANDS
from cluster.simulation.bootstrap import new_cluster
from tests.kubectl.builders import frozen
from tests.support.console import Console


def test_it_works():
    result = frozen().run("help")
    for name, command in COMMANDS.items():
        assert any(line.split() == [*name.split(), *command.summary.split()] for line in result.lines), name
    assert frozen().run("kubectl").stdout == result.stdout


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_explains_itself(name: str):
    text = frozen().run(f"{name} --help").stdout
    assert text == frozen().run(f"help {name}").stdout == frozen().run(f"{name} -h").stdout
    assert text.startswith(COMMANDS[name].summary) and f"Usage:\n  {COMMANDS[name].usage}\n" in text
    assert COMMANDS[name].usage.startswith(("kubectl ", "simulate"))


@pytest.mark.parametrize("name", ["api-resources", "describe", "explain", "get", "logs", "version"])
def test_flags_have_help(name: str):
    assert [flag.name for flag in COMMANDS[name].all_flags if not flag.help] == ["help"]


def test_a_family():
    text = frozen().run("help rollout").stdout
    assert "rollout undo" in text and "rollout status" in text


def test_an_unknown_topic():
    result = frozen().run("help gett")
    assert result.stderr == 'error: unknown command "gett" for "kubectl"\n\nDid you mean this?\n\tget\n'
    assert result.code == 1


def test_api_resources():
    lines = frozen().run("api-resources").lines
    assert lines[0].split() == ["NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND"]
    assert ["pods", "po", "v1", "true", "Pod"] in [line.split() for line in lines]
    names = frozen().run("api-resources --namespaced=false -o name").lines
    assert names[:2] == ["namespaces", "nodes"]
    assert "priorityclasses.scheduling.k8s.io" in names and "pods" not in names


def test_api_versions():
    versions = frozen().run("api-versions").lines
    assert {"apps/v1", "policy/v1", "scheduling.k8s.io/v1", "v1"} <= set(versions)
    assert versions == sorted(set(versions))


def test_version():
    assert Console(new_cluster()).run("version").lines[-1] == "Server Version: v1.36.2"
    assert "Server" not in frozen().run("version --client").stdout


def test_cluster_info():
    assert Console(new_cluster()).run("cluster-info").lines[0] == (
        "Kubernetes control plane is running at https://10.0.0.10:6443"
    )
