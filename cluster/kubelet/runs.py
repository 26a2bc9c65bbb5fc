"""What the runtime is told about a Pod's sandbox and its containers (pkg/kubelet/kuberuntime, generateContainerConfig)."""

from __future__ import annotations

from collections.abc import Mapping

from cluster.apiserver.reader import Reader
from cluster.containers import images, references, troubles
from cluster.containers.machine import ContainerRun, Mount, Sandbox
from cluster.kubelet import downward, environment, runtime, sandbox_files
from cluster.kubelet.downward import Place
from cluster.objects import quantity
from cluster.objects.documents import Document, dig


def sandbox(view: Reader, pod: Document, place: Place) -> Sandbox:
    """The sandbox of a Pod on its node."""
    aliases = dig(pod, "spec", "hostAliases", default=[])
    return Sandbox(
        hostname=downward.hostname(pod, place), ip=place.ip, node=place.node, nameserver=sandbox_files.cluster_dns(view),
        searches=tuple(sandbox_files.search_path(pod)),
        hosts=tuple((alias["ip"], " ".join(alias.get("hostnames") or [])) for alias in aliases),
    )


def container_run(
    pod: Document, container: Document, image: str, variables: Mapping[str, str], mounts: tuple[Mount, ...]
) -> ContainerRun:
    """A container of an image (a full reference) as the runtime gets it, its variables and words resolved."""
    command, args = environment.command(container, variables)
    pod_security = dig(pod, "spec", "securityContext", default={})
    security = {**pod_security, **(container.get("securityContext") or {})}
    limits = {**dig(pod, "spec", "resources", "limits", default={}), **dig(container, "resources", "limits", default={})}
    return ContainerRun(
        name=container["name"], software=runtime.software_of(image), command=tuple(command), args=tuple(args),
        env=variables, mounts=mounts,
        workdir=container.get("workingDir") or "", uid=security.get("runAsUser"),
        read_only=bool(security.get("readOnlyRootFilesystem")),
        ports=tuple(int(port["containerPort"]) for port in container.get("ports") or []),
        memory_limit=quantity.value(limits["memory"]) if limits.get("memory") else None,
        cpu_limit=quantity.milli_value(limits["cpu"]) if limits.get("cpu") else None,
        stdin=bool(container.get("stdin")),
        trouble=troubles.first(images.of(references.parse(image), {}), container, pod_security, variables),
    )
