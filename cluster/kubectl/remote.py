"""`pods/exec` for clients of the API: a command in a container, its output, how it ended."""

from __future__ import annotations

from cluster.apiserver.errors import APIError
from cluster.kubectl.executing import Task, execute, refuse_completed
from cluster.kubectl.invocation import CommandError, Output, Run, Shell
from cluster.rest.logs import container_of

# The stream on which a client is told why its command could not run; what it names is no output of the command.
ERROR = "error"
NOT_RUN = -1


def session(shell: Shell, namespace: str, name: str, container: str, argv: list[str], stdin: str) -> Run:
    """Run a command; the exit code is the command's own, NOT_RUN after a text on ERROR."""
    try:
        pod = shell.api.read("pods", namespace, name)
        refuse_completed(pod)
        return (yield from execute(shell, Task(pod, container_of(pod, container), argv, stdin)))
    except CommandError as problem:
        yield Output(ERROR, problem.text.removeprefix("error: "))
    except APIError as refusal:
        yield Output(ERROR, refusal.message)
    return NOT_RUN
