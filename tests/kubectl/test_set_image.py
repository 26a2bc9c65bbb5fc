"""`kubectl set image`, `set resources`, `set env`."""

from __future__ import annotations

import pytest

from tests.kubectl.running import WEB, console, said, with_web
from tests.support.console import Console

TWO = WEB.rstrip() + "\n        - name: side\n          image: busybox:1\n"


def containers(new: Console, name: str = "web") -> list[dict]:
    found: list[dict] = new.simulation.api.read("deployments.apps", "default", name)["spec"]["template"]["spec"]["containers"]
    return found


def test_it_works():
    new = with_web()
    said(new.run("set image deployment/web c=nginx:2"), "deployment.apps/web image updated\n")
    assert containers(new)[0]["image"] == "nginx:2"
    assert new.run("rollout status deploy/web").code == 0


def test_the_same_image_is_no_change():
    new = with_web()
    before = new.simulation.revision
    said(new.run("set image deployment/web c=nginx:1"))
    assert new.simulation.revision == before


def test_every_container_or_one():
    new = console()
    new.run("apply -f web.yaml", web_yaml=TWO)
    new.run("set image deploy web side=busybox:2")
    assert [c["image"] for c in containers(new)] == ["nginx:1", "busybox:2"]
    new.run("set image deployments --all *=redis:8")
    assert [c["image"] for c in containers(new)] == ["redis:8", "redis:8"]


def test_what_else_a_container_has_stays():
    new = console()
    new.run("create deployment web --image=nginx:1 --port=80")
    before = containers(new)[0]
    new.run("set image deploy web nginx=nginx:2")
    assert containers(new)[0] == {**before, "image": "nginx:2"}


def test_an_unknown_container_does_not_stop_the_others():
    new = console()
    new.run("apply -f web.yaml", web_yaml=TWO)
    said(
        new.run("set image deploy web odd=x c=nginx:9"), "deployment.apps/web image updated\n",
        'error: unable to find container named "odd"\n',
    )
    assert containers(new)[0]["image"] == "nginx:9"


def test_a_pod_can_be_changed_too():
    new = console()
    new.run("run bare --image=nginx:1")
    said(new.run("set image pod/bare bare=nginx:2"), "pod/bare image updated\n")


def test_resources_and_environment():
    new = with_web()
    said(
        new.run("set resources deploy web --requests=cpu=100m,memory=64Mi --limits=cpu=1"),
        "deployment.apps/web resource requirements updated\n",
    )
    assert containers(new)[0]["resources"] == {"limits": {"cpu": "1"}, "requests": {"cpu": "100m", "memory": "64Mi"}}
    said(new.run("set env deploy/web A=1 B=x=y"), "deployment.apps/web env updated\n")
    said(new.run("set env deploy/web A- B=z"), "deployment.apps/web env updated\n")
    assert containers(new)[0]["env"] == [{"name": "B", "value": "z"}]
    said(new.run("set env deploy/web --list"), "# Deployment web, container c\nB=z\n")
    new.run("set env deploy/web B-")
    assert "env" not in containers(new)[0]


def test_a_dry_run_changes_nothing():
    new = with_web()
    said(new.run("set image deploy/web c=nginx:2 --dry-run=server"), "deployment.apps/web image updated (server dry run)\n")
    said(new.run("set image deploy/web c=nginx:2 --dry-run=client"), "deployment.apps/web image updated (dry run)\n")
    assert containers(new)[0]["image"] == "nginx:1"


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("set image deploy/web", "error: at least one image update is required\n"),
        ("set image c=nginx:2",
         "error: one or more resources must be specified as <resource> <name> or <resource>/<name>\n"),
        ("set image deploy/web odd=nginx:2", 'error: unable to find container named "odd"\n'),
        ("set image deploy/nothing c=nginx:2", 'Error from server (NotFound): deployments.apps "nothing" not found\n'),
        ("set image c=nginx:2 deploy/web", "error: all resources must be specified before image changes: deploy/web\n"),
        ("set image deploy/web *=a c=b",
         "error: all containers are already specified by *, but saw more than one container_name=container_image pairs\n"),
        ("set image svc/kubernetes c=nginx:2",
         "error: services/kubernetes the object is not a pod or does not have a pod template: *v1.Service\n"),
        ("set resources deploy/web",
         "error: you must specify an update to requests or limits (in the form of --requests/--limits)\n"),
        ("set resources deploy/web --limits=cpu", "error: Invalid argument syntax cpu, expected <resource>=<value>\n"),
        ("set resources deploy/web --limits=cpu=x",
         "error: quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'\n"),
        ("set env deploy/web", "error: at least one environment variable must be provided\n"),
        ("set image deploy/web c=", 'error: failed to patch image update to pod template: Deployment.apps "web" is invalid:'
         " spec.template.spec.containers[0].image: Required value\n"),
    ],
)
def test_wrong_lines(line: str, error: str):
    said(with_web().run(line), "", error)
