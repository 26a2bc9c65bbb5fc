"""B6: requests and limits: what a scheduler reserves, what a kernel enforces, and which class a Pod is in."""

import pytest

from cluster.machinery import usage
from tests.support.scenario import Scenario

MIB = 1 << 20
STRESS = 'command: [stress]\n    args: ["--vm", "1", "--vm-bytes", "150M", "--vm-hang", "1"]'


def pod(name: str, resources: str = "{}", *, image: str = "nginx:1.27", more: str = "") -> str:
    return f"""
apiVersion: v1
kind: Pod
metadata: {{name: {name}, labels: {{app: {name}}}}}
spec:
  containers:
  - name: c
    image: "{image}"
    resources: {resources}
    {more}
---"""


def running(cluster: Scenario, *manifests: str) -> Scenario:
    cluster.apply("\n".join(manifests))
    cluster.quiet()
    return cluster


def phase(cluster: Scenario, name: str) -> str:
    return str(cluster.get(f"pods/{name}")["status"]["phase"])


def container(cluster: Scenario, name: str) -> dict:
    return dict(cluster.get(f"pods/{name}")["status"]["containerStatuses"][0])


def used(cluster: Scenario, name: str) -> usage.Details:
    return usage.details(cluster.simulation.api, cluster.get(f"pods/{name}"))[0]


# --- requests --------------------------------------------------------------------------------------------------------


def test_it_works():
    # Requests are reserved whether they are used or not: two of 1.5 CPU fit on 4, a third does not.
    cluster = running(Scenario(1), *(pod(f"p{n}", "{requests: {cpu: 1500m}}") for n in range(3)))
    assert sorted(phase(cluster, f"p{n}") for n in range(3)) == ["Pending", "Running", "Running"]
    (message,) = cluster.events("FailedScheduling")
    assert "1 Insufficient cpu" in message
    assert used(cluster, "p0").cpu < 10 or used(cluster, "p1").cpu < 10


@pytest.mark.parametrize(("one", "other"), [
    ("cpu: 500m", 'cpu: "0.5"'), ("cpu: 1", "cpu: 1000m"), ("memory: 1Gi", "memory: 1024Mi"),
    ("memory: 1Gi", 'memory: "1073741824"'),
])
def test_units_that_mean_the_same(one, other):
    cluster = running(Scenario(1), pod("a", f"{{requests: {{{one}}}}}"), pod("b", f"{{requests: {{{other}}}}}"))
    found = [cluster.get(f"pods/{name}")["spec"]["containers"][0]["resources"]["requests"] for name in "ab"]
    assert found[0] == found[1] or found[1] == {"memory": "1073741824"}


def test_mi_is_more_than_m():
    # 7900M are fewer bytes than 7900Mi; the node has 8Gi = 8192Mi = 8590M.
    cluster = running(Scenario(1), pod("decimal", "{requests: {memory: 8500M}}"))
    assert phase(cluster, "decimal") == "Running"
    cluster = running(Scenario(1), pod("binary", "{requests: {memory: 8500Mi}}"))
    assert phase(cluster, "binary") == "Pending"


def test_a_unit_that_there_is_not():
    said = Scenario(1).refused("apply -f pod.yaml", pod_yaml=pod("p", "{requests: {memory: 64MB}}"))
    assert "quantities must match the regular expression" in said


def test_a_limit_below_the_request():
    said = Scenario(1).refused("apply -f pod.yaml", pod_yaml=pod("p", "{requests: {cpu: 2}, limits: {cpu: 1}}"))
    assert "must be less than or equal to cpu limit of 1" in said


# --- classes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("resources", "expected"), [
    ("{}", "BestEffort"),
    ("{requests: {cpu: 100m}}", "Burstable"),
    ("{limits: {memory: 64Mi}}", "Burstable"),
    ("{requests: {cpu: 100m, memory: 64Mi}, limits: {cpu: 200m, memory: 64Mi}}", "Burstable"),
    ("{requests: {cpu: 100m, memory: 64Mi}, limits: {cpu: 100m, memory: 64Mi}}", "Guaranteed"),
    ("{limits: {cpu: 100m, memory: 64Mi}}", "Guaranteed"),  # a limit without a request is the request, too
])
def test_quality_of_service(resources, expected):
    cluster = running(Scenario(1), pod("p", resources))
    assert cluster.get("pods/p")["status"]["qosClass"] == expected
    assert f"QoS Class:                   {expected}" in cluster.run("describe pod p").stdout


# --- memory ----------------------------------------------------------------------------------------------------------


def test_more_memory_than_the_limit_is_killed_and_started_again():
    cluster = Scenario(1)
    cluster.apply(pod("greedy", "{limits: {memory: 100Mi}}", image="polinux/stress", more=STRESS))
    cluster.when(lambda: phase(cluster, "greedy") == "Running" and container(cluster, "greedy")["restartCount"] == 2, within=60)
    cluster.quiet()
    state = container(cluster, "greedy")
    assert state["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    assert (state["lastState"]["terminated"]["exitCode"], state["lastState"]["terminated"]["reason"]) == (137, "OOMKilled")
    assert cluster.condition("nodes/node-1", "MemoryPressure")["status"] == "False"  # the limit is the container's own affair


# --- load ------------------------------------------------------------------------------------------------------------

SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
"""


def test_more_cpu_than_the_limit_is_throttled_and_nothing_dies():
    cluster = running(Scenario(1), pod("web", "{limits: {cpu: 200m}}"), SERVICE)
    cluster.run("simulate load web 20")
    cluster.advance(30)
    calm = used(cluster, "web")
    assert (calm.throttled, calm.line) == (0, 0) and calm.answer < 100
    cluster.run("simulate load web 80")
    cluster.advance(30)
    busy = used(cluster, "web")
    assert busy.cpu == 200 and busy.wanted_cpu == 401 and busy.throttled == 501
    assert busy.answer > 10_000 and busy.refused > 0
    assert phase(cluster, "web") == "Running" and container(cluster, "web")["restartCount"] == 0
