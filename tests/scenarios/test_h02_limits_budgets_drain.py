"""H2: LimitRanges, budgets of disruption, and a drain that waits for them."""

from cluster.objects.kinds import pod as pods
from tests.support.scenario import Scenario

RANGE = """
apiVersion: v1
kind: LimitRange
metadata: {name: usual}
spec:
  limits:
  - type: Container
    default: {cpu: 500m}
    defaultRequest: {cpu: 200m}
    max: {cpu: "1"}
    min: {cpu: 100m}
"""


def pod(cpu: str, limit: str = "") -> str:
    limits = f", limits: {{cpu: {limit}}}" if limit else ""
    return f"""
apiVersion: v1
kind: Pod
metadata: {{name: a}}
spec: {{containers: [{{name: c, image: "nginx:1.27", resources: {{requests: {{cpu: {cpu}}}{limits}}}}}]}}
"""


def web(replicas: int, budget: str) -> str:
    return f"""
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec: {{containers: [{{name: c, image: "nginx:1.27"}}]}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {{name: web}}
spec: {{{budget}, selector: {{matchLabels: {{app: web}}}}}}
"""


# --- LimitRange -------------------------------------------------------------------------------------------------------


def test_it_works():
    """What a container does not say is filled in when it is made."""
    cluster = Scenario()
    cluster.apply(RANGE)
    cluster.run("run a --image=nginx:1.27")
    resources = cluster.get("pods/a")["spec"]["containers"][0]["resources"]
    assert resources == {"requests": {"cpu": "200m"}, "limits": {"cpu": "500m"}}


def test_too_much_and_too_little_are_refused():
    cluster = Scenario()
    cluster.apply(RANGE)
    said = cluster.refused("apply -f a.yaml", a_yaml=pod("1", "2"))
    assert "maximum cpu usage per Container is 1, but limit is 2" in said
    assert "minimum cpu usage per Container is 100m, but request is 50m" in cluster.refused("apply -f a.yaml", a_yaml=pod("50m"))


def test_what_is_there_already_is_left_alone():
    cluster = Scenario()
    cluster.apply(pod("50m"))
    cluster.quiet()
    cluster.apply(RANGE)
    cluster.advance(60)
    assert pods.is_ready(cluster.get("pods/a"))


# --- PodDisruptionBudget and drain ------------------------------------------------------------------------------------


def test_a_drain_keeps_the_budget():
    cluster = Scenario(3)
    cluster.apply(web(4, "minAvailable: 3"))
    cluster.quiet()
    fewest: list[int] = []
    cluster.always(lambda: fewest.append(len(cluster.ready("app=web"))))
    node = pods.node_name(cluster.pods("app=web")[0])
    cluster.run(f"drain {node} --ignore-daemonsets")
    cluster.quiet()
    assert min(fewest) == 3 and len(cluster.ready("app=web")) == 4
    assert all(pods.node_name(one) != node for one in cluster.pods("app=web"))
    assert "SchedulingDisabled" in cluster.run(f"get node {node}").stdout


def test_a_budget_without_slack_stops_the_drain():
    cluster = Scenario(2)
    cluster.apply(web(2, "maxUnavailable: 0"))
    cluster.quiet()
    before = cluster.ready("app=web")
    node = pods.node_name(cluster.pods("app=web")[0])
    said = cluster.refused(f"drain {node} --ignore-daemonsets --timeout=30s")
    assert "Cannot evict pod as it would violate the pod's disruption budget." in said
    assert cluster.ready("app=web") == before


def test_the_budget_counts():
    cluster = Scenario()
    cluster.apply(web(4, 'minAvailable: "50%"'))
    cluster.quiet()
    status = cluster.get("poddisruptionbudgets.policy/web")["status"]
    assert [status[field] for field in ("expectedPods", "desiredHealthy", "currentHealthy", "disruptionsAllowed")] == [4, 2, 4, 2]
    cluster.run("scale deployment web --replicas=1")
    cluster.quiet()
    status = cluster.get("poddisruptionbudgets.policy/web")["status"]
    assert [status[field] for field in ("expectedPods", "desiredHealthy", "disruptionsAllowed")] == [1, 1, 0]


def test_a_budget_stops_evictions_only():
    """A delete, a rollout or a dead node asks nobody."""
    cluster = Scenario()
    cluster.apply(web(3, "maxUnavailable: 0"))
    cluster.quiet()
    first = cluster.ready("app=web")[0]
    cluster.run(f"delete pod {first} --wait=false")
    cluster.quiet()
    assert first not in cluster.ready("app=web")
    cluster.run("set image deployment/web c=nginx:1.28")
    cluster.quiet()
    assert {one["spec"]["containers"][0]["image"] for one in cluster.pods("app=web")} == {"nginx:1.28"}


def test_a_drain_asks_before_it_takes_what_nobody_will_replace():
    cluster = Scenario(1)
    cluster.run("run alone --image=nginx:1.27")
    cluster.quiet()
    said = cluster.refused("drain node-1 --ignore-daemonsets")
    assert "cannot delete" in said and "declare no controller (use --force to override)" in said and "alone" in said
    cluster.run("drain node-1 --ignore-daemonsets --force")
    cluster.quiet()
    assert cluster.find("pods/alone") is None
    # What was drained elsewhere does not come back: uncordon only lets new Pods in.
    cluster.run("uncordon node-1")
    cluster.advance(60)
    assert not cluster.pods()
