"""Trees of files as immutable values: the writable layer of a container, an emptyDir, what lies on a node's disk.

Paths begin with `/`, are relative to the tree's root, and are canonical: no `.`, no `..`, no `//`. Links are kept and not
followed here; whoever walks through several trees (cluster/containers/view.py) follows them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from immutables import Map

FILE, DIRECTORY, LINK = "file", "dir", "link"

# What one tree may hold in earnest. A larger file is kept by its first characters and by its size.
MOST_FILES = 5_000
MOST_TEXT = 1 << 20  # characters of one file
MOST_APPENDED = 256 << 10  # characters of a file that is written piece by piece
MOST_TEXTS = 4 << 20  # characters of all files together
MOST_NAME = 255
MOST_PATH = 4_096
# The room of a tree when nobody says otherwise (bytes): a node's disk.
ROOM = 40 << 30

# What the C library says for an error's name.
TEXTS: Mapping[str, str] = {
    "ENOENT": "No such file or directory",
    "EEXIST": "File exists",
    "ENOTDIR": "Not a directory",
    "EISDIR": "Is a directory",
    "ENOTEMPTY": "Directory not empty",
    "EROFS": "Read-only file system",
    "ENOSPC": "No space left on device",
    "EACCES": "Permission denied",
    "EPERM": "Operation not permitted",
    "ELOOP": "Too many levels of symbolic links",
    "ENAMETOOLONG": "File name too long",
    "EBUSY": "Device or resource busy",
    "EXDEV": "Invalid cross-device link",
    "EINVAL": "Invalid argument",
}


class FileError(Exception):
    """A file operation that failed; `name` is errno's name, `str()` the text that tools print."""

    def __init__(self, name: str) -> None:
        super().__init__(TEXTS[name])
        self.name = name


class File(NamedTuple):
    """A file, a directory or a link (its text is the target)."""

    kind: str = FILE
    text: str = ""
    mode: int = 0o644
    modified: int = 0  # virtual ms
    uid: int = 0
    filler: int = 0  # bytes after the text that nobody keeps: zeros, junk, what was too much

    @property
    def size(self) -> int:
        """Bytes, as `ls -l` shows them."""
        if self.kind == DIRECTORY:
            return 4096
        return (len(self.text) if self.text.isascii() else len(self.text.encode("utf-8", "replace"))) + self.filler


ROOT = File(DIRECTORY, "", 0o755)
_ONLY_ROOT: Map[str, File] = Map({"/": ROOT})


def parent(path: str) -> str:
    """The directory that a path lies in."""
    return path.rpartition("/")[0] or "/"


def join(base: str, path: str) -> str:
    """A canonical path: `path` seen from the directory `base`, with `.`, `..` and `//` taken out."""
    whole = path if path.startswith("/") else f"{base}/{path}"
    if "//" not in whole and "/." not in whole:
        return whole.rstrip("/") or "/"
    parts: list[str] = []
    for part in whole.split("/"):
        if part == "..":
            parts[-1:] = []
        elif part not in ("", "."):
            parts.append(part)
    return "/" + "/".join(parts)


class Tree:
    """An immutable tree of files. Every change makes a new one that shares what did not change."""

    __slots__ = ("_files", "room", "texts", "used")

    def __init__(self, files: Map[str, File] = _ONLY_ROOT, used: int = 0, texts: int = 0, room: int = ROOM) -> None:
        self._files = files
        self.used = used  # bytes
        self.texts = texts  # characters that are really kept
        self.room = room  # bytes

    @classmethod
    def of(cls, texts: Mapping[str, str], at: int = 0, *, mode: int = 0o644, room: int = ROOM) -> Tree:
        """A tree of text files; directories come into being by themselves."""
        tree = cls(room=room)
        for path, text in texts.items():
            tree = tree.make_directories(parent(path), at).write(path, text, at, mode=mode)
        return tree

    # --- reading ---------------------------------------------------------------------------------------------------

    def get(self, path: str) -> File | None:
        """What lies at a path, a link itself; None when nothing does."""
        return self._files.get(path)

    def stat(self, path: str) -> File:
        """What lies at a path; raises FileError ENOENT or ENOTDIR."""
        found = self._files.get(path)
        if found is not None:
            return found
        above = parent(path)
        while above not in self._files:
            above = parent(above)
        raise FileError("ENOENT" if self._files[above].kind == DIRECTORY else "ENOTDIR")

    def read(self, path: str) -> str:
        """The text of a file; raises FileError ENOENT, ENOTDIR or EISDIR."""
        found = self.stat(path)
        if found.kind == DIRECTORY:
            raise FileError("EISDIR")
        return found.text

    def names(self, path: str = "/") -> list[str]:
        """The names in a directory, sorted; raises FileError ENOENT or ENOTDIR."""
        if self.stat(path).kind != DIRECTORY:
            raise FileError("ENOTDIR")
        start = path if path == "/" else path + "/"
        length = len(start)
        return sorted(
            name[length:] for name in self._files if name.startswith(start) and len(name) > length and "/" not in name[length:]
        )

    def walk(self, path: str = "/") -> Iterator[tuple[str, File]]:
        """Everything at and below a path, in order of the paths."""
        start = path if path == "/" else path + "/"
        for name in sorted(self._files):
            if name == path or name.startswith(start):
                yield name, self._files[name]

    def __len__(self) -> int:
        return len(self._files)

    def __contains__(self, path: object) -> bool:
        return path in self._files

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tree) and (self._files is other._files or self._files == other._files)

    def __hash__(self) -> int:
        return hash(self._files)

    def __repr__(self) -> str:
        return f"<Tree of {len(self._files)} files, {self.used} bytes>"

    # --- changing --------------------------------------------------------------------------------------------------

    def write(
        self,
        path: str,
        text: str,
        at: int,
        *,
        mode: int | None = None,
        uid: int = 0,
        append: bool = False,
        filler: int = 0,
    ) -> Tree:
        """A file with this text, or with it (and `filler` bytes that nobody keeps) at its end.

        Raises FileError ENOENT (no such directory), ENOTDIR, EISDIR, ENOSPC, ENAMETOOLONG.
        """
        before = self._files.get(path)
        if before is None:
            self._check_new(path)
            before = File(FILE, "", 0o644, at, uid)
        elif before.kind == DIRECTORY:
            raise FileError("EISDIR")
        if append and (before.filler or len(before.text) > MOST_APPENDED):
            text, filler = before.text, before.filler + len(text.encode("utf-8", "replace")) + filler
        elif append:
            text = before.text + text
        if len(text) > MOST_TEXT:
            filler += len(text[MOST_TEXT:].encode("utf-8", "replace"))
            text = text[:MOST_TEXT]
        after = File(FILE, text, before.mode if mode is None else mode, at, before.uid, filler)
        return self._set(path, after)

    def put(self, path: str, file: File) -> Tree:
        """Any file, directory or link at a path whose directory exists; raises as `write` does."""
        if path not in self._files:
            self._check_new(path)
        return self._set(path, file)

    def make_directory(self, path: str, at: int, *, mode: int = 0o755, uid: int = 0) -> Tree:
        """A new directory; raises FileError EEXIST, ENOENT, ENOTDIR, ENOSPC, ENAMETOOLONG."""
        if path in self._files:
            raise FileError("EEXIST")
        self._check_new(path)
        return self._set(path, File(DIRECTORY, "", mode, at, uid))

    def make_directories(self, path: str, at: int, *, mode: int = 0o755, uid: int = 0) -> Tree:
        """A directory and those above it, where they are missing (`mkdir -p`); raises FileError ENOTDIR, ENOSPC."""
        found = self._files.get(path)
        if found is not None:
            if found.kind != DIRECTORY:
                raise FileError("EEXIST")
            return self
        if len(path) > MOST_PATH:
            raise FileError("ENAMETOOLONG")
        missing = [path]
        while parent(missing[-1]) not in self._files:
            missing.append(parent(missing[-1]))
        tree = self
        for name in reversed(missing):
            tree = tree.make_directory(name, at, mode=mode, uid=uid)
        return tree

    def remove(self, path: str) -> Tree:
        """Without a file, a link or an empty directory; raises FileError ENOENT, ENOTDIR, ENOTEMPTY, EBUSY (the root)."""
        if path == "/":
            raise FileError("EBUSY")
        if self.stat(path).kind == DIRECTORY and self.names(path):
            raise FileError("ENOTEMPTY")
        return self._without([path])

    def remove_all(self, path: str) -> Tree:
        """Without a path and everything below it (of the root: everything below it); raises FileError ENOENT, ENOTDIR."""
        self.stat(path)
        return self._without([name for name, _ in self.walk(path) if name != "/"])

    def _check_new(self, path: str) -> None:
        name = path.rpartition("/")[2]
        if len(name.encode("utf-8", "replace")) > MOST_NAME or len(path) > MOST_PATH:
            raise FileError("ENAMETOOLONG")
        above = self._files.get(parent(path))
        if above is None:
            self.stat(parent(path))
        elif above.kind != DIRECTORY:
            raise FileError("ENOTDIR")
        if len(self._files) >= MOST_FILES:
            raise FileError("ENOSPC")

    def _set(self, path: str, file: File) -> Tree:
        before = self._files.get(path)
        used = self.used + (file.size if file.kind == FILE else 0)
        texts = self.texts + len(file.text)
        if before is not None:
            used -= before.size if before.kind == FILE else 0
            texts -= len(before.text)
        if (used > self.room and used > self.used) or (texts > MOST_TEXTS and texts > self.texts):
            raise FileError("ENOSPC")
        return Tree(self._files.set(path, file), used, texts, self.room)

    def _without(self, paths: Iterable[str]) -> Tree:
        files, used, texts = self._files, self.used, self.texts
        for path in paths:
            file = files[path]
            files = files.delete(path)
            used -= file.size if file.kind == FILE else 0
            texts -= len(file.text)
        return Tree(files, used, texts, self.room)

    # --- rows ------------------------------------------------------------------------------------------------------

    def to_row(self, base: Tree | None = None) -> dict[str, Any]:
        """The tree as JSON: {"files": {path: [kind, text, mode, modified, uid, filler]}, "gone": [paths], "room": bytes}.

        Over a base (the image's files) only what differs from it.
        """
        below = base._files if base is not None else _ONLY_ROOT
        files = {
            path: list(file)
            for path, file in sorted(self._files.items())
            if (before := below.get(path)) is not file and before != file
        }
        row: dict[str, Any] = {"files": files}
        if gone := sorted(path for path in below if path not in self._files):
            row["gone"] = gone
        if self.room != ROOM:
            row["room"] = self.room
        return row

    @classmethod
    def from_row(cls, row: Mapping[str, Any], base: Tree | None = None) -> Tree:
        """The tree of a row, over the same base as `to_row`."""
        tree = base if base is not None else cls()
        if not row["files"] and len(row) == 1:
            return tree
        if "room" in row:
            tree = Tree(tree._files, tree.used, tree.texts, row["room"])
        if "gone" in row:
            tree = tree._without(row["gone"])
        files, used, texts = tree._files, tree.used, tree.texts
        for path, values in row["files"].items():
            file, before = File(*values), files.get(path)
            used += (file.size if file.kind == FILE else 0) - (before.size if before and before.kind == FILE else 0)
            texts += len(file.text) - (len(before.text) if before else 0)
            files = files.set(path, file)
        return Tree(files, used, texts, tree.room)
