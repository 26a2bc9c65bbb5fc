"""Where the files of a Pod's volumes lie, and what lies there: rows of host/volumes, one per place.

The key of a place: `emptydir/<uid>/<volume>`, `config/<uid>/<volume>` (what the API's objects put into a Pod),
`disk/<node>` (hostPath, local), `csi/<driver>/<handle>`, `nfs/<server>`, `termination/<uid>/<container>`. The row: files,
gone, room as `Tree.to_row` gives them, and `users`: "<node>/<pod uid>" of the Pods that have it mounted.

A place on a node can only be reached from there; what lies behind the network is the same from everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from cluster.apiserver.reader import Reader
from cluster.containers.files import DIRECTORY, FILE, ROOM, FileError, Tree, join
from cluster.objects import metadata, quantity
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import persistentvolume as persistent
from cluster.objects.kinds import persistentvolumeclaim as claims
from cluster.objects.kinds import pod as pods

TABLE = "host/volumes"
COMPUTED = ("configMap", "secret", "downwardAPI", "projected", "image")
MEMORY = "Memory"
DISK = "disk/"
# What a container leaves as its last words: a file of its own, which the kubelet mounts into it.
TERMINATION = "termination/"

# The disk of a node before anybody writes to it. /mnt/disks holds what the examples of local volumes ask for.
_DIRECTORIES = (
    "/data /dev /etc/kubernetes/manifests /home /lib/modules /mnt/disks/ssd1 /mnt/disks/vol1 /opt /proc /root /run /srv /sys "
    "/tmp /usr /var/lib/containerd /var/lib/kubelet /var/log/containers /var/log/pods /var/run"
)
_RELEASE = 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nNAME="Debian GNU/Linux"\nVERSION_ID="13"\nID=debian\n'
_SOCKETS = frozenset({"/run/containerd/containerd.sock", "/var/run/containerd/containerd.sock"})
# Types of a hostPath whose path has to be there, and what it has to be; devices and sockets are files of no kind here.
_ONLY_THERE = {"Directory": DIRECTORY, "File": FILE, "Socket": "socket", "CharDevice": "device", "BlockDevice": "device"}
_WORDS = {
    "Directory": "a directory", "DirectoryOrCreate": "a directory", "File": "a file", "FileOrCreate": "a file",
    "Socket": "a socket file", "CharDevice": "a character device", "BlockDevice": "a block device",
}

Row = dict[str, Any]


class MountError(Exception):
    """Why a volume cannot be mounted; its text is that of the FailedMount event."""


class Place(NamedTuple):
    """Where the files of one volume lie: a directory (or file) of the tree with this key."""

    key: str
    path: str = "/"
    read_only: bool = False
    room: int = ROOM  # bytes
    type: str = ""  # of a hostPath: Directory, DirectoryOrCreate, File, FileOrCreate, …
    must_exist: bool = False  # a local volume is not made

    @property
    def is_shared(self) -> bool:
        """Whether other Pods can have the same files."""
        return is_shared(self.key)


def is_shared(key: str) -> bool:
    """Whether several Pods can have the files of this place."""
    return not key.startswith(("emptydir/", "config/", TERMINATION))


def place_of(view: Reader, pod: Document, volume: Document, node: str) -> Place | None:
    """Where a volume of a Pod lies; None while its claim is not bound. Raises MountError for what no node can mount."""
    uid, name = pods.runtime_uid(pod), volume["name"]
    if any(volume.get(kind) is not None for kind in COMPUTED):
        return Place(f"config/{uid}/{name}", read_only=True)
    if volume.get("emptyDir") is not None:
        return Place(f"emptydir/{uid}/{name}", room=_memory_room(volume["emptyDir"]))
    if volume.get("csi") is not None:  # an inline volume lives and dies with its Pod
        return Place(f"emptydir/{uid}/{name}", read_only=bool(volume["csi"].get("readOnly")))
    for claim_name, _ in claims.of_pod({**pod, "spec": {"volumes": [volume]}}):
        return _behind_claim(view, metadata.namespace(pod), claim_name, volume, node)
    found = _source(volume, node)
    if found is None:
        # cephfs, rbd, glusterfs and the disks of clouds: the kubelet has lost these plugins to CSI drivers.
        raise MountError(f'failed to get Plugin from volumeSpec for volume "{name}" err=no volume plugin matched')
    return found


def _memory_room(source: Document) -> int:
    """A disk's emptyDir may grow beyond its limit until the Pod is evicted; one in memory is a file system of that size."""
    limited = source.get("medium") == MEMORY and source.get("sizeLimit")
    return quantity.value(source["sizeLimit"]) if limited else ROOM


def _behind_claim(view: Reader, namespace: str, name: str, volume: Document, node: str) -> Place | None:
    claim = view.world.row("persistentvolumeclaims", (namespace, name))
    if claim is None or not claims.volume_name(claim):
        return None
    bound = view.world.row("persistentvolumes", ("", claims.volume_name(claim)))
    if bound is None:
        return None
    found = _source(bound["spec"], node)
    if found is None:
        raise MountError(f'failed to get Plugin from volumeSpec for volume "{metadata.name(bound)}" err=no volume plugin matched')
    read_only = bool(dig(volume, "persistentVolumeClaim", "readOnly", default=False))
    room = quantity.value(persistent.capacity(bound)) if found.key.startswith("csi/") else found.room
    return found._replace(read_only=found.read_only or read_only, room=room or ROOM)


def _source(source: Document, node: str) -> Place | None:
    """Where the source of a volume or of a PersistentVolume lies."""
    if source.get("hostPath") is not None:
        return _on_disk(node, source["hostPath"]["path"])._replace(type=source["hostPath"].get("type") or "")
    if source.get("local") is not None:
        return _on_disk(node, source["local"]["path"])._replace(must_exist=True)
    if source.get("nfs") is not None:
        nfs = source["nfs"]
        return Place(f"nfs/{nfs['server']}", join("/", nfs["path"]), read_only=bool(nfs.get("readOnly")))
    if source.get("csi") is not None:
        csi = source["csi"]
        return Place(f"csi/{csi['driver']}/{csi.get('volumeHandle', '')}", read_only=bool(csi.get("readOnly")))
    return None


def _on_disk(node: str, path: str) -> Place:
    return Place(disk(node), join("/", path))


def disk(node: str) -> str:
    """The key of a node's disk."""
    return f"{DISK}{node}"


# --- reading ---------------------------------------------------------------------------------------------------------


def tree(view: Reader, key: str) -> Tree:
    """What lies at a place, as it was last kept."""
    return tree_of(key, view.host(TABLE, (key,)))


_KEPT: dict[int, tuple[Row, Tree]] = {}
_MOST_KEPT = 4_096


def tree_of(key: str, row: Row | None) -> Tree:
    """The tree of a place's row; the last ones are remembered because rows are never changed."""
    if row is None:
        return _base(key)
    found = _KEPT.get(id(row))
    if found is not None and found[0] is row:
        return found[1]
    made = Tree.from_row(row, _base(key))
    _remember(row, made)
    return made


def _remember(row: Row, contents: Tree) -> None:
    if len(_KEPT) >= _MOST_KEPT:
        _KEPT.clear()
    _KEPT[id(row)] = row, contents


@lru_cache(maxsize=256)
def _base(key: str) -> Tree:
    """What lies at a place before anybody writes there: nothing, but for the disk of a node."""
    if key.startswith(TERMINATION):
        return Tree.of({"/log": ""})
    if not key.startswith(DISK):
        return Tree()
    node = key.removeprefix(DISK)
    found = Tree.of({
        "/etc/hostname": f"{node}\n", "/etc/hosts": f"127.0.0.1\tlocalhost\n127.0.1.1\t{node}\n", "/etc/os-release": _RELEASE,
    })
    for directory in _DIRECTORIES.split():
        found = found.make_directories(directory, 0)
    return found


def keys(view: Reader) -> Iterator[str]:
    """Every place of which something is kept, in order."""
    for (key,), _ in view.hosts(TABLE):
        yield key


def users(row: Row | None) -> list[tuple[str, str]]:
    """(node, Pod's uid) of those that have a place mounted, in order."""
    return [] if row is None else sorted((node, uid) for node, _, uid in (user.partition("/") for user in row.get("users", ())))


# --- rows ------------------------------------------------------------------------------------------------------------


def with_tree(key: str, row: Row | None, contents: Tree) -> Row:
    """The row of a place with other contents."""
    kept = {"users": row["users"]} if row is not None and row.get("users") else {}
    made = {**contents.to_row(_base(key)), **kept}
    _remember(made, contents)
    return made


def with_user(row: Row | None, node: str, uid: str) -> Row:
    """The row of a place that a Pod mounts."""
    present = row if row is not None else {"files": {}}
    if f"{node}/{uid}" in present.get("users", ()):
        return present
    return {**present, "users": sorted({*present.get("users", ()), f"{node}/{uid}"})}


def without_user(row: Row, node: str, uid: str) -> Row:
    """The row of a place that a Pod has unmounted."""
    left = [user for user in row.get("users", ()) if user != f"{node}/{uid}"]
    kept = {field: value for field, value in row.items() if field != "users"}
    return {**kept, "users": left} if left else kept


# --- what is found when a volume is mounted --------------------------------------------------------------------------


def prepared(contents: Tree, place: Place, at: int) -> Tree:
    """The tree of a place with what mounting makes in it; raises MountError (pkg/volume/hostpath/host_path.go)."""
    found, type_ = contents.get(place.path), place.type
    if place.must_exist and found is None:
        raise MountError(f'path "{place.path}" does not exist')
    if type_ == "Socket" and place.path in _SOCKETS:
        return contents
    if type_ in _ONLY_THERE and (found is None or found.kind != _ONLY_THERE[type_]):
        raise MountError(f"hostPath type check failed: {place.path} is not {_WORDS[type_]}")
    if found is not None:
        wanted = {"DirectoryOrCreate": DIRECTORY, "FileOrCreate": FILE}.get(type_, found.kind)
        if found.kind != wanted:
            raise MountError(f"hostPath type check failed: {place.path} is not {_WORDS[type_]}")
        return contents
    try:
        if type_ == "FileOrCreate":
            return contents.write(place.path, "", at)
        return contents.make_directories(place.path, at)
    except FileError as problem:
        raise MountError(f"{'open' if type_ == 'FileOrCreate' else 'mkdir'} {place.path}: {str(problem).lower()}") from problem


# --- for those who look ----------------------------------------------------------------------------------------------


def of_volume(volume: Document, node: str) -> Place | None:
    """Where the files of a PersistentVolume lie when it is mounted on a node; None for what no node can mount."""
    return _source(volume["spec"], node)


def written(node: str, present: Tree | None) -> Tree:
    """What somebody has put on the disk of a node, without what was there from the beginning."""
    base, found = _base(disk(node)), Tree()
    for path, file in (present or base).walk():
        if base.get(path) != file and file.kind == FILE:
            found = found.make_directories(path.rpartition("/")[0] or "/", file.modified).put(path, file)
    return found
