"""Trees of files: immutable, limited, with the errors that tools print."""

from __future__ import annotations

import json

import pytest

from cluster.containers.files import MOST_FILES, MOST_TEXT, FileError, Tree, join


def test_it_works() -> None:
    empty = Tree()
    tree = empty.make_directories("/a/b", 5).write("/a/b/x", "one\n", 7).write("/a/b/x", "two\n", 8, append=True)
    assert tree.read("/a/b/x") == "one\ntwo\n"
    assert (tree.stat("/a/b/x").modified, tree.stat("/a/b/x").size, tree.used) == (8, 8, 8)
    assert (tree.names("/"), tree.names("/a"), tree.names("/a/b")) == (["a"], ["b"], ["x"])
    assert len(empty) == 1 and empty.get("/a") is None
    assert [path for path, _ in tree.remove_all("/a").walk()] == ["/"]
    assert tree.remove("/a/b/x").used == 0


@pytest.mark.parametrize(("change", "name"), [
    (lambda tree: tree.read("/none"), "ENOENT"),
    (lambda tree: tree.read("/d"), "EISDIR"),
    (lambda tree: tree.read("/d/f/x"), "ENOTDIR"),
    (lambda tree: tree.names("/d/f"), "ENOTDIR"),
    (lambda tree: tree.write("/no/x", "", 0), "ENOENT"),
    (lambda tree: tree.write("/d", "", 0), "EISDIR"),
    (lambda tree: tree.write("/d/f/x", "", 0), "ENOTDIR"),
    (lambda tree: tree.make_directory("/d", 0), "EEXIST"),
    (lambda tree: tree.make_directories("/d/f", 0), "EEXIST"),
    (lambda tree: tree.remove("/d"), "ENOTEMPTY"),
    (lambda tree: tree.remove("/"), "EBUSY"),
    (lambda tree: tree.remove("/none"), "ENOENT"),
    (lambda tree: tree.write("/" + "x" * 256, "", 0), "ENAMETOOLONG"),
    (lambda tree: tree.write("/" + "文" * 100, "", 0), "ENAMETOOLONG"),
])
def test_errors(change, name) -> None:
    with pytest.raises(FileError) as error:
        change(Tree.of({"/d/f": "text"}))
    assert error.value.name == name


def test_a_full_disk() -> None:
    tree = Tree(room=10).write("/a", "12345678", 0)
    with pytest.raises(FileError, match="No space left on device"):
        tree.write("/b", "123", 0)
    with pytest.raises(FileError, match="No space left on device"):
        tree.write("/a", "", 0, append=True, filler=3)
    assert tree.write("/a", "", 0).write("/b", "123", 0).used == 3


def test_too_many_files() -> None:
    tree = Tree()
    for number in range(MOST_FILES - 1):
        tree = tree.write(f"/{number}", "", 0)
    with pytest.raises(FileError, match="No space left on device"):
        tree.write("/more", "", 0)


def test_a_large_file_keeps_its_size_and_its_beginning() -> None:
    tree = Tree().write("/big", "x" * (10 << 20), 0)
    assert tree.stat("/big").size == 10 << 20 and len(tree.read("/big")) == MOST_TEXT
    assert tree.write("/big", "more", 1, append=True).stat("/big").size == (10 << 20) + 4


def test_a_tree_goes_through_json_and_is_the_same() -> None:
    base = Tree.of({"/etc/hosts": "a", "/etc/gone": "b", "/same": "c"}, room=1 << 20)
    tree = base.write("/etc/hosts", "ä", 3).remove("/etc/gone").make_directory("/new", 4, mode=0o700).write("/new/f", "", 5)
    row = json.loads(json.dumps(tree.to_row(base)))
    assert set(row["files"]) == {"/etc/hosts", "/new", "/new/f"} and row["gone"] == ["/etc/gone"]
    again = Tree.from_row(row, base)
    assert again == tree and (again.used, again.texts, again.room) == (tree.used, tree.texts, tree.room)
    assert Tree.from_row(json.loads(json.dumps(tree.to_row()))) == tree


@pytest.mark.parametrize(("base", "path", "joined"), [
    ("/", "a", "/a"), ("/a", "b/", "/a/b"), ("/a/b", "../c", "/a/c"), ("/a", "/x//y/./z", "/x/y/z"), ("/", "../..", "/"),
    ("/a", ".", "/a"), ("/a", ".hidden", "/a/.hidden"), ("/", "", "/"),
])
def test_paths_are_joined(base, path, joined) -> None:
    assert join(base, path) == joined
