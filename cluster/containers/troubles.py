"""What an image does not stand: the first trouble that a container's own configuration brings upon it."""

from __future__ import annotations

from collections.abc import Collection

from cluster.containers.image import Image, Trouble
from cluster.objects.documents import Document, dig

ROOT = frozenset({"", "0", "root"})


def first(image: Image, container: Document, pod_security: Document, environment: Collection[str]) -> Trouble | None:
    """The trouble that ends a container of this image soon after its start; None when it starts well.

    `pod_security`: the Pod's securityContext; `environment`: the names of all variables that the container has.
    """
    security = {**pod_security, **(container.get("securityContext") or {})}
    return next((one for one in image.troubles if _holds(one, image, container, security, environment)), None)


def user_of(image: Image, security: Document) -> str:
    """The user of a container's first process: runAsUser, or else the image's."""
    number = security.get("runAsUser")
    return image.user if number is None else str(number)


def _holds(
    trouble: Trouble, image: Image, container: Document, security: Document, environment: Collection[str]
) -> bool:
    if trouble.without_env and not trouble.without_env.isdisjoint(environment):
        return False
    if trouble.not_root and user_of(image, security).partition(":")[0] in ROOT:
        return False
    if not trouble.read_only:
        return True
    return bool(security.get("readOnlyRootFilesystem")) and not _is_mounted(container, trouble.read_only)


def _is_mounted(container: Document, directory: str) -> bool:
    """Whether a writable volume lies at a directory or above it."""
    return any(
        f"{directory}/".startswith(mount["mountPath"].rstrip("/") + "/") and not dig(mount, "readOnly", default=False)
        for mount in container.get("volumeMounts") or []
    )
