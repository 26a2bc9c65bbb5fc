"""B7: what happens when a container ends: restart policies, the growing wait between restarts."""

from itertools import pairwise

import pytest

from cluster.objects.kinds import pod as pods
from tests.support.scenario import Scenario


def started(script, policy="Always", more=""):
    cluster = Scenario()
    cluster.apply(f"""
apiVersion: v1
kind: Pod
metadata: {{name: job}}
spec:
  restartPolicy: {policy}
  containers:
  - name: c
    image: busybox
    command: [sh, -c, "{script}"]
    {more}
""")
    cluster.when(lambda: cluster.get("pods/job")["status"].get("containerStatuses", [{}])[0].get("containerID"), within=30)
    return cluster


def status(cluster):
    return pods.status_text(cluster.get("pods/job"))


def record(cluster):
    return cluster.get("pods/job")["status"]["containerStatuses"][0]


def starts(cluster, seconds):
    """The virtual seconds at which the container was started, and was tried to be."""
    cluster.advance(seconds)
    return [(step.at - cluster.simulation.now) / 1000 for step in cluster.steps if step.say == "kubelet.started"]


def test_it_works():
    cluster = started("sleep 5; exit 3")
    assert cluster.when(lambda: status(cluster) == "CrashLoopBackOff", within=30) < 15
    assert record(cluster)["lastState"]["terminated"]["exitCode"] == 3
    assert record(cluster)["restartCount"] == 1
    cluster.advance(1)
    (text,) = cluster.events("BackOff")
    assert text.startswith("Back-off restarting failed container c in pod job_default(")


def test_the_wait_doubles_up_to_five_minutes():
    gaps = [round(later - earlier) for earlier, later in pairwise(starts(started("exit 1"), 1600))]
    # Each wait begins with the end of a run, and pulling the image takes a moment as well.
    assert all(0 <= gap - wait <= 2 for gap, wait in zip(gaps, [0, 10, 20, 40, 80, 160, 300, 300, 300], strict=False))
    assert len(gaps) >= 8


@pytest.mark.parametrize(("policy", "code", "phase", "restarts"), [
    ("Never", 0, "Succeeded", 0), ("Never", 7, "Failed", 0), ("OnFailure", 0, "Succeeded", 0), ("OnFailure", 7, "Running", 2),
    ("Always", 0, "Running", 2),
])
def test_policies(policy, code, phase, restarts):
    cluster = started(f"sleep 2; exit {code}", policy)
    cluster.advance(20)
    assert (cluster.get("pods/job")["status"]["phase"], record(cluster)["restartCount"]) == (phase, restarts)


def test_a_long_run_is_forgiven():
    cluster = started("[ -f /work/long ] && sleep 700; exit 1", more="volumeMounts: [{name: work, mountPath: /work}]\n"
                      "  volumes:\n  - {name: work, hostPath: {path: /var/work, type: DirectoryOrCreate}}")
    cluster.advance(200)
    assert status(cluster) == "CrashLoopBackOff"
    assert "back-off 2m40s" in record(cluster)["state"]["waiting"]["message"]


def test_a_container_of_its_own_mind():
    """Container restart rules (on by default since 1.35): a Pod that never restarts has one code for which it does."""
    cluster = started(
        "sleep 1; exit 42", "Never",
        "restartPolicy: Never\n    restartPolicyRules: [{action: Restart, exitCodes: {operator: In, values: [42]}}]",
    )
    cluster.advance(6)
    assert record(cluster)["restartCount"] >= 1


def test_the_last_words_of_a_container():
    cluster = started("echo 'no disk' > /dev/termination-log; exit 1", "Never")
    cluster.advance(5)
    assert record(cluster)["state"]["terminated"]["message"] == "no disk\n"
    logs = "terminationMessagePolicy: FallbackToLogsOnError"
    cluster = started("echo first; echo 'disk full' >&2; exit 1", "Never", logs)
    cluster.advance(5)
    assert record(cluster)["state"]["terminated"]["message"] == "first\ndisk full\n"
