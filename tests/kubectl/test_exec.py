"""`kubectl exec`: output, exit codes, what it leaves behind, what kubectl says when it cannot."""

import pytest

from cluster.objects.kinds import pod as pods
from tests.support.scenario import Scenario

POD = """
apiVersion: v1
kind: Pod
metadata: {name: box}
spec:
  %s
  containers:
  - {name: c, image: busybox, command: [sh, -c, "%s"]}
  - {name: web, image: nginx}
"""


def started(script="sleep 86400", more=""):
    cluster = Scenario()
    cluster.apply(POD % (more, script))
    cluster.when(lambda: pods.phase(cluster.get("pods/box")) == "Running", within=30)
    return cluster


def last_steps(cluster):
    return [(step.say, step.actor) for step in cluster.steps if step.say == "user.executed"]


def test_it_works():
    cluster = started()
    result = cluster.console.run("exec box -c c -- sh -c 'echo out; echo err >&2; exit 3'")
    assert (result.stdout, result.stderr, result.code) == ("out\n", "err\ncommand terminated with exit code 3\n", 3)


def test_the_default_container():
    result = started().console.run("exec box -- hostname")
    assert (result.stdout, result.stderr) == ("box\n", 'Defaulted container "c" out of: c, web\n')


def test_looking_leaves_no_trace_and_writing_is_a_step():
    cluster = started()
    before = cluster.simulation.revision
    cluster.run("exec box -c c -- ls /")
    assert cluster.simulation.revision == before
    cluster.run("exec box -c c -- touch /tmp/a")
    assert last_steps(cluster) == [("user.executed", "user")]
    step = next(step for step in cluster.steps if step.say == "user.executed")
    assert step.args == {"pod": "pods/default/box", "container": "c", "command": "touch /tmp/a"}
    assert cluster.run("exec box -c c -- ls /tmp").stdout == "a\n"
    cluster.advance(3600)
    assert cluster.run("exec box -c c -- ls /tmp").stdout == "a\n"


def test_a_command_takes_its_time():
    cluster = started()
    began = cluster.now
    assert cluster.run("exec box -c c -- sh -c 'sleep 5; date +%S'").stdout
    assert 5 <= cluster.now - began < 6


def test_a_workload():
    cluster = Scenario()
    cluster.run("create deployment web --image=nginx")
    cluster.quiet()
    assert cluster.run("exec deploy/web -- cat /etc/hostname").stdout.startswith("web-")


@pytest.mark.parametrize(("line", "problem"), [
    ("exec", "error: pod, type/name or --filename must be specified"),
    ("exec box", "error: you must specify at least one command for the container"),
    ("exec box ls", "error: exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead\n"
                    "See 'kubectl exec -h' for help and examples"),
    ("exec box -c no -- ls", "error: container no is not valid for pod box out of: c, web"),
    ("exec nobody -- ls", 'Error from server (NotFound): pods "nobody" not found'),
    ("exec -it box -c c -- sh", "error: this console has no terminal to lend to sh: give the command after it, "
                                "for example: kubectl exec box -- sh -c 'ls /'"),
    ("exec box -c c -- /bin/bash", "error: this console has no terminal to lend to bash: give the command after it, "
                                   "for example: kubectl exec box -- bash -c 'ls /'"),
    ("exec box -c c -- nosuch", "error: Internal error occurred: error executing command in container: "),
    ("exec box -c c -- sleep 86400", "error: the command has not ended by itself after 5 minutes"),
    ("cp box:/a b", "error: cp is not there: this console has no files of its own."),
    ("attach box", "error: this console cannot attach to a container"),
    ("port-forward box 80", "error: port-forward is not there"),
])
def test_what_kubectl_says(line, problem):
    assert started().refused(line).startswith(problem)


def test_a_container_that_does_not_run():
    cluster = started("exit 1", "restartPolicy: Never")
    cluster.advance(5)
    assert cluster.refused("exec box -c c -- ls") == (
        'error: Internal error occurred: unable to upgrade connection: container not found ("c")'
    )


def test_a_pod_that_is_over():
    cluster = Scenario()
    cluster.run("run done --image=busybox --restart=Never -- true")
    cluster.quiet()
    problem = "error: cannot exec into a container in a completed pod; current phase is Succeeded"
    assert cluster.refused("exec done -- ls") == problem


def test_a_node_that_does_not_answer():
    cluster = started()
    node = cluster.get("pods/box")["spec"]["nodeName"]
    cluster.simulation.switch(f"node/{node}", False)
    assert "no route to host" in cluster.refused("exec box -c c -- ls")


def test_a_container_that_goes_takes_the_command_with_it():
    cluster = started("sleep 10; exit 1")
    result = cluster.console.run("exec box -c c -- sleep 60")
    assert (result.stderr, result.code) == ("command terminated with exit code 137\n", 137)


def test_a_pod_without_a_node():
    cluster = Scenario()
    cluster.apply(POD % ("nodeSelector: {no: where}", "true"))
    cluster.quiet()
    assert cluster.refused("exec box -c c -- ls") == "Error from server (BadRequest): pod box does not have a host assigned"
