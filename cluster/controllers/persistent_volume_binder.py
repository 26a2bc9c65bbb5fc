"""Volume binder: finds a volume for each claim, asks for one where none fits, and takes back what is released.

pkg/controller/volume/persistentvolume (pv_controller.go, index.go).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from cluster.machinery.component import Change, Component, Context, Key, Reader
from cluster.machinery.story import FOLDED, NARRATED, NORMAL, Story, object_reference
from cluster.objects import metadata, quantity, times
from cluster.objects.documents import Document, dig, without
from cluster.objects.kinds import persistentvolume as volumes
from cluster.objects.kinds import persistentvolumeclaim as claims
from cluster.objects.kinds import pod as pods
from cluster.objects.kinds import storageclass as classes
from cluster.objects.registry import REGISTRY
from cluster.storage import matching

CLAIMS = "persistentvolumeclaims"
VOLUMES = "persistentvolumes"
CLASSES = "storageclasses.storage.k8s.io"
RESYNC: Key = ("resync",)
# --pvclaimbinder-sync-period: a new volume is offered to the claims that wait only in the next round.
PERIOD = 15 * times.SECOND
# How the controller signs its Events.
SOURCE = "persistentvolume-controller"
# Kubernetes' own kinds of volumes whose storage the controller can remove or empty by itself.
DELETABLE = frozenset({"hostPath"})
RECYCLABLE = frozenset({"hostPath", "nfs"})
IN_TREE = "kubernetes.io/"
NO_CLASS = "no persistent volumes available for this claim and no storage class is set"
STATUS_STORIES = {
    "Bound": "volume-binder.claim-bound", "Lost": "volume-binder.claim-lost", "Pending": "volume-binder.claim-pending",
}
NO_CONSUMER = "waiting for first consumer to be created before binding"


class PersistentVolumeBinder(Component):
    """Keys: (table, namespace, name) of a claim or a volume; ("resync",) for the next round over all waiting claims."""

    name = "persistentvolume-binder-controller"
    watches = (CLAIMS, VOLUMES, CLASSES, "pods")

    def keys_for(self, change: Change, view: Reader) -> Iterable[Key]:
        if change.table == "pods":
            return [RESYNC] if change.old is None and any(claims.of_pod(change.new or {})) else []
        if change.table == CLASSES:
            return [RESYNC]
        if change.table == CLAIMS:
            return _keys_for_claim(change)
        return _keys_for_volume(change)

    def all_keys(self, view: Reader) -> Iterable[Key]:
        return [
            (table, metadata.namespace(document), metadata.name(document))
            for table in (VOLUMES, CLAIMS) for document in view.list(table)
        ]

    def reconcile(self, context: Context, key: Key) -> None:
        if key == RESYNC:
            _resync(context)
            return
        document = context.get(*key)
        if document is None:
            return
        if key[0] == VOLUMES:
            _sync_volume(context, document)
        elif claims.BIND_COMPLETED in metadata.annotations(document):
            _sync_bound_claim(context, document)
        else:
            _sync_unbound_claim(context, document)


def _keys_for_claim(change: Change) -> Iterator[Key]:
    yield (CLAIMS, *change.key)
    if change.new is None and change.old is not None and claims.volume_name(change.old):
        yield (VOLUMES, "", claims.volume_name(change.old))


def _keys_for_volume(change: Change) -> Iterator[Key]:
    if change.new is not None:
        yield (VOLUMES, *change.key)
        if volumes.phase(change.new) == "Available":
            yield RESYNC
    elif change.old is not None and volumes.claim_reference(change.old) is not None:
        yield _claim_key(change.old)


def _claim_key(volume: Document) -> Key:
    reference = volumes.claim_reference(volume) or {}
    return CLAIMS, reference.get("namespace", ""), reference.get("name", "")


def _resync(context: Context) -> None:
    """At the beat of the period look at every claim that waits; without any there is nothing to wait for."""
    waiting = [claim for claim in context.list(CLAIMS) if claims.BIND_COMPLETED not in metadata.annotations(claim)]
    if not waiting:
        return
    left = -context.now % PERIOD
    if left:
        context.again(left, RESYNC)
        return
    for claim in waiting:
        context.again(0, (CLAIMS, metadata.namespace(claim), metadata.name(claim)))


# --- claims --------------------------------------------------------------------------------------------------------------


def _sync_unbound_claim(context: Context, claim: Document) -> None:
    if claims.volume_name(claim):
        _sync_claim_for_volume(context, claim)
        return
    delayed = is_delayed(context, claim)
    volume = _best_match(context, claim, delayed)
    if volume is not None:
        _bind(context, volume, claim)
        return
    if _assign_default_class(context, claim):
        return
    if delayed and not claims.selected_node(claim):
        _tell_waiting(context, claim)
    elif claims.storage_class(claim):
        _ask_for_volume(context, claim)
        return
    else:
        _event(context, claim, "Normal", "FailedBinding", NO_CLASS)
    _set_claim_status(context, claim, "Pending", None)


def is_delayed(view: Reader, claim: Document) -> bool:
    name = claims.storage_class(claim)
    storage_class = view.get(CLASSES, "", name) if name else None
    return storage_class is not None and classes.waits(storage_class)


def _best_match(view: Reader, claim: Document, delayed: bool) -> Document | None:
    """The best of the volumes with the fewest access modes that has all those of the claim."""
    groups: dict[str, list[Document]] = {}
    for volume in view.list(VOLUMES):
        if matching.offers_modes(volume, claim):
            groups.setdefault(volumes.modes_text(volumes.access_modes(volume)), []).append(volume)
    for modes in sorted(groups, key=lambda text: (text.count(","), text)):
        found = matching.best_match(claim, groups[modes], delayed=delayed)
        if found is not None:
            return found
    return None


def _assign_default_class(context: Context, claim: Document) -> bool:
    """Give a claim that names no class the default one, should there be one by now."""
    if claims.names_class(claim):
        return False
    found = classes.default_of(context.list(CLASSES))
    if found is None:
        return False
    name = metadata.name(found)
    spec = {**claim["spec"], "storageClassName": name}
    context.update({**claim, "spec": spec}, story=_story("volume-binder.default-class", claim=claim, storage_class=name))
    return True


def consumers_without_node(view: Reader, claim: Document) -> list[str]:
    """The Pods that use the claim and wait for a node, by name."""
    name = metadata.name(claim)
    return [
        metadata.name(pod) for pod in view.list("pods", metadata.namespace(claim))
        if not pods.node_name(pod) and not pods.is_terminal(pod) and any(used == name for used, _ in claims.of_pod(pod))
    ]


def _tell_waiting(context: Context, claim: Document) -> None:
    """WaitForFirstConsumer: nobody needs the claim, or its Pods have no node yet."""
    users = consumers_without_node(context, claim)
    if not users:
        _event(context, claim, "Normal", "WaitForFirstConsumer", NO_CONSUMER)
        return
    who = f"pods {','.join(users)}" if len(users) > 1 else f"pod {users[0]}"
    _event(context, claim, "Normal", "WaitForPodScheduled", f"waiting for {who} to be scheduled")


def _ask_for_volume(context: Context, claim: Document) -> None:
    """Leave the claim to the provisioner of its class, by an annotation."""
    name = claims.storage_class(claim)
    storage_class = context.get(CLASSES, "", name)
    if storage_class is None:
        _event(context, claim, "Warning", "ProvisioningFailed", f'storageclass.storage.k8s.io "{name}" not found')
        return
    provisioner = storage_class["provisioner"]
    if provisioner.startswith(IN_TREE):
        _event(context, claim, "Warning", "ProvisioningFailed", f"no volume plugin matched name: {provisioner}")
        return
    if metadata.annotations(claim).get(claims.STORAGE_PROVISIONER) != provisioner:
        noted = {claims.BETA_STORAGE_PROVISIONER: provisioner, claims.STORAGE_PROVISIONER: provisioner}
        story = _story("volume-binder.ask-provisioner", NARRATED, claim=claim, provisioner=provisioner)
        context.update(metadata.with_annotations(claim, noted), story=story)
        return
    _event(
        context, claim, "Normal", "ExternalProvisioning",
        f"Waiting for a volume to be created either by the external provisioner '{provisioner}' or manually by the system "
        "administrator. If volume creation is delayed, please verify that the provisioner is running and correctly "
        "registered.",
    )


def _sync_claim_for_volume(context: Context, claim: Document) -> None:
    """A claim that insists on one volume."""
    name = claims.volume_name(claim)
    volume = context.get(VOLUMES, "", name)
    if volume is None:
        _set_claim_status(context, claim, "Pending", None)
    elif volumes.claim_reference(volume) is None:
        problem = mismatch(volume, claim)
        if not problem:
            _bind(context, volume, claim)
            return
        _event(context, claim, "Warning", "VolumeMismatch", f'Cannot bind to requested volume "{name}": {problem}')
        _set_claim_status(context, claim, "Pending", None)
    elif matching.is_bound_to(volume, claim):
        _bind(context, volume, claim)
    else:
        _event(context, claim, "Warning", "FailedBinding", f'volume "{name}" already bound to a different claim.')
        _set_claim_status(context, claim, "Pending", None)


def mismatch(volume: Document, claim: Document) -> str:
    """Why a volume that a claim insists on does not satisfy it, "" if it does (checkVolumeSatisfyClaim)."""
    if metadata.is_being_deleted(volume):
        return f'the volume is marked for deletion "{metadata.name(volume)}"'
    if quantity.compare(volumes.capacity(volume), claims.requested(claim)) < 0:
        return "requested PV is too small"
    if volumes.storage_class(volume) != claims.storage_class(claim):
        return "storageClassName does not match"
    field = ("spec", "volumeAttributesClassName")
    if dig(volume, *field, default="") != dig(claim, *field, default=""):
        return "volumeAttributesClassName does not match"
    if volumes.mode(volume) != volumes.mode(claim):
        return "incompatible volumeMode"
    return "" if matching.offers_modes(volume, claim) else "incompatible accessMode"


def _sync_bound_claim(context: Context, claim: Document) -> None:
    """See that claim and volume still know one another; a claim that has lost its volume is lost for good."""
    name = claims.volume_name(claim)
    if not name:
        text = "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!"
        _lose(context, claim, "ClaimLost", text)
        return
    volume = context.get(VOLUMES, "", name)
    if volume is None:
        _lose(context, claim, "ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!")
        return
    reference = volumes.claim_reference(volume)
    if reference is None or reference.get("uid") == metadata.uid(claim):
        _bind(context, volume, claim)
        return
    text = "Two claims are bound to the same volume, this one is bound incorrectly"
    _lose(context, claim, "ClaimMisbound", text)


def _lose(context: Context, claim: Document, reason: str, message: str) -> None:
    if claims.phase(claim) != "Lost":
        _event(context, claim, "Warning", reason, message)
        _set_claim_status(context, claim, "Lost", None, message)


# --- binding: four writes, each finds what is left to do -------------------------------------------------------------------


def _bind(context: Context, volume: Document, claim: Document) -> None:
    bound = matching.bound_to(volume, claim, REGISTRY.of(claim).reference(claim))
    if bound is not volume:
        story = _story("volume-binder.bind-volume", NARRATED, claim=claim, volume=volume, size=volumes.capacity(volume))
        context.update(bound, story=story)
    elif volumes.phase(volume) != "Bound":
        _set_phase(context, volume, "Bound", _story("volume-binder.volume-bound", claim=claim, volume=volume))
    elif claims.volume_name(claim) != metadata.name(volume) or claims.BIND_COMPLETED not in metadata.annotations(claim):
        context.update(_with_volume(claim, volume), story=_story("volume-binder.bind-claim", claim=claim, volume=volume))
    else:
        _set_claim_status(context, claim, "Bound", volume)


def _with_volume(claim: Document, volume: Document) -> Document:
    noted = {claims.BIND_COMPLETED: "yes"}
    name = metadata.name(volume)
    if claims.volume_name(claim) != name:
        noted[claims.BOUND_BY_CONTROLLER] = "yes"
        claim = {**claim, "spec": {**claim["spec"], "volumeName": name}}
    return metadata.with_annotations(claim, noted)


def _set_claim_status(context: Context, claim: Document, phase: str, volume: Document | None, message: str = "") -> None:
    """Phase, and what the claim has got: the modes of its volume and, when it gets it, the size."""
    status: Document = {**(claim.get("status") or {})}
    changes_phase = status.get("phase") != phase
    status["phase"] = phase
    if volume is None:
        for field in ("accessModes", "capacity", "currentVolumeAttributesClassName"):
            status.pop(field, None)
    else:
        status["accessModes"] = volumes.access_modes(volume)
        if changes_phase:
            status["capacity"] = volume["spec"]["capacity"]
            attributes = dig(volume, "spec", "volumeAttributesClassName")
            if attributes is not None:
                status["currentVolumeAttributesClassName"] = attributes
    if status == claim.get("status"):
        return
    more: dict[str, Any] = {"message": message} if phase == "Lost" else {}
    if volume is not None:
        more = {"volume": volume, "size": volumes.capacity(volume)}
    story = _story(STATUS_STORIES[phase], FOLDED if phase == "Pending" else NARRATED, claim=claim, **more)
    context.update({**claim, "status": status}, subresource="status", story=story)


# --- volumes -------------------------------------------------------------------------------------------------------------


def _sync_volume(context: Context, volume: Document) -> None:
    reference = volumes.claim_reference(volume)
    if reference is None or not reference.get("uid"):
        _set_phase(context, volume, "Available", _story("volume-binder.available", volume=volume))
        return
    claim = context.get(*_claim_key(volume))
    if claim is None or metadata.uid(claim) != reference["uid"]:
        _release(context, volume)
    elif not claims.volume_name(claim):
        _offer(context, volume, claim)
    elif claims.volume_name(claim) == metadata.name(volume):
        _set_phase(context, volume, "Bound", _story("volume-binder.volume-bound", claim=claim, volume=volume))
    elif volumes.PROVISIONED_BY in metadata.annotations(volume) and volumes.reclaim_policy(volume) == "Delete":
        _release(context, volume)
    else:
        _unbind(context, volume)


def _offer(context: Context, volume: Document, claim: Document) -> None:
    """The volume is kept for a claim that does not know it yet."""
    if volumes.mode(volume) == volumes.mode(claim):
        context.again(0, (CLAIMS, metadata.namespace(claim), metadata.name(claim)))
        return
    why = "due to incompatible volumeMode."
    _event(
        context, volume, "Warning", "VolumeMismatch",
        f'Cannot bind PersistentVolume to requested PersistentVolumeClaim "{metadata.name(claim)}" {why}',
    )
    _event(
        context, claim, "Warning", "VolumeMismatch",
        f'Cannot bind PersistentVolume "{metadata.name(volume)}" to requested PersistentVolumeClaim {why}',
    )


def _release(context: Context, volume: Document) -> None:
    """The claim is gone: the volume is Released, then dealt with as its policy says. Retain: somebody has to look at it."""
    policy = volumes.reclaim_policy(volume)
    if volumes.phase(volume) not in ("Released", "Failed"):
        story = _story("volume-binder.released", NARRATED, volume=volume, claim=_named(volume), policy=policy)
        _set_phase(context, volume, "Released", story)
        return
    if policy == "Delete":
        _delete(context, volume)
    elif policy == "Recycle":
        _recycle(context, volume)


def _delete(context: Context, volume: Document) -> None:
    """Storage of a driver is removed by its provisioner; for Kubernetes' own kinds the controller does it, or fails."""
    if metadata.is_being_deleted(volume) or _is_foreign(volume):
        return
    if DELETABLE.isdisjoint(volume["spec"]):
        name = metadata.name(volume)
        problem = f'error getting deleter volume plugin for volume "{name}": no deletable volume plugin matched'
        _fail(context, volume, "VolumeFailedDelete", problem)
        return
    context.delete(VOLUMES, "", metadata.name(volume), story=_story("volume-binder.delete", NARRATED, volume=volume))


def _is_foreign(volume: Document) -> bool:
    maker = metadata.annotations(volume).get(volumes.PROVISIONED_BY, "")
    return bool(maker and not maker.startswith(IN_TREE)) or "csi" in volume["spec"]


def _recycle(context: Context, volume: Document) -> None:
    if RECYCLABLE.isdisjoint(volume["spec"]):
        _fail(context, volume, "VolumeFailedRecycle", "No recycler plugin found for the volume!")
        return
    _event(context, volume, "Normal", "VolumeRecycled", "Volume recycled")
    _unbind(context, volume)


def _fail(context: Context, volume: Document, reason: str, message: str) -> None:
    if volumes.phase(volume) != "Failed":
        _event(context, volume, "Warning", reason, message)
        story = _story("volume-binder.failed", NARRATED, volume=volume, message=message)
        _set_phase(context, volume, "Failed", story, message)


def _unbind(context: Context, volume: Document) -> None:
    """Take the claim off the volume; of a binding made by hand only the uid, so that the claim may come again."""
    if volumes.BOUND_BY_CONTROLLER in metadata.annotations(volume):
        freed = without(without(volume, ("spec", "claimRef")), ("metadata", "annotations", volumes.BOUND_BY_CONTROLLER))
    else:
        freed = without(volume, ("spec", "claimRef", "uid"))
    context.update(freed, story=_story("volume-binder.unbind", volume=volume, claim=_named(volume)))


def _set_phase(context: Context, volume: Document, phase: str, story: Story, message: str = "") -> None:
    if volumes.phase(volume) == phase:
        return
    status = {"phase": phase, "lastPhaseTransitionTime": times.rfc3339(context.now)}
    if message:
        status["message"] = message
    context.update({**volume, "status": status}, subresource="status", story=story)


# --- telling -------------------------------------------------------------------------------------------------------------


def _named(volume: Document) -> str:
    return volumes.claim_text(volume).partition("/")[2]


def _event(context: Context, regarding: Document, type_: str, reason: str, message: str) -> None:
    context.event(regarding, type_, reason, message, source=SOURCE)


def _story(key: str, weight: int = NORMAL, **args: Any) -> Story:
    """Documents among the arguments are named, and are what the step is about."""
    tables = {"claim": CLAIMS, "volume": VOLUMES}
    about = {name: args[name] for name in tables if isinstance(args.get(name), dict)}
    objects = tuple(object_reference(tables[name], document) for name, document in about.items())
    plain = {name: metadata.name(value) if name in about else value for name, value in args.items()}
    return Story(key, plain, weight, objects)
