"""What a container does once it runs: the one place that decides it.

A plan says what is listened on, when and how the process ends by itself, how it takes the signal to stop, and which
files lie where when. Shell scripts are read as far as is needed for that: sleeps, exits, files, endless loops.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field

from cluster.kubelet.images import GRACEFUL, TERMINATED, Image
from cluster.objects import quantity, times
from cluster.objects.documents import Document, dig

KILLED = 137  # 128 + SIGKILL
NOT_FOUND = 127
CANNOT_START = 128

SHELLS = frozenset({"sh", "bash", "ash", "dash"})
_TOOL_NAMES = (
    "echo printf date ls env hostname id whoami uname pwd mkdir chmod chown cp mv ln cd export set unset local umask "
    "test [ true : wget curl nslookup dig ping grep sed awk head tee sort wc cut tr seq expr find ps df du mount sync "
    "apk apt-get apt pip npm nc telnet trap read shift eval source . which basename dirname kill stty clear dd od "
    "md5sum sha256sum base64 ip ifconfig netstat ss route free uptime nproc"
)
# Programs that end at once and succeed, whatever they are told.
TOOLS = frozenset(_TOOL_NAMES.split())
# Programs that run until they are stopped and that, as process 1, do not hear SIGTERM.
INTERPRETERS = frozenset({"python", "python3", "node", "java", "ruby", "php", "go", "perl"})
LOOPS = frozenset({"while", "until", "for"})


@dataclass(frozen=True, slots=True)
class Exit:
    """The end of a process, `after` ms from its start."""

    after: int
    code: int
    reason: str = ""

    @property
    def shown_reason(self) -> str:
        """`terminated.reason` as containerd derives it from the code."""
        return self.reason or ("Completed" if self.code == 0 else "Error")


@dataclass(frozen=True, slots=True)
class Plan:
    """What one run of a container will be like. Times are ms from its start."""

    ports: frozenset[int] | None = frozenset()  # None: any
    ready_after: int = 0
    end: Exit | None = None
    stops: bool = True  # whether the stop signal ends it
    stop_code: int = TERMINATED
    error: str = ""  # why the runtime cannot start it at all
    files: tuple[tuple[int, str, bool], ...] = ()  # (when, path, exists from now on)
    paths: frozenset[str] | None = None  # what its web server has
    fails_from: int | None = None  # from when on it answers with 500
    programs: frozenset[str] = frozenset()

    def listens(self, port: int, at: int) -> bool:
        return at >= self.ready_after and (self.ports is None or port in self.ports)

    def has_file(self, path: str, at: int) -> bool:
        exists = False
        for when, name, there in self.files:
            if name == path and when <= at:
                exists = there
        return exists

    @property
    def turns(self) -> list[int]:
        """When something that a probe could see changes."""
        found = {when for when, _, _ in self.files} | {self.ready_after}
        return sorted(found | ({self.fails_from} if self.fails_from is not None else set()))


@dataclass
class _Run:
    """A script as far as it has been read."""

    at: int = 0
    code: int = 0
    forever: bool = False
    exited: bool = False
    traps: bool = False
    files: list[tuple[int, str, bool]] = field(default_factory=list)
    served: Plan | None = None


def plan(container: Document, image: Image) -> Plan:
    """What this container of that image does when it is started."""
    argv = _argv(container)
    if not argv:
        return _default(container, image)
    program = argv[0].rsplit("/", 1)[-1]
    if program in SHELLS:
        if not image.has_shell:
            return Plan(error=_not_found(argv[0]))
        return _shell(container, image, argv)
    if argv[0].startswith("-") or _is_own_server(image, argv[0], program):
        return _default(container, image, argv)
    if not _exists(image, argv[0], program):
        if image.serves and not container.get("command"):
            return _default(container, image, argv)  # arguments of the image's entrypoint
        return Plan(error=_not_found(argv[0]))
    run = _Run()
    _command(run, argv, container, image)
    return _finished(run, container, image, is_shell=False)


def execute(argv: Sequence[str], running: Plan, at: int) -> tuple[int, str]:
    """Exit code and output of a command run inside a container (an exec probe), `at` ms after the container's start."""
    if not argv:
        return 0, ""
    program = argv[0].rsplit("/", 1)[-1]
    if program in SHELLS and len(argv) > 2 and argv[1] in ("-c", "-ec"):
        return _execute_script(argv[2], running, at)
    if program in ("cat", "ls", "stat", "test", "["):
        return _execute_on_file(program, argv, running, at)
    if program == "false":
        return 1, ""
    if program == "exit":
        return _number(argv[1:], 0), ""
    if program in TOOLS or program in INTERPRETERS or program == "sleep" or "*" in running.programs:
        return 0, ""
    if program in running.programs or argv[0] in running.programs:
        # A client such as redis-cli or pg_isready answers for the server.
        return (0, "") if at >= running.ready_after else (1, "connection refused")
    return CANNOT_START, _not_found(argv[0])


# --- the image's own process ----------------------------------------------------------------------------------------


def _argv(container: Document) -> list[str]:
    command = container.get("command") or []
    return [*command, *(container.get("args") or [])]


def _is_own_server(image: Image, word: str, program: str) -> bool:
    own = image.programs and (word in image.programs or program in image.programs)
    return image.serves and bool(own) and "*" not in image.programs


def _exists(image: Image, word: str, program: str) -> bool:
    known = "*" in image.programs or word in image.programs or program in image.programs
    if known or not image.has_shell:
        return known
    # A path may lead to anything that a volume or the image brings along.
    return program in TOOLS or program in ("sleep", "cat", "tail", "false", "touch", "rm", "exec") or "/" in word


def _not_found(word: str) -> str:
    problem = "no such file or directory" if "/" in word else "executable file not found in $PATH"
    detail = f'stat {word}: {problem}' if "/" in word else problem
    return (
        "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: "
        f'unable to start container process: error during container init: exec: "{word}": {detail}'
    )


def _default(container: Document, image: Image, argv: Sequence[str] = ()) -> Plan:
    if not image.serves:
        return Plan(end=Exit(20, 0), programs=image.programs)
    if image.needs_env and not image.needs_env & _environment(container) and not container.get("envFrom"):
        return Plan(end=Exit(400, 1))
    ports = frozenset(image.ports) if image.ports is not None else _declared_ports(container)
    named = _listening_argument(argv)
    return Plan(
        ports=ports | named if ports is not None else None, ready_after=image.start, stops=image.stops,
        stop_code=image.stop_code, programs=image.programs,
        paths=None if container.get("volumeMounts") and _mounts_content(container) else image.paths,
        fails_from=10 * times.SECOND if "liveness" in argv[:2] else None,
    )


def _mounts_content(container: Document) -> bool:
    return any("serviceaccount" not in mount["mountPath"] for mount in container["volumeMounts"])


def _environment(container: Document) -> frozenset[str]:
    return frozenset(variable["name"] for variable in container.get("env") or [])


def _declared_ports(container: Document) -> frozenset[int] | None:
    declared = frozenset(port["containerPort"] for port in container.get("ports") or [])
    return declared or None


def _listening_argument(argv: Sequence[str]) -> frozenset[int]:
    """The port in arguments such as `--http-port=8080`, `--port 8080`, `-listen=:5678`."""
    return frozenset(int(port) for port in re.findall(r"(?:port|listen)[= ]\D{0,12}?(\d{2,5})", " ".join(argv)))


# --- commands -------------------------------------------------------------------------------------------------------


def _shell(container: Document, image: Image, argv: list[str]) -> Plan:
    options = [word for word in argv[1:] if word.startswith("-")]
    if not any("c" in option for option in options):
        # A script file does who knows what; a shell without a terminal meets the end of its input.
        if len(argv) == 1 or options == argv[1:]:
            return Plan(end=Exit(20, 0), programs=image.programs)
        return Plan(ports=_declared_ports(container), programs=image.programs, stops=False)
    script = next((word for word in argv[1:] if not word.startswith("-")), "")
    run = _Run()
    _script(run, script, container, image)
    return _finished(run, container, image, is_shell=True)


def _finished(run: _Run, container: Document, image: Image, *, is_shell: bool) -> Plan:
    files = tuple(run.files)
    if run.served is not None:
        served = run.served
        return Plan(served.ports, run.at + served.ready_after, served.end, (served.stops and not is_shell) or run.traps,
                    served.stop_code, "", files, served.paths, None, image.programs)
    end = None if run.forever else Exit(max(run.at, 10), run.code, "OOMKilled" if run.code == KILLED else "")
    ports = _declared_ports(container) or frozenset() if run.forever else frozenset()
    # Process 1 has no default action for SIGTERM: without a trap only SIGKILL ends it.
    return Plan(ports=ports, end=end, stops=run.traps, stop_code=GRACEFUL, files=files, programs=image.programs)


def _script(run: _Run, script: str, container: Document, image: Image) -> None:
    try:
        words = _words(script)
    except ValueError:
        run.code = 2
        return
    operator, command = ";", list[str]()
    for word in [*words, ";"]:
        if not set(word) <= set(";&|"):
            command.append(word)
            continue
        if command and _applies(operator, run.code):
            _command(run, command, container, image)
            if run.forever or run.exited or run.served:
                return
        operator, command = word, []


def _words(script: str) -> list[str]:
    lexer = shlex.shlex(script.replace("\\\n", " ").replace("\n", " ; "), posix=True, punctuation_chars=";&|<>")
    lexer.whitespace_split = True
    lexer.commenters = ""
    return list(lexer)


def _applies(operator: str, code: int) -> bool:
    if operator == "&&":
        return code == 0
    return code != 0 if operator == "||" else True


def _command(run: _Run, words: list[str], container: Document, image: Image) -> None:
    """One simple command: how long it takes, how it ends, what it leaves behind."""
    words = _without_redirections(run, words)
    while words and (words[0] == "exec" or re.fullmatch(r"\w+=.*", words[0])):
        words = words[1:]
    if not words:
        run.code = 0
        return
    program, arguments = words[0].rsplit("/", 1)[-1], words[1:]
    if program in SHELLS and "-c" in arguments:
        _script(run, arguments[-1], container, image)
    elif program == "sleep":
        _sleep(run, arguments)
    elif program == "exit":
        run.code, run.exited = _number(arguments, run.code) & 255, True
    elif program in LOOPS:
        run.forever = True
    elif program == "tail":
        run.forever = any(option.startswith("-") and "f" in option.lower() for option in arguments)
    elif program == "cat" and (not arguments or arguments == ["/dev/zero"]):
        run.forever = bool(arguments)
    elif program in ("touch", "rm"):
        run.files += [(run.at, path, program == "touch") for path in arguments if not path.startswith("-")]
        run.code = 0
    elif program == "false":
        run.code = 1
    elif program == "cat":
        _cat(run, arguments)
    elif program == "trap":
        run.traps = "TERM" in " ".join(arguments)
    elif program == "stress":
        _stress(run, arguments, container)
    elif program == "perl":
        run.at, run.code = run.at + 4 * times.SECOND, 0
    elif program in INTERPRETERS:
        _interpreter(run, arguments, container)
    elif _is_own_server(image, words[0], program):
        run.served = _default(container, image, words)
    elif "*" in image.programs and program not in TOOLS:
        run.forever = True
    else:
        run.code = 0 if _exists(image, words[0], program) else NOT_FOUND


def _without_redirections(run: _Run, words: list[str]) -> list[str]:
    """The words without `> file`; what is written exists from then on."""
    kept: list[str] = []
    skip = False
    for index, word in enumerate(words):
        if skip:
            skip = False
        elif word and set(word) <= set("<>&|"):
            skip = True
            if ">" in word and index + 1 < len(words):
                run.files.append((run.at, words[index + 1], True))
            if kept and kept[-1].isdigit():
                kept.pop()
        else:
            kept.append(word)
    return kept


_UNITS = {"s": times.SECOND, "m": times.MINUTE, "h": times.HOUR, "d": times.DAY}


def _sleep(run: _Run, arguments: Sequence[str]) -> None:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", arguments[0]) if arguments else None
    if found is None:
        run.forever = arguments[:1] == ["infinity"]
        run.code = 0 if run.forever else 1
        return
    run.at += round(float(found[1]) * _UNITS[found[2] or "s"])
    run.code = 0


def _cat(run: _Run, arguments: Sequence[str]) -> None:
    made = Plan(files=tuple(run.files))
    run.code = 0 if all(made.has_file(path, run.at) or path.startswith("/etc/") for path in arguments) else 1


def _stress(run: _Run, arguments: Sequence[str], container: Document) -> None:
    """`stress --vm-bytes 250M`: killed when that is more than the memory limit."""
    limit = dig(container, "resources", "limits", "memory")
    wanted = re.search(r"--vm-bytes[= ](\d+)([KMG]?)", " ".join(arguments))
    if wanted and limit:
        bytes_wanted = int(wanted[1]) << {"": 0, "K": 10, "M": 20, "G": 30}[wanted[2]]
        if bytes_wanted > quantity.value(limit):
            run.at, run.code, run.exited = run.at + 800, KILLED, True
            return
    run.forever = True


def _interpreter(run: _Run, arguments: Sequence[str], container: Document) -> None:
    """A program text given on the line is searched for sleeps and exits; anything else is an application."""
    if not arguments or arguments[0] in ("--version", "-V", "-v", "version"):
        run.code = 0
        return
    if arguments[0] in ("-c", "-e"):
        text = " ".join(arguments[1:])
        run.at += sum(round(float(seconds) * times.SECOND) for seconds in re.findall(r"sleep\((\d+(?:\.\d+)?)\)", text))
        code = re.search(r"exit\((\d+)\)", text)
        run.code = int(code[1]) if code else int("raise " in text or "throw " in text)
        run.forever = "while True" in text or "while(true)" in text
        return
    ports = _declared_ports(container)
    if "http.server" in arguments:
        ports = frozenset({_number([word for word in arguments if word.isdigit()], 8000)})
    run.served = Plan(ports=ports, ready_after=300, stops=False, stop_code=TERMINATED)


def _number(words: Sequence[str], default: int) -> int:
    return int(words[0]) if words and words[0].isdigit() else default


# --- exec probes ----------------------------------------------------------------------------------------------------


def _execute_script(script: str, running: Plan, at: int) -> tuple[int, str]:
    try:
        words = _words(script)
    except ValueError:
        return 2, "syntax error"
    code, output, operator, command = 0, "", ";", list[str]()
    for word in [*words, ";"]:
        if not set(word) <= set(";&|"):
            command.append(word)
            continue
        if command and _applies(operator, code):
            if command[0] == "exit":
                return _number(command[1:], code), output
            code, output = execute(_plain(command), running, at)
        operator, command = word, []
    return code, output


def _plain(words: Sequence[str]) -> list[str]:
    kept = list(words)
    for index, word in enumerate(kept):
        if set(word) <= set("<>"):
            return kept[:index]
    return kept


def _execute_on_file(program: str, argv: Sequence[str], running: Plan, at: int) -> tuple[int, str]:
    path = next((word for word in argv[1:] if not word.startswith("-") and word != "]"), "")
    if not path or running.has_file(path, at) or path.startswith(("/etc/", "/proc/", "/dev/")):
        return 0, ""
    texts = {
        "cat": f"cat: can't open '{path}': No such file or directory",
        "ls": f"ls: {path}: No such file or directory",
        "stat": f"stat: can't stat '{path}': No such file or directory",
    }
    return 1, texts.get(program, "")



def duration(command: Sequence[str]) -> int:
    """How long a command of a hook takes (ms): its sleeps."""
    return sum(
        round(float(number) * _UNITS[unit or "s"])
        for number, unit in re.findall(r"sleep[ ]+(\d+(?:\.\d+)?)([smhd]?)", " ".join(command))
    )
