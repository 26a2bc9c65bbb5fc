"""What `help` and `--help` print."""

from __future__ import annotations

from collections.abc import Mapping

from cluster.kubectl.command import HELP, Command, Flag
from cluster.kubectl.tables import TabWriter

INDENT = "  "
# What a flag's default looks like, by its kind (spf13/pflag's FlagUsages).
NO_VALUE = {"bool": "false", "string": "''", "int": "0", "list": "[]", "array": "[]"}


def usage(command: Command) -> str:
    """The help of one command: what it does, examples, options, usage."""
    parts = [f"{command.summary}\n"]
    if command.aliases:
        parts.append("Aliases:\n" + INDENT + ", ".join((command.name, *command.aliases)) + "\n")
    if command.examples:
        parts.append("Examples:\n" + "".join(f"{INDENT}{example}\n" for example in command.examples))
    options = [flag for flag in command.all_flags if flag is not HELP]
    if options:
        parts.append("Options:\n" + "\n".join(_option(flag) for flag in sorted(options, key=lambda flag: flag.name)))
    parts.append(f"Usage:\n{INDENT}{command.usage}\n")
    return "\n".join(parts)


def _option(flag: Flag) -> str:
    short = f"-{flag.short}, " if flag.short else INDENT * 2
    default = NO_VALUE[flag.kind]
    if flag.absent not in ("", None, (), False):
        default = f"'{flag.absent}'" if flag.kind == "string" else str(flag.absent).lower()
    text = f"\t{flag.help}\n" if flag.help else ""
    return f"{INDENT * 2}{short}--{flag.name}={default}:\n{text}"


def overview(commands: Mapping[str, Command]) -> str:
    """Every command with its one line."""
    rows = [[INDENT + name, commands[name].summary] for name in sorted(commands)]
    return (
        "This console speaks kubectl to the cluster of this page.\n\nCommands:\n"
        + TabWriter().text(rows)
        + '\nUse "kubectl <command> --help" for more information about a command.\n'
        "↑ and ↓ go through earlier lines, Tab completes, Ctrl+C ends a command that waits.\n"
    )


def family(name: str, commands: Mapping[str, Command]) -> str:
    """The help of a word that only begins commands, such as `rollout`."""
    rows = [[INDENT + command.name, command.summary] for command in commands.values() if command.name.startswith(f"{name} ")]
    return (
        "Available Commands:\n" + TabWriter().text(rows)
        + f"\nUsage:\n{INDENT}kubectl {name} SUBCOMMAND [options]\n"
    )
