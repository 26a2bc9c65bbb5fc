"""Static Pods: files on a node, their mirrors, and what cannot stop them."""

from __future__ import annotations

from cluster.objects import metadata
from cluster.objects.documents import Document
from tests.support.scenario import Scenario

WEB = """
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  containers: [{name: nginx, image: "nginx:1.27"}]
"""


def with_web() -> Scenario:
    cluster = Scenario()
    cluster.run("simulate static-pod add node-1 -f web.yaml", web_yaml=WEB)
    cluster.quiet()
    return cluster


def web(cluster: Scenario) -> Document:
    return cluster.get("pods/web-node-1")


def container(cluster: Scenario) -> str:
    return str(web(cluster)["status"]["containerStatuses"][0]["containerID"])


def restarts(cluster: Scenario) -> int:
    return int(web(cluster)["status"].get("containerStatuses", [{}])[0].get("restartCount", 0))


def test_it_works() -> None:
    cluster = with_web()
    found = web(cluster)
    assert found["status"]["phase"] == "Running" and found["spec"]["nodeName"] == "node-1"
    annotations = found["metadata"]["annotations"]
    assert annotations["kubernetes.io/config.mirror"] == annotations["kubernetes.io/config.hash"]
    assert annotations["kubernetes.io/config.source"] == "file"
    node = cluster.get("nodes/node-1")
    assert found["metadata"]["ownerReferences"] == [
        {"apiVersion": "v1", "kind": "Node", "name": "node-1", "uid": metadata.uid(node), "controller": True}
    ]
    assert {"operator": "Exists", "effect": "NoExecute"} in found["spec"]["tolerations"]
    assert "volumes" not in found["spec"]  # no token: a mirror may not use a service account


def test_a_deleted_mirror_comes_back_and_its_containers_run_on() -> None:
    cluster = with_web()
    before, running = metadata.uid(web(cluster)), container(cluster)
    cluster.run("delete pod web-node-1")
    cluster.quiet()
    assert metadata.uid(web(cluster)) != before
    assert container(cluster) == running
    assert web(cluster)["status"]["phase"] == "Running" and web(cluster)["status"]["containerStatuses"][0]["restartCount"] == 0


def test_force_does_not_help_either() -> None:
    cluster = with_web()
    running = container(cluster)
    cluster.run("delete pod web-node-1 --force --grace-period=0")
    cluster.quiet()
    assert container(cluster) == running


def test_without_its_file_it_ends() -> None:
    cluster = with_web()
    cluster.run("simulate static-pod remove node-1 web.yaml")
    cluster.quiet()
    assert cluster.find("pods/web-node-1") is None
    assert cluster.simulation.api.hosts("host/containers", "node-1") == []


def test_a_changed_file_is_another_pod() -> None:
    cluster = with_web()
    before, running = metadata.uid(web(cluster)), container(cluster)
    cluster.run("simulate static-pod add node-1 -f web.yaml", web_yaml=WEB.replace("nginx:1.27", "nginx:1.28"))
    cluster.quiet()
    assert metadata.uid(web(cluster)) != before and container(cluster) != running
    assert web(cluster)["spec"]["containers"][0]["image"] == "nginx:1.28"
    assert web(cluster)["status"]["phase"] == "Running"


def test_a_crash_is_restarted_without_any_controller() -> None:
    cluster = Scenario()
    crashing = WEB.replace('image: "nginx:1.27"', 'image: "busybox:1", command: [sh, -c, "sleep 5; exit 1"]')
    cluster.run("simulate static-pod add node-1 -f web.yaml", web_yaml=crashing)
    cluster.when(lambda: cluster.find("pods/web-node-1") is not None and restarts(cluster) > 0)


def test_a_service_reaches_it() -> None:
    cluster = with_web()
    cluster.apply("apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}, ports: [{port: 80}]}\n")
    cluster.quiet()
    slices = cluster.objects("endpointslices.discovery.k8s.io", "kubernetes.io/service-name=web")
    assert slices[0]["endpoints"][0]["addresses"] == [web(cluster)["status"]["podIP"]]


def test_drain_leaves_it() -> None:
    cluster = with_web()
    running = container(cluster)
    cluster.run("drain node-1 --ignore-daemonsets")
    cluster.quiet()
    assert container(cluster) == running


def test_the_machine_reboots() -> None:
    cluster = with_web()
    running = container(cluster)
    cluster.run("simulate node stop node-1")
    cluster.advance(30)
    cluster.run("simulate node start node-1")
    cluster.advance(60)
    assert web(cluster)["status"]["phase"] == "Running" and container(cluster) != running


def test_a_control_plane_as_kubeadm_makes_it() -> None:
    cluster = Scenario()
    assert cluster.objects("pods", namespace="kube-system") == []
    cluster.run("simulate static-pod kubeadm control-plane")
    cluster.quiet()
    found = cluster.objects("pods", namespace="kube-system")
    assert [metadata.name(pod) for pod in found] == [
        f"{name}-control-plane" for name in ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
    ]
    cluster.advance(30)
    assert {pod["status"]["phase"] for pod in cluster.objects("pods", namespace="kube-system")} == {"Running"}
    assert len(cluster.ready(namespace="kube-system")) == 4
    assert found[0]["status"]["podIP"] == found[0]["status"]["hostIP"]
    assert found[0]["spec"]["priority"] == 2_000_001_000


def test_a_mirror_without_a_file_is_removed() -> None:
    cluster = Scenario()
    lying = WEB.replace("labels: {app: web}", 'annotations: {kubernetes.io/config.mirror: "1"}')
    lying = lying.replace("spec:", "spec:\n  nodeName: node-1")
    cluster.apply(lying)
    cluster.quiet()
    assert cluster.find("pods/web") is None


def test_what_the_console_refuses() -> None:
    cluster = with_web()
    deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\n"
    said = cluster.refused("simulate static-pod add node-1 -f d.yaml", d_yaml=deployment)
    assert "only Pods can be static, not a Deployment" in said
    assert 'there is no machine "moon": known are' in cluster.refused("simulate static-pod add moon -f web.yaml", web_yaml=WEB)
    assert "known are web.yaml" in cluster.refused("simulate static-pod remove node-1 other.yaml")
    assert "simulate static-pod knows" in cluster.refused("simulate static-pod paint")
    assert "must specify --filename" in cluster.refused("simulate static-pod add node-1")
    broken = WEB.replace("containers:", "containers: [] #")
    said = cluster.refused("simulate static-pod add node-2 -f web.yaml", web_yaml=broken)
    assert "spec.containers: Required value" in said
    listed = cluster.run("simulate static-pod").lines
    assert listed[1].split() == ["node-1", "/etc/kubernetes/manifests/web.yaml", "default", "web-node-1"]
