"""`kubectl scale`."""

from __future__ import annotations

import pytest

from tests.kubectl.builders import recorded
from tests.kubectl.running import WEB, console, said, with_web


def test_it_works():
    new = with_web()
    said(new.run("scale deployment web --replicas=5"), "deployment.apps/web scaled\n")
    new.run("rollout status deployment/web")
    assert len(new.simulation.api.list("pods", "default")) == 5


def test_as_recorded():
    new = console()
    new.run("apply -f m.yaml", m_yaml=WEB.replace("name: web", "name: m").replace("replicas: 2", "replicas: 3"))
    for key in ("scale-same", "scale-zero", "scale-zero-status", "scale-precondition"):
        recording = recorded("02-deploy-conditions", key)
        if key == "scale-zero-status":
            new.simulation.until_quiet()
        said(new.run(recording.command), recording.stdout, recording.stderr, recording.code)


def test_the_story_names_the_object_and_the_number():
    new = with_web()
    steps = []
    new.simulation.on_step = steps.append
    new.run("scale deploy/web --replicas=4")
    assert (steps[0].actor, steps[0].say) == ("user", "user.scaled")
    assert steps[0].args == {"object": "deployments.apps/default/web", "replicas": 4}


def test_the_size_that_it_has_already_is_no_step():
    new = with_web()
    before = new.simulation.revision
    said(new.run("scale deploy web --replicas=2"), "deployment.apps/web scaled\n")
    assert new.simulation.revision == before


def test_several_and_one_that_is_not_there():
    said(
        with_web().run("scale deploy/web deploy/nothing --replicas=1"), "deployment.apps/web scaled\n",
        'Error from server (NotFound): deployments.apps "nothing" not found\n',
    )


def test_all_by_label_and_from_a_file():
    new = with_web()
    assert new.run("scale deploy --all --replicas=1").stdout == "deployment.apps/web scaled\n"
    new.run("label deploy web a=b")
    assert new.run("scale deploy -l a=b --replicas=3").stdout == "deployment.apps/web scaled\n"
    assert new.run("scale -f web.yaml --replicas=1", web_yaml=WEB).stdout == "deployment.apps/web scaled\n"


def test_a_replica_set_that_a_deployment_owns_is_scaled_and_put_back():
    new = with_web()
    name = new.simulation.api.list("replicasets.apps", "default")[0]["metadata"]["name"]
    said(new.run(f"scale rs {name} --replicas=7"), f"replicaset.apps/{name} scaled\n")
    new.simulation.until_quiet()
    assert new.simulation.api.read("replicasets.apps", "default", name)["spec"]["replicas"] == 2


@pytest.mark.parametrize("strategy", ["client", "server"])
def test_a_dry_run_scales_nothing(strategy: str):
    new = with_web()
    assert new.run(f"scale deploy web --replicas=9 --dry-run={strategy}").stdout.endswith("dry run)\n")
    assert new.simulation.api.read("deployments.apps", "default", "web")["spec"]["replicas"] == 2


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("scale deploy web", 'error: required flag(s) "replicas" not set\n'),
        ("scale deploy web --replicas=-1",
         "error: The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0\n"),
        ("scale deploy web --replicas=1 --current-replicas=-2",
         "error: The --current-replicas must specify an integer of -1 or greater\n"),
        ("scale deploy web --replicas=many",
         'error: invalid argument "many" for "--replicas" flag: strconv.ParseInt: parsing "many": invalid syntax\n'
         "See 'kubectl scale --help' for usage.\n"),
        ("scale deploy --replicas=1", "error: resource(s) were provided, but no name was specified\n"),
        ("scale deploy -l a=b --replicas=1", "error: no objects passed to scale\n"),
        ("scale svc kubernetes --replicas=1", "Error from server (NotFound): the server could not find the requested resource\n"),
    ],
)
def test_wrong_lines(line: str, error: str):
    said(console().run(line), "", error)
