"""What containers have written."""

from cluster.kubelet import logs


def written(nodes, name="web", **options):
    pod = nodes.pod(name)
    row = nodes.user.host("host/containers", (pod["spec"]["nodeName"], pod["metadata"]["uid"]))
    found = logs.lines(pod["spec"]["containers"][0], row["containers"]["c"], nodes.simulation.now, {}, **options)
    return [text for _, text in found]


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
    assert "password option is not specified" in written(nodes)[0]


def test_date(nodes):
    nodes.create(image="busybox:1", command=["sh", "-c", "date; sleep 100"])
    nodes.run(10)
    assert written(nodes)[0].startswith("Thu Jan  1 00:00:1")


def test_long_logs_are_cut(nodes):
    nodes.create(image="busybox:1", command=["sh", "-c", "while true; do echo hi; done"])
    nodes.run(100_000)
    assert len(written(nodes)) == logs.KEPT_LINES
