"""Which volume fits which claim: the same rules for the volume binder and for the scheduler.

component-helpers/storage/volume/pv_helpers.go
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from cluster.objects import metadata, quantity
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import persistentvolume as volumes
from cluster.objects.kinds import persistentvolumeclaim as claims
from cluster.objects.selectors import Labels as NodeLabels
from cluster.objects.selectors import LabelSelector

# Why a volume does not fit a claim, in the order in which it is looked at.
CLAIMED = "claimed"
TOO_SMALL = "size"
MODE = "volumeMode"
ATTRIBUTES = "volumeAttributesClass"
GOING = "deleted"
PHASE = "phase"
SELECTOR = "selector"
CLASS = "class"
NODE = "nodeAffinity"
ACCESS = "accessModes"


def is_bound_to(volume: Document, claim: Document) -> bool:
    """Whether the volume is kept for the claim, by name and, if it says one, by uid (IsVolumeBoundToClaim)."""
    reference = volumes.claim_reference(volume)
    if reference is None:
        return False
    meta = claim["metadata"]
    if (reference.get("namespace"), reference.get("name")) != (meta.get("namespace"), meta["name"]):
        return False
    return not reference.get("uid") or reference["uid"] == metadata.uid(claim)


def best_match(
    claim: Document, candidates: Iterable[Document], *, node_labels: NodeLabels | None = None,
    taken: Collection[str] = (), delayed: bool = False,
) -> Document | None:
    """The volume that is kept for the claim, otherwise the smallest that fits (FindMatchingVolume).

    The scheduler gives the labels of a node, which the volume must reach; without them the binder asks. `delayed`: the
    claim waits for the scheduler, so the binder takes only a volume that somebody has kept for it.
    """
    smallest: Document | None = None
    for volume in candidates:
        if metadata.name(volume) in taken or _size_or_mode_differ(volume, claim):
            continue
        if is_bound_to(volume, claim):
            reached = node_labels is None or volumes.reaches(volume, dict(node_labels))
            return volume if reached else None
        if (node_labels is None and delayed) or _does_not_suit(volume, claim, node_labels):
            continue
        if smallest is None or quantity.compare(volumes.capacity(smallest), volumes.capacity(volume)) > 0:
            smallest = volume
    return smallest


def why_not(volume: Document, claim: Document, node_labels: NodeLabels | None) -> str:
    """The first reason for which `best_match` passes over a volume; "" when it would do."""
    return _size_or_mode_differ(volume, claim) or _does_not_suit(volume, claim, node_labels)


def _size_or_mode_differ(volume: Document, claim: Document) -> str:
    if volumes.claim_reference(volume) is not None and not is_bound_to(volume, claim):
        return CLAIMED
    if quantity.compare(volumes.capacity(volume), claims.requested(claim)) < 0:
        return TOO_SMALL
    if volumes.mode(volume) != volumes.mode(claim):
        return MODE
    if _attributes_class(volume) != _attributes_class(claim):
        return ATTRIBUTES
    return GOING if metadata.is_being_deleted(volume) else ""


def _does_not_suit(volume: Document, claim: Document, node_labels: NodeLabels | None) -> str:
    if volumes.phase(volume) != "Available":
        return PHASE
    selector = dig(claim, "spec", "selector")
    if selector is not None and not LabelSelector.from_document(selector).matches(metadata.labels(volume)):
        return SELECTOR
    if volumes.storage_class(volume) != claims.storage_class(claim):
        return CLASS
    if node_labels is None:
        return ""
    if not volumes.reaches(volume, dict(node_labels)):
        return NODE
    return "" if offers_modes(volume, claim) else ACCESS


def offers_modes(volume: Document, claim: Document) -> bool:
    """Whether the volume has all access modes that the claim asks for (CheckAccessModes)."""
    return set(claims.access_modes(claim)) <= set(volumes.access_modes(volume))


def _attributes_class(document: Document) -> Any:
    return dig(document, "spec", "volumeAttributesClassName", default="")


def bound_to(volume: Document, claim: Document, reference: Document) -> Document:
    """The volume as it is when it is bound to the claim; the very same one if it is already (GetBindVolumeToClaim).

    `reference` is the typed reference to the claim. A binding that nobody asked for by hand is marked as such.
    """
    by_hand = is_bound_to(volume, claim)
    present = volumes.claim_reference(volume) or {}
    wanted = {"namespace": reference["namespace"], "name": reference["name"], "uid": reference["uid"]}
    changed = volume
    if any(present.get(field) != value for field, value in wanted.items()):
        changed = {**changed, "spec": {**changed["spec"], "claimRef": reference}}
    if not by_hand and volumes.BOUND_BY_CONTROLLER not in metadata.annotations(changed):
        changed = metadata.with_annotations(changed, {volumes.BOUND_BY_CONTROLLER: "yes"})
    return changed
