"""-n belongs to every command and may stand before it."""

import pytest

from cluster.simulation.bootstrap import new_cluster
from tests.support.console import Console


@pytest.fixture(scope="module")
def console():
    return Console(new_cluster())


@pytest.mark.parametrize("line", [
    "kubectl -n kube-system get configmaps", "-n kube-system get configmaps", "k --namespace kube-system get configmaps",
    "kubectl --namespace=kube-system get configmaps", "kubectl -nkube-system get configmaps",
])
def test_it_works(console, line):
    assert console.run(line).stdout == console.run("kubectl get configmaps -n kube-system").stdout != ""


def test_before_two_words(console):
    assert 'deployments.apps "web" not found' in console.run("kubectl -n default rollout status deploy/web").stderr


@pytest.mark.parametrize("line", ["kubectl -n", "-n default", "kubectl -n default"])
def test_alone_it_is_no_command(console, line):
    assert console.run(line).stdout.startswith(console.run("kubectl help").stdout[:20])


def test_another_flag_is_no_command(console):
    assert console.run("kubectl -x get pods").code == 1
