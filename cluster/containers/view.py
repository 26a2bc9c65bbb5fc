"""The file system as one container sees it: its layer, its mounts, and what the kernel shows under /dev, /proc and /sys.

Links are followed across mounts. Every function raises FileError with the errno that the real call has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cluster.containers.files import DIRECTORY, LINK, File, FileError, Tree, join, parent

if TYPE_CHECKING:
    from cluster.containers.kernel import Kernel

MOST_LINKS = 40
_SPECIAL = ("/dev", "/proc", "/sys", "/etc/h", "/etc/r")
DEVICES = {"null": 0o666, "zero": 0o666, "full": 0o666, "random": 0o666, "urandom": 0o666, "tty": 0o666}
_STREAMS = {
    "/dev/stdin": 0,
    "/dev/stdout": 1,
    "/dev/stderr": 2,
    "/proc/self/fd/0": 0,
    "/proc/self/fd/1": 1,
    "/proc/self/fd/2": 2,
    "/proc/1/fd/1": 1,
    "/proc/1/fd/2": 2,
    "/dev/fd/0": 0,
    "/dev/fd/1": 1,
    "/dev/fd/2": 2,
}


class View:
    """One container's files. `uid` is who looks: root may do everything."""

    __slots__ = ("container", "kernel", "mounts", "read_only")

    def __init__(self, kernel: Kernel, container: str, run: dict[str, Any]) -> None:
        self.kernel, self.container = kernel, container
        # The deepest mount that a path lies below decides.
        self.mounts: list[tuple[str, str, str, bool]] = sorted(
            ((path, volume, sub_path, read_only) for path, volume, sub_path, read_only, _ in run.get("mounts", ())),
            key=lambda mount: -len(mount[0]),
        )
        self.read_only: bool = run.get("read_only", False)

    # --- where a path lies -----------------------------------------------------------------------------------------

    def place(self, path: str) -> tuple[str | None, str, bool]:
        """Volume (None: the layer), path inside of it, whether it is read-only; for a canonical path."""
        for base, volume, sub_path, read_only in self.mounts:
            if path == base or path.startswith(base + "/"):
                return volume, join(sub_path or "/", path[len(base) :].lstrip("/") or "."), read_only
        return None, path, self.read_only

    def _tree(self, volume: str | None) -> Tree:
        if volume is None:
            return self.kernel.layers[self.container]
        return self.kernel.volumes.get(volume) or Tree()

    def _store(self, volume: str | None, tree: Tree) -> None:
        if volume is None:
            self.kernel.layers[self.container] = tree
        else:
            self.kernel.volumes[volume] = tree
        self.kernel.files_changed(volume or self.container)

    def entry(self, path: str) -> File | None:
        """What lies at a canonical path, a link itself."""
        if path.startswith(_SPECIAL):
            found = self.kernel.special(self.container, path)
            if found is not None:
                return found
        if not self.mounts:
            return self.kernel.layers[self.container].get(path)
        volume, inner, _ = self.place(path)
        return self._tree(volume).get(inner)

    def resolve(self, path: str, *, follow: bool = True) -> str:
        """The canonical path behind a path with links in it; what does not exist is left as it is."""
        found = self.entry(path)
        if found is not None and (found.kind != LINK or not follow):
            if found.kind != LINK:
                return path
            above = self.entry(parent(path))
            if above is not None and above.kind == DIRECTORY:
                return path
        if found is None:
            above = self.entry(parent(path))
            if above is not None and above.kind == DIRECTORY:
                return path
        return self._walk(path, follow)

    def _walk(self, path: str, follow: bool) -> str:
        todo = [part for part in path.split("/") if part][::-1]
        here, links = "/", 0
        while todo:
            part = todo.pop()
            if part == "..":
                here = parent(here)
                continue
            following = join(here, part) if part != "." else here
            entry = self.entry(following)
            if entry is not None and entry.kind == LINK and (todo or follow):
                links += 1
                if links > MOST_LINKS:
                    raise FileError("ELOOP")
                target = join("/", entry.text) if entry.text.startswith("/") else None
                todo += [step for step in entry.text.split("/") if step and step != "."][::-1]
                here = "/" if target is not None else here
                continue
            if entry is not None and entry.kind not in (DIRECTORY, LINK) and todo:
                raise FileError("ENOTDIR")
            here = following
        return here

    # --- reading ---------------------------------------------------------------------------------------------------

    def get(self, path: str, *, follow: bool = True) -> File | None:
        """What lies at an absolute path, or None."""
        try:
            return self.entry(self.resolve(path, follow=follow))
        except FileError:
            return None

    def stat(self, path: str, *, follow: bool = True) -> File:
        where = self.resolve(path, follow=follow)
        found = self.entry(where)
        if found is not None:
            return found
        above = parent(where)
        while (entry := self.entry(above)) is None:
            above = parent(above)
        raise FileError("ENOENT" if entry.kind == DIRECTORY else "ENOTDIR")

    def read(self, path: str, uid: int = 0) -> str:
        """The text of a file."""
        found = self.stat(path)
        if found.kind == DIRECTORY:
            raise FileError("EISDIR")
        if uid and not may(found, uid, 4):
            raise FileError("EACCES")
        return found.text

    def names(self, path: str, uid: int = 0) -> list[str]:
        """The names in a directory, sorted."""
        where = self.resolve(path)
        found = self.stat(where)
        if found.kind != DIRECTORY:
            raise FileError("ENOTDIR")
        if uid and not may(found, uid, 4):
            raise FileError("EACCES")
        volume, inner, _ = self.place(where)
        tree = self._tree(volume)
        names = set(tree.names(inner)) if inner in tree else set()
        return sorted(names | self.kernel.special_names(self.container, where))

    # --- changing --------------------------------------------------------------------------------------------------

    def write(
        self, path: str, text: str, *, append: bool = False, uid: int = 0, mode: int | None = None, filler: int = 0
    ) -> None:
        """Write a file whose path is resolved."""
        volume, inner, read_only = self.place(path)
        tree = self._tree(volume)
        before = tree.get(inner)
        if before is None and self.kernel.special(self.container, path) is not None:
            raise FileError("EACCES")
        if read_only:
            raise FileError("EROFS")
        if uid:
            self._check(tree, inner, before, uid)
        if append and not text and not filler and before is not None and before.kind != DIRECTORY:
            return
        now = self.kernel.now // 1000
        self._store(volume, tree.write(inner, text, now, append=append, uid=uid, mode=mode, filler=filler))
        if before is None or not append or text or filler:
            self.kernel.turned()

    def put(self, path: str, file: File, uid: int = 0) -> None:
        """Any entry at a resolved path."""
        volume, inner, read_only = self.place(path)
        tree = self._tree(volume)
        if read_only:
            raise FileError("EROFS")
        if uid:
            self._check(tree, inner, tree.get(inner), uid)
        self._store(volume, tree.put(inner, file))
        self.kernel.turned()

    def make_directory(self, path: str, uid: int = 0, mode: int = 0o755) -> None:
        volume, inner, read_only = self.place(path)
        tree = self._tree(volume)
        if self.entry(path) is not None:
            raise FileError("EEXIST")
        if read_only:
            raise FileError("EROFS")
        if uid:
            self._check(tree, inner, None, uid)
        self._store(volume, tree.make_directory(inner, self.kernel.now // 1000, mode=mode, uid=uid))
        self.kernel.turned()

    def remove(self, path: str, uid: int = 0, *, everything: bool = False) -> None:
        """Remove a file, a link, an empty directory; or a whole directory."""
        volume, inner, read_only = self.place(path)
        if any(mount[0] == path for mount in self.mounts):
            raise FileError("EBUSY")
        tree = self._tree(volume)
        if inner not in tree and self.entry(path) is not None:
            raise FileError("EBUSY" if path.startswith("/etc/") else "EPERM")
        tree.stat(inner)
        if read_only:
            raise FileError("EROFS")
        if uid:
            above = tree.get(parent(inner))
            if above is None or not may(above, uid, 2):
                raise FileError("EACCES")
        self._store(volume, tree.remove_all(inner) if everything else tree.remove(inner))
        self.kernel.turned()

    def _check(self, tree: Tree, inner: str, before: File | None, uid: int) -> None:
        if before is not None:
            if not may(before, uid, 2):
                raise FileError("EACCES")
            return
        above = tree.get(parent(inner))
        if above is not None and not may(above, uid, 2):
            raise FileError("EACCES")

    def walk(self, path: str) -> list[tuple[str, File]]:
        """Everything at and below a path, mounts included, in order."""
        found: list[tuple[str, File]] = []
        todo = [path]
        while todo:
            here = todo.pop()
            entry = self.entry(here)
            if entry is None:
                continue
            found.append((here, entry))
            if entry.kind == DIRECTORY:
                todo += [join(here, name) for name in reversed(self.names(here))]
        return found


def stream_of(path: str) -> int | None:
    """The descriptor behind /dev/stdout and its like."""
    return _STREAMS.get(path)


def may(file: File, uid: int, bit: int) -> bool:
    """Whether a user may read (4), write (2) or run (1) it; groups do not count."""
    if uid == 0:
        return bit != 1 or file.kind == DIRECTORY or bool(file.mode & 0o111)
    if file.uid == uid:
        return bool(file.mode >> 6 & bit)
    return bool(file.mode & bit)
