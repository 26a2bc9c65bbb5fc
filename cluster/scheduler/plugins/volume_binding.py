"""VolumeBinding: a pod goes where its volumes are, or where they can be bound or made.

pkg/scheduler/framework/plugins/volumebinding (volume_binding.go, binder.go).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from cluster.machinery.story import NARRATED, Story, object_reference
from cluster.objects import metadata, quantity, times
from cluster.objects.documents import Document
from cluster.objects.kinds import persistentvolume as volumes
from cluster.objects.kinds import persistentvolumeclaim as claims
from cluster.objects.kinds import storageclass as classes
from cluster.objects.registry import REGISTRY
from cluster.scheduler import events
from cluster.scheduler.events import ClusterEvent
from cluster.scheduler.framework import (
    SKIP,
    SUCCESS,
    Code,
    CycleState,
    Plugin,
    PreFilterResult,
    ReserveResult,
    Status,
)
from cluster.scheduler.listers import Lister
from cluster.scheduler.snapshot import NodeInfo, Snapshot
from cluster.storage import matching

if TYPE_CHECKING:
    from cluster.machinery.component import Context

NODE_CONFLICT = "node(s) didn't match PersistentVolume's node affinity"
NO_VOLUME = "node(s) didn't find available persistent volumes to bind"
VOLUME_GONE = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)"
UNBOUND = "pod has unbound immediate PersistentVolumeClaims"
BIND_TIMEOUT = 600 * times.SECOND
WAIT = Status(Code.WAIT)
MEMORY = "binding-volumes"  # in the scheduler's memory: (MEMORY, namespace, pod)


class PodClaims(NamedTuple):
    """The pod's claims, and the volumes of the classes of those that wait for the scheduler."""

    bound: tuple[Document, ...]
    delayed: tuple[Document, ...]
    candidates: Mapping[str, Sequence[Document]]  # class name -> volumes
    lister: Lister


class Finding(NamedTuple):
    """What a node would mean for the pod's volumes: pairs to bind, claims to provision, or why it will not do."""

    bindings: tuple[tuple[Document, Document], ...] = ()  # claim, volume
    provisions: tuple[Document, ...] = ()
    reasons: tuple[str, ...] = ()
    values: Mapping[str, Any] = {}


class VolumeBinding(Plugin):
    name = "VolumeBinding"
    events = frozenset({
        (events.STORAGE_CLASS, events.ADD), (events.STORAGE_CLASS, events.UPDATE),
        (events.PERSISTENT_VOLUME_CLAIM, events.ADD), (events.PERSISTENT_VOLUME_CLAIM, events.UPDATE),
        (events.PERSISTENT_VOLUME, events.ADD), (events.PERSISTENT_VOLUME, events.UPDATE),
        (events.NODE, events.ADD), (events.NODE, events.UPDATE_NODE_LABEL),
        (events.CSI_NODE, events.ADD), (events.CSI_NODE, events.UPDATE),
    })

    def __init__(self, bind_timeout: int = BIND_TIMEOUT) -> None:
        """`bind_timeout`: how long a pod waits for its volumes before it is tried anew, ms."""
        self.bind_timeout = bind_timeout

    def pre_filter(self, state: CycleState, pod: Document, snapshot: Snapshot) -> PreFilterResult:
        lister, namespace = snapshot.lister, pod["metadata"].get("namespace", "")
        found: list[Document] = []
        for name, ephemeral in claims.of_pod(pod):
            claim = lister.get("persistentvolumeclaims", namespace, name)
            problem = _problem_with(claim, name, pod if ephemeral else None)
            if problem or claim is None:
                return PreFilterResult(Status(Code.UNRESOLVABLE, (problem,), {"claim": name}))
            found.append(claim)
        if not found:
            return PreFilterResult(SKIP)
        unbound = [claim for claim in found if not claims.is_bound(claim)]
        immediate = [claim for claim in unbound if not _is_delayed(lister, claim)]
        if immediate:
            return PreFilterResult(Status(Code.UNRESOLVABLE, (UNBOUND,), {"claims": [metadata.name(c) for c in immediate]}))
        everything = lister.list("persistentvolumes") if unbound else []
        wanted = {claims.storage_class(claim) for claim in unbound}
        state[self.name] = PodClaims(
            tuple(claim for claim in found if claims.is_bound(claim)), tuple(unbound),
            {name: [v for v in everything if volumes.storage_class(v) == name] for name in wanted}, lister,
        )
        return PreFilterResult()

    def filter(self, state: CycleState, pod: Document, node: NodeInfo) -> Status:
        finding = find(state[self.name], node)
        return Status(Code.UNRESOLVABLE, finding.reasons, finding.values) if finding.reasons else SUCCESS

    def reserve(self, state: CycleState, pod: Document, node: NodeInfo) -> ReserveResult:
        """The note names the volume for each claim that gets one, and the claims whose volumes have to be made."""
        if self.name not in state:
            return ReserveResult()
        finding = find(state[self.name], node)
        if not finding.bindings and not finding.provisions:
            return ReserveResult()
        return ReserveResult(note={
            "bind": [[metadata.name(claim), metadata.name(volume)] for claim, volume in finding.bindings],
            "provision": [metadata.name(claim) for claim in finding.provisions],
        })

    def pre_bind(self, context: Context, pod: Document, node: str, note: Any) -> Status:
        """Write the bindings and wishes of `note`, one a turn, then wait until every claim is bound."""
        if note is None:
            return SUCCESS
        work = _work_of(context, pod, node)
        left = work["since"] + self.bind_timeout - context.now
        status = _bind(context, pod, node, note, work) if left > 0 else _failure("context deadline exceeded")
        if status.code is not Code.WAIT:
            context.forget(_memory_key(pod))
        elif not context.wrote:
            context.again(left, quiet=True)
        return status

    def worth_retrying(self, pod: Document, event: ClusterEvent) -> bool:
        """When a claim of the pod came or changed, topologies of a class changed, or nearly anything else came."""
        old, new = event.old, event.new
        if event.resource == events.PERSISTENT_VOLUME_CLAIM:
            meta = (new or {"metadata": {}})["metadata"]
            same_namespace = meta.get("namespace") == pod["metadata"].get("namespace")
            return same_namespace and any(name == meta.get("name") for name, _ in claims.of_pod(pod))
        if old is None or new is None:
            return True
        if event.resource == events.STORAGE_CLASS:
            return old.get("allowedTopologies") != new.get("allowedTopologies")
        # Only the plugins that a node has handed over to drivers matter here.
        return event.resource != events.CSI_NODE or metadata.annotations(old) != metadata.annotations(new)


# --- finding -------------------------------------------------------------------------------------------------------------


def find(pod_claims: PodClaims, node: NodeInfo) -> Finding:
    """Whether all claims of the pod can have their volumes on the node, and which (FindPodVolumes)."""
    reasons, values = _check_bound(pod_claims, node)
    elsewhere = [
        claim for claim in pod_claims.delayed if claims.selected_node(claim) not in ("", node.name)
    ]
    if elsewhere:
        chosen = {metadata.name(claim): claims.selected_node(claim) for claim in elsewhere}
        return Finding(reasons=_with_no_volume(reasons), values={**values, "selectedNode": chosen})
    bindings, unmatched = _matched(pod_claims, node)
    provisions = [claim for claim in pod_claims.delayed if claims.selected_node(claim)] + unmatched
    refusals = [_cannot_provision(pod_claims, claim, node) for claim in provisions]
    if any(refusals):
        values = {**values, "claims": [refusal for refusal in refusals if refusal is not None]}
        return Finding(reasons=_with_no_volume(reasons), values=values)
    return Finding(tuple(bindings), tuple(provisions), reasons, values)


def _with_no_volume(reasons: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(reason for reason in (NODE_CONFLICT, NO_VOLUME, VOLUME_GONE) if reason in (*reasons, NO_VOLUME))


def _check_bound(pod_claims: PodClaims, node: NodeInfo) -> tuple[tuple[str, ...], dict[str, Any]]:
    for claim in pod_claims.bound:
        name = claims.volume_name(claim)
        volume = pod_claims.lister.get("persistentvolumes", "", name)
        why = {"claim": metadata.name(claim), "volume": name}
        if volume is None:
            return (VOLUME_GONE,), why
        if not volumes.reaches(volume, node.labels):
            return (NODE_CONFLICT,), {**why, "terms": volume["spec"]["nodeAffinity"]["required"].get("nodeSelectorTerms")}
    return (), {}


def _matched(pod_claims: PodClaims, node: NodeInfo) -> tuple[list[tuple[Document, Document]], list[Document]]:
    """Pairs of claim and volume, small claims first so that none takes what a larger one needs; claims left over."""
    bindings: list[tuple[Document, Document]] = []
    left: list[Document] = []
    free = [claim for claim in pod_claims.delayed if not claims.selected_node(claim)]
    for claim in sorted(free, key=lambda claim: quantity.parse(claims.requested(claim))):
        taken = {metadata.name(volume) for _, volume in bindings}
        candidates = pod_claims.candidates[claims.storage_class(claim)]
        volume = matching.best_match(claim, candidates, node_labels=node.labels, taken=taken, delayed=True)
        if volume is None:
            left.append(claim)
        else:
            bindings.append((claim, volume))
    return bindings, left


def _cannot_provision(pod_claims: PodClaims, claim: Document, node: NodeInfo) -> dict[str, Any] | None:
    """Why no volume can be made for the claim on this node, and why none of those that are there will do; or None."""
    class_name = claims.storage_class(claim)
    storage_class = pod_claims.lister.get("storageclasses.storage.k8s.io", "", class_name) or {}
    why: dict[str, Any] = {"claim": metadata.name(claim), "class": class_name, "request": claims.requested(claim)}
    provisioner = storage_class.get("provisioner") or classes.NO_PROVISIONER
    if provisioner != classes.NO_PROVISIONER:
        terms = storage_class.get("allowedTopologies") or []
        if topology_allows(terms, node.labels):
            return None
        why["allowedTopologies"] = terms
    why["volumes"] = {
        metadata.name(volume): matching.why_not(volume, claim, node.labels) or "taken"
        for volume in pod_claims.candidates.get(class_name, ())
    }
    return why


def topology_allows(terms: Sequence[Document], labels: Mapping[str, str]) -> bool:
    """Whether a node with these labels satisfies one of the terms; without terms every node does.

    pkg/apis/core/v1/helper/helpers.go (MatchTopologySelectorTerms): a term without rules matches nothing.
    """
    return not terms or any(
        term.get("matchLabelExpressions")
        and all(labels.get(rule["key"]) in rule["values"] for rule in term["matchLabelExpressions"])
        for term in terms
    )


def _problem_with(claim: Document | None, name: str, owner: Document | None) -> str:
    """Why a claim makes its pod unschedulable, "" if it does not. `owner`: the pod that it has to belong to."""
    if claim is None:
        if owner is not None:
            return f'waiting for ephemeral volume controller to create the persistentvolumeclaim "{name}"'
        return f'persistentvolumeclaim "{name}" not found'
    if claims.phase(claim) == "Lost":
        return f'persistentvolumeclaim "{name}" bound to non-existent persistentvolume "{claims.volume_name(claim)}"'
    if metadata.is_being_deleted(claim):
        return f'persistentvolumeclaim "{name}" is being deleted'
    if owner is not None and not metadata.is_controlled_by(claim, owner):
        meta = owner["metadata"]
        return (
            f"PVC {meta['namespace']}/{name} was not created for pod {meta['namespace']}/{meta['name']} (pod is not owner)"
        )
    return ""


def _is_delayed(lister: Lister, claim: Document) -> bool:
    """Whether the claim waits for the scheduler; one that insists on a volume does not."""
    name = claims.storage_class(claim)
    storage_class = lister.get("storageclasses.storage.k8s.io", "", name) if name else None
    return storage_class is not None and classes.waits(storage_class) and not claims.volume_name(claim)


# --- binding -------------------------------------------------------------------------------------------------------------


def _memory_key(pod: Document) -> tuple[str, str, str]:
    return MEMORY, pod["metadata"]["namespace"], pod["metadata"]["name"]


def _work_of(context: Context, pod: Document, node: str) -> dict[str, Any]:
    """Since when the pod's volumes are being bound for the node, and the names of what has been written for it."""
    work: dict[str, Any] | None = context.memory(_memory_key(pod))
    if work is not None and (work["uid"], work["node"]) == (metadata.uid(pod), node):
        return work
    for key, _ in context.memories(MEMORY):
        if context.get("pods", key[1], key[2]) is None:
            context.forget(key)
    return {"uid": metadata.uid(pod), "node": node, "since": context.now, "written": []}


def _bind(context: Context, pod: Document, node: str, note: Any, work: dict[str, Any]) -> Status:
    """The next write, if one is left (bindAPIUpdate), otherwise how far binding is (checkBindings)."""
    namespace = pod["metadata"]["namespace"]
    found = context.get("nodes", "", node)
    if found is None:
        return _failure(f'failed to get node "{node}": node "{node}" not found')
    bound = True
    for name, volume_name in note["bind"]:
        claim = context.get("persistentvolumeclaims", namespace, name)
        volume = context.get("persistentvolumes", "", volume_name)
        if claim is None or volume is None:
            missing = f'persistentvolumeclaim "{name}"' if claim is None else f'persistentvolume "{volume_name}"'
            return _failure(f"failed to check binding: {missing} not found")
        if volume_name not in work["written"]:
            return _write_binding(context, pod, claim, volume, node, work)
        if not volumes.reaches(volume, metadata.labels(found)):
            return _failure(_mismatch(volume_name, node))
        if not (volumes.claim_reference(volume) or {}).get("uid"):
            return _failure(f'ClaimRef got reset for pv "{volume_name}"')
        bound = bound and claims.is_bound(claim)
    for name in note["provision"]:
        claim = context.get("persistentvolumeclaims", namespace, name)
        if claim is None:
            return _failure(f'failed to check provisioning pvc: persistentvolumeclaim "{name}" not found')
        if name not in work["written"]:
            return _ask_for_volume(context, pod, claim, node, work)
        if claims.selected_node(claim) != node:
            return _failure(f'provisioning failed for PVC "{name}"')
        volume = context.get("persistentvolumes", "", claims.volume_name(claim)) if claims.volume_name(claim) else None
        if volume is not None and not volumes.reaches(volume, metadata.labels(found)):
            return _failure(_mismatch(metadata.name(volume), node))
        bound = bound and claims.is_bound(claim)
    return SUCCESS if bound else WAIT


def _write_binding(
    context: Context, pod: Document, claim: Document, volume: Document, node: str, work: dict[str, Any]
) -> Status:
    """Keep the volume for the claim; unless another claim has got it meanwhile."""
    if volumes.claim_reference(volume) is not None and not matching.is_bound_to(volume, claim):
        name = metadata.name(volume)
        return _failure(
            f'Operation cannot be fulfilled on persistentvolumes "{name}": the object has been modified; '
            "please apply your changes to the latest version and try again"
        )
    args = {"claim": metadata.name(claim), "volume": metadata.name(volume), "node": node}
    story = Story("scheduler.bind-volume", args, NARRATED, (
        object_reference("persistentvolumes", volume), object_reference("persistentvolumeclaims", claim),
    ))
    reference = REGISTRY.of(claim).reference(claim)
    return _write(context, pod, work, metadata.name(volume), matching.bound_to(volume, claim, reference), story)


def _ask_for_volume(context: Context, pod: Document, claim: Document, node: str, work: dict[str, Any]) -> Status:
    """Tell the provisioner, by an annotation of the claim, for which node to make the volume."""
    story = Story(
        "scheduler.select-node", {"claim": metadata.name(claim), "node": node}, NARRATED,
        (object_reference("persistentvolumeclaims", claim), f"nodes//{node}"),
    )
    return _write(
        context, pod, work, metadata.name(claim), metadata.with_annotations(claim, {claims.SELECTED_NODE: node}), story,
    )


def _write(
    context: Context, pod: Document, work: dict[str, Any], name: str, document: Document, story: Story
) -> Status:
    """Make the turn's write and remember that it has been made."""
    context.remember(_memory_key(pod), {**work, "written": [*work["written"], name]})
    context.update(document, story=story)
    if not context.wrote:
        context.again(0)
    return WAIT


def _mismatch(volume: str, node: str) -> str:
    return f'pv "{volume}" node affinity doesn\'t match node "{node}": no matching NodeSelectorTerms'


def _failure(text: str) -> Status:
    return Status(Code.ERROR, (f"binding volumes: {text}",))
