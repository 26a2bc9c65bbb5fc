"""`kubectl expose`."""

from __future__ import annotations

import pytest

from cluster.objects.documents import Document
from tests.kubectl.builders import recorded
from tests.kubectl.running import console, said
from tests.support.console import Console

PORTS = """\
apiVersion: v1
kind: Pod
metadata: {name: many, labels: {app: many}}
spec:
  containers:
  - {name: a, image: "nginx:1", ports: [{containerPort: 80}, {containerPort: 53, protocol: UDP}]}
"""


def exposing() -> Console:
    new = console()
    new.run("create deployment web --image=nginx:1 --port=80")
    return new


def spec(new: Console, name: str = "web") -> Document:
    found: Document = new.simulation.api.read("services", "default", name)["spec"]
    return found


def test_it_works_as_recorded():
    new = exposing()
    recording = recorded("09-service", "expose")
    said(new.run(recording.command), recording.stdout)
    assert spec(new)["ports"] == [{"port": 80, "protocol": "TCP", "targetPort": 80}]
    assert spec(new)["selector"] == {"app": "web"}


def test_everything_can_be_said():
    new = exposing()
    line = "expose deploy web --name=front --port=8080 --target-port=http --type=NodePort --protocol=UDP --labels=a=b"
    said(new.run(line), "service/front exposed\n")
    found = new.simulation.api.read("services", "default", "front")
    assert found["metadata"]["labels"] == {"a": "b"}
    (port,) = found["spec"]["ports"]
    assert (port["port"], port["targetPort"], port["protocol"]) == (8080, "http", "UDP")
    assert found["spec"]["type"] == "NodePort"


def test_several_ports_get_names():
    new = console()
    new.run("apply -f p.yaml", p_yaml=PORTS)
    said(new.run("expose pod many"), "service/many exposed\n")
    assert [(p["name"], p["port"], p["protocol"]) for p in spec(new, "many")["ports"]] == [
        ("port-1", 80, "TCP"), ("port-2", 53, "UDP"),
    ]


def test_headless_and_by_another_selector():
    new = exposing()
    new.run("expose deploy web --cluster-ip=None --selector=tier=front")
    assert spec(new)["clusterIP"] == "None" and spec(new)["selector"] == {"tier": "front"}


def test_a_service_and_a_replica_set():
    new = exposing()
    new.run("rollout status deploy/web")
    new.run("expose deploy web")
    said(new.run("expose service web --name=again"), "service/again exposed\n")
    name = new.simulation.api.list("replicasets.apps", "default")[0]["metadata"]["name"]
    said(new.run(f"expose rs {name} --name=third"), "service/third exposed\n")


def test_a_dry_run():
    new = exposing()
    assert new.run("expose deploy web --dry-run=client -o yaml").stdout == """\
apiVersion: v1
kind: Service
metadata:
  labels:
    app: web
  name: web
spec:
  ports:
  - port: 80
    protocol: TCP
    targetPort: 80
  selector:
    app: web
status:
  loadBalancer: {}
"""
    assert new.simulation.api.get("services", "default", "web") is None


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("expose deploy nothing", 'Error from server (NotFound): deployments.apps "nothing" not found\n'),
        ("expose node node-1", "error: cannot expose a Node\n"),
        ("expose svc kubernetes --name=k",
         "error: couldn't retrieve selectors via --selector flag or introspection: the service has no pod selector set\n"),
        ("expose pod bare", "error: couldn't find port via --port flag or introspection\n"),
        ("expose deploy web --port=x", 'error: strconv.ParseUint: parsing "x": invalid syntax\n'),
        ("expose deploy web --selector=x", "error: unexpected label spec: x\n"),
        ("expose deploy web --session-affinity=odd", "error: unknown session affinity: odd\n"),
        ("expose deploy web --name=kubernetes", 'Error from server (AlreadyExists): services "kubernetes" already exists\n'),
    ],
)
def test_wrong_lines(line: str, error: str):
    new = exposing()
    new.run("run bare --image=nginx:1")
    said(new.run(line), "", error)
