"""sed: s, y, p, d, q, a, i, c, =, n, with addresses and blocks."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from cluster.containers.files import FileError
from cluster.containers.programs import options, regex
from cluster.containers.programs.call import Call, UsageError, Wait, lines_of, program
from cluster.containers.programs.text import inputs

MOST_LINE = 1 << 20
DEEPEST = 20


@dataclass(slots=True)
class Address:
    """A line number, `$` (last) or a pattern."""

    number: int = 0
    last: bool = False
    pattern: regex.Regex | None = None


@dataclass(slots=True)
class Step:
    name: str
    start: Address | None = None
    end: Address | None = None
    negated: bool = False
    text: str = ""  # a, i, c: the text; s, y: the replacement
    pattern: regex.Regex | None = None
    flags: str = ""
    block: list[Step] = field(default_factory=list)
    inside: bool = False  # between start and end


class SedError(Exception):
    """A script that sed does not take."""


class _Parser:
    def __init__(self, text: str, extended: bool) -> None:
        self.text, self.at, self.extended = text, 0, extended
        self.last: regex.Regex | None = None

    def steps(self, depth: int = 0) -> list[Step]:
        found: list[Step] = []
        if depth > DEEPEST:
            raise SedError("too many {'s")
        while True:
            while self.at < len(self.text) and self.text[self.at] in " \t\n;":
                self.at += 1
            if self.at >= len(self.text):
                if depth:
                    raise SedError("unmatched `{'")
                return found
            if self.text[self.at] == "}":
                if not depth:
                    raise SedError("unexpected `}'")
                self.at += 1
                return found
            if self.text[self.at] == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
                continue
            found.append(self.step(depth))

    def step(self, depth: int) -> Step:
        step = Step("")
        step.start = self.address()
        if step.start is not None and self.text.startswith(",", self.at):
            self.at += 1
            self.blanks()
            if self.text.startswith("+", self.at):
                self.at += 1
                step.flags = "+"
            step.end = self.address()
            if step.end is None:
                raise SedError("unexpected `,'")
        self.blanks()
        while self.text.startswith("!", self.at):
            step.negated = True
            self.at += 1
            self.blanks()
        if self.at >= len(self.text):
            raise SedError("missing command")
        step.name = self.text[self.at]
        self.at += 1
        if step.name == "{":
            step.block = self.steps(depth + 1)
        elif step.name == "s":
            self.substitution(step)
        elif step.name == "y":
            separator = self.text[self.at : self.at + 1]
            self.at += 1
            step.flags, step.text = self.until(separator), self.until(separator)
            if len(step.flags) != len(step.text):
                raise SedError("strings for `y' command are different lengths")
        elif step.name in "aic":
            self.inserted(step)
        elif step.name not in "pdqDPnNhHgGx=l":
            raise SedError(f"unknown command: `{step.name}'")
        return step

    def blanks(self) -> None:
        while self.at < len(self.text) and self.text[self.at] in " \t":
            self.at += 1

    def address(self) -> Address | None:
        found = re.compile(r"[0-9]{1,9}").match(self.text, self.at)
        if found:
            self.at = found.end()
            return Address(number=int(found[0]))
        if self.text.startswith("$", self.at):
            self.at += 1
            return Address(last=True)
        if self.text.startswith("/", self.at) or self.text.startswith("\\", self.at):
            self.at += 1 + self.text.startswith("\\", self.at)
            pattern = self.compiled(self.until(self.text[self.at - 1]), "")
            if self.text.startswith("I", self.at):
                self.at += 1
            return Address(pattern=pattern)
        return None

    def until(self, separator: str) -> str:
        """The text up to a separator that has no backslash before it."""
        gathered: list[str] = []
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == "\\" and self.at + 1 < len(self.text):
                following = self.text[self.at + 1]
                gathered.append(following if following == separator and separator not in "()[]{}.*+?^$|" else char + following)
                self.at += 2
            elif char == separator:
                self.at += 1
                return "".join(gathered)
            else:
                gathered.append(char)
                self.at += 1
        raise SedError("unterminated address regex" if separator == "/" else "unterminated `s' command")

    def compiled(self, text: str, flags: str) -> regex.Regex:
        if text == "" and self.last is not None:
            return self.last
        self.last = regex.compiled(text, extended=self.extended, ignore_case="i" in flags.lower())
        return self.last

    def substitution(self, step: Step) -> None:
        separator = self.text[self.at : self.at + 1]
        self.at += 1
        try:
            pattern, step.text = self.until(separator), self.until(separator)
        except SedError:
            raise SedError("unterminated `s' command") from None
        flags = re.compile(r"[gpiI0-9e]*").match(self.text, self.at)
        step.flags += flags[0] if flags else ""
        self.at = flags.end() if flags else self.at
        self.blanks()
        if self.at < len(self.text) and self.text[self.at] not in ";\n}#":
            raise SedError("unknown option to `s'")
        step.pattern = self.compiled(pattern, step.flags)

    def inserted(self, step: Step) -> None:
        self.blanks()
        if self.text.startswith("\\", self.at):
            self.at += 1
            if self.text.startswith("\n", self.at):
                self.at += 1
        end = self.at
        while end < len(self.text) and (self.text[end] != "\n" or self.text[end - 1] == "\\"):
            end += 1
        step.text = self.text[self.at : end].replace("\\\n", "\n")
        self.at = end


class _Run:
    """sed at work on some lines."""

    def __init__(self, steps: list[Step], lines: list[str], silent: bool) -> None:
        self.steps, self.lines, self.silent = steps, lines, silent
        self.out: list[str] = []
        self.number, self.space, self.hold = 0, "", ""
        self.after: list[str] = []
        self.quit = False

    def run(self) -> str:
        while self.number < len(self.lines) and not self.quit:
            self.space = self.lines[self.number]
            self.number += 1
            self.after = []
            deleted = self.all(self.steps)
            if not deleted and not self.silent:
                self.out.append(self.space)
            self.out += self.after
        return "".join(f"{line}\n" for line in self.out)

    def all(self, steps: list[Step]) -> bool:
        """Carry out steps; whether the line has been deleted."""
        for step in steps:
            if self.applies(step) and self.one(step):
                return True
            if self.quit:
                return False
        return False

    def matches(self, address: Address) -> bool:
        if address.last:
            return self.number == len(self.lines)
        if address.pattern is not None:
            return address.pattern.search(self.space) is not None
        return self.number == address.number

    def applies(self, step: Step) -> bool:
        if step.start is None:
            return True
        if step.end is None:
            return self.matches(step.start) != step.negated
        here = step.inside
        if step.inside:
            past = step.end.number and self.number >= step.end.number and step.end.pattern is None
            step.inside = not (past or self.matches(step.end))
            if step.end.number and self.number > step.end.number:
                here = False
        elif self.matches(step.start):
            here = True
            if step.flags.startswith("+"):
                step.end = Address(number=self.number + step.end.number)
            step.inside = not (
                step.end.number and step.end.pattern is None and step.end.number <= self.number
            ) and self.number < len(self.lines)
        return here != step.negated

    def one(self, step: Step) -> bool:
        name = step.name
        if name == "{":
            return self.all(step.block)
        if name == "s":
            self.substitute(step)
        elif name == "y":
            self.space = self.space.translate({ord(a): b for a, b in zip(step.flags, step.text, strict=True)})
        elif name == "p":
            self.out.append(self.space)
        elif name == "=":
            self.out.append(str(self.number))
        elif name == "i":
            self.out.append(step.text)
        elif name == "a":
            self.after.append(step.text)
        elif name == "q":
            self.quit = True
        elif name in "hH":
            self.hold = self.space if name == "h" else f"{self.hold}\n{self.space}"[:MOST_LINE]
        elif name in "gG":
            self.space = self.hold if name == "g" else f"{self.space}\n{self.hold}"[:MOST_LINE]
        elif name == "x":
            self.space, self.hold = self.hold, self.space
        elif name in "nN":
            self.next(append=name == "N")
        elif name in "cd":
            if name == "c":
                self.out.append(step.text)
            return True
        return False

    def next(self, *, append: bool) -> None:
        if self.number >= len(self.lines):
            self.quit = True
            return
        if not append and not self.silent:
            self.out.append(self.space)
        following = self.lines[self.number]
        self.number += 1
        self.space = f"{self.space}\n{following}"[:MOST_LINE] if append else following

    def substitute(self, step: Step) -> None:
        assert step.pattern is not None
        digits = re.sub(r"[^0-9]", "", step.flags)
        wanted, everywhere = int(digits or 1), "g" in step.flags
        gathered, at, changed = [], 0, False
        for count, spans in enumerate(step.pattern.all(self.space), 1):
            start, end = spans[0]
            if count < wanted:
                continue
            gathered += [self.space[at:start], self.replacement(step.text, spans)]
            at, changed = end, True
            if not everywhere or sum(map(len, gathered)) > MOST_LINE:
                break
        if changed:
            self.space = "".join(gathered) + self.space[at:]
            if "p" in step.flags:
                self.out.append(self.space)

    def replacement(self, text: str, spans: regex.Spans) -> str:
        def one(found: re.Match[str]) -> str:
            mark = found[0]
            if mark == "&":
                return self.space[slice(*spans[0])]
            if mark[1].isdigit():
                number = int(mark[1])
                if number >= len(spans):
                    raise SedError(f"invalid reference \\{number} on `s' command's RHS")
                start, end = spans[number]
                return self.space[start:end] if start >= 0 else ""
            return {"n": "\n", "t": "\t"}.get(mark[1], mark[1])

        return re.sub(r"&|\\(?s:.)", one, text)


@program("sed")
def sed(call: Call) -> int | Wait:
    """sed [-nErsi] [-e script]… [-f file] [script] [file]…"""
    scripts = [
        call.args[place + 1]
        for place, word in enumerate(call.args[:-1])
        if word in ("-e", "--expression", "-ne", "-nEe", "-Ee", "-re")
    ]
    in_place = next((word[2:] for word in call.args if word.startswith("-i") and len(word) > 2), "")
    call.proc.argv[1:] = [word if not (word.startswith("-i") and len(word) > 2) else "-i" for word in call.args]
    found, names = options.parse(
        call, "nErsiuz", "ef", {"quiet": "n", "silent": "n", "regexp-extended": "E", "in-place": "i", "expression": "e"}
    )
    if "f" in found:
        scripts.append(call.text(found["f"]))
    if not scripts and "e" in found:
        scripts = [found["e"]]
    if not scripts:
        if not names:
            raise UsageError("Usage: sed [OPTION]... {script-only-if-no-other-script} [input-file]...")
        scripts = [names.pop(0)]
    extended = "E" in found or "r" in found
    try:
        steps = _Parser("\n".join(scripts), extended).steps()
        if "i" in found:
            return _in_place(call, names, scripts, extended, "n" in found, in_place)
        texts = [text for _, text in inputs(call, names)]
        call.out(_whole(_Run(steps, lines_of("".join(texts)), "n" in found).run(), texts[-1] if texts else ""))
    except (SedError, regex.BadPattern) as error:
        if call.busybox:
            return call.fail(str(error))
        call.err(f"sed: -e expression #1, char {len(scripts[0])}: {error}\n")
        return 1
    return 2 if call.memo.get("failed") and not call.busybox else int(call.memo.get("failed", 0))


def _whole(text: str, source: str) -> str:
    """A last line without an end stays without one."""
    return text[:-1] if source and not source.endswith("\n") and text.endswith("\n") else text


def _in_place(call: Call, names: list[str], scripts: list[str], extended: bool, silent: bool, suffix: str) -> int:
    code = 0
    for name in names:
        try:
            text = call.text(name)
            if suffix:
                call.write(name + suffix, text)
            call.write(name, _whole(_Run(_Parser("\n".join(scripts), extended).steps(), lines_of(text), silent).run(), text))
        except FileError as error:
            if error.name == "ENOENT":
                code = call.fail(f"{name}: {error}" if call.busybox else f"can't read {name}: {error}", 1 if call.busybox else 2)
            elif error.name == "EBUSY":
                code = call.fail(f"cannot rename {name}: {error}", 4)
            else:
                code = call.fail(f"couldn't open temporary file {name}: {error}", 4)
    return code
