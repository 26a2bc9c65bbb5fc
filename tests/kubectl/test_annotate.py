"""`kubectl annotate`."""

from __future__ import annotations

import pytest

from tests.kubectl.running import console, said, with_web

CAUSE = "kubernetes.io/change-cause"


def test_it_works():
    new = with_web()
    said(new.run("annotate deployment web note='two words'"), "deployment.apps/web annotated\n")
    assert new.simulation.api.read("deployments.apps", "default", "web")["metadata"]["annotations"]["note"] == "two words"
    said(new.run("annotate deployment web note-"), "deployment.apps/web annotated\n")
    assert "note" not in new.simulation.api.read("deployments.apps", "default", "web")["metadata"]["annotations"]


def test_what_is_there_is_not_overwritten_unless_asked():
    new = console()
    new.run("annotate ns default a=1 b=1")
    said(
        new.run("annotate ns default a=2 b=2"), "",
        "error: --overwrite is false but found the following declared annotation(s): 'a' already has a value (1); 'b' already"
        " has a value (1)\n",
    )
    said(new.run("annotate ns default a=2 --overwrite"), "namespace/default annotated\n")


def test_the_cause_of_a_change_can_always_be_written():
    new = with_web()
    new.run(f"annotate deploy web {CAUSE}=one")
    said(new.run(f"annotate deploy web {CAUSE}=two"), "deployment.apps/web annotated\n")


def test_list_all_and_dry_run():
    new = console()
    new.run("annotate ns default a=1")
    said(new.run("annotate ns default --list"), "a=1\n")
    assert new.run("annotate ns --all b=1").stdout.count("annotated") == 4
    said(new.run("annotate ns default c=1 --dry-run=client"), "namespace/default annotated (dry run)\n")
    said(new.run("annotate ns default --list"), "a=1\nb=1\n")


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("annotate ns default", "error: at least one annotation update is required\n"),
        ("annotate a=b", "error: one or more resources must be specified as <resource> <name> or <resource>/<name>\n"),
        ("annotate ns default a=b a-",
         "error: can not both modify and remove the following annotation(s) in the same command: a\n"),
        ("annotate ns nothing a=b", 'Error from server (NotFound): namespaces "nothing" not found\n'),
        ("annotate ns default a=b x", "error: all resources must be specified before annotation changes: x\n"),
    ],
)
def test_wrong_lines(line: str, error: str):
    said(console().run(line), "", error)
