"""From a line to a command: the table of commands, kubectl's words for a wrong line, Tab."""

from __future__ import annotations

from collections.abc import Iterable

from cluster.apiserver.errors import APIError
from cluster.kubectl import failures
from cluster.kubectl.command import Command, parse, split
from cluster.kubectl.commands.table import COMMANDS
from cluster.kubectl.completion import candidates
from cluster.kubectl.helping import usage
from cluster.kubectl.invocation import CommandError, Output, Run, Shell

PROGRAMS = ("kubectl", "k")
NAMESPACE_FLAGS = ("-n", "--namespace")


def run(line: str, shell: Shell) -> Run:
    """Run a line of the console. Nothing is raised: what is wrong is printed as the real tools print it."""
    try:
        words = split(line)
        if not words:
            return 0
        command, rest = find(words)
        invocation = parse(command, shell, rest)
        if invocation.on("help"):
            yield Output("stdout", usage(command))
            return 0
        return (yield from command.run(invocation))
    except CommandError as problem:
        yield Output("stderr", problem.text + "\n")
        return problem.code
    except APIError as refusal:
        yield Output("stderr", failures.from_server(refusal) + "\n")
        return 1


def find(words: list[str]) -> tuple[Command, list[str]]:
    """The command that a line means and the words after it; CommandError for an unknown one. `kubectl` may be left out."""
    program = words[0]
    leading, rest = _leading_flags(words[1:] if program in PROGRAMS else words)
    if not rest:
        return COMMANDS["help"], []
    for length in (2, 1):
        name = " ".join(rest[:length])
        found = next((c for c in COMMANDS.values() if name == c.name or name in c.aliases), None)
        if found is not None and len(rest) >= length:
            return found, [*leading, *rest[length:]]
    raise CommandError(failures.unknown_command(rest, COMMANDS))


def _leading_flags(words: list[str]) -> tuple[list[str], list[str]]:
    """The namespace, which belongs to every command and may stand before it, and the words from the command on."""
    count = 0
    while count < len(words) and words[count].startswith(NAMESPACE_FLAGS):
        count += 2 if words[count] in NAMESPACE_FLAGS else 1
    return words[:count], words[count:]


def complete(line: str, cursor: int, shell: Shell) -> tuple[int, list[str]]:
    """What Tab offers at `cursor`: (where the word starts, candidates in order)."""
    found: tuple[int, Iterable[str]] = candidates(line[:cursor], shell)
    return found[0], list(found[1])
