"""G1: a container's own layer goes with the container, an emptyDir goes with the Pod."""

from cluster.objects.kinds import pod as pods
from tests.support.scenario import Scenario

POD = """
apiVersion: v1
kind: Pod
metadata: {name: box}
spec:
  containers:
  - name: c
    image: busybox
    command: [sh, -c, "trap 'exit 0' TERM; sleep 86400 & wait"]
    volumeMounts: [{name: scratch, mountPath: /scratch}%s]
  volumes:
  - {name: scratch, emptyDir: {%s}}
  %s
"""


def started(mounts="", medium="", volumes=""):
    cluster = Scenario()
    cluster.apply(POD % (mounts, medium, volumes))
    cluster.when(lambda: pods.is_ready(cluster.get("pods/box")), within=30)
    return cluster


def write(cluster, path, text="hello"):
    cluster.run(f"exec box -- sh -c 'echo {text} > {path}'")


def read(cluster, path):
    found = cluster.console.run(f"exec box -- cat {path}")
    return found.stdout.strip() if found.code == 0 else None


def restart(cluster):
    """The container dies and is started again; the Pod stays."""
    restarts = pods.restarts(cluster.get("pods/box"))
    cluster.simulation.advance(1000)
    cluster.run("exec box -- kill 1")
    cluster.when(lambda: pods.restarts(cluster.get("pods/box")) > restarts and pods.is_ready(cluster.get("pods/box")), within=60)


def replace(cluster, mounts="", medium="", volumes=""):
    """The Pod is deleted and made again under the same name."""
    cluster.run("delete pod box --now")
    cluster.apply(POD % (mounts, medium, volumes))
    cluster.when(lambda: pods.is_ready(cluster.get("pods/box")), within=60)


def test_it_works():
    cluster = started()
    write(cluster, "/tmp/own")
    write(cluster, "/scratch/shared")
    restart(cluster)
    assert (read(cluster, "/tmp/own"), read(cluster, "/scratch/shared")) == (None, "hello")
    replace(cluster)
    assert (read(cluster, "/tmp/own"), read(cluster, "/scratch/shared")) == (None, None)


def test_two_pods_do_not_share_an_empty_dir():
    cluster = started()
    write(cluster, "/scratch/a")
    cluster.apply((POD % ("", "", "")).replace("name: box", "name: other"))
    cluster.when(lambda: pods.is_ready(cluster.get("pods/other")), within=30)
    assert cluster.run("exec other -- ls /scratch").stdout == ""


def test_memory_is_forgotten_when_the_machine_boots():
    cluster = started(medium="medium: Memory")
    write(cluster, "/scratch/a")
    node = cluster.get("pods/box")["spec"]["nodeName"]
    cluster.simulation.switch(f"node/{node}", False)
    cluster.advance(5)
    cluster.simulation.switch(f"node/{node}", True)
    cluster.when(lambda: pods.restarts(cluster.get("pods/box")) == 1 and pods.is_ready(cluster.get("pods/box")), within=120)
    assert read(cluster, "/scratch/a") is None


def test_a_disk_is_not():
    cluster = started()
    write(cluster, "/scratch/a")
    node = cluster.get("pods/box")["spec"]["nodeName"]
    cluster.simulation.switch(f"node/{node}", False)
    cluster.advance(5)
    cluster.simulation.switch(f"node/{node}", True)
    cluster.when(lambda: pods.restarts(cluster.get("pods/box")) == 1 and pods.is_ready(cluster.get("pods/box")), within=120)
    assert read(cluster, "/scratch/a") == "hello"


def test_a_claim_outlives_its_pod():
    claim = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
"""
    more = (", {name: data, mountPath: /data}", "", "- {name: data, persistentVolumeClaim: {claimName: data}}")
    cluster = Scenario()
    cluster.apply(claim + "---" + POD % more)
    cluster.when(lambda: pods.is_ready(cluster.get("pods/box")), within=60)
    write(cluster, "/data/kept")
    restart(cluster)
    assert read(cluster, "/data/kept") == "hello"
    replace(cluster, *more)
    assert read(cluster, "/data/kept") == "hello"
    cluster.run("delete pod box --now")
    cluster.run("delete pvc data")
    cluster.apply(claim + "---" + POD % more)
    cluster.when(lambda: pods.is_ready(cluster.get("pods/box")), within=60)
    assert read(cluster, "/data/kept") is None


def test_history_repeats_itself():
    """Rewind and fork work with files as with everything else."""
    cluster = started()
    before = cluster.simulation.world
    write(cluster, "/scratch/a")
    fork = cluster.simulation.fork(before)
    assert read(cluster, "/scratch/a") == "hello"
    cluster.console.simulation = fork
    assert read(cluster, "/scratch/a") is None
