"""The table of commands: one file for each verb or family of verbs."""

from __future__ import annotations

from cluster.kubectl.command import Command
from cluster.kubectl.commands.apply import COMMANDS as APPLY
from cluster.kubectl.commands.autoscale import COMMANDS as AUTOSCALE
from cluster.kubectl.commands.cordon import COMMANDS as CORDON
from cluster.kubectl.commands.create import COMMANDS as CREATE
from cluster.kubectl.commands.delete import COMMANDS as DELETE
from cluster.kubectl.commands.describe import COMMANDS as DESCRIBE
from cluster.kubectl.commands.exec import COMMANDS as EXEC
from cluster.kubectl.commands.explain import COMMANDS as EXPLAIN
from cluster.kubectl.commands.explain_controller import COMMANDS as EXPLAIN_CONTROLLER
from cluster.kubectl.commands.explain_schedule import COMMANDS as EXPLAIN_SCHEDULE
from cluster.kubectl.commands.expose import COMMANDS as EXPOSE
from cluster.kubectl.commands.get import COMMANDS as GET
from cluster.kubectl.commands.help import COMMANDS as HELP
from cluster.kubectl.commands.label import COMMANDS as LABEL
from cluster.kubectl.commands.logs import COMMANDS as LOGS
from cluster.kubectl.commands.rollout import COMMANDS as ROLLOUT
from cluster.kubectl.commands.run import COMMANDS as RUN
from cluster.kubectl.commands.scale import COMMANDS as SCALE
from cluster.kubectl.commands.set_image import COMMANDS as SET_IMAGE
from cluster.kubectl.commands.simulate import COMMANDS as SIMULATE
from cluster.kubectl.commands.simulate_static_pod import COMMANDS as SIMULATE_STATIC_POD
from cluster.kubectl.commands.taint import COMMANDS as TAINT
from cluster.kubectl.commands.top import COMMANDS as TOP

COMMANDS: dict[str, Command] = {
    command.name: command
    for command in (
        *APPLY, *AUTOSCALE, *CORDON, *CREATE, *DELETE, *DESCRIBE, *EXEC, *EXPLAIN, *EXPLAIN_CONTROLLER, *EXPLAIN_SCHEDULE,
        *EXPOSE, *GET, *HELP, *LABEL, *LOGS, *ROLLOUT, *RUN, *SCALE, *SET_IMAGE, *SIMULATE, *SIMULATE_STATIC_POD, *TAINT, *TOP,
    )
}
