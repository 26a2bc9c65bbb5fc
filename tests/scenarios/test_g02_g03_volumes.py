"""G2 and G3: a claim finds a volume, or has one made for it; and what becomes of the volume when the claim goes."""

from cluster.objects import metadata
from cluster.objects.documents import dig
from cluster.objects.kinds import persistentvolume as volumes
from cluster.objects.kinds import persistentvolumeclaim as claims
from cluster.objects.kinds import pod as pods
from tests.support.scenario import Scenario


def volume(name: str, size: str, policy: str = "Retain", mode: str = "ReadWriteOnce", storage_class: str = "slow") -> str:
    return f"""
apiVersion: v1
kind: PersistentVolume
metadata: {{name: {name}}}
spec:
  capacity: {{storage: {size}}}
  accessModes: [{mode}]
  persistentVolumeReclaimPolicy: {policy}
  storageClassName: {storage_class}
  nfs: {{server: 10.0.0.5, path: /exports/{name}}}
---"""


def claim(name: str = "data", size: str = "1Gi", mode: str = "ReadWriteOnce", storage_class: str | None = "slow") -> str:
    chosen = "" if storage_class is None else f'storageClassName: "{storage_class}", '
    return f"""
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {{name: {name}}}
spec: {{{chosen}accessModes: [{mode}], resources: {{requests: {{storage: {size}}}}}}}
---"""


def pod(name: str = "web", of: str = "data") -> str:
    return f"""
apiVersion: v1
kind: Pod
metadata: {{name: {name}}}
spec:
  volumes: [{{name: v, persistentVolumeClaim: {{claimName: {of}}}}}]
  containers: [{{name: c, image: "nginx:1.27", volumeMounts: [{{name: v, mountPath: /data}}]}}]
---"""


def volume_of(cluster: Scenario, name: str = "data") -> str:
    return claims.volume_name(cluster.get(f"persistentvolumeclaims/{name}"))


def phase(cluster: Scenario, name: str) -> str:
    return volumes.phase(cluster.get(f"persistentvolumes/{name}"))


# --- binding to what there is -----------------------------------------------------------------------------------------


def test_it_works():
    """A volume, a claim for it, a Pod that names the claim: never the volume."""
    cluster = Scenario()
    cluster.apply(volume("disk", "5Gi"))
    cluster.quiet()
    assert phase(cluster, "disk") == "Available"
    cluster.apply(claim() + pod())
    cluster.advance(30)
    assert (volume_of(cluster), phase(cluster, "disk")) == ("disk", "Bound")
    assert pods.is_ready(cluster.get("pods/web"))
    # It gets the whole volume, not the part that it asked for.
    assert dig(cluster.get("persistentvolumeclaims/data"), "status", "capacity", "storage") == "5Gi"


def test_the_smallest_that_suffices_is_taken():
    cluster = Scenario()
    cluster.apply(volume("large", "100Gi") + volume("small", "500Mi") + volume("fits", "2Gi") + volume("middle", "10Gi"))
    cluster.apply(claim(size="1Gi"))
    cluster.advance(30)
    assert volume_of(cluster) == "fits"


def test_class_mode_and_size_must_fit_and_until_then_claim_and_pod_wait():
    cluster = Scenario()
    cluster.apply(
        volume("a", "5Gi", storage_class="fast") + volume("b", "5Gi", mode="ReadOnlyMany") + volume("c", "500Mi")
    )
    cluster.apply(claim() + pod())
    cluster.advance(120)
    assert claims.phase(cluster.get("persistentvolumeclaims/data")) == "Pending"
    told = pods.condition(cluster.get("pods/web"), "PodScheduled")
    assert "pod has unbound immediate PersistentVolumeClaims" in told["message"]
    cluster.apply(volume("d", "1Gi"))
    cluster.advance(120)
    assert volume_of(cluster) == "d" and pods.is_ready(cluster.get("pods/web"))


def test_without_a_class_the_claim_says_that_nothing_will_be_made():
    cluster = Scenario()
    cluster.apply(claim(storage_class=""))
    cluster.advance(30)
    assert "no persistent volumes available for this claim and no storage class is set" in cluster.events("FailedBinding")


def test_one_volume_has_one_claim():
    cluster = Scenario()
    cluster.apply(volume("disk", "5Gi") + claim("one") + claim("two"))
    cluster.advance(60)
    bound = [volume_of(cluster, name) for name in ("one", "two")]
    assert sorted(bound) == ["", "disk"]


def test_retain_keeps_the_volume_and_nobody_gets_it_until_it_is_freed_by_hand():
    cluster = Scenario()
    cluster.apply(volume("disk", "5Gi") + claim("one"))
    cluster.advance(30)
    cluster.run("delete pvc one")
    cluster.advance(30)
    assert phase(cluster, "disk") == "Released"
    cluster.apply(claim("two"))
    cluster.advance(300)
    assert volume_of(cluster, "two") == ""
    cluster.run("patch pv disk -p '{\"spec\":{\"claimRef\":null}}'")
    cluster.advance(60)
    assert volume_of(cluster, "two") == "disk"


def test_a_claim_that_a_pod_uses_stays_until_the_pod_is_gone():
    cluster = Scenario()
    cluster.apply(volume("disk", "5Gi") + claim() + pod())
    cluster.advance(30)
    cluster.run("delete pvc data --wait=false")
    cluster.advance(60)
    assert metadata.is_being_deleted(cluster.get("persistentvolumeclaims/data"))
    assert pods.is_ready(cluster.get("pods/web"))
    cluster.run("delete pod web --wait=false")
    cluster.advance(60)
    assert cluster.find("persistentvolumeclaims/data") is None


# --- having one made --------------------------------------------------------------------------------------------------


def test_the_default_class_makes_a_volume_when_the_first_pod_comes():
    cluster = Scenario()
    cluster.apply(claim(storage_class=None))
    cluster.advance(300)
    assert claims.storage_class(cluster.get("persistentvolumeclaims/data")) == "standard"
    assert claims.phase(cluster.get("persistentvolumeclaims/data")) == "Pending"
    assert "waiting for first consumer to be created before binding" in cluster.events("WaitForFirstConsumer")
    cluster.apply(pod())
    assert cluster.when(lambda: pods.is_ready(cluster.get("pods/web")), within=60)
    made = volume_of(cluster)
    assert made == f"pvc-{metadata.uid(cluster.get('persistentvolumeclaims/data'))}"
    assert volumes.capacity(cluster.get(f"persistentvolumes/{made}")) == "1Gi"


def test_an_immediate_class_makes_it_at_once():
    cluster = Scenario()
    cluster.apply(claim(storage_class="immediate"))
    assert cluster.when(lambda: claims.phase(cluster.get("persistentvolumeclaims/data")) == "Bound", within=30) < 10


def test_delete_takes_the_made_volume_along():
    cluster = Scenario()
    cluster.apply(claim(storage_class="immediate"))
    cluster.advance(30)
    made = volume_of(cluster)
    cluster.run("delete pvc data")
    cluster.advance(30)
    assert cluster.find(f"persistentvolumes/{made}") is None


def test_a_claim_can_grow_but_not_shrink():
    cluster = Scenario()
    cluster.apply(claim(storage_class="immediate"))
    cluster.advance(30)
    cluster.apply(claim(storage_class="immediate", size="3Gi"))
    cluster.advance(60)
    assert dig(cluster.get("persistentvolumeclaims/data"), "status", "capacity", "storage") == "3Gi"
    smaller = claim(storage_class="immediate", size="2Gi")
    assert "field can not be less than status.capacity" in cluster.refused("apply -f a.yaml", a_yaml=smaller)


def test_a_class_that_does_not_exist_leaves_the_claim_waiting():
    cluster = Scenario()
    cluster.apply(claim(storage_class="nowhere"))
    cluster.advance(60)
    assert claims.phase(cluster.get("persistentvolumeclaims/data")) == "Pending"
    assert any('storageclass.storage.k8s.io "nowhere" not found' in said for said in cluster.events("ProvisioningFailed"))
