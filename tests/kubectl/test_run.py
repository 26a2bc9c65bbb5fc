"""`kubectl run`."""

from __future__ import annotations

import pytest

from tests.kubectl.running import console, said


def test_it_works():
    new = console()
    said(new.run("run web --image=nginx:1 --port=80"), "pod/web created\n")
    said(new.run("wait --for=condition=Ready pod/web"), "pod/web condition met\n")


def test_dry_run_as_yaml():
    line = "run web --image=nginx:1 --port=80 --env=A=1,2 --env=B= --labels=a=b,c=d --restart=Never --dry-run=client -o yaml"
    assert console().run(f"{line} -- sleep 5").stdout == """\
apiVersion: v1
kind: Pod
metadata:
  labels:
    a: b
    c: d
  name: web
spec:
  containers:
  - args:
    - sleep
    - "5"
    env:
    - name: A
      value: 1,2
    - name: B
    image: nginx:1
    name: web
    ports:
    - containerPort: 80
    resources: {}
  dnsPolicy: ClusterFirst
  restartPolicy: Never
status: {}
"""


def test_a_command_instead_of_arguments():
    new = console()
    new.run("run web --image=busybox --command -- sh -c 'sleep 5'")
    (container,) = new.simulation.api.read("pods", "default", "web")["spec"]["containers"]
    assert container["command"] == ["sh", "-c", "sleep 5"] and "args" not in container


def test_with_a_service():
    new = console()
    said(new.run("run web --image=nginx:1 --port=80 --expose"), "service/web created\npod/web created\n")
    assert new.simulation.api.read("services", "default", "web")["spec"]["selector"] == {"run": "web"}


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("run", "error: NAME is required for run\nSee 'kubectl run -h' for help and examples\n"),
        ("run -- a", "error: NAME is required for run\nSee 'kubectl run -h' for help and examples\n"),
        ("run web", "error: --image is required\n"),
        ("run web --image='a b'", 'error: Invalid image name "a b": invalid reference format\n'),
        ("run web --image=Nginx", 'error: Invalid image name "Nginx": invalid reference format\n'),
        ("run web --image=nginx --restart=Sometimes",
         "error: invalid restart policy: Sometimes\nSee 'kubectl run -h' for help and examples\n"),
        ("run web --image=nginx --image-pull-policy=Odd",
         "error: invalid image pull policy: Odd\nSee 'kubectl run -h' for help and examples\n"),
        ("run web --image=nginx --env=A", "error: invalid env: A\n"),
        ("run web --image=nginx --port=http", 'error: strconv.ParseUint: parsing "http": invalid syntax\n'),
        ("run web --image=nginx --expose",
         "error: --port must be set when exposing a service\nSee 'kubectl run -h' for help and examples\n"),
        ("run web --image=nginx -it --rm", "error: this console cannot attach to a container: leave --stdin out\n"),
        ("run web --image=nginx --labels=a", "error: unexpected label spec: a\n"),
        ("run web --image=nginx -n nowhere", 'Error from server (NotFound): namespaces "nowhere" not found\n'),
    ],
)
def test_wrong_lines(line: str, error: str):
    said(console().run(line), "", error)


def test_twice():
    new = console()
    new.run("run web --image=nginx:1")
    said(new.run("run web --image=nginx:1"), "", 'Error from server (AlreadyExists): pods "web" already exists\n')
