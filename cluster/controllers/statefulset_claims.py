"""The claims of a StatefulSet's Pods: made before the Pod, kept or deleted as the retention policy says.

pkg/controller/statefulset/stateful_pod_control.go and stateful_set_utils.go. Ownership decides what the garbage
collector may take: whenDeleted makes the StatefulSet the owner of a claim, whenScaled the Pod that is scaled away.
"""

from __future__ import annotations

from collections.abc import Iterable

from cluster.apiserver.errors import APIError
from cluster.apiserver.reader import Reader
from cluster.machinery.component import Context
from cluster.machinery.story import NARRATED, NORMAL, Story, object_reference
from cluster.objects import metadata
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import statefulset as statefulsets

RESOURCE = "persistentvolumeclaims"


def wanted(statefulset: Document, number: int) -> list[Document]:
    """The claims of the Pod with this ordinal, as they are made (getPersistentVolumeClaims)."""
    labels = dig(statefulset, "spec", "selector", "matchLabels", default={})
    return [
        {
            "apiVersion": "v1", "kind": "PersistentVolumeClaim",
            "metadata": {
                **template["metadata"],
                "name": statefulsets.claim_name(statefulset, template, number),
                "namespace": metadata.namespace(statefulset),
                "labels": {**metadata.labels(template), **labels},
            },
            "spec": template["spec"],
        }
        for template in statefulsets.claim_templates(statefulset)
    ]


def existing(reader: Reader, statefulset: Document, number: int) -> list[Document]:
    """Those of the Pod's claims that there are."""
    found = [
        reader.get(RESOURCE, metadata.namespace(claim), metadata.name(claim)) for claim in wanted(statefulset, number)
    ]
    return [claim for claim in found if claim is not None]


def make_missing(context: Context, statefulset: Document, number: int) -> str:
    """Make the first claim that the Pod lacks. Returns what is in the way: "" for nothing (or a write was made)."""
    problems = []
    for claim in wanted(statefulset, number):
        found = context.get(RESOURCE, metadata.namespace(claim), metadata.name(claim))
        if found is None:
            problem = _make(context, statefulset, number, claim)
            if context.wrote:
                return ""
            problems.append(problem)
        elif metadata.is_being_deleted(found):
            problems.append(f"pvc {metadata.name(claim)} is being deleted")
    if len(problems) > 1:
        return f"[{', '.join(problems)}]"
    return problems[0] if problems else ""


def _make(context: Context, statefulset: Document, number: int, claim: Document) -> str:
    owner, name = object_reference(statefulsets.RESOURCE, statefulset), metadata.name(claim)
    pod = statefulsets.pod_name(statefulset, number)
    args = {"statefulset": owner, "claim": object_reference(RESOURCE, claim), "pod": pod}
    said = f"Pod {pod} in StatefulSet {metadata.name(statefulset)}"
    try:
        context.create(claim, story=Story("statefulset.create-claim", args, NARRATED, (owner,)))
    except APIError as error:
        note = f"Create Claim {name} for {said} failed error: {error.message}"
        context.event(statefulset, "Warning", "FailedCreate", note)
        return f"failed to create PVC {name}: {error.message}"
    context.event(statefulset, "Normal", "SuccessfulCreate", f"Create Claim {name} {said} success")
    return ""


# --- retention --------------------------------------------------------------------------------------------------


def own_as_policy_says(context: Context, statefulset: Document, pod: Document) -> bool:
    """Correct the owners of the first of the Pod's claims whose owners are not as the policy says; whether one was."""
    for claim in existing(context, statefulset, statefulsets.ordinal(pod)):
        if owners_match(claim, statefulset, pod):
            continue
        if _has_unexpected_controller(claim, statefulset, pod):
            note = (
                f"PersistentVolumeClaim {metadata.name(claim)} has a conflicting OwnerReference that acts as a manging"
                " controller, the retention policy is ignored for this claim"
            )
            context.event(statefulset, "Warning", "ConflictingController", note)
        owner = object_reference(statefulsets.RESOURCE, statefulset)
        args = {"statefulset": owner, "claim": object_reference(RESOURCE, claim)}
        context.update(_reowned(claim, statefulset, pod), story=Story("statefulset.own-claim", args, NORMAL, (owner,)))
        return True
    return False


def is_stale(reader: Reader, statefulset: Document, pod: Document) -> bool:
    """Whether a claim still belongs to an earlier Pod of this name: it will be deleted with that one (PodClaimIsStale)."""
    if statefulsets.retention(statefulset)[0] == statefulsets.RETAIN:
        return False
    found = existing(reader, statefulset, statefulsets.ordinal(pod))
    return any(_has_stale_reference(claim, pod, "Pod") for claim in found)


def owners_match(claim: Document, statefulset: Document, pod: Document) -> bool:
    """Whether the owners are as the policy says; a claim in an unknown state is left alone (isClaimOwnerUpToDate)."""
    if _has_stale_reference(claim, statefulset, "StatefulSet") or _has_stale_reference(claim, pod, "Pod"):
        return True
    owners = {reference["uid"]: reference for reference in metadata.owner_references(claim)}
    ours = [owners[uid] for uid in (metadata.uid(statefulset), metadata.uid(pod)) if uid in owners]
    if _has_unexpected_controller(claim, statefulset, pod):
        return not ours
    if any(not reference.get("controller") for reference in ours):
        return False
    return [reference["uid"] for reference in ours] == [metadata.uid(owner) for owner in _owners(statefulset, pod)]


def _owners(statefulset: Document, pod: Document) -> list[Document]:
    """Who shall own the claims of the Pod."""
    scaled, deleted = statefulsets.retention(statefulset)
    scaled_away = statefulsets.ordinal(pod) not in statefulsets.ordinals(statefulset)
    if scaled == statefulsets.DELETE and scaled_away:
        return [pod]
    return [statefulset] if deleted == statefulsets.DELETE else []


def _reowned(claim: Document, statefulset: Document, pod: Document) -> Document:
    """updateClaimOwnerRefForSetAndPod"""
    kept = [
        reference for reference in metadata.owner_references(claim)
        if not _is_about(reference, statefulset, "StatefulSet") and not _is_about(reference, pod, "Pod")
    ]
    if not _has_unexpected_controller(claim, statefulset, pod):
        kept += [metadata.controller_reference(owner) for owner in _owners(statefulset, pod)]
    meta = {field: value for field, value in claim["metadata"].items() if field != "ownerReferences"}
    return {**claim, "metadata": {**meta, "ownerReferences": kept} if kept else meta}


def _is_about(reference: Document, owner: Document, kind: str) -> bool:
    version = "apps/v1" if kind == "StatefulSet" else "v1"
    return (reference["apiVersion"], reference["kind"], reference["name"]) == (version, kind, metadata.name(owner))


def _has_stale_reference(claim: Document, owner: Document, kind: str) -> bool:
    """Whether it names an owner of that name that is no more (hasStaleOwnerRef)."""
    found = _first_about(metadata.owner_references(claim), owner, kind)
    return found is not None and found["uid"] != metadata.uid(owner)


def _first_about(references: Iterable[Document], owner: Document, kind: str) -> Document | None:
    return next((reference for reference in references if _is_about(reference, owner, kind)), None)


def _has_unexpected_controller(claim: Document, statefulset: Document, pod: Document) -> bool:
    """hasUnexpectedController; with Retain throughout, others may do as they like."""
    if statefulsets.retention(statefulset) == (statefulsets.RETAIN, statefulsets.RETAIN):
        return False
    for reference in metadata.owner_references(claim):
        for owner, kind in ((statefulset, "StatefulSet"), (pod, "Pod")):
            if _is_about(reference, owner, kind):
                if reference["uid"] != metadata.uid(owner):
                    return True
                break
        else:
            if reference.get("controller"):
                return True
    return False
