"""B3, B4: a replacement is another Pod with another uid and another address; any Pod reaches any Pod by its address."""

from cluster.objects import metadata
from cluster.objects.kinds import pod as pods
from tests.support.scenario import Scenario

BOX = """
apiVersion: v1
kind: Pod
metadata: {name: box-%(node)s}
spec:
  nodeName: %(node)s
  containers: [{name: c, image: busybox, command: [sleep, "86400"]}]
"""


def identity(pod):
    return metadata.name(pod), metadata.uid(pod), pods.ip(pod)


def test_it_works():
    cluster = Scenario()
    cluster.run("create deployment web --image=nginx")
    cluster.quiet()
    (before,) = cluster.pods("app=web")
    cluster.run(f"delete pod {metadata.name(before)}")
    cluster.quiet()
    (after,) = cluster.pods("app=web")
    assert all(old != new for old, new in zip(identity(before), identity(after), strict=True))


def test_a_restarted_container_keeps_the_address():
    cluster = Scenario()
    cluster.run("create deployment web --image=nginx")
    cluster.quiet()
    (before,) = cluster.pods("app=web")
    cluster.run("exec deploy/web -- kill 1")
    cluster.quiet()
    (after,) = cluster.pods("app=web")
    assert identity(before) == identity(after)
    assert pods.restarts(after) == 1


def test_any_pod_reaches_any_pod():
    cluster = Scenario()
    cluster.run("create deployment web --image=nginx --replicas=3")
    for node in ("node-1", "node-2"):
        cluster.apply(BOX % {"node": node})
    cluster.quiet()
    cluster.advance(1)  # without a readiness probe a Pod is Ready a moment before nginx listens
    for pod in cluster.pods("app=web"):
        for node in ("node-1", "node-2"):
            assert "Welcome to nginx!" in cluster.run(f"exec box-{node} -- wget -qO- http://{pods.ip(pod)}").stdout


def test_the_address_of_a_pod_that_is_gone_does_not_answer():
    cluster = Scenario()
    cluster.run("create deployment web --image=nginx")
    cluster.apply(BOX % {"node": "node-1"})
    cluster.quiet()
    (pod,) = cluster.pods("app=web")
    cluster.run(f"delete pod {metadata.name(pod)}")
    cluster.quiet()
    assert "timed out" in cluster.refused(f"exec box-node-1 -- wget -T 2 -qO- http://{pods.ip(pod)}")
