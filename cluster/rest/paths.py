"""What an address asks for (apiserver/pkg/endpoints/request/requestinfo.go)."""

from __future__ import annotations

from dataclasses import dataclass

from cluster.apiserver.errors import APIError
from cluster.objects.documents import Document
from cluster.objects.registry import REGISTRY, Kind, Version


@dataclass(frozen=True, slots=True)
class Target:
    """A collection (`name` is ""), an object of it, or a subresource. `namespace` is None for all of them."""

    kind: Kind
    namespace: str | None
    name: str = ""
    subresource: str = ""
    rest: str = ""  # what follows the subresource: a path for a proxy
    version: Version | None = None  # when it is another one than the stored one

    @property
    def api_version(self) -> str:
        return self.version.api_version if self.version else self.kind.api_version

    def served(self, document: Document) -> Document:
        """A stored object as it is served here."""
        return self.version.served(document) if self.version else document


def no_such_resource() -> APIError:
    """404 for an address that leads nowhere."""
    message = "the server could not find the requested resource"
    return APIError(404, "NotFound", message, {})


def target(path: str) -> Target:
    """The target of an address such as "/apis/apps/v1/namespaces/default/deployments/web/scale"; raises NotFound."""
    parts = path.strip("/").split("/")
    group, version, rest = _group(parts)
    if rest[:1] == ["watch"]:  # the old way of asking for a watch
        rest = rest[1:]
    namespace: str | None = None
    if rest[:1] == ["namespaces"] and len(rest) > 2 and not _is_of_namespace(rest[2], group):
        namespace, rest = rest[1], rest[2:]
    if not rest or not rest[0]:
        raise no_such_resource()
    kind = find(group, version, rest[0])
    if kind is None or (namespace is not None and not kind.namespaced):
        raise no_such_resource()
    if kind.namespaced and namespace is None and len(rest) > 1:
        raise no_such_resource()
    name, subresource, *more = [*rest[1:], "", ""]
    other = REGISTRY.version(f"{group}/{version}", kind.kind)
    rest_of_path = "/".join(part for part in more if part)
    return Target(kind, namespace if kind.namespaced else "", name, subresource, rest_of_path, other)


def _is_of_namespace(word: str, group: str) -> bool:
    """Whether this is a subresource of the namespace before it and no collection in it."""
    return not group and word in ("status", "finalize")


def _group(parts: list[str]) -> tuple[str, str, list[str]]:
    if parts[0] == "api" and len(parts) > 1:
        return "", parts[1], parts[2:]
    if parts[0] == "apis" and len(parts) > 2:
        return parts[1], parts[2], parts[3:]
    raise no_such_resource()


def find(group: str, version: str, plural: str) -> Kind | None:
    """The kind of a collection."""
    resource = f"{plural}.{group}" if group else plural
    if resource not in REGISTRY:
        return None
    kind = REGISTRY[resource]
    return kind if kind.version == version or REGISTRY.version(f"{group}/{version}", kind.kind) else None
