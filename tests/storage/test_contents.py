"""Where the files of volumes lie, and what is there when they are mounted."""

import pytest

from cluster.apiserver.reader import Reader
from cluster.apiserver.state import World
from cluster.containers.files import Tree
from cluster.storage import contents
from cluster.storage.contents import MountError, Place

POD = {"metadata": {"name": "web", "namespace": "default", "uid": "u-1"}}


def view(*rows):
    world = World()
    for table, key, value in rows:
        world = world.with_row(table, key, value)
    return Reader(world)


def place(volume, *rows, node="node-1"):
    return contents.place_of(view(*rows), POD, {"name": "data", **volume}, node)


def claimed(spec, **more):
    volume = {"persistentVolumeClaim": {"claimName": "c", **more}}
    claim = {"metadata": {"name": "c", "namespace": "default"}, "spec": {"volumeName": "pv"}}
    bound = {"metadata": {"name": "pv"}, "spec": {"capacity": {"storage": "1Mi"}, **spec}}
    rows = (("persistentvolumeclaims", ("default", "c"), claim), ("persistentvolumes", ("", "pv"), bound))
    return place(volume, *rows)


def test_it_works():
    assert place({"emptyDir": {}}) == Place("emptydir/u-1/data")


@pytest.mark.parametrize(("volume", "key", "path"), [
    ({"hostPath": {"path": "/data/"}}, "disk/node-1", "/data"),
    ({"hostPath": {"path": "/"}}, "disk/node-1", "/"),
    ({"nfs": {"server": "10.0.0.9", "path": "/exports"}}, "nfs/10.0.0.9", "/exports"),
    ({"configMap": {"name": "x"}}, "config/u-1/data", "/"),
    ({"projected": {"sources": []}}, "config/u-1/data", "/"),
    ({"csi": {"driver": "inline.example"}}, "emptydir/u-1/data", "/"),
])
def test_sources_of_a_pod(volume, key, path):
    found = place(volume)
    assert (found.key, found.path) == (key, path)
    assert found.is_shared == key.startswith(("disk", "nfs"))


@pytest.mark.parametrize(("spec", "key", "path"), [
    ({"csi": {"driver": "d", "volumeHandle": "h"}}, "csi/d/h", "/"),
    ({"local": {"path": "/mnt/disks/ssd1"}}, "disk/node-1", "/mnt/disks/ssd1"),
    ({"hostPath": {"path": "/data"}}, "disk/node-1", "/data"),
    ({"nfs": {"server": "s", "path": "/", "readOnly": True}}, "nfs/s", "/"),
])
def test_volumes_behind_a_claim(spec, key, path):
    found = claimed(spec)
    assert (found.key, found.path, found.read_only) == (key, path, "nfs" in spec)
    assert claimed(spec, readOnly=True).read_only


def test_the_size_of_a_volume():
    assert claimed({"csi": {"driver": "d", "volumeHandle": "h"}}).room == 1 << 20
    assert place({"emptyDir": {"medium": "Memory", "sizeLimit": "64Ki"}}).room == 1 << 16
    assert place({"emptyDir": {"sizeLimit": "64Ki"}}).room > 1 << 30  # the kubelet evicts, the disk does not refuse


def test_an_unbound_claim():
    assert place({"persistentVolumeClaim": {"claimName": "no"}}) is None


@pytest.mark.parametrize("source", [{"cephfs": {"monitors": ["m"]}}, {"rbd": {"monitors": ["m"], "image": "i"}},
                                    {"glusterfs": {"endpoints": "e", "path": "p"}}])
def test_plugins_that_the_kubelet_has_lost(source):
    with pytest.raises(MountError, match='volumeSpec for volume "data" err=no volume plugin matched'):
        place(source)
    with pytest.raises(MountError, match='volumeSpec for volume "pv" err=no volume plugin matched'):
        claimed(source)


def mounted(found, tree=None):
    return contents.prepared(tree if tree is not None else contents.tree(view(), found.key), found, 5)


@pytest.mark.parametrize(("type_", "path", "kind"), [
    ("", "/new/dir", "dir"), ("DirectoryOrCreate", "/new/dir", "dir"), ("FileOrCreate", "/data/new", "file"),
    ("Directory", "/tmp", "dir"), ("File", "/etc/hostname", "file"), ("", "/etc/hostname", "file"),
])
def test_host_paths(type_, path, kind):
    assert mounted(Place("disk/node-1", path, type=type_)).stat(path).kind == kind


@pytest.mark.parametrize(("type_", "path", "problem"), [
    ("Directory", "/no", "hostPath type check failed: /no is not a directory"),
    ("Directory", "/etc/hostname", "hostPath type check failed: /etc/hostname is not a directory"),
    ("DirectoryOrCreate", "/etc/hostname", "hostPath type check failed: /etc/hostname is not a directory"),
    ("File", "/no", "hostPath type check failed: /no is not a file"),
    ("FileOrCreate", "/tmp", "hostPath type check failed: /tmp is not a file"),
    ("FileOrCreate", "/no/where", "open /no/where: no such file or directory"),
    ("Socket", "/tmp/s", "hostPath type check failed: /tmp/s is not a socket file"),
    ("BlockDevice", "/dev/sdz", "hostPath type check failed: /dev/sdz is not a block device"),
])
def test_host_paths_of_another_type(type_, path, problem):
    with pytest.raises(MountError) as refusal:
        mounted(Place("disk/node-1", path, type=type_))
    assert str(refusal.value) == problem


def test_a_local_volume_is_not_made():
    with pytest.raises(MountError, match='path "/mnt/no" does not exist'):
        mounted(Place("disk/node-1", "/mnt/no", must_exist=True))


def test_rows():
    row = contents.with_user(None, "node-1", "u-1")
    row = contents.with_user(row, "node-2", "u-2")
    assert contents.users(row) == [("node-1", "u-1"), ("node-2", "u-2")]
    written = contents.with_tree("nfs/s", row, Tree.of({"/a": "1"}))
    assert contents.tree(view((contents.TABLE, ("nfs/s",), written)), "nfs/s").read("/a") == "1"
    left = contents.without_user(contents.without_user(written, "node-1", "u-1"), "node-2", "u-2")
    assert (contents.users(left), contents.tree(view((contents.TABLE, ("nfs/s",), left)), "nfs/s").read("/a")) == ([], "1")


def test_the_disk_of_a_node_is_kept_as_what_differs():
    disk = contents.tree(view(), "disk/node-1")
    row = contents.with_tree("disk/node-1", None, disk.write("/data/a", "1", 5).remove("/etc/os-release"))
    assert list(row["files"]) == ["/data/a"]
    found = contents.tree(view((contents.TABLE, ("disk/node-1",), dict(row))), "disk/node-1")
    assert (found.read("/data/a"), found.read("/etc/hostname"), "/etc/os-release" in found) == ("1", "node-1\n", False)
