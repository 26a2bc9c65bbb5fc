"""The commands that are part of the shell because they change it."""

from __future__ import annotations

import re
from collections.abc import Callable

from cluster.containers import signals
from cluster.containers.files import DIRECTORY, FileError, join
from cluster.containers.image import words
from cluster.containers.kernel import Kernel, NoProgram
from cluster.containers.process import WAIT, Proc, Shell
from cluster.containers.programs.call import Again, Call
from cluster.containers.shell import loading

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
RESERVED = words("if then elif else fi while until for do done case esac in { } !")


class KeepRedirections(Exception):
    """`exec` without a command: its redirections stay."""


class Builtin(Call):
    """What a builtin sees: the shell as well."""

    __slots__ = ("argv", "failed", "line", "shell")

    def __init__(self, kernel: Kernel, proc: Proc, shell: Shell, argv: list[str], line: int) -> None:
        super().__init__(kernel, proc)
        self.shell, self.argv, self.line = shell, argv, line
        self.failed = False  # whether it was used in a wrong way

    @property
    def name(self) -> str:
        return self.argv[0]

    @property
    def args(self) -> list[str]:
        return self.argv[1:]

    def complain(self, text: str, code: int = 1) -> int:
        """Report an error in the shell's form: `sh: cd: …`."""
        from cluster.containers.shell import runner

        self.failed = True
        if self.shell.style == "ash":
            runner.complain(self.kernel, self.proc, f"{self.name}: line {self.line}: {text}", self.line)
        else:
            runner.complain(self.kernel, self.proc, f"{self.name}: {text}", self.line)
        return code


def _colon(b: Builtin) -> int:
    return 0


def _false(b: Builtin) -> int:
    return 1


def _break(b: Builtin) -> int | None:
    return _leave_loops(b, again=False)


def _continue(b: Builtin) -> int | None:
    return _leave_loops(b, again=True)


def _leave_loops(b: Builtin, *, again: bool) -> int | None:
    from cluster.containers.shell import runner

    count = b.args[0] if b.args else "1"
    if not count.isdecimal() or int(count) < 1:
        return b.complain(f"Illegal number: {count}", 2)
    b.shell.status = 0
    runner.leave_loops(b.kernel, b.proc, b.shell, int(count[:6]), again=again)
    return None


def _status_argument(b: Builtin) -> int | None:
    if not b.args:
        return b.shell.status
    if not re.fullmatch(r"-?[0-9]+", b.args[0]):
        b.complain(f"Illegal number: {b.args[0]}" if b.shell.style != "bash" else f"{b.args[0]}: numeric argument required")
        return None
    return int(b.args[0][:18]) & 255


def _return(b: Builtin) -> int | None:
    from cluster.containers.shell import runner

    status = _status_argument(b)
    if b.shell.style == "bash" and not any(frame[0] == "call" and frame[6] in ("function", "source") for frame in b.shell.stack):
        return b.complain("can only `return' from a function or sourced script", 2)
    b.shell.status = 2 if status is None else status
    runner.come_back(b.kernel, b.proc, b.shell, functions_only=True)
    return None


def _exit(b: Builtin) -> int | None:
    from cluster.containers.shell import runner

    status = _status_argument(b)
    runner.leave(b.kernel, b.proc, 2 if status is None else status)
    return None


def _eval(b: Builtin) -> int | None:
    from cluster.containers.shell import runner

    text = " ".join(b.args)
    if not text.strip():
        return 0
    b.shell.status = 0
    runner._enter(b.kernel, b.proc, b.shell, text, "eval")
    return None


def _source(b: Builtin) -> int | None:
    from cluster.containers.shell import runner

    if not b.args:
        return b.complain("filename argument required", 2)
    name = b.args[0]
    try:
        text = b.text(name)
    except FileError as error:
        short = {"ash": f"can't open '{name}': {error}", "dash": f"cannot open {name}: No such file"}
        if b.shell.style == "bash":
            runner.complain(b.kernel, b.proc, f"{name}: {error}", b.line)
            return 1
        b.complain(short[b.shell.style])
        runner.leave(b.kernel, b.proc, 2)
        return None
    b.shell.status = 0
    arguments = b.args[1:]
    runner._enter(b.kernel, b.proc, b.shell, text, "source")
    if arguments and b.shell.stack and b.shell.stack[-1][0] == "call":
        b.shell.arguments = arguments
    return None


def _exec(b: Builtin) -> int | None:
    if not b.args:
        raise KeepRedirections
    args = b.args
    environment = b.kernel.environment(b.proc)
    loaded = Proc(
        b.proc.id,
        b.proc.pid,
        b.proc.parent,
        b.proc.container,
        args,
        args[0],
        fds=b.proc.fds,
        env=environment,
        cwd=b.proc.cwd,
        uid=b.proc.uid,
        umask=b.proc.umask,
        bucket=b.proc.bucket,
        started=b.proc.started,
    )
    loading.load(b.kernel, loaded, args, b.shell.variables.get("PATH", loading.PATH), b.shell)
    proc = b.proc
    proc.argv, proc.program, proc.shell, proc.env, proc.memo = args, loaded.program, loaded.shell, environment, loaded.memo
    proc.wake += 1_000
    proc.handles, proc.signals, proc.memory = [], [], max(loaded.memory, 700 << 10)
    return 0


def _export(b: Builtin) -> int:
    return _declare_all(b, exported=True, fixed=False)


def _readonly(b: Builtin) -> int:
    return _declare_all(b, exported=False, fixed=True)


def _declare_all(b: Builtin, *, exported: bool, fixed: bool) -> int:
    shell, status = b.shell, 0
    names = [word for word in b.args if not word.startswith("-") or "=" in word]
    if not names:
        for name in sorted(shell.exported if exported else shell.fixed):
            if name in shell.variables:
                value = shell.variables[name].replace("'", "'\\''")
                b.out(f"{b.name} {name}='{value}'\n" if shell.style != "bash" else f'declare -x {name}="{value}"\n')
        return 0
    for word in names:
        name, equals, value = word.partition("=")
        if not _NAME.fullmatch(name):
            b.complain(f"{name}: bad variable name" if shell.style != "bash" else f"`{word}': not a valid identifier")
            status = 2 if shell.style != "bash" else 1
            continue
        if equals:
            if name in shell.fixed:
                return b.complain(f"{name}: is read only", 2)
            shell.variables[name] = value
        if "-n" in b.args:
            shell.exported.pop(name, None)
        elif exported:
            shell.exported[name] = True
        if fixed and name not in shell.fixed:
            shell.fixed.append(name)
    return status


_LONG = {"errexit": "e", "xtrace": "x", "nounset": "u", "noglob": "f", "pipefail": "P", "verbose": "v", "noclobber": "C"}


def _set(b: Builtin) -> int:
    shell, args = b.shell, list(b.args)
    if not args:
        for name, value in sorted(shell.variables.items()):
            quoted = value.replace("'", "'\\''")
            b.out(f"{name}='{quoted}'\n")
        return 0
    while args:
        word = args.pop(0)
        if word == "--":
            shell.arguments = args
            return 0
        if word[:1] not in ("-", "+") or len(word) < 2:
            shell.arguments = [word, *args]
            return 0
        for char in word[1:]:
            letter = char
            if char == "o":
                name = args.pop(0) if args else ""
                if name not in _LONG:
                    return b.complain(f"Illegal option -o {name}", 2)
                if name == "pipefail" and shell.style == "dash":
                    return b.complain("Illegal option -o pipefail", 2)
                letter = _LONG[name]
            elif char not in "aefuxvnCbhmB":
                return b.complain(f"Illegal option -{char}", 2)
            shell.options = shell.options.replace(letter, "")
            if word[0] == "-":
                shell.options += letter
    return 0


def _shift(b: Builtin) -> int:
    count = b.args[0] if b.args else "1"
    if not count.isdecimal():
        return b.complain(f"Illegal number: {count}", 2)
    if int(count[:6]) > len(b.shell.arguments):
        return b.complain("can't shift that many", 2) if b.shell.style == "dash" else 1
    b.shell.arguments = b.shell.arguments[int(count[:6]) :]
    return 0


def _unset(b: Builtin) -> int:
    shell = b.shell
    functions = "-f" in b.args
    for name in b.args:
        if name.startswith("-"):
            continue
        if functions:
            shell.functions.pop(name, None)
        elif name in shell.fixed:
            return b.complain(f"{name}: is read only", 2)
        else:
            shell.variables.pop(name, None)
            shell.exported.pop(name, None)
    return 0


def _trap(b: Builtin) -> int:
    shell, args = b.shell, [word for word in b.args if word not in ("--", "-p")]
    if not args:
        for name, action in shell.traps.items():
            quoted = action.replace("'", "'\\''")
            b.out(f"trap -- '{quoted}' {name if name == 'EXIT' or shell.style != 'bash' else 'SIG' + name}\n")
        return 0
    if "-l" in args:
        b.out(" ".join(signals.NUMBERS) + "\n")
        return 0
    action, names = (args[0], args[1:]) if len(args) > 1 else ("-", args)
    status = 0
    for word in names:
        signal = "EXIT" if word.upper() in ("EXIT", "0") else signals.name_of(word)
        if signal is None:
            status = b.complain(f"{word}: bad trap" if shell.style != "bash" else f"{word}: invalid signal specification")
        elif action == "-":
            shell.traps.pop(signal, None)
        elif signal != "KILL":
            shell.traps[signal] = action
    return status


def _cd(b: Builtin) -> int:
    shell, proc = b.shell, b.proc
    args = [word for word in b.args if word not in ("-L", "-P", "--")]
    target = args[0] if args else shell.variables.get("HOME", "")
    if target == "-":
        target = shell.variables.get("OLDPWD", "")
        if not target:
            return b.complain("OLDPWD not set", 2 if shell.style == "dash" else 1)
        b.out(target + "\n")
    if not target:
        return 0
    where = join(proc.cwd, target)
    try:
        if b.view.stat(where).kind != DIRECTORY:
            raise FileError("ENOTDIR")
    except FileError as error:
        if shell.style == "bash":
            return b.complain(f"{target}: {error}")
        return b.complain(
            f"can't cd to {target}" + ("" if shell.style == "dash" else f": {error}"), 2 if shell.style == "dash" else 1
        )
    shell.variables["OLDPWD"], shell.variables["PWD"] = proc.cwd, where
    proc.cwd = where
    return 0


def _read(b: Builtin) -> int:
    """`read [-r] [-p prompt] [-t seconds] [-n count] name…`"""
    raw, names, args = False, list[str](), list(b.args)
    limit = None
    while args and args[0].startswith("-") and len(args[0]) > 1:
        word = args.pop(0)
        for place, char in enumerate(word[1:], 1):
            if char == "r":
                raw = True
            elif char in "ptnd":
                value = word[place + 1 :] or (args.pop(0) if args else "")
                if char == "n" and value.isdecimal():
                    limit = int(value[:6])
                if char == "p" and b.shell.style != "ash":
                    b.err(value)
                break
    names = args or ["REPLY"]
    line, complete = _input_line(b, limit)
    if not raw:
        while complete and re.search(r"(?<!\\)(\\\\)*\\$", line):
            following, complete = _input_line(b, limit)
            line = line[:-1] + following
    _spread(b, line, names, raw)
    return 0 if complete else 1


def _input_line(b: Builtin, limit: int | None) -> tuple[str, bool]:
    opened = b.stdin()
    if opened is None:
        return "", False
    if opened.kind == "file":
        entry = b.kernel.view(opened.a).entry(opened.b)
        text = entry.text if entry is not None else ""
        end = text.find("\n", opened.at)
        stop = len(text) if end < 0 else end
        if limit is not None and stop - opened.at >= limit:
            stop, end = opened.at + limit, -1
            line, opened.at = text[opened.at : stop], stop
            return line, True
        line, opened.at = text[opened.at : stop], min(stop + 1, len(text))
        return line, end >= 0
    if opened.kind == "pipe":
        pipe = b.kernel.pipes[opened.n]
        text = pipe.text
        end = text.find("\n")
        if limit is not None and len(text) >= limit and (end < 0 or end >= limit):
            pipe.take()
            pipe.put(text[limit:])
            return text[:limit], True
        if end < 0 and pipe.writers:
            raise Again(b.more())
        pipe.take()
        if 0 <= end < len(text) - 1:
            pipe.put(text[end + 1 :])
        return (text, False) if end < 0 else (text[:end], True)
    if opened.kind == "tty":
        raise Again(b.more())
    return "", False


def _spread(b: Builtin, line: str, names: list[str], raw: bool) -> None:
    """Split a line at the separators: the last name takes the rest."""
    ifs = b.shell.variables.get("IFS", " \t\n")
    blanks = "".join(char for char in ifs if char in " \t\n")
    chars = [(char, False) for char in line]
    if not raw and "\\" in line:
        chars, escaped = [], False
        for char in line:
            if char == "\\" and not escaped:
                escaped = True
                continue
            chars.append((char, escaped))
            escaped = False
    at = 0
    while at < len(chars) and chars[at][0] in blanks and not chars[at][1]:
        at += 1
    for name in names[:-1]:
        start = at
        while at < len(chars) and (chars[at][0] not in ifs or chars[at][1]):
            at += 1
        b.shell.variables[name] = "".join(char for char, _ in chars[start:at])
        while at < len(chars) and chars[at][0] in blanks and not chars[at][1]:
            at += 1
        if at < len(chars) and chars[at][0] in ifs and chars[at][0] not in blanks and not chars[at][1]:
            at += 1
            while at < len(chars) and chars[at][0] in blanks and not chars[at][1]:
                at += 1
    rest = chars[at:]
    while rest and rest[-1][0] in blanks and not rest[-1][1]:
        rest.pop()
    text = "".join(char for char, _ in rest)
    others = [char for char, escaped in rest if char in ifs and char not in blanks and not escaped]
    if len(others) == 1 and rest and rest[-1][0] == others[0]:
        text = text[:-1]
    b.shell.variables[names[-1]] = text


def _children(kernel: Kernel, proc: Proc) -> list[Proc]:
    return [child for child in kernel.procs.values() if child.parent == proc.id and not child.awaited]


def is_wait_over(kernel: Kernel, proc: Proc, shell: Shell) -> bool:
    """Whether everything that `wait` waits for has ended; sets its status."""
    wanted = shell.waiting[1]
    if not wanted:
        if _children(kernel, proc):
            return False
        shell.status = 0
        shell.jobs = {}
        return True
    if any(pid not in shell.jobs for pid in wanted):
        return False
    shell.status = shell.jobs[wanted[-1]]
    return True


def _wait(b: Builtin) -> int | None:
    wanted = [word.lstrip("%") for word in b.args if not word.startswith("-")]
    shell = b.shell
    alive = {str(child.pid) for child in _children(b.kernel, b.proc)}
    unknown = [pid for pid in wanted if pid not in alive and pid not in shell.jobs]
    if unknown:
        return 127
    shell.waiting = ["wait", wanted]
    if is_wait_over(b.kernel, b.proc, shell):
        shell.waiting = []
        return shell.status
    b.proc.state = WAIT
    b.kernel.rest(b.proc)
    return None


def _umask(b: Builtin) -> int:
    if not b.args:
        b.out(f"{b.proc.umask:04o}\n")
    elif re.fullmatch(r"[0-7]{1,4}", b.args[0]):
        b.proc.umask = int(b.args[0], 8)
    return 0


def _local(b: Builtin) -> int:
    shell = b.shell
    frame = next((frame for frame in reversed(shell.stack) if frame[0] == "call" and frame[6] == "function"), None)
    if frame is None:
        if b.name == "local":
            return b.complain("not in a function" if shell.style != "bash" else "can only be used in a function", 2)
        return _declare_all(b, exported="-x" in b.args, fixed="-r" in b.args)
    for word in b.args:
        if word.startswith("-"):
            continue
        name, equals, value = word.partition("=")
        if not _NAME.fullmatch(name):
            return b.complain(f"{name}: bad variable name", 2)
        frame[4].setdefault(name, shell.variables.get(name))
        if equals:
            shell.variables[name] = value
        elif shell.style == "bash":
            shell.variables.pop(name, None)
    return 0


def _command(b: Builtin) -> int | None:
    if b.args[:1] and b.args[0] in ("-v", "-V"):
        return _found(b, b.args[1:], short=b.args[0] == "-v")
    return 0 if not b.args else _again(b, b.args)


def _again(b: Builtin, argv: list[str]) -> int | None:
    """`command name …`: without functions."""
    from cluster.containers.shell import runner

    function = SPECIAL.get(argv[0]) or ORDINARY.get(argv[0])
    if function is not None:
        return function(Builtin(b.kernel, b.proc, b.shell, argv, b.line))
    return _eval(Builtin(b.kernel, b.proc, b.shell, ["eval", " ".join(runner.quoted(word) for word in argv)], b.line))


def _type(b: Builtin) -> int:
    return _found(b, b.args, short=False)


def _found(b: Builtin, names: list[str], *, short: bool) -> int:
    from cluster.containers.shell import runner

    status = 0
    for name in names:
        if name in b.shell.functions:
            b.out(f"{name}\n" if short else f"{name} is a function\n")
        elif name in SPECIAL or name in ORDINARY or name in runner.INSIDE:
            b.out(f"{name}\n" if short else f"{name} is a shell builtin\n")
        elif name in RESERVED:
            b.out(f"{name}\n" if short else f"{name} is a shell keyword\n")
        else:
            try:
                path, _ = b.kernel.find_program(
                    b.proc.container, name, b.shell.variables.get("PATH", loading.PATH), b.proc.cwd, b.proc.uid
                )
                b.out(f"{path}\n" if short else f"{name} is {path}\n")
            except NoProgram:
                status = 127 if b.shell.style != "bash" else 1
                if not short:
                    b.err(f"{name}: not found\n") if b.shell.style != "bash" else b.complain(f"{name}: not found")
    return status


def _getopts(b: Builtin) -> int:
    if len(b.args) < 2:
        return b.complain("usage: getopts optstring name [arg ...]", 2)
    letters, name, words = b.args[0], b.args[1], b.args[2:] or b.shell.arguments
    variables = b.shell.variables
    index = variables.get("OPTIND", "1")
    number, at = int(index) if index.isdecimal() else 1, int(variables.get("_OPTAT", "1"))
    word = words[number - 1] if 0 < number <= len(words) else ""
    if not word.startswith("-") or word in ("-", "") or word == "--":
        variables["OPTIND"] = str(number + (word == "--"))
        variables[name] = "?"
        return 1
    letter = word[at]
    known = letters.find(letter)
    wants = known >= 0 and letters[known + 1 : known + 2] == ":"
    variables.pop("OPTARG", None)
    variables[name] = letter if known >= 0 and letter != ":" else "?"
    if known < 0:
        if letters.startswith(":"):
            variables["OPTARG"] = letter
        else:
            b.err(f"{b.shell.name}: Illegal option -{letter}\n")
    if wants:
        if at + 1 < len(word):
            variables["OPTARG"] = word[at + 1 :]
        elif number < len(words):
            number += 1
            variables["OPTARG"] = words[number - 1]
        else:
            variables[name] = ":" if letters.startswith(":") else "?"
            if not letters.startswith(":"):
                b.err(f"{b.shell.name}: No arg for -{letter} option\n")
        number, at = number + 1, 1
    elif at + 1 < len(word):
        at += 1
    else:
        number, at = number + 1, 1
    variables["OPTIND"], variables["_OPTAT"] = str(number), str(at)
    return 0


def _let(b: Builtin) -> int:
    from cluster.containers.shell.arithmetic import ArithmeticFault, evaluate

    value = 0
    try:
        for word in b.args:
            value = evaluate(word, b.shell.variables)
    except ArithmeticFault as fault:
        return b.complain(str(fault))
    return int(not value)


def _jobs(b: Builtin) -> int:
    for number, child in enumerate(_children(b.kernel, b.proc), 1):
        b.out(f"[{number}]+  Running                 {' '.join(child.argv)}\n")
    return 0


def _nothing(b: Builtin) -> int:
    return 0


def _ulimit(b: Builtin) -> int:
    b.out("1048576\n" if "-n" in b.args else "unlimited\n")
    return 0


Function = Callable[[Builtin], int | None]

# A failure of these ends a shell that is not interactive (POSIX 2.14), and no function can hide them.
SPECIAL: dict[str, Function] = {
    ":": _colon,
    ".": _source,
    "break": _break,
    "continue": _continue,
    "return": _return,
    "exit": _exit,
    "eval": _eval,
    "exec": _exec,
    "export": _export,
    "readonly": _readonly,
    "set": _set,
    "shift": _shift,
    "unset": _unset,
    "trap": _trap,
    "times": _nothing,
}
ORDINARY: dict[str, Function] = {
    "true": _colon,
    "false": _false,
    "source": _source,
    "cd": _cd,
    "read": _read,
    "wait": _wait,
    "umask": _umask,
    "local": _local,
    "declare": _local,
    "typeset": _local,
    "command": _command,
    "builtin": _command,
    "type": _type,
    "getopts": _getopts,
    "let": _let,
    "jobs": _jobs,
    "fg": _nothing,
    "bg": _nothing,
    "hash": _nothing,
    "alias": _nothing,
    "unalias": _nothing,
    "shopt": _nothing,
    "ulimit": _ulimit,
    "disown": _nothing,
    "enable": _nothing,
}
