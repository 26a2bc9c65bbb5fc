"""What a kubectl command is, and how a line becomes one: flags as spf13/pflag reads them, with kubectl's own errors."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from cluster.kubectl.invocation import CommandError, Invocation, Run, Shell


@dataclass(frozen=True)
class Flag:
    """A flag. `absent` is its value when it does not stand there, `bare` when it stands alone (None: it must have a value)."""

    name: str
    # "list" takes several values at once (`a,b`), "array" one each time that it stands there.
    kind: Literal["bool", "string", "int", "list", "array"] = "string"
    short: str = ""
    absent: object = ""
    bare: object = None
    help: str = ""


def switch(name: str, short: str = "", *, absent: bool = False, help: str = "") -> Flag:
    """A bool flag."""
    return Flag(name, "bool", short, absent, True, help)


NAMESPACE = Flag("namespace", short="n", help="If present, the namespace scope for this CLI request")
ALL_NAMESPACES = switch("all-namespaces", "A", help="List the requested object(s) across all namespaces.")
SELECTOR = Flag("selector", short="l", help="Selector (label query) to filter on.")
FIELD_SELECTOR = Flag("field-selector", help="Selector (field query) to filter on.")
FILENAME = Flag("filename", "list", "f", (), help="The files that contain the configurations to use.")
OUTPUT = Flag("output", short="o", help="Output format.")
DRY_RUN = Flag("dry-run", absent="none", bare="unchanged", help='Must be "none", "server", or "client".')
HELP = switch("help", "h")
GLOBAL = (NAMESPACE, HELP)


@dataclass(frozen=True)
class Command:
    """A command: `name` is "get" or "rollout status"; `run` does it; `complete` offers the next word."""

    name: str
    run: Callable[[Invocation], Run]
    usage: str
    summary: str
    flags: tuple[Flag, ...] = ()
    aliases: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    # Offers words for position `len(words)`, given the words before it.
    complete: Callable[[Shell, tuple[str, ...], Mapping[str, object]], Iterable[str]] = lambda shell, words, flags: ()

    @property
    def all_flags(self) -> tuple[Flag, ...]:
        return (*self.flags, *GLOBAL)


# What joins commands or redirects output in a shell.
SHELL_OPERATORS = frozenset({"|", "||", "&", "&&", ";", ">", ">>", "<"})


def split(line: str) -> list[str]:
    """The words of a line as a shell would see them; CommandError for an open quote."""
    try:
        words = shlex.split(line, comments=True)
    except ValueError as problem:
        raise CommandError(f"error: {str(problem).lower()}") from problem
    for word in words:
        if word in SHELL_OPERATORS:
            raise CommandError(f'error: "{word}" is a shell\'s; this console runs one command per line and no other programs')
    return words


def parse(command: Command, shell: Shell, words: Iterable[str]) -> Invocation:
    """Words after the command's name → an Invocation. Flags may stand anywhere; after `--` nothing is a flag."""
    flags: dict[str, object] = {flag.name: flag.absent for flag in command.all_flags}
    given: set[str] = set()
    arguments: list[str] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word == "--":
            arguments += ["--", *rest] if command.name in KEEPS_DASHES else rest
            break
        if word.startswith("--"):
            _long(command, word, rest, flags, given)
        elif word.startswith("-") and word != "-":
            _short(command, word, rest, flags, given)
        else:
            arguments.append(word)
    return Invocation(shell, command.name, tuple(arguments), flags, frozenset(given))


# Commands for which what follows `--` is a command line for a container.
KEEPS_DASHES = frozenset({"run", "create deployment", "create job", "create cronjob", "exec"})


def _see_help(command: Command) -> str:
    return f"See 'kubectl {command.name} --help' for usage."


def _long(command: Command, word: str, rest: list[str], flags: dict[str, object], given: set[str]) -> None:
    name, equals, value = word[2:].partition("=")
    flag = next((flag for flag in command.all_flags if flag.name == name), None)
    if flag is None:
        raise CommandError(f"error: unknown flag: --{name}\n{_see_help(command)}")
    if not equals:
        value = _value_after(command, flag, f"--{name}", rest)
    _set(command, flag, f"--{name}", value, flags, given)


def _value_after(command: Command, flag: Flag, spelling: str, rest: list[str]) -> str:
    if flag.bare is not None:
        return str(flag.bare).lower() if flag.kind == "bool" else str(flag.bare)
    if not rest:
        raise CommandError(f"error: flag needs an argument: {spelling}\n{_see_help(command)}")
    return rest.pop(0)


def _short(command: Command, word: str, rest: list[str], flags: dict[str, object], given: set[str]) -> None:
    letters = word[1:]
    while letters:
        letter, letters = letters[0], letters[1:]
        flag = next((flag for flag in command.all_flags if flag.short == letter), None)
        if flag is None:
            raise CommandError(f"error: unknown shorthand flag: '{letter}' in {word}\n{_see_help(command)}")
        if flag.kind == "bool" and not letters.startswith("="):
            _set(command, flag, f"-{letter}", "true", flags, given)
            continue
        value = letters.removeprefix("=")
        if not letters:
            if flag.bare is None and not rest:
                raise CommandError(f"error: flag needs an argument: '{letter}' in {word}\n{_see_help(command)}")
            value = str(flag.bare) if flag.bare is not None else rest.pop(0)
        _set(command, flag, f"-{letter}", value, flags, given)
        return


def _set(command: Command, flag: Flag, spelling: str, value: str, flags: dict[str, object], given: set[str]) -> None:
    shown = f'-{flag.short}, --{flag.name}' if flag.short else f"--{flag.name}"
    if flag.kind == "bool":
        if value not in ("true", "false", "1", "0", "t", "f"):
            reason = f'strconv.ParseBool: parsing "{value}": invalid syntax'
            raise CommandError(f'error: invalid argument "{value}" for "{shown}" flag: {reason}\n{_see_help(command)}')
        flags[flag.name] = value in ("true", "1", "t")
    elif flag.kind == "int":
        if not value.lstrip("+-").isdigit():
            reason = f'strconv.ParseInt: parsing "{value}": invalid syntax'
            raise CommandError(f'error: invalid argument "{value}" for "{shown}" flag: {reason}\n{_see_help(command)}')
        flags[flag.name] = int(value)
    elif flag.kind in ("list", "array"):
        before = flags[flag.name]
        assert isinstance(before, tuple)
        flags[flag.name] = (*before, *(value.split(",") if flag.kind == "list" else [value]))
    else:
        flags[flag.name] = value
    given.add(flag.name)
