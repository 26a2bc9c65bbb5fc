"""NodeVolumeLimits: a node takes only so many volumes of a storage driver.

pkg/scheduler/framework/plugins/nodevolumelimits (csi.go, utils.go).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from cluster.objects.documents import Document, dig
from cluster.objects.kinds import csinode
from cluster.objects.kinds import persistentvolumeclaim as claims
from cluster.objects.kinds import volumeattachment as attachments
from cluster.scheduler import events
from cluster.scheduler.events import ClusterEvent
from cluster.scheduler.framework import SKIP, SUCCESS, Code, CycleState, Plugin, PreFilterResult, Status
from cluster.scheduler.listers import Lister
from cluster.scheduler.snapshot import NodeInfo, Snapshot

REASON = "node(s) exceed max volume count"
# Volumes of Kubernetes' own making that a driver serves today: source -> in-tree plugin, driver, the disk's name.
# csi-translation-lib; those without a driver are never counted. It does so on every node that has a CSINode, whatever
# its annotation storage.alpha.kubernetes.io/migrated-plugins says (isCSIMigrationOn in utils.go).
MIGRATED = {
    "awsElasticBlockStore": ("kubernetes.io/aws-ebs", "ebs.csi.aws.com", "volumeID"),
    "gcePersistentDisk": ("kubernetes.io/gce-pd", "pd.csi.storage.gke.io", "pdName"),
    "azureDisk": ("kubernetes.io/azure-disk", "disk.csi.azure.com", "diskName"),
    "cinder": ("kubernetes.io/cinder", "cinder.csi.openstack.org", "volumeID"),
    "portworxVolume": ("kubernetes.io/portworx-volume", "pxd.portworx.com", "volumeID"),
    "azureFile": ("kubernetes.io/azure-file", "", "shareName"),
    "vsphereVolume": ("kubernetes.io/vsphere-volume", "", "volumePath"),
}
PROVISIONERS = {plugin: driver for plugin, driver, _ in MIGRATED.values()}

# (driver, handle) of a volume.
Handle = tuple[str, str]


class NodeVolumeLimits(Plugin):
    name = "NodeVolumeLimits"
    events = frozenset({
        (events.CSI_NODE, events.ADD), (events.CSI_NODE, events.UPDATE), (events.ASSIGNED_POD, events.DELETE),
        (events.PERSISTENT_VOLUME_CLAIM, events.ADD), (events.VOLUME_ATTACHMENT, events.DELETE),
    })

    def pre_filter(self, state: CycleState, pod: Document, snapshot: Snapshot) -> PreFilterResult:
        if not _has_countable_volumes(pod):
            return PreFilterResult(SKIP)
        state[self.name] = snapshot.lister
        return PreFilterResult()

    def filter(self, state: CycleState, pod: Document, node: NodeInfo) -> Status:
        lister: Lister = state[self.name]
        csi_node = lister.get("csinodes.storage.k8s.io", "", node.name)
        for name, _ in claims.of_pod(pod):
            namespace = pod["metadata"].get("namespace", "")
            if lister.get("persistentvolumeclaims", namespace, name) is None:
                reason = f'looking up PVC {namespace}/{name}: persistentvolumeclaim "{name}" not found'
                return Status(Code.UNRESOLVABLE, (reason,), {"claim": name})
        limits = csinode.limits(csi_node)
        new = set(_volumes_of(lister, pod, csi_node)) if limits else set()
        if not new:
            return SUCCESS
        used = {volume for other in node.pods for volume in _volumes_of(lister, other.document, csi_node)}
        attached = Counter(driver for driver, _ in used | set(_attached(lister, node.name)))
        for driver, count in sorted(Counter(driver for driver, _ in new - used).items()):
            limit = limits.get(driver)
            if limit is not None and attached[driver] + count > limit:
                why = {"driver": driver, "limit": limit, "attached": attached[driver], "new": count}
                return Status(Code.UNSCHEDULABLE, (REASON,), why)
        return SUCCESS

    def worth_retrying(self, pod: Document, event: ClusterEvent) -> bool:
        """When a node takes more, a pod with volumes or an attachment went, or a claim of the pod came."""
        if event.resource == events.ASSIGNED_POD:
            return event.old is not None and _has_countable_volumes(event.old)
        if event.resource == events.PERSISTENT_VOLUME_CLAIM:
            meta = (event.new or {"metadata": {}})["metadata"]
            same_namespace = meta.get("namespace") == pod["metadata"].get("namespace")
            return same_namespace and any(name == meta.get("name") for name, _ in claims.of_pod(pod))
        if event.resource == events.VOLUME_ATTACHMENT:
            return _waits_for_attachment(pod, event.old)
        if event.old is None or event.new is None:
            return True
        before = csinode.limits(event.old)
        return any(limit > before.get(driver, 0) for driver, limit in csinode.limits(event.new).items())


def _has_countable_volumes(pod: Document) -> bool:
    return any(
        volume.get(kind) is not None
        for volume in dig(pod, "spec", "volumes", default=[])
        for kind in ("persistentVolumeClaim", "ephemeral", *MIGRATED)
    )


def _waits_for_attachment(pod: Document, attachment: Document | None) -> bool:
    for volume in dig(pod, "spec", "volumes", default=[]):
        if volume.get("persistentVolumeClaim") is not None:
            return True
        for kind, (_, driver, _) in MIGRATED.items():
            if volume.get(kind) is not None and attachment is not None and attachments.attacher(attachment) == driver:
                return True
    return False


def _volumes_of(lister: Lister, pod: Document, csi_node: Document | None) -> Iterator[Handle]:
    """The driver's volumes that a pod uses; what cannot be found is not counted."""
    namespace = pod["metadata"].get("namespace", "")
    for name, _ in claims.of_pod(pod):
        claim = lister.get("persistentvolumeclaims", namespace, name)
        handle = _handle_of(lister, claim, csi_node) if claim is not None else None
        if handle is not None:
            yield handle
    for volume in dig(pod, "spec", "volumes", default=[]):
        handle = _migrated(volume, csi_node)
        if handle is not None:
            yield handle


def _handle_of(lister: Lister, claim: Document, csi_node: Document | None) -> Handle | None:
    bound = claims.volume_name(claim)
    volume = lister.get("persistentvolumes", "", bound) if bound else None
    if volume is None:
        return _handle_by_class(lister, claim, csi_node)
    source = dig(volume, "spec", "csi")
    if source is None:
        return _migrated(volume["spec"], csi_node)
    return (source["driver"], source["volumeHandle"]) if source.get("driver") and source.get("volumeHandle") else None


def _handle_by_class(lister: Lister, claim: Document, csi_node: Document | None) -> Handle | None:
    """A claim without volume counts as one of its class's provisioner; the claim's name stands for the volume's."""
    name = claims.storage_class(claim)
    storage_class = lister.get("storageclasses.storage.k8s.io", "", name) if name else None
    if storage_class is None:
        return None
    provisioner = storage_class["provisioner"]
    if provisioner in PROVISIONERS:
        if not PROVISIONERS[provisioner] or csi_node is None:
            return None
        provisioner = PROVISIONERS[provisioner]
    meta = claim["metadata"]
    return provisioner, f"unbound/{meta.get('namespace', '')}/{meta['name']}"


def _migrated(source: Document, csi_node: Document | None) -> Handle | None:
    """A volume of Kubernetes' own making that a driver serves today."""
    if csi_node is None:
        return None
    for kind, (_, driver, field) in MIGRATED.items():
        if source.get(kind) is not None and driver:
            return driver, str(source[kind].get(field, ""))
    return None


def _attached(lister: Lister, node: str) -> Iterator[Handle]:
    """Volumes that are attached to the node, or about to be, whoever uses them."""
    for attachment in lister.list("volumeattachments.storage.k8s.io"):
        if attachments.node_name(attachment) != node or not attachments.attacher(attachment):
            continue
        volume = lister.get("persistentvolumes", "", attachments.volume_name(attachment))
        handle = dig(volume, "spec", "csi", "volumeHandle")
        if handle is not None:
            yield attachments.attacher(attachment), handle
