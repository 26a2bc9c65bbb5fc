"""Node-pressure eviction: who goes, what is said, what the node shows and for how long."""

from __future__ import annotations

from cluster.controllers.explanation.decisions import words_of
from cluster.kubelet import eviction
from cluster.machinery import usage
from cluster.objects import metadata
from cluster.objects.documents import dig
from tests.support.scenario import Scenario

GIB = 1 << 30


def pod(name: str, *, request: str = "", priority: str = "") -> str:
    resources = f"{{requests: {{memory: {request}}}}}" if request else "{}"
    return f"""
apiVersion: v1
kind: Pod
metadata: {{name: {name}}}
spec:
  {f"priorityClassName: {priority}" if priority else ""}
  containers: [{{name: c, image: "nginx:1.27", resources: {resources}}}]
---"""


def cluster_of(*manifests: str) -> Scenario:
    cluster = Scenario(1)
    cluster.apply("\n".join(manifests))
    cluster.quiet()
    return cluster


def demand(cluster: Scenario, name: str, *steps: tuple[float, int]) -> None:
    """Let the processes of a Pod take so much memory from so many seconds on."""
    found = cluster.get(f"pods/{name}")
    key = (found["spec"]["nodeName"], metadata.uid(found))
    row = {"c": [[cluster.simulation.now + round(at * 1_000), 0, memory] for at, memory in steps]}
    cluster.simulation.user().write_row("update", usage.DEMANDS, key, row)


def phases(cluster: Scenario) -> dict[str, str]:
    return {
        metadata.name(found): dig(found, "status", "reason", default=found["status"]["phase"])
        for found in cluster.objects("pods")
    }


def test_it_works() -> None:
    cluster = cluster_of(pod("greedy"), pod("modest", request="1Gi"))
    demand(cluster, "greedy", (0, 8 * GIB - (400 << 20)))
    cluster.quiet()
    assert phases(cluster) == {"greedy": "Evicted", "modest": "Running"}
    status = cluster.get("pods/greedy")["status"]
    assert status["phase"] == "Failed"
    assert status["message"] == (
        "The node was low on resource: memory. Threshold quantity: 100Mi, available: 84Mi. "
        "Container c was using 7800Mi, request is 0, has larger consumption of memory. "
    )
    disruption = cluster.condition("pods/greedy", "DisruptionTarget")
    assert (disruption["status"], disruption["reason"]) == ("True", "TerminationByKubelet")
    assert disruption["message"] == status["message"]
    assert cluster.events("Evicted") == [status["message"]]
    assert cluster.events("EvictionThresholdMet") == ["Attempting to reclaim memory"]


def test_the_node_tells_of_its_pressure_for_five_minutes() -> None:
    cluster = cluster_of(pod("greedy"))
    demand(cluster, "greedy", (0, 8 * GIB - (400 << 20)))
    cluster.when(lambda: phases(cluster)["greedy"] == "Evicted", within=30)
    condition = cluster.condition("nodes/node-1", "MemoryPressure")
    assert (condition["status"], condition["reason"]) == ("True", "KubeletHasInsufficientMemory")
    cluster.quiet()
    taints = cluster.get("nodes/node-1")["spec"]["taints"]
    assert [(one["key"], one["effect"]) for one in taints] == [("node.kubernetes.io/memory-pressure", "NoSchedule")]
    assert "Node node-1 status is now: NodeHasInsufficientMemory" in cluster.events("NodeHasInsufficientMemory")
    begun = cluster.now
    over = cluster.when(lambda: cluster.condition("nodes/node-1", "MemoryPressure")["status"] == "False", within=400)
    assert 290 <= over - begun <= 310
    cluster.quiet()
    assert "taints" not in cluster.get("nodes/node-1")["spec"]
    assert cluster.simulation.api.hosts(eviction.PRESSURE) == []


def test_those_above_their_requests_go_first_then_the_unimportant() -> None:
    classes = "".join(f"""
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {{name: {name}}}
value: {value}
---""" for name, value in (("high", 1000), ("low", 1)))
    cluster = cluster_of(
        classes, pod("within", request="3Gi", priority="low"), pod("above-high", request="1Gi", priority="high"),
        pod("above-low", request="1Gi", priority="low"),
    )
    for name, memory in (("within", 2_304), ("above-high", 3_072), ("above-low", 2_444)):
        demand(cluster, name, (0, memory << 20))
    cluster.when(lambda: "Evicted" in phases(cluster).values(), within=30)
    cluster.quiet()
    assert phases(cluster) == {"within": "Running", "above-high": "Running", "above-low": "Evicted"}
    why = next(step.why for step in cluster.steps if step.say == "kubelet.evicts")
    assert [word["key"] for word in words_of(why)] == ["decision.eviction", "decision.eviction-first", "decision.eviction-next"]
    assert [one["pod"].rpartition("/")[2] for one in why["ranking"]][:3] == ["above-low", "above-high", "within"]


def test_one_at_a_time_until_there_is_room() -> None:
    cluster = cluster_of(*(pod(f"p{number}") for number in range(4)))
    for number, steps in enumerate((((0, 1_000),), ((0, 1_000),), ((0, 1_800), (15, 5_800)), ((0, 4_000),))):
        demand(cluster, f"p{number}", *((at, memory << 20) for at, memory in steps))
    cluster.advance(60)
    assert phases(cluster) == {"p0": "Running", "p1": "Running", "p2": "Evicted", "p3": "Evicted"}
    first, second = (step.at for step in cluster.steps if step.say == "kubelet.evicts")
    assert second - first >= eviction.PERIOD


def test_a_leak_is_foreseen_and_nothing_polls() -> None:
    cluster = cluster_of(pod("slow"))
    demand(cluster, "slow", (0, GIB), (1_800, 8 * GIB - (400 << 20)))
    cluster.quiet()
    before = len(cluster.steps)
    cluster.advance(1_790)
    assert [step.say for step in cluster.steps[before:] if step.say in ("kubelet.pressure", "kubelet.evicts")] == []
    when = cluster.when(lambda: phases(cluster)["slow"] == "Evicted", within=60)
    assert when < 1_840


def test_best_effort_pods_are_not_admitted_under_memory_pressure() -> None:
    cluster = cluster_of(pod("greedy"))
    demand(cluster, "greedy", (0, 8 * GIB - (400 << 20)))
    cluster.when(lambda: phases(cluster)["greedy"] == "Evicted", within=30)
    cluster.apply("""
apiVersion: v1
kind: Pod
metadata: {name: late}
spec:
  nodeName: node-1
  containers: [{name: c, image: "nginx:1.27"}]
---
apiVersion: v1
kind: Pod
metadata: {name: asks}
spec:
  nodeName: node-1
  containers: [{name: c, image: "nginx:1.27", resources: {requests: {memory: 64Mi}}}]
""")
    cluster.quiet()
    assert phases(cluster)["late"] == "Evicted" and phases(cluster)["asks"] == "Running"
    status = cluster.get("pods/late")["status"]
    assert status["message"] == "Pod was rejected: The node had condition: [MemoryPressure]. "


def test_critical_pods_stay() -> None:
    manifest = pod("vital", priority="system-node-critical").replace("{name: vital}", "{name: vital, namespace: kube-system}")
    cluster = Scenario(1)
    cluster.apply(manifest, namespace="kube-system")
    cluster.quiet()
    found = cluster.get("pods/vital", namespace="kube-system")
    key = (found["spec"]["nodeName"], metadata.uid(found))
    row = {"c": [[cluster.simulation.now, 0, 8 * GIB - (400 << 20)]]}
    cluster.simulation.user().write_row("update", usage.DEMANDS, key, row)
    cluster.advance(120)
    assert cluster.get("pods/vital", namespace="kube-system")["status"]["phase"] == "Running"
    assert cluster.condition("nodes/node-1", "MemoryPressure")["status"] == "True"


def test_a_controller_replaces_what_was_evicted() -> None:
    cluster = Scenario(2)
    cluster.run("create deployment web --image=nginx:1.27 --replicas=1")
    cluster.quiet()
    name = metadata.name(cluster.pods("app=web")[0])
    found = cluster.get(f"pods/{name}")
    key = (found["spec"]["nodeName"], metadata.uid(found))
    row = {"nginx": [[cluster.simulation.now, 0, 8 * GIB - (400 << 20)]]}
    cluster.simulation.user().write_row("update", usage.DEMANDS, key, row)
    cluster.quiet()
    assert phases(cluster)[name] == "Evicted"
    new = [found for found in cluster.objects("pods") if metadata.name(found) != name]
    assert [found["status"]["phase"] for found in new] == ["Running"]
    assert new[0]["spec"]["nodeName"] != found["spec"]["nodeName"]


def test_images_that_nobody_uses_go_before_pods() -> None:
    cluster = Scenario(1)
    cluster.run("simulate node add small --storage 2800Mi")
    cluster.quiet()
    on_small = [pod(f"p{number}").replace("spec:", "spec:\n  nodeName: small") for number in range(4)]
    cluster.apply(on_small[0].replace("nginx:1.27", "tomcat:10"))
    cluster.quiet()
    cluster.run("delete pod p0")
    for manifest, image in zip(on_small[1:], ("python:3.12", "golang:1.24", "nginx:1.27"), strict=True):
        cluster.apply(manifest.replace("nginx:1.27", image))
    cluster.advance(60)
    removed = [step.args["image"] for step in cluster.steps if step.say == "kubelet.image-removed"]
    assert removed == ["docker.io/library/tomcat:10"]
    assert "Evicted" not in phases(cluster).values()
    assert cluster.events("EvictionThresholdMet") == ["Attempting to reclaim ephemeral-storage"]
    assert cluster.condition("nodes/small", "DiskPressure")["reason"] == "KubeletHasDiskPressure"
