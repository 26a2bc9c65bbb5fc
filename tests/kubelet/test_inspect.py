"""What others are shown of a Pod: processes, files, probes, waits."""

from cluster.apiserver.reader import Reader
from cluster.kubelet import inspect

EXEC = {"exec": {"command": ["cat", "/tmp/ok"]}, "periodSeconds": 5}


def test_it_works(nodes):
    nodes.create()
    nodes.run(10)
    view, pod = nodes.user, nodes.pod()
    assert inspect.processes(view, pod, "c")[0]["pid"] == 1
    assert inspect.listening(view, pod, "c") == [80]
    assert inspect.log_lines(view, pod, "c")[-1].text.endswith("start worker processes")


def test_probes_one_by_one(nodes):
    nodes.create(image="busybox:1", command=["sh", "-c", "touch /tmp/ok; sleep 12; rm /tmp/ok; sleep 600"], readinessProbe=EXEC)
    nodes.run(24)
    view, pod = nodes.user, nodes.pod()
    made = inspect.probe_history(view, pod, "c", "readiness", 0, nodes.simulation.now)
    assert [good for _, good, _ in made] == [True, True, True, False, False][: len(made)]
    assert made[-1][2] == "cat: can't open '/tmp/ok': No such file or directory"
    assert inspect.next_probe(view, pod, "c", "readiness") == made[-1][0] + 5000
    assert inspect.probe_history(view, pod, "c", "liveness", 0, nodes.simulation.now) == []


def test_the_past_is_not_touched_by_looking(nodes):
    nodes.create(image="busybox:1", command=["sh", "-c", "while true; do date >> /tmp/out; sleep 1; done"])
    nodes.run(10)
    world = nodes.simulation.world
    for _ in range(2):
        assert inspect.machine(Reader(world), nodes.pod()).stat("c", "/tmp/out") is not None
    assert nodes.simulation.world is world


def test_operations_and_waits(nodes):
    nodes.create(image="busybox:1", command=["false"])
    nodes.run(0.2)
    assert inspect.operation(nodes.user, nodes.pod())["what"] == "sandbox"
    nodes.run(15)
    began, due = inspect.wait_until(nodes.user, nodes.pod(), "c")
    assert began < nodes.simulation.now < due
    assert inspect.operation(nodes.user, nodes.pod()) is None


def test_stopping_is_an_operation(nodes):
    nodes.create(image="busybox:1", command=["sleep", "600"])
    nodes.run(10)
    nodes.delete()
    nodes.run(5)
    assert inspect.operation(nodes.user, nodes.pod())["what"] == "stop"


def test_files(nodes):
    nodes.create(image="busybox:1", command=["sh", "-c", "echo hi > /data/a; echo ho > /host/b; sleep 600"], volumes=[
        {"name": "data", "emptyDir": {}}, {"name": "host", "hostPath": {"path": "/srv/x", "type": "DirectoryOrCreate"}},
    ], volumeMounts=[{"name": "data", "mountPath": "/data"}, {"name": "host", "mountPath": "/host"}])
    nodes.run(10)
    view, pod = nodes.user, nodes.pod()
    assert inspect.volume_tree(view, pod, "data").read("/a") == "hi\n"
    assert inspect.volume_tree(view, pod, "host").read("/b") == "ho\n"
    keys = inspect.volume_keys(view, pod)
    assert keys["host"] == "disk/node-1"
    assert inspect.tree_of(view, "disk/node-1").read("/srv/x/b") == "ho\n"
    assert ("/data", "data", "", False) in inspect.mounts(view, pod, "c")
    assert inspect.tree_of(view, "nfs/none") is None


def test_a_pod_that_has_not_begun(nodes):
    nodes.create(node="node-9")
    view, pod = nodes.user, nodes.pod()
    assert (inspect.machine(view, pod), inspect.processes(view, pod, "c"), inspect.operation(view, pod)) == (None, [], None)
    assert inspect.volume_tree(view, pod, "x") is None
