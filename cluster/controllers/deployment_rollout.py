"""What the parts of the Deployment controller work on: one Deployment with its new and its old ReplicaSets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cluster.machinery.component import Context, Key
from cluster.machinery.story import FOLDED, NARRATED, Story, object_reference
from cluster.objects import metadata
from cluster.objects.documents import Document, with_value
from cluster.objects.kinds import deployment as deployments
from cluster.objects.kinds import replicaset as replicasets

DEPLOYMENTS = "deployments.apps"
REPLICASETS = "replicasets.apps"


class Rollout:
    """A Deployment, the ReplicaSet of its template (`new`, None before there is one) and the others, oldest first."""

    def __init__(self, context: Context, deployment: Document, owned: Iterable[Document]) -> None:
        self.context = context
        self.deployment = deployment
        self.new, self.old = deployments.new_and_old(deployment, owned)

    @property
    def all(self) -> list[Document]:
        return self.old if self.new is None else [*self.old, self.new]

    @property
    def active(self) -> list[Document]:
        """ReplicaSets that have Pods or ought to."""
        return [replicaset for replicaset in self.all if replicasets.is_active(replicaset)]

    @property
    def active_old(self) -> list[Document]:
        return [replicaset for replicaset in self.old if replicasets.is_active(replicaset)]

    @property
    def reference(self) -> str:
        return object_reference(DEPLOYMENTS, self.deployment)

    @property
    def wanted(self) -> int:
        return deployments.replicas(self.deployment)

    @property
    def total(self) -> int:
        """Pods that all ReplicaSets together ask for."""
        return sum(map(replicasets.wanted, self.all))

    @property
    def most(self) -> int:
        """The most Pods that there may be."""
        return self.wanted + deployments.max_surge(self.deployment)

    @property
    def least_available(self) -> int:
        """How many Pods must stay available."""
        return self.wanted - deployments.max_unavailable(self.deployment)

    @property
    def status(self) -> Document:
        return self.deployment.get("status") or {}

    def note(self, kind: str) -> Key:
        """The key of a private note about this Deployment."""
        return (kind, metadata.namespace(self.deployment), metadata.name(self.deployment))


def scale(rollout: Rollout, replicaset: Document, size: int, why: Any, *, force: bool = False) -> None:
    """Write the size of a ReplicaSet, and what its Deployment wants in annotations (scaleReplicaSet).

    Without `force` nothing is written when the size is right.
    """
    before = replicasets.wanted(replicaset)
    if before == size and not force:
        return
    changed = metadata.with_annotations(replicaset, replica_annotations(rollout))
    if before == size and changed["metadata"]["annotations"] == metadata.annotations(replicaset):
        return
    name = object_reference(REPLICASETS, replicaset)
    args = {"deployment": rollout.reference, "replicaset": name, "from": before, "to": size}
    if before == size:
        rollout.context.update(changed, story=Story("deployment.note-size", args, FOLDED, (rollout.reference,)))
        return
    direction = "up" if before < size else "down"
    story = Story(f"deployment.scale-{direction}", args, NARRATED, (rollout.reference,))
    rollout.context.update(with_value(changed, ("spec", "replicas"), size), story=story, why=why)
    message = f"Scaled {direction} replica set {metadata.name(replicaset)} from {before} to {size}"
    rollout.context.event(rollout.deployment, "Normal", "ScalingReplicaSet", message)


def replica_annotations(rollout: Rollout) -> dict[str, str]:
    """By these a later sync knows that the Deployment was scaled, and how large a part each ReplicaSet had."""
    return {deployments.DESIRED_REPLICAS: str(rollout.wanted), deployments.MAX_REPLICAS: str(rollout.most)}


def number_annotation(replicaset: Document, key: str) -> int | None:
    """An annotation that holds a number from 0 to 2³¹-1; None for anything else."""
    text = replicasets.annotation(replicaset, key)
    if not (text.isascii() and text.isdigit()) or int(text) >= 2**31:
        return None
    return int(text)
