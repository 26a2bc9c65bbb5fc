"""Probes: readiness, liveness, startup; only turns are steps."""

import pytest

from cluster.kubelet import probes
from cluster.kubelet.probes import Outcome


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
    ({"exec": {"command": ["cat", "/tmp/healthy"]}}, "cat: /tmp/healthy: No such file or directory"),
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


# --- what follows from outcomes --------------------------------------------------------------------------------------

OK, BAD = Outcome(True), Outcome(False, "no")


def moments(container, outcomes, *, turns=(), until=None, since=0, ledgers=None):
    """`outcomes`: (from when on, Outcome); times since the container's start in seconds."""
    def ask(kind, probe, at):
        return [outcome for begin, outcome in outcomes if begin * 1000 <= at][-1]

    known = probes.Future([*(turn * 1000 for turn in turns)], None if until is None else until * 1000)
    found = probes.foreseen(container, 0, ledgers or {}, since * 1000, ask, known)
    return found, [(moment.at / 1000, moment.what) for moment in probes.moments(container, 0, found)]


def test_moments_without_probes():
    assert moments({}, [(0, OK)])[1] == [(0, "started"), (0, "ready")]


def test_moments_of_a_slow_server():
    found = moments({"readinessProbe": {"periodSeconds": 1}}, [(0, BAD), (2, OK)], turns=[2])[1]
    assert found == [(0, "started"), (1, "unhealthy"), (2, "ready")]


def test_moments_of_a_liveness_probe():
    container = {"livenessProbe": {"periodSeconds": 5, "initialDelaySeconds": 5}}
    found = moments(container, [(0, OK), (30, BAD)], turns=[30])[1]
    assert found == [(0, "started"), (0, "ready"), (30, "unhealthy"), (40, "kill")]


def test_moments_of_a_flapping_server():
    container = {"readinessProbe": {"periodSeconds": 1, "failureThreshold": 2, "successThreshold": 2}}
    outcomes = [(0, OK), (5, BAD), (6, OK), (10, BAD)]
    found = moments(container, outcomes, turns=[5, 6, 10])[1]
    assert found == [(0, "started"), (2, "ready"), (5, "unhealthy"), (10, "unhealthy"), (11, "unready")]


def test_an_outcome_that_is_thrown_away():
    container = {"livenessProbe": {"periodSeconds": 1, "failureThreshold": 1}}
    found = moments(container, [(0, Outcome(None, "rpc error"))])[1]
    assert found == [(0, "started"), (0, "ready"), (1, "unhealthy")]


def test_a_startup_probe_comes_first():
    both = {"periodSeconds": 2}
    container = {"startupProbe": {"periodSeconds": 3}, "livenessProbe": both, "readinessProbe": both}
    found = moments(container, [(0, BAD), (3, OK), (100, BAD)], turns=[3, 100])[1]
    assert found[:3] == [(1, "unhealthy"), (4, "started"), (5, "ready")]
    assert (105, "kill") in found


def test_the_past_stays_when_the_future_changes():
    container = {"livenessProbe": {"periodSeconds": 10, "failureThreshold": 3}}
    ledgers, found = moments(container, [(0, OK), (20, BAD)], turns=[20])
    assert found[-1] == (41, "kill")
    ledgers, found = moments(container, [(0, OK)], since=35, ledgers=ledgers)
    assert found == [(0, "started"), (0, "ready"), (21, "unhealthy")]
    ledgers, found = moments(container, [(0, BAD)], since=45, ledgers=ledgers)
    assert found[-2:] == [(51, "unhealthy"), (71, "kill")]


def test_nothing_is_said_beyond_what_is_known():
    container = {"livenessProbe": {"periodSeconds": 1, "failureThreshold": 30}}
    ledgers, found = moments(container, [(0, BAD)], until=20)
    assert found[-1] == (1, "unhealthy")
    assert moments(container, [(0, BAD)], since=21, ledgers=ledgers, until=40)[1][-1] == (30, "kill")


def test_a_probe_that_changes_files_is_made_in_earnest():
    container = {"readinessProbe": {"periodSeconds": 5}}
    assert moments(container, [(0, Outcome(True, "", True))])[1][-1] == (1, "touch")


def test_a_long_history_is_bounded():
    container = {"readinessProbe": {"periodSeconds": 1}}
    flapping = [(second, OK if second % 2 else BAD) for second in range(4000)]
    ledgers, _ = moments(container, flapping, turns=range(4000), until=3999)
    assert len(ledgers["readiness"]["runs"]) <= 4000
    ledgers, _ = moments(container, [(0, OK)], since=3999, ledgers=ledgers)
    assert len(ledgers["readiness"]["runs"]) <= probes.MOST_RUNS


def test_what_was_made_and_what_is_next():
    probe = {"periodSeconds": 10}
    ledger = {"first": 1000, "runs": [[1000, True, ""], [21_000, False, "no"]], "result": False, "until": None}
    assert list(probes.made("readiness", probe, ledger, 35_000)) == [
        (1000, True, ""), (11_000, True, ""), (21_000, False, "no"), (31_000, False, "no"),
    ]
    assert [probes.following("readiness", probe, ledger, now) for now in (0, 1000, 35_000)] == [1000, 11_000, 41_000]
