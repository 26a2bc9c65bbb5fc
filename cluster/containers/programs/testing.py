"""test, [: conditions on files, strings and numbers."""

from __future__ import annotations

import re

from cluster.containers.files import DIRECTORY, FILE, LINK, File, FileError
from cluster.containers.image import words
from cluster.containers.programs.call import Call, program
from cluster.containers.view import may

UNARY = words("-b -c -d -e -f -g -h -k -L -n -O -p -r -s -S -t -u -w -x -z -v")
BINARY = words("= == != -eq -ne -lt -le -gt -ge -nt -ot -ef < >")


class TestError(Exception):
    """Something that is no condition."""


def unary(operator: str, text: str, call: Call) -> bool:
    """A condition on one operand."""
    if operator == "-n":
        return text != ""
    if operator == "-z":
        return text == ""
    if operator == "-t":
        opened = call.kernel.opens.get(call.proc.fds.get(int(text) if text.isdecimal() else -1, 0))
        return opened is not None and opened.kind == "tty"
    if operator == "-v":
        shell = call.proc.shell
        return text in (shell.variables if shell is not None else call.env)
    if operator not in UNARY:
        raise TestError(f"{operator}: unknown operand")
    try:
        file = call.stat(text, follow=operator not in ("-h", "-L"))
    except FileError:
        return False
    return _on_file(operator, file, call, text)


def _on_file(operator: str, file: File, call: Call, text: str) -> bool:
    uid = call.proc.uid
    device = call.path(text).startswith("/dev/") and file.kind == FILE
    checks = {
        "-e": True,
        "-f": file.kind == FILE and not device,
        "-d": file.kind == DIRECTORY,
        "-h": file.kind == LINK,
        "-L": file.kind == LINK,
        "-s": file.size > 0,
        "-r": may(file, uid, 4),
        "-w": may(file, uid, 2),
        "-x": may(file, uid, 1),
        "-c": device,
        "-O": file.uid == uid,
    }
    return checks.get(operator, False)


def binary(left: str, operator: str, right: str, call: Call) -> bool:
    """A condition on two operands."""
    if operator in ("=", "=="):
        return left == right
    if operator == "!=":
        return left != right
    if operator == "<":
        return left < right
    if operator == ">":
        return left > right
    if operator in ("-nt", "-ot", "-ef"):
        one, other = _stat(call, left), _stat(call, right)
        if operator == "-ef":
            return one is not None and call.resolved(left) == call.resolved(right)
        if one is None or other is None:
            return (one is not None) if operator == "-nt" else (other is not None)
        return one.modified > other.modified if operator == "-nt" else one.modified < other.modified
    first, second = _integer(left, call), _integer(right, call)
    return {
        "-eq": first == second,
        "-ne": first != second,
        "-lt": first < second,
        "-le": first <= second,
        "-gt": first > second,
        "-ge": first >= second,
    }[operator]


def _stat(call: Call, name: str) -> File | None:
    try:
        return call.stat(name)
    except FileError:
        return None


def _integer(text: str, call: Call) -> int:
    if not re.fullmatch(r"\s*[-+]?[0-9]{1,30}\s*", text):
        if call.software.userland == "busybox":
            raise TestError(f"{text}: bad number" if text else "bad number")
        raise TestError(f"{text}: integer expression expected" if call.software.sh_is_bash else f"Illegal number: {text}")
    return int(text)


@program("test", "[")
def test(call: Call) -> int:
    """POSIX: what an expression means depends on the number of its arguments."""
    args = list(call.args)
    if call.name == "[":
        if not args or args[-1] != "]":
            return call.fail("missing ]", 2)
        args.pop()
    try:
        return int(not _Expression(args, call).value())
    except TestError as error:
        shell = call.kernel.procs.get(call.proc.parent)
        name = shell.shell.name if shell is not None and shell.shell is not None else call.name
        middle = {"ash": "", "dash": "1: [: ", "bash": "line 1: [: "}.get(
            shell.shell.style if shell is not None and shell.shell is not None else "ash", ""
        )
        call.err(f"{name}: {middle}{error}\n")
        return 2


class _Expression:
    def __init__(self, args: list[str], call: Call) -> None:
        self.args, self.call, self.place = args, call, 0

    def value(self) -> bool:
        args = self.args
        if len(args) == 0:
            return False
        if len(args) == 1:
            return args[0] != ""
        if len(args) == 3 and args[1] in BINARY:
            return binary(args[0], args[1], args[2], self.call)
        if args[0] == "!" and len(args) <= 4:
            return not _Expression(args[1:], self.call).value()
        if len(args) == 2:
            return unary(args[0], args[1], self.call)
        found = self.either()
        if self.place < len(args):
            raise TestError(f"{args[self.place]}: unknown operand")
        return found

    def peek(self) -> str | None:
        return self.args[self.place] if self.place < len(self.args) else None

    def either(self) -> bool:
        found = self.both()
        while self.peek() == "-o":
            self.place += 1
            found = self.both() or found
        return found

    def both(self) -> bool:
        found = self.negation()
        while self.peek() == "-a":
            self.place += 1
            found = self.negation() and found
        return found

    def negation(self) -> bool:
        negated = False
        while self.peek() == "!":
            self.place += 1
            negated = not negated
        return self.primary() != negated

    def primary(self) -> bool:
        args, at = self.args, self.place
        word = self.peek()
        if word is None:
            raise TestError("argument expected")
        if at + 2 < len(args) and args[at + 1] in BINARY:
            self.place += 3
            return binary(word, args[at + 1], args[at + 2], self.call)
        if word == "(":
            self.place += 1
            found = self.either()
            if self.peek() != ")":
                raise TestError("closing paren expected")
            self.place += 1
            return found
        if word in UNARY and at + 1 < len(args):
            self.place += 2
            return unary(word, args[at + 1], self.call)
        self.place += 1
        return word != ""
