"""The board's rows of volumes: on which node's disk, or in which storage beside the nodes, the files of Pods lie.

What the API server stores (configMap, secret and their like) is no volume of its own here, nor are those of system Pods.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from cluster.apiserver.reader import Reader
from cluster.apiserver.state import Change
from cluster.containers.files import FILE, join
from cluster.inspection import volumes
from cluster.objects import metadata
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import persistentvolume as persistent
from cluster.objects.kinds import persistentvolumeclaim as claims
from cluster.objects.kinds import pod as pods
from cluster.storage import contents

SYSTEM = "kube-system"
# Where nodes keep what is nobody's volume.
OWN_FOLDERS = ("/etc", "/run", "/var/lib/kubelet", "/var/log", "/var/run")

Row = dict[str, Any]
# Namespace and name of a claim -> (node, Pod) of those that mount it.
Users = dict[tuple[str, str], list[tuple[str, str]]]


def rows(view: Reader) -> list[Row]:
    """Every volume, in order of its key: {key, ref, name, type, place, node, where, phase, claim, size, pods, left}.

    `place` as in cluster/inspection/volumes.py; `pods`: who mounts it; `left`: how many files lie there that nobody mounts.
    """
    found: dict[str, Row] = {}
    users = _users(view)
    for volume in view.list(volumes.VOLUMES):
        found.update((row["key"], row) for row in _of_volume(view, volume, users))
    for claim in view.list(volumes.CLAIMS):
        if not _has_volume(view, claim):
            row = _of_claim(view, claim, users)
            found[row["key"]] = row
    for pod in view.list("pods"):
        for row in _of_pod(pod):
            known = found.setdefault(row["key"], row)
            known["pods"] = [*known["pods"], *(key for key in row["pods"] if key not in known["pods"])]
    for row in _left_behind(view, found.values()):
        found[row["key"]] = row
    return [found[key] for key in sorted(found)]


def concerns(change: Change) -> bool:
    """Whether a change can make the rows different."""
    if change.table in (volumes.VOLUMES, volumes.CLAIMS):
        return True
    if change.table == "pods":
        return _mounts(change.old) != _mounts(change.new)
    if change.table == "nodes":
        return (metadata.labels(change.old) if change.old else None) != (metadata.labels(change.new) if change.new else None)
    return change.table == contents.TABLE and _files(change.old) != _files(change.new)


def _row(key: str, ref: str, name: str, source: Row, **more: Any) -> Row:
    return {
        "key": key, "ref": ref, "name": name, "type": source["kind"], "place": source["place"], "node": source["node"],
        "where": source["where"], "phase": "", "claim": "", "size": "", "pods": [], "left": 0, **more,
    }


# --- PersistentVolumes and claims ------------------------------------------------------------------------------------


def _users(view: Reader) -> Users:
    found: Users = {}
    for pod in view.list("pods"):
        if pods.is_terminal(pod):
            continue
        for name, _ in claims.of_pod(pod):
            found.setdefault((metadata.namespace(pod), name), []).append((pods.node_name(pod), _key(pod)))
    return found


def _of_volume(view: Reader, volume: Document, users: Users) -> Iterator[Row]:
    """One row; of a path that every node has for itself, one for each node where it is used."""
    name, source = metadata.name(volume), volumes.of_volume(view, volume)
    reference = persistent.claim_reference(volume) or {}
    mounting = users.get((reference.get("namespace", ""), reference.get("name", "")), [])
    more = {"phase": persistent.status_text(volume), "claim": persistent.claim_text(volume), "size": source["size"]}
    nodes = sorted({node for node, _ in mounting if node}) if source["place"] == "node" and not source["node"] else []
    for node in nodes or [source["node"]]:
        yield _row(
            f"pv/{name}/{node}", f"{volumes.VOLUMES}//{name}", reference.get("name") or name, {**source, "node": node}, **more,
            pods=[key for where, key in mounting if not nodes or where == node],
        )


def _has_volume(view: Reader, claim: Document) -> bool:
    return bool(claims.volume_name(claim)) and view.get(volumes.VOLUMES, "", claims.volume_name(claim)) is not None


def _of_claim(view: Reader, claim: Document, users: Users) -> Row:
    namespace, name = metadata.namespace(claim), metadata.name(claim)
    source = volumes.of_claim(view, namespace, name)
    return _row(
        f"pvc/{namespace}/{name}", f"{volumes.CLAIMS}/{namespace}/{name}", name, source, phase=persistent.status_text(claim),
        claim=f"{namespace}/{name}", size=source["size"], pods=[key for _, key in users.get((namespace, name), [])],
    )


# --- volumes of Pods -------------------------------------------------------------------------------------------------


def _of_pod(pod: Document) -> Iterator[Row]:
    """What a Pod on a node mounts besides claims."""
    if not _counts(pod):
        return
    node, key = pods.node_name(pod), _key(pod)
    for volume in dig(pod, "spec", "volumes", default=[]):
        source = volumes.source(volume, node)
        if source["place"] == "api" or any(claims.of_pod({**pod, "spec": {"volumes": [volume]}})):
            continue
        if source["kind"] == "hostPath":
            path = join("/", source["where"])
            yield _row(_folder_key(node, path), f"nodes//{node}", path, {**source, "where": path}, pods=[key])
        elif source["place"] == "network":
            yield _row(f"net/{source['kind']}/{source['where']}", f"pods/{key}", volume["name"], source, pods=[key])
        else:
            yield _row(f"empty/{key}/{volume['name']}", f"pods/{key}", volume["name"], source, pods=[key])


def _folder_key(node: str, path: str) -> str:
    return f"folder/{node}{path}"


def _counts(pod: Document) -> bool:
    on_node = bool(pods.node_name(pod)) and not pods.is_terminal(pod)
    return on_node and metadata.namespace(pod) != SYSTEM


def _key(pod: Document) -> str:
    return f"{metadata.namespace(pod)}/{metadata.name(pod)}"


def _mounts(pod: Document | None) -> Any:
    """What the rows tell of a Pod."""
    if pod is None or not dig(pod, "spec", "volumes"):
        return None
    found = [volume for volume in pod["spec"]["volumes"] if not any(volume.get(kind) is not None for kind in volumes.FROM_API)]
    return (found, pods.node_name(pod), pods.is_terminal(pod)) if found else None


# --- what lies on disks and nobody mounts ----------------------------------------------------------------------------


def _left_behind(view: Reader, mounted: Iterable[Row]) -> Iterator[Row]:
    """Folders of the nodes' disks with files that a Pod has written, without a Pod on that node that has them mounted."""
    used = {(row["node"], row["where"]) for row in mounted if row["place"] == "node" and row["pods"]}
    for (key,), row in view.hosts(contents.TABLE):
        if not key.startswith(contents.DISK):
            continue
        node = key.removeprefix(contents.DISK)
        if view.get("nodes", "", node) is None:
            continue
        for path, count in _folders(_files(row)):
            if not any(where == node and _is_in(path, folder) for where, folder in used):
                source = volumes.source({"hostPath": {"path": path}}, node)
                yield _row(_folder_key(node, path), f"nodes//{node}", path, source, left=count)


def _files(row: Row | None) -> list[str]:
    """The files on a disk that somebody has written."""
    return [path for path, file in (row or {}).get("files", {}).items() if file[0] == FILE and not _is_own(path)]


def _is_own(path: str) -> bool:
    return any(_is_in(path, folder) for folder in OWN_FOLDERS)


def _is_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder.rstrip('/')}/")


def _folders(files: Iterable[str]) -> list[tuple[str, int]]:
    """(folder, files below it), only the uppermost ones."""
    counts: dict[str, int] = {}
    for folder in sorted(path.rpartition("/")[0] or "/" for path in files):
        top = next((known for known in counts if _is_in(folder, known)), folder)
        counts[top] = counts.get(top, 0) + 1
    return list(counts.items())
