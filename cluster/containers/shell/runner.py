"""Runs compiled scripts: one instruction after the other, until the shell has to wait or its time is up.

The running state is `Shell` (cluster/containers/process.py). Frames of its stack:
    ["loop", break pc, continue pc, status]            ["for", break pc, continue pc, status, items, place]
    ["redir", [[descriptor, open file before or 0]]]   ["case", text]
    ["call", unit, pc, arguments, locals, quiet, kind, status, redirected]     kind: function, source, eval, trap, exit;
        status: the one to come back with (trap, exit), whether a failure counts for set -e (function)
`waiting` says what its wait is for: ["fg", id, checked], ["sub", id, sink], ["pipe", [[id, status]], checked],
["wait", [pids]], ["done", checked].
"""

from __future__ import annotations

from typing import Any

from cluster.containers import signals
from cluster.containers.files import DIRECTORY, FileError, join
from cluster.containers.kernel import BrokenPipe, Kernel, NoProgram
from cluster.containers.process import READ, RUN, WAIT, WRITE, Open, Proc, Shell
from cluster.containers.programs.call import PROGRAMS, SMALL, Again, Call, play
from cluster.containers.shell import builtins, code, conditional, loading, patterns
from cluster.containers.shell.arithmetic import ArithmeticFault, DivisionByZero, evaluate
from cluster.containers.shell.code import Command, Unit
from cluster.containers.shell.expansion import Expander, ExpansionError, NeedsSubstitution, ParameterMissing, _Variables
from cluster.containers.shell.syntax import Redirection, ShellSyntaxError, Word

DEEPEST_CALL = 900
MOST_GLOBBED = 10_000
# Programs that are also part of the shell: no process, no time of their own.
INSIDE = frozenset({"echo", "printf", "test", "[", "pwd", "kill"})


class _Blocked(Exception):
    """The shell waits: nothing more can be done now."""


class _Left(Exception):
    """The process is no longer this shell: it has ended, or runs a program."""


def run(kernel: Kernel, proc: Proc, until: int) -> None:
    """Let a shell go on."""
    shell = proc.shell
    if shell is None:
        return
    try:
        if shell.waiting and shell.waiting[0] == "done":
            checked = shell.waiting[1]
            shell.waiting = []
            _check(kernel, proc, shell, checked)
        while True:
            if shell.pending:
                _trap(kernel, proc, shell)
            kernel.now = proc.wake
            unit = _unit(kernel, shell)
            instruction = unit.code[shell.pc]
            shell.pc += 1
            _OPERATIONS[instruction[0]](kernel, proc, shell, instruction)
            if not kernel.is_next(proc, until):
                return
    except (_Blocked, _Left):
        return


def _unit(kernel: Kernel, shell: Shell) -> Unit:
    return code.compiled(kernel.texts[shell.unit], shell.bash)


def add_text(kernel: Kernel, text: str) -> str:
    """The key of a script's text."""
    for key, known in kernel.texts.items():
        if known == text:
            return key
    key = str(kernel.number())
    kernel.texts[key] = text
    return key


# --- messages, ends ------------------------------------------------------------------------------------------------------


def complain(kernel: Kernel, proc: Proc, text: str, line: int = 1) -> None:
    """Write an error in the form of this shell."""
    shell = proc.shell
    name = shell.name if shell is not None else "sh"
    style = shell.style if shell is not None else "ash"
    where = {"ash": "", "dash": f"{line}: ", "bash": f"line {line}: "}[style]
    if style == "ash" and shell is not None and "/" in name and not name.startswith(("/bin/", "/usr/bin/")):
        where = f"line {line}: "
    put(kernel, proc, 2, f"{name}: {where}{text}\n")


def put(kernel: Kernel, proc: Proc, fd: int, text: str) -> None:
    """Write to a descriptor of the shell itself."""
    number = proc.fds.get(fd)
    if number is None:
        return
    try:
        kernel.write(kernel.opens[number], text)
    except BrokenPipe:
        kernel.exit(proc, 141)
        raise _Left from None
    except FileError:
        return


def leave(kernel: Kernel, proc: Proc, status: int) -> None:
    """End the shell, after its trap on EXIT."""
    shell = proc.shell
    assert shell is not None
    status &= 255
    action = shell.traps.pop("EXIT", "")
    if not action:
        kernel.exit(proc, status)
        raise _Left
    while shell.stack:
        _pop(kernel, proc, shell)
    shell.status = status
    _enter(kernel, proc, shell, action, "exit", status)


def _check(kernel: Kernel, proc: Proc, shell: Shell, checked: bool) -> None:
    """`set -e`."""
    if shell.status and checked and "e" in shell.options and not shell.quiet:
        leave(kernel, proc, shell.status)


def _trap(kernel: Kernel, proc: Proc, shell: Shell) -> None:
    signal = shell.pending.pop(0)
    action = shell.traps.get(signal)
    if action:
        _enter(kernel, proc, shell, action, "trap", shell.status)


# --- frames --------------------------------------------------------------------------------------------------------------


def _enter(kernel: Kernel, proc: Proc, shell: Shell, text: str, kind: str, status: int = 0) -> None:
    """Run another text, and come back."""
    try:
        code.compiled(text, shell.bash)
    except ShellSyntaxError as error:
        complain(kernel, proc, syntax_message(shell, str(error)), error.line)
        shell.status = 2
        if kind == "exit":
            kernel.exit(proc, 2)
            raise _Left from None
        if kind != "trap" and not shell.bash:
            leave(kernel, proc, 2)
        return
    call(kernel, proc, shell, add_text(kernel, text), 0, kind, shell.arguments, status)


def call(
    kernel: Kernel,
    proc: Proc,
    shell: Shell,
    unit: str,
    pc: int,
    kind: str,
    arguments: list[str],
    status: int = 0,
    redirected: bool = False,
) -> None:
    """Go on elsewhere, with a frame to come back."""
    shell.depth += 1
    if shell.depth > DEEPEST_CALL:
        kernel.exit(proc, signals.exit_code("SEGV"))
        raise _Left
    shell.stack.append(["call", shell.unit, shell.pc, shell.arguments, {}, shell.quiet, kind, status, redirected])
    shell.unit, shell.pc, shell.arguments = unit, pc, arguments


def syntax_message(shell: Shell, text: str) -> str:
    """An error of the grammar as each shell words it."""
    if shell.style == "ash":
        return text
    return text[0].upper() + text[1:] if shell.style == "dash" else text


def _pop(kernel: Kernel, proc: Proc, shell: Shell) -> list[Any]:
    """Take the topmost frame away, and undo what it stands for."""
    frame = shell.stack.pop()
    if frame[0] == "redir":
        restore(kernel, proc, frame[1])
    elif frame[0] == "call":
        _, shell.unit, shell.pc, shell.arguments, local, shell.quiet, kind, status, redirected = frame
        shell.depth -= 1
        for name, before in local.items():
            if before is None:
                shell.variables.pop(name, None)
            else:
                shell.variables[name] = before
        if kind == "trap":
            shell.status = status
        if redirected:
            _pop(kernel, proc, shell)
    return frame


def come_back(kernel: Kernel, proc: Proc, shell: Shell, *, functions_only: bool = False) -> None:
    """The end of a unit or a function, or `return`: back to the caller, or the end of the shell."""
    while shell.stack:
        frame = _pop(kernel, proc, shell)
        if frame[0] == "call" and not (functions_only and frame[6] == "eval"):
            if frame[6] == "exit":
                kernel.exit(proc, frame[7])
                raise _Left
            if frame[6] == "function":
                _check(kernel, proc, shell, bool(frame[7]))
            return
    leave(kernel, proc, shell.status)


def leave_loops(kernel: Kernel, proc: Proc, shell: Shell, count: int, *, again: bool) -> None:
    """`break n`, `continue n`."""
    depth = 0
    for place in range(len(shell.stack) - 1, -1, -1):
        frame = shell.stack[place]
        if frame[0] == "call" and frame[6] == "function":
            break
        if frame[0] in ("loop", "for"):
            depth += 1
    count = min(count, depth)
    while count:
        frame = shell.stack[-1]
        if frame[0] in ("loop", "for"):
            count -= 1
            if count == 0 and again:
                shell.pc = frame[2]
                return
            if count == 0:
                shell.pc = frame[1]
        _pop(kernel, proc, shell)
        if count == 0:
            shell.pc = frame[1]


# --- redirections --------------------------------------------------------------------------------------------------------


class _Refused(Exception):
    """A redirection that failed; it has been reported."""


def redirect(kernel: Kernel, proc: Proc, redirections: tuple[Redirection, ...], expander: Expander, line: int) -> list[list[int]]:
    """Carry out redirections; gives what is needed to undo them. Raises _Refused."""
    saved: list[list[int]] = []
    for redirection in redirections:
        operator = redirection.operator
        fd = redirection.fd if redirection.fd is not None else (0 if operator.startswith("<") else 1)
        target = expander.string(redirection.word)
        try:
            number = _opened(kernel, proc, operator, target)
        except FileError as error:
            restore(kernel, proc, saved)
            complain(kernel, proc, _refusal(proc.shell, operator, target, error), line)
            raise _Refused from None
        saved.append([fd, proc.fds.get(fd, 0)])
        if number:
            proc.fds[fd] = number
        else:
            proc.fds.pop(fd, None)
        if operator in ("&>", "&>>"):
            saved.append([2, proc.fds.get(2, 0)])
            proc.fds[2] = number
            kernel.opens[number].uses += 1
    return saved


def _opened(kernel: Kernel, proc: Proc, operator: str, target: str) -> int:
    if operator in (">&", "<&"):
        if target == "-":
            return 0
        if target.isdecimal() and int(target) in proc.fds:
            number = proc.fds[int(target)]
            kernel.opens[number].uses += 1
            return number
        raise FileError("EINVAL")
    if operator == "<<":
        return kernel.source(target)
    mode = {"<": "r", "<>": "r", ">>": "a", "&>>": "a"}.get(operator, "w")
    if target == "":
        raise FileError("ENOENT")
    return kernel.open(kernel.open_path(proc, target, mode))


def _refusal(shell: Shell | None, operator: str, target: str, error: FileError) -> str:
    style = shell.style if shell is not None else "ash"
    if operator in (">&", "<&"):
        return f"{target}: Bad file descriptor" if style != "ash" else f"dup2({target},1): Bad file descriptor"
    if style == "bash":
        return f"{target}: {error}"
    reading = operator.startswith("<")
    if style == "ash":
        short = {"ENOENT": "no such file" if reading else "nonexistent directory"}.get(error.name, str(error))
        return f"can't {'open' if reading else 'create'} {target}: {short}"
    long = {"ENOENT": "No such file" if reading else "Directory nonexistent"}.get(error.name, str(error))
    return f"cannot {'open' if reading else 'create'} {target}: {long}"


def restore(kernel: Kernel, proc: Proc, saved: list[list[int]]) -> None:
    """Undo redirections."""
    for fd, before in reversed(saved):
        if fd in proc.fds:
            kernel.close(proc.fds[fd])
        if before:
            proc.fds[fd] = before
        else:
            proc.fds.pop(fd, None)


def keep(kernel: Kernel, saved: list[list[int]]) -> None:
    """Redirections that stay (`exec > file`)."""
    for _, before in saved:
        if before:
            kernel.close(before)


# --- instructions --------------------------------------------------------------------------------------------------------


def _expander(kernel: Kernel, proc: Proc, shell: Shell, line: int) -> Expander:
    home = "/root" if proc.uid == 0 else "/"
    return Expander(shell, lambda pattern: glob(kernel, proc, pattern), home, line, kernel.now)


def _guarded(kernel: Kernel, proc: Proc, shell: Shell, line: int, error: Exception) -> None:
    """An expansion has failed: a shell that is not interactive ends."""
    shell.results = []
    text = str(error)
    if isinstance(error, DivisionByZero):
        text = {
            "ash": "divide by zero",
            "dash": f'arithmetic expression: division by zero: "{text}"',
            "bash": f'{text}: division by 0 (error token is "0")',
        }[shell.style]
    complain(kernel, proc, text, line)
    shell.status = (127 if isinstance(error, ParameterMissing) else 1) if shell.style == "bash" else 2
    if isinstance(error, ArithmeticFault) and shell.style == "bash":
        return
    leave(kernel, proc, shell.status)


def _cmd(kernel: Kernel, proc: Proc, shell: Shell, instruction: tuple[Any, ...]) -> None:
    command: Command = instruction[1]
    expander = _expander(kernel, proc, shell, command.line)
    before = dict(shell.variables) if command.substitutes else None
    try:
        if command.words and shell.bash and command.words[0] == (("L", "[["),):
            kernel.charge(proc, program=False)
            shell.status = conditional.evaluate(command.words, expander, Call(kernel, proc))
            shell.results = []
            _check(kernel, proc, shell, instruction[2])
            return
        argv = list(command.argv) if command.argv is not None else expander.fields(command.words)
        if argv and argv[0] in _DECLARING and command.argv is None:
            argv = _declaration(command.words, expander)
        values = [
            pair for name, more, word in command.assignments if (pair := _assigned(shell, expander, name, more, word)) is not None
        ]
        _command(kernel, proc, shell, command, argv, values, expander, instruction[2])
    except NeedsSubstitution as needed:
        if before is not None:
            shell.variables = before
        shell.pc -= 1
        _substitute(kernel, proc, shell, needed.number)
    except (ExpansionError, ArithmeticFault) as error:
        _guarded(kernel, proc, shell, command.line, error)


def _assigned(shell: Shell, expander: Expander, name: str, more: bool, word: Word) -> tuple[str, str] | None:
    """Variable and value of an assignment; an array is assigned at once."""
    if word and word[0][0] == "ARRAY":
        expander.assign_array(name, word[0][1], more=more)
        return None
    if name.endswith("]"):
        name = expander.element(name)
    value = expander.string(word)
    return name, shell.variables.get(name, "") + value if more else value


_DECLARING = frozenset({"export", "readonly", "local", "declare", "typeset"})


def _declaration(words: tuple[Word, ...], expander: Expander) -> list[str]:
    """`export x=$y` is an assignment: the value is not split."""
    expander.used = 0
    argv: list[str] = []
    for word in words:
        if word and word[0][0] == "L" and "=" in word[0][1]:
            argv.append(expander.string(word))
        else:
            argv += expander.fields((word,))
    return argv


def _command(
    kernel: Kernel,
    proc: Proc,
    shell: Shell,
    command: Command,
    argv: list[str],
    values: list[tuple[str, str]],
    expander: Expander,
    checked: bool,
) -> None:
    line = command.line
    try:
        saved = redirect(kernel, proc, command.redirections, expander, line) if command.redirections else []
    except _Refused:
        shell.results = []
        kernel.charge(proc, program=False)
        shell.status = 2 if shell.style == "dash" else 1
        if argv and argv[0] in builtins.SPECIAL and shell.style != "bash":
            leave(kernel, proc, shell.status)
        _check(kernel, proc, shell, checked)
        return
    shell.results = []
    if "x" in shell.options:
        _trace(kernel, proc, shell, argv, values)
    if not argv:
        restore(kernel, proc, saved)
        kernel.charge(proc, program=False)
        shell.status = shell.substituted if command.substitutes else 0
        shell.substituted = 0
        for name, value in values:
            expander.assign(name, value)
        _check(kernel, proc, shell, checked)
        return
    name = argv[0]
    if name in builtins.SPECIAL:
        for variable, value in values:
            expander.assign(variable, value)
        _builtin(kernel, proc, shell, argv, saved, line, checked)
    elif name in shell.functions:
        _function(kernel, proc, shell, argv, saved, values, checked)
    elif name in builtins.ORDINARY:
        with_values = _temporarily(shell, values)
        try:
            _builtin(kernel, proc, shell, argv, saved, line, checked)
        finally:
            _give_back(shell, with_values)
    else:
        _program(kernel, proc, shell, argv, saved, values, line, checked)


def _temporarily(shell: Shell, values: list[tuple[str, str]]) -> list[tuple[str, str | None]]:
    before = [(name, shell.variables.get(name)) for name, _ in values]
    shell.variables.update(values)
    return before


def _give_back(shell: Shell, before: list[tuple[str, str | None]]) -> None:
    for name, value in reversed(before):
        if value is None:
            shell.variables.pop(name, None)
        else:
            shell.variables[name] = value


def _trace(kernel: Kernel, proc: Proc, shell: Shell, argv: list[str], values: list[tuple[str, str]]) -> None:
    words = [f"{name}={quoted(value)}" for name, value in values] + [quoted(word) for word in argv]
    put(kernel, proc, 2, f"{shell.variables.get('PS4', '+ ')}{' '.join(words)}\n")


def quoted(word: str) -> str:
    """A word as a shell would have to be given it."""
    if word and all(char.isalnum() or char in "_-./:=,+@%^" for char in word):
        return word
    return "'" + word.replace("'", "'\\''") + "'"


def _builtin(kernel: Kernel, proc: Proc, shell: Shell, argv: list[str], saved: list[list[int]], line: int, checked: bool) -> None:
    kernel.charge(proc, program=False)
    depth = len(shell.stack)
    function = builtins.SPECIAL.get(argv[0]) or builtins.ORDINARY[argv[0]]
    used = builtins.Builtin(kernel, proc, shell, argv, line)
    try:
        status = function(used)
    except builtins.KeepRedirections:
        keep(kernel, saved)
        shell.status = 0
        return
    except Again as again:
        # Begin this command again when there is more to read.
        restore(kernel, proc, saved)
        shell.pc -= 1
        kernel.settle(proc, again.wait)
        raise _Blocked from None
    except NoProgram as error:
        complain(kernel, proc, f"{argv[1] if len(argv) > 1 else argv[0]}: {error}", line)
        leave(kernel, proc, error.code)
        return
    except BrokenPipe:
        kernel.exit(proc, 141)
        raise _Left from None
    except FileError as error:
        complain(kernel, proc, f"{argv[0]}: write error: {error}", line)
        status = 1
    if proc.id not in kernel.procs or proc.shell is not shell:
        raise _Left
    if len(shell.stack) > depth and shell.stack[-1][0] == "call":
        # eval and source: the redirections last as long as they do.
        shell.quiet = shell.quiet or not checked
        if saved:
            shell.stack.insert(-1, ["redir", saved])
            shell.stack[-1][8] = True
    elif saved:
        restore(kernel, proc, saved)
    if status is not None:
        shell.status = status
        if used.failed and argv[0] in builtins.SPECIAL and shell.style != "bash":
            leave(kernel, proc, status)
            return
        if proc.state == WAIT:
            raise _Blocked
        _check(kernel, proc, shell, checked)
    elif proc.state == WAIT:
        raise _Blocked


def _function(
    kernel: Kernel,
    proc: Proc,
    shell: Shell,
    argv: list[str],
    saved: list[list[int]],
    values: list[tuple[str, str]],
    checked: bool,
) -> None:
    kernel.charge(proc, program=False)
    if saved:
        shell.stack.append(["redir", saved])
    unit, address = shell.functions[argv[0]]
    quiet = shell.quiet or not checked
    call(kernel, proc, shell, unit, address, "function", argv[1:], int(checked), bool(saved))
    shell.quiet = quiet
    local = shell.stack[-1][4]
    for name, value in values:
        local[name] = shell.variables.get(name)
        shell.variables[name] = value


def _program(
    kernel: Kernel,
    proc: Proc,
    shell: Shell,
    argv: list[str],
    saved: list[list[int]],
    values: list[tuple[str, str]],
    line: int,
    checked: bool,
) -> None:
    """A program: one that ends at once is played in passing, one that waits becomes a process that is waited for."""
    name = argv[0]
    number = proc.fds.get(1)
    if number is not None and kernel.is_clogged(kernel.opens[number]):
        on = kernel.opens[number].n
        restore(kernel, proc, saved)
        shell.pc -= 1
        kernel.settle(proc, (WRITE, on))
        raise _Blocked
    inside = name in INSIDE
    kernel.charge(proc, program=not inside)
    child = Proc(
        kernel.number(),
        proc.pid if inside else kernel.next_pid(proc.container),
        proc.id,
        proc.container,
        argv,
        name,
        RUN,
        kernel.now,
        0,
        proc.fds,
        None,
        proc.cwd,
        proc.uid,
        proc.umask,
        {},
        None,
        proc.bucket,
        kernel.now // 1000,
        -1,
        SMALL,
    )
    if values:
        child.env = {**kernel.environment(proc), **dict(values)}
    try:
        if not inside:
            loading.load(kernel, child, argv, shell.variables.get("PATH", loading.PATH), shell)
    except NoProgram as error:
        text = "command not found" if shell.style == "bash" and str(error) == "not found" else str(error)
        complain(kernel, proc, f"{name}: {text}", line)
        restore(kernel, proc, saved)
        shell.status = error.code
        _check(kernel, proc, shell, checked)
        return
    result = play(Call(kernel, child)) if child.shell is None else (RUN, 0)
    if isinstance(result, int):
        restore(kernel, proc, saved)
        if proc.id not in kernel.procs:
            raise _Left
        shell.status = result
        _check(kernel, proc, shell, checked)
        return
    if child.env is None:
        child.env = kernel.environment(proc)
    if _is_last(kernel, proc, shell, saved):
        _become(kernel, proc, child, result)
        raise _Left
    if not kernel.can_fork():
        restore(kernel, proc, saved)
        _no_fork(kernel, proc, shell, line)
        return
    child.fds = kernel.share(proc.fds)
    restore(kernel, proc, saved)
    child.awaited = True
    kernel.settle(child, result)
    kernel.add(child)
    if child.memory != SMALL:
        kernel.demanded(child.container)
    _wait_for(kernel, proc, shell, ["fg", child.id, checked])


def _is_last(kernel: Kernel, proc: Proc, shell: Shell, saved: list[list[int]]) -> bool:
    """Whether nothing comes after a command, so that the shell itself may become it."""
    return (
        not shell.stack
        and not shell.traps
        and _unit(kernel, shell).code[shell.pc][0] == "end"
        and (shell.child or "c" in shell.options)
    )


def _become(kernel: Kernel, proc: Proc, child: Proc, result: tuple[str, int]) -> None:
    """The shell's process goes on as a program (exec)."""
    proc.argv, proc.program, proc.env, proc.memo, proc.shell = child.argv, child.program, child.env, child.memo, child.shell
    proc.memory, proc.cpu, proc.handles = child.memory, child.cpu, child.handles
    for other in kernel.procs.values():
        if other.parent == child.id:
            other.parent = proc.id
    kernel.settle(proc, result)
    kernel.demanded(proc.container)


def _no_fork(kernel: Kernel, proc: Proc, shell: Shell, line: int) -> None:
    texts = {
        "ash": "can't fork: Resource temporarily unavailable",
        "dash": "Cannot fork",
        "bash": "fork: retry: Resource temporarily unavailable",
    }
    complain(kernel, proc, texts[shell.style], line)
    leave(kernel, proc, 254 if shell.bash else 2)


def _wait_for(kernel: Kernel, proc: Proc, shell: Shell, what: list[Any]) -> None:
    shell.waiting = what
    proc.state = WAIT
    kernel.rest(proc)
    raise _Blocked


# --- children ------------------------------------------------------------------------------------------------------------


def _forked(kernel: Kernel, proc: Proc, shell: Shell, address: int, line: int, *, quiet: bool) -> Proc:
    """A copy of the shell that goes on at an address, with the same open files."""
    kernel.charge(proc, program=False)
    if not kernel.can_fork():
        _no_fork(kernel, proc, shell, line)
        raise _Left
    copy = Shell(
        unit=shell.unit,
        pc=address,
        bash=shell.bash,
        name=shell.name,
        style=shell.style,
        variables=dict(shell.variables),
        exported=dict(shell.exported),
        fixed=list(shell.fixed),
        functions=dict(shell.functions),
        arguments=list(shell.arguments),
        status=shell.status,
        options=shell.options,
        traps={name: "" for name, action in shell.traps.items() if not action},
        background=shell.background,
        pid=shell.pid,
        child=True,
        quiet=shell.quiet or quiet,
        seed=shell.seed,
        depth=shell.depth,
    )
    return Proc(
        kernel.number(),
        kernel.next_pid(proc.container),
        proc.id,
        proc.container,
        list(proc.argv),
        proc.program,
        RUN,
        kernel.now,
        0,
        kernel.share(proc.fds),
        None,
        proc.cwd,
        proc.uid,
        proc.umask,
        {},
        copy,
        proc.bucket,
        kernel.now // 1000,
        -1,
        proc.memory,
    )


def _replace(kernel: Kernel, child: Proc, fd: int, number: int) -> None:
    if fd in child.fds:
        kernel.close(child.fds[fd])
    child.fds[fd] = number


def _substitute(kernel: Kernel, proc: Proc, shell: Shell, number: int) -> None:
    address = _unit(kernel, shell).substitutions[number]
    child = _forked(kernel, proc, shell, address, 1, quiet=False)
    sink, end = kernel.sink()
    _replace(kernel, child, 1, end)
    kernel.add(child)
    _wait_for(kernel, proc, shell, ["sub", child.id, sink])


def _pipe(kernel: Kernel, proc: Proc, shell: Shell, instruction: tuple[Any, ...]) -> None:
    addresses, checked = instruction[1], instruction[2]
    children: list[Proc] = []
    before = 0
    for place, address in enumerate(addresses):
        child = _forked(kernel, proc, shell, address, 1, quiet=not checked)
        if before:
            _replace(kernel, child, 0, before)
            before = 0
        if place < len(addresses) - 1:
            before, end = kernel.pipe()
            _replace(kernel, child, 1, end)
        kernel.add(child)
        children.append(child)
    _wait_for(kernel, proc, shell, ["pipe", [[child.id, None] for child in children], checked])


def _fork(kernel: Kernel, proc: Proc, shell: Shell, instruction: tuple[Any, ...]) -> None:
    child = _forked(kernel, proc, shell, instruction[1], 1, quiet=not instruction[2])
    kernel.add(child)
    _wait_for(kernel, proc, shell, ["fg", child.id, instruction[2]])


def _bg(kernel: Kernel, proc: Proc, shell: Shell, instruction: tuple[Any, ...]) -> None:
    child = _forked(kernel, proc, shell, instruction[1], 1, quiet=False)
    _replace(kernel, child, 0, kernel.open(Open("null", "r")))
    kernel.add(child)
    shell.background = child.pid
    shell.status = 0


def child_ended(kernel: Kernel, proc: Proc, child: Proc, status: int) -> None:
    """A child has ended: the shell may have waited for it."""
    shell = proc.shell
    assert shell is not None
    waiting = shell.waiting
    kind = waiting[0] if waiting else ""
    if kind == "fg" and waiting[1] == child.id:
        shell.status = status
        shell.waiting = ["done", waiting[2]]
    elif kind == "sub" and waiting[1] == child.id:
        shell.results.append(kernel.pipes.pop(waiting[2]).text.rstrip("\n"))
        shell.substituted = status
        shell.waiting = []
    elif kind == "pipe" and any(number == child.id for number, _ in waiting[1]):
        waiting[1] = [[number, status if number == child.id else known] for number, known in waiting[1]]
        statuses = [known for _, known in waiting[1]]
        if None in statuses:
            return
        failures = [known for known in statuses if known]
        shell.status = (failures or [0])[-1] if "P" in shell.options else statuses[-1]
        shell.waiting = ["done", waiting[2]]
    else:
        if len(shell.jobs) < 1_000:
            shell.jobs[str(child.pid)] = status
        if kind != "wait" or not builtins.is_wait_over(kernel, proc, shell):
            return
        shell.waiting = []
    kernel.wake_up(proc)


# --- small instructions ----------------------------------------------------------------------------------------------------


def _jmp(kernel: Kernel, proc: Proc, shell: Shell, instruction: tuple[Any, ...]) -> None:
    shell.pc = instruction[1]


def _jfalse(kernel: Kernel, proc: Proc, shell: Shell, instruction: tuple[Any, ...]) -> None:
    if shell.status:
        shell.pc = instruction[1]


def _jtrue(kernel: Kernel, proc: Proc, shell: Shell, instruction: tuple[Any, ...]) -> None:
    if not shell.status:
        shell.pc = instruction[1]


def _not(kernel: Kernel, proc: Proc, shell: Shell, instruction: tuple[Any, ...]) -> None:
    shell.status = int(not shell.status)


def _zero(kernel: Kernel, proc: Proc, shell: Shell, instruction: tuple[Any, ...]) -> None:
    shell.status = 0


def _redir(kernel: Kernel, proc: Proc, shell: Shell, instruction: tuple[Any, ...]) -> None:
    def carry_out(expander: Expander) -> None:
        try:
            saved = redirect(kernel, proc, instruction[1], expander, 1)
        except _Refused:
            shell.status = 2 if shell.style == "dash" else 1
            shell.pc = instruction[2]
            return
        shell.stack.append(["redir", saved])

    _with_words(kernel, proc, shell, carry_out)


def _with_words(kernel: Kernel, proc: Proc, shell: Shell, function: Any) -> None:
    """Do something with words that may hold command substitutions."""
    before = dict(shell.variables)
    try:
        function(_expander(kernel, proc, shell, 1))
        shell.results = []
    except NeedsSubstitution as needed:
        shell.variables = before
        shell.pc -= 1
        _substitute(kernel, proc, shell, needed.number)
    except (ExpansionError, ArithmeticFault) as error:
        _guarded(kernel, proc, shell, 1, error)


def _unredir(kernel: Kernel, proc: Proc, shell: Shell, instruction: tuple[Any, ...]) -> None:
    _pop(kernel, proc, shell)


def _loop(kernel: Kernel, proc: Proc, shell: Shell, instruction: tuple[Any, ...]) -> None:
    shell.stack.append(["loop", instruction[1], instruction[2], 0])


def _keep(kernel: Kernel, proc: Proc, shell: Shell, instruction: tuple[Any, ...]) -> None:
    shell.stack[-1][3] = shell.status


def _endloop(kernel: Kernel, proc: Proc, shell: Shell, instruction: tuple[Any, ...]) -> None:
    shell.status = shell.stack.pop()[3]


def _for(kernel: Kernel, proc: Proc, shell: Shell, instruction: tuple[Any, ...]) -> None:
    def begin(expander: Expander) -> None:
        words = instruction[2]
        items = list(shell.arguments) if words is None else expander.fields(words)
        kernel.charge(proc, program=False)
        shell.stack.append(["for", instruction[3], shell.pc, 0, items, 0])

    _with_words(kernel, proc, shell, begin)


def _fornext(kernel: Kernel, proc: Proc, shell: Shell, instruction: tuple[Any, ...]) -> None:
    frame = shell.stack[-1]
    items, place = frame[4], frame[5]
    if place >= len(items):
        shell.pc = instruction[2]
        return
    frame[5] += 1
    shell.variables[instruction[1]] = items[place]


def _case(kernel: Kernel, proc: Proc, shell: Shell, instruction: tuple[Any, ...]) -> None:
    def begin(expander: Expander) -> None:
        text = expander.string(instruction[1])
        kernel.charge(proc, program=False)
        shell.stack.append(["case", text])

    _with_words(kernel, proc, shell, begin)


def _match(kernel: Kernel, proc: Proc, shell: Shell, instruction: tuple[Any, ...]) -> None:
    def compare(expander: Expander) -> None:
        text = shell.stack[-1][1]
        if any(patterns.matches(expander.pattern(word), text) for word in instruction[1]):
            shell.pc = instruction[2]

    _with_words(kernel, proc, shell, compare)


def _endcase(kernel: Kernel, proc: Proc, shell: Shell, instruction: tuple[Any, ...]) -> None:
    shell.stack.pop()


def _func(kernel: Kernel, proc: Proc, shell: Shell, instruction: tuple[Any, ...]) -> None:
    kernel.charge(proc, program=False)
    shell.functions[instruction[1]] = [shell.unit, instruction[2]]
    shell.status = 0


def _end(kernel: Kernel, proc: Proc, shell: Shell, instruction: tuple[Any, ...]) -> None:
    come_back(kernel, proc, shell)


def _arith(kernel: Kernel, proc: Proc, shell: Shell, instruction: tuple[Any, ...]) -> None:
    def compute(expander: Expander) -> None:
        kernel.charge(proc, program=False)
        text = expander.string(instruction[1])
        shell.status = int(not evaluate(text, _Variables(expander))) if text.strip() else 0

    _with_words(kernel, proc, shell, compute)
    _check(kernel, proc, shell, instruction[2])


_OPERATIONS: dict[str, Any] = {
    "cmd": _cmd,
    "jmp": _jmp,
    "jfalse": _jfalse,
    "jtrue": _jtrue,
    "pipe": _pipe,
    "fork": _fork,
    "bg": _bg,
    "not": _not,
    "zero": _zero,
    "redir": _redir,
    "unredir": _unredir,
    "loop": _loop,
    "keep": _keep,
    "endloop": _endloop,
    "for": _for,
    "fornext": _fornext,
    "case": _case,
    "match": _match,
    "endcase": _endcase,
    "func": _func,
    "ret": _end,
    "end": _end,
    "arith": _arith,
}


# --- patterns on files -----------------------------------------------------------------------------------------------------


def glob(kernel: Kernel, proc: Proc, pattern: str) -> list[str]:
    """The paths that match a pattern, sorted; none when nothing does."""
    view = kernel.view(proc.container)
    found = ["/"] if pattern.startswith("/") else [""]
    parts = [part for part in pattern.split("/") if part]
    for place, part in enumerate(parts):
        last = place == len(parts) - 1
        following: list[str] = []
        for base in found:
            where = join(proc.cwd, base or ".")
            if not patterns.has_magic(part):
                path = base + patterns.plain_text(part)
                if view.get(join(proc.cwd, path), follow=False) is not None:
                    following.append(path + ("" if last else "/"))
                continue
            try:
                names = view.names(where, proc.uid)
            except FileError:
                continue
            for name in names:
                if name.startswith(".") and not part.startswith("."):
                    continue
                if patterns.matches(part, name):
                    entry = view.get(join(where, name))
                    if last or (entry is not None and entry.kind == DIRECTORY):
                        following.append(f"{base}{name}" + ("" if last else "/"))
            if len(following) > MOST_GLOBBED:
                break
        found = following
    tail = "/" if pattern.endswith("/") and found and parts else ""
    return sorted(path + tail for path in found) if parts else []


__all__ = ["PROGRAMS", "READ", "child_ended", "complain", "run"]
