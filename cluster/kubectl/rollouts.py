"""What `kubectl rollout` knows of each kind: its status, its revisions and the way back to one of them.

kubectl/pkg/polymorphichelpers: rollout_status.go, history.go, rollback.go.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, NamedTuple

from cluster.apiserver.reader import Reader
from cluster.objects import metadata
from cluster.objects.documents import Document, with_value
from cluster.objects.kinds import controllerrevision as revisions
from cluster.objects.kinds import daemonset as daemonsets
from cluster.objects.kinds import deployment as deployments
from cluster.objects.kinds import replicaset as replicasets
from cluster.objects.kinds import statefulset as statefulsets
from cluster.objects.kinds.deployment import RolloutFailed


class Revision(NamedTuple):
    """One revision of a workload. `document` is what `-o yaml` prints of it."""

    number: int
    document: Document
    cause: str

    @property
    def template(self) -> Document:
        template: Document = self.document["spec"]["template"]
        return template


class Patch(NamedTuple):
    body: Any
    type: str


class Rollout(ABC):
    """The rollouts of one kind. What cannot be raises RolloutFailed with kubectl's words."""

    @abstractmethod
    def status(self, document: Document, revision: int) -> tuple[str, bool]:
        """The line of `rollout status` and whether the rollout is done."""

    @abstractmethod
    def history(self, reader: Reader, document: Document) -> dict[int, Revision]:
        """Revisions by number, oldest first."""

    @abstractmethod
    def target(self, reader: Reader, document: Document, to_revision: int) -> Revision:
        """The revision to go back to: that one, or the last but one for 0."""

    @abstractmethod
    def patch_to(self, document: Document, target: Revision) -> Patch | None:
        """What brings the template of `target` back; None when it is there already."""


class _DeploymentRollout(Rollout):
    def status(self, document: Document, revision: int) -> tuple[str, bool]:
        return deployments.rollout_status(document, revision)

    def history(self, reader: Reader, document: Document) -> dict[int, Revision]:
        found = deployments.history(reader.owned("replicasets.apps", metadata.uid(document)))
        return {number: self._revision(replicaset) for number, replicaset in found.items() if number}

    def target(self, reader: Reader, document: Document, to_revision: int) -> Revision:
        owned = reader.owned("replicasets.apps", metadata.uid(document))
        return self._revision(deployments.rollback_target(document, owned, to_revision))

    def patch_to(self, document: Document, target: Revision) -> Patch | None:
        patch = deployments.rollback_patch(document, target.document)
        return None if patch is None else Patch(patch, "json")

    def _revision(self, replicaset: Document) -> Revision:
        return Revision(replicasets.revision(replicaset), replicaset, deployments.change_cause(replicaset))


class _RevisionedRollout(Rollout):
    """Kinds whose templates are kept as ControllerRevisions."""

    def __init__(self, status: Callable[[Document], tuple[str, bool]]) -> None:
        self._status = status

    def status(self, document: Document, revision: int) -> tuple[str, bool]:
        return self._status(document)

    def history(self, reader: Reader, document: Document) -> dict[int, Revision]:
        found = revisions.in_order(reader.owned(revisions.RESOURCE, metadata.uid(document)))
        return {
            revisions.number(one): Revision(
                revisions.number(one), with_value(document, ("spec", "template"), revisions.template_of(one)),
                deployments.change_cause(one),
            )
            for one in found
        }

    def target(self, reader: Reader, document: Document, to_revision: int) -> Revision:
        found = self.history(reader, document)
        if to_revision == 0 and len(found) <= 1:
            raise RolloutFailed("no last revision to roll back to")
        wanted = to_revision or sorted(found)[-2]
        if wanted not in found:
            raise RolloutFailed(f"unable to find specified revision {wanted} in history")
        return found[wanted]

    def patch_to(self, document: Document, target: Revision) -> Patch | None:
        if target.template == document["spec"]["template"]:
            return None
        return Patch(revisions.kept_template(target.document), "strategic")


ROLLOUTS: dict[str, Rollout] = {
    "deployments.apps": _DeploymentRollout(),
    daemonsets.RESOURCE: _RevisionedRollout(daemonsets.rollout_status),
    statefulsets.RESOURCE: _RevisionedRollout(statefulsets.rollout_status),
}
