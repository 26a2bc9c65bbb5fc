"""The registries that nodes pull from: which image stands behind a name. Nothing is downloaded by anybody."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import lru_cache

from cluster.containers.catalogue import CATALOGUE, OFFICIAL
from cluster.containers.image import GRACEFUL, MIB, TERMINATED, Image, Work
from cluster.containers.plausibility import is_plausible
from cluster.containers.references import Reference

__all__ = ["CATALOGUE", "GRACEFUL", "TERMINATED", "Image", "find", "of", "pull_error"]

# What stands in for a program of which nothing is known: it answers every request on the ports that its Pod declares.
GENERIC = Image(
    0, None, True, 100, programs=frozenset({"*"}), has_bash=True, memory=12 * MIB, work=Work(waits=2), generic=True,
)
# A tag of nothing but the next major versions is taken to exist: examples write `nginx:2` for "the new one".
MAJORS_TO_COME = 9
_SMALLEST, _SIZES = 20_000_000, 60_000_000

_WORDS = (
    r"latest|stable|mainline|current|lts|edge|unstable|rolling|main|alpine|slim|bookworm|bullseye|buster|trixie|forky|sid"
    r"|jammy|noble|focal|resolute|debian|ubuntu|perl|otel|musl|glibc|uclibc|management|apache|fpm|cli|zts|alpine-slim"
    r"|temurin|jdk|jre|openjdk|headless|oracle|oraclelinux|community|distroless|minimal|full|base|eclipse|al|corretto"
)
_VERSION = re.compile(r"v?(\d+)(?:\.(\d+))?(?:\.\d+){0,3}(?:-?(?:alpha|beta|rc|p|u|b)\.?\d*)?")
_TAG = re.compile(
    rf"(?:{_VERSION.pattern}|(?:{_WORDS})(?:\d+(?:\.\d+)*)?)(?:[-_](?:(?:{_WORDS})(?:\d+(?:\.\d+)*)?|\d+(?:\.\d+)*))*"
)


def _has_tag(image: Image, tag: str) -> bool:
    """Whether a tag looks like one that maintainers publish."""
    if not _TAG.fullmatch(tag):
        return False
    version = _VERSION.match(tag)
    if version is None or image.newest is None:
        return True
    if not version[2]:
        return int(version[1]) <= image.newest[0] + MAJORS_TO_COME
    return (int(version[1]), int(version[2])) <= image.newest


@lru_cache(maxsize=4096)
def _catalogued(reference: Reference) -> Image | None:
    image = CATALOGUE.get(reference.familiar)
    if image is None or not (reference.digest or _has_tag(image, reference.tag)):
        return None
    return image


def _added(reference: Reference, extra: Mapping[str, int]) -> Image | None:
    for name in (f"{reference.familiar}:{reference.tag}", reference.familiar, str(reference), reference.name):
        if name in extra:
            known = CATALOGUE.get(reference.familiar, GENERIC)
            return _resized(known, extra[name])
    return None


@lru_cache(maxsize=1024)
def _resized(image: Image, size: int) -> Image:
    return image.but(size=size)


@lru_cache(maxsize=1024)
def _official(reference: Reference) -> Image | None:
    """An official image of which little more than the name is known."""
    if reference.familiar not in OFFICIAL or not (reference.digest or _TAG.fullmatch(reference.tag)):
        return None
    size, port = OFFICIAL[reference.familiar]
    return _speaking(reference).but(size=size, ports=(port,) if port else None)


@lru_cache(maxsize=1024)
def _unheard_of(reference: Reference) -> Image | None:
    """What somebody may have pushed: a generic server, whose size is made up from its name."""
    if reference.familiar in CATALOGUE or reference.familiar in OFFICIAL or not is_plausible(reference):
        return None
    digest = hashlib.sha256(reference.name.encode()).digest()
    return _speaking(reference).but(size=_SMALLEST + int.from_bytes(digest[:4], "big") % _SIZES)


def _speaking(reference: Reference) -> Image:
    """The generic server, whose first line says what it is."""
    name = f"{reference.familiar}:{reference.tag}" if reference.tag else reference.familiar
    said = f"clusterscope: nothing is known of the image {name}; a generic server stands in and answers on the declared ports"
    return GENERIC.but(log=((0, said),))


def find(reference: Reference, extra: Mapping[str, int]) -> Image | None:
    """The image behind a reference; None when no registry has it. `extra`: sizes of more names (or name:tag)."""
    added = _added(reference, extra) if extra else None
    return added or _catalogued(reference) or _official(reference) or _unheard_of(reference)


def of(reference: Reference, extra: Mapping[str, int]) -> Image:
    """The image of something that lies on a node, even when no registry has it any longer."""
    return find(reference, extra) or CATALOGUE.get(reference.familiar, GENERIC)


def pull_error(reference: Reference) -> str:
    """What containerd reports for an image that no registry has, as the kubelet passes it on.

    containerd: core/remotes/docker/resolver.go; pkg/kubelet/cri-client drops the code of unknown errors only.
    """
    begin = f'failed to pull and unpack image "{reference}": failed to resolve reference "{reference}": '
    if reference.familiar in CATALOGUE or reference.familiar in OFFICIAL:
        return f"rpc error: code = NotFound desc = {begin}{reference}: not found"
    if reference.registry in _REGISTRIES:
        return (
            f"{begin}pull access denied, repository does not exist or may require authorization: "
            "server message: insufficient_scope: authorization failed"
        )
    address = f"https://{reference.registry}/v2/{reference.repository}/manifests/{reference.version}"
    host = reference.registry.partition(":")[0]
    return f'{begin}failed to do request: Head "{address}": dial tcp: lookup {host} on 10.0.0.2:53: no such host'


_REGISTRIES = frozenset(
    {"docker.io", "registry.k8s.io", "ghcr.io", "gcr.io", "quay.io", "public.ecr.aws", "us-docker.pkg.dev"}
)
