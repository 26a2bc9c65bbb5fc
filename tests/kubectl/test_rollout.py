"""`kubectl rollout`: what it prints, what it does, what it refuses."""

from __future__ import annotations

import pytest

from cluster import kubectl
from tests.kubectl.builders import recorded
from tests.kubectl.running import WEB, console, said, with_web
from tests.support.console import Console

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: a}
spec:
  replicas: 4
  progressDeadlineSeconds: 6
  selector: {matchLabels: {app: a}}
  template: {metadata: {labels: {app: a}}, spec: {containers: [{name: c, image: "nginx:1"}]}}
"""


def stuck() -> Console:
    """A cluster where Deployment a waits for an image that does not exist."""
    new = console()
    new.run("apply -f a.yaml", a_yaml=DEPLOYMENT)
    new.run("rollout status deploy/a")
    new.run("set image deploy/a c=nginx:doesnotexist")
    return new


def check(new: Console, key: str) -> None:
    """A command prints what the recording has."""
    recording = recorded("02-deploy-conditions", key)
    said(new.run(recording.command), recording.stdout, recording.stderr, recording.code)


def messages(text: str) -> list[str]:
    """The different lines in order: how often one is repeated depends on how the updates of the status fall."""
    return list(dict.fromkeys(text.splitlines()))


def test_it_works():
    new = console()
    new.run("apply -f web.yaml", web_yaml=WEB)
    result = new.run("rollout status deployment/web")
    assert result.lines[0] == "Waiting for deployment spec update to be observed..."
    assert result.lines[-1] == 'deployment "web" successfully rolled out'
    assert result.code == 0
    said(new.run("rollout status deployment/web"), 'deployment "web" successfully rolled out\n')


def test_a_deadline_ends_it_as_recorded():
    recording = recorded("02-deploy-conditions", "stuck-status")
    result = stuck().run(recording.command)
    assert messages(result.stdout)[-1:] == messages(recording.stdout)
    assert (result.stderr, result.code) == (recording.stderr, 1)


def test_history_and_undo_as_recorded():
    new = stuck()
    new.run("rollout status deploy/a")
    for key in ("history", "undo"):
        check(new, key)
    new.run("rollout status deploy/a")
    for key in ("history-after-undo", "undo-to-missing"):
        check(new, key)
    template = new.simulation.api.read("deployments.apps", "default", "a")["spec"]["template"]
    assert template["spec"]["containers"][0]["image"] == "nginx:1"
    assert template["metadata"]["labels"] == {"app": "a"}


def test_pause_and_resume_as_recorded():
    new = stuck()
    new.run("rollout status deploy/a")
    new.run("rollout undo deploy/a")
    new.run("rollout status deploy/a")
    check(new, "pause")
    new.run("set image deploy/a c=nginx:3")
    new.simulation.until_quiet()
    for key in ("paused-status", "pause-again", "undo-paused", "restart-paused", "resume"):
        check(new, key)
    assert new.run("rollout status deploy/a").code == 0
    check(new, "restart")
    said(new.run("rollout resume deploy/a"), "", 'error: deployments.apps "a" is not paused\n')


def test_a_missing_deployment_as_recorded():
    check(console(), "status-missing")


def test_restart_replaces_every_pod():
    new = with_web()
    before = {pod["metadata"]["name"] for pod in new.simulation.api.list("pods", "default")}
    said(new.run("rollout restart deployment web"), "deployment.apps/web restarted\n")
    new.run("rollout status deployment web")
    new.simulation.until_quiet()
    assert not before & {pod["metadata"]["name"] for pod in new.simulation.api.list("pods", "default")}


def test_restart_twice_within_a_second():
    new = with_web()
    new.run("rollout restart deploy/web")
    said(
        new.run("rollout restart deploy/web"), "",
        "error: failed to create patch for web: if restart has already been triggered within the past second, please wait"
        " before attempting to trigger another\n",
    )


def test_the_timeout_is_virtual_time():
    new = console()
    new.run("apply -f web.yaml", web_yaml=WEB.replace("nginx:1", "no.such/image"))
    began = new.simulation.now
    result = new.run("rollout status deployment/web --timeout=1m5s")
    assert (result.stderr, result.code) == ("error: timed out waiting for the condition\n", 1)
    assert new.simulation.now == began + 65_000


def test_without_watching_it_tells_the_state_once():
    new = console()
    new.run("apply -f web.yaml", web_yaml=WEB)
    said(new.run("rollout status deploy/web -w=false"), "Waiting for deployment spec update to be observed...\n")


def test_a_deployment_that_is_deleted_meanwhile():
    new = console()
    new.run("apply -f web.yaml", web_yaml=WEB)
    status = kubectl.run("rollout status deploy/web", kubectl.Shell(new.simulation))
    while not isinstance(next(status), kubectl.Wait):
        new.simulation.step()
    new.run("delete deploy web")
    assert [said for said in status if said.stream == "stderr"] == [
        kubectl.Output("stderr", "error: object has been deleted\n"),
    ]


def test_every_deployment_of_the_namespace():
    new = with_web()
    new.run("create deployment other --image=nginx:1")
    new.run("rollout status deploy/other")
    said(
        new.run("rollout status deployments"),
        'deployment "other" successfully rolled out\ndeployment "web" successfully rolled out\n',
    )
    said(new.run("rollout pause deployments"), "deployment.apps/other paused\ndeployment.apps/web paused\n")


def test_another_revision_than_the_one_that_runs():
    said(
        with_web().run("rollout status deploy/web --revision=4"), "",
        "error: desired revision (4) is different from the running revision (1)\n",
    )


def test_one_revision_in_full():
    new = with_web()
    name = new.simulation.api.list("replicasets.apps", "default")[0]["metadata"]["labels"]["pod-template-hash"]
    said(new.run("rollout history deploy/web --revision=1"), (
        "deployment.apps/web with revision #1\n"
        f"Pod Template:\n  Labels:\tapp=web\n\tpod-template-hash={name}\n"
        "  Containers:\n   c:\n    Image:\tnginx:1\n    Port:\t<none>\n    Host Port:\t<none>\n    Environment:\t<none>\n"
        "    Mounts:\t<none>\n  Volumes:\t<none>\n  Node-Selectors:\t<none>\n  Tolerations:\t<none>\n\n"
    ))
    assert new.run("rollout history deploy/web -o name").stdout == f"replicaset.apps/web-{name}\n"
    said(new.run("rollout history deploy/web --revision=2"), "", "error: unable to find the specified revision\n")


def test_the_cause_of_a_change_is_shown():
    new = with_web()
    new.run("annotate deploy web kubernetes.io/change-cause='first try'")
    new.simulation.until_quiet()
    assert new.run("rollout history deploy web").lines[2] == "1         first try"


def test_undo_without_history_and_to_where_it_is():
    new = with_web()
    new.run("create deployment other --image=nginx:1")
    new.run("rollout status deploy/other")
    said(new.run("rollout undo deploy/other"), "", 'error: no rollout history found for deployment "other"\n')
    said(
        new.run("rollout undo deploy/other --to-revision=1"),
        "deployment.apps/other skipped rollback (current template already matches revision 1)\n",
    )


def test_undo_is_one_step_with_the_revision_in_its_story():
    new = stuck()
    new.run("rollout status deploy/a")
    steps = []
    new.simulation.on_step = steps.append
    new.run("rollout undo deploy/a")
    assert [(step.say, step.args) for step in steps] == [
        ("user.rolled-back", {"object": "deployments.apps/default/a", "revision": 1}),
    ]


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("rollout status", "error: required resource not specified\n"),
        ("rollout undo", "error: required resource not specified\n"),
        ("rollout status svc/kubernetes", 'error: no status viewer has been implemented for "Service"\n'),
        ("rollout history svc/kubernetes", 'error: no history viewer has been implemented for "Service"\n'),
        ("rollout undo svc/kubernetes", 'error: no rollbacker has been implemented for "Service"\n'),
        ("rollout pause svc/kubernetes", 'error: services "kubernetes" pausing is not supported\n'),
        ("rollout restart svc/kubernetes", 'error: services "kubernetes" restarting is not supported\n'),
        ("rollout status deploy", "No resources found in default namespace.\n"),
        ("rollout history deploy/a --revision=-1", "error: revision must be a positive integer: -1\n"),
    ],
)
def test_wrong_lines(line: str, error: str):
    result = console().run(line)
    assert (result.stdout, result.stderr) == ("", error)
    assert result.code == (0 if error.startswith("No resources") else 1)
