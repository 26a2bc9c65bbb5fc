"""B1, B2: a Pod is the smallest unit; its containers share an address and volumes, and nothing else."""

from cluster.objects.kinds import pod as pods
from tests.support.scenario import Scenario

POD = """
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers:
  - name: nginx
    image: nginx
    volumeMounts: [{name: html, mountPath: /usr/share/nginx/html}]
  - name: writer
    image: busybox
    command: [sh, -c, "while true; do date > /html/index.html; sleep 10; done"]
    volumeMounts: [{name: html, mountPath: /html}]
  volumes:
  - {name: html, emptyDir: {}}
"""


def started():
    cluster = Scenario()
    cluster.apply(POD)
    cluster.when(lambda: pods.is_ready(cluster.get("pods/web")), within=30)
    return cluster


def test_it_works():
    cluster = started()
    assert "2/2     Running" in cluster.run("get pods").stdout
    addresses = {cluster.run(f"exec web -c {name} -- hostname -i").stdout for name in ("nginx", "writer")}
    assert addresses == {pods.ip(cluster.get("pods/web")) + "\n"}


def test_one_container_reaches_the_other_on_localhost():
    cluster = started()
    first = cluster.run("exec web -c writer -- wget -qO- http://localhost").stdout
    assert first.startswith("Thu Jan  1")
    cluster.advance(10)
    assert cluster.run("exec web -c writer -- wget -qO- http://localhost").stdout != first


def test_they_share_volumes_and_not_their_files():
    cluster = started()
    cluster.run("exec web -c nginx -- sh -c 'echo hi >/usr/share/nginx/html/hi; echo own >/own'")
    assert cluster.run("exec web -c writer -- cat /html/hi").stdout == "hi\n"
    assert "No such file" in cluster.refused("exec web -c writer -- cat /own")


def test_they_live_on_one_node_and_end_together():
    cluster = started()
    cluster.run("delete pod web --now")
    cluster.quiet()
    assert cluster.find("pods/web") is None
    assert cluster.simulation.api.hosts("host/processes") == []
