"""`kubectl taint`."""

from __future__ import annotations

import pytest

from tests.kubectl.builders import recorded
from tests.kubectl.running import console, said
from tests.support.console import Console

HELP = "See 'kubectl taint -h' for help and examples\n"


def taints(new: Console, node: str = "node-1") -> list[dict[str, str]]:
    found: list[dict[str, str]] = new.simulation.api.read("nodes", "", node)["spec"].get("taints", [])
    return found


def test_it_works():
    new = console()
    said(new.run("taint nodes node-1 dedicated=gpu:NoSchedule"), "node/node-1 tainted\n")
    assert taints(new) == [{"key": "dedicated", "value": "gpu", "effect": "NoSchedule"}]
    said(new.run("taint nodes node-1 dedicated:NoSchedule-"), "node/node-1 untainted\n")
    assert taints(new) == []


@pytest.mark.parametrize(
    "keys",
    [
        ("taint", "taint-again", "taint-change", "taint-overwrite", "taint-two", "untaint", "untaint-missing"),
        ("bad-effect",), ("unknown-node",),
    ],
)
def test_as_recorded(keys: tuple[str, ...]):
    new = console()
    for key in keys:
        recording = recorded("13-taints", key)
        said(new.run(recording.command), recording.stdout, recording.stderr, recording.code)


def test_all_nodes_and_by_label():
    new = console()
    assert new.run("taint nodes --all x=y:PreferNoSchedule").stdout.count(" tainted\n") == 4
    new.run("label node node-2 a=b")
    said(new.run("taint nodes -l a=b k:NoSchedule"), "node/node-2 tainted\n")


def test_several_effects_of_one_key_go_together():
    new = console()
    new.run("taint node node-1 k=v:NoSchedule k=v:NoExecute other:NoSchedule")
    said(new.run("taint node node-1 k-"), "node/node-1 untainted\n")
    assert taints(new) == [{"key": "other", "effect": "NoSchedule"}]


def test_a_dry_run_taints_nothing():
    new = console()
    for strategy in ("client", "server"):
        said(new.run(f"taint node node-1 a=b:NoSchedule --dry-run={strategy}"), "node/node-1 tainted\n")
    assert taints(new) == []


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("taint", "error: one or more resources must be specified as <resource> <name>\n"),
        ("taint node node-1", "error: at least one taint update is required\n"),
        ("taint node k:NoSchedule",
         "error: at least one resource name must be specified since 'all' parameter is not set\n"),
        ("taint node k:NoSchedule node-1", "error: all resources must be specified before taint changes: node-1\n"),
        ("taint node node-1 a=b", "error: invalid taint spec: a=b\n" + HELP),
        ("taint pods a k=v:NoSchedule", "error: invalid resource type pods, only node types are supported\n"),
        ("taint node --all -l a=b k:NoSchedule", "error: setting 'all' parameter with a non empty selector is prohibited\n"),
        ("taint node node-1 a=b:NoSchedule a:NoSchedule-",
         "error: can not both modify and remove the following taint(s) in the same command: a=NoSchedule\n"),
        ("taint node node-1 a=b:NoSchedule a=c:NoSchedule",
         "error: duplicated taints with the same key and effect: {a c NoSchedule <nil>}\n" + HELP),
        ("taint node node-8 node-9 k:NoSchedule",
         'Error from server (NotFound): nodes "node-8" not found\nError from server (NotFound): nodes "node-9" not found\n'),
    ],
)
def test_wrong_lines(line: str, error: str):
    said(console().run(line), "", error)


def test_one_node_that_is_not_there_does_not_stop_the_others():
    said(
        console().run("taint node node-9 node-1 k:NoSchedule"), "node/node-1 tainted\n",
        'Error from server (NotFound): nodes "node-9" not found\n',
    )
