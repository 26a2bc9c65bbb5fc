"""`kubectl label`."""

from __future__ import annotations

import pytest

from tests.kubectl.running import WEB, console, said, with_web


def labels(new, resource: str = "deployments.apps", namespace: str = "default", name: str = "web") -> dict[str, str]:
    return new.simulation.api.read(resource, namespace, name)["metadata"].get("labels", {})


def test_it_works():
    new = with_web()
    said(new.run("label deployment web tier=front"), "deployment.apps/web labeled\n")
    assert labels(new) == {"tier": "front"}
    said(new.run("label deployment web tier-"), "deployment.apps/web unlabeled\n")
    assert labels(new) == {}


def test_what_is_there_is_not_overwritten_unless_asked():
    new = with_web()
    new.run("label deploy/web tier=front")
    said(new.run("label deploy/web tier=back"), "", "error: 'tier' already has a value (front), and --overwrite is false\n")
    said(new.run("label deploy/web tier=back --overwrite"), "deployment.apps/web labeled\n")
    assert labels(new) == {"tier": "back"}


def test_nothing_changes():
    new = with_web()
    new.run("label deploy/web tier=front")
    before = new.simulation.revision
    said(new.run("label deploy/web tier=front"), "deployment.apps/web not labeled\n")
    said(new.run("label deploy/web odd-"), 'label "odd" not found.\ndeployment.apps/web not labeled\n')
    assert new.simulation.revision == before


def test_set_and_remove_at_once():
    new = with_web()
    new.run("label deploy/web a=1")
    said(new.run("label deploy/web b=2 a-"), "deployment.apps/web modified\n")


def test_all_and_by_selector():
    new = with_web()
    assert new.run("label pods --all x=y").stdout.count(" labeled\n") == 2
    assert new.run("label pods -l x=y x-").stdout.count(" unlabeled\n") == 2
    said(new.run("label pods -l x=y x-"))


def test_list():
    new = with_web()
    new.run("label deploy web b=2 a=1")
    said(new.run("label deploy web --list"), "a=1\nb=2\n")
    assert new.run("label nodes --all --list").stdout.startswith("Listing labels for Node./control-plane:\n beta.")


def test_nodes_files_and_dry_runs():
    new = with_web()
    said(new.run("label node node-1 disk=ssd"), "node/node-1 labeled\n")
    assert labels(new, "nodes", "", "node-1")["disk"] == "ssd"
    said(new.run("label -f web.yaml a=b --dry-run=client", web_yaml=WEB), "deployment.apps/web labeled (dry run)\n")
    said(new.run("label -f web.yaml a=b --dry-run=server", web_yaml=WEB), "deployment.apps/web labeled (server dry run)\n")
    assert labels(new) == {}


def test_its_story_tells_what_changed():
    new = with_web()
    steps = []
    new.simulation.on_step = steps.append
    new.run("label deploy web a=b c-")
    assert (steps[0].say, steps[0].args) == (
        "user.labeled", {"object": "deployments.apps/default/web", "changes": "a=b, c-"},
    )


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("label deploy web", "error: at least one label update is required\n"),
        ("label a=b", "error: one or more resources must be specified as <resource> <name> or <resource>/<name>\n"),
        ("label deploy a=b", "error: resource(s) were provided, but no name was specified\n"),
        ("label deploy web a=b web", "error: all resources must be specified before label changes: web\n"),
        ("label deploy web a=b=c", "error: invalid label spec: a=b=c\n"),
        ("label deploy web a=b a-", "error: can not both modify and remove a label in the same command\n"),
        ("label deploy nothing a=b", 'Error from server (NotFound): deployments.apps "nothing" not found\n'),
        ("label deploy --all -l x=y a=b", "error: cannot set --all and --selector at the same time\n"),
    ],
)
def test_wrong_lines(line: str, error: str):
    said(with_web().run(line), "", error)


def test_values_and_keys_must_be_labels():
    new = with_web()
    assert new.run("label deploy web 'a=b c'").stderr.startswith('error: invalid label value: "a=b c": a valid label must be ')
    assert new.run("label deploy web 'a b=c'").stderr.startswith('The Deployment "web" is invalid: metadata.labels: ')


def test_a_pod_whose_label_is_taken_away_leaves_its_replica_set():
    new = with_web()
    name = new.simulation.api.list("pods", "default")[0]["metadata"]["name"]
    new.run(f"label pod {name} app-")
    new.simulation.until_quiet()
    assert "ownerReferences" not in new.simulation.api.read("pods", "default", name)["metadata"]
    assert len(new.simulation.api.list("pods", "default")) == 3


def test_on_an_empty_cluster():
    said(console().run("label pods --all a=b"))
