"""Tab: what can stand at the end of a line that is being typed."""

from __future__ import annotations

import re

from cluster.kubectl.command import FILENAME, NAMESPACE, OUTPUT, Command, Flag
from cluster.kubectl.commands.table import COMMANDS
from cluster.kubectl.completing import containers, names
from cluster.kubectl.invocation import Shell
from cluster.objects.registry import REGISTRY

PROGRAMS = ("kubectl", "k")
FORMATS = ("custom-columns=", "json", "jsonpath=", "jsonpath-as-json=", "name", "wide", "yaml")
_WORD = re.compile(r"""(?:'[^']*'?|"[^"]*"?|[^\s'"])*$""")


def candidates(text: str, shell: Shell) -> tuple[int, list[str]]:
    """Where the last word of `text` begins, and the words that it can become, in order."""
    found = _WORD.search(text)
    start = found.start() if found else len(text)
    before, word = text[:start].split(), text[start:]
    offered = _offers(before, word, shell)
    equals = word.find("=") + 1 if word.startswith("--") else 0
    typed = word[equals:]
    return start + equals, sorted({offer for offer in offered if offer.startswith(typed)})


def _offers(before: list[str], word: str, shell: Shell) -> list[str]:
    if before and before[0] in PROGRAMS:
        before = before[1:]
        is_first = False
    else:
        is_first = not before
    command, words = _command(before)
    if command is None:
        return [*_next_words(before), *(["kubectl"] if is_first else [])]
    further = [] if words else _next_words(before)
    flags, arguments, open_flag = _read(command, words)
    if open_flag is None and word.startswith("--") and "=" in word:
        open_flag = _flag(command, word.partition("=")[0])
    if open_flag is not None:
        return _values(open_flag, shell, arguments, flags)
    if word.startswith("-"):
        return [f"--{flag.name}" for flag in command.all_flags]
    return [*further, *command.complete(shell, tuple(arguments), flags)]


def _command(before: list[str]) -> tuple[Command | None, list[str]]:
    for length in (2, 1):
        name = " ".join(before[:length])
        if len(before) < length:
            continue
        for command in COMMANDS.values():
            if name == command.name or name in command.aliases:
                return command, before[length:]
    return None, before


def _next_words(before: list[str]) -> list[str]:
    """The words with which a command's name can go on."""
    opening = " ".join([*before, ""]).lstrip()
    return [
        name.removeprefix(opening).split()[0]
        for command in COMMANDS.values()
        for name in (command.name, *command.aliases)
        if name.startswith(opening) and name != opening.strip()
    ]


def _flag(command: Command, spelling: str) -> Flag | None:
    for flag in command.all_flags:
        if spelling == f"--{flag.name}" or (flag.short and spelling == f"-{flag.short}"):
            return flag
    return None


def _read(command: Command, words: list[str]) -> tuple[dict[str, object], list[str], Flag | None]:
    """(flags and their values, arguments, the flag that still waits for its value)."""
    flags: dict[str, object] = {}
    arguments: list[str] = []
    waiting: Flag | None = None
    for word in words:
        if waiting is not None:
            flags[waiting.name] = word
            waiting = None
        elif word.startswith("-") and word != "-":
            spelling, equals, value = word.partition("=")
            flag = _flag(command, spelling)
            if flag is not None and equals:
                flags[flag.name] = value
            elif flag is not None and flag.bare is None:
                waiting = flag
        else:
            arguments.append(word)
    return flags, arguments, waiting


def _values(flag: Flag, shell: Shell, words: list[str], flags: dict[str, object]) -> list[str]:
    """Values that a flag can have."""
    if flag.name == NAMESPACE.name:
        return names(shell, REGISTRY["namespaces"], flags)
    if flag.name == FILENAME.name:
        return list(shell.files)
    if flag.name == OUTPUT.name:
        return list(FORMATS)
    if flag.name == "container":
        return containers(shell, tuple(words), flags)
    if flag.kind == "bool":
        return ["true", "false"]
    return ["none", "server", "client"] if flag.name == "dry-run" else []
