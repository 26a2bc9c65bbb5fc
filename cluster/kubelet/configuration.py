"""Claims, ConfigMaps and Secrets that a Pod needs before its volumes can be mounted or a container can be created."""

from __future__ import annotations

from collections.abc import Iterator

from cluster.apiserver.reader import Reader
from cluster.objects import metadata
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import persistentvolumeclaim as claims
from cluster.objects.kinds import volumeattachment as attachments

KINDS = {"configMap": "configmaps", "secret": "secrets"}
# Every namespace has it as soon as its controller has run; a Pod that comes first just waits a moment in reality too.
ROOT_CA = "kube-root-ca.crt"


def mount_error(view: Reader, pod: Document) -> str | None:
    """The message of the FailedMount event for the first volume that cannot be set up; None when all can."""
    unbound = _claim_problems(view, pod)
    if unbound:
        names = " ".join(unbound)
        text = "; ".join(unbound.values())
        return (
            f"Unable to attach or mount volumes: unmounted volumes=[{names}], unattached volumes=[], "
            f"failed to process volumes=[{names}]: {text}"
        )
    for volume in dig(pod, "spec", "volumes", default=[]):
        for kind, source in _volume_sources(volume):
            problem = _volume_problem(view, pod["metadata"]["namespace"], kind, source)
            if problem:
                return f'MountVolume.SetUp failed for volume "{volume["name"]}" : {problem}'
    return None


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


def _volume_sources(volume: Document) -> Iterator[tuple[str, Document]]:
    for kind in KINDS:
        if volume.get(kind):
            yield kind, volume[kind]
        for source in dig(volume, "projected", "sources", default=[]):
            if source.get(kind):
                yield kind, source[kind]


def _volume_problem(view: Reader, namespace: str, kind: str, source: Document) -> str:
    name = source.get("name") or source.get("secretName") or ""
    if source.get("optional") or name == ROOT_CA:
        return ""
    document = view.world.row(KINDS[kind], (namespace, name))
    if document is None:
        return f'{kind.lower()} "{name}" not found'
    for item in source.get("items") or []:
        if not _has_key(document, item["key"]):
            if kind == "configMap":
                return f"configmap references non-existent config key: {item['key']}"
            return f"references non-existent secret key: {item['key']}"
    return ""


def _has_key(document: Document, key: str) -> bool:
    return any(key in (document.get(part) or {}) for part in ("data", "binaryData", "stringData"))


def environment_error(view: Reader, pod: Document, container: Document) -> str | None:
    """Why a container's environment cannot be made (CreateContainerConfigError); None when it can."""
    namespace = pod["metadata"]["namespace"]
    for entry in container.get("envFrom") or []:
        for field, resource in (("configMapRef", "configmaps"), ("secretRef", "secrets")):
            source = entry.get(field)
            if source and not source.get("optional") and view.world.row(resource, (namespace, source["name"])) is None:
                return f'{resource[:-1]} "{source["name"]}" not found'
    for variable in container.get("env") or []:
        problem = _variable_problem(view, namespace, variable.get("valueFrom") or {})
        if problem:
            return problem
    return None


def _variable_problem(view: Reader, namespace: str, source: Document) -> str:
    fields = (("configMapKeyRef", "configmaps", "ConfigMap"), ("secretKeyRef", "secrets", "Secret"))
    for field, resource, kind in fields:
        wanted = source.get(field)
        if not wanted or wanted.get("optional"):
            continue
        document = view.world.row(resource, (namespace, wanted["name"]))
        if document is None:
            return f'{resource[:-1]} "{wanted["name"]}" not found'
        if not _has_key(document, wanted["key"]):
            return f"couldn't find key {wanted['key']} in {kind} {namespace}/{wanted['name']}"
    return ""
