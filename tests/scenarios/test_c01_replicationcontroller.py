"""C1: a ReplicationController, the ancestor of the ReplicaSet: a number and labels that must be equal, nothing more."""

from cluster.objects import metadata
from tests.support.scenario import Scenario

WEB = """
apiVersion: v1
kind: ReplicationController
metadata: {name: web}
spec:
  replicas: 2
  selector: {app: web}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: nginx, image: "nginx:1.27"}]}
"""


def test_it_works():
    cluster = Scenario()
    cluster.apply(WEB)
    assert cluster.when(lambda: len(cluster.ready("app=web")) == 2, within=60) < 15
    owners = {metadata.controller_of(pod)["kind"] for pod in cluster.pods("app=web")}
    assert owners == {"ReplicationController"}


def test_it_heals_and_scales():
    cluster = Scenario()
    cluster.apply(WEB)
    cluster.quiet()
    first = metadata.name(cluster.pods("app=web")[0])
    cluster.run(f"delete pod {first} --wait=false")
    cluster.quiet()
    assert first not in cluster.ready("app=web")
    assert len(cluster.ready("app=web")) == 2
    cluster.run("scale rc web --replicas=5")
    cluster.quiet()
    assert len(cluster.ready("app=web")) == 5


def test_a_new_template_changes_no_pod_that_is_there():
    """It knows no rollout: only Pods made later follow the new template."""
    cluster = Scenario()
    cluster.apply(WEB)
    cluster.quiet()
    before = set(cluster.ready("app=web"))
    cluster.apply(WEB.replace("1.27", "1.28"))
    cluster.quiet()
    assert set(cluster.ready("app=web")) == before
    gone = sorted(before)[0]
    cluster.run(f"delete pod {gone} --wait=false")
    cluster.quiet()
    images = sorted(pod["spec"]["containers"][0]["image"] for pod in cluster.pods("app=web"))
    assert images == ["nginx:1.27", "nginx:1.28"]


def test_rollout_knows_nothing_of_it():
    cluster = Scenario()
    cluster.apply(WEB)
    assert "no history viewer has been implemented" in cluster.refused("rollout history rc/web")
