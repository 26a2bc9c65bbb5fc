"""Tools that work on files: ls, cp, rm, find, dd and their like."""

from __future__ import annotations

import base64 as base64_codec
import hashlib
import re

from cluster.containers.files import DIRECTORY, FILE, LINK, File, FileError, join, parent
from cluster.containers.programs import options
from cluster.containers.programs.call import Call, UsageError, Wait, lines_of, program
from cluster.containers.programs.clock import moment
from cluster.containers.programs.text import cannot_open, inputs
from cluster.containers.shell.patterns import matches
from cluster.containers.view import may

_BITS = "rwxrwxrwx"
DISK = 80 << 30  # bytes of a node's disk


def _bad(call: Call, verb: str, name: str, error: FileError) -> int:
    """`rm: can't remove 'x': …` in BusyBox, `rm: cannot remove 'x': …` elsewhere."""
    can = "can't" if call.busybox else "cannot"
    return call.fail(f"{can} {verb} '{name}': {error}")


@program("touch")
def touch(call: Call) -> int:
    """touch [-c] [-d time] [-r file] file…"""
    found, names = options.parse(call, "camh", "dtr")
    if not names:
        raise UsageError("missing file operand")
    code = 0
    for name in names:
        try:
            where = call.resolved(name) if name else ""
            entry = call.view.entry(where) if name else None
            if not name:
                raise FileError("ENOENT")
            if entry is not None:
                if call.proc.uid and not may(entry, call.proc.uid, 2):
                    raise FileError("EACCES")
                if not where.startswith(("/dev/", "/proc/", "/sys/")):
                    call.view.put(where, entry._replace(modified=call.now))
            elif "c" not in found:
                call.write(name, "")
        except FileError as error:
            code = call.fail(f"{name}: {error}" if call.busybox else f"cannot touch '{name}': {error}")
    return code


@program("rm")
def rm(call: Call) -> int:
    """rm [-rf] file…"""
    found, names = options.parse(call, "rRfivd", "", {"recursive": "r", "force": "f", "verbose": "v", "no-preserve-root": "i"})
    force, deep = "f" in found, "r" in found or "R" in found
    if not names and not force:
        raise UsageError("missing operand")
    code = 0
    for name in names:
        try:
            where = _link_itself(call, name)
            if name.rstrip("/").rpartition("/")[2] in (".", ".."):
                code = call.fail(
                    f"'.' or '..' can't be removed: '{name}'"
                    if call.busybox
                    else f"refusing to remove '.' or '..' directory: skipping '{name}'"
                )
                continue
            if where == "/":
                code = call.fail(
                    "it is dangerous to operate recursively on '/'\nrm: use --no-preserve-root to override this failsafe"
                )
                continue
            entry = call.view.stat(where, follow=False)
            if entry.kind == DIRECTORY and not deep:
                code = call.fail(f"'{name}' is a directory" if call.busybox else f"cannot remove '{name}': Is a directory")
                continue
            if "v" in found:
                call.out(f"removed '{name}'\n")
            _remove(call, where, entry)
        except FileError as error:
            if force and error.name in ("ENOENT", "ENOTDIR"):
                continue
            code = _bad(call, "remove", name, error)
    return code


def _remove(call: Call, where: str, entry: File) -> None:
    """A file or a whole directory; what is mounted below stays, and is emptied."""
    view = call.view
    inside = [mount[0] for mount in view.mounts if mount[0].startswith(where + "/") or mount[0] == where]
    if entry.kind != DIRECTORY or not inside:
        view.remove(where, call.proc.uid, everything=entry.kind == DIRECTORY)
        return
    for name in view.names(where):
        inner = join(where, name)
        _remove(call, inner, view.stat(inner, follow=False))
    raise FileError("EBUSY")


def _link_itself(call: Call, name: str) -> str:
    """The path of what a name names, not of what it points to."""
    if not name:
        raise FileError("ENOENT")
    path = call.path(name)
    return join(call.view.resolve(parent(path)), path.rpartition("/")[2]) if path != "/" else path


@program("rmdir")
def rmdir(call: Call) -> int:
    """rmdir [-p] directory…"""
    _, names = options.parse(call, "pv")
    code = 0
    for name in names:
        try:
            where = _link_itself(call, name)
            if call.view.stat(where).kind != DIRECTORY:
                raise FileError("ENOTDIR")
            if call.view.names(where):
                raise FileError("ENOTEMPTY")
            call.view.remove(where, call.proc.uid)
        except FileError as error:
            code = call.fail(f"'{name}': {error}" if call.busybox else f"failed to remove '{name}': {error}")
    return code


@program("unlink")
def unlink(call: Call) -> int | Wait:
    """unlink file"""
    return rm(call)


@program("mkdir")
def mkdir(call: Call) -> int:
    """mkdir [-p] [-m mode] directory…"""
    found, names = options.parse(call, "pv", "m", {"parents": "p", "mode": "m"})
    if not names:
        raise UsageError("missing operand")
    code = 0
    mode = int(found["m"], 8) if re.fullmatch(r"[0-7]{3,4}", found.get("m", "")) else 0o777 & ~call.proc.umask
    for name in names:
        try:
            _make(call, name, mode, "p" in found)
        except FileError as error:
            code = call.fail(
                f"can't create directory '{name}': {error}" if call.busybox else f"cannot create directory '{name}': {error}"
            )
    return code


def _make(call: Call, name: str, mode: int, parents: bool) -> None:
    if not name:
        raise FileError("ENOENT")
    where = call.resolved(name)
    view = call.view
    if not parents:
        if view.entry(where) is None:
            above = view.stat(parent(where))
            if above.kind != DIRECTORY:
                raise FileError("ENOTDIR")
        view.make_directory(where, call.proc.uid, mode)
        return
    missing: list[str] = []
    while (entry := view.entry(where)) is None:
        missing.append(where)
        where = parent(where)
    if entry.kind != DIRECTORY:
        raise FileError("EEXIST" if not missing else "ENOTDIR")
    for path in reversed(missing):
        view.make_directory(path, call.proc.uid, mode)


# --- ls, stat ------------------------------------------------------------------------------------------------------------


@program("ls")
def ls(call: Call) -> int:
    """ls [-lahR1tSrdiFn] [path]…"""
    found, names = options.parse(
        call,
        "lahAR1tSrdinFpLCxkwcu",
        "",
        {
            "all": "a",
            "recursive": "R",
            "color": "C",
            "human-readable": "h",
            "directory": "d",
            "full-time": "l",
            "reverse": "r",
            "almost-all": "A",
        },
    )
    files: list[tuple[str, File]] = []
    folders: list[tuple[str, str]] = []
    code = 0
    for name in sorted(names) or ["."]:
        try:
            entry = call.stat(name, follow="l" not in found)
            if entry.kind == DIRECTORY and "d" not in found:
                folders.append((name, call.resolved(name)))
            else:
                files.append((name, entry))
        except FileError as error:
            code = call.fail(f"{name}: {error}" if call.busybox else f"cannot access '{name}': {error}", 1 if call.busybox else 2)
    if files:
        _list(call, found, files, "", total=False)
    titles = len(names) > 1 or "R" in found
    for place, (name, where) in enumerate(folders):
        code = _list_directory(call, found, name, where, titles, bool(files) or place > 0) or code
    return code


def _list_directory(call: Call, found: dict[str, str], name: str, where: str, title: bool, gap: bool) -> int:
    view = call.view
    try:
        names = view.names(where, call.proc.uid)
    except FileError as error:
        return call.fail(
            f"can't open '{name}': {error}" if call.busybox else f"cannot open directory '{name}': {error}",
            1 if call.busybox else 2,
        )
    if gap:
        call.out("\n")
    if title:
        call.out(f"{name}:\n")
    shown = [inner for inner in names if not inner.startswith(".") or set(found) & {"a", "A"}]
    entries = [(inner, entry) for inner in shown if (entry := view.entry(join(where, inner))) is not None]
    if "a" in found:
        entries = [(".", view.stat(where)), ("..", view.stat(parent(where))), *entries]
    _list(call, found, entries, where, total=True)
    code = 0
    if "R" in found:
        for inner, entry in entries:
            if entry.kind == DIRECTORY and inner not in (".", ".."):
                code = _list_directory(call, found, f"{name.rstrip('/')}/{inner}", join(where, inner), True, True) or code
    return code


def _list(call: Call, found: dict[str, str], entries: list[tuple[str, File]], where: str, *, total: bool) -> None:
    if "t" in found:
        entries = sorted(entries, key=lambda pair: -pair[1].modified)
    if "S" in found:
        entries = sorted(entries, key=lambda pair: -pair[1].size)
    if "r" in found:
        entries = entries[::-1]
    if "l" not in found and "n" not in found:
        ending = "  " if call.is_tty and "1" not in found else "\n"
        texts = [name + ("/" if entry.kind == DIRECTORY and set(found) & {"F", "p"} else "") for name, entry in entries]
        call.out(ending.join(texts) + ("\n" if texts else ""))
        return
    if total:
        call.out(f"total {sum(-(-entry.size // 4096) * 4 for _, entry in entries)}\n")
    names = {entry.uid: _user(call, entry.uid) if "n" not in found else str(entry.uid) for _, entry in entries}
    sizes = [_human(entry.size) if "h" in found else str(entry.size) for _, entry in entries]
    width, users = max(map(len, sizes), default=1), max(map(len, names.values()), default=4)
    for (name, entry), size in zip(entries, sizes, strict=True):
        links = 2 if entry.kind == DIRECTORY else 1
        at = moment(entry.modified)
        stamp = at.strftime("%b %e %H:%M")
        target = f" -> {entry.text}" if entry.kind == LINK else ""
        user = names[entry.uid]
        if call.busybox:
            line = f"{mode_text(entry)}    {links} {user:8s} {user:8s} {size:>9s} {stamp} {name}{target}\n"
        else:
            line = f"{mode_text(entry)} {links} {user:{users}s} {user:{users}s} {size:>{width}s} {stamp} {name}{target}\n"
        call.out(line)


def mode_text(entry: File) -> str:
    """`drwxr-xr-x`"""
    letters = "".join(char if entry.mode >> (8 - place) & 1 else "-" for place, char in enumerate(_BITS))
    if entry.mode == 0o777 and entry.kind == DIRECTORY:
        letters = "rwxrwxrwt"
    return {DIRECTORY: "d", LINK: "l"}.get(entry.kind, "-") + letters


def _human(size: int) -> str:
    amount = float(size)
    for unit in ("", "K", "M", "G", "T"):
        if amount < 1024 or unit == "T":
            return f"{size}" if not unit else (f"{amount:.1f}{unit}" if amount < 10 else f"{amount:.0f}{unit}")
        amount /= 1024
    return str(size)


def _user(call: Call, uid: int) -> str:
    from cluster.containers.programs.system import user_name

    return user_name(call, uid)


@program("stat")
def stat(call: Call) -> int:
    """stat [-c format] file…"""
    found, names = options.parse(call, "Lft", "c", {"format": "c", "printf": "c"})
    code = 0
    for name in names:
        try:
            entry = call.stat(name, follow="L" in found)
        except FileError as error:
            code = call.fail(f"can't stat '{name}': {error}" if call.busybox else f"cannot statx '{name}': {error}")
            continue
        kind = {DIRECTORY: "directory", LINK: "symbolic link"}.get(
            entry.kind, "regular file" if entry.size else "regular empty file"
        )
        user, at = _user(call, entry.uid), moment(entry.modified)
        if "c" in found:
            known = {
                "n": name,
                "s": str(entry.size),
                "a": f"{entry.mode:o}",
                "A": mode_text(entry),
                "U": user,
                "G": user,
                "u": str(entry.uid),
                "g": str(entry.uid),
                "F": kind,
                "Y": str(int(at.timestamp())),
                "y": f"{at:%Y-%m-%d %H:%M:%S}.000000000 +0000",
                "h": "1",
                "b": str(-(-entry.size // 512)),
                "N": f"'{name}'",
                "i": "1",
                "d": "1",
                "f": f"{entry.mode:x}",
            }
            parts = re.split(r"(%[a-zA-Z])", found["c"])
            call.out("".join(known.get(part[1], "?") if part[:1] == "%" else part for part in parts) + "\n")
            continue
        stamp = f"{at:%Y-%m-%d %H:%M:%S}.000000000 +0000"
        call.out(
            f"  File: {name}\n  Size: {entry.size:<10}\tBlocks: {-(-entry.size // 512):<10} IO Block: 4096   {kind}\n"
            "Device: 0,1\tInode: 1           Links: 1\n"
            f"Access: ({entry.mode:04o}/{mode_text(entry)})  Uid: ({entry.uid:5d}/{user:>8s})   "
            f"Gid: ({entry.uid:5d}/{user:>8s})\nAccess: {stamp}\nModify: {stamp}\nChange: {stamp}\n"
        )
    return code


# --- cp, mv, ln ------------------------------------------------------------------------------------------------------------


def _target(call: Call, name: str, source: str) -> str:
    """Where something goes: into the directory of that name, or to that name."""
    where = call.resolved(name)
    entry = call.view.entry(where)
    if entry is not None and entry.kind == DIRECTORY:
        return join(where, source.rstrip("/").rpartition("/")[2] or ".")
    return where


@program("cp")
def cp(call: Call) -> int:
    """cp [-rapfv] source… target"""
    found, names = options.parse(call, "rRapfvLdnuiPHT", "", {"recursive": "r", "archive": "a", "parents": "u"})
    if len(names) < 2:
        raise UsageError(f"missing destination file operand after '{names[0]}'" if names else "missing file operand")
    deep = bool(set(found) & set("rRa"))
    code = 0
    last = call.view.get(call.path(names[-1]))
    if len(names) > 2 and (last is None or last.kind != DIRECTORY):
        return call.fail(
            f"target '{names[-1]}' is not a directory"
            if not call.busybox
            else f"can't stat '{names[-1]}': No such file or directory"
        )
    for name in names[:-1]:
        try:
            entry = call.stat(name, follow="d" not in found and "P" not in found)
            if entry.kind == DIRECTORY and not deep:
                code = call.fail(
                    f"omitting directory '{name}'" if call.busybox else f"-r not specified; omitting directory '{name}'"
                )
                continue
        except FileError as error:
            code = call.fail(f"can't stat '{name}': {error}" if call.busybox else f"cannot stat '{name}': {error}")
            continue
        source = call.resolved(name)
        where = _target(call, names[-1], name) if not name.endswith("/.") else call.resolved(names[-1])
        if where == source:
            code = call.fail(f"'{name}' and '{names[-1]}' are the same file")
            continue
        try:
            _copy(call, source, where)
        except FileError as error:
            code = call.fail(
                f"can't create '{names[-1]}': {error}" if call.busybox else f"cannot create regular file '{names[-1]}': {error}"
            )
    return code


def _copy(call: Call, source: str, where: str) -> None:
    view = call.view
    for path, entry in view.walk(source):
        if path == where or path.startswith(where + "/"):
            continue
        to = where + path[len(source) :]
        if entry.kind == DIRECTORY:
            if view.entry(to) is None:
                view.make_directory(to, call.proc.uid, entry.mode)
        elif entry.kind == LINK and path != source:
            view.put(to, entry, call.proc.uid)
        else:
            if call.proc.uid and not may(entry, call.proc.uid, 4):
                raise FileError("EACCES")
            resolved = view.resolve(to)
            before = view.entry(resolved)
            if before is not None and before.kind == DIRECTORY:
                raise FileError("EISDIR")
            file = File(FILE, entry.text, entry.mode if before is None else before.mode, call.now, call.proc.uid, entry.filler)
            if before is None and view.entry(parent(resolved)) is None:
                raise FileError("ENOENT")
            view.put(resolved, file, call.proc.uid)


@program("mv")
def mv(call: Call) -> int:
    """mv [-f] source… target"""
    _, names = options.parse(call, "finvuT")
    if len(names) < 2:
        raise UsageError(f"missing destination file operand after '{names[0]}'" if names else "missing file operand")
    code = 0
    for name in names[:-1]:
        try:
            source = _link_itself(call, name)
            entry = call.view.stat(source, follow=False)
            where = _target(call, names[-1], name)
            if where == source:
                code = call.fail(f"'{name}' and '{names[-1]}' are the same file")
                continue
            if entry.kind == DIRECTORY and (where + "/").startswith(source + "/"):
                raise FileError("EINVAL")
            existing = call.view.entry(where)
            if existing is not None and existing.kind != DIRECTORY:
                call.view.remove(where, call.proc.uid)
            for path, inner in call.view.walk(source):
                to = where + path[len(source) :]
                if inner.kind != DIRECTORY or call.view.entry(to) is None:
                    call.view.put(to, inner, call.proc.uid)
            call.view.remove(source, call.proc.uid, everything=entry.kind == DIRECTORY)
        except FileError as error:
            missing = call.view.get(call.path(name), follow=False) is None
            text = f"rename '{name}'" if call.busybox else (f"stat '{name}'" if missing else f"move '{name}' to '{names[-1]}'")
            code = call.fail(f"can't {text}: {error}" if call.busybox else f"cannot {text}: {error}")
    return code


@program("ln")
def ln(call: Call) -> int:
    """ln [-sfn] target [name]"""
    found, names = options.parse(call, "sfnvrT", "", {"symbolic": "s", "force": "f"})
    if not names:
        raise UsageError("missing file operand")
    target = names[0]
    name = names[1] if len(names) > 1 else target.rpartition("/")[2]
    try:
        where = _target(call, name, target) if "n" not in found else _link_itself(call, name)
        if call.view.entry(where) is not None:
            if "f" not in found:
                raise FileError("EEXIST")
            call.view.remove(where, call.proc.uid)
        if "s" in found:
            call.view.put(where, File(LINK, target, 0o777, call.now, call.proc.uid), call.proc.uid)
        else:
            entry = call.stat(target)
            if entry.kind == DIRECTORY:
                return call.fail(f"{target}: hard link not allowed for directory")
            call.view.put(where, entry, call.proc.uid)
    except FileError as error:
        kind = "symbolic link" if "s" in found else "hard link"
        return call.fail(f"{name}: {error}" if call.busybox else f"failed to create {kind} '{name}': {error}")
    return 0


@program("readlink", "realpath")
def readlink(call: Call) -> int:
    """readlink [-f] file…; realpath file…"""
    found, names = options.parse(call, "femnqsvzL")
    code = 0
    for name in names:
        try:
            if call.name == "realpath" or set(found) & set("fem"):
                where = call.resolved(name)
                if call.name == "realpath" and call.view.entry(where) is None and not call.view.get(parent(where)):
                    raise FileError("ENOENT")
                call.out(where + "\n")
            else:
                entry = call.stat(name, follow=False)
                if entry.kind != LINK:
                    return 1
                call.out(entry.text + "\n")
        except FileError as error:
            code = call.fail(f"{name}: {error}") if call.name == "realpath" else 1
    return code


@program("basename", "dirname")
def basename(call: Call) -> int:
    """basename path [suffix]; dirname path"""
    if not call.args:
        raise UsageError("missing operand")
    path = call.args[0].rstrip("/") or "/"
    if call.name == "dirname":
        call.out((path.rpartition("/")[0].rstrip("/") or ("/" if path.startswith("/") else ".")) + "\n")
        return 0
    name = path.rpartition("/")[2] or "/"
    if len(call.args) > 1 and name != call.args[1]:
        name = name.removesuffix(call.args[1])
    call.out(name + "\n")
    return 0


# --- modes and owners --------------------------------------------------------------------------------------------------------


def new_mode(text: str, entry: File, umask: int) -> int | None:
    """The mode that `755`, `u+x`, `go-w`, `a=r` make of a file's."""
    if re.fullmatch(r"[0-7]{1,4}", text):
        return int(text, 8) & 0o777
    mode = entry.mode
    for clause in text.split(","):
        found = re.fullmatch(r"([ugoa]*)([-+=])([rwxXst]*)", clause)
        if not found:
            return None
        bits = sum({"r": 4, "w": 2, "x": 1}.get(letter, 0) for letter in set(found[3]))
        if "X" in found[3] and (entry.kind == DIRECTORY or entry.mode & 0o111):
            bits |= 1
        mask = 0
        for who in found[1] or "a":
            mask |= {"u": bits << 6, "g": bits << 3, "o": bits, "a": bits << 6 | bits << 3 | bits}[who]
        if not found[1]:
            mask &= ~umask
        if found[2] == "=":
            cleared = sum({"u": 0o700, "g": 0o070, "o": 0o007, "a": 0o777}[who] for who in set(found[1] or "a"))
            mode = mode & ~cleared | mask
        else:
            mode = mode | mask if found[2] == "+" else mode & ~mask
    return mode


@program("chmod")
def chmod(call: Call) -> int:
    """chmod [-R] MODE file…"""
    args = call.args
    deep = any(re.fullmatch(r"-[RvcfR]*R[vcf]*|--recursive", word) for word in args)
    words = [word for word in args if not re.fullmatch(r"-[Rvcf]+|--recursive", word)]
    if len(words) < 2:
        raise UsageError("missing operand")
    code = 0
    for name in words[1:]:
        try:
            where = call.resolved(name)
            entry = call.view.stat(where)
            if call.proc.uid and entry.uid != call.proc.uid:
                raise FileError("EPERM")
            for path, inner in call.view.walk(where) if deep else [(where, entry)]:
                mode = new_mode(words[0], inner, call.proc.umask)
                if mode is None:
                    return call.fail(f"invalid mode '{words[0]}'" if call.busybox else f"invalid mode: ‘{words[0]}’")
                if inner.kind != LINK:
                    call.view.put(path, inner._replace(mode=mode))
        except FileError as error:
            code = call.fail(
                f"{name}: {error}"
                if call.busybox
                else (
                    f"cannot access '{name}': {error}" if error.name == "ENOENT" else f"changing permissions of '{name}': {error}"
                )
            )
    return code


@program("chown", "chgrp")
def chown(call: Call) -> int:
    """chown [-R] USER[:GROUP] file…"""
    from cluster.containers.programs.system import user_number

    deep = any(re.fullmatch(r"-[RvcfhLHP]*R[vcfhLHP]*|--recursive", word) for word in call.args)
    words = [word for word in call.args if not word.startswith("-")]
    if len(words) < 2:
        raise UsageError("missing operand")
    name = re.split("[:.]", words[0])[0]
    uid = user_number(call, name) if call.name == "chown" and name else 0
    if uid is None:
        return call.fail(f"unknown user {name}" if call.busybox else f"invalid user: ‘{words[0]}’")
    code = 0
    for target in words[1:]:
        try:
            where = call.resolved(target)
            entry = call.view.stat(where)
            if call.proc.uid:
                raise FileError("EPERM")
            if call.name == "chgrp" or not name:
                continue
            for path, inner in call.view.walk(where) if deep else [(where, entry)]:
                call.view.put(path, inner._replace(uid=uid))
        except FileError as error:
            code = call.fail(
                f"{target}: {error}"
                if call.busybox
                else (
                    f"cannot access '{target}': {error}"
                    if error.name == "ENOENT"
                    else f"changing ownership of '{target}': {error}"
                )
            )
    return code


# --- find, du, df, mount -----------------------------------------------------------------------------------------------------


@program("find")
def find(call: Call) -> int | Wait:
    """find [path…] [-name|-iname|-type|-maxdepth|-mindepth|-size|-mmin|-newer|-empty|-path|!] [-print|-delete|-exec … ;]"""
    args = call.args
    start = next((place for place, word in enumerate(args) if word[:1] in ("-", "!", "(")), len(args))
    bases, tests = args[:start] or ["."], args[start:]
    memo = call.memo
    if "todo" not in memo:
        matched, code = _found(call, bases, tests)
        if matched is None:
            return code
        memo["todo"], memo["code"] = matched, code
    if "-exec" not in tests:
        return _act(call, tests)
    return _execute_each(call, tests)


def _found(call: Call, bases: list[str], tests: list[str]) -> tuple[list[str] | None, int]:
    limit = {"-maxdepth": 1 << 20, "-mindepth": 0}
    for name in limit:
        if name in tests[:-1]:
            limit[name] = options.number(tests[tests.index(name) + 1])
    matched: list[str] = []
    code = 0
    for base in bases:
        where = call.path(base)
        if call.view.get(where) is None:
            code = call.fail(f"{base}: No such file or directory" if call.busybox else f"‘{base}’: No such file or directory")
            continue
        for path, entry in call.view.walk(call.view.resolve(where)):
            below = path[len(call.view.resolve(where)) :] if call.view.resolve(where) != "/" else path if path != "/" else ""
            shown = base.rstrip("/") + below if below or base != "/" else base
            depth = below.count("/")
            if depth > limit["-maxdepth"] or depth < limit["-mindepth"]:
                continue
            verdict = _passes(call, tests, shown, path, entry)
            if verdict is None:
                unknown = next((word for word in tests if word.startswith("-")), tests[0])
                return None, call.fail(f"unrecognized: {unknown}" if call.busybox else f"unknown predicate `{unknown}'")
            if verdict:
                matched.append(shown)
    return matched, code


_VALUED = frozenset(
    {"-name", "-iname", "-type", "-maxdepth", "-mindepth", "-size", "-mmin", "-mtime", "-newer", "-path", "-perm", "-user"}
)


def _passes(call: Call, tests: list[str], shown: str, path: str, entry: File) -> bool | None:
    """Whether a file passes all tests (with -o: those of one side); None for a test that is not known."""
    place, value, either, negated = 0, True, False, False
    while place < len(tests):
        word = tests[place]
        place += 1
        if word in ("!", "-not"):
            negated = not negated
            continue
        if word in ("-o", "-or"):
            either, value = either or value, True
            continue
        if word in ("-a", "-and", "(", ")", "-print", "-print0", "-delete", "-depth", "-xdev", "-mount"):
            continue
        if word == "-exec":
            break
        argument = ""
        if word in _VALUED:
            argument = tests[place] if place < len(tests) else ""
            place += 1
        passed = _test(call, word, argument, shown, path, entry)
        if passed is None:
            return None
        value = value and (passed != negated)
        negated = False
    return either or value


def _test(call: Call, word: str, argument: str, shown: str, path: str, entry: File) -> bool | None:
    name = shown.rstrip("/").rpartition("/")[2] or shown
    age = call.now - entry.modified
    simple = {
        "-name": lambda: matches(argument, name),
        "-iname": lambda: matches(argument.lower(), name.lower()),
        "-path": lambda: matches(argument, shown),
        "-maxdepth": lambda: True,
        "-mindepth": lambda: True,
        "-type": lambda: {"f": FILE, "d": DIRECTORY, "l": LINK}.get(argument) == entry.kind,
        "-size": lambda: _compare(argument, -(-entry.size // 512)),
        "-mmin": lambda: _compare(argument, age // 60_000),
        "-mtime": lambda: _compare(argument, age // 86_400_000),
        "-user": lambda: _user(call, entry.uid) == argument,
        "-perm": lambda: entry.mode & options.number(argument.lstrip("-/")) >= 0,
        "-empty": lambda: (entry.kind == FILE and entry.size == 0) or (entry.kind == DIRECTORY and not call.view.names(path)),
        "-newer": lambda: (other := call.view.get(call.path(argument))) is not None and entry.modified > other.modified,
        "-executable": lambda: may(entry, call.proc.uid, 1),
        "-true": lambda: True,
    }
    return simple[word]() if word in simple else None


def _compare(argument: str, value: int) -> bool:
    unit = {"c": 512, "k": 0.5, "M": 1 / 2048, "G": 1 / 2_097_152}.get(argument[-1:], 1)
    amount = value * unit if unit != 1 else value
    number = options.number(argument.lstrip("+-").rstrip("ckMGb"))
    if argument.startswith("+"):
        return amount > number
    return amount < number if argument.startswith("-") else int(amount) == number


def _act(call: Call, tests: list[str]) -> int:
    memo = call.memo
    for shown in reversed(memo["todo"]) if "-delete" in tests else memo["todo"]:
        if "-delete" in tests:
            try:
                call.view.remove(call.path(shown), call.proc.uid)
            except FileError as error:
                memo["code"] = _bad(call, "remove" if call.busybox else "delete", shown, error)
        else:
            call.out(shown + ("\0" if "-print0" in tests else "\n"))
    return int(memo["code"])


def _execute_each(call: Call, tests: list[str]) -> int | Wait:
    memo = call.memo
    command = tests[tests.index("-exec") + 1 :]
    end = next((place for place, word in enumerate(command) if word in (";", "+")), len(command))
    together, command = command[end : end + 1] == ["+"], command[:end]
    while memo["todo"] and memo.get("child") not in call.kernel.procs:
        names = memo["todo"] if together else memo["todo"][:1]
        memo["todo"] = memo["todo"][len(names) :]
        argv = [word for part in command for word in (names if part == "{}" else [part.replace("{}", names[0])])]
        child = call.spawn(argv)
        if isinstance(child, int):
            return child
        memo["child"] = child.id
    return call.wait_or(None) if memo.get("child") in call.kernel.procs else int(memo["code"])


@program("du")
def du(call: Call) -> int:
    """du [-shakmc] [path]…"""
    found, names = options.parse(call, "shakmcbx", "d", {"summarize": "s", "human-readable": "h", "max-depth": "d"})
    code = 0
    for name in names or ["."]:
        where = call.path(name)
        if call.view.get(where) is None:
            code = call.fail(
                f"{name}: No such file or directory" if call.busybox else f"cannot access '{name}': No such file or directory"
            )
            continue
        where = call.view.resolve(where)
        sizes: dict[str, int] = {}
        for path, entry in call.view.walk(where):
            if path.startswith(("/proc/", "/sys/", "/dev/")):
                continue
            size = max(-(-entry.size // 4096) * 4096, 0)
            above = path
            while True:
                if above in sizes or above == path:
                    sizes[above] = sizes.get(above, 0) + size
                if above == where or above == "/":
                    break
                above = parent(above)
                sizes.setdefault(above, 0)
        for path in sorted(sizes, key=lambda path: (path.count("/"), path), reverse=True):
            entry_found = call.view.entry(path)
            if (
                ("s" in found and path != where)
                or entry_found is None
                or (entry_found.kind != DIRECTORY and "a" not in found and path != where)
            ):
                continue
            shown = name + path[len(where) :] if path != where else name
            call.out(f"{_human(sizes[path]) if 'h' in found else sizes[path] >> (20 if 'm' in found else 10)}\t{shown}\n")
    return code


@program("df")
def df(call: Call) -> int:
    """df [-hkT] [path]"""
    found, names = options.parse(call, "hkTaPmi")
    human = "h" in found
    rows = [("overlay", "/", DISK, call.kernel.layers[call.proc.container].used)]
    for path, volume, _, _, in_memory in call.run.get("mounts", []):
        tree = call.kernel.volumes.get(volume)
        size = tree.room if tree is not None else DISK
        rows.append(
            (
                "tmpfs" if in_memory or volume.startswith("config/") else "/dev/vda1",
                path,
                min(size, DISK),
                tree.used if tree is not None else 0,
            )
        )
    if names:
        wanted = call.path(names[0])
        rows = [max((row for row in rows if (wanted + "/").startswith(row[1].rstrip("/") + "/")), key=lambda row: len(row[1]))]
    call.out(
        "Filesystem                Size      Used Available Use% Mounted on\n"
        if human and call.busybox
        else "Filesystem      Size  Used Avail Use% Mounted on\n"
        if human
        else "Filesystem           1K-blocks      Used Available Use% Mounted on\n"
    )
    for device, path, size, used in rows:
        free, share = size - used, -(-used * 100 // size) if size else 0
        texts = [_human(number) if human else str(number >> 10) for number in (size, used, free)]
        if human and not call.busybox:
            call.out(f"{device:14s} {texts[0]:>5s} {texts[1]:>5s} {texts[2]:>5s} {share:3d}% {path}\n")
        else:
            call.out(f"{device:20s} {texts[0]:>9s} {texts[1]:>9s} {texts[2]:>9s} {share:3d}% {path}\n")
    return 0


@program("mount")
def mount(call: Call) -> int:
    """mount: shows what is mounted; mounting is not allowed in a container."""
    if [word for word in call.args if not word.startswith("-")]:
        return call.fail("permission denied (are you root?)", 32 if not call.busybox else 1)
    for line in lines_of(call.text("/proc/mounts")):
        device, path, kind, flags, *_ = line.split()
        call.out(f"{device} on {path} type {kind} ({flags})\n")
    return 0


@program("umount")
def umount(call: Call) -> int:
    """umount: not allowed in a container."""
    return call.fail(f"can't unmount {call.args[-1] if call.args else '/'}: Operation not permitted", 1)


@program("mountpoint")
def mountpoint(call: Call) -> int:
    """mountpoint [-q] directory"""
    path = call.path(call.args[-1]) if call.args else "/"
    inside = path in ("/", "/proc", "/dev", "/sys") or any(mount[0] == path for mount in call.view.mounts)
    if "-q" not in call.args:
        call.out(f"{path} is {'' if inside else 'not '}a mountpoint\n")
    return 0 if inside else 1


@program("mktemp")
def mktemp(call: Call) -> int:
    """mktemp [-d] [template]"""
    found, names = options.parse(call, "dqut", "p")
    template = names[0] if names else "tmp.XXXXXX"
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    seed = call.kernel.now + call.proc.id * 7919
    mark = "".join(letters[(seed // 36**place) % 36] for place in range(6))
    name = re.sub("X+$", mark, template)
    where = name if "/" in name else join(found.get("p", "/tmp"), name)
    if "d" in found:
        call.view.make_directory(call.resolved(where), call.proc.uid, 0o700)
    else:
        call.write(where, "", mode=0o600)
    call.out(where + "\n")
    return 0


@program("truncate")
def truncate(call: Call) -> int:
    """truncate -s SIZE file…"""
    found, names = options.parse(call, "co", "s", {"size": "s"})
    size = options.number(found.get("s", "0"))
    for name in names:
        entry = call.view.get(call.path(name))
        text = entry.text[:size] if entry is not None else ""
        call.write(name, text, filler=max(size - len(text.encode("utf-8", "replace")), 0))
    return 0


@program("fallocate")
def fallocate(call: Call) -> int:
    """fallocate -l SIZE file"""
    found, names = options.parse(call, "nx", "lo", {"length": "l"})
    for name in names:
        call.write(name, "", append=True, filler=options.number(found.get("l", "0")))
    return 0


@program("dd")
def dd(call: Call) -> int | Wait:
    """dd if=FILE of=FILE bs=SIZE count=N: half a gigabyte a second."""
    settings = dict(word.partition("=")[::2] for word in call.args if "=" in word)
    unknown = next(
        (
            word
            for word in call.args
            if word.partition("=")[0]
            not in ("if", "of", "bs", "count", "seek", "skip", "conv", "status", "iflag", "oflag", "ibs", "obs")
        ),
        None,
    )
    if unknown is not None:
        return call.fail(f"unrecognized operand '{unknown}'" if call.busybox else f"unrecognized operand ‘{unknown}’")
    block = options.number(settings.get("bs", "512"), 0)
    if block <= 0:
        return call.fail(f"invalid number '{settings['bs']}'" if call.busybox else f"invalid number: ‘{settings['bs']}’")
    count = options.number(settings["count"]) if "count" in settings else None
    source, target = settings.get("if"), settings.get("of")
    text, size = _source(call, source, block, count)
    memo = call.memo
    if "due" not in memo:
        memo["due"] = call.now + size // (512 << 10)
    if size is not None and call.now < memo["due"]:
        return call.until(memo["due"])
    kept = text[: 64 << 10] if size > 1 << 20 else text
    try:
        if target is None:
            call.out(text)
        else:
            call.write(
                target,
                kept,
                append="notrunc" in settings.get("conv", ""),
                filler=max(size - len(kept.encode("utf-8", "replace")), 0),
            )
    except FileError as error:
        call.err(f"dd: error writing '{target}': {error}\n")
        return 1
    blocks, part = divmod(size, block)
    if settings.get("status") != "none":
        records = f"{blocks}+{int(part > 0)} records in\n{blocks}+{int(part > 0)} records out\n"
        seconds = max(size / (512 << 20), 0.000_1)
        call.err(records + (f"{size} bytes ({_human(size)}B) copied, {seconds:f} seconds, {_human(int(size / seconds))}B/s\n"))
    return 0


def _source(call: Call, name: str | None, block: int, count: int | None) -> tuple[str, int]:
    """What dd reads: the text that is kept of it, and its bytes."""
    limit = block * count if count is not None else None
    where = call.resolved(name) if name is not None else ""
    if where in ("/dev/zero", "/dev/urandom", "/dev/random"):
        size = limit if limit is not None else call.kernel.layers[call.proc.container].room
        return ("", size) if size > 64 << 10 or where == "/dev/zero" else (_junk(call, size), size)
    text = call.read() if name is None else call.text(name)
    entry = call.stat(name) if name is not None else None
    size = entry.size if entry is not None else len(text.encode("utf-8", "replace"))
    if limit is not None and limit < size:
        return text[:limit], limit
    return text, size


def _junk(call: Call, size: int) -> str:
    digest = hashlib.sha256(f"{call.kernel.now}/{call.proc.id}".encode()).hexdigest()
    return (digest * (size // len(digest) + 1))[:size]


@program("sync")
def sync(call: Call) -> int:
    return 0


@program("md5sum", "sha1sum", "sha256sum", "sha512sum")
def checksum(call: Call) -> int:
    """Checksums of files. (Of a file that is kept only in part: of that part and its size.)"""
    _, names = options.parse(call, "bct", "", {"check": "c"})
    digest = {"md5sum": "md5", "sha1sum": "sha1", "sha256sum": "sha256", "sha512sum": "sha512"}[call.name]
    for name, text in inputs(call, names):
        entry = call.view.get(call.path(name)) if name != "-" else None
        found = hashlib.new(digest, text.encode("utf-8", "replace"), usedforsecurity=False)
        if entry is not None and entry.filler:
            found.update(f"+{entry.filler}".encode())
        call.out(f"{found.hexdigest()}  {name}\n")
    return int(call.memo.get("failed", 0))


@program("base64")
def base64(call: Call) -> int:
    """base64 [-d] [-w columns] [file]"""
    found, names = options.parse(call, "di", "w", {"decode": "d", "wrap": "w"})
    for _, text in inputs(call, names[:1]):
        if "d" in found:
            packed = re.sub(r"\s", "", text)
            try:
                call.out(base64_codec.b64decode(packed, validate=True).decode("utf-8", "replace"))
            except ValueError:
                return call.fail("truncated input" if call.busybox else "invalid input")
            continue
        encoded = base64_codec.b64encode(text.encode("utf-8", "replace")).decode()
        width = options.number(found.get("w", "76"), 76)
        rows = [encoded[at : at + width] for at in range(0, len(encoded), width)] if width else [encoded]
        call.out("\n".join(rows) + ("\n" if width else ""))
    return int(call.memo.get("failed", 0))


@program("diff", "cmp")
def diff(call: Call) -> int:
    """diff [-uq] one other; cmp one other"""
    import difflib

    found, names = options.parse(call, "uqrsNwbB", "U")
    if len(names) < 2:
        raise UsageError("missing operand", 2)
    try:
        first, second = call.text(names[0]), call.text(names[1])
    except FileError as error:
        missing = names[0] if call.view.get(call.path(names[0])) is None else names[1]
        return call.fail(cannot_open(call, missing, error), 2)
    if first == second:
        return 0
    if call.name == "cmp" or "q" in found:
        place = next((at for at, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), min(len(first), len(second)))
        call.out(
            f"Files {names[0]} and {names[1]} differ\n"
            if "q" in found
            else f"{names[0]} {names[1]} differ: char {place + 1}, line {first.count(chr(10), 0, place) + 1}\n"
        )
        return 1
    if len(first) + len(second) > 200_000:
        call.out(f"Files {names[0]} and {names[1]} differ\n")
        return 1
    lines = difflib.unified_diff(lines_of(first), lines_of(second), names[0], names[1], lineterm="")
    call.out("".join(f"{line}\n" for line in lines))
    return 1


@program("strings")
def strings(call: Call) -> int:
    """strings file…"""
    for _, text in inputs(call, call.args):
        for found in re.findall(r"[ -~]{4,}", text):
            call.out(found + "\n")
    return int(call.memo.get("failed", 0))


@program("mkfifo", "mknod")
def mkfifo(call: Call) -> int:
    """Named pipes are not simulated."""
    return call.fail("named pipes are not simulated")
