"""Claims that have to be bound, and volumes that have to be attached, before a Pod can be started."""

from __future__ import annotations

from collections.abc import Iterator

from cluster.apiserver.reader import Reader
from cluster.objects import metadata
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import persistentvolumeclaim as claims
from cluster.objects.kinds import volumeattachment as attachments


def claim_error(view: Reader, pod: Document) -> str:
    """The message of the FailedMount event for claims that cannot be used, "" when all can."""
    unbound = _claim_problems(view, pod)
    if not unbound:
        return ""
    names = " ".join(unbound)
    return (
        f"Unable to attach or mount volumes: unmounted volumes=[{names}], unattached volumes=[], "
        f"failed to process volumes=[{names}]: {'; '.join(unbound.values())}"
    )


def unattached(view: Reader, pod: Document, node: str) -> list[str]:
    """Volumes of drivers that are not attached to the node yet (pkg/kubelet/volumemanager, WaitForAttach)."""
    wanted = list(_driver_volumes(view, pod))
    attached = set() if not wanted else {
        attachments.volume_name(found) for found in view.list("volumeattachments.storage.k8s.io")
        if attachments.node_name(found) == node and attachments.is_attached(found) and not metadata.is_being_deleted(found)
    }
    return [name for name, volume in wanted if volume not in attached]


def _driver_volumes(view: Reader, pod: Document) -> Iterator[tuple[str, str]]:
    """(volume of the Pod, PersistentVolume) of what a driver has to attach."""
    for volume in dig(pod, "spec", "volumes", default=[]):
        for name, _ in claims.of_pod({**pod, "spec": {"volumes": [volume]}}):
            claim = view.world.row("persistentvolumeclaims", (pod["metadata"]["namespace"], name)) or {}
            found = view.world.row("persistentvolumes", ("", claims.volume_name(claim)))
            if found is not None and found["spec"].get("csi") is not None:
                yield volume["name"], claims.volume_name(claim)


def _claim_problems(view: Reader, pod: Document) -> dict[str, str]:
    """Volumes whose claims cannot be used, and why (pkg/kubelet/volumemanager/populator/desired_state_of_world_populator.go)."""
    namespace = pod["metadata"]["namespace"]
    found = {}
    for volume in dig(pod, "spec", "volumes", default=[]):
        for name, ephemeral in claims.of_pod({**pod, "spec": {"volumes": [volume]}}):
            problem = _claim_problem(view.world.row("persistentvolumeclaims", (namespace, name)), name, pod, ephemeral)
            if problem:
                found[volume["name"]] = f"error processing PVC {namespace}/{name}: {problem}"
    return found


def _claim_problem(claim: Document | None, name: str, pod: Document, ephemeral: bool) -> str:
    if claim is None:
        return f'failed to fetch PVC from API server: persistentvolumeclaims "{name}" not found'
    if ephemeral and not metadata.is_controlled_by(claim, pod):
        return "not created for pod (pod is not owner)"
    if metadata.is_being_deleted(claim):
        return "PVC is being deleted"
    bound = claims.phase(claim) == "Bound" and claims.volume_name(claim)
    return "" if bound else "PVC is not bound"
