"""Shell scripts read as far as is needed to know what a container does: sleeps, exits, files, loops, what is written.

Not a shell: nothing is expanded but loop variables, `$(date)` and `$HOSTNAME`; unknown constructs do nothing.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field

from cluster.containers.images import GRACEFUL, TERMINATED, Image
from cluster.kubelet import plans
from cluster.kubelet.plans import INTERPRETERS, KILLED, NOT_FOUND, TOOLS, Cycle, Exit, Plan
from cluster.objects import quantity, times
from cluster.objects.documents import Document, dig

SHELLS = frozenset({"sh", "bash", "ash", "dash"})
LOOPS = frozenset({"while", "until", "for"})
UNITS = {"s": times.SECOND, "m": times.MINUTE, "h": times.HOUR, "d": times.DAY}
# An endless loop without a sleep goes round as fast as this.
BUSY_LOOP = 100
MOST_ROUNDS = 1_000
# A script is followed for so many commands and so many nested loops; one that goes on counts as endless.
MOST_COMMANDS = 2_000
DEEPEST = 20
# So much of what it writes is kept (characters).
MOST_OUTPUT = 65_536
# Written in the place of `$(date)`; whoever shows the output knows the time.
DATE = "$(date)"


@dataclass
class Run:
    """A script as far as it has been read."""

    container: Document
    image: Image
    at: int = 0
    code: int = 0
    forever: bool = False
    exited: bool = False
    traps: bool = False
    files: list[tuple[int, str, bool]] = field(default_factory=list)
    outputs: list[tuple[int, str]] = field(default_factory=list)
    cycle: Cycle | None = None
    served: Plan | None = None
    commands: int = 0
    depth: int = 0
    written: int = 0

    @property
    def is_over(self) -> bool:
        return self.forever or self.exited or self.served is not None

    def write(self, line: str) -> None:
        """Keep a line of output as long as there is room."""
        self.written += len(line)
        if self.written <= MOST_OUTPUT:
            self.outputs.append((self.at, line))

    def plan(self, *, is_shell: bool) -> Plan:
        """The plan of a container whose process 1 is this script or command."""
        files, outputs, programs = tuple(self.files), tuple(self.outputs), self.image.programs
        if self.served is not None:
            served = self.served
            stops = (served.stops and not is_shell) or self.traps
            return Plan(
                ports=served.ports, ready_after=self.at + served.ready_after, end=served.end, stops=stops,
                stop_code=served.stop_code, files=files, paths=served.paths, programs=programs, outputs=outputs,
            )
        ports = (plans.declared_ports(self.container) or frozenset()) if self.forever else frozenset()
        end = None if self.forever else Exit(max(self.at, 10), self.code, "OOMKilled" if self.code == KILLED else "")
        # Process 1 has no default action for SIGTERM: without a trap only SIGKILL ends it.
        return Plan(
            ports=ports, end=end, stops=self.traps, stop_code=GRACEFUL, files=files, programs=programs,
            outputs=outputs, cycle=self.cycle,
        )


def split(script: str) -> list[str]:
    """The words and operators of a script; raises ValueError for an open quote."""
    lexer = shlex.shlex(script.replace("\\\n", " ").replace("\n", " ; "), posix=True, punctuation_chars=";&|<>")
    lexer.whitespace_split = True
    lexer.commenters = ""
    return list(lexer)


def is_operator(word: str) -> bool:
    """Whether a word ends a command: `;`, `&&`, `||`, `|`, `&`."""
    return bool(word) and set(word) <= set(";&|")


def applies(operator: str, code: int) -> bool:
    """Whether a command after this operator is run, given how the last one ended."""
    if operator == "&&":
        return code == 0
    return code != 0 if operator == "||" else True


def read(run: Run, script: str) -> None:
    """Go through a script."""
    try:
        _sequence(run, split(script))
    except ValueError:
        run.code = 2


def _sequence(run: Run, words: Sequence[str]) -> None:
    operator, index = ";", 0
    branches: list[bool] = []
    while index < len(words) and not run.is_over:
        if is_operator(words[index]):
            operator = words[index]
            index += 1
            continue
        if words[index] in LOOPS:
            end = _end_of_loop(words, index)
            if all(branches):
                _loop(run, words[index:end])
            index = end + 1
            continue
        end = next((i for i in range(index, len(words)) if is_operator(words[i])), len(words))
        command = _branching(run, list(words[index:end]), branches)
        background = end < len(words) and words[end] == "&"
        if command and all(branches) and applies(operator, run.code) and not background:
            execute(run, command)
        if branches and command and words[index] in ("if", "elif"):
            branches[-1] = run.code == 0
        index = end


def _branching(run: Run, command: list[str], branches: list[bool]) -> list[str]:
    """Follow `if … then … else … fi`; what is left is the command."""
    word, rest = command[0], command[1:]
    if word == "if":
        branches.append(True)
        return rest
    if word in ("else", "elif") and branches:
        branches[-1] = not branches[-1]
        return rest
    if word == "fi" and branches:
        branches.pop()
        run.code = 0
        return []
    if word in ("then", "do", "{", "!"):
        return rest
    return [] if word in ("done", "}", "esac") else command


def _end_of_loop(words: Sequence[str], start: int) -> int:
    depth = 0
    for index in range(start, len(words)):
        depth += (words[index] in LOOPS) - (words[index] == "done")
        if depth == 0:
            return index
    return len(words)


def _loop(run: Run, words: Sequence[str]) -> None:
    """A loop with its body; endless unless it goes through a list."""
    if run.depth >= DEEPEST:
        run.forever = True
        return
    start = next((index for index, word in enumerate(words) if word == "do"), len(words))
    head, body = [word for word in words[:start] if word != ";"], words[start + 1 :]
    if head[0] == "for":
        _for(run, head, body)
        return
    once = Run(run.container, run.image, commands=run.commands, depth=run.depth + 1)
    if head[0] == "while" and head[1:2] not in (["true"], [":"]):
        _sequence(once, head[1:])
        if once.code != 0:
            return
    _sequence(once, body)
    run.outputs += [(run.at + at, text) for at, text in once.outputs] if once.is_over else []
    if once.is_over:
        run.at, run.code, run.forever, run.exited = run.at + once.at, once.code, once.forever, once.exited
        run.cycle, run.served = once.cycle, once.served
        return
    run.forever = True
    run.cycle = Cycle(run.at, max(once.at, BUSY_LOOP), tuple(once.outputs))


def _for(run: Run, head: Sequence[str], body: Sequence[str]) -> None:
    variable = head[1] if len(head) > 1 else ""
    for value in _values(list(head[3:])):
        run.depth += 1
        _sequence(run, [word.replace(f"${{{variable}}}", value).replace(f"${variable}", value) for word in body])
        run.depth -= 1
        if run.is_over:
            return


def _values(words: list[str]) -> list[str]:
    text = " ".join(words)
    numbers = re.fullmatch(r"\$\(seq (?:(\d{1,9}) )?(\d{1,9})\)|\{(\d{1,9})\.\.(\d{1,9})\}", text)
    if numbers is None:
        return words
    first = int(numbers[1] or numbers[3] or 1)
    return [str(number) for number in range(first, min(int(numbers[2] or numbers[4]), first + MOST_ROUNDS) + 1)]


def execute(run: Run, words: list[str]) -> None:
    """One simple command: how long it takes, how it ends, what it leaves behind."""
    run.commands += 1
    if run.commands > MOST_COMMANDS:
        run.forever = True
        return
    words = _without_redirections(run, words)
    while words and (words[0] == "exec" or re.fullmatch(r"\w+=.*", words[0])):
        words = words[1:]
    if not words:
        run.code = 0
        return
    program, arguments = words[0].rsplit("/", 1)[-1], words[1:]
    if program in SHELLS and "-c" in arguments:
        run.depth += 1
        if run.depth <= DEEPEST:
            read(run, arguments[-1])
        run.depth -= 1
    elif program == "sleep":
        _sleep(run, arguments)
    elif program == "exit":
        run.code, run.exited = number(arguments, run.code) & 255, True
    elif program in ("echo", "printf"):
        for line in _written(program, arguments):
            run.write(line)
        run.code = 0
    elif program == "date":
        run.write(DATE)
        run.code = 0
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
        _stress(run, arguments)
    elif program == "perl":
        run.at, run.code = run.at + 4 * times.SECOND, 0
    elif program in INTERPRETERS:
        _interpreter(run, arguments)
    elif plans.is_own_server(run.image, words[0], program):
        run.served = plans.default(run.container, run.image, words)
    elif "*" in run.image.programs and program not in TOOLS:
        run.forever = True
    else:
        run.code = 0 if plans.exists(run.image, words[0], program) else NOT_FOUND


def _without_redirections(run: Run, words: list[str]) -> list[str]:
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


def _written(program: str, arguments: Sequence[str]) -> list[str]:
    """The lines that echo or printf write."""
    words = list(arguments)
    while words and words[0] in ("-n", "-e", "-en", "-ne"):
        words = words[1:]
    text = (words[0] if words else "") if program == "printf" else " ".join(words)
    return text.replace("\\n", "\n").rstrip("\n").split("\n")


def _sleep(run: Run, arguments: Sequence[str]) -> None:
    found = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)([smhd]?)", arguments[0]) if arguments else None
    if found is None:
        run.forever = arguments[:1] == ["infinity"]
        run.code = 0 if run.forever else 1
        return
    run.at += round(float(found[1]) * UNITS[found[2] or "s"])
    run.code = 0


def _cat(run: Run, arguments: Sequence[str]) -> None:
    made = Plan(files=tuple(run.files))
    run.code = 0 if all(made.has_file(path, run.at) or path.startswith("/etc/") for path in arguments) else 1


def _stress(run: Run, arguments: Sequence[str]) -> None:
    """`stress --vm-bytes 250M`: killed when that is more than the memory limit."""
    limit = dig(run.container, "resources", "limits", "memory")
    wanted = re.search(r"--vm-bytes[= ]([0-9]{1,15})([KMG]?)", " ".join(arguments))
    if wanted and limit:
        bytes_wanted = int(wanted[1]) << {"": 0, "K": 10, "M": 20, "G": 30}[wanted[2]]
        if bytes_wanted > quantity.value(limit):
            run.at, run.code, run.exited = run.at + 800, KILLED, True
            return
    run.forever = True


def _interpreter(run: Run, arguments: Sequence[str]) -> None:
    """A program text given on the line is searched for sleeps and exits; anything else is an application."""
    if not arguments or arguments[0] in ("--version", "-V", "-v", "version"):
        run.code = 0
        return
    if arguments[0] in ("-c", "-e"):
        text = " ".join(arguments[1:])
        sleeps = re.findall(r"sleep\(([0-9]{1,9}(?:\.[0-9]{1,9})?)\)", text)
        run.at += sum(round(float(seconds) * times.SECOND) for seconds in sleeps)
        code = re.search(r"exit\(([0-9]{1,3})\)", text)
        run.code = int(code[1]) if code else int("raise " in text or "throw " in text)
        run.forever = "while True" in text or "while(true)" in text
        return
    ports = plans.declared_ports(run.container)
    if "http.server" in arguments:
        ports = frozenset({number([word for word in arguments if re.fullmatch(r"[0-9]{1,5}", word)], 8000)})
    run.served = Plan(ports=ports, ready_after=300, stops=False, stop_code=TERMINATED)


def number(words: Sequence[str], default: int) -> int:
    """The first word as a number, or the default."""
    return int(words[0]) if words and re.fullmatch(r"[0-9]{1,9}", words[0]) else default
