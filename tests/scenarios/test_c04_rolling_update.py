"""C4: how a Deployment replaces its Pods: between a ceiling and a floor, or all at once; and what stops it."""

import pytest

from cluster.objects import metadata
from cluster.objects.kinds import pod as pods
from cluster.objects.kinds import replicaset as replicasets
from tests.support.scenario import Scenario


def deployment(replicas: int, image: str, strategy: str = "", more: str = "") -> str:
    return f"""
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: {replicas}
{more}  strategy: {strategy or '{}'}
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec: {{containers: [{{name: c, image: "{image}", resources: {{requests: {{cpu: 100m}}}}}}]}}
"""


class Bounds:
    """The most Pods that the ReplicaSets together asked for, and the fewest that served."""

    def __init__(self, cluster: Scenario) -> None:
        self.cluster = cluster
        self.most, self.fewest = 0, 10**9
        cluster.always(self.note)

    def note(self) -> None:
        wanted = sum(map(replicasets.wanted, self.cluster.objects("replicasets.apps", "app=web")))
        self.most = max(self.most, wanted)
        self.fewest = min(self.fewest, len(self.cluster.ready("app=web")))


def images(cluster: Scenario) -> set[str]:
    return {pod["spec"]["containers"][0]["image"] for pod in cluster.pods("app=web")}


@pytest.mark.parametrize(("strategy", "most", "fewest"), [
    ("", 25, 15),  # 25 % and 25 %: the default
    ("{rollingUpdate: {maxSurge: 0, maxUnavailable: 5}}", 20, 15),  # no room to spare
    ("{rollingUpdate: {maxSurge: 100%, maxUnavailable: 0}}", 40, 20),  # "first 20 new, then away with the 20 old"
    ("{rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}", 21, 20),
])
def test_20_pods_between_ceiling_and_floor(strategy: str, most: int, fewest: int):
    cluster = Scenario()
    cluster.apply(deployment(20, "nginx:1.27", strategy))
    cluster.quiet()
    bounds = Bounds(cluster)
    cluster.apply(deployment(20, "nginx:1.28", strategy))
    cluster.quiet()
    assert images(cluster) == {"nginx:1.28"} and len(cluster.ready("app=web")) == 20
    assert bounds.most == most
    assert bounds.fewest >= fewest
    assert cluster.condition("deployments.apps/web", "Progressing")["reason"] == "NewReplicaSetAvailable"


@pytest.mark.parametrize(("replicas", "surge", "unavailable"), [(4, 1, 1), (10, 3, 2), (1, 1, 0), (3, 1, 0)])
def test_percentages_are_rounded_up_for_surge_and_down_for_what_may_be_missing(replicas: int, surge: int, unavailable: int):
    cluster = Scenario()
    cluster.apply(deployment(replicas, "nginx:1.27"))
    cluster.quiet()
    bounds = Bounds(cluster)
    cluster.apply(deployment(replicas, "nginx:1.28"))
    cluster.quiet()
    assert bounds.most == replicas + surge
    assert bounds.fewest >= replicas - unavailable


def test_recreate_first_stops_everything():
    cluster = Scenario()
    cluster.apply(deployment(4, "nginx:1.27", "{type: Recreate}"))
    cluster.quiet()
    together: list[set[str]] = []
    cluster.always(lambda: together.append(images(cluster)))
    bounds = Bounds(cluster)
    cluster.apply(deployment(4, "nginx:1.28", "{type: Recreate}"))
    cluster.quiet()
    assert bounds.fewest == 0
    assert {"nginx:1.27", "nginx:1.28"} not in together
    assert images(cluster) == {"nginx:1.28"}


def test_a_broken_image_stops_the_rollout_and_the_old_pods_serve_on():
    """After progressDeadlineSeconds it is said so, and nothing is rolled back by itself."""
    cluster = Scenario()
    deadline = "  progressDeadlineSeconds: 60\n"
    cluster.apply(deployment(4, "nginx:1.27", more=deadline))
    cluster.quiet()
    bounds = Bounds(cluster)
    begun = cluster.now
    cluster.apply(deployment(4, "nginx:9.99", more=deadline))
    told = cluster.when(
        lambda: cluster.condition("deployments.apps/web", "Progressing")["reason"] == "ProgressDeadlineExceeded", within=200
    )
    assert 60 <= told - begun <= 75
    assert bounds.fewest == 3 and bounds.most == 5
    cluster.advance(600)
    assert bounds.fewest == 3 and len(cluster.ready("app=web")) == 3
    assert "exceeded its progress deadline" in cluster.refused("rollout status deployment/web")
    cluster.run("rollout undo deployment/web")
    cluster.quiet()
    assert images(cluster) == {"nginx:1.27"} and len(cluster.ready("app=web")) == 4
    assert bounds.fewest == 3


def test_both_bounds_of_zero_are_refused():
    cluster = Scenario()
    said = cluster.refused(
        "apply -f a.yaml", a_yaml=deployment(2, "nginx:1.27", "{rollingUpdate: {maxSurge: 0, maxUnavailable: 0}}")
    )
    assert "may not be 0 when `maxSurge` is 0" in said


def test_without_room_for_one_more_a_surge_waits():
    """Requests decide: one node with 4 CPUs, four Pods of 900m; a fifth does not fit."""
    cluster = Scenario(1)
    whole = deployment(4, "nginx:1.27", "{rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}").replace("100m", "900m")
    cluster.apply(whole)
    cluster.quiet()
    cluster.apply(whole.replace("1.27", "1.28"))
    cluster.quiet()
    (waiting,) = [pod for pod in cluster.pods("app=web") if not pods.node_name(pod)]
    assert "Insufficient cpu" in pods.condition(waiting, "PodScheduled")["message"]
    assert len(cluster.ready("app=web")) == 4
    cluster.apply(whole.replace("1.27", "1.28").replace("maxSurge: 1, maxUnavailable: 0", "maxSurge: 0, maxUnavailable: 1"))
    cluster.quiet()
    assert images(cluster) == {"nginx:1.28"} and metadata.name(waiting) in cluster.ready("app=web")
