"""Words that Tab can offer: the `complete` functions of commands. Each gets the words before the one being typed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cluster.kubectl.invocation import Shell
from cluster.objects import metadata
from cluster.objects.documents import Document, dig
from cluster.objects.registry import REGISTRY, Kind

Words = tuple[str, ...]
Flags = Mapping[str, object]

# Kinds that can be named wherever a Pod template is meant.
WORKLOADS = ("deployments.apps", "replicasets.apps", "pods")


def nothing(shell: Shell, words: Words, flags: Flags) -> Iterable[str]:
    """For commands that take no words."""
    return ()


def kinds() -> list[str]:
    """Every kind by its plural, and `all`."""
    return sorted(["all", *(kind.plural for kind in REGISTRY)])


def names(shell: Shell, kind: Kind, flags: Flags) -> list[str]:
    """Names of the objects of a kind, in the namespace of -n."""
    namespace = str(flags.get("namespace") or "default") if kind.namespaced else ""
    return [metadata.name(document) for document in shell.api.list(kind.resource, namespace)]


def kinds_then_names(shell: Shell, words: Words, flags: Flags) -> Iterable[str]:
    """A kind first, then names of that kind that do not stand there yet."""
    if not words:
        return kinds()
    kind = REGISTRY.find(words[0])
    if kind is None or "/" in words[0]:
        return ()
    return [name for name in names(shell, kind, flags) if name not in words[1:]]


def slashed(shell: Shell, resources: Iterable[str], flags: Flags) -> list[str]:
    """`deployment/web` for every object of these resources."""
    found = (REGISTRY[resource] for resource in resources)
    return [f"{kind.singular}/{name}" for kind in found for name in names(shell, kind, flags)]


def workloads(shell: Shell, words: Words, flags: Flags) -> Iterable[str]:
    """`deployment/web`, once."""
    return () if words else slashed(shell, ("deployments.apps",), flags)


def nodes(shell: Shell, words: Words, flags: Flags) -> Iterable[str]:
    """Names of nodes."""
    return [name for name in names(shell, REGISTRY["nodes"], flags) if name not in words]


def pods_and_workloads(shell: Shell, words: Words, flags: Flags) -> Iterable[str]:
    """Names of Pods, and `deployment/web`; for logs."""
    if words:
        return ()
    return [*names(shell, REGISTRY["pods"], flags), *slashed(shell, ("deployments.apps", "replicasets.apps"), flags)]


def containers(shell: Shell, words: Words, flags: Flags) -> list[str]:
    """Names of the containers of the Pod or workload that the words name."""
    document = _named(shell, words, flags)
    if document is None:
        return []
    spec = document["spec"] if document["kind"] == "Pod" else dig(document, "spec", "template", "spec", default={})
    return [
        container["name"] for group in ("initContainers", "containers") for container in spec.get(group) or []
    ]


def containers_to_set(shell: Shell, words: Words, flags: Flags) -> Iterable[str]:
    """For `set image`: `deployment/web` first, then `container=`."""
    if not words:
        return slashed(shell, WORKLOADS, flags)
    return [f"{name}=" for name in containers(shell, words, flags)]


def _named(shell: Shell, words: Words, flags: Flags) -> Document | None:
    if not words:
        return None
    namespace = str(flags.get("namespace") or "default")
    type_, slash, name = words[0].partition("/")
    if not slash:
        kind = REGISTRY.find(words[0]) if len(words) > 1 else None
        type_, name = (words[0], words[1]) if kind is not None else ("pods", words[0])
    kind = REGISTRY.find(type_)
    return shell.api.get(kind.resource, namespace if kind.namespaced else "", name) if kind else None
