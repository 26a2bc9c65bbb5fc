"""Tools that read text and write text: cat, grep, sort, cut and their like."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from cluster.containers.files import DIRECTORY, FileError, join
from cluster.containers.programs import options, regex
from cluster.containers.programs.call import FILES, FOREVER, Call, UsageError, Wait, lines_of, program
from cluster.containers.shell.syntax import unescaped

MOST_OUTPUT = 4 << 20
ENDLESS = frozenset({"/dev/zero", "/dev/random", "/dev/urandom", "/dev/full"})


def cannot_open(call: Call, name: str, error: FileError) -> str:
    """What a tool says of a file that it cannot read."""
    return f"can't open '{name}': {error}" if call.busybox else f"{name}: {error}"


def inputs(call: Call, names: list[str]) -> Iterator[tuple[str, str]]:
    """(name, text) of each file named, the standard input for `-` and when none is named; what cannot be read is reported.

    The program's exit code lies in `call.memo["failed"]` then.
    """
    # The input is waited for before anything is written.
    stdin = call.read() if not names or "-" in names else ""
    for name in names or ["-"]:
        if name == "-":
            yield name, stdin
            continue
        try:
            where = call.resolved(name)
            if where in ENDLESS:
                call.memo["endless"] = True
                continue
            if where == "/dev/stdin":
                yield name, call.read()
                continue
            yield name, call.text(name)
        except FileError as error:
            if error.name == "EISDIR":
                call.fail("read error: Is a directory" if call.busybox else f"{name}: Is a directory")
            else:
                call.fail(cannot_open(call, name, error))
            call.memo["failed"] = 1


@program("cat")
def cat(call: Call) -> int | Wait:
    """cat [-nAbeEsTv] [file]…: what comes in goes out at once."""
    if (call.args and not call.args[0].startswith("-")) or len(call.args) > 1:
        found, names = options.parse(call, "nAbeEstTuv")
    else:
        found, names = options.parse(call, "nAbeEstTuv") if call.args else ({}, [])
    if not names and not found:
        return stream(call)
    counted = 0
    for _, text in inputs(call, names):
        if "n" in found or "b" in found:
            numbered = []
            for line in lines_of(text):
                counted += "n" in found or line != ""
                numbered.append(f"{counted:6d}\t{line}\n" if "n" in found or line else "\n")
            text = "".join(numbered)
        if "E" in found or "A" in found or "e" in found:
            text = text.replace("\n", "$\n")
        if "T" in found or "A" in found:
            text = text.replace("\t", "^I")
        call.out(text)
    if call.memo.get("endless"):
        return endless(call)
    return int(call.memo.get("failed", 0))


def stream(call: Call) -> int | Wait:
    """Copy the input to the output as it comes."""
    clogged = call.is_clogged()
    if clogged:
        return clogged
    text, ended = call.take()
    call.out(text)
    opened = call.stdin()
    if opened is not None and opened.kind in ("zero", "random", "full"):
        return endless(call)
    return 0 if ended else call.more()


def endless(call: Call) -> Wait:
    """Reading what has no end takes a CPU."""
    call.hold(call.proc.memory, 1_000)
    return FOREVER


@program("tac", "rev")
def tac(call: Call) -> int:
    """tac: lines from last to first; rev: each line backwards."""
    for _, text in inputs(call, call.args):
        lines = lines_of(text)
        call.out("".join(f"{line}\n" for line in (lines[::-1] if call.name == "tac" else [line[::-1] for line in lines])))
    return int(call.memo.get("failed", 0))


@program("echo")
def echo(call: Call) -> int:
    """echo [-neE] [text]…"""
    args = call.args
    shell = call.proc.parent and call.kernel.procs.get(call.proc.parent)
    style = shell.shell.style if shell and shell.shell is not None else ("ash" if call.busybox else "bash")
    newline, escapes = "\n", style == "dash"
    place = 0
    while place < len(args) and re.fullmatch(r"-n" if style == "dash" else r"-[neE]+", args[place]):
        if "n" in args[place]:
            newline = ""
        if "e" in args[place]:
            escapes = True
        if "E" in args[place]:
            escapes = False
        place += 1
    text = " ".join(args[place:])
    if escapes and "\\" in text:
        text, stop, _ = text.partition("\\c")
        text = unescaped(text)
        if stop:
            newline = ""
    call.out(text + newline)
    return 0


_FORMAT = re.compile(r"%(%|([-+ #0]*)(\*|[0-9]{0,4})(?:\.(\*|[0-9]{0,4}))?([a-zA-Z]))|\\(0?[0-7]{1,3}|x[0-9a-fA-F]{1,2}|.)", re.S)


@program("printf")
def printf(call: Call) -> int:
    """printf FORMAT [argument]…: the format again as long as there are arguments."""
    if not call.args:
        call.err("printf: usage: printf format [arguments]\n")
        return 2
    form, rest = call.args[0], call.args[1:]
    if form == "--" and rest:
        form, rest = rest[0], rest[1:]
    printer = _Printf(call, rest)
    out: list[str] = []
    size = 0
    while True:
        before = len(printer.rest)
        out.append(_FORMAT.sub(printer.one, form))
        size += len(out[-1])
        if not printer.rest or len(printer.rest) == before or printer.stopped or size > MOST_OUTPUT:
            break
    call.out("".join(out).partition("\0\0stop")[0])
    return printer.code


class _Printf:
    def __init__(self, call: Call, rest: list[str]) -> None:
        self.call, self.rest, self.code, self.stopped = call, rest, 0, False

    def next(self) -> str:
        return self.rest.pop(0) if self.rest else ""

    def one(self, found: re.Match[str]) -> str:
        if found[6] is not None:
            if found[6] == "c":
                self.stopped = True
                return "\0\0stop"
            return unescaped("\\" + found[6])
        if found[1] == "%":
            return "%"
        flags, width, precision, kind = found[2], found[3], found[4], found[5]
        if width == "*":
            width = str(min(self.number(self.next()), 9_999))
        if precision == "*":
            precision = str(min(self.number(self.next()), 9_999))
        exact = "" if precision is None else f".{precision or 0}"
        if kind in "diuxXocsbqfeEgG":
            argument = self.next()
            return self.formatted(kind, flags, width, exact, argument)
        self.call.fail(f"%{kind}: invalid format")
        self.code = 1
        return ""

    def formatted(self, kind: str, flags: str, width: str, exact: str, argument: str) -> str:
        left = "-" if "-" in flags else ""
        if kind == "q":
            return "'" + argument.replace("'", "'\\''") + "'" if not re.fullmatch(r"[\w./:-]+", argument) else argument
        if kind in "sb":
            text = unescaped(argument) if kind == "b" else argument
            return f"%{left}{width}{exact}s" % text
        if kind == "c":
            return f"%{left}{width}s" % argument[:1]
        if kind in "feEgG":
            try:
                return f"%{flags}{width}{exact}{kind}" % float(argument or 0)
            except ValueError:
                self.bad(argument)
                return f"%{flags}{width}{exact}{kind}" % 0.0
        value = self.number(argument)
        if kind in "uxXo" and value < 0:
            value += 1 << 64
        return f"%{flags}{width}{exact}{'d' if kind in 'iu' else kind}" % value

    def number(self, text: str) -> int:
        text = text.strip()
        if text[:1] in ("'", '"') and len(text) > 1:
            return ord(text[1])
        try:
            sign, digits = (-1, text[1:]) if text.startswith("-") else (1, text.lstrip("+"))
            if digits[:2].lower() == "0x":
                return sign * int(digits, 16)
            if len(digits) > 1 and digits[0] == "0":
                return sign * int(digits, 8)
            return sign * int(digits[:30]) if digits else 0
        except ValueError:
            self.bad(text)
            found = re.match(r"-?[0-9]+", text)
            return int(found[0][:30]) if found else 0

    def bad(self, text: str) -> None:
        self.call.fail(f"invalid number '{text}'" if self.call.busybox else f"{text}: expected numeric value")
        self.code = 1


@program("yes")
def yes(call: Call) -> int | Wait:
    """yes [text]: as fast as the reader can, for ever."""
    line = (" ".join(call.args) or "y") + "\n"
    chunk = line * (2_048 // len(line) or 1)
    number = call.proc.fds.get(1)
    opened = call.kernel.opens[number] if number is not None else None
    if opened is None:
        return 1
    if opened.kind == "pipe" and not call.kernel.pipes[opened.n].sink:
        clogged = call.is_clogged()
        if clogged:
            return clogged
        # After a quarter of a megabyte nobody looks any longer: then it goes on in small pieces.
        chunks = call.memo["chunks"] = min(call.memo.get("chunks", 0) + 1, 128)
        call.out(chunk if chunks < 128 else chunk[: max(32 // len(line), 1) * len(line)])
        call.kernel.charge(call.proc, program=True)
        return ("sleep", call.proc.wake)
    call.hold(call.proc.memory, 1_000)
    if opened.kind == "file":
        return _fill(call, chunk)
    # Who reads a log sees the last lines only: what comes later comes more and more rarely.
    call.out(chunk)
    pauses = call.memo["pauses"] = min(call.memo.get("pauses", 0) + 1, 10)
    call.kernel.charge(call.proc, program=True)
    return ("sleep", call.proc.wake + (100_000 << pauses))


def _fill(call: Call, chunk: str) -> Wait:
    """A disk fills at a gigabyte a second, until there is no room."""
    opened = call.kernel.opens[call.proc.fds[1]]
    view = call.kernel.view(opened.a)
    if not call.memo.get("wrote"):
        call.out(chunk)
        call.memo["wrote"] = 1
    view.write(opened.b, "", append=True, filler=100 << 20)
    call.kernel.charge(call.proc, program=True)
    return ("sleep", call.proc.wake + 100_000)


@program("grep", "egrep", "fgrep")
def grep(call: Call) -> int | Wait:
    """grep [-EFivcnlLqosrRwxHhAeBCm] PATTERN [file]…"""
    found, names = options.parse(
        call,
        "EFivcnlLqosrRwxHhGPaIzU",
        "eAmBCf",
        {
            "ignore-case": "i",
            "count": "c",
            "quiet": "q",
            "silent": "q",
            "extended-regexp": "E",
            "line-number": "n",
            "invert-match": "v",
            "recursive": "r",
            "only-matching": "o",
            "color": "a",
            "colour": "a",
            "fixed-strings": "F",
            "word-regexp": "w",
            "line-regexp": "x",
            "files-with-matches": "l",
            "no-messages": "s",
            "include": "f",
            "line-buffered": "U",
            "max-count": "m",
            "regexp": "e",
            "after-context": "A",
            "before-context": "B",
            "context": "C",
        },
        code=2,
    )
    if "e" not in found and not names:
        call.err(
            "grep: usage: grep [-cilnqsvwxo] [-e pattern] [file...]\n"
            if call.busybox
            else "Usage: grep [OPTION]... PATTERNS [FILE]...\nTry 'grep --help' for more information.\n"
        )
        return 1 if call.busybox else 2
    pattern = found["e"] if "e" in found else names.pop(0)
    try:
        search = _Search(pattern, found, call.name)
    except regex.BadPattern as error:
        return call.fail(f"bad regex '{pattern}': {error}" if call.busybox else str(error), 2)
    if "r" in found or "R" in found:
        names = _below(call, names or ["."])
    if not names and not set(found) & set("cqlLABCm"):
        return _grep_stream(call, search, found)
    shown = ("H" in found or len(names) > 1 or "r" in found or "R" in found) and "h" not in found
    any_found = False
    try:
        for name, text in inputs(call, names):
            any_found |= _grep_file(call, search, found, "(standard input)" if name == "-" else name, text, shown)
            if any_found and "q" in found:
                return 0
    except regex.BadPattern as error:
        return call.fail(str(error), 2)
    if call.memo.get("failed") and not any_found:
        return 2
    return 0 if any_found and not (call.memo.get("failed") and not call.busybox) else (2 if call.memo.get("failed") else 1)


class _Search:
    """What grep looks for in a line."""

    def __init__(self, pattern: str, found: dict[str, str], name: str) -> None:
        self.found = found
        extended = "E" in found or "P" in found or name == "egrep"
        fixed = "F" in found or name == "fgrep"
        ignoring = "i" in found
        self.patterns = []
        for one in pattern.split("\n"):
            text = re.sub(r"([\\.*\[\]^$+?{}()|])", r"\\\1", one) if fixed else one
            if fixed:
                self.patterns.append(regex.compiled(text, extended=True, ignore_case=ignoring))
            else:
                self.patterns.append(regex.compiled(text, extended=extended, ignore_case=ignoring))
        self.word, self.whole = "w" in found, "x" in found

    def spans(self, line: str) -> list[tuple[int, int]]:
        """Where it is in the line."""
        for pattern in self.patterns:
            spans = [found[0] for found in pattern.all(line)] if self.word or self.whole or "o" in self.found else None
            if spans is None:
                first = pattern.search(line)
                spans = [first[0]] if first else []
            if self.whole:
                spans = [span for span in spans if span == (0, len(line))]
            elif self.word:
                spans = [span for span in spans if not _is_word(line, span[0] - 1) and not _is_word(line, span[1])]
            if spans:
                return spans
        return []

    def hits(self, line: str) -> bool:
        return bool(self.spans(line)) != ("v" in self.found)


def _is_word(line: str, at: int) -> bool:
    return 0 <= at < len(line) and (line[at].isalnum() or line[at] == "_")


def _grep_stream(call: Call, search: _Search, found: dict[str, str]) -> int | Wait:
    """Line by line, as they come."""
    memo = call.memo
    while True:
        lines, ended = call.lines()
        for line in lines:
            memo["line"] = memo.get("line", 0) + 1
            text = line.removesuffix("\n")
            if search.hits(text):
                memo["hit"] = True
                for part in _parts(search, found, text):
                    call.out((f"{memo['line']}:" if "n" in found else "") + part + "\n")
        if ended:
            return 0 if memo.get("hit") else 1


def _parts(search: _Search, found: dict[str, str], text: str) -> list[str]:
    if "o" in found and "v" not in found:
        return [text[start:end] for start, end in search.spans(text) if end > start]
    return [text]


def _grep_file(call: Call, search: _Search, found: dict[str, str], name: str, text: str, shown: bool) -> bool:
    prefix = f"{name}:" if shown else ""
    before = options.number(found.get("B", found.get("C", "0")))
    after = options.number(found.get("A", found.get("C", "0")))
    most = options.number(found["m"]) if "m" in found else None
    lines = lines_of(text)
    hits = [place for place, line in enumerate(lines) if search.hits(line)][:most]
    if "q" in found:
        return bool(hits)
    if "c" in found:
        call.out(f"{prefix}{len(hits)}\n")
    elif "l" in found or "L" in found:
        if bool(hits) == ("l" in found):
            call.out(f"{name}\n")
    else:
        _show(call, search, found, lines, hits, prefix, before, after)
    return bool(hits)


def _show(
    call: Call, search: _Search, found: dict[str, str], lines: list[str], hits: list[int], prefix: str, before: int, after: int
) -> None:
    last, matched = -1, set(hits)
    for hit in hits:
        first = max(hit - before, last + 1)
        if (before or after) and last >= 0 and first > last + 1:
            call.out("--\n")
        for place in range(first, min(hit + after + 1, len(lines))):
            if place <= last:
                continue
            mark = ":" if place in matched else "-"
            number = f"{place + 1}{mark}" if "n" in found else ""
            for part in _parts(search, found, lines[place]) if place in matched else [lines[place]]:
                call.out(f"{prefix[:-1] + mark if prefix else ''}{number}{part}\n")
            last = place


def _below(call: Call, names: list[str]) -> list[str]:
    """The files below directories."""
    files: list[str] = []
    for name in names:
        base = call.path(name)
        for path, entry in call.view.walk(call.view.resolve(base)):
            if entry.kind == "file":
                shown = name.rstrip("/") + path[len(call.view.resolve(base)) :] if path != base else name
                files.append(join("/", shown) if shown.startswith("/") else shown.removeprefix("./") if name != "." else shown)
    return files


@program("head")
def head(call: Call) -> int | Wait:
    """head [-n lines] [-c bytes] [file]…"""
    args = [f"-n{word[1:]}" if re.fullmatch(r"-[0-9]+", word) else word for word in call.args]
    call.proc.argv[1:] = args
    found, names = options.parse(call, "qvz", "nc", {"lines": "n", "bytes": "c", "quiet": "q"})
    count = options.number(found.get("n", "10"), -1 << 40)
    if count == -1 << 40:
        raise UsageError(f"invalid number of lines: ‘{found['n']}’" if not call.busybox else f"invalid number '{found['n']}'")
    if not names and "c" not in found and count >= 0:
        return _head_stream(call, count)
    several = len(names) > 1 and "q" not in found
    opened = call.stdin()
    if "c" in found and not names and opened is not None and opened.kind in ("zero", "random"):
        call.out(_junk(call, opened.kind, min(options.number(found["c"]), MOST_OUTPUT)))
        return 0
    for place, (name, text) in enumerate(inputs(call, names)):
        if several:
            call.out(("\n" if place else "") + f"==> {name} <==\n")
        if "c" in found:
            size = options.number(found["c"])
            call.out(text[:size])
        else:
            lines = text.splitlines(keepends=True) if "\r" not in text else [line + "\n" for line in lines_of(text)]
            call.out("".join(lines[:count]))
    if call.memo.pop("endless", False):
        size = options.number(found.get("c", "100"))
        call.out(_junk(call, "zero" if "/dev/zero" in names else "random", min(size, MOST_OUTPUT)))
    return int(call.memo.get("failed", 0))


def _head_stream(call: Call, count: int) -> int | Wait:
    memo = call.memo
    seen = memo.get("seen", 0)
    while seen < count:
        lines, ended = call.lines()
        call.out("".join(lines[: count - seen]))
        seen += len(lines)
        memo["seen"] = seen
        if ended:
            return 0
    return 0


def _junk(call: Call, kind: str, size: int) -> str:
    """So many characters of /dev/zero or /dev/urandom."""
    if kind == "zero":
        return "\0" * size
    seed = call.kernel.now * 2_654_435_761 + call.proc.id
    out = []
    for _ in range(min(size, 65_536)):
        seed = (seed * 6_364_136_223_846_793_005 + 1_442_695_040_888_963_407) & ((1 << 64) - 1)
        out.append(chr(seed >> 33 & 0xFF))
    return ("".join(out) * (size // max(len(out), 1) + 1))[:size]


@program("tail")
def tail(call: Call) -> int | Wait:
    """tail [-n lines] [-c bytes] [-f|-F] [file]…"""
    memo = call.memo
    args = [
        f"-n{word[1:]}" if re.fullmatch(r"[-+][0-9]+", word) and (word[0] == "-" or place == 0) else word
        for place, word in enumerate(call.args)
    ]
    call.proc.argv[1:] = [word if not word.startswith("-n+") or word in call.args else "-n" + word[2:] for word in args]
    found, names = options.parse(
        call, "fFqvr", "ncs", {"lines": "n", "bytes": "c", "follow": "f", "quiet": "q", "retry": "F", "pid": "s"}
    )
    following = "f" in found or "F" in found
    if "begun" in memo:
        return _follow(call, names, "F" in found)
    if any(call.path(name) == "/dev/null" for name in names):
        if following:
            memo["begun"], memo["sizes"] = 1, {}
            return FOREVER
        return 0
    for place, (name, text) in enumerate(inputs(call, names)):
        if len(names) > 1 and "q" not in found:
            call.out(("\n" if place else "") + f"==> {name} <==\n")
        call.out(_last(text, found))
    if not following:
        return int(call.memo.get("failed", 0))
    memo["begun"] = 1
    memo["sizes"] = {name: len(call.text(name)) if call.view.get(call.path(name)) is not None else -1 for name in names}
    if not names:
        return 0
    if "f" in found and "F" not in found and all(size < 0 for size in memo["sizes"].values()):
        call.err("tail: no files\n" if call.busybox else "tail: no files remaining\n")
        return 1
    return FILES


def _last(text: str, found: dict[str, str]) -> str:
    if "c" in found:
        size = options.number(found["c"].lstrip("+-"))
        return text[size - 1 :] if found["c"].startswith("+") else text[-size:] if size else ""
    count = found.get("n", "10")
    lines = [line + "\n" for line in text.split("\n")]
    final = lines.pop()[:-1]
    if final:
        lines.append(final)
    number = options.number(count.lstrip("+-"), 10)
    chosen = lines[max(number - 1, 0) :] if count.startswith("+") else lines[-number:] if number else []
    return "".join(chosen)


def _follow(call: Call, names: list[str], by_name: bool) -> Wait:
    sizes = call.memo["sizes"]
    for name in names:
        file = call.view.get(call.path(name))
        if file is None or file.kind == DIRECTORY:
            if by_name:
                sizes[name] = -1
            continue
        before = sizes[name]
        if before == -1 and by_name:
            call.err(
                f"tail: {name} has appeared; following new file\n"
                if call.busybox
                else f"tail: '{name}' has appeared;  following new file\n"
            )
        if len(file.text) < before:
            call.err(f"tail: {name}: file truncated\n")
            before = 0
        if len(file.text) > max(before, 0):
            call.out(file.text[max(before, 0) :])
        sizes[name] = len(file.text)
    return FILES


@program("wc")
def wc(call: Call) -> int:
    """wc [-lwcmL] [file]…"""
    found, names = options.parse(call, "lwcmL", "", {"lines": "l", "words": "w", "bytes": "c", "chars": "m"})
    wanted = [letter for letter in "lwcmL" if letter in found] or ["l", "w", "c"]
    rows: list[tuple[list[int], str]] = []
    for name, text in inputs(call, names):
        entry = call.view.get(call.path(name)) if name != "-" else None
        size = entry.size if entry is not None else len(text.encode("utf-8", "replace"))
        known = {
            "l": text.count("\n"),
            "w": len(text.split()),
            "c": size,
            "m": len(text),
            "L": max((len(line) for line in text.split("\n")), default=0),
        }
        rows.append(([known[letter] for letter in wanted], name))
    if len(names) > 1:
        rows.append(([sum(column) for column in zip(*(counts for counts, _ in rows), strict=True)], "total"))
    for counts, name in rows:
        label = "" if name == "-" else f" {name}"
        if len(counts) == 1:
            call.out(f"{counts[0]}{label}\n")
        else:
            widest = max(len(str(count)) for row, _ in rows for count in row)
            width = 9 if call.busybox else (widest if names else 7)
            call.out(" ".join(f"{count:{width}d}" for count in counts) + label + "\n")
    return int(call.memo.get("failed", 0))


@program("sort")
def sort(call: Call) -> int:
    """sort [-nrufhV] [-k field] [-t separator] [-o file] [file]…"""
    found, names = options.parse(call, "nrufhVbcsgMdiz", "kto", {"numeric-sort": "n", "reverse": "r", "unique": "u", "key": "k"})
    lines = [line for _, text in inputs(call, names) for line in lines_of(text)]
    key = _sort_key(found)
    ordered = sorted(lines) if not set(found) & set("nhVgk") else sorted(lines, key=lambda line: (key(line), line))
    if "f" in found:
        ordered.sort(key=str.lower)
    if "r" in found:
        ordered.reverse()
    if "u" in found:
        ordered = list({key(line): line for line in reversed(ordered)}.values())[::-1]
    text = "".join(f"{line}\n" for line in ordered)
    if "o" in found:
        call.write(found["o"], text)
    else:
        call.out(text)
    return int(call.memo.get("failed", 0)) and 2


def _sort_key(found: dict[str, str]) -> Callable[[str], Any]:
    place = re.match(r"([0-9]{1,3})(?:\.[0-9]+)?([a-zA-Z]*)(?:,([0-9]{1,3})?.*)?", found.get("k", ""))
    separator = found.get("t")
    letters = set(found) | (set(place[2]) if place else set())

    def key(line: str) -> Any:
        text = line
        if place:
            parts = line.split(separator) if separator else line.split()
            last = int(place[3]) if place[3] else None
            text = (separator or " ").join(parts[int(place[1]) - 1 : last])
        if "n" in letters or "g" in letters or "h" in letters:
            number = re.match(r"\s*-?[0-9]*\.?[0-9]*", text)
            value = float(number[0]) if number and re.search("[0-9]", number[0]) else 0.0
            unit = text[number.end() : number.end() + 1] if number and "h" in letters else ""
            return value * {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}.get(unit.upper(), 1)
        if "V" in letters:
            return tuple((0, int(part)) if part.isdecimal() else (1, part) for part in re.split(r"([0-9]{1,18})", text) if part)
        return text.lower() if "f" in letters else text

    return key


@program("uniq")
def uniq(call: Call) -> int:
    """uniq [-cdui] [file]"""
    found, names = options.parse(call, "cdui", "fsw")
    groups: list[list[str]] = []
    for _, text in inputs(call, names[:1]):
        for line in lines_of(text):
            same = groups and (groups[-1][0].lower() == line.lower() if "i" in found else groups[-1][0] == line)
            if same:
                groups[-1].append(line)
            else:
                groups.append([line])
    for group in groups:
        if ("d" in found and len(group) == 1) or ("u" in found and len(group) > 1):
            continue
        call.out((f"{len(group):7d} " if "c" in found else "") + group[0] + "\n")
    return int(call.memo.get("failed", 0))


_TR_CLASSES = {
    "upper": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "lower": "abcdefghijklmnopqrstuvwxyz",
    "digit": "0123456789",
    "space": " \t\n\r\f\v",
    "blank": " \t",
    "punct": "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
}
_TR_CLASSES["alpha"] = _TR_CLASSES["upper"] + _TR_CLASSES["lower"]
_TR_CLASSES["alnum"] = _TR_CLASSES["digit"] + _TR_CLASSES["alpha"]


def _tr_set(text: str) -> str:
    text = re.sub(r"\[:(\w+):\]", lambda found: _TR_CLASSES.get(found[1], found[0]), unescaped(text))
    return re.sub(
        r"(.)-(.)",
        lambda found: "".join(map(chr, range(ord(found[1]), ord(found[2]) + 1))) if found[1] <= found[2] else found[0],
        text,
        flags=re.S,
    )[:70_000]


@program("tr")
def tr(call: Call) -> int | Wait:
    """tr [-cds] SET1 [SET2], as the input comes."""
    found, sets = options.parse(call, "cCdst")
    if not sets or (len(sets) < 2 and not set(found) & set("ds")):
        raise UsageError("missing operand" + ("" if call.busybox else "\nTry 'tr --help' for more information."))
    first, second = _tr_set(sets[0]), _tr_set(sets[1]) if len(sets) > 1 else ""
    opened = call.stdin()
    if opened is not None and opened.kind in ("random", "zero"):
        chunk = _junk(call, opened.kind, 128)
        call.out(_translated(chunk, found, first, second, call))
        clogged = call.is_clogged()
        call.kernel.charge(call.proc, program=True)
        return clogged or ("sleep", call.proc.wake)
    text, ended = call.take()
    call.out(_translated(text, found, first, second, call))
    return 0 if ended else call.more()


def _translated(text: str, found: dict[str, str], first: str, second: str, call: Call) -> str:
    chosen = set(first)
    complement = "c" in found or "C" in found

    def within(char: str) -> bool:
        return (char in chosen) != complement

    squeezed = set(second or first)
    if "d" in found:
        text = re.sub(f"[{'^' if complement else ''}{''.join(map(re.escape, sorted(chosen)))}]", "", text) if chosen else text
    elif second:
        if complement:
            text = re.sub(f"[^{''.join(map(re.escape, sorted(chosen)))}]", lambda _: second[-1], text)
        else:
            table = {ord(char): second[min(place, len(second) - 1)] for place, char in reversed(list(enumerate(first)))}
            text = text.translate(table)
    if "s" in found:
        out, last = [], call.memo.get("last", "")
        for char in text:
            inside = within(char) if not second and "d" not in found else char in squeezed
            if char != last or not inside:
                out.append(char)
            last = char
        call.memo["last"] = last
        text = "".join(out)
    return text


@program("cut")
def cut(call: Call) -> int | Wait:
    """cut -d DELIMITER -f FIELDS | -c CHARACTERS [file]…"""
    found, names = options.parse(call, "sn", "dfcb", {"delimiter": "d", "fields": "f", "characters": "c", "bytes": "b"})
    wanted = found.get("f") or found.get("c") or found.get("b")
    if not wanted:
        raise UsageError(
            "expected a list of bytes, characters, or fields"
            if call.busybox
            else "you must specify a list of bytes, characters, or fields\nTry 'cut --help' for more information."
        )
    ranges = _ranges(wanted)
    if ranges is None:
        raise UsageError(f"invalid range: {wanted}" if call.busybox else "invalid byte, character or field list")
    delimiter = found.get("d", "\t")
    for _, text in inputs(call, names):
        for line in lines_of(text):
            if "f" not in found:
                call.out("".join(char for place, char in enumerate(line, 1) if _inside(place, ranges)) + "\n")
            elif delimiter in line:
                fields = line.split(delimiter)
                call.out(delimiter.join(field for place, field in enumerate(fields, 1) if _inside(place, ranges)) + "\n")
            elif "s" not in found:
                call.out(line + "\n")
    return int(call.memo.get("failed", 0))


def _ranges(text: str) -> list[tuple[int, int]] | None:
    ranges: list[tuple[int, int]] = []
    for part in text.split(","):
        found = re.fullmatch(r"([0-9]{0,9})(-?)([0-9]{0,9})", part)
        if not found or not (found[1] or found[3]) or found[1] == "0":
            return None
        first = int(found[1] or 1)
        ranges.append((first, int(found[3] or 1 << 30) if found[2] else first))
    return ranges


def _inside(place: int, ranges: list[tuple[int, int]]) -> bool:
    return any(first <= place <= last for first, last in ranges)


@program("tee")
def tee(call: Call) -> int | Wait:
    """tee [-a] [file]…: to the output and to files, as it comes."""
    found, names = options.parse(call, "ai", "", {"append": "a"})
    memo = call.memo
    if "begun" not in memo:
        memo["begun"] = 1
        if "a" not in found:
            for name in names:
                try:
                    call.write(name, "")
                except FileError as error:
                    call.fail(f"{name}: {error}")
                    memo["failed"] = 1
    text, ended = call.take()
    call.out(text)
    for name in names:
        try:
            call.write(name, text, append=True)
        except FileError as error:
            if not memo.get("failed"):
                call.fail(f"{name}: {error}")
                memo["failed"] = 1
    return int(memo.get("failed", 0)) if ended else call.more()


@program("seq")
def seq(call: Call) -> int:
    """seq [-w] [-s separator] [first [step]] last"""
    args, separator, wide = list(call.args), "\n", False
    while args and re.match(r"-[ws]", args[0]):
        word = args.pop(0)
        if word[1] == "w":
            wide = True
        else:
            separator = word[2:] or (args.pop(0) if args else "\n")
    try:
        numbers = [float(word) for word in args]
    except ValueError as error:
        return call.fail(
            f"invalid number {str(error).rpartition(': ')[2]}"
            if call.busybox
            else f"invalid floating point argument: {str(error).rpartition(': ')[2]}"
        )
    if not 1 <= len(numbers) <= 3:
        return call.fail("missing operand" if not numbers else f"extra operand ‘{args[3]}’")
    first, step, last = (numbers[0] if len(numbers) > 1 else 1.0), (numbers[1] if len(numbers) == 3 else 1.0), numbers[-1]
    if step == 0:
        return call.fail(f"invalid Zero increment value: ‘{args[1]}’")
    places = max(len(word.partition(".")[2]) for word in args)
    count = min(int((last - first) / step + 1e-9) + 1, 500_000)
    texts = [f"{first + place * step:.{places}f}" for place in range(count)]
    if wide and texts:
        width = max(map(len, texts))
        texts = [text.zfill(width) for text in texts]
    if texts:
        call.out(separator.join(texts) + "\n")
    return 0


@program("nl")
def nl(call: Call) -> int:
    """nl: numbers lines that are not empty."""
    count = 0
    for _, text in inputs(call, [word for word in call.args if not word.startswith("-")]):
        for line in lines_of(text):
            count += line != ""
            call.out(f"{count:6d}\t{line}\n" if line else "       \n")
    return int(call.memo.get("failed", 0))


@program("paste")
def paste(call: Call) -> int:
    """paste [-s] [-d delimiter] file…"""
    found, names = options.parse(call, "s", "d")
    delimiter = unescaped(found.get("d", "\t"))
    columns = [lines_of(text) for _, text in inputs(call, names)]
    if "s" in found:
        for column in columns:
            call.out(delimiter.join(column) + "\n")
        return 0
    for place in range(max(map(len, columns), default=0)):
        call.out(delimiter.join(column[place] if place < len(column) else "" for column in columns) + "\n")
    return int(call.memo.get("failed", 0))


@program("fold")
def fold(call: Call) -> int:
    """fold [-w width]"""
    found, names = options.parse(call, "sb", "w")
    width = max(options.number(found.get("w", "80"), 80), 1)
    for _, text in inputs(call, names):
        for line in lines_of(text):
            for start in range(0, max(len(line), 1), width):
                call.out(line[start : start + width] + "\n")
    return 0


@program("more", "less")
def more(call: Call) -> int:
    """Without a terminal: cat."""
    for _, text in inputs(call, [word for word in call.args if not word.startswith("-")]):
        call.out(text)
    return int(call.memo.get("failed", 0))
