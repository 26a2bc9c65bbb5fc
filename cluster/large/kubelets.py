"""The kubelets of a large cluster in bulk: nodes that register, Pods that start and stop, images that are pulled.

The documents are cast after samples of the ordinary kubelet; what does not happen to every Pod is computed by its own code.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cluster.apiserver.state import Bulk
from cluster.controllers.node_lifecycle import HEARTBEAT_CONDITIONS
from cluster.kubelet import status
from cluster.large.inventory import GONE, NODES, PODS, Inventory, NodeRecord, PodRecord
from cluster.large.samples import (
    ADDRESS,
    BOOT_ID,
    CIDR,
    CONTAINER,
    HOST_IP,
    MACHINE_ID,
    MOMENTS,
    NAME,
    REVISION,
    SYSTEM_UUID,
    UID,
    ZONE,
    Life,
)
from cluster.large.scheduling import BulkScheduler
from cluster.machinery.settings import Settings
from cluster.objects import times
from cluster.objects.documents import Document, dig, with_value
from cluster.objects.kinds import pod as pods

LEASES, LEASE_NAMESPACE, LEASE_SECONDS = "leases.coordination.k8s.io", "kube-node-lease", 40
# A node has so many addresses for Pods: .2 to .254 of its network.
FIRST_ADDRESS, LAST_ADDRESS = 2, 254
# nodeStatusUpdateFrequency: how soon a change that nobody waits for (images) is posted.
UPDATE_FREQUENCY = 10 * times.SECOND


class BulkKubelets:
    """What is due on nodes: each method makes the one write of its moment and asks for the next."""

    def __init__(
        self, inventory: Inventory, scheduler: BulkScheduler, lives: list[Life], settings: Settings
    ) -> None:
        self._inventory = inventory
        self._scheduler = scheduler
        self._lives = lives  # of nodes, by kind of machine
        self._settings = settings
        self._images: dict[str, Document] = {}  # image -> its entry in a node's status
        self._acts: dict[str, Callable[[Bulk, Any, int], None]] = {
            "register": self._register, "start": self._start, "stop": self._stop, "post": self._post,
            "return": self._return,
        }

    def run(self, bulk: Bulk, now: int) -> None:
        """Everything that is due at `now`, in the order in which it was asked for."""
        for what, whom in self._inventory.calendar.pop(now, ()):
            self._acts[what](bulk, whom, now)

    # --- nodes ------------------------------------------------------------------------------------------------------

    def _register(self, bulk: Bulk, node: NodeRecord, now: int) -> None:
        """The next write of a node that comes up; the last one makes it Ready."""
        life = self._lives[node.planned.kind]
        stage = node.stage
        node.values[REVISION], node.values[MOMENTS + stage] = str(bulk.next_revision()), times.rfc3339(now)
        document = life.moulds[stage].fill(node.values)
        key = ("", node.name)
        if stage == 0:
            bulk.write("host/kubelet", (node.name,), {"started": now, "boot": 1})
        bulk.write(NODES, key, document)
        node.stage += 1
        if node.stage < len(life.moulds):
            self._inventory.due(now, life.offsets[node.stage] - life.offsets[stage], "register", node)
            return
        self._lease(bulk, document, now)
        node.posted = now
        node.ready = True
        self._inventory.capacity_of(node, document)
        self._inventory.changed.add(node.index)
        self._scheduler.node_changed(document)

    def _lease(self, bulk: Bulk, node: Document, now: int) -> None:
        name, uid = node["metadata"]["name"], node["metadata"]["uid"]
        owner = {"apiVersion": "v1", "kind": "Node", "name": name, "uid": uid}
        bulk.write(LEASES, (LEASE_NAMESPACE, name), {
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": {
                "name": name, "namespace": LEASE_NAMESPACE, "ownerReferences": [owner],
                "creationTimestamp": times.rfc3339(now), "uid": self._inventory.chance.uid(),
                "resourceVersion": str(bulk.next_revision()),
            },
            "spec": {"holderIdentity": name, "leaseDurationSeconds": LEASE_SECONDS, "renewTime": times.micro(now)},
        })

    def _post(self, bulk: Bulk, node: NodeRecord, now: int) -> None:
        """Tell which images the node has by now."""
        node.will_post = False
        if node.silent:
            return
        node.posted = now
        there = sorted(image for image, since in node.images.items() if since <= now)
        entries = [self._images[image] for image in there if image in self._images]
        entries.sort(key=lambda entry: (-entry["sizeBytes"], entry["names"][-1]))
        document = bulk.row(NODES, ("", node.name))
        if dig(document, "status", "images") == entries:
            return
        changed = with_value(document, ("status", "images"), entries)
        revision = str(bulk.next_revision())
        changed = with_value(changed, ("metadata", "resourceVersion"), revision)
        bulk.write(NODES, ("", node.name), changed)
        self._scheduler.node_changed(changed)

    def _return(self, bulk: Bulk, node: NodeRecord, now: int) -> None:
        """A kubelet that was silent is heard again: its node is healthy, its Pods are ready, and some have to go."""
        document = bulk.row(NODES, ("", node.name))
        healthy = self._lives[node.planned.kind].moulds[-1].fill(node.values)
        was = {condition["type"]: condition for condition in healthy["status"]["conditions"]}
        stamp = times.rfc3339(now)
        conditions = [
            {**was[c["type"]], "lastHeartbeatTime": stamp, "lastTransitionTime": stamp}
            if c["type"] in HEARTBEAT_CONDITIONS and c["status"] == "Unknown" else c
            for c in document["status"]["conditions"]
        ]
        changed = with_value(document, ("status", "conditions"), conditions)
        changed = with_value(changed, ("metadata", "resourceVersion"), str(bulk.next_revision()))
        bulk.write(NODES, ("", node.name), changed)
        node.ready = True
        self._inventory.changed.add(node.index)
        self._scheduler.node_changed(changed)
        for record in list(node.pods.values()):
            if not record.leaving and record.values is None and not record.ready:
                self._tell_ready(bulk, record, now)
        held, node.held = node.held, []
        for record in held:
            self._inventory.due(now, self._settings.write, "stop" if record.leaving else "start", record)

    def _tell_ready(self, bulk: Bulk, record: PodRecord, now: int) -> None:
        pod = bulk.row(PODS, record.key)
        conditions = [
            {**c, "status": "True", "lastTransitionTime": times.rfc3339(now)} if c["type"] == "Ready" else c
            for c in pod["status"]["conditions"]
        ]
        self._store(bulk, record, with_value(pod, ("status", "conditions"), conditions))
        self._inventory.set_ready(record, True)

    # --- Pods that start --------------------------------------------------------------------------------------------

    def _start(self, bulk: Bulk, record: PodRecord, now: int) -> None:
        """The next write of a Pod that starts; the last one makes it ready."""
        values = record.values
        if record.leaving or values is None:
            return
        node = self._inventory.nodes[record.node]
        if node.silent:
            node.held.append(record)
            return
        life = record.workload.life
        stage = record.stage = record.stage + 1
        last = len(life.moulds) - 1
        if stage == 2:
            values[ADDRESS] = self._address(record, node)
            values[CONTAINER] = f"containerd://{self._inventory.chance.digest()}"
        values[REVISION], values[MOMENTS + stage] = str(bulk.next_revision()), times.rfc3339(now)
        document = life.moulds[stage].fill(values)
        bulk.write(PODS, record.key, document)
        if stage == last:
            record.values = None
            self._inventory.set_ready(record, True)
            return
        delay = self._varied(life.offsets[stage + 1] - life.offsets[stage])
        if stage + 1 == last:
            delay += max(0, self._pulled(node, record, now) - now)
        self._inventory.due(now, delay, "start", record)

    def _pulled(self, node: NodeRecord, record: PodRecord, now: int) -> int:
        """When the Pod's image is on the node (ms); images are pulled one after the other (serializeImagePulls)."""
        image = record.workload.image
        there = node.images.get(image)
        if there is not None:
            return there
        life = record.workload.life
        for name, entry in (life.images or {}).items():
            self._images.setdefault(name, entry)
        there = max(now, node.pulling_until) + round(self._varied(life.pull))
        node.images[image] = node.pulling_until = there
        if not node.will_post:
            node.will_post = True
            # All kubelets post at the same beat, so that the scheduler counts images once per beat and not all the time.
            beat = -(-max(there, node.posted + UPDATE_FREQUENCY) // UPDATE_FREQUENCY) * UPDATE_FREQUENCY
            self._inventory.due(now, beat - now, "post", node)
        return there

    def _varied(self, duration: float) -> float:
        spread = self._settings.jitter
        return duration * (1 + spread * (2 * self._inventory.chance.random() - 1)) if spread else duration

    def _address(self, record: PodRecord, node: NodeRecord) -> str:
        """The next address of the node that no Pod has; there are more than a node takes Pods."""
        while True:
            node.last_address = node.last_address + 1 if node.last_address < LAST_ADDRESS else FIRST_ADDRESS
            if node.last_address not in node.addresses:
                break
        record.address = node.last_address
        node.addresses.add(record.address)
        return f"{node.planned.network.rpartition('.')[0]}.{record.address}"

    # --- Pods that stop ---------------------------------------------------------------------------------------------

    def _stop(self, bulk: Bulk, record: PodRecord, now: int) -> None:
        """The next write of a Pod that is being deleted: its status, its end, and then it is gone."""
        if record.leaving == GONE:
            return
        node = self._inventory.nodes[record.node]
        if node.silent:
            node.held.append(record)
            return
        pod = bulk.row(PODS, record.key)
        step, record.leaving = record.leaving, record.leaving + 1
        if step == 1:
            self._store(bulk, record, {**pod, "status": _status(pod, None, now)})
            self._inventory.due(now, self._varied(self._settings.container_stop), "stop", record)
        elif step == 2:
            self._store(bulk, record, {**pod, "status": _status(pod, now, now)})
            self._inventory.set_ready(record, False)
            self._inventory.due(now, self._settings.sandbox_stop, "stop", record)
        else:
            bulk.next_revision()
            bulk.write(PODS, record.key, None)
            self._inventory.forget(record)
            self._scheduler.pod_left(pod)

    def _store(self, bulk: Bulk, record: PodRecord, document: Document) -> None:
        revision = str(bulk.next_revision())
        bulk.write(PODS, record.key, with_value(document, ("metadata", "resourceVersion"), revision))


def _status(pod: Document, ended: int | None, now: int) -> Document:
    """What the kubelet posts for a Pod whose containers run, or have ended at `ended`."""
    records: dict[str, Any] = {}
    for found in dig(pod, "status", "containerStatuses", default=[]):
        if "running" not in found["state"]:
            continue
        record = {
            "state": "running", "attempt": found["restartCount"], "id": found["containerID"], "image": found["image"],
            "image_id": found["imageID"], "started": times.parse(found["state"]["running"]["startedAt"]),
        }
        if ended is not None:
            record |= {"state": "exited", "code": 0, "reason": "Completed", "finished": ended}
        records[found["name"]] = record
    row = {"containers": records, "sandbox": {"since": now}, "ip": pods.ip(pod)}
    probes = {name: {"ready": True, "started": True} for name in records}
    work = {"terminal": ended is not None, "probes": probes, "begun": now}
    return status.compute(pod, row, work, dig(pod, "status", "hostIP", default=""), now)


def node_values(node: NodeRecord, zone: str, uid: str, life: Life, digest: str) -> list[Any]:
    """What fills the moulds of a node."""
    values = [""] * (MOMENTS + len(life.moulds))
    values[NAME], values[UID], values[HOST_IP], values[ZONE] = node.name, uid, node.planned.address, zone
    values[CIDR], values[MACHINE_ID] = node.planned.network, digest[:32]
    values[SYSTEM_UUID], values[BOOT_ID] = _as_uuid(digest[:32]), _as_uuid(digest[32:])
    return values


def _as_uuid(digits: str) -> str:
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:32]}"

