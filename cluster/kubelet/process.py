"""What a container does once it runs: the one place that decides it.

A plan says what is listened on, when and how the process ends by itself, how it takes the signal to stop, and which
files lie where when.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from cluster.containers.images import Image
from cluster.kubelet import plans, shell
from cluster.kubelet.plans import CANNOT_START, INTERPRETERS, TOOLS, Exit, Plan
from cluster.kubelet.shell import SHELLS, Run
from cluster.objects.documents import Document


def plan(container: Document, image: Image) -> Plan:
    """What this container of that image does when it is started."""
    argv = _argv(container)
    if not argv:
        return plans.default(container, image)
    program = argv[0].rsplit("/", 1)[-1]
    if program in SHELLS:
        if not image.has_shell:
            return Plan(error=plans.not_found(argv[0]))
        return _shell(container, image, argv)
    if argv[0].startswith("-") or plans.is_own_server(image, argv[0], program):
        return plans.default(container, image, argv)
    if not plans.exists(image, argv[0], program):
        if image.serves and not container.get("command"):
            return plans.default(container, image, argv)  # arguments of the image's entrypoint
        return Plan(error=plans.not_found(argv[0]))
    run = Run(container, image)
    shell.execute(run, argv)
    return run.plan(is_shell=False)


def _argv(container: Document) -> list[str]:
    command = container.get("command") or []
    return [*command, *(container.get("args") or [])]


def _shell(container: Document, image: Image, argv: list[str]) -> Plan:
    options = [word for word in argv[1:] if word.startswith("-")]
    if not any("c" in option for option in options):
        # A script file does who knows what; a shell without a terminal meets the end of its input.
        if len(argv) == 1 or options == argv[1:]:
            return Plan(end=Exit(20, 0), programs=image.programs)
        return Plan(ports=plans.declared_ports(container), programs=image.programs, stops=False)
    script = next((word for word in argv[1:] if not word.startswith("-")), "")
    run = Run(container, image)
    shell.read(run, script)
    return run.plan(is_shell=True)


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
        return shell.number(argv[1:], 0), ""
    if program in TOOLS or program in INTERPRETERS or program == "sleep" or "*" in running.programs:
        return 0, ""
    if program in running.programs or argv[0] in running.programs:
        # A client such as redis-cli or pg_isready answers for the server.
        return (0, "") if at >= running.ready_after else (1, "connection refused")
    return CANNOT_START, plans.not_found(argv[0])


def _execute_script(script: str, running: Plan, at: int) -> tuple[int, str]:
    try:
        words = shell.split(script)
    except ValueError:
        return 2, "syntax error"
    code, output, operator, command = 0, "", ";", list[str]()
    for word in [*words, ";"]:
        if not shell.is_operator(word):
            command.append(word)
            continue
        if command and shell.applies(operator, code):
            if command[0] == "exit":
                return shell.number(command[1:], code), output
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
        round(float(number) * shell.UNITS[unit or "s"])
        for number, unit in re.findall(r"sleep[ ]+([0-9]{1,9}(?:\.[0-9]{1,9})?)([smhd]?)", " ".join(command))
    )
