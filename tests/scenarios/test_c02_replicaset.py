"""C2: a ReplicaSet keeps its number: it counts by selector, adopts, lets go, and replaces what is gone."""

from cluster.objects import metadata
from tests.support.scenario import Scenario

WEB = """
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: nginx, image: "nginx:1.27"}]}
"""
ALONE = """
apiVersion: v1
kind: Pod
metadata: {name: alone, labels: {app: web}}
spec: {containers: [{name: nginx, image: "nginx:1.27"}]}
"""


def test_it_works():
    cluster = Scenario()
    cluster.apply(WEB)
    assert cluster.when(lambda: len(cluster.ready("app=web")) == 3, within=60) < 15
    cluster.quiet()
    assert cluster.get("replicasets.apps/web")["status"]["readyReplicas"] == 3


def test_a_deleted_pod_is_replaced_by_another_one_at_once():
    cluster = Scenario()
    cluster.apply(WEB)
    cluster.quiet()
    before = {metadata.uid(pod): pod for pod in cluster.pods("app=web")}
    gone = next(iter(before.values()))
    begun = cluster.now
    cluster.run(f"delete pod {metadata.name(gone)} --wait=false")
    # The replacement comes while the old one still ends, with a name, a uid and an address of its own.
    assert cluster.when(lambda: len(cluster.pods("app=web")) == 3, within=5) - begun < 1
    cluster.quiet()
    new = next(pod for pod in cluster.pods("app=web") if metadata.uid(pod) not in before)
    assert metadata.name(new) != metadata.name(gone)
    assert new["status"]["podIP"] not in {pod["status"]["podIP"] for pod in before.values()}


def test_a_pod_with_its_labels_is_adopted():
    cluster = Scenario()
    cluster.apply(ALONE)
    cluster.quiet()
    cluster.apply(WEB)
    cluster.quiet()
    assert len(cluster.pods("app=web")) == 3
    assert metadata.controller_of(cluster.get("pods/alone"))["name"] == "web"


def test_one_too_many_is_deleted_at_once():
    cluster = Scenario()
    cluster.apply(WEB)
    cluster.quiet()
    cluster.apply(ALONE)
    cluster.quiet()
    assert cluster.find("pods/alone") is None
    assert len(cluster.ready("app=web")) == 3


def test_a_pod_whose_label_goes_is_let_go_and_replaced():
    cluster = Scenario()
    cluster.apply(WEB)
    cluster.quiet()
    name = metadata.name(cluster.pods("app=web")[0])
    cluster.run(f"label pod {name} app=debug --overwrite")
    cluster.quiet()
    assert len(cluster.ready("app=web")) == 3
    freed = cluster.get(f"pods/{name}")
    assert metadata.controller_of(freed) is None and freed["status"]["phase"] == "Running"


def test_the_selector_must_match_the_template():
    cluster = Scenario()
    said = cluster.refused("apply -f rs.yaml", rs_yaml=WEB.replace("labels: {app: web}", "labels: {app: other}"))
    assert "`selector` does not match template `labels`" in said
