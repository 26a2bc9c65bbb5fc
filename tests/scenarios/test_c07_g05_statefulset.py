"""C7 and G5: a StatefulSet: names that last, an order, a claim for each ordinal, and the update that undo does not mend."""

from cluster.objects import metadata
from cluster.objects.kinds import pod as pods
from tests.support.scenario import Scenario

SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {clusterIP: None, selector: {app: web}, ports: [{port: 80}]}
---"""


def web(replicas: int = 3, image: str = "nginx:1.27", more: str = "") -> str:
    return f"""{SERVICE}
apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: web}}
spec:
  serviceName: web
  replicas: {replicas}
{more}  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      containers: [{{name: c, image: "{image}", volumeMounts: [{{name: data, mountPath: /data}}]}}]
  volumeClaimTemplates:
  - metadata: {{name: data}}
    spec: {{accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 1Gi}}}}}}
"""


def names(cluster: Scenario) -> list[str]:
    return [metadata.name(pod) for pod in cluster.pods("app=web")]


def images(cluster: Scenario) -> dict[str, str]:
    return {metadata.name(pod): pod["spec"]["containers"][0]["image"] for pod in cluster.pods("app=web")}


def claims(cluster: Scenario) -> dict[str, str]:
    """Each claim with the volume that it is bound to."""
    return {metadata.name(claim): claim["spec"].get("volumeName", "") for claim in cluster.objects("persistentvolumeclaims")}


def started(replicas: int = 3, more: str = "") -> Scenario:
    cluster = Scenario()
    cluster.apply(web(replicas, more=more))
    cluster.quiet()
    return cluster


def test_it_works():
    """One after another, each when the one before is Ready; host name, subdomain and claim are its own."""
    cluster = Scenario()
    order: list[list[str]] = []
    cluster.always(lambda: order.append(names(cluster)))
    begun: dict[str, bool] = {}

    def earlier_are_ready() -> None:
        for pod in cluster.pods("app=web"):
            number, name = int(metadata.name(pod).split("-")[1]), metadata.name(pod)
            if name not in begun:
                begun[name] = all(f"web-{lower}" in cluster.ready("app=web") for lower in range(number))

    cluster.always(earlier_are_ready)
    cluster.apply(web())
    cluster.quiet()
    assert cluster.ready("app=web") == ["web-0", "web-1", "web-2"]
    assert begun == {"web-0": True, "web-1": True, "web-2": True}
    one = cluster.get("pods/web-1")
    assert (one["spec"]["hostname"], one["spec"]["subdomain"]) == ("web-1", "web")
    assert sorted(claims(cluster)) == ["data-web-0", "data-web-1", "data-web-2"]
    assert len(set(claims(cluster).values())) == 3


def test_its_endpoints_have_names_for_dns():
    cluster = started()
    (slice_,) = cluster.objects("endpointslices.discovery.k8s.io", "kubernetes.io/service-name=web")
    assert sorted(endpoint["hostname"] for endpoint in slice_["endpoints"]) == ["web-0", "web-1", "web-2"]


def test_a_deleted_member_comes_back_with_its_name_and_its_volume_but_as_another_pod():
    cluster = started()
    before, volume = cluster.get("pods/web-1"), claims(cluster)["data-web-1"]
    cluster.run("delete pod web-1 --wait=false")
    cluster.when(lambda: cluster.find("pods/web-1") is None, within=60)
    cluster.quiet()
    after = cluster.get("pods/web-1")
    assert metadata.uid(after) != metadata.uid(before) and pods.is_ready(after)
    assert claims(cluster)["data-web-1"] == volume


def test_scaling_down_goes_from_the_top_and_keeps_the_claims():
    cluster = started()
    kept, gone = claims(cluster), []
    before = set(names(cluster))

    def note() -> None:
        gone.extend(sorted(before - set(names(cluster)) - set(gone)))

    cluster.always(note)
    cluster.run("scale statefulset web --replicas=1")
    cluster.quiet()
    assert gone == ["web-2", "web-1"]
    assert claims(cluster) == kept
    cluster.run("scale statefulset web --replicas=3")
    cluster.quiet()
    assert cluster.ready("app=web") == ["web-0", "web-1", "web-2"] and claims(cluster) == kept


def test_the_claims_outlive_their_set_unless_it_says_otherwise():
    cluster = started(2)
    cluster.run("delete statefulset web")
    cluster.quiet()
    assert not names(cluster) and sorted(claims(cluster)) == ["data-web-0", "data-web-1"]
    other = started(2, "  persistentVolumeClaimRetentionPolicy: {whenDeleted: Delete, whenScaled: Delete}\n")
    other.run("scale statefulset web --replicas=1")
    other.advance(60)
    assert sorted(claims(other)) == ["data-web-0"]
    other.run("delete statefulset web")
    other.advance(60)
    assert not claims(other)


def test_parallel_waits_for_nobody():
    cluster = Scenario()
    cluster.apply(web(more="  podManagementPolicy: Parallel\n"))
    cluster.when(lambda: len(names(cluster)) == 3, within=1)
    assert not cluster.ready("app=web")
    cluster.quiet()
    assert len(cluster.ready("app=web")) == 3


def test_an_update_goes_from_the_highest_down():
    cluster = started()
    order: list[str] = []

    def note() -> None:
        order.extend(name for name, image in images(cluster).items() if image.endswith("1.28") and name not in order)

    cluster.always(note)
    cluster.run("set image statefulset/web c=nginx:1.28")
    cluster.quiet()
    assert order == ["web-2", "web-1", "web-0"] and len(cluster.ready("app=web")) == 3


def test_a_partition_holds_the_lower_ones_back():
    cluster = started(more="  updateStrategy: {rollingUpdate: {partition: 2}}\n")
    cluster.run("set image statefulset/web c=nginx:1.28")
    cluster.quiet()
    assert images(cluster) == {"web-0": "nginx:1.27", "web-1": "nginx:1.27", "web-2": "nginx:1.28"}
    cluster.run("delete pod web-0 --wait=false")
    cluster.advance(60)
    assert images(cluster)["web-0"] == "nginx:1.27"


def test_a_broken_update_stays_broken_after_undo_until_its_pod_is_deleted():
    cluster = started()
    cluster.run("set image statefulset/web c=nginx:9.99")
    cluster.advance(60)
    assert images(cluster) == {"web-0": "nginx:1.27", "web-1": "nginx:1.27", "web-2": "nginx:9.99"}
    cluster.run("rollout undo statefulset/web")
    cluster.advance(600)
    assert images(cluster)["web-2"] == "nginx:9.99" and cluster.ready("app=web") == ["web-0", "web-1"]
    cluster.run("delete pod web-2 --wait=false")
    cluster.advance(60)
    assert images(cluster)["web-2"] == "nginx:1.27" and len(cluster.ready("app=web")) == 3


def test_a_member_on_a_dead_node_is_not_replaced_until_its_object_is_gone():
    """Else there might be two of the same name."""
    cluster = started(2)
    node = pods.node_name(cluster.get("pods/web-1"))
    cluster.run(f"simulate node stop {node}")
    cluster.advance(900)
    stuck = cluster.get("pods/web-1")
    assert metadata.is_being_deleted(stuck) and pods.node_name(stuck) == node
    cluster.run("delete pod web-1 --grace-period=0 --force")
    cluster.advance(60)
    assert metadata.uid(cluster.get("pods/web-1")) != metadata.uid(stuck)
