"""`kubectl drain`: the node is cordoned, its Pods are evicted, and it waits until they are gone."""

from __future__ import annotations

import pytest

from tests.kubectl.running import console, said, with_web
from tests.support.console import Console

BARE = "Pods that declare no controller (use --force to override)"
EMPTY_DIR = """\
apiVersion: v1
kind: Pod
metadata: {name: scratch}
spec:
  nodeName: node-1
  containers: [{name: c, image: "nginx:1"}]
  volumes: [{name: v, emptyDir: {}}]
"""


def with_bare_pod() -> Console:
    """A cluster with a Pod on node-1 that nobody would replace."""
    new = console()
    new.run("cordon node-2 node-3")
    new.run("run bare --image=nginx:1")
    new.run("wait --for=condition=Ready pod/bare")
    return new


def test_it_works():
    new = with_web(6)
    here = sorted(pod["metadata"]["name"] for pod in new.simulation.api.pods_on("node-1"))
    result = new.run("drain node-1")
    assert result.lines[0] == "node/node-1 cordoned"
    assert result.lines[1 : 1 + len(here)] == [f"evicting pod default/{name}" for name in here]
    assert sorted(result.lines[1 + len(here) : -1]) == [f"pod/{name} evicted" for name in here]
    assert result.lines[-1] == "node/node-1 drained"
    assert (result.stderr, result.code) == ("", 0)
    assert new.simulation.api.pods_on("node-1") == []
    new.simulation.until_quiet()
    assert len(new.simulation.api.list("pods", "default")) == 6


def test_an_empty_node():
    said(console().run("drain node-1"), "node/node-1 cordoned\nnode/node-1 drained\n")


def test_pods_that_nobody_would_replace_stop_it():
    new = with_bare_pod()
    said(
        new.run("drain node-1"), "node/node-1 cordoned\n",
        f'error: unable to drain node "node-1" due to error: cannot delete {BARE}: default/bare, continuing command...\n'
        f"There are pending nodes to be drained:\n node-1\ncannot delete {BARE}: default/bare\n",
    )
    assert new.simulation.api.pods_on("node-1")


def test_force_takes_them_with_a_warning():
    said(
        with_bare_pod().run("drain node-1 --force"),
        "node/node-1 cordoned\nevicting pod default/bare\npod/bare evicted\nnode/node-1 drained\n",
        "Warning: deleting Pods that declare no controller: default/bare\n", code=0,
    )


def test_local_data_needs_a_word_of_its_own():
    new = console()
    new.run("apply -f p.yaml", p_yaml=EMPTY_DIR)
    new.run("wait --for=condition=Ready pod/scratch")
    result = new.run("drain node-1 --force")
    assert "cannot delete Pods with local storage (use --delete-emptydir-data to override): default/scratch" in result.stderr
    result = new.run("drain node-1 --force --delete-emptydir-data")
    assert (result.lines[-1], result.code) == ("node/node-1 drained", 0)


def test_several_nodes_are_all_cordoned_first():
    new = with_web(4)
    result = new.run("drain node-1 node-2")
    assert result.lines[:2] == ["node/node-1 cordoned", "node/node-2 cordoned"]
    assert [line for line in result.lines if line.endswith("drained")] == ["node/node-1 drained", "node/node-2 drained"]


def test_a_timeout():
    new = with_bare_pod()
    new.run("simulate node stop node-1")
    result = new.run("drain node-1 --force --timeout=2s")
    reason = 'error when waiting for pod "bare" in namespace "default" to terminate: context deadline exceeded'
    assert result.stdout == "node/node-1 cordoned\nevicting pod default/bare\n"
    assert result.stderr == (
        "Warning: deleting Pods that declare no controller: default/bare\n"
        f'There are pending pods in node "node-1" when an error occurred: {reason}\npod/bare\n'
        f'error: unable to drain node "node-1" due to error: {reason}, continuing command...\n'
        f"There are pending nodes to be drained:\n node-1\n{reason}\n"
    )
    assert result.code == 1


def test_a_dry_run():
    new = with_bare_pod()
    said(
        new.run("drain node-1 --force --dry-run=client"),
        "node/node-1 cordoned (dry run)\nevicting pod default/bare (dry run)\nnode/node-1 drained (dry run)\n",
        "Warning: deleting Pods that declare no controller: default/bare\n", code=0,
    )
    assert new.simulation.api.read("pods", "default", "bare")["metadata"].get("deletionTimestamp") is None


def test_only_chosen_pods_and_without_evictions():
    new = with_bare_pod()
    said(new.run("drain node-1 --pod-selector=app=none"), "node/node-1 cordoned\nnode/node-1 drained\n")
    said(
        new.run("drain node-1 --force --disable-eviction --grace-period=1"),
        "node/node-1 already cordoned\npod/bare deleted\nnode/node-1 drained\n",
        "Warning: deleting Pods that declare no controller: default/bare\n", code=0,
    )


def test_each_eviction_is_a_step_with_its_story():
    new = with_bare_pod()
    steps = []
    new.simulation.on_step = steps.append
    new.run("drain node-1 --force")
    told = [(step.say, step.args) for step in steps if step.actor == "user"]
    assert told == [
        ("user.cordoned", {"node": "nodes//node-1"}),
        ("api.disrupt", {"object": "pods/default/bare"}),
        ("user.evicted", {"pod": "pods/default/bare", "node": "nodes//node-1"}),
    ]


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("drain", "error: USAGE: drain NODE [flags]\nSee 'kubectl drain -h' for help and examples\n"),
        ("drain node-9", 'Error from server (NotFound): nodes "node-9" not found\n'),
        ("drain node-1 --pod-selector=!!", "error: --pod-selector=<pod_selector> must be a valid label selector\n"),
    ],
)
def test_wrong_lines(line: str, error: str):
    said(console().run(line), "", error)
