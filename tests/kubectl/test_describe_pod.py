"""`kubectl describe pod`."""

from __future__ import annotations

from cluster.objects.documents import Document
from tests.kubectl.builders import event, frozen, made, pod

NOW = "2026-01-01T00:02:00Z"
STARTED = "2026-01-01T00:00:01Z"


def full() -> Document:
    container = {
        "name": "web", "image": "nginx:1.27", "command": ["sh", "-c"], "args": ["echo one\nsleep 1"],
        "ports": [{"containerPort": 80, "protocol": "TCP", "name": "http"}, {"containerPort": 443, "protocol": "TCP"}],
        "resources": {"limits": {"cpu": "1", "memory": "128Mi"}, "requests": {"cpu": "100m", "memory": "64Mi"}},
        "readinessProbe": {
            "httpGet": {"path": "/ready", "port": 80, "scheme": "HTTP"}, "initialDelaySeconds": 5, "timeoutSeconds": 1,
            "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3,
        },
        "livenessProbe": {
            "exec": {"command": ["cat", "/tmp/x"]}, "timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1,
            "failureThreshold": 3,
        },
        "envFrom": [{"configMapRef": {"name": "settings"}}, {"secretRef": {"name": "s", "optional": True}, "prefix": "X_"}],
        "env": [
            {"name": "PLAIN", "value": "a\nb"},
            {"name": "NAME", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}},
            {"name": "NODE", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "spec.nodeName"}}},
            {"name": "CPU", "valueFrom": {"resourceFieldRef": {"resource": "requests.cpu"}}},
            {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
        ],
        "volumeMounts": [
            {"name": "data", "mountPath": "/z", "subPath": "sub"}, {"name": "config", "mountPath": "/a", "readOnly": True},
        ],
    }
    status = {
        "phase": "Running", "podIP": "10.244.0.2", "podIPs": [{"ip": "10.244.0.2"}], "hostIP": "10.0.0.11",
        "startTime": STARTED, "qosClass": "Burstable",
        "conditions": [{"type": "Initialized", "status": "True"}, {"type": "ContainersReady", "status": "False"}],
        "containerStatuses": [
            {
                "name": "web", "ready": False, "restartCount": 2, "image": "nginx:1.27", "imageID": "id", "containerID": "c://1",
                "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}},
                "lastState": {
                    "terminated": {"exitCode": 1, "reason": "Error", "startedAt": STARTED, "finishedAt": STARTED},
                },
            },
        ],
    }
    return pod(
        "web-1", labels={"app": "web"}, status=status,
        ownerReferences=[{"kind": "ReplicaSet", "name": "web", "uid": "u", "controller": True}],
        spec={
            "containers": [container], "nodeName": "node-1", "priority": 0, "serviceAccountName": "default",
            "nodeSelector": {"disk": "ssd"},
            "volumes": [
                {"name": "data", "emptyDir": {}}, {"name": "config", "configMap": {"name": "settings"}},
                {"name": "odd", "fancy": {}},
            ],
            "tolerations": [
                {"key": "b", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300},
                {"key": "a", "operator": "Equal", "value": "1", "effect": "NoSchedule"}, {"operator": "Exists"},
            ],
        },
    )


EXPECTED = """\
Name:             web-1
Namespace:        default
Priority:         0
Service Account:  default
Node:             node-1/10.0.0.11
Start Time:       Thu, 01 Jan 2026 00:00:01 +0000
Labels:           app=web
Annotations:      <none>
Status:           Running
IP:               10.244.0.2
IPs:
  IP:           10.244.0.2
Controlled By:  ReplicaSet/web
Containers:
  web:
    Container ID:  c://1
    Image:         nginx:1.27
    Image ID:      id
    Ports:         80/TCP (http), 443/TCP
    Host Ports:    0/TCP (http), 0/TCP
    Command:
      sh
      -c
    Args:
      echo one
      sleep 1
    State:          Waiting
      Reason:       CrashLoopBackOff
    Last State:     Terminated
      Reason:       Error
      Exit Code:    1
      Started:      Thu, 01 Jan 2026 00:00:01 +0000
      Finished:     Thu, 01 Jan 2026 00:00:01 +0000
    Ready:          False
    Restart Count:  2
    Limits:
      cpu:     1
      memory:  128Mi
    Requests:
      cpu:      100m
      memory:   64Mi
    Liveness:   exec [cat /tmp/x] delay=0s timeout=1s period=10s #success=1 #failure=3
    Readiness:  http-get http://:80/ready delay=5s timeout=1s period=10s #success=1 #failure=3
    Environment Variables from:
      settings  ConfigMap                Optional: false
      s         Secret with prefix 'X_'  Optional: true
    Environment:
      PLAIN:  a
              b
      NAME:   web-1 (v1:metadata.name)
      NODE:    (v1:spec.nodeName)
      CPU:    1 (requests.cpu)
      KEY:    <set to the key 'k' in secret 's'>  Optional: false
    Mounts:
      /a from config (ro)
      /z from data (rw,path="sub")
Conditions:
  Type              Status
  Initialized       True@
  ContainersReady   False@
Volumes:
  data:
    Type:       EmptyDir (a temporary directory that shares a pod's lifetime)
    Medium:@@@@@
    SizeLimit:  <unset>
  config:
    Type:      ConfigMap (a volume populated by a ConfigMap)
    Name:      settings
    Optional:  false
  odd:
  <unknown>
QoS Class:       Burstable
Node-Selectors:  disk=ssd
Tolerations:     op=Exists
                 a=1:NoSchedule
                 b:NoExecute op=Exists for 300s
Events:
  Type     Reason     Age                 From               Message
  ----     ------     ----                ----               -------
  Normal   Scheduled  119s                default-scheduler  Successfully assigned default/web-1 to node-1
  Warning  BackOff    10s (x7 over 119s)  kubelet            spec.containers{web}: Back-off
"""


def events(about: Document) -> list[Document]:
    scheduled = event(
        about, "Scheduled", "Successfully assigned default/web-1 to node-1", number=1, eventTime="2026-01-01T00:00:01.000000Z",
        reportingComponent="default-scheduler", count=None,
    )
    failing = event(
        about, "BackOff", " Back-off ", number=2, firstTimestamp=STARTED, lastTimestamp="2026-01-01T00:01:50Z",
        source={"component": "kubelet"},
    )
    failing["type"], failing["count"] = "Warning", 7
    failing["involvedObject"]["fieldPath"] = "spec.containers{web}"
    return [scheduled, failing]


def test_it_works():
    document = full()
    text = frozen(document, *events(document), now=NOW).run("describe pod web-1").stdout
    # "@" stands for a space that an editor would take away.
    assert text == EXPECTED.replace("@", " ")


def test_a_prefix_describes_all_that_match_without_events():
    document = full()
    console = frozen(document, *events(document), pod("web-2"), pod("other"), now=NOW)
    result = console.run("describe pod web")
    assert [line for line in result.lines if line.startswith("Name:")] == ["Name:             web-1", "Name:         web-2"]
    assert "Events:" not in result.stdout
    assert console.run("describe pod nope").stderr == 'Error from server (NotFound): pods "nope" not found\n'


def test_several_are_separated_by_two_blank_lines():
    result = frozen(pod("a"), pod("b")).run("describe pods")
    assert "\n\n\nName:         b\n" in result.stdout
    assert frozen().run("describe pods").stderr == "No resources found in default namespace.\n"


def test_events_of_several_when_asked_for():
    assert "Events:" in frozen(pod("a"), pod("b")).run("describe pods --show-events").stdout
    assert "Events:" not in frozen(pod("a")).run("describe pods --show-events=false").stdout


def test_a_pod_that_waits_and_one_that_ends():
    waiting = pod("a", spec={"containers": [{"name": "c", "image": "i"}]}, status={"phase": "Pending"})
    lines = frozen(waiting).run("describe pod a").lines
    assert "Node:         <none>" in lines
    assert "IPs:          <none>" in lines
    ending = pod("b", deletionTimestamp="2026-01-01T00:00:30Z", deletionGracePeriodSeconds=30)
    lines = frozen(ending, now="2026-01-01T00:00:35Z").run("describe pod b").lines
    assert "Status:                    Terminating (lasts 5s)" in lines
    assert "Termination Grace Period:  30s" in lines


def test_other_kinds_beside_it():
    result = frozen(pod("a"), made("v1", "ServiceAccount", "s")).run("describe pod/a sa/s nope/x")
    assert result.stderr == 'error: the server doesn\'t have a resource type "nope"\n'
