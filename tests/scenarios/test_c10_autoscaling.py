"""C10: load in, replicas out: the HorizontalPodAutoscaler follows the CPU that requests cost, and hesitates to go down."""

from itertools import pairwise

from cluster.objects.documents import dig
from tests.support.scenario import Scenario

WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: nginx, image: "nginx:1.27", resources: {requests: {cpu: 200m}, limits: {cpu: 500m}}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 1
  maxReplicas: 10
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}}]
"""


def web() -> Scenario:
    cluster = Scenario()
    cluster.apply(WEB)
    cluster.advance(60)
    return cluster


def replicas(cluster: Scenario) -> int:
    return int(cluster.get("deployments.apps/web")["spec"]["replicas"])


def reason(cluster: Scenario, type: str) -> str:
    found = dig(cluster.get("horizontalpodautoscalers.autoscaling/web"), "status", "conditions", default=[])
    return next(str(one["reason"]) for one in found if one["type"] == type)


def test_it_works():
    cluster = web()
    assert replicas(cluster) == 1
    # 100 requests a second of 5 ms are 500m: at 100m each (50 % of the request) that takes five.
    cluster.run("simulate load web 100")
    cluster.when(lambda: len(cluster.ready("app=web")) == 5, within=120)
    cluster.advance(120)
    assert replicas(cluster) == 5
    assert dig(cluster.get("horizontalpodautoscalers.autoscaling/web"), "status", "currentMetrics")[0]["resource"]["current"] == {
        "averageUtilization": 50, "averageValue": "101m",
    }


def test_each_step_doubles_at_most_or_goes_to_four():
    cluster = web()
    cluster.run("simulate load web 1000")
    counts = [replicas(cluster)]
    for _ in range(16):
        cluster.advance(15)
        counts.append(replicas(cluster))
    steps = [(a, b) for a, b in pairwise(counts) if a != b]
    # One Pod can use no more than its limit of 500m: the first look sees 250 %, which would be five.
    assert steps[0] == (1, 4) and counts[-1] == 10
    assert all(after <= max(2 * before, 4) for before, after in steps)
    assert reason(cluster, "ScalingLimited") == "TooManyReplicas"


def test_no_more_than_the_maximum():
    cluster = web()
    cluster.run("simulate load web 100000")
    cluster.advance(300)
    assert replicas(cluster) == 10
    assert dig(cluster.get("horizontalpodautoscalers.autoscaling/web"), "status", "desiredReplicas") == 10


def test_down_only_after_five_minutes():
    cluster = web()
    cluster.run("simulate load web 100")
    cluster.advance(180)
    assert replicas(cluster) == 5
    begun = cluster.now
    cluster.run("simulate load web 20")
    cluster.advance(60)
    assert replicas(cluster) == 5 and reason(cluster, "AbleToScale") == "ScaleDownStabilized"
    down = cluster.when(lambda: replicas(cluster) < 5, within=600) - begun
    assert 285 <= down <= 330
    cluster.advance(60)
    assert replicas(cluster) == 1


def test_a_short_lull_changes_nothing():
    cluster = web()
    cluster.run("simulate load web 100")
    cluster.advance(180)
    cluster.run("simulate load web 10")
    cluster.advance(120)
    cluster.run("simulate load web 100")
    cluster.advance(600)
    assert [step.say for step in cluster.steps if step.say == "autoscaler.scaled"].count("autoscaler.scaled") <= 2
    assert replicas(cluster) == 5


def test_without_requests_there_is_no_percentage():
    cluster = Scenario()
    cluster.apply(WEB.replace("requests: {cpu: 200m}, limits: {cpu: 500m}", ""))
    cluster.run("simulate load web 100")
    cluster.advance(120)
    assert replicas(cluster) == 1
    assert reason(cluster, "ScalingActive") == "FailedGetResourceMetric"
    assert "missing request for cpu in container nginx" in str(cluster.events("FailedGetResourceMetric"))
