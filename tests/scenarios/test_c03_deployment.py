"""C3: a Deployment keeps its Pods at their number: it scales, heals, and minds only what its selector matches."""

from cluster.objects import metadata
from tests.support.scenario import Scenario


def deployment(name: str, replicas: int, image: str = "nginx:1.27", more: str = "") -> str:
    return f"""
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, labels: {{app: {name}}}}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec: {{containers: [{{name: c, image: "{image}"}}]}}
{more}"""


def test_it_works():
    cluster = Scenario()
    cluster.apply(deployment("web", 3))
    assert cluster.when(lambda: len(cluster.ready("app=web")) == 3, within=60) < 15
    cluster.quiet()
    (replicaset,) = cluster.objects("replicasets.apps", "app=web")
    assert metadata.controller_of(replicaset)["name"] == "web"
    assert {metadata.controller_of(pod)["name"] for pod in cluster.pods("app=web")} == {metadata.name(replicaset)}
    assert cluster.condition("deployments.apps/web", "Available")["reason"] == "MinimumReplicasAvailable"
    assert cluster.condition("deployments.apps/web", "Progressing")["reason"] == "NewReplicaSetAvailable"


def test_scale_up_and_down():
    cluster = Scenario()
    cluster.apply(deployment("web", 2))
    cluster.quiet()
    old = set(cluster.ready("app=web"))
    cluster.run("scale deployment web --replicas=5")
    cluster.quiet()
    assert len(cluster.ready("app=web")) == 5
    cluster.run("scale deployment web --replicas=0")
    cluster.quiet()
    assert not cluster.objects("pods", "app=web")
    assert cluster.events("ScalingReplicaSet")[-1].endswith("from 5 to 0")
    cluster.run("scale deployment web --replicas=1")
    cluster.quiet()
    assert not old & set(cluster.ready("app=web"))


def test_a_crashed_container_is_restarted_and_its_pod_stays():
    """Healing has two levels: the kubelet restarts containers, the ReplicaSet replaces Pods."""
    cluster = Scenario()
    crashing = deployment("web", 1, "busybox").replace(
        'image: "busybox"', 'image: busybox, command: [sh, -c, "sleep 20; exit 1"]'
    )
    cluster.apply(crashing)
    cluster.when(lambda: cluster.ready("app=web"), within=30)
    (before,) = cluster.pods("app=web")
    cluster.advance(60)
    (after,) = cluster.pods("app=web")
    assert metadata.uid(after) == metadata.uid(before)
    assert after["status"]["podIP"] == before["status"]["podIP"]
    assert after["status"]["containerStatuses"][0]["restartCount"] >= 1


def test_a_lost_node_costs_its_pods_after_50_and_300_seconds():
    """A Pod is never moved: the node is Unknown after 50 s, its Pods are deleted 300 s later and replaced elsewhere."""
    cluster = Scenario(2)
    cluster.apply(deployment("web", 4))
    cluster.quiet()
    node = cluster.pods("app=web")[0]["spec"]["nodeName"]
    lost = {metadata.name(pod) for pod in cluster.pods("app=web") if pod["spec"]["nodeName"] == node}
    begun = cluster.now
    cluster.run(f"simulate node stop {node}")
    unknown = cluster.when(lambda: cluster.condition(f"nodes/{node}", "Ready")["status"] == "Unknown", within=120) - begun
    assert 40 <= unknown <= 60
    cluster.advance(250)
    assert lost <= {metadata.name(pod) for pod in cluster.pods("app=web")}
    evicted = cluster.when(lambda: not lost & {metadata.name(pod) for pod in cluster.pods("app=web")}, within=200) - begun
    assert unknown + 299 <= evicted <= unknown + 320
    cluster.when(lambda: len(cluster.ready("app=web")) == 4, within=60)
    assert {pod["spec"]["nodeName"] for pod in cluster.pods("app=web") if metadata.name(pod) not in lost} == {
        "node-1" if node == "node-2" else "node-2"
    }


def test_several_applications_side_by_side():
    cluster = Scenario()
    cluster.apply(deployment("web", 2) + "---" + deployment("shop", 3))
    cluster.quiet()
    cluster.run("scale deployment web --replicas=1")
    cluster.run("delete deployment shop")
    cluster.quiet()
    assert len(cluster.ready("app=web")) == 1
    assert not cluster.objects("pods", "app=shop") and not cluster.objects("replicasets.apps", "app=shop")


def test_the_notes_mistakes_are_refused():
    cluster = Scenario()
    wrong = deployment("web", 1).replace("labels: {app: web}}\n    spec", "labels: {app: other}}\n    spec")
    assert "`selector` does not match template `labels`" in cluster.refused("apply -f a.yaml", a_yaml=wrong)
    kind = "apiVersion: apps/v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: c, image: nginx}]}\n"
    assert 'no matches for kind "Pod" in version "apps/v1"' in cluster.refused("apply -f a.yaml", a_yaml=kind)
