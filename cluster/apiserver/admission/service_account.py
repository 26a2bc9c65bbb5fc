"""ServiceAccount: a Pod runs as an account of its namespace and gets that account's token as a volume.

plugin/pkg/admission/serviceaccount/admission.go
"""

from __future__ import annotations

from collections.abc import Callable

from cluster.apiserver import errors
from cluster.apiserver.admission.request import Request
from cluster.objects import metadata
from cluster.objects.documents import Document
from cluster.objects.kinds import pod as pods

DEFAULT_ACCOUNT = "default"
MOUNT_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
VOLUME_PREFIX = "kube-api-access-"
# An odd number on purpose, so that such tokens can be told from hand-made ones; the kubelet renews them.
TOKEN_SECONDS = 3607
ROOT_CERTIFICATE = "kube-root-ca.crt"


def admit(request: Request) -> Document | None:
    pod = request.object
    if pod is None or request.kind.resource != "pods" or request.operation != "CREATE" or request.subresource:
        return pod
    if pods.is_mirror(pod):
        return pod
    name = pod["spec"].get("serviceAccountName") or DEFAULT_ACCOUNT
    account = request.reader.get("serviceaccounts", request.namespace, name)
    if account is None:
        why = f'error looking up service account {request.namespace}/{name}: serviceaccount "{name}" not found'
        raise errors.forbidden(request.kind, request.name, why)
    spec = {**pod["spec"], "serviceAccountName": name, "serviceAccount": name}
    if _mounts_token(spec, account):
        spec = _with_token(spec, request.choose)
    if not spec.get("imagePullSecrets") and account.get("imagePullSecrets"):
        spec["imagePullSecrets"] = account["imagePullSecrets"]
    return {**pod, "spec": spec}


def _mounts_token(spec: Document, account: Document) -> bool:
    """The Pod's wish counts, then the account's."""
    for holder in (spec, account):
        if holder.get("automountServiceAccountToken") is not None:
            return bool(holder["automountServiceAccountToken"])
    return True


def _with_token(spec: Document, choose: Callable[[str], str]) -> Document:
    """The PodSpec whose containers all find the token, unless something else is mounted there already."""
    volumes = spec.get("volumes") or []
    named = (volume.get("name", "") for volume in volumes)
    present = next((volume for volume in named if volume.startswith(VOLUME_PREFIX)), "")
    name = present or metadata.generated_name(VOLUME_PREFIX, choose)
    mount = {"name": name, "readOnly": True, "mountPath": MOUNT_PATH}
    filled = dict(spec)
    needed = False
    for group in ("initContainers", "containers"):
        if not spec.get(group):
            continue
        filled[group] = [_with_mount(container, mount) for container in spec[group]]
        needed = needed or filled[group] != spec[group]
    if needed and not present:
        filled["volumes"] = [*volumes, _token_volume(name)]
    return filled


def _with_mount(container: Document, mount: Document) -> Document:
    mounts = container.get("volumeMounts") or []
    if any(present.get("mountPath") == MOUNT_PATH for present in mounts):
        return container
    return {**container, "volumeMounts": [*mounts, mount]}


def _token_volume(name: str) -> Document:
    sources = [
        {"serviceAccountToken": {"expirationSeconds": TOKEN_SECONDS, "path": "token"}},
        {"configMap": {"name": ROOT_CERTIFICATE, "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [
            {"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}},
        ]}},
    ]
    return {"name": name, "projected": {"sources": sources, "defaultMode": 0o644}}
