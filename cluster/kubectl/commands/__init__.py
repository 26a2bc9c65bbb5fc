"""The table of commands: one file for each verb or family of verbs."""

from __future__ import annotations

from cluster.kubectl.command import Command
from cluster.kubectl.commands import (
    apply,
    cordon,
    create,
    delete,
    describe,
    explain,
    expose,
    get,
    help,
    label,
    logs,
    rollout,
    run,
    scale,
    set_image,
    simulate,
    taint,
)

COMMANDS: dict[str, Command] = {
    command.name: command
    for module in (
        apply, cordon, create, delete, describe, explain, expose, get, help, label, logs, rollout, run, scale, set_image,
        simulate, taint,
    )
    for command in module.COMMANDS
}
