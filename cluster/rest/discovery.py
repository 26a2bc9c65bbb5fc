"""What the server has: its version, groups, resources and their verbs (apiserver/pkg/endpoints/discovery)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from cluster.kubelet.node import VERSION
from cluster.objects.documents import Document
from cluster.objects.registry import REGISTRY, Kind

VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
# Kinds of which there is nothing to list: a request is answered and forgotten.
REVIEWS = {
    "authentication.k8s.io": (("selfsubjectreviews", "SelfSubjectReview"), ("tokenreviews", "TokenReview")),
    "authorization.k8s.io": (
        ("selfsubjectaccessreviews", "SelfSubjectAccessReview"), ("selfsubjectrulesreviews", "SelfSubjectRulesReview"),
        ("subjectaccessreviews", "SubjectAccessReview"),
    ),
}
# The subresources that are served, and what they speak when it is not the kind itself: (group, version, kind, verbs).
_SUBRESOURCES: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    "scale": ("autoscaling", "v1", "Scale", ("get", "patch", "update")),
    "binding": ("", "v1", "Binding", ("create",)),
    "eviction": ("policy", "v1", "Eviction", ("create",)),
    "log": ("", "", "", ("get",)),
    "exec": ("", "v1", "PodExecOptions", ("create", "get")),
    "status": ("", "", "", ("get", "patch", "update")),
    "finalize": ("", "", "", ("update",)),
}
METRICS = "metrics.k8s.io"


def version() -> Document:
    """`/version`."""
    major, minor, *_ = VERSION.removeprefix("v").split(".")
    return {
        "major": major, "minor": minor, "emulationMajor": major, "emulationMinor": minor, "gitVersion": VERSION,
        "gitCommit": hashlib.sha1(VERSION.encode(), usedforsecurity=False).hexdigest(), "gitTreeState": "clean",
        "buildDate": "2026-05-12T00:00:00Z", "goVersion": "go1.26", "compiler": "gc", "platform": "linux/amd64",
    }


def groups() -> dict[str, list[str]]:
    """Versions by group, the core group ("") left out, in the order in which real servers name them: by name."""
    found: dict[str, list[str]] = {}
    for kind in REGISTRY:
        for version in _versions(kind):
            if kind.group and version not in found.setdefault(kind.group, []):
                found[kind.group].append(version)
    for group in (*REVIEWS,):
        found.setdefault(group, ["v1"])
    found.setdefault(METRICS, ["v1beta1"])
    return dict(sorted(found.items()))


def api_versions() -> Document:
    """`/api`."""
    address = {"clientCIDR": "0.0.0.0/0", "serverAddress": "10.0.0.10:6443"}
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [address]}


def api_groups() -> Document:
    """`/apis`."""
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [api_group(name) for name in groups()]}


def api_group(name: str) -> Document:
    """`/apis/apps`, without its own type."""
    versions = [{"groupVersion": f"{name}/{version}", "version": version} for version in groups()[name]]
    return {"name": name, "versions": versions, "preferredVersion": versions[0]}


def resources(group: str, version: str) -> Document:
    """`/apis/apps/v1`; raises KeyError for a group that there is not."""
    if group and version not in groups()[group]:
        raise KeyError(version)
    if not group and version != "v1":
        raise KeyError(version)
    found = [entry for kind in _kinds(group, version) for entry in _entries(kind)]
    found += [
        {"name": plural, "singularName": "", "namespaced": False, "kind": name, "verbs": ["create"]}
        for plural, name in REVIEWS.get(group, ())
    ]
    if group == METRICS:
        found += [
            {"name": "nodes", "singularName": "", "namespaced": False, "kind": "NodeMetrics", "verbs": ["get", "list"]},
            {"name": "pods", "singularName": "", "namespaced": True, "kind": "PodMetrics", "verbs": ["get", "list"]},
        ]
    return {
        "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": f"{group}/{version}" if group else version,
        "resources": sorted(found, key=lambda entry: entry["name"]),
    }


def _kinds(group: str, version: str) -> Iterator[Kind]:
    return (kind for kind in REGISTRY if kind.group == group and version in _versions(kind))


def _versions(kind: Kind) -> list[str]:
    """The versions in which a kind is served, the stored one first: clients prefer the first."""
    return [kind.version, *(other.api_version.rpartition("/")[2] for other in kind.versions)]


def _entries(kind: Kind) -> Iterator[Document]:
    entry: Document = {
        "name": kind.plural, "singularName": kind.singular, "namespaced": kind.namespaced, "kind": kind.kind,
        "verbs": list(VERBS),
        "storageVersionHash": hashlib.sha256(kind.resource.encode()).hexdigest()[:11] + "=",
    }
    if kind.short_names:
        entry["shortNames"] = list(kind.short_names)
    if kind.categories:
        entry["categories"] = list(kind.categories)
    yield entry
    for name in sorted(kind.subresources & _SUBRESOURCES.keys()):
        group, version, speaks, verbs = subresource(kind, name)
        found: Document = {
            "name": f"{kind.plural}/{name}", "singularName": "", "namespaced": kind.namespaced, "kind": speaks,
            "verbs": list(verbs),
        }
        if speaks != kind.kind:
            found |= {"group": group, "version": version} if group else {}
        yield found


def subresource(kind: Kind, name: str) -> tuple[str, str, str, tuple[str, ...]]:
    """(group, version, kind, verbs) of what a subresource speaks."""
    group, version, speaks, verbs = _SUBRESOURCES[name]
    return (group, version, speaks, verbs) if speaks else (kind.group, kind.version, kind.kind, verbs)


# --- all at once -----------------------------------------------------------------------------------------------------


def aggregated(*, core: bool, version: str = "v2") -> Document:
    """`/api` and `/apis` for clients that want everything in one answer (apidiscovery.k8s.io)."""
    found: dict[str, list[str]] = {"": ["v1"]} if core else groups()
    return {
        "kind": "APIGroupDiscoveryList", "apiVersion": f"apidiscovery.k8s.io/{version}", "metadata": {},
        "items": [_group_discovery(group, versions) for group, versions in found.items()],
    }


def _group_discovery(group: str, versions: list[str]) -> Document:
    meta: Document = {"name": group, "creationTimestamp": None} if group else {"creationTimestamp": None}
    return {
        "metadata": meta,
        "versions": [
            {"version": version, "resources": _resource_discovery(resources(group, version)), "freshness": "Current"}
            for version in versions
        ],
    }


def _resource_discovery(listed: Document) -> list[Document]:
    group, _, version = listed["groupVersion"].rpartition("/")
    found: dict[str, Any] = {}
    for entry in listed["resources"]:
        name, _, sub = entry["name"].partition("/")
        kind = {"group": entry.get("group", group), "version": entry.get("version", version), "kind": entry["kind"]}
        if sub:
            found[name].setdefault("subresources", []).append(
                {"subresource": sub, "responseKind": kind, "verbs": entry["verbs"]}
            )
            continue
        found[name] = {
            "resource": name, "responseKind": kind, "scope": "Namespaced" if entry["namespaced"] else "Cluster",
            "singularResource": entry["singularName"], "verbs": entry["verbs"],
            **{field: entry[field] for field in ("shortNames", "categories") if field in entry},
        }
    return list(found.values())
