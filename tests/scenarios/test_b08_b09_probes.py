"""B8, B9: what each probe brings about, and what it does: a file, a request, a connection."""

import pytest

from cluster.objects.kinds import pod as pods
from tests.support.scenario import Scenario

# The note's own example.
LIVENESS = """
apiVersion: v1
kind: Pod
metadata: {name: liveness-exec}
spec:
  containers:
  - name: liveness
    image: busybox
    args: [/bin/sh, -c, "touch /tmp/healthy; sleep 30; rm -rf /tmp/healthy; sleep 600"]
    livenessProbe:
      exec: {command: [cat, /tmp/healthy]}
      initialDelaySeconds: 5
      periodSeconds: 5
"""
WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: nginx
        image: nginx
        readinessProbe: {httpGet: {path: /ready, port: 80}, periodSeconds: 2, failureThreshold: 2}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
"""


def running(cluster, name):
    def runs():
        return "running" in (pods.container_status(cluster.get(f"pods/{name}"), "liveness") or {"state": {}})["state"]

    return cluster.when(runs)


def test_it_works():
    cluster = Scenario()
    cluster.apply(LIVENESS)
    began = running(cluster, "liveness-exec")
    # The file is gone after 30 s: the probes at 35, 40 and 45 s fail, the grace period is 30 s, and then it starts again.
    killed = cluster.when(lambda: cluster.events("Killing"))
    assert 44.5 < killed - began < 45.5 or 39.5 < killed - began < 40.5
    assert cluster.events("Killing") == ["Container liveness failed liveness probe, will be restarted"]
    assert "Liveness probe failed: cat: can't open '/tmp/healthy': No such file or directory" in cluster.events("Unhealthy")
    again = cluster.when(lambda: pods.restarts(cluster.get("pods/liveness-exec")) == 1)
    assert 29.5 < again - killed < 32
    assert "1/1     Running   1" in cluster.run("get pods").stdout


def test_it_goes_on_round_and_round():
    cluster = Scenario()
    cluster.apply(LIVENESS)

    def restarts():
        return pods.restarts(cluster.get("pods/liveness-exec"))

    rounds = [cluster.when(lambda number=number: restarts() == number) for number in (1, 2, 3)]
    assert rounds == sorted(rounds)
    assert 74 < rounds[1] - rounds[0] < 90


def test_readiness_takes_a_pod_out_of_its_service():
    cluster = Scenario()
    cluster.apply(WEB)
    cluster.advance(15)
    assert cluster.ready("app=web") == []
    assert "Readiness probe failed: HTTP probe failed with statuscode: 404" in cluster.events("Unhealthy")
    for pod in cluster.pods("app=web"):
        name = pod["metadata"]["name"]
        cluster.run(f"exec {name} -- sh -c 'cd /usr/share/nginx/html; echo yes > ready; echo {name} > index.html'")
    cluster.when(lambda: len(cluster.ready("app=web")) == 3, within=10)
    sick = cluster.ready("app=web")[0]
    removed = cluster.now
    cluster.run(f"exec {sick} -- rm /usr/share/nginx/html/ready")
    assert cluster.when(lambda: sick not in cluster.ready("app=web"), within=10) - removed < 6
    cluster.advance(3)
    cluster.run("run box --image=busybox -- sleep 86400")
    cluster.quiet()
    answers = set()
    for _ in range(20):
        answers.add(cluster.run("exec box -- wget -qO- http://web").stdout.strip())
        cluster.advance(1)
    assert answers == set(cluster.ready("app=web"))
    assert pods.restarts(cluster.get(f"pods/{sick}")) == 0
    cluster.run(f"exec {sick} -- touch /usr/share/nginx/html/ready")
    cluster.when(lambda: sick in cluster.ready("app=web"), within=10)


@pytest.mark.parametrize(("probe", "problem"), [
    ("tcpSocket: {port: 6379}", ""),
    ("exec: {command: [redis-cli, ping]}", ""),
    ("tcpSocket: {port: 6380}", "Liveness probe failed: dial tcp 10.244.1.2:6380: connect: connection refused"),
    ("exec: {command: [sh, -c, 'sleep 5']}", 'Liveness probe failed: command timed out: "sh -c sleep 5" timed out after 1s'),
    ("exec: {command: [nosuch]}", "Liveness probe errored and resulted in unknown state: "),
    ("httpGet: {port: nowhere}", "Liveness probe errored and resulted in unknown state: strconv.Atoi: parsing \"nowhere\""),
])
def test_handlers(probe, problem):
    cluster = Scenario()
    cluster.apply(f"""
apiVersion: v1
kind: Pod
metadata: {{name: store}}
spec:
  nodeName: node-1
  containers:
  - name: redis
    image: redis:7
    livenessProbe: {{{probe}, periodSeconds: 2, failureThreshold: 2}}
""")
    cluster.advance(20)
    found = cluster.events("Unhealthy")
    assert not found if not problem else found[0].startswith(problem)
    restarts = pods.restarts(cluster.get("pods/store"))
    # What cannot even be made does not count.
    assert (restarts > 0) == (bool(problem) and "errored" not in problem)


def test_a_startup_probe_gives_a_slow_server_its_time():
    cluster = Scenario()
    cluster.apply("""
apiVersion: v1
kind: Pod
metadata: {name: slow}
spec:
  containers:
  - name: c
    image: busybox
    command: [sh, -c, "sleep 40; touch /tmp/up; sleep 86400"]
    startupProbe: {exec: {command: [cat, /tmp/up]}, periodSeconds: 5, failureThreshold: 12}
    livenessProbe: {exec: {command: [cat, /tmp/up]}, periodSeconds: 1, failureThreshold: 1}
""")
    ready = cluster.when(lambda: pods.is_ready(cluster.get("pods/slow")), within=90)
    assert 40 < ready < 50
    cluster.advance(60)
    assert pods.restarts(cluster.get("pods/slow")) == 0
