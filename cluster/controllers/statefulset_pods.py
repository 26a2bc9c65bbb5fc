"""A StatefulSet's Pods: what each looks like, which are its own, which are wanted and which are too many.

pkg/controller/statefulset/stateful_set_utils.go
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from cluster.controllers import pod_control
from cluster.objects import metadata
from cluster.objects.documents import Document, with_value
from cluster.objects.kinds import controllerrevision as revisions
from cluster.objects.kinds import pod as pods
from cluster.objects.kinds import statefulset as statefulsets


class Revisions(NamedTuple):
    """The revision that Pods have by rule, and the one that they are to get."""

    current: Document
    update: Document


class Members(NamedTuple):
    """The Pods by what is to become of them. A replica that is None has to be made."""

    replicas: dict[int, Document | None]  # by ordinal, in order
    condemned: list[Document]  # beyond the wanted ordinals, the highest first

    @property
    def present(self) -> list[Document]:
        return [pod for pod in self.replicas.values() if pod is not None]


def members(statefulset: Document, owned: Iterable[Document]) -> Members:
    """Its Pods in their places. One whose name has no ordinal is nobody."""
    replicas: dict[int, Document | None] = dict.fromkeys(statefulsets.ordinals(statefulset))
    condemned = []
    for pod in owned:
        number = statefulsets.ordinal(pod)
        if number in replicas:
            replicas[number] = pod
        elif number >= 0:
            condemned.append(pod)
    return Members(replicas, sorted(condemned, key=statefulsets.ordinal, reverse=True))


def is_member(statefulset: Document, pod: Document) -> bool:
    """Whether the Pod's name is one of this StatefulSet's (isMemberOf)."""
    return statefulsets.parent_and_ordinal(metadata.name(pod))[0] == metadata.name(statefulset)


def revision_of(pod: Document) -> str:
    """The name of the revision that the Pod was made from."""
    return metadata.labels(pod).get(statefulsets.REVISION, "")


def is_running_and_ready(pod: Document) -> bool:
    return pods.phase(pod) == "Running" and pods.is_ready(pod)


def is_unavailable(pod: Document | None, min_ready_seconds: int, now: int) -> bool:
    """Whether it cannot be counted on: not made, not ready for long enough, or going."""
    if pod is None or metadata.is_being_deleted(pod):
        return True
    return not pods.is_available(pod, min_ready_seconds, now)


def new_pod(statefulset: Document, found: Revisions, number: int) -> Document:
    """The Pod with this ordinal at the revision that it has to have now (newVersionedStatefulSetPod)."""
    revision = found.current if _is_current(statefulset, number) else found.update
    name = statefulsets.pod_name(statefulset, number)
    restored = with_value(statefulset, ("spec", "template"), revisions.template_of(revision))
    pod = pod_control.pod_from_template(restored["spec"]["template"], restored)
    labels = {
        **metadata.labels(pod), statefulsets.POD_INDEX: str(number),
        statefulsets.REVISION: metadata.name(revision), statefulsets.POD_NAME: name,
    }
    spec = {**pod["spec"], "hostname": name, "subdomain": statefulset["spec"]["serviceName"]}
    if not spec["subdomain"]:
        del spec["subdomain"]
    return with_storage(statefulset, {**pod, "metadata": {**pod["metadata"], "name": name, "labels": labels}, "spec": spec})


def _is_current(statefulset: Document, number: int) -> bool:
    """Whether a Pod made now is not part of the update: below the partition."""
    border, start = statefulsets.partition(statefulset), statefulsets.ordinals(statefulset).start
    if border is not None:
        return number < start + border
    if not statefulsets.is_rolling(statefulset):
        return False
    return number < start + int(statefulset["status"].get("currentReplicas") or 0)


def with_storage(statefulset: Document, pod: Document) -> Document:
    """The Pod with its claims as volumes; volumes of the template with the same name give way (updateStorage)."""
    number = statefulsets.ordinal(pod)
    claimed: dict[str, Document] = {
        metadata.name(template): {
            "name": metadata.name(template),
            "persistentVolumeClaim": {"claimName": statefulsets.claim_name(statefulset, template, number)},
        }
        for template in statefulsets.claim_templates(statefulset)
    }
    others = [volume for volume in pod["spec"].get("volumes") or [] if volume["name"] not in claimed]
    volumes = [*claimed.values(), *others]
    return with_value(pod, ("spec", "volumes"), volumes) if volumes else pod


def has_identity(statefulset: Document, pod: Document) -> bool:
    """Whether name, label and volumes are those of its place (identityMatches, storageMatches)."""
    if metadata.labels(pod).get(statefulsets.POD_NAME) != metadata.name(pod):
        return False
    claims = {
        volume["name"]: volume["persistentVolumeClaim"].get("claimName")
        for volume in pod["spec"].get("volumes") or [] if volume.get("persistentVolumeClaim")
    }
    number = statefulsets.ordinal(pod)
    return all(
        claims.get(metadata.name(template)) == statefulsets.claim_name(statefulset, template, number)
        for template in statefulsets.claim_templates(statefulset)
    )


def with_identity(statefulset: Document, pod: Document) -> Document:
    """The Pod with the labels of its place (updateIdentity)."""
    labels = {
        **metadata.labels(pod), statefulsets.POD_NAME: metadata.name(pod),
        statefulsets.POD_INDEX: str(statefulsets.ordinal(pod)),
    }
    return with_value(pod, ("metadata", "labels"), labels)
