"""B10: init containers, sidecars, hooks and a graceful end."""

import pytest

from cluster.objects.kinds import pod as pods
from tests.support.scenario import Scenario

# The example of the Kubernetes documentation.
INIT = """
apiVersion: v1
kind: Pod
metadata: {name: myapp}
spec:
  containers:
  - {name: myapp, image: "busybox:1.28", command: [sh, -c, "echo The app is running! && sleep 3600"]}
  initContainers:
  - name: init-myservice
    image: busybox:1.28
    command: [sh, -c, "until nslookup myservice.default.svc.cluster.local; do echo waiting for myservice; sleep 2; done"]
"""
SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: myservice}\nspec: {ports: [{port: 80}]}\n"


def pod(container, more="", name="web"):
    return f"""
apiVersion: v1
kind: Pod
metadata: {{name: {name}}}
spec:
  {more}
  containers:
  - name: c
    {container}
"""


def started(manifest, name="web"):
    cluster = Scenario()
    cluster.apply(manifest)
    cluster.when(lambda: pods.is_ready(cluster.get(f"pods/{name}")), within=60)
    cluster.advance(1)
    return cluster


def gone(cluster, name="web"):
    """Seconds from the deletion to the end."""
    began = cluster.now
    cluster.console.run(f"delete pod {name} --wait=false")
    return cluster.when(lambda: cluster.find(f"pods/{name}") is None, within=120) - began


def test_it_works():
    cluster = Scenario()
    cluster.apply(INIT)
    cluster.advance(60)
    assert pods.status_text(cluster.get("pods/myapp")) == "Init:0/1"
    assert "waiting for myservice" in cluster.run("logs myapp -c init-myservice").stdout
    made = cluster.now
    cluster.apply(SERVICE)
    assert cluster.when(lambda: pods.is_ready(cluster.get("pods/myapp")), within=30) - made < 6
    assert cluster.run("logs myapp").stdout == "The app is running!\n"


def test_a_sidecar_starts_first_and_ends_last():
    cluster = started("""
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  initContainers:
  - name: logs
    image: busybox
    restartPolicy: Always
    command: [sh, -c, "touch /logs/app; trap 'echo sidecar ends; exit 0' TERM; tail -f /logs/app & wait"]
    volumeMounts: [{name: logs, mountPath: /logs}]
  containers:
  - name: app
    image: busybox
    command: [sh, -c, "echo begun >>/logs/app; trap 'echo ended >>/logs/app; exit 0' TERM; sleep 3600 & wait"]
    volumeMounts: [{name: logs, mountPath: /logs}]
  volumes: [{name: logs, emptyDir: {}}]
""")
    assert "2/2" in cluster.run("get pods").stdout
    assert cluster.run("logs web -c logs").stdout == "begun\n"
    lines = []
    cluster.always(lambda: lines.append(cluster.console.run("logs web -c logs").stdout))
    assert gone(cluster) < 5
    assert any("ended" in text for text in lines)
    stopped = [step.args["container"] for step in cluster.steps if step.say in ("kubelet.killing",)]
    assert stopped == ["app", "logs"]


@pytest.mark.parametrize(("container", "least", "most"), [
    ("image: nginx", 0, 2),  # it heeds the signal
    ('image: busybox\n    command: [sleep, "3600"]', 30, 33),  # process 1 does not hear it: SIGKILL after the grace period
    ("image: busybox\n    command: [sh, -c, 'trap \"sleep 3; exit 0\" TERM; sleep 3600 & wait']", 3, 6),
    ("image: nginx\n    lifecycle: {preStop: {exec: {command: [sh, -c, 'sleep 7']}}}", 7, 9),
    ("image: nginx\n    lifecycle: {preStop: {sleep: {seconds: 5}}}", 5, 7),
])
def test_how_long_an_end_takes(container, least, most):
    assert least <= gone(started(pod(container))) <= most


def test_grace_period():
    cluster = started(pod('image: busybox\n    command: [sleep, "3600"]', "terminationGracePeriodSeconds: 4"))
    assert 4 <= gone(cluster) < 6


def test_a_stop_hook_leaves_its_traces():
    hook = "lifecycle: {preStop: {exec: {command: [sh, -c, 'echo bye >/var/log/last']}}}"
    mount = "volumeMounts: [{name: log, mountPath: /var/log}]"
    volume = "volumes: [{name: log, hostPath: {path: /var/log/web}}]\n  nodeName: node-1"
    cluster = started(pod(f"image: nginx\n    {hook}\n    {mount}", volume))
    gone(cluster)
    look = f"image: busybox\n    command: [cat, /var/log/last]\n    {mount}"
    cluster.apply(pod(look, f"restartPolicy: Never\n  {volume}", "look"))
    cluster.quiet()
    assert cluster.run("logs look").stdout == "bye\n"


def test_a_start_hook_holds_the_pod_back():
    hook = "lifecycle: {postStart: {exec: {command: [sh, -c, 'sleep 5; echo warm >/tmp/warm']}}}"
    cluster = Scenario()
    cluster.apply(pod(f"image: nginx\n    {hook}"))
    started_at = cluster.when(lambda: "Container started" in cluster.events("Started"), within=30)
    assert "ContainerCreating" in cluster.run("get pods").stdout
    ready = cluster.when(lambda: pods.is_ready(cluster.get("pods/web")), within=30)
    assert 4.9 < ready - started_at < 6
    assert cluster.run("exec web -- cat /tmp/warm").stdout == "warm\n"


def test_a_start_hook_that_fails():
    cluster = Scenario()
    cluster.apply(pod("image: nginx\n    lifecycle: {postStart: {exec: {command: [sh, -c, 'echo no >&2; exit 3']}}}"))
    cluster.advance(10)
    assert "PostStartHook failed" in cluster.events("FailedPostStartHook")
    assert "FailedPostStartHook" in cluster.events("Killing")
    assert pods.status_text(cluster.get("pods/web")) in ("PostStartHookError", "CrashLoopBackOff")


def test_a_stop_hook_that_fails_stops_nothing():
    cluster = started(pod("image: nginx\n    lifecycle: {preStop: {exec: {command: [sh, -c, 'exit 1']}}}"))
    assert gone(cluster) < 3
    assert cluster.events("FailedPreStopHook") == ["PreStopHook failed"]
