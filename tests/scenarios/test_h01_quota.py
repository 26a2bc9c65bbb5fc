"""H1: a namespace and what it may use: a quota refuses at the door, and says what, how much and of how much."""

from tests.support.scenario import Scenario

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: c, image: "nginx:1.27", resources: {requests: {cpu: 200m}, limits: {cpu: 200m}}}]
"""


def started(hard: str) -> Scenario:
    cluster = Scenario()
    cluster.run("create namespace team")
    cluster.run(f"create quota budget --hard={hard} -n team")
    cluster.quiet()
    return cluster


def used(cluster: Scenario) -> dict[str, str]:
    return dict(cluster.get("resourcequotas/budget", "team")["status"]["used"])


def test_it_works():
    """The Deployment is taken in; its Pods beyond the limit are refused, with the sentence of the real server."""
    cluster = started("pods=2")
    cluster.apply(DEPLOYMENT, "team")
    cluster.advance(30)
    assert len(cluster.ready("app=web", "team")) == 2 and used(cluster) == {"pods": "2"}
    said = cluster.events("FailedCreate", namespace="team")[0]
    assert said.startswith('Error creating: pods "web-')
    assert said.endswith("is forbidden: exceeded quota: budget, requested: pods=1, used: pods=2, limited: pods=2")
    assert cluster.get("deployments.apps/web", "team")["status"]["unavailableReplicas"] == 1


def test_when_something_goes_there_is_room_again():
    cluster = started("pods=2")
    cluster.apply(DEPLOYMENT, "team")
    cluster.advance(30)
    cluster.run("create quota budget2 --hard=pods=9 -n team")
    cluster.run("patch quota budget -n team -p '{\"spec\":{\"hard\":{\"pods\":\"3\"}}}'")
    cluster.advance(600)
    assert len(cluster.ready("app=web", "team")) == 3


def test_a_bare_pod_is_refused_at_once():
    cluster = started("requests.cpu=500m,limits.cpu=500m")
    cluster.apply(DEPLOYMENT, "team")
    cluster.advance(30)
    assert used(cluster) == {"limits.cpu": "400m", "requests.cpu": "400m"}
    pod = """
apiVersion: v1
kind: Pod
metadata: {name: more}
spec: {containers: [{name: c, image: nginx, resources: {limits: {cpu: 300m}}}]}
"""
    said = cluster.refused("apply -f a.yaml -n team", a_yaml=pod)
    assert 'pods "more" is forbidden: exceeded quota: budget, ' in said
    assert "requested: limits.cpu=300m,requests.cpu=300m, used: limits.cpu=400m,requests.cpu=400m" in said
    assert "limited: limits.cpu=500m,requests.cpu=500m" in said


def test_who_does_not_say_what_it_needs_is_refused_where_that_is_limited():
    cluster = started("requests.cpu=1,limits.memory=1Gi")
    said = cluster.refused("run a --image=nginx -n team")
    assert "failed quota: budget: must specify limits.memory for: a; requests.cpu for: a" in said
    # Elsewhere nobody minds.
    cluster.run("run a --image=nginx")


def test_a_limit_range_fills_in_what_is_missing():
    cluster = started("requests.cpu=1,limits.memory=1Gi")
    ranges = """
apiVersion: v1
kind: LimitRange
metadata: {name: usual}
spec: {limits: [{type: Container, default: {cpu: 200m, memory: 64Mi}, defaultRequest: {cpu: 100m}}]}
"""
    cluster.apply(ranges, "team")
    cluster.run("run a --image=nginx -n team")
    cluster.quiet()
    assert used(cluster) == {"limits.memory": "64Mi", "requests.cpu": "100m"}


def test_objects_are_counted_too():
    cluster = started("services.nodeports=1,count/deployments.apps=1")
    cluster.run("create deployment one --image=nginx -n team")
    cluster.run("expose deployment one --port=80 --type=NodePort -n team")
    assert "exceeded quota: budget, requested: count/deployments.apps=1" in cluster.refused(
        "create deployment two --image=nginx -n team"
    )
    cluster.run("expose deployment one --port=80 --name=inside -n team")
    assert "services.nodeports=1" in cluster.refused("expose deployment one --port=80 --type=NodePort --name=third -n team")


def test_the_same_name_may_be_used_in_another_namespace():
    cluster = started("pods=1")
    cluster.run("run a --image=nginx -n team")
    cluster.run("run a --image=nginx")
    assert 'pods "a" already exists' in cluster.refused("run a --image=nginx")


def test_a_namespace_takes_everything_along():
    cluster = started("pods=5")
    cluster.apply(DEPLOYMENT, "team")
    cluster.quiet()
    cluster.run("delete namespace team --wait=false")
    assert "because it is being terminated" in cluster.refused("run late --image=nginx -n team")
    cluster.when(lambda: cluster.find("namespaces/team") is None, within=120)
    assert not cluster.objects("pods", namespace="team")
