"""What containers have written."""

from cluster.containers.kernel import KEPT_LINES
from cluster.kubelet import logs


def written(nodes, name="web", container="c", **options):
    found = logs.lines(nodes.user, nodes.pod(name), container, nodes.simulation.now, **options)
    return [line.text for line in found]


def test_it_works(nodes):
    nodes.create(image="busybox:1", command=["sh", "-c", "while true; do echo hi; sleep 10; done"])
    nodes.run(25)
    assert written(nodes) == ["hi", "hi", "hi"]


def test_server_says_that_it_has_started(nodes):
    nodes.create()
    nodes.run(10)
    assert written(nodes)[-1].endswith("start worker processes")


def test_previous_run(nodes):
    nodes.create(image="busybox:1", command=["sh", "-c", "echo first; sleep 5; echo last; exit 1"])
    nodes.run(10)
    assert written(nodes) == ["first"]
    assert written(nodes, previous=True) == ["first", "last"]


def test_crash_says_why(nodes):
    nodes.create(image="mysql:8")
    nodes.run(20)
    assert any("password option is not specified" in line for line in written(nodes))


def test_date(nodes):
    nodes.create(image="busybox:1", command=["sh", "-c", "date; sleep 100"])
    nodes.run(10)
    assert written(nodes)[0].startswith("Thu Jan  1 00:00:1")


def test_long_logs_are_cut(nodes):
    nodes.create(image="busybox:1", command=["sh", "-c", "while true; do echo hi; done"])
    nodes.run(1000)
    assert len(written(nodes)) == KEPT_LINES


def test_a_pod_that_is_over_keeps_its_log(nodes):
    nodes.create(image="busybox:1", command=["sh", "-c", "echo done"], restartPolicy="Never")
    nodes.run(60)
    assert written(nodes) == ["done"]


def test_both_streams(nodes):
    nodes.create(image="busybox:1", command=["sh", "-c", "echo out; echo err >&2; sleep 100"])
    nodes.run(10)
    found = logs.lines(nodes.user, nodes.pod(), "c", nodes.simulation.now)
    assert [(line.stream, line.text) for line in found] == [("stdout", "out"), ("stderr", "err")]
