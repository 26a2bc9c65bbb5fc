"""What lies and runs in a Pod at a moment, for whoever shows it: read-only, computed from the rows.

`view` reads a World whose `now` is the moment that is shown; it may lie later than the World's last step.
"""

from __future__ import annotations

from typing import Any

from cluster.apiserver.reader import Reader
from cluster.containers.files import Tree
from cluster.containers.machine import Line, Machine
from cluster.kubelet import logs, probes, projected, runtime
from cluster.kubelet.outside import Network
from cluster.objects import metadata
from cluster.objects.documents import Document, Key, dig
from cluster.objects.kinds import pod as pods
from cluster.storage import contents

# Table and component of the worker's private note.
NOTES, KUBELET = "memory", "kubelet"


def machine(view: Reader, pod: Document) -> Machine | None:
    """The Pod's processes as they are now; None without a sandbox."""
    site = runtime.site_of(view, pod, pods.node_name(pod))
    if site is None:
        return None
    place = runtime.place_of(view, pod, site.node)
    return runtime.present(view, site, view.now, Network(view, site.node, place.ip)).own


def _note(view: Reader, pod: Document) -> dict[str, Any]:
    """What the Pod's worker knows; {} when it knows another Pod of that name."""
    key: Key = (KUBELET, pods.node_name(pod), metadata.namespace(pod), metadata.name(pod))
    note = view.world.row(NOTES, key)
    return dict(note) if note is not None and note.get("uid") == pods.runtime_uid(pod) else {}


# --- probes ----------------------------------------------------------------------------------------------------------


def probe_history(
    view: Reader, pod: Document, container: str, kind: str, since: int, until: int
) -> list[tuple[int, bool, str]]:
    """Every probe of a kind (startup, liveness, readiness) that was made in [since, until]: (when, good, complaint).

    Of the container's present run, oldest first. Times are virtual ms.
    """
    ledger, probe = _ledger(view, pod, container, kind)
    if ledger is None or probe is None:
        return []
    return [
        (at, bool(good), text)
        for at, good, text in probes.made(kind, probe, ledger, min(until, view.now)) if at >= since
    ]


def next_probe(view: Reader, pod: Document, container: str, kind: str) -> int | None:
    """When the next probe of a kind is due (virtual ms); None when none is."""
    ledger, probe = _ledger(view, pod, container, kind)
    return None if ledger is None or probe is None else probes.following(kind, probe, ledger, view.now)


def _ledger(view: Reader, pod: Document, container: str, kind: str) -> tuple[probes.Ledger | None, Document | None]:
    found = dig(_note(view, pod), "probes", container, "ledgers", kind)
    groups = [*pods.containers(pod), *pods.init_containers(pod)]
    spec = next((one for one in groups if one["name"] == container), None)
    return found, dig(spec, probes.FIELDS[kind])


# --- what the worker does --------------------------------------------------------------------------------------------


def operation(view: Reader, pod: Document) -> dict[str, Any] | None:
    """What the worker is busy with: {what, began, due, container}; what: sandbox, pull, create, start, postStart, stop."""
    under_way = _note(view, pod).get("op")
    if under_way is not None:
        return {"container": "", **under_way}
    row = view.host(runtime.CONTAINERS, (pods.node_name(pod), pods.runtime_uid(pod))) or {"containers": {}}
    for name, record in row["containers"].items():
        if record["state"] == "running" and record.get("stop"):
            return {"what": "stop", "container": name, "began": record["stop"]["began"], "due": record["stop"]["kill"]}
    return None


def wait_until(view: Reader, pod: Document, container: str) -> tuple[int, int] | None:
    """(since when, until when) a container waits to be started, or its image to be pulled, again; None when it does not."""
    note = _note(view, pod)
    hold = dig(note, "hold", container)
    if hold is None or hold[0] <= view.now:
        return None
    row = view.host(runtime.CONTAINERS, (pods.node_name(pod), pods.runtime_uid(pod)))
    finished = dig(row, "containers", container, "finished")
    pull = next((entry["at"] for entry in note.get("pulls", {}).values() if entry["at"] + entry["delay"] == hold[0]), None)
    began = next((at for at in (pull, finished) if at is not None), view.now)
    return began, hold[0]


# --- processes -------------------------------------------------------------------------------------------------------


def processes(view: Reader, pod: Document, container: str) -> list[dict[str, Any]]:
    """The processes of a container: pid, ppid, user, command, state, started (ms), cpu (millicores), memory (bytes)."""
    found = machine(view, pod)
    if found is None:
        return []
    return [
        {
            "pid": one.pid, "ppid": one.parent, "user": one.uid, "command": one.command, "state": one.state,
            "started": one.started, "cpu": one.cpu, "memory": one.memory,
        }
        for one in found.processes(container)
    ]


def listening(view: Reader, pod: Document, container: str) -> list[int]:
    """The ports that a container's processes listen on."""
    found = machine(view, pod)
    return [] if found is None else sorted(found.ports(container))


def log_lines(view: Reader, pod: Document, container: str, previous: bool = False) -> list[Line]:
    """What a container has written: (when, stream, text)."""
    return logs.lines(view, pod, container, view.now, previous=previous)


# --- files -----------------------------------------------------------------------------------------------------------


def volume_keys(view: Reader, pod: Document) -> dict[str, str]:
    """Where the files of each volume lie: name -> key."""
    site = runtime.site_of(view, pod, pods.node_name(pod))
    return {} if site is None else {name: key for name, (key, *_) in site.places.items() if "@" not in name}


def volume_tree(view: Reader, pod: Document, volume: str) -> Tree | None:
    """The files of a volume as its Pod sees them, those of its own path only; None when it is not mounted."""
    site = runtime.site_of(view, pod, pods.node_name(pod))
    found = machine(view, pod)
    if site is None or found is None or volume not in site.places:
        return None
    key, path, *_ = site.places[volume]
    whole = found.volumes.get(key, Tree())
    return _seen(whole) if path == "/" else below(whole, path)


def tree_of(view: Reader, key: str) -> Tree | None:
    """The files at a place as they are now, with what those have written who have it mounted; None when nobody ever had."""
    row = view.host(contents.TABLE, (key,))
    if row is None:
        return None
    for node, uid in contents.users(row):
        site = runtime.site_at(view, node, uid)
        if site is not None:
            place = runtime.place_of(view, site.pod, node)
            return runtime.present(view, site, view.now, Network(view, node, place.ip)).own.volumes.get(key)
    return contents.tree_of(key, row)


def _seen(tree: Tree) -> Tree:
    """Without the links that the kubelet turns."""
    return projected.frozen(tree, 0) if f"/{projected.DATA}" in tree else tree


def below(tree: Tree, path: str) -> Tree:
    """The tree of a directory; of a file, a tree that holds it alone."""
    made = Tree()
    for name, file in tree.walk(path):
        inner = name[len(path):]
        if inner:
            made = made.put(inner, file)
        elif file.kind == "file":
            made = made.put(f"/{path.rpartition('/')[2]}", file)
    return made


def mounts(view: Reader, pod: Document, container: str) -> list[tuple[str, str, str, bool]]:
    """What is mounted in a container: (path, volume, subPath, whether it is read-only)."""
    spec = next((one for one in [*pods.containers(pod), *pods.init_containers(pod)] if one["name"] == container), {})
    return [
        (one["mountPath"], one["name"], one.get("subPath") or one.get("subPathExpr") or "", bool(one.get("readOnly")))
        for one in spec.get("volumeMounts") or []
    ]
