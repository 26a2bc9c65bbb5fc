"""Names of images: how the kubelet and containerd read them (github.com/distribution/reference)."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache

DEFAULT_REGISTRY = "docker.io"
OFFICIAL = "library/"
DEFAULT_TAG = "latest"

_PATH_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_PATH = re.compile(rf"{_PATH_PART}(?:/{_PATH_PART})*")
_HOST_PART = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_HOST = re.compile(rf"{_HOST_PART}(?:\.{_HOST_PART})*(?::[0-9]+)?")
_TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_DIGEST = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}")
_IDENTIFIER = re.compile(r"[a-f0-9]{64}")


class InvalidImageName(ValueError):
    """The name of an image cannot be read; the message is the parser's."""


@dataclass(frozen=True, slots=True)
class Reference:
    """`registry/repository:tag` or `registry/repository@digest`."""

    registry: str
    repository: str  # "library/nginx"
    tag: str  # "" when only a digest is given
    digest: str  # "sha256:…", "" when none is given

    @property
    def name(self) -> str:
        """Registry and repository: "docker.io/library/nginx"."""
        return f"{self.registry}/{self.repository}"

    @property
    def familiar(self) -> str:
        """The name as people write it: "nginx", "bitnami/redis", "registry.k8s.io/pause"."""
        if self.registry != DEFAULT_REGISTRY:
            return self.name
        return self.repository.removeprefix(OFFICIAL)

    @property
    def version(self) -> str:
        """What a registry's manifest address ends with: the digest if there is one, else the tag."""
        return self.digest or self.tag

    def __str__(self) -> str:
        return f"{self.name}@{self.digest}" if self.digest else f"{self.name}:{self.tag}"

    @property
    def image_id(self) -> str:
        """`status.containerStatuses[].imageID`; a made-up digest stands for what the registry would answer."""
        return f"{self.name}@{self.digest or 'sha256:' + hashlib.sha256(str(self).encode()).hexdigest()}"


@lru_cache(maxsize=1024)
def parse(image: str) -> Reference:
    """Read an image name; raises InvalidImageName (pkg/util/parsers/parsers.go)."""
    if _IDENTIFIER.fullmatch(image):
        problem = f"invalid repository name ({image}), cannot specify 64-byte hexadecimal strings"
        raise InvalidImageName(problem)
    registry, rest = _split_registry(image)
    rest, at, digest = rest.partition("@")
    repository, colon, tag = rest.partition(":")
    if repository != repository.lower():
        raise InvalidImageName(f"invalid reference format: repository name ({repository}) must be lowercase")
    well_formed = (
        _HOST.fullmatch(registry)
        and _PATH.fullmatch(repository)
        and (not colon or _TAG.fullmatch(tag))
        and (not at or _DIGEST.fullmatch(digest))
    )
    if not well_formed:
        raise InvalidImageName("invalid reference format")
    return Reference(registry, repository, tag or ("" if digest else DEFAULT_TAG), digest)


def _split_registry(image: str) -> tuple[str, str]:
    """What stands before the first slash is a registry only when it looks like a host."""
    first, slash, rest = image.partition("/")
    looks_like_host = "." in first or ":" in first or first == "localhost" or first != first.lower()
    if not slash or not looks_like_host:
        return DEFAULT_REGISTRY, image if slash else OFFICIAL + image
    if first in ("index.docker.io", DEFAULT_REGISTRY):
        return DEFAULT_REGISTRY, rest if "/" in rest else OFFICIAL + rest
    return first, rest
