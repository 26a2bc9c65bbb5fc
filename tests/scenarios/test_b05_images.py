"""B5: when an image is pulled, what its tag has to do with it, and what a wrong name looks like."""

import pytest

from cluster.objects.kinds import pod as pods
from tests.support.scenario import Scenario


def apply(cluster, image, policy="", name="web"):
    own = f", imagePullPolicy: {policy}" if policy else ""
    cluster.apply(f"""
apiVersion: v1
kind: Pod
metadata: {{name: {name}}}
spec: {{nodeName: node-1, containers: [{{name: c, image: "{image}"{own}}}]}}
""")


def status(cluster, name="web"):
    return pods.status_text(cluster.get(f"pods/{name}"))


def test_it_works():
    cluster = Scenario()
    apply(cluster, "nginx:1.27")
    cluster.when(lambda: status(cluster) == "Running", within=30)
    assert cluster.events("Pulling") == ['Pulling image "nginx:1.27"']


@pytest.mark.parametrize(("image", "policy"), [
    ("nginx", "Always"), ("nginx:latest", "Always"), ("nginx:1.27", "IfNotPresent"),
    (f"nginx@sha256:{'0' * 64}", "IfNotPresent"),
])
def test_the_tag_decides_the_policy(image, policy):
    cluster = Scenario()
    apply(cluster, image)
    assert cluster.get("pods/web")["spec"]["containers"][0]["imagePullPolicy"] == policy


@pytest.mark.parametrize(("policy", "pulls"), [("IfNotPresent", 1), ("Always", 2)])
def test_the_second_pod_of_a_node(policy, pulls):
    cluster = Scenario()
    for name in ("one", "two"):
        apply(cluster, "nginx:1.27", policy, name)
        cluster.quiet()
    assert len(cluster.events("Pulling")) == pulls
    present = 'Container image "nginx:1.27" already present on machine and can be accessed by the pod'
    assert (present in cluster.events("Pulled")) == (policy == "IfNotPresent")


def test_never():
    cluster = Scenario()
    apply(cluster, "nginx:1.27", "Never")
    cluster.quiet()
    assert status(cluster) == "ErrImageNeverPull"
    assert 'Container image "nginx:1.27" is not present with pull policy of Never' in cluster.events("ErrImageNeverPull")


def test_a_wrong_tag_backs_off():
    cluster = Scenario()
    apply(cluster, "nginx:99.99")
    failed = cluster.when(lambda: status(cluster) == "ErrImagePull", within=30)
    backed = cluster.when(lambda: status(cluster) == "ImagePullBackOff", within=30)
    assert backed - failed < 3
    again = cluster.when(lambda: status(cluster) == "ErrImagePull", within=60)
    assert 9 < again - failed < 13
    cluster.run("set image pod/web c=nginx:1.27")
    assert cluster.when(lambda: status(cluster) == "Running", within=60) - again < 15
