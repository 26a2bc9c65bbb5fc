"""The ReplicaSet controller in bulk: Pods by the batch, victims by the usual ranking, status now and then.

pkg/controller/replicaset/replica_set.go. Each ReplicaSet makes a write each few milliseconds, as in the ordinary engine.
"""

from __future__ import annotations

from cluster.apiserver import deletion, strategy
from cluster.apiserver.state import Bulk
from cluster.controllers.replicaset_ranking import to_delete
from cluster.large.inventory import PODS, REPLICASETS, TICK, Inventory, PodRecord, Workload
from cluster.large.samples import MOMENTS, NAME, OWNER_UID, REVISION, UID, ZONE
from cluster.machinery.settings import Settings
from cluster.objects import metadata, times
from cluster.objects.documents import Document, with_value
from cluster.objects.registry import REGISTRY

# What a stopping kubelet's first write waits for.
KUBELET = "kubelet"
# A ReplicaSet that grows by thousands reports its status this often, one that is nearly done at once (ms).
REPORT_PERIOD = 5 * times.SECOND
NEARLY_DONE = 50


class BulkReplicaSets:
    """Makes and deletes Pods until there are as many as wanted."""

    def __init__(self, inventory: Inventory, settings: Settings) -> None:
        self._inventory = inventory
        self._settings = settings
        self._quota = max(1, TICK // settings.write)

    def is_busy(self) -> bool:
        return any(w.wanted != len(w.active) or w.stale for w in self._inventory.workloads.values())

    def run(self, bulk: Bulk, now: int) -> list[PodRecord]:
        """One moment's work; the new Pods, in order."""
        made: list[PodRecord] = []
        for workload in self._inventory.workloads.values():
            missing = workload.wanted - len(workload.active)
            if missing > 0:
                workload.doomed = []
                made += [self._create(bulk, workload, now) for _ in range(min(missing, self._quota))]
            elif missing < 0:
                self._delete(bulk, workload, -missing, now)
            if workload.stale:
                self._report(bulk, workload, now)
        return made

    # --- more -------------------------------------------------------------------------------------------------------

    def _create(self, bulk: Bulk, workload: Workload, now: int) -> PodRecord:
        inventory, chance = self._inventory, self._inventory.chance
        life, namespace = workload.life, workload.key[0]
        prefix = f"{workload.key[1]}-"
        name = prefix + chance.suffix()
        while (namespace, name) in inventory.pods:
            name = prefix + chance.suffix()
        values = [""] * (MOMENTS + len(life.moulds))
        values[NAME], values[UID], values[ZONE], values[OWNER_UID] = name, chance.uid(), "", workload.uid
        values[REVISION], values[MOMENTS] = str(bulk.next_revision()), times.rfc3339(now)
        record = PodRecord(workload, name, values)
        key = record.key
        bulk.write(PODS, key, life.moulds[0].fill(values))
        inventory.pods[key] = record
        workload.active[name] = record
        workload.stale = True
        return record

    # --- fewer ------------------------------------------------------------------------------------------------------

    def _delete(self, bulk: Bulk, workload: Workload, surplus: int, now: int) -> None:
        if not workload.doomed:
            workload.doomed = self._choose(bulk, workload, surplus, now)
        batch, workload.doomed = workload.doomed[: self._quota], workload.doomed[self._quota :]
        for name in batch[:surplus]:
            record = workload.active.get(name)
            if record is not None:
                mark(self._inventory, bulk, record, now, self._settings)

    def _choose(self, bulk: Bulk, workload: Workload, surplus: int, now: int) -> list[str]:
        """Who goes first, chosen once for the whole surplus."""
        siblings = [w for w in self._inventory.workloads.values() if w.owner == workload.owner]
        active = [bulk.row(PODS, record.key) for record in workload.active.values()]
        related = [bulk.row(PODS, record.key) for sibling in siblings for record in sibling.active.values()]
        return [doomed.name for doomed in to_delete(active, related, surplus, now)]

    # --- status -----------------------------------------------------------------------------------------------------

    def _report(self, bulk: Bulk, workload: Workload, now: int) -> None:
        """The status of a ReplicaSet as the ordinary controller computes it; zeros are left out as the API does."""
        far = workload.wanted - workload.ready
        if far > NEARLY_DONE and now - workload.reported < REPORT_PERIOD:
            return
        replicaset = bulk.row(REPLICASETS, workload.key)
        workload.stale = False
        workload.reported = now
        if replicaset is None:
            return
        status = _status(replicaset, workload)
        if status != replicaset.get("status"):
            revision = str(bulk.next_revision())
            changed = with_value({**replicaset, "status": status}, ("metadata", "resourceVersion"), revision)
            bulk.write(REPLICASETS, workload.key, changed)


def _status(replicaset: Document, workload: Workload) -> Document:
    counts = {
        "fullyLabeledReplicas": len(workload.active), "readyReplicas": workload.ready, "availableReplicas": workload.ready,
    }
    return {
        "replicas": len(workload.active), **{name: count for name, count in counts.items() if count},
        "terminatingReplicas": workload.terminating, "observedGeneration": replicaset["metadata"]["generation"],
    }


def mark(inventory: Inventory, bulk: Bulk, record: PodRecord, now: int, settings: Settings) -> None:
    """Begin a Pod's deletion, as a DELETE request does: one that no kubelet has is gone at once."""
    kind, key = REGISTRY[PODS], record.key
    stored = bulk.row(PODS, key)
    if stored is None or metadata.is_being_deleted(stored):
        return
    marked = strategy.with_generation(kind, deletion.marked(kind, stored, None, None, now), stored)
    revision = str(bulk.next_revision())
    if deletion.is_finished(marked):
        bulk.write(PODS, key, None)
        inventory.forget(record)
        return
    bulk.write(PODS, key, with_value(marked, ("metadata", "resourceVersion"), revision))
    inventory.leave(record)
    inventory.due(now, settings.reaction_of(KUBELET), "stop", record)
