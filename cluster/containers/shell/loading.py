"""What execve does: a process becomes the program, the shell or the script that a command line names."""

from __future__ import annotations

from cluster.containers.files import FileError, join
from cluster.containers.kernel import Kernel, NoProgram
from cluster.containers.process import Proc, Shell

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
SHELLS = frozenset({"sh", "ash", "dash", "bash", "zsh"})
SHELL_MEMORY = 1 << 20
MOST_ARGUMENTS = 2 << 20  # characters of all arguments together


def load(kernel: Kernel, proc: Proc, argv: list[str], path: str, shell: Shell | None = None, depth: int = 0) -> None:
    """Turn a process into what `argv` names; raises NoProgram. `shell`: the shell that asks, which also runs plain scripts."""
    if not argv or argv[0] == "":
        raise NoProgram(127, "not found")
    if sum(map(len, argv)) > MOST_ARGUMENTS:
        raise NoProgram(126, "Argument list too long")
    where, kind = kernel.find_program(proc.container, argv[0], path, proc.cwd, proc.uid)
    if where in kernel.software[proc.container].wrappers:
        _wrapped(kernel, proc, argv, where, path)
        return
    if kind.startswith("#"):
        _script(kernel, proc, argv, where, kind, path, shell, depth)
        return
    proc.argv = list(argv)
    if kind in SHELLS:
        if proc.env is None and shell is not None:
            proc.env = {name: shell.variables[name] for name in shell.exported if name in shell.variables}
        start_shell(kernel, proc, kind)
        return
    proc.program = kind
    proc.shell = None


def _wrapped(kernel: Kernel, proc: Proc, argv: list[str], where: str, path: str) -> None:
    """An entrypoint that goes on to its arguments; options are those of the image's server, where the script knows it."""
    rest = [word for word in argv[1:] if word != "--"]
    software = kernel.software[proc.container]
    server = software.command[0] if software.command else ""
    if not rest:
        rest = list(software.command)
    elif rest[0].startswith("-") and "nginx" not in software.servers and server:
        rest = [server, *rest]
    if not rest:
        raise NoProgram(127, "no command specified")
    try:
        load(kernel, proc, rest, path)
    except NoProgram as error:
        proc.shell = None
        proc.argv, proc.program, proc.memo = (
            list(argv),
            "failed-entrypoint",
            {"text": f"{where}: exec: line 47: {rest[0]}: {error}"},
        )
        proc.memo["code"] = error.code


def _script(
    kernel: Kernel, proc: Proc, argv: list[str], where: str, kind: str, path: str, shell: Shell | None, depth: int
) -> None:
    if depth > 4:
        raise NoProgram(126, "Too many levels of symbolic links")
    words = kind[2:].strip().split(None, 1)
    if not words:
        if shell is None:
            raise NoProgram(126, "exec format error")
        words = ["/bin/sh"]
    try:
        load(kernel, proc, [*words, where if "/" not in argv[0] else argv[0], *argv[1:]], path, shell, depth + 1)
    except NoProgram as error:
        raise NoProgram(error.code, "not found" if shell is not None else "no such file or directory") from None


def style_of(kernel: Kernel, container: str, name: str) -> tuple[str, bool]:
    """Whose messages a shell has, and whether it knows bash's grammar."""
    software = kernel.software[container]
    if name in ("bash", "zsh"):
        return "bash", True
    if software.userland == "busybox":
        return "ash", False
    return ("bash", True) if software.sh_is_bash else ("dash", False)


def start_shell(kernel: Kernel, proc: Proc, name: str) -> None:
    """A process becomes a shell: with the script of `-c`, of a file, or of its input."""
    style, bash = style_of(kernel, proc.container, name)
    environment = dict(kernel.environment(proc)) if proc.shell is None else kernel.environment(proc)
    arguments = proc.argv[1:]
    options, text = "", None
    while arguments and arguments[0][:1] in ("-", "+") and arguments[0] not in ("-", "+"):
        word = arguments.pop(0)
        if word == "--":
            break
        if word.startswith("--"):
            continue
        if word[-1] == "o" and arguments:
            options += "P" if arguments.pop(0) == "pipefail" else ""
        options += "".join(char for char in word[1:] if char in "cefuxilsn")
    shell = Shell(unit="", bash=bash, name=proc.argv[0], style=style, pid=proc.pid, options="".join(dict.fromkeys(options)))
    shell.variables = {**environment, "PWD": proc.cwd}
    if "IFS" in shell.variables:
        del shell.variables["IFS"]
    shell.exported = dict.fromkeys([*environment, "PWD"], True)
    shell.variables.setdefault("PATH", PATH)
    if bash:
        shell.variables["BASH_VERSION"] = "5.2.37(1)-release"
    shell.seed = proc.id * 7919
    proc.program, proc.memory = name, max(proc.memory, SHELL_MEMORY)
    if "c" in options:
        text = arguments[0] if arguments else f"echo '{proc.argv[0]}: -c: option requires an argument' >&2; exit 2"
        if len(arguments) > 1:
            shell.name = arguments[1]
        shell.arguments = arguments[2:]
    elif arguments and "s" not in options:
        shell.name, shell.arguments = arguments[0], arguments[1:]
        text = _file(kernel, proc, arguments[0])
        if text is None:
            wording = {
                "ash": "can't open '{}': No such file or directory",
                "dash": "0: cannot open {}: No such file",
                "bash": "{}: No such file or directory",
            }[style].format(arguments[0])
            text = f"echo '{proc.argv[0]}: {wording}' >&2; exit {2 if style != 'bash' else 127}"
    else:
        shell.arguments = arguments
    proc.shell = shell
    begin(kernel, proc, shell, text)


def _file(kernel: Kernel, proc: Proc, name: str) -> str | None:
    try:
        return kernel.view(proc.container).read(join(proc.cwd, name), proc.uid)
    except FileError:
        return None


def begin(kernel: Kernel, proc: Proc, shell: Shell, text: str | None) -> None:
    """Compile the script. Without one the shell reads its input: it becomes the program "sh-input" until that has ended."""
    from cluster.containers.shell import code, runner
    from cluster.containers.shell.syntax import ShellSyntaxError

    if text is None:
        proc.memo["shell"] = shell.to_row()
        proc.shell = None
        proc.program = "sh-input"
        return
    try:
        code.compiled(text, shell.bash)
    except ShellSyntaxError as error:
        message = runner.syntax_message(shell, str(error))
        if shell.style == "bash":
            runner.complain(kernel, proc, f"-c: line {error.line}: {message}" if "c" in shell.options else message, error.line)
        else:
            runner.complain(kernel, proc, message, error.line)
        text = "exit 2"
    shell.unit = runner.add_text(kernel, text)
