"""B6: requests and limits: what a scheduler reserves, what a kernel enforces, and which class a Pod is in."""

import pytest

from cluster.machinery import usage
from cluster.objects import metadata
from cluster.objects.documents import dig
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


def test_less_than_the_limit_is_left_alone():
    cluster = running(Scenario(1), pod(
        "modest", "{limits: {memory: 200Mi}}", image="polinux/stress",
        more=STRESS,
    ))
    cluster.advance(120)
    assert phase(cluster, "modest") == "Running" and container(cluster, "modest")["restartCount"] == 0
    assert used(cluster, "modest").memory > 140 * MIB
    assert used(cluster, "modest").memory < 200 * MIB


def test_a_server_that_needs_more_than_its_limit_never_starts():
    cluster = running(Scenario(1), pod("tomcat", "{limits: {memory: 64Mi}}", image="tomcat:10"))
    cluster.advance(60)
    ended = container(cluster, "tomcat")["lastState"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (137, "OOMKilled")
    cluster = running(Scenario(1), pod("tomcat", "{limits: {memory: 256Mi}}", image="tomcat:10"))
    cluster.advance(60)
    assert container(cluster, "tomcat")["ready"]


# --- load ------------------------------------------------------------------------------------------------------------

SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
"""
WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: c
        image: "nginx:1.27"
        resources: {requests: {cpu: 100m}, limits: {cpu: 200m, memory: 64Mi}}
        readinessProbe: {httpGet: {port: 80}, periodSeconds: 5, timeoutSeconds: 1, failureThreshold: 2}
---
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


def test_overload_takes_pods_out_of_the_service_and_calm_brings_them_back():
    cluster = running(Scenario(2), WEB, SERVICE)
    assert len(cluster.ready("app=web")) == 2
    begun = cluster.now
    cluster.run("simulate load web 120")  # 60 for each, of which each can answer 40
    first = cluster.when(lambda: len(cluster.ready("app=web")) == 0, within=60) - begun
    assert 2 < first < 30
    assert any("context deadline exceeded" in message for message in cluster.events("Unhealthy"))
    cluster.advance(2)
    slices = cluster.objects("endpointslices.discovery.k8s.io", "kubernetes.io/service-name=web")
    assert not any(one["conditions"]["ready"] for found in slices for one in found["endpoints"])
    cluster.run("simulate load web 20")
    cluster.when(lambda: len(cluster.ready("app=web")) == 2, within=120)
    cluster.advance(60)
    assert len(cluster.ready("app=web")) == 2
    assert all(found["status"]["containerStatuses"][0]["restartCount"] == 0 for found in cluster.pods("app=web"))


def test_a_leak_under_load_is_killed_and_begins_again():
    cluster = running(Scenario(2), WEB, SERVICE)
    cluster.run("simulate load web 40 --leak 100Ki")
    cluster.when(lambda: any(one["status"]["containerStatuses"][0]["restartCount"] for one in cluster.pods("app=web")), within=90)
    ended = next(
        found for one in cluster.pods("app=web")
        if (found := dig(one["status"]["containerStatuses"][0], "lastState", "terminated"))
    )
    assert (ended["exitCode"], ended["reason"]) == (137, "OOMKilled")
    cluster.run("simulate load web 0")
    cluster.advance(900)
    assert len(cluster.ready("app=web")) == 2
    assert all(used(cluster, metadata.name(one)).memory < 16 * MIB for one in cluster.pods("app=web"))
