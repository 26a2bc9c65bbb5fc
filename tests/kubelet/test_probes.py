"""Probes: readiness, liveness, startup; only turns are steps."""

import pytest

from cluster.containers import images, references
from cluster.kubelet import probes, process


def http(port=80, path="/", **fields):
    return {"httpGet": {"port": port, "path": path}, **fields}


def test_it_works(nodes):
    nodes.create(readinessProbe=http(initialDelaySeconds=10, periodSeconds=5))
    nodes.run(9)
    assert nodes.text() == "0/1 Running 0"
    nodes.run(10)
    assert nodes.text() == "1/1 Running 0"
    assert "Unhealthy" not in nodes.reasons()


def test_wrong_port_keeps_a_pod_unready(nodes):
    nodes.create(readinessProbe=http(81))
    nodes.run(100)
    assert nodes.text() == "0/1 Running 0"
    assert nodes.condition("Ready")["reason"] == "ContainersNotReady"
    assert nodes.events()[-1] == (
        "Warning", "Unhealthy",
        'Readiness probe failed: Get "http://10.244.1.2:81/": dial tcp 10.244.1.2:81: connect: connection refused',
    )


@pytest.mark.parametrize(("probe", "complaint"), [
    ({"tcpSocket": {"port": 81}}, "dial tcp 10.244.1.2:81: connect: connection refused"),
    (http(path="/healthz"), "HTTP probe failed with statuscode: 404"),
    ({"exec": {"command": ["cat", "/tmp/healthy"]}}, "cat: can't open '/tmp/healthy': No such file or directory"),
    ({"httpGet": {"port": 80, "scheme": "HTTPS"}},
     'Get "https://10.244.1.2:80/": http: server gave HTTP response to HTTPS client'),
    ({"grpc": {"port": 9000}},
     'timeout: failed to connect service "10.244.1.2:9000" within 1s: context deadline exceeded'),
])
def test_complaints(nodes, probe, complaint):
    nodes.create(readinessProbe=probe)
    nodes.run(30)
    assert nodes.events()[-1][2] == f"Readiness probe failed: {complaint}"
    assert nodes.text() == "0/1 Running 0"


@pytest.mark.parametrize("probe", [
    {"tcpSocket": {"port": 80}}, {"exec": {"command": ["true"]}}, {"exec": {"command": ["sh", "-c", "exit 0"]}},
    {"httpGet": {"port": "web"}}, http(path="/index.html"),
])
def test_successes(nodes, probe):
    nodes.create(readinessProbe=probe, ports=[{"name": "web", "containerPort": 80}])
    nodes.run(30)
    assert nodes.text() == "1/1 Running 0"


def test_success_threshold(nodes):
    nodes.create(readinessProbe=http(initialDelaySeconds=1, periodSeconds=10, successThreshold=3))
    nodes.run(20)
    assert nodes.text() == "0/1 Running 0"
    nodes.run(10)
    assert nodes.text() == "1/1 Running 0"


def test_readiness_that_is_lost(nodes):
    nodes.create(image="busybox:1", args=["sh", "-c", "touch /tmp/ok; sleep 20; rm /tmp/ok; sleep 600"],
                 readinessProbe={"exec": {"command": ["cat", "/tmp/ok"]}, "periodSeconds": 5})
    nodes.run(10)
    assert nodes.text() == "1/1 Running 0"
    steps = nodes.run(40)
    assert nodes.text() == "0/1 Running 0"
    assert "kubelet.probe-failed" in nodes.says(steps)


def test_liveness_restarts(nodes):
    nodes.create(
        image="busybox:1", args=["sh", "-c", "touch /tmp/healthy; sleep 30; rm -f /tmp/healthy; sleep 600"],
        livenessProbe={"exec": {"command": ["cat", "/tmp/healthy"]}, "initialDelaySeconds": 5, "periodSeconds": 5},
        terminationGracePeriodSeconds=10,
    )
    nodes.run(40)
    assert nodes.text() == "1/1 Running 0"
    assert nodes.reasons()[-1] == "Unhealthy"
    nodes.run(20)
    assert nodes.text() == "1/1 Running 1"
    assert nodes.container()["lastState"]["terminated"]["exitCode"] == 137
    assert ("Normal", "Killing", "Container c failed liveness probe, will be restarted") in nodes.events()


def test_liveness_of_a_server_that_turns_bad(nodes):
    nodes.create(image="registry.k8s.io/e2e-test-images/agnhost:2.40", args=["liveness"],
                 livenessProbe=http(8080, "/healthz", initialDelaySeconds=3, periodSeconds=3))
    nodes.run(30)
    assert nodes.text() == "1/1 Running 1"
    assert ("Warning", "Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 500") in nodes.events()


def test_startup_probe_holds_the_others_back(nodes):
    nodes.create(image="mysql:8", env=[{"name": "MYSQL_ROOT_PASSWORD", "value": "x"}],
                 startupProbe={"tcpSocket": {"port": 3306}, "periodSeconds": 5, "failureThreshold": 10},
                 livenessProbe={"tcpSocket": {"port": 3306}, "periodSeconds": 1, "failureThreshold": 1})
    nodes.run(12)
    assert (nodes.text(), nodes.container()["started"]) == ("0/1 Running 0", False)
    nodes.run(20)
    assert (nodes.text(), nodes.container()["started"]) == ("1/1 Running 0", True)


def test_startup_probe_that_never_succeeds(nodes):
    nodes.create(startupProbe=http(81, periodSeconds=2, failureThreshold=3))
    nodes.run(10)
    assert nodes.text() == "0/1 Running 1"
    assert ("Normal", "Killing", "Container c failed startup probe, will be restarted") in nodes.events()


def test_nothing_is_scheduled_for_probes_that_change_nothing(nodes):
    nodes.create(readinessProbe=http(periodSeconds=1), livenessProbe=http(periodSeconds=1))
    nodes.run(60)
    assert nodes.run(3000) == []


def moments(container, image="nginx"):
    found = images.find(references.parse(image), {})
    assert found is not None
    plan = process.plan(container, found)
    return [(moment.at, moment.what) for moment in probes.moments(container, plan, "10.0.0.1")]


def test_moments_without_probes():
    assert moments({}) == [(0, "started"), (0, "ready")]


def test_moments_of_a_slow_server():
    probe = {"tcpSocket": {"port": 8080}, "periodSeconds": 1}
    assert moments({"readinessProbe": probe}, "tomcat") == [(0, "started"), (1000, "unhealthy"), (2000, "ready")]


def test_probes_of_a_long_script_are_bounded():
    script = "sleep 100000; touch /tmp/ok; sleep 100000"
    probe = {"exec": {"command": ["cat", "/tmp/ok"]}, "periodSeconds": 1}
    found = moments({"command": ["sh", "-c", script], "readinessProbe": probe}, "busybox")
    assert found[:2] == [(0, "started"), (1000, "unhealthy")]
