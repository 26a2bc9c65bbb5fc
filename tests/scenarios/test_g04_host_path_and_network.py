"""G4: a hostPath file stays behind when its Pod lands elsewhere; what lies behind the network is there from everywhere."""

import pytest

from cluster.objects.kinds import pod as pods
from tests.support.scenario import Scenario

HOST = "{name: data, hostPath: {path: /var/www, type: DirectoryOrCreate}}"
NFS = "{name: data, nfs: {server: 10.0.0.50, path: /exports/www}}"


def web(cluster, node, volume, name="web"):
    cluster.apply(f"""
apiVersion: v1
kind: Pod
metadata: {{name: {name}, labels: {{app: web}}}}
spec:
  nodeName: {node}
  containers:
  - name: nginx
    image: nginx
    volumeMounts: [{{name: data, mountPath: /usr/share/nginx/html}}]
  volumes:
  - {volume}
""")
    cluster.when(lambda: pods.is_ready(cluster.get(f"pods/{name}")), within=60)
    cluster.advance(1)


def page(cluster, name="web"):
    return cluster.console.run(f"exec {name} -- curl -s localhost/page").stdout.strip()


def publish(cluster, text="hello", name="web"):
    cluster.run(f"exec {name} -- sh -c 'echo {text} >/usr/share/nginx/html/page'")


@pytest.mark.parametrize(("volume", "elsewhere"), [(HOST, "404"), (NFS, "hello")])
def test_it_works(volume, elsewhere):
    cluster = Scenario()
    web(cluster, "node-1", volume)
    publish(cluster)
    assert page(cluster) == "hello"
    cluster.run("delete pod web --now")
    web(cluster, "node-2", volume)
    assert elsewhere in page(cluster)
    cluster.run("delete pod web --now")
    web(cluster, "node-1", volume)
    assert page(cluster) == "hello"


def test_two_pods_of_a_node_share_the_directory():
    cluster = Scenario()
    web(cluster, "node-1", HOST, "one")
    web(cluster, "node-1", HOST, "two")
    web(cluster, "node-2", HOST, "three")
    publish(cluster, "mine", "one")
    assert (page(cluster, "two"), "404" in page(cluster, "three")) == ("mine", True)


def test_what_a_script_writes_by_itself_is_seen_by_others():
    cluster = Scenario()
    cluster.apply(f"""
apiVersion: v1
kind: Pod
metadata: {{name: writer}}
spec:
  containers:
  - name: c
    image: busybox
    command: [sh, -c, "sleep 20; echo done >/data/page; sleep 3600"]
    volumeMounts: [{{name: data, mountPath: /data}}]
  volumes:
  - {NFS}
---
apiVersion: v1
kind: Pod
metadata: {{name: waiter}}
spec:
  restartPolicy: Never
  containers:
  - name: c
    image: busybox
    command: [sh, -c, "until [ -f /data/page ]; do sleep 1; done; cat /data/page"]
    volumeMounts: [{{name: data, mountPath: /data}}]
  volumes:
  - {NFS}
""")
    web(cluster, "node-3", NFS)
    assert cluster.when(lambda: cluster.get("pods/waiter")["status"]["phase"] == "Succeeded", within=60) < 30
    assert cluster.run("logs waiter").stdout == "done\n"
    assert page(cluster) == "done"


@pytest.mark.parametrize(("source", "problem"), [
    ("hostPath: {path: /srv/none, type: Directory}",
     'MountVolume.SetUp failed for volume "data" : hostPath type check failed: /srv/none is not a directory'),
    ("hostPath: {path: /etc/hostname, type: DirectoryOrCreate}",
     'MountVolume.SetUp failed for volume "data" : hostPath type check failed: /etc/hostname is not a directory'),
    ("cephfs: {monitors: [10.0.0.60], path: /}",
     "Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[], failed to process volumes=[data]: "
     'failed to get Plugin from volumeSpec for volume "data" err=no volume plugin matched'),
])
def test_what_cannot_be_mounted(source, problem):
    cluster = Scenario()
    cluster.apply(f"""
apiVersion: v1
kind: Pod
metadata: {{name: web}}
spec:
  nodeName: node-1
  containers: [{{name: c, image: nginx, volumeMounts: [{{name: data, mountPath: /data}}]}}]
  volumes: [{{name: data, {source}}}]
""")
    cluster.advance(5)
    assert cluster.events("FailedMount")[0] == problem
    assert "ContainerCreating" in cluster.run("get pods").stdout


def test_a_file_of_the_node():
    cluster = Scenario()
    cluster.apply("""
apiVersion: v1
kind: Pod
metadata: {name: look}
spec:
  restartPolicy: Never
  nodeName: node-2
  containers: [{name: c, image: busybox, command: [cat, /node-name], volumeMounts: [{name: n, mountPath: /node-name}]}]
  volumes: [{name: n, hostPath: {path: /etc/hostname, type: File}}]
""")
    cluster.quiet()
    assert cluster.run("logs look").stdout == "node-2\n"
