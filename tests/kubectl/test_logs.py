"""`kubectl logs`: what containers print, whose logs a line means, why there are none."""

from __future__ import annotations

import pytest

from cluster.objects.documents import Document
from cluster.simulation.bootstrap import new_cluster
from tests.support.console import Console

LOOP = ["sh", "-c", "while true; do echo tick; sleep 2; done"]
CRASH = ["sh", "-c", "echo one; sleep 1; echo two; exit 1"]


def cluster(*pods: Document, wait: int = 10_000) -> Console:
    simulation = new_cluster()
    for pod in pods:
        simulation.user().create(pod, "default")
    simulation.advance(wait)
    return Console(simulation)


def pod(name: str, *containers: Document, **meta: object) -> Document:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, **meta}, "spec": {"containers": list(containers)}}


def container(name: str = "c", image: str = "busybox", **fields: object) -> Document:
    return {"name": name, "image": image, **fields}


def deployment(replicas: int = 2) -> Document:
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container("web", "nginx")]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}


def test_it_works():
    result = cluster(pod("a", container(command=LOOP))).run("logs a")
    assert set(result.lines) == {"tick"} and len(result.lines) > 2
    assert (result.stderr, result.code) == ("", 0)


def test_tail_and_since():
    console = cluster(pod("a", container(command=LOOP)))
    assert console.run("logs a --tail=2").lines == ["tick", "tick"]
    assert console.run("logs a --tail=0").stdout == ""
    assert len(console.run("logs a --since=3s").lines) in (1, 2)
    assert len(console.run("logs a --since=1h").lines) == len(console.run("logs a").lines)


def test_timestamps_and_prefix():
    line = cluster(pod("a", container(command=LOOP))).run("logs a --timestamps --prefix --tail=1").stdout
    assert line.startswith("[pod/a/c] 2026-01-01T00:00:") and line.endswith("Z tick\n")


def test_previous_and_while_it_waits_for_its_next_run():
    console = cluster(pod("a", container(command=CRASH)), wait=25_000)
    assert console.run("logs a").lines == ["one", "two"]
    assert console.run("logs a --previous").lines == ["one", "two"]


def test_without_a_previous_run():
    result = cluster(pod("a", container(command=LOOP))).run("logs a -p")
    assert result.stderr == 'Error from server (BadRequest): previous terminated container "c" in pod "a" not found\n'
    assert result.code == 1


def test_waiting_to_start():
    console = cluster(pod("a", container(image="nginx")), wait=700)
    result = console.run("logs a")
    assert result.stderr == 'Error from server (BadRequest): container "c" in pod "a" is waiting to start: ContainerCreating\n'


def test_an_image_that_cannot_be_pulled():
    result = cluster(pod("a", container(image="nginx:doesnotexist"))).run("logs a")
    assert result.stderr.startswith('Error from server (BadRequest): container "c" in pod "a" is waiting to start: ')
    assert result.stderr.endswith(("image can't be pulled\n", "trying and failing to pull image\n"))


def test_nothing_comes_from_a_pod_without_a_node():
    result = cluster(pod("a", container(resources={"requests": {"cpu": "99"}}))).run("logs a")
    assert (result.stdout, result.stderr, result.code) == ("", "", 0)


def test_several_containers():
    console = cluster(pod("a", container("x", command=LOOP), container("y", "nginx")))
    result = console.run("logs a --tail=1")
    assert (result.stdout, result.stderr) == ("tick\n", 'Defaulted container "x" out of: x, y\n')
    assert console.run("logs a y").stdout == console.run("logs a -c y").stdout != ""
    assert console.run("logs a --all-containers --prefix --tail=1").lines[0] == "[pod/a/x] tick"
    assert console.run("logs a -c z").stderr == "error: container z is not valid for pod a out of: x, y\n"


def test_the_default_container():
    annotations = {"kubectl.kubernetes.io/default-container": "y"}
    console = cluster(pod("a", container("x", "nginx"), container("y", command=LOOP), annotations=annotations))
    assert console.run("logs a --tail=1").stdout == "tick\n"


def test_a_workload_stands_for_one_of_its_pods():
    console = cluster(deployment())
    result = console.run("logs deploy/web")
    assert result.stdout and result.stderr.startswith("Found 2 pods, using pod/web-")
    assert "[pod/web-" in console.run("logs deploy/web --all-pods").stdout
    assert console.run("logs -l app=web --tail=1").stdout.count("\n") == 2


def test_a_node_that_does_not_answer():
    console = cluster(pod("a", container(command=LOOP)))
    node = console.simulation.api.read("pods", "default", "a")["spec"]["nodeName"]
    console.simulation.switch(f"kubelet/{node}", False)
    assert console.run("logs a").stderr.endswith(":10250: connect: connection refused\n")
    console.simulation.switch(f"node/{node}", False)
    text = console.run("logs a").stderr
    assert text.startswith('Error from server: Get "https://10.0.0.1') and text.endswith("connect: no route to host\n")


def test_following_ends_with_the_container():
    never = {"restartPolicy": "Never"}
    document = pod("a", container(command=["sh", "-c", "echo one; sleep 20; echo two"]))
    console = cluster({**document, "spec": {**document["spec"], **never}})
    result = console.run("logs a -f")
    assert (result.lines, result.code) == (["one", "two"], 0)


def test_following_waits_for_the_start():
    never = {"restartPolicy": "Never"}
    document = pod("a", container(command=["sh", "-c", "echo one"]))
    console = cluster({**document, "spec": {**document["spec"], **never}}, wait=700)
    result = console.run("logs a -f")
    assert result.lines == ["one"]
    assert set(result.stderr.splitlines()) == {'container "c" in pod "a" is waiting to start: ContainerCreating'}


def test_following_several():
    console = cluster(deployment(6))
    assert console.run("logs -f -l app=web").stderr == (
        "error: you are attempting to follow 6 log streams, but maximum allowed concurrency is 5, use --max-log-requests to"
        " increase the limit\n"
    )


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("logs nope", 'error: error from server (NotFound): pods "nope" not found in namespace "default"\n'),
        (
            "logs deploy/nope",
            'error: error from server (NotFound): deployments.apps "nope" not found in namespace "default"\n',
        ),
        ("logs nope/x", 'error: the server doesn\'t have a resource type "nope"\n'),
        ("logs a -c x --all-containers", "error: --all-containers=true should not be specified with container name x\n"),
        ("logs a b -c x", "error: only one of -c or an inline [CONTAINER] arg is allowed\n"),
        ("logs a --tail=-2", "error: --tail must be greater than or equal to -1\n"),
        (
            "logs cm/kube-root-ca.crt",
            "error: cannot get the logs from *v1.ConfigMap: selector for ConfigMap could not be found\n",
        ),
    ],
)
def test_wrong_lines(line: str, text: str):
    result = cluster(wait=0).run(line)
    assert (result.stdout, result.stderr, result.code) == ("", text, 1)


def test_what_a_line_must_name():
    text = cluster(wait=0).run("logs").stderr
    assert text.startswith("error: expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\n")
    assert cluster(wait=0).run("logs a --since=x").stderr.startswith('error: invalid argument "x" for "--since" flag: ')
